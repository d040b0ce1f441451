"""``toolkit schedule add, list, show, remove, check``: what they print, refuse and import."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.cli import command, exits
from toolkit.cli.schedule import VERBS
from toolkit.cli.settings import SETTINGS
from toolkit.history import History

AUDIT = Path(__file__).parents[2] / "reports" / "example" / "run.json"
AT = ("--at", "2026-11-24T12:00:00Z")
WEEKLY = ("add", "weekly", "--cron", "17 3 * * 1", "--timezone", "Europe/Berlin")
TABLE = "race,y\n" + "a,1\nb,0\na,0\nb,1\n" * 20


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.env, raising=False)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    """Call ``toolkit schedule ...`` and return its exit code, stdout and stderr."""

    def called(*arguments: str) -> tuple[int, str, str]:
        code = exits.guarded(
            lambda: command.main(["schedule", *arguments], prog_name="toolkit", standalone_mode=False)
        )
        out, err = capsys.readouterr()
        return code, out, err

    return called


def config(text: str) -> None:
    """Write the configuration file."""
    Path("toolkit.toml").write_text(text, encoding="utf-8")


# ---- add


def test_a_job_is_written_and_its_next_three_instants_are_said(call: Any) -> None:
    code, out, err = call(*WEEKLY, "--run", "check misconceptions", *AT)
    assert (code, err) == (0, "")
    assert Path("toolkit.toml").read_text() == (
        '[[schedule]]\nname = "weekly"\nrun = "check misconceptions"\ncron = "17 3 * * 1"\n'
        'timezone = "Europe/Berlin"\n'
    )
    assert out.splitlines() == [
        f"{Path('toolkit.toml').resolve()}, line 1: job weekly, at 03:17 on Monday",
        "next, Europe/Berlin          UTC",
        "Mon 2026-11-30 03:17 +01:00  2026-11-30 02:17",
        "Mon 2026-12-07 03:17 +01:00  2026-12-07 02:17",
        "Mon 2026-12-14 03:17 +01:00  2026-12-14 02:17",
    ]


def test_every_choice_is_written_in_the_order_of_the_keys_and_nothing_else(call: Any) -> None:
    Path("loans.csv").write_text(TABLE)
    chosen = ["--jitter", "10m", "--timeout", "1h", "--retries", "0", "--backoff", "45s", "--keep", "20"]
    chosen += ["--keep-days", "90", "--gate", "gap,change", "--baseline", "previous", "--output", "out"]
    chosen += ["--format", "html,json", "--format", "sarif", "--no-catch-up", "--disabled"]
    run = "audit loans.csv --sensitive race --target y"
    code, out, err = call(*WEEKLY, "--run", run, *chosen, *AT, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "file": str(Path("toolkit.toml").resolve()),
        "name": "weekly",
        "next": [f"2026-{day}T02:17:00+00:00" for day in ("11-30", "12-07", "12-14")],
    }
    assert Path("toolkit.toml").read_text().splitlines()[1:] == [
        'name = "weekly"',
        f'run = "{run}"',
        'cron = "17 3 * * 1"',
        'timezone = "Europe/Berlin"',
        'jitter = "10m"',
        'timeout = "1h"',
        "retries = 0",
        'backoff = "45s"',
        "keep = 20",
        "keep_days = 90",
        'gate = ["gap", "change"]',
        'baseline = "previous"',
        'output = "out"',
        'formats = ["html", "json", "sarif"]',
        "catch_up = false",
        "enabled = false",
    ]


def test_the_nearest_file_is_the_one_written_to(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[project]\nname = 'x'\n\n[tool.toolkit]\nseed = 3 # of the house\n"
    Path("pyproject.toml").write_text(text)
    Path("deep").mkdir()
    monkeypatch.chdir("deep")
    assert call(*WEEKLY, "--run", "check misconceptions", *AT)[0] == 0
    assert Path("../pyproject.toml").read_text().startswith(text + "\n[[tool.toolkit.schedule]]\n")
    assert not Path("toolkit.toml").exists()


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("report show x", "Invalid value for '--run': it must begin with check or audit, not 'report'"),
        ("audit t.csv -o x", "Invalid value for '--run': leave out -o: write output = ... in the job"),
        ("audit t.csv --senstive race", "`toolkit audit` refuses this: No such option '--senstive'"),
        ("audit", "`toolkit audit` refuses this: Missing argument 'TABLE'"),
        ("audit t.csv --sensitive race", "refuses this: nothing to audit: name the decisions"),
        ("audit t.csv --sensitive race --target y --cut race", "--cut wants COLUMN=VALUE, not 'race'"),
        ("audit t.csv --sensitive r --target y -ox", "leave out --output: it is the job's own to say"),
        ("audit t.csv --help", "it would print its help and end; leave --help out"),
        ("check", "`toolkit check` alone makes no report; say what to check"),
        ("check miscon", "There is no command 'miscon'; did you mean 'misconceptions'?"),
        ("check misconceptions --list", "--list makes no report; leave it out"),
        ("check misconceptions --dry-run", "--dry-run makes no report"),
        ("check misconceptions --only M999", "refuses this: there is no experiment 'M999'"),
        ("check misconceptions x", "Got unexpected extra argument (x)"),
        ("check misconceptions --target y", "--target is about your own table; add --data PATH"),
    ],
)
def test_what_the_real_command_refuses_is_refused_in_its_words_and_nothing_is_written(
    call: Any, run: str, said: str
) -> None:
    code, out, err = call(*WEEKLY, "--run", run, *AT)
    assert (code, out) == (2, "")
    assert said in err
    assert not Path("toolkit.toml").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--cron", "0 0 30 2 *", "Invalid value for '--cron': '0 0 30 2 *' never comes"),
        ("--timezone", "Berlin", "Invalid value for '--timezone': there is no zone 'Berlin'; did you mean"),
        ("--jitter", "soon", "Invalid value for '--jitter': 'soon': write whole seconds, or a length"),
        ("--jitter", "30d", "30d is longer than the shortest distance of two instants"),
        ("--keep", "0", "Invalid value for '--keep': it must be a whole number from 1"),
        ("--gate", "gp", "gate: there is no 'gp'; did you mean 'gap'?"),
        ("--gate", "change", "a change is one from a baseline"),
        ("--gate", ",", "it names nothing"),
        ("--format", "pdf", "formats: there is no 'pdf'"),
        ("--at", "noon", "Invalid value for '--at': 'noon' is no time; write it as 2026-11-24T03:17:00Z"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_option(
    call: Any, option: str, value: str, said: str
) -> None:
    code, out, err = call(*WEEKLY, "--run", "check misconceptions", option, value)
    assert (code, out) == (2, "")
    assert said in err.replace("\n", " ")
    assert "nothing was written" in err or "Invalid value" in err
    assert not Path("toolkit.toml").exists()


def test_a_bad_name_and_a_double_name_are_refused(call: Any) -> None:
    rest = ("--cron", "0 3 * * *", "--run", "check misconceptions", *AT)
    code, _, err = call("add", "Weekly", *rest)
    assert code == 2
    assert "Invalid value for 'NAME': 'Weekly' is no name of a job" in err
    assert call("add", "weekly", *rest)[0] == 0
    before = Path("toolkit.toml").read_bytes()
    code, _, err = call("add", "weekly", *rest)
    assert code == 2
    assert "line 1: there is a job 'weekly' already; take another name, or first" in err
    assert Path("toolkit.toml").read_bytes() == before


def test_a_table_that_is_not_there_yet_is_said_and_the_job_is_written(call: Any) -> None:
    code, out, err = call(*WEEKLY, "--run", "audit loans.csv --sensitive race --target y", *AT)
    assert code == 0
    assert "as things are it would fail: loans.csv: there is no such file" in err
    assert "job weekly" in out


# ---- list and show


def test_a_job_that_never_ran_is_listed_with_its_next_instant(call: Any) -> None:
    call(*WEEKLY, "--run", "check misconceptions", *AT)
    call("add", "off", "--cron", "*/15 * * * *", "--run", "check misconceptions", "--disabled", *AT)
    code, out, err = call("list", *AT)
    assert (code, err) == (0, "")
    assert [line.split("  ")[0] for line in out.splitlines()] == ["job", "weekly", "off"]
    assert "at 03:17 on Monday" in out
    assert "Europe/Berlin  Mon 2026-11-30 03:17 +01:00  never" in out
    assert "(disabled)" in out
    weekly, off = json.loads(call("list", *AT, "--json")[1])["jobs"]
    assert weekly["next"] == "2026-11-30T02:17:00+00:00"
    assert (weekly["words"], weekly["last"]) == ("at 03:17 on Monday", None)
    assert (off["enabled"], off["next"]) == (False, None)


def record(name: str, due: str, **changed: Any) -> dict[str, Any]:
    """Return a record of a finished run."""
    stamp = due.replace("-", "").replace(":", "")
    return {
        "schema": "toolkit.record/1",
        "job": name,
        "id": stamp,
        "kind": "run",
        "due": due,
        "first_due": None,
        "count": 1,
        "outcome": "done",
        "exit": 0,
        "reason": "",
        "started": due,
        "ended": due,
        "host": "h",
        "attempts": [],
        "command": None,
        "report": None,
        "document": None,
        "inputs": None,
        "points": [],
        "gate": None,
        "watch": None,
    } | changed


def test_the_newest_run_is_shown_from_the_history_of_the_root(call: Any) -> None:
    call(*WEEKLY, "--run", "check misconceptions", *AT)
    history = History(Path("elsewhere/.toolkit"))
    history.publish(record("weekly", "2026-11-16T02:17:00Z"))
    failed = {"outcome": "gate_failed", "exit": 1, "reason": "1 refuted\x1b[31m"}
    history.publish(record("weekly", "2026-11-23T02:17:00Z", **failed))
    missed = {"kind": "missed", "outcome": "missed", "id": "x20261124T021700Z", "exit": None}
    history.publish(record("weekly", "2026-11-24T02:17:00Z", **missed))
    assert "never" in call("list", *AT)[1]
    out = call("list", "--root", "elsewhere", *AT)[1]
    assert out.splitlines()[1].endswith("gate failed 2026-11-23 02:17 UTC")
    shown = call("show", "weekly", "--root", "elsewhere", *AT)[1]
    assert "last run  gate failed 2026-11-23 02:17 UTC: 1 refuted\\u001b[31m\n" in shown
    (job,) = json.loads(call("list", "--root", "elsewhere", *AT, "--json")[1])["jobs"]
    assert (job["last"]["outcome"], job["last"]["due"]) == ("gate_failed", "2026-11-23T02:17:00+00:00")


def test_no_jobs_are_no_fault(call: Any) -> None:
    code, out, err = call("list")
    assert (code, out) == (0, "")
    assert "There are no jobs and no configuration file; write one: toolkit schedule add" in err
    assert json.loads(call("list", "--json")[1]) == {
        "file": None,
        "root": str(Path.cwd() / "reports"),
        "jobs": [],
        "troubles": [],
    }


def test_a_faulty_job_hides_none_of_the_sound_ones(call: Any) -> None:
    call(*WEEKLY, "--run", "check misconceptions", *AT)
    with Path("toolkit.toml").open("a") as file:
        file.write('\n[[schedule]]\nname = "bad"\nrun = "check misconceptions"\ncron = "x"\n')
    code, out, err = call("list", *AT)
    assert code == 2
    assert "weekly" in out
    assert "job 'bad': cron: 'x' has 1 field" in err
    assert call("show", "weekly", *AT)[0] == 0
    code, out, err = call("show", "bad", *AT)
    assert (code, out) == (2, "")
    assert "job 'bad': cron: 'x' has 1 field" in err


def test_looking_at_jobs_writes_nothing(call: Any) -> None:
    call(*WEEKLY, "--run", "check misconceptions", *AT)
    for verb in (("list",), ("show", "weekly"), ("check",), ("list", "--json")):
        assert call(*verb, *AT)[0] == 0
    assert [path.name for path in Path().iterdir()] == ["toolkit.toml"]


def test_a_job_is_shown_with_five_instants_in_its_zone_and_in_utc(call: Any) -> None:
    call(
        "add",
        "nightly",
        "--cron",
        "30 2 * * *",
        "--timezone",
        "Europe/Berlin",
        "--jitter",
        "10m",
        "--run",
        "check misconceptions --only 'M001,M002'",
    )
    code, out, _ = call("show", "nightly", "--at", "2026-03-27T12:00+01:00")
    assert code == 0
    assert "runs      toolkit check misconceptions --only M001,M002" in out
    assert "when      at 02:30 every day, Europe/Berlin (30 2 * * *)" in out
    assert "jitter    starts up to 10m late" in out
    assert out.split("UTC\n", 1)[1].splitlines() == [
        "Sat 2026-03-28 02:30 +01:00  2026-03-28 01:30",
        "Sun 2026-03-29 03:00 +02:00  2026-03-29 01:00",
        "Mon 2026-03-30 02:30 +02:00  2026-03-30 00:30",
        "Tue 2026-03-31 02:30 +02:00  2026-03-31 00:30",
        "Wed 2026-04-01 02:30 +02:00  2026-04-01 00:30",
    ]
    found = json.loads(call("show", "nightly", "--at", "2026-03-27T12:00+01:00", "--json")[1])
    assert [i["due"] for i in found["instants"]][1] == "2026-03-29T01:00:00+00:00"
    for instant in found["instants"]:
        late = datetime.fromisoformat(instant["start"]) - datetime.fromisoformat(instant["due"])
        assert timedelta(0) <= late < timedelta(minutes=10)
    assert (found["jitter"], found["retries"], found["last"]) == (600, 2, None)


def test_a_job_that_is_not_there_is_told_the_nearest(call: Any) -> None:
    call(*WEEKLY, "--run", "check misconceptions", *AT)
    code, out, err = call("show", "wekly")
    assert (code, out) == (2, "")
    assert "there is no job 'wekly'; did you mean 'weekly'?" in err


# ---- remove


def test_a_job_is_removed_and_the_others_stay(call: Any) -> None:
    config("seed = 3 # mine\n")
    call(*WEEKLY, "--run", "check misconceptions", *AT)
    code, out, err = call("remove", "weekly")
    assert (code, out) == (0, f"{Path('toolkit.toml').resolve()}\n")
    assert "Job weekly is removed; its reports and its history stay." in err
    assert Path("toolkit.toml").read_text() == "seed = 3 # mine\n"
    code, _, err = call("remove", "weekly")
    assert code == 2
    assert "there is no job 'weekly'; there are no jobs yet" in err


def test_where_there_is_no_file_there_is_nothing_to_remove(call: Any) -> None:
    code, _, err = call("remove", "weekly")
    assert code == 2
    assert "there is no toolkit.toml here or above" in err


# ---- check


JOBS = """
[[schedule]]
name = "gone"
run = "audit gone.csv --sensitive race --target y"
cron = "17 3 * * 1"

