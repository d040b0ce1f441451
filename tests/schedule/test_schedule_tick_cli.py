"""The verbs that run jobs, by the command line: what they print, what they exit with, what they load."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rehearsal import Actor, breaks, finishes, swift

from toolkit.cli import command
from toolkit.cli.exits import guarded

__all__ = ["swift"]

CONFIG = """
[[schedule]]
name = "loans"
run = "audit loans.csv --sensitive race"
cron = "17 * * * *"
jitter = "10m"
"""
AT = "--at=2026-03-02T08:30:00Z"


@pytest.fixture
def actor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Actor:
    (tmp_path / "toolkit.toml").write_text(CONFIG, "utf-8")
    monkeypatch.chdir(tmp_path)
    made = Actor()
    monkeypatch.setattr("toolkit.schedule.tick.Processes", lambda: made)
    return made


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        code = guarded(lambda: command.main(["schedule", *words], prog_name="toolkit", standalone_mode=False))
        out, err = capfd.readouterr()
        return code, out, err

    return run


Say = Callable[..., tuple[int, str, str]]


def test_a_call_with_nothing_due_says_nothing_so_that_cron_sends_no_mail(actor: Actor, say: Say) -> None:
    assert say("run-due", "--at=2026-03-02T08:00:00Z") == (0, "", "")


def test_what_ran_is_one_line_with_its_report(actor: Actor, say: Say) -> None:
    say("run-due", "--at=2026-03-02T08:00:00Z")
    code, out, err = say("run-due", AT)
    assert (code, err) == (0, "") or "no figures" in err
    assert out == "loans 20260302T081700Z: done: loans/20260302T081700Z/report.html\n"


def test_json_is_what_was_done_and_nothing_else(actor: Actor, say: Say) -> None:
    say("run-due", "--at=2026-03-02T08:00:00Z")
    actor.acts = [breaks()]
    code, out, _ = say("run-due", "--json", AT)
    plain = json.loads(out)
    assert code == 0
    assert plain["schema"] == "toolkit.tick/1"
    assert plain["waiting"][0]["reason"] == "it was killed by SIGKILL"


def test_an_attempt_that_failed_in_passing_says_when_it_is_tried_again_and_where_its_log_is(
    actor: Actor, say: Say
) -> None:
    actor.acts = [breaks()]
    say("run-due", "--at=2026-03-02T08:00:00Z")
    _, out, _ = say("run-due", AT)
    assert "tried again from " in out
    log = out.strip().rpartition(" ")[2]
    assert Path(log).read_text("utf-8") == "half a line"


def test_names_from_data_cannot_move_the_cursor(actor: Actor, say: Say) -> None:
    actor.acts = [finishes(2, document=None, said="\x1b[2Jno such column")]
    say("run-due", "--at=2026-03-02T08:00:00Z")
    code, out, _ = say("run-due", AT)
    assert code == 2
    assert "\x1b" not in out


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(
    actor: Actor, say: Say, tmp_path: Path
) -> None:
    code, out, _ = say("run-due", "--dry-run", AT)
    assert (code, out) == (0, "loans: nothing is due\n")
    assert not (tmp_path / "reports").exists()
    say("run-due", "--at=2026-03-02T08:00:00Z")
    _, out, _ = say("run-due", "--dry-run", "--at=2026-03-02T10:30:00Z")
    assert out == (
        "loans: 2 instants up to 2026-03-02T09:17:00+00:00 would be recorded as missed; "
        "would run what is due 2026-03-02T10:17:00+00:00\n"
    )
    assert actor.asked == []
    plain = json.loads(say("run-due", "--dry-run", "--json", "--at=2026-03-02T10:30:00Z")[1])
    assert plain["jobs"][0]["missed"]["count"] == 2


def test_without_a_configuration_the_way_out_is_named(
    actor: Actor, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toolkit.toml").unlink()
    for verb in (("run-due",), ("run", "loans"), ("run-due", "--dry-run")):
        code, out, err = say(*verb)
        assert (code, out) == (2, "")
        assert "there is no toolkit.toml here or above" in err
    code, out, _ = say("doctor")
    assert code == 2
    assert "no toolkit.toml" in out


def test_one_job_that_is_wrong_is_said_and_the_others_run(actor: Actor, say: Say, tmp_path: Path) -> None:
    with (tmp_path / "toolkit.toml").open("a") as file:
        file.write('\n[[schedule]]\nname = "cards"\nrun = "audit c.csv"\ncronn = "1 1 * * *"\n')
    say("run-due", "--at=2026-03-02T08:00:00Z")
    code, out, err = say("run-due", AT)
    assert code == 2
    assert "cronn" in err
    assert out.startswith("loans 20260302T081700Z: done")


def test_two_jobs_of_one_name_are_both_left_alone(actor: Actor, say: Say, tmp_path: Path) -> None:
    (tmp_path / "toolkit.toml").write_text(CONFIG + CONFIG, "utf-8")
    say("run-due", "--at=2026-03-02T08:00:00Z")
    code, _, err = say("run-due", AT)
    assert code == 2
    assert "two jobs are called 'loans'" in err
    assert actor.asked == []


def test_a_name_that_is_no_job_is_refused_with_the_nearest(actor: Actor, say: Say) -> None:
    for verb in (("run", "loan"), ("run", "loan", "--if-due"), ("run-due", "--only", "loan")):
        code, _, err = say(*verb)
        assert code == 2
        assert "did you mean 'loans'" in err


def test_run_if_due_on_a_fresh_machine_runs_the_latest_instant_once(actor: Actor, say: Say) -> None:
    code, out, _ = say("run", "loans", "--if-due", AT)
    assert code == 0
    assert "20260302T081700Z: done" in out
    code, out, err = say("run", "loans", "--if-due", AT)
    assert (code, out) == (0, "")
    assert "nothing is due" in err


def test_run_if_due_leaves_a_job_alone_that_is_turned_off(actor: Actor, say: Say, tmp_path: Path) -> None:
    (tmp_path / "toolkit.toml").write_text(CONFIG + "enabled = false\n", "utf-8")
    code, out, err = say("run", "loans", "--if-due", AT)
    assert (code, out) == (0, "")
    assert "turned off" in err


def test_anew_is_for_a_run_by_hand(actor: Actor, say: Say) -> None:
    assert say("run", "loans", "--anew")[0] == 0
    assert say("run", "loans", "--anew", "--if-due")[0] == 2


def test_run_runs_now_and_exits_as_the_job_does(actor: Actor, say: Say) -> None:
    actor.acts = [finishes(1)]
    code, out, _ = say("run", "loans")
    assert code == 1
    assert out.startswith("loans m2")
    assert "gate failed" in out
    code, _, err = say("run", "loans", AT)
    assert code == 2
    assert "--if-due" in err


def test_a_run_by_hand_leaves_alone_what_stands_of_a_job_that_is_misspelt(
    actor: Actor, say: Say, tmp_path: Path
) -> None:
    path, state = tmp_path / "toolkit.toml", tmp_path / "reports" / ".toolkit"
    path.write_text(CONFIG + CONFIG.replace("loans", "cards"), "utf-8")
    actor.acts = [breaks(), finishes()]
    say("run", "cards", "--if-due", AT)
    say("run-due", AT)
    left = sorted(p for part in ("attempts", "jobs") for p in (state / part).rglob("cards*"))
    assert left
    path.write_text(CONFIG + CONFIG.replace("loans", "cards").replace("17 *", "77 *"), "utf-8")
    assert say("run", "loans")[0] == 0
    assert all(p.exists() for p in left)


def test_while_another_is_at_work_a_tick_says_so_and_exits_0_and_a_run_by_hand_2(
    actor: Actor, say: Say, tmp_path: Path
) -> None:
    from toolkit.schedule.lock import held

    with held(tmp_path / "reports" / ".toolkit"):
        code, out, err = say("run-due", AT)
        assert (code, out) == (0, "")
        assert "is at work here; nothing was done" in err
        code, _, err = say("run", "loans")
        assert code == 2
        assert "was not run" in err


def test_what_is_due_and_must_be_left_makes_another_scheduler_try_again(
    actor: Actor, say: Say, tmp_path: Path
) -> None:
    from toolkit.schedule.lock import held

    with held(tmp_path / "reports" / ".toolkit"):
        code, _, err = say("run", "loans", "--if-due", AT)
        assert code == 3
        assert "what was due 2026-03-02T08:17:00+00:00 is left" in err
    assert say("run", "loans", "--if-due", AT)[0] == 0
    with held(tmp_path / "reports" / ".toolkit"):
        assert say("run", "loans", "--if-due", AT)[0] == 0  # it has run


def test_a_machine_that_died_at_work_does_not_make_the_next_try_look_done(
    actor: Actor, say: Say, tmp_path: Path
) -> None:
    """As a pod that was killed for its memory, whose Job starts another ten seconds later."""
    from toolkit.schedule.lease import take
    from toolkit.schedule.process import this

    actor.acts = [breaks(), finishes()]
    assert say("run", "loans", "--if-due", AT)[0] == 3
    take(tmp_path / "reports" / ".toolkit" / "leases", this("pod-1"))
    assert say("run", "loans", "--if-due", AT)[0] == 3


def test_the_root_of_the_reports_can_be_another(actor: Actor, say: Say, tmp_path: Path) -> None:
    say("run", "loans", "--if-due", AT, "--root", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "loans" / "latest.html").is_file()


def test_serve_and_doctor_are_commands_that_can_be_asked_for_help(actor: Actor, say: Say) -> None:
    for verb in ("serve", "doctor", "run", "run-due"):
        code, out, _ = say(verb, "--help")
        assert code == 0
        assert out.startswith(f"Usage: toolkit schedule {verb}")


@pytest.mark.parametrize("words", [("run-due",), ("doctor",), ("run", "--help")])
def test_a_tick_that_runs_nothing_loads_nothing_numerical(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "toolkit.toml").write_text(CONFIG, "utf-8")
    script = (
        "import sys; from toolkit.__main__ import main; main(); "
        "print(sorted({'numpy', 'pandas', 'sklearn', 'jax', 'scipy', 'duckdb', 'xgboost'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "schedule", *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
