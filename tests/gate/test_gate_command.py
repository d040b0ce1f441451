"""The gate through the door: exit codes, what is printed where, and what is refused with the way out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import audit_fixture
import diff_pairs
import fixture
import pytest

from toolkit import __main__ as door
from toolkit.cli.gate import STYLES
from toolkit.cli.settings import SETTINGS
from toolkit.gate.accepted import read

Toolkit = Callable[..., int]
UNTIL = ("--owner", "Ann", "--reason", "known, #12", "--until", "2027-03-01", "--today", "2026-11-25")


@pytest.fixture
def toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toolkit:
    """Return a command line in an empty folder, with an audit, a check and two runs that differ."""
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.env, raising=False)
    old, new = diff_pairs.audits()
    documents = {"audit": audit_fixture.document(), "check": fixture.document(), "old": old, "new": new}
    for name, document in documents.items():
        Path(name).mkdir()
        Path(name, "run.json").write_text(json.dumps(document), "utf-8")

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["toolkit", *arguments])
        return door.main()

    return call


def test_a_finding_fails_until_it_is_accepted_and_again_when_that_is_over(
    toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toolkit("gate", "check", "audit", "--fail-on", "gap") == 1
    assert capsys.readouterr().out.startswith("The gate failed: 1 new.\nAudit loans, failing on gap, ")
    key = "gap/race/selection_rate/difference/widest shown"
    assert toolkit("gate", "accept", "audit", "--finding", key, *UNTIL) == 0
    assert capsys.readouterr().out.splitlines() == [f"added: {key}", "toolkit.lock.toml"]
    assert toolkit("gate", "check", "audit", "--fail-on", "gap", "--today", "2027-03-01") == 0
    assert "accepted by Ann until today: known, #12" in capsys.readouterr().out
    assert toolkit("gate", "check", "audit", "--fail-on", "gap", "--today", "2027-03-02") == 1
    (entry,) = read(Path("toolkit.lock.toml"))
    assert (entry.key, entry.run["name"], len(entry.run["sha256"])) == (key, "loans", 64)
    assert toolkit("gate", "accept", "audit", "--all", "--fail-on", "gap", *UNTIL) == 0
    assert "updated" in capsys.readouterr().out
    assert len(read(Path("toolkit.lock.toml"))) == 1


def test_a_withheld_ruling_can_be_accepted_and_a_failed_trial_cannot(toolkit: Toolkit) -> None:
    document = fixture.document()
    for experiment in document["experiments"]:
        experiment["failures"] = []
    Path("calm").mkdir()
    Path("calm", "run.json").write_text(json.dumps(document), "utf-8")
    for run, codes in (("check", (3, 3)), ("calm", (3, 0))):
        Path("toolkit.lock.toml").unlink(missing_ok=True)
        assert toolkit("gate", "check", run, "--fail-on", "error") == codes[0]
        assert toolkit("gate", "accept", run, "--all", "--fail-on", "error", *UNTIL) == 0
        assert toolkit("gate", "check", run, "--fail-on", "error", "--today", "2027-01-01") == codes[1]


def test_a_change_fails_against_a_baseline(toolkit: Toolkit, capsys: pytest.CaptureFixture[str]) -> None:
    assert toolkit("gate", "check", "new", "--fail-on", "change", "--baseline", "old/run.json") == 1
    assert "new: change/gap/race/selection_rate/difference/widest changed" in capsys.readouterr().out
    assert toolkit("gate", "check", "old", "--fail-on", "change", "--baseline", "old") == 0
    assert toolkit("gate", "accept", "new", "--all", "--fail-on", "change", "--baseline", "old", *UNTIL) == 0
    assert toolkit("gate", "check", "new", "--fail-on", "change", "--baseline", "old") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "check", "--fail-on", "gap"), "compares no groups"),
        (("check", "audit", "--fail-on", "refuted"), "rules on gaps between groups, not on beliefs"),
        (("check", "check"), "say what fails the gate"),
        (("check", "check", "--fail-on", "change"), "--baseline PATH"),
        (("check", "check", "--fail-on", "change", "--baseline", "audit"), "is an audit and this is a check"),
        (("check", "check", "--fail-on", "refuted", "--baseline", "check"), "--fail-on change compares with"),
        (
            ("check", "check", "--fail-on", "refuted", "--lock", "none.toml"),
            "none.toml: the lock file cannot",
        ),
        (("check", "nowhere", "--fail-on", "refuted"), "nowhere"),
        (("check", "audit", "--fail-on", "inconclusive", "--inconclusive-ok"), "leave one of them out"),
        (("check", "audit", "--gate", "accuracy:race"), "there are"),
        (("check", "check", "--fail-on", "refuted", "--gate", "accuracy"), "names gaps"),
        (("accept", "check", "--finding", "M02 refuted", *UNTIL), "near are 'M002 refuted'"),
        (("accept", "check", "--finding", "zzz", *UNTIL), "there are 'M002 refuted'"),
        (("accept", "new", "--finding", "change/x changed", *UNTIL), "--baseline PATH"),
        (("accept", "check", "--all", *UNTIL), "--fail-on"),
        (("accept", "check", *UNTIL), "--finding KEY, or accept them --all"),
        (("accept", "check", "--finding", "M002 refuted", *UNTIL[:2], "--reason", " ", *UNTIL[4:]), "blank"),
        (("accept", "check", "--finding", "M002 refuted", *UNTIL[:-1], "2027-03-02"), "is over already"),
        (("accept", "check", "--finding", "M002 refuted", *UNTIL[:-1], "2026-02-01"), "add --long"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(
    arguments: tuple[str, ...], says: str, toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toolkit("gate", *arguments) == 2
    assert says in capsys.readouterr().err
    assert not Path("toolkit.lock.toml").exists()


def test_long_lets_a_day_be_far(toolkit: Toolkit) -> None:
    arguments = ("--finding", "M002 refuted", *UNTIL[:-1], "2026-02-01", "--long")
    assert toolkit("gate", "accept", "check", *arguments) == 0


@pytest.mark.parametrize("style", ["text", "markdown", "junit", "sarif", "github", "json"])
def test_every_format_goes_to_stdout_or_into_a_file(
    style: str, toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("gate", "check", "audit", "--fail-on", "gap", "--today", "2026-11-25", "--format", style)
    assert toolkit(*asked) == 1
    printed = capsys.readouterr().out
    assert toolkit(*asked, "-o", "deep/answer") == 1
    assert capsys.readouterr().out == "deep/answer\n"
    assert Path("deep/answer").read_text("utf-8") == printed
    assert "selection" in printed


def test_the_lock_file_stands_beside_the_settings_and_is_listed(
    toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("toolkit.toml").write_text('fail_on = ["refuted", "gap"]\noutput = "elsewhere"\n')
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert toolkit("gate", "list") == 0
    assert "nothing is accepted" in capsys.readouterr().out
    assert toolkit("gate", "accept", "../check", "--all", *UNTIL) == 0  # of the words those of a check
    assert toolkit("gate", "accept", "../audit", "--all", *UNTIL) == 0
    capsys.readouterr()
    assert toolkit("gate", "list", "--json", "--today", "2027-02-27") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["lock"] == str(Path.cwd().parent / "toolkit.lock.toml")
    assert [(e["key"][:4], e["days_left"]) for e in listed["accepted"]] == [("M002", 2), ("gap/", 2)]
    assert toolkit("gate", "list") == 0
    assert "misconceptions" in capsys.readouterr().out
    assert toolkit("gate", "check", "../audit", "--today", "2027-01-01") == 0


def test_a_lock_that_the_settings_name_is_relative_to_them(
    toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("toolkit.toml").write_text('lock = "locks/ours.toml"\nbaseline = "old"\n')
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert toolkit("gate", "accept", "../check", "--finding", "M002 refuted", *UNTIL) == 0
    assert Path("../locks/ours.toml").is_file()
    assert toolkit("gate", "check", "../new", "--fail-on", "change") == 1


def test_a_broken_lock_file_stops_the_gate_before_anything_else(
    toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("toolkit.lock.toml").write_text(
        '[[accepted]]\nkey = "M002 refuted"\nowner = ""\nreason = "x"\nuntil = 2027-01-01\n'
    )
    for command in (("gate", "check", "check"), ("check", "misconceptions", "--effort", "quick")):
        assert toolkit(*command, "--fail-on", "refuted") == 2
        assert "toolkit.lock.toml, line 3: owner (of 'M002 refuted')" in capsys.readouterr().err
    assert toolkit("gate", "list") == 2
    Path("toolkit.lock.toml").unlink()
    Path("toolkit.lock.toml").mkdir()
    capsys.readouterr()
    assert toolkit("gate", "list") == 2
    assert "toolkit.lock.toml: the lock file cannot be read (Is a directory)" in capsys.readouterr().err


def test_neither_help_nor_the_list_imports_anything_numerical(tmp_path: Path) -> None:
    heavy = ("numpy", "scipy", "pandas", "sklearn", "jax", "duckdb", "jinja2", "rich.markdown")
    code = (
        "import sys; from toolkit.__main__ import main; sys.argv = ['toolkit', 'gate', 'list', '--json']; "
        f"main(); print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


FAR = "\n".join(["race,label"] + ["A,1"] * 90 + ["A,0"] * 10 + ["B,1"] * 10 + ["B,0"] * 90)
NEAR = "\n".join(["race,label"] + ["A,1"] * 30 + ["A,0"] * 20 + ["B,1"] * 28 + ["B,0"] * 22)
BASE = ("--sensitive", "race", "--target", "label", "--positive", "1", "-q", "--output", "out", "--name", "x")


def test_an_audit_says_what_failed_its_gate_and_what_was_accepted(
    toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("far.csv").write_text(FAR)
    assert toolkit("audit", "far.csv", *BASE, "--fail-on", "gap") == 1
    printed = capsys.readouterr()
    assert "new: gap/race/selection_rate/difference/widest shown" in printed.err
    assert "the gate failed" in printed.out
    assert toolkit("gate", "accept", "out", "--all", *UNTIL[:-2], "--fail-on", "gap") == 0
    capsys.readouterr()
    assert toolkit("audit", "far.csv", *BASE, "--fail-on", "gap") == 0
    printed = capsys.readouterr()
    assert "The gate held: 1 accepted." in printed.err
    assert "the gate failed" not in printed.out
    Path("far.csv").write_text(FAR.replace("B,1", "B,0"))
    assert toolkit("audit", "far.csv", *BASE, "--gate", "selection_rate") == 0
    assert toolkit("audit", "far.csv", *BASE) == 0
    assert toolkit("audit", "far.csv", *BASE, "--fail-on", "refuted") == 2


def test_a_finished_run_that_watched_is_judged_by_its_alarm_as_the_run_itself_was(
    toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{line},{number}" for number, line in enumerate(FAR.splitlines()[1:])]
    Path("far.csv").write_text("\n".join(["race,label,day", *rows]))
    assert toolkit("audit", "far.csv", *BASE, "--watch", "day", "--fail-on", "alarm") == 1
    assert toolkit("gate", "check", "out", "--fail-on", "alarm") == 1
    assert "new: alarm/race/selection_rate/difference/widest raised" in capsys.readouterr().out
    for style in STYLES:
        assert toolkit("gate", "check", "out", "--fail-on", "alarm", "--format", style) == 1
    assert toolkit("gate", "accept", "out", "--all", *UNTIL[:-2], "--fail-on", "alarm") == 0
    assert toolkit("gate", "check", "out", "--fail-on", "alarm") == 0
    assert toolkit("gate", "check", "audit", "--fail-on", "alarm") == 2
    assert "add --watch COLUMN to the audit" in capsys.readouterr().err


def test_an_audit_without_evidence_ends_with_4_until_that_is_accepted(toolkit: Toolkit) -> None:
    Path("near.csv").write_text(NEAR)
    assert toolkit("audit", "near.csv", *BASE, "--fail-on", "gap") == 4
    assert toolkit("audit", "near.csv", *BASE, "--fail-on", "inconclusive") == 1
    assert toolkit("audit", "near.csv", *BASE, "--fail-on", "change", "--baseline", "out") == 0
    assert toolkit("gate", "accept", "out", "--all", *UNTIL[:-2], "--fail-on", "gap") == 0
    assert toolkit("audit", "near.csv", *BASE, "--fail-on", "gap") == 0
    assert toolkit("audit", "near.csv", *BASE, "--fail-on", "inconclusive") == 0
    Path("far.csv").write_text(FAR)
    assert toolkit("audit", "far.csv", *BASE, "--fail-on", "change,gap", "--baseline", "out") == 1


def test_a_redacted_audit_names_nobody_on_the_way_out(
    toolkit: Toolkit, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("far.csv").write_text(FAR.replace("race", "creed"))
    base = [word.replace("race", "creed") for word in BASE]
    assert toolkit("audit", "far.csv", *base, "--fail-on", "gap") == 1
    assert toolkit("gate", "accept", "out", "--all", *UNTIL[:-2], "--fail-on", "gap") == 0
    lines = Path("toolkit.lock.toml").read_text("utf-8").splitlines()
    Path("toolkit.lock.toml").write_text("\n".join(line for line in lines if not line.startswith("run")))
    capsys.readouterr()
    assert toolkit("audit", "far.csv", *base, "--fail-on", "gap", "--redact") == 1
    printed = capsys.readouterr().err
    assert "1 new, 1 gone" in printed
    assert "creed" not in printed


def typed(toolkit: Toolkit, document: dict[str, Any], *arguments: str) -> int:
    Path("typed").mkdir(exist_ok=True)
    Path("typed", "run.json").write_text(json.dumps(document), "utf-8")
    return toolkit("gate", "check", "typed", *arguments)


def test_the_gate_gives_the_code_of_the_run_itself(toolkit: Toolkit) -> None:
    document = audit_fixture.document()
    document["gate"] |= {"result": "open", "exit": 4}
    document["gate"]["members"][0]["ruling"] = "not_enough_evidence"
    assert typed(toolkit, document) == 4
    assert typed(toolkit, document, "--inconclusive-ok") == 0
    document["gate"]["exit"] = 0  # the audit was told so itself
    assert typed(toolkit, document) == 0
    for gap in document["gaps"]:
        gap["ruling"] = "not_applicable"
    assert typed(toolkit, document, "--fail-on", "gap") == 4  # nothing could be evaluated at all


@pytest.mark.slow
@pytest.mark.usefixtures("coins")
def test_a_check_says_what_failed_its_gate_and_passes_once_that_is_accepted(
    toolkit: Toolkit, capfd: pytest.CaptureFixture[str]
) -> None:
    coins = ("check", "misconceptions", "--only", "Z001", "--effort", "quick", "--jobs", "1", "--quiet")
    asked = ("--output", "out", "--fail-on", "refuted,supported,inconclusive")
    assert toolkit(*coins, *asked) == 1
    printed = capfd.readouterr()
    assert printed.err.startswith("The gate failed: 1 new.\nnew: Z001 ")
    assert printed.out.splitlines()[-1] == "out/report.html"
    assert toolkit("gate", "accept", "out", "--all", *asked[2:], *UNTIL[:-2]) == 0
    capfd.readouterr()
    assert toolkit(*coins, *asked) == 0
    assert "accepted by Ann until 2027-03-01" in capfd.readouterr().err
    assert toolkit(*coins, "--output", "again", "--fail-on", "change", "--baseline", "out") == 0
    assert toolkit(*coins, "--fail-on", "change", "--baseline", "nowhere") == 2
    assert not Path("reports").exists()