[[schedule]]
name = "renamed"
run = "audit loans.csv --sensitive rce --target y"
cron = "17 3 * * 1"

[[schedule]]
name = "refused"
run = "check misconceptions --only M999"
cron = "17 3 * * 1"

[[schedule]]
name = "unread"
run = "check misconceptions"
cron = "99 3 * * 1"

[[schedule]]
name = "nothing-to-compare"
run = "check misconceptions --only M001"
cron = "17 3 * * 1"
baseline = "accepted/run.json"
gate = ["change"]

[[schedule]]
name = "other-kind"
run = "check misconceptions --only M001"
cron = "17 3 * * 1"
baseline = "audit.json"
gate = ["change"]

[[schedule]]
name = "modelled"
run = "audit loans.csv --sensitive race --target y --model m.onnx"
cron = "17 3 * * 1"

[[schedule]]
name = "sound"
run = "audit loans.csv --sensitive race --target y"
cron = "17 3 * * 1"
gate = ["gap", "change"]
baseline = "previous"

[[schedule]]
name = "tabled"
run = "check misconceptions --only M001 --data gone2.csv --target y"
cron = "17 3 * * 1"
"""


def test_all_that_is_wrong_with_all_jobs_is_said_at_once(call: Any) -> None:
    Path("loans.csv").write_text(TABLE)
    Path("audit.json").write_bytes(AUDIT.read_bytes())
    config(JOBS)
    code, out, err = call("check", *AT)
    assert (code, out) == (2, "")
    said = [line.partition("toolkit.toml, ")[2] for line in err.splitlines()]
    assert [line.split(":")[0] + line.split(":")[1] for line in said] == [
        "line 20 job 'unread'",
        "line 2 job 'gone'",
        "line 7 job 'renamed'",
        "line 12 job 'refused'",
        "line 22 job 'nothing-to-compare'",
        "line 29 job 'other-kind'",
        "line 36 job 'modelled'",
        "line 48 job 'tabled'",
    ]
    for line, words in zip(
        said,
        (
            "the minute '99' cannot be read",
            "gone.csv: there is no such file, and no dataset of that name; ",
            "loans.csv: there is no column 'rce'; did you mean 'race'?",
            "there is no experiment 'M999'",
            "accepted/run.json is not there; copy the run.json of a run to it",
            "audit.json is of toolkit audit; name a run of toolkit check",
            "m.onnx: there is no such model; check the path",
            "gone2.csv: there is no such file",
        ),
        strict=True,
    ):
        assert words in line
    code, out, _ = call("check", *AT, "--json")
    assert code == 2
    found = json.loads(out)
    assert (len(found["jobs"]), len(found["troubles"])) == (8, 8)


def test_sound_jobs_are_said_to_be(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("loans.csv").write_text(TABLE)
    call(*WEEKLY, "--run", "audit loans.csv --sensitive race --target y", *AT)
    Path("deep").mkdir()
    monkeypatch.chdir("deep")  # the table is looked for beside the file, where the job runs
    code, out, err = call("check", *AT)
    assert (code, out, err) == (0, f"{Path('../toolkit.toml').resolve()}: 1 job, nothing wrong\n", "")
    assert json.loads(call("check", *AT, "--json")[1])["troubles"] == []


def test_a_faulty_setting_is_a_fault_of_every_job(call: Any) -> None:
    config('effort = "huge"\n[[schedule]]\nname = "a"\nrun = "check misconceptions"\ncron = "x"\n')
    code, _, err = call("check", *AT)
    assert code == 2
    assert "effort must be one of quick, standard, full" in err
    assert "job 'a': cron: 'x' has 1 field, not five" in err


def test_check_asks_for_a_file(call: Any) -> None:
    code, _, err = call("check")
    assert code == 2
    assert "there is no toolkit.toml here or above" in err


def test_other_commands_do_not_choke_on_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    config(JOBS.replace("M999", "M001"))
    code = exits.guarded(lambda: command.main(["config", "show"], prog_name="toolkit", standalone_mode=False))
    assert (code, capsys.readouterr().err) == (0, "")


# ---- the house


def test_the_short_helps_of_the_group_are_the_commands_own(call: Any) -> None:
    code, out, _ = call("--help")
    assert code == 0
    for verb in ("add", "list", "show", "remove", "check"):
        assert VERBS[verb] in out
        module = __import__(f"toolkit.cli.schedule_{verb}", fromlist=["command"])
        assert module.command.name == verb
        assert call(verb, "--help")[0] == 0


def test_a_verb_that_is_not_there_is_told_the_nearest(call: Any) -> None:
    code, _, err = call("lst")
    assert code == 2
    assert "There is no command 'lst'; did you mean 'list'?" in err


@pytest.mark.parametrize("verb", ["list", "--help", "show"])
def test_nothing_numerical_is_imported_to_look_at_jobs(verb: str, tmp_path: Path) -> None:
    config('[[schedule]]\nname = "a"\nrun = "check misconceptions"\ncron = "17 3 * * 1"\n')
    arguments = [verb, "a"] if verb == "show" else [verb]
    code = (
        "import sys\nfrom toolkit.cli import command\n"
        f"command.main(['schedule', *{arguments!r}], standalone_mode=False)\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'sklearn', 'duckdb', 'jax'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr == "[]\n"
