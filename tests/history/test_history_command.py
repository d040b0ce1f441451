"""``toolkit history``: what it prints, and how it ends."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from runs_made import RUNS, audit, filled, missed, point, run, small

from toolkit.cli import command, exits
from toolkit.history import History, inputs_of, points_of

Ended = Callable[..., tuple[int, str]]
HOSTILE = "\x1b[31mred\x1b[0m \u202eturned"


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two run documents of one table: recorded outcomes, and the decisions of a model trained here."""
    from toolkit.audit import audit
    from toolkit.document import dumps

    example = RUNS / "example" / "run.json"
    document, other = audit("loanapp").to_dict(), json.loads(example.read_bytes())
    # The example may be of older code and libraries; what differs here is what was asked alone.
    document["provenance"] |= {key: other["provenance"][key] for key in ("code", "versions", "commit")}
    outcomes = tmp_path_factory.mktemp("outcomes") / "run.json"
    outcomes.write_text(dumps(document), encoding="utf-8")
    return outcomes, example


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audits: tuple[Path, Path]) -> Path:
    """Return a folder of reports with three audits and a range of misses."""
    monkeypatch.chdir(tmp_path)
    history = History(tmp_path / "reports" / ".toolkit")
    for day, path in enumerate((*audits, audits[1])):
        data = path.read_bytes()
        document = json.loads(data)
        more = {"inputs": inputs_of(document), "points": points_of(document), "command": ["toolkit", "audit"]}
        history.publish(run(day, **more, report=f"weekly/{day}/report.html"), data)
    filled(
        history.home.folder,
        missed(3, 5),
        run(6, outcome="failed", exit=3, reason="a trial failed", inputs=None, points=[]),
    )
    return tmp_path / "reports"


def toolkit(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["history", *arguments])


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Ended:
    """Return what runs a command as a user would: the exit code, and what was said on stderr."""

    def call(*arguments: str) -> tuple[int, str]:
        code = exits.guarded(lambda: command.main(["history", *arguments], standalone_mode=False))
        return code, capsys.readouterr().err

    return call


def test_list_has_one_line_a_run_newest_first(root: Path) -> None:
    lines = toolkit("list").stdout.splitlines()
    assert lines[0].split()[:4] == ["job", "id", "when", "(UTC)"]
    assert [line.split()[1] for line in lines[1:]] == [
        run(6)["id"],
        missed(3, 5)["id"],
        run(2)["id"],
        run(1)["id"],
        run(0)["id"],
    ]
    assert "failed (exit 3)" in lines[1]
    assert "2026-11-04 03:17 to 2026-11-06 03:17  3 missed" in lines[2]
    assert lines[4].rstrip().endswith("settings")
    assert lines[5].rstrip().endswith("-")


def test_list_as_json_is_the_records_with_their_breaks(root: Path) -> None:
    found = json.loads(toolkit("list", "weekly", "--json", "-n", "4").stdout)
    assert [record["breaks"] for record in found] == [[], [], [], ["settings"]]
    assert found[-1]["points"]


def test_list_shows_how_the_gate_went(tmp_path: Path) -> None:
    filled(
        tmp_path / ".toolkit",
        run(0, gate={"exit": 0}),
        run(1, outcome="gate_failed", exit=1, gate={"exit": 1}),
    )
    lines = toolkit("list", "--root", str(tmp_path)).stdout.splitlines()
    assert "gate failed  failed" in lines[1]
    assert "done         held" in lines[2]


