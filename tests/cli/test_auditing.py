"""``toolkit audit`` at the command line: a table to stdout, files in a folder, a code for each ending."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.cli import command
from toolkit.cli.exits import Terminated, guarded

Audit = Callable[..., int]
HEAD = "race,label,decision,score,age,id"


def rows(count: int = 300) -> list[list[str]]:
    draw = random.Random(1)
    return [
        [
            draw.choice("AB"),
            *(draw.choice(["yes", "no"]) for _ in range(2)),
            f"{draw.random():.3f}",
            str(draw.randint(18, 80)),
            str(i),
        ]
        for i in range(count)
    ]


def table(*more: str, head: str = HEAD, count: int = 300) -> str:
    return "\n".join([head, *(",".join(row) for row in rows(count)), *more]) + "\n"


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ok.csv").write_text(table(), "utf-8")

    def run(*arguments: str) -> int:
        asked = ["audit", *arguments]
        return guarded(lambda: command.main(asked, prog_name="toolkit", standalone_mode=False))

    return run


BASE = ("--sensitive", "race", "--target", "label")
SHOULD_FAIL = {
    "a file that is not there": ("gone.csv", "", BASE, "no such file"),
    "an empty file": ("empty.csv", "", BASE, "is empty"),
    "a header alone": ("head.csv", HEAD + "\n", BASE, "no row below it"),
    "another encoding": ("latin.csv", table().replace("A,", "Ä,").encode("latin-1"), BASE, "not UTF-8"),
    "ragged rows": ("ragged.csv", table("A,yes"), BASE, "line 302: 2 cells where the header has 6"),
    "a name over two columns": ("twice.csv", "race,race,label\nA,B,1\n", BASE, "stands over columns 1, 2"),
    "a column that is not there": (
        "ok.csv",
        table(),
        ("--sensitive", "rase", "--target", "label"),
        "did you mean 'race'",
    ),
    "a target with one value": ("one.csv", table().replace(",yes,", ",no,"), BASE, "'no' in every row"),
    "a target with three values": ("three.csv", table("C,maybe,no,.1,20,x"), BASE, "--positive"),
    "a sensitive column of 10,000 values": (
        "ok.csv",
        table(count=10_000),
        ("--sensitive", "id", "--target", "label"),
        "--cut id=",
    ),
    "scores that no threshold fits": (
        "out.csv",
        table("A,yes,no,1.7,20,x"),
        (*BASE, "--score", "score"),
        "--threshold",
    ),
    "scores that are no probabilities": (
        "out.csv",
        table("A,yes,no,1.7,20,x"),
        (*BASE, "--score", "score", "--threshold", ".5", "--metrics", "brier"),
        "[0, 1]",
    ),
    "an infinite score": (
        "inf.csv",
        table("A,yes,no,inf,20,x"),
        (*BASE, "--score", "score", "--threshold", ".5"),
        "row 301",
    ),
    "a score of text": (
        "ok.csv",
        table(),
        ("--sensitive", "race", "--target", "label", "--score", "decision"),
        "decision",
    ),
    "predictions that are no labels": (
        "odd.csv",
        table("A,yes,perhaps,.1,20,x"),
        (*BASE, "--prediction", "decision"),
        "'perhaps'",
    ),
    "predictions that are scores": ("ok.csv", table(), (*BASE, "--prediction", "score"), "--score score"),
    "zero bytes": ("bytes.csv", b"\0\1\2" * 50, BASE, "zero bytes"),
    "no groups named": ("ok.csv", table(), ("--target", "label"), "--sensitive"),
    "nothing to audit": ("ok.csv", table(), ("--sensitive", "race"), "nothing to audit"),
    "two sources of decisions": (
        "ok.csv",
        table(),
        (*BASE, "--prediction", "decision", "--recipe", "dummy"),
        "one of them",
    ),
    "an unknown metric": (
        "ok.csv",
        table(),
        (*BASE, "--metrics", "selektion_rate"),
        "did you mean selection_rate",
    ),
    "a reference that is no group": ("ok.csv", table(), (*BASE, "--reference", "race=C"), "'A', 'B'"),
    "a gate on a metric without labels": (
        "ok.csv",
        table(),
        (*BASE, "--gate", "precision:race"),
        "cannot be measured",
    ),
    "an unknown warning": ("ok.csv", table(), (*BASE, "--silence", "nope"), "no such warning"),
    "an estimator outside the list": ("ok.csv", table(), (*BASE, "--recipe", "os.system"), "Allowed are"),
    "an unknown parameter": ("ok.csv", table(), (*BASE, "--recipe", "dummy", "--set", "Z=1"), "no parameter"),
    "a model that is not there": ("ok.csv", table(), (*BASE, "--model", "gone.skops"), "does not exist"),
    "cut points in disorder": (
        "ok.csv",
        table(),
        ("--sensitive", "age", "--target", "label", "--cut", "age=40,25"),
        "rising",
    ),
    "a network address": ("http://x.invalid/y.csv", "", BASE, "not read over the network"),
    "a score of text and no threshold": (
        "text.csv",
        table("A,yes,no,high,20,x"),
        (*BASE, "--score", "score"),
        "row 301",
    ),
    "an infinite margin": ("ok.csv", table(), (*BASE, "--margin", "inf"), "finite"),
    "a gate that a shell left empty": ("ok.csv", table(), (*BASE, "--gate", ""), "names nothing"),
    "a table without a name": ("", "", BASE, "no table is named"),
    "a ratio margin of one": ("ok.csv", table(), (*BASE, "--ratio-margin", "1"), "0<x<1"),
    "groups of nobody": ("ok.csv", table(), (*BASE, "--min-group", "0"), "x>=1"),
    "a margin of nothing": ("ok.csv", table(), (*BASE, "--margin", "0"), "margin"),
}


@pytest.mark.parametrize("case", SHOULD_FAIL, ids=str)
def test_bad_input_is_one_line_with_the_way_out_and_leaves_nothing(
    case: str, audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, options, said = SHOULD_FAIL[case]
    if name and "://" not in name and "gone" not in name:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = {path.name for path in tmp_path.iterdir()}
    assert audit(name, *options, "-q") == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_pickle_is_refused_with_its_own_code_and_not_opened(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pickle

    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "opened",))

    (tmp_path / "m.skops").write_bytes(pickle.dumps(Bomb()))
    assert audit("ok.csv", *BASE, "--model", "m.skops", "-q") == 5
    assert "--allow-pickle" in capsys.readouterr().err
    assert not (tmp_path / "opened").exists()


def test_the_table_goes_to_stdout_and_the_paths_come_last(
    audit: Audit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        audit("ok.csv", *BASE, "--prediction", "decision", "--format", "html,json,markdown,junit,card") == 0
    )
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split()[:2] == ["attribute", "metric"]
    assert lines[-1] == "reports/ok/report.html"
    written = {path.name for path in Path("reports/ok").iterdir()} - {".lock"}
    assert written == {"run.json", "report.html", "report.md", "junit.xml", "card.md"}
    assert "comparing groups" in captured.err


def test_json_owns_stdout(audit: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit("ok.csv", *BASE, "--json", "-q") == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "toolkit.audit/1"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--fail-on", "gap"), 4),
        (("--fail-on", "gap", "--inconclusive-ok"), 0),
        (("--gate", "selection_rate:race", "--margin", "0.5"), 0),
        ((), 0),
    ],
)
def test_the_gate_has_its_documented_codes(audit: Audit, options: tuple[str, ...], code: int) -> None:
    assert audit("ok.csv", *BASE, "-q", *options) == code


def test_a_gap_beyond_the_margin_fails_the_gate(audit: Audit, tmp_path: Path) -> None:
    lines = ["race,label"] + ["A,1"] * 90 + ["A,0"] * 10 + ["B,1"] * 10 + ["B,0"] * 90
    (tmp_path / "far.csv").write_text("\n".join(lines), "utf-8")
    assert audit("far.csv", *BASE, "-q", "--fail-on", "gap") == 1


def test_the_gate_names_what_failed_it(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["race,label"] + ["A,1"] * 90 + ["A,0"] * 10 + ["B,1"] * 10 + ["B,0"] * 90
    (tmp_path / "far.csv").write_text("\n".join(lines), "utf-8")
    audit("far.csv", *BASE, "-q", "--fail-on", "gap")
    assert (
        "the gate failed: a gap beyond the margin is shown: selection_rate by race" in capsys.readouterr().out
    )


@pytest.mark.parametrize(("stop", "code"), [(Terminated(), 143), (KeyboardInterrupt(), 130)])
def test_a_stopped_audit_leaves_nothing_and_does_not_say_that_something_is_kept(
    stop: BaseException,
    code: int,
    audit: Audit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*_: object) -> None:
        raise stop

    monkeypatch.setattr("toolkit.audit.groups.groups", stopped)
    assert audit("ok.csv", *BASE, "-q") == code
    assert "Nothing was written; the same command begins anew." in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_a_report_that_cannot_be_rendered_leaves_no_document_without_it(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr("toolkit.report.render", broken)
    assert audit("ok.csv", *BASE, "-q") == 70
    capsys.readouterr()
    assert not (tmp_path / "reports").exists()


def test_a_line_break_in_a_name_does_not_break_the_printed_table(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "break.csv").write_text(table().replace("\nA,", '\n"A\nZ",'), "utf-8")
    assert audit("break.csv", *BASE, "-q") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("race")]
    assert "A\\nZ" in line


def test_groups_too_small_to_compare_evaluate_nothing(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("race,label\nA,1\nA,0\nB,1\nB,0\n", "utf-8")
    assert audit("few.csv", *BASE, "-q") == 4


def test_a_column_name_with_a_comma_stands_in_quotes(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "comma.csv").write_text(table().replace("race,", '"race, sex",', 1), "utf-8")
    assert audit("comma.csv", "--sensitive", '"race, sex"', "--target", "label", "-q") == 0


def test_hostile_names_are_text_in_the_terminal(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = HEAD.replace("race", "\x1b[31m[red]=cmd()<script>")
    (tmp_path / "bad.csv").write_text(table(head=head), "utf-8")
    assert audit("bad.csv", "--sensitive", "\x1b[31m[red]=cmd()<script>", "--target", "label", "-q") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[red]=cmd()<script>" in out