def test_without_a_history_list_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = toolkit("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "There are no runs in" in result.stderr
    assert json.loads(toolkit("list", "--json").stdout) == []
    assert list(tmp_path.iterdir()) == []


def test_a_job_whose_first_run_was_killed_in_publishing_never_ran(root: Path, ended: Ended) -> None:
    (root / ".toolkit" / "records" / "nightly").mkdir()
    assert ended("show", "nightly")[0] == exits.USAGE


def test_show_says_a_run_in_words_and_its_points_in_a_table(root: Path) -> None:
    output = toolkit("show", "weekly", run(1)["id"]).stdout
    assert output.startswith(f"weekly {run(1)['id']}: done\n")
    for said in (
        "due       2026-11-02 03:17 UTC",
        "120 s on box",
        "command   toolkit audit",
        "changed   settings",
    ):
        assert said in output
    assert "report    weekly/1/report.html" in output
    row = next(line for line in output.splitlines() if line.startswith("gap/race/selection_rate/difference"))
    assert row.split() == [
        *(
            "gap/race/selection_rate/difference/widest",
            "0.1517",
            "0.08803",
            "to",
            "0.2836",
            "0.05",
            "shown",
            "794",
        )
    ]


def test_show_takes_the_newest_run_unless_told(root: Path) -> None:
    assert (
        toolkit("show", "weekly").stdout.splitlines()[0]
        == f"weekly {run(6)['id']}: failed (exit 3): a trial failed"
    )
    assert json.loads(toolkit("show", "weekly", "--json").stdout)["id"] == run(6)["id"]


def test_show_tells_watched_evidence_and_each_attempt(tmp_path: Path) -> None:
    attempts = [
        {"number": 1, "exit": None, "reason": "killed"},
        {"number": 2, "exit": 0, "reason": ""},
    ]
    told = run(0, points=[point(e_value=31.25, alarm=True)], attempts=attempts)
    filled(tmp_path / ".toolkit", told)
    output = toolkit("show", "weekly", "--root", str(tmp_path)).stdout
    assert "attempt 1: exit None, killed" in output
    assert output.splitlines()[-1].split()[-2:] == ["31.25", "alarm"]


def test_names_from_data_cannot_touch_the_terminal(tmp_path: Path) -> None:
    told = run(0, reason=f"{HOSTILE}\nsecond line", points=[point(f"gap/{HOSTILE}")], command=[HOSTILE])
    filled(tmp_path / ".toolkit", told)
    for verb in (("list",), ("show", "weekly")):
        output = toolkit(*verb, "--root", str(tmp_path)).stdout
        assert "\x1b" not in output
        assert "\u202e" not in output
    assert "\nsecond line" not in toolkit("show", "weekly", "--root", str(tmp_path)).stdout


def test_diff_compares_the_last_two_runs_that_left_a_document(root: Path) -> None:
    said = toolkit("diff", "weekly")
    assert (said.exit_code, said.stdout.startswith("No change: the two runs report the same")) == (0, True)
    found = json.loads(toolkit("diff", "weekly", "--format", "json").stdout)
    assert (found["kind"], found["identical"]) == ("audit", True)


def test_diff_says_the_same_as_the_diff_of_reports(root: Path, audits: tuple[Path, Path]) -> None:
    wanted = CliRunner().invoke(command, ["report", "diff", *map(str, audits)])
    assert toolkit("diff", "weekly", run(0)["id"], run(1)["id"]).stdout == wanted.stdout
    assert toolkit("diff", "weekly", run(0)["id"]).stdout == wanted.stdout


def test_diff_may_hold_the_gate_and_write_a_file(root: Path, tmp_path: Path) -> None:
    arguments = ("diff", "weekly", run(0)["id"], run(1)["id"], "--fail-on", "change")
    assert toolkit(*arguments).exit_code == exits.GATE
    assert toolkit("diff", "weekly", "--fail-on", "change").exit_code == exits.DONE
    toolkit("diff", "weekly", "--format", "markdown", "-o", str(tmp_path / "diff.md"))
    assert (tmp_path / "diff.md").read_text("utf-8")


def test_diff_of_what_was_pruned_says_when_it_went(root: Path, ended: Ended) -> None:
    toolkit("prune", "--keep", "1", "--at", "2026-12-01T00:00:00Z")
    code, said = ended("diff", "weekly")
    assert (code, "there are not two runs whose documents are kept" in said) == (2, True)
    code, said = ended("diff", "weekly", run(0)["id"], run(2)["id"])
    assert (code, "was pruned on 2026-12-01T00:00:00+00:00" in said) == (2, True)


def test_diff_of_a_document_of_another_version_is_refused(tmp_path: Path, ended: Ended) -> None:
    history = History(tmp_path / ".toolkit")
    for day in range(2):
        history.publish(run(day), small(str(day)))
    code, said = ended("diff", "weekly", "--root", str(tmp_path))
    assert (code, "this version cannot read the run's document" in said) == (2, True)


def test_prune_names_what_went_and_keeps_the_trend(root: Path) -> None:
    before = toolkit("export").stdout
    result = toolkit("prune", "weekly", "--keep", "2", "--dry-run")
    path = root / ".toolkit" / "documents" / "weekly" / f"{run(0)['id']}.json.gz"
    assert result.stdout == f"{path}\n"
    assert "1 documents would go" in result.stderr
    assert path.exists()
    told = json.loads(
        toolkit("prune", "weekly", "--older-than", "7d", "--at", "2026-11-09T00:00:00Z", "--json").stdout
    )
    assert [(one["job"], one["id"]) for one in told] == [("weekly", run(0)["id"])]
    assert not path.exists()
    assert toolkit("export").stdout == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prune",), "say what may go: --keep N, --older-than TIME"),
        (("prune", "--older-than", "soon"), "--older-than soon: write whole seconds"),
        (("list", "weakly"), "there are no runs of a job 'weakly'; did you mean weekly?"),
        (("show", "monthly-report"), "there are no runs of a job 'monthly-report'; there are weekly"),
        (("show", "weekly", "../../etc"), "cannot be the id of a run"),
        (("show", "weekly", "20200101T000000Z"), "no run 20200101T000000Z of weekly"),
        (("list", "--root", "file"), "this is no folder; --root names the folder of reports"),
        (("list", "--root", "with"), ".toolkit: this is no folder; --root names the folder of reports"),
        (("list", "--root", "file/below"), "file: this is no folder; --root names the folder of reports"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_asked_is_refused_with_the_way_out(
    arguments: tuple[str, ...], said: str, root: Path, ended: Ended
) -> None:
    Path("file").write_text("", encoding="utf-8")
    Path("with").mkdir()
    Path("with/.toolkit").write_text("", encoding="utf-8")
    code, error = ended(*arguments)
    assert code == exits.USAGE
    assert said in error


def test_export_goes_to_stdout_or_to_a_file(root: Path, tmp_path: Path) -> None:
    csv = toolkit("export", "weekly").stdout
    assert csv.splitlines()[0].startswith("job,id,kind,due,")
    assert len(csv.splitlines()) == 1 + 2 + 12 + 12 + 1 + 1
    toolkit("export", "--format", "jsonl", "-o", str(tmp_path / "all.jsonl"))
    assert len((tmp_path / "all.jsonl").read_text("utf-8").splitlines()) == 5


def test_check_ends_with_3_where_something_is_wrong(root: Path) -> None:
    result = toolkit("check")
    assert (result.exit_code, result.stdout) == (0, f"{root}/.toolkit: 5 records, all whole\n")
    (root / ".toolkit" / "records" / "weekly" / f"{run(1)['id']}.json").write_text("{", encoding="utf-8")
    result = toolkit("check", "--rebuild")
    assert result.exit_code == exits.FAILED
    assert "the record is damaged" in result.stdout
    assert "5 records, 1 of them damaged, 0 made from documents" in result.stderr
    assert len(json.loads(toolkit("check", "--json").stdout)) == 1


def test_the_root_comes_from_the_configuration_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toolkit.toml").write_text('root = "elsewhere"\n', encoding="utf-8")
    filled(tmp_path / "elsewhere" / ".toolkit", run(0, "nightly"))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert "nightly" in toolkit("list").stdout
    assert "weekly" in toolkit("list", "--root", "reports").stdout
    monkeypatch.setenv("TOOLKIT_ROOT", "reports")
    assert "weekly" in toolkit("list").stdout


def test_an_index_that_was_mended_is_told_on_stderr(root: Path) -> None:
    (root / ".toolkit" / "history.sqlite").write_bytes(b"no database" * 100)
    result = toolkit("list", "--json")
    assert len(json.loads(result.stdout)) == 5
    assert "was damaged" in result.stderr


def test_a_newer_index_is_refused_with_2(root: Path, ended: Ended) -> None:
    with closing(sqlite3.connect(root / ".toolkit" / "history.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    code, said = ended("list")
    assert (code, "a newer version of the toolkit wrote this index" in said) == (2, True)


@pytest.mark.parametrize("verb", ["list", "show weekly", "export", "check"])
def test_asking_imports_nothing_numerical(verb: str, root: Path) -> None:
    heavy = ("numpy", "scipy", "pandas", "sklearn", "jax", "xgboost", "duckdb", "vl_convert", "jinja2")
    code = (
        "import sys; from toolkit.__main__ import main; code = main(); "
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "history", *verb.split()], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert done.stdout


def test_a_check_and_an_audit_of_one_job_are_not_compared(
    tmp_path: Path, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.report.validation.validate", lambda _document: None)
    history = History(tmp_path / ".toolkit")
    history.publish(run(0), small())
    history.publish(run(1), audit())
    code, said = ended("diff", "weekly", "--root", str(tmp_path))
    assert (code, "are a check and an audit; name two runs of one kind" in said) == (2, True)
