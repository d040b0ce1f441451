"""An attempt's process: its limit, its group, its end, and what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rehearsal import swift

from toolkit.cli.exits import Terminated
from toolkit.schedule import attempt as attempts
from toolkit.schedule import log
from toolkit.schedule import runner as runners
from toolkit.schedule.jobs import Job
from toolkit.schedule.lock import Held, HeldError, LostError, held
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.process import known, lives, this
from toolkit.schedule.runner import Attempt, Processes, finished, process_of

__all__ = ["swift"]

STUB = Path(__file__).parents[1] / "stubs" / "stub_attempt.py"
JOB = Job("loans", ("audit", "loans.csv"), "17 3 * * *")
LIGHT = (sys.executable, "-S", "-E", str(STUB))


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Held]:
    with held(tmp_path / "home") as taken:
        yield taken


def attempt(folder: Path, *words: str) -> Attempt:
    return Attempt(1, "2026-03-02T08:18:00+00:00", words, ("toolkit", "audit", "loans.csv"), folder, {})


def run(folder: Path, mine: Held, *words: str, timeout: float = 30, grace: float = 5) -> Ended:
    staging = folder / "1"
    staging.mkdir(exist_ok=True)
    runner = Processes(LIGHT, grace=grace)
    return runner.run(JOB, attempt(folder, *words), staging, timeout=timeout, held=mine)


def soon(condition: Callable[[], bool], what: subprocess.Popen[bytes] | None = None) -> bool:
    """Look again and again whether something is so: what the system does at once is still not done now."""
    for _ in range(4000):
        if condition():
            return True
        assert what is None or what.poll() is None
        threading.Event().wait(0.005)
    return False


def gone(number: int) -> bool:
    """Whether a process is soon gone, or a zombie that somebody else will collect."""
    process = replace(this(), pid=number, started="")
    return soon(lambda: lives(process) is False)


@pytest.mark.parametrize("code", [0, 1, 4])
def test_what_ended_has_its_code_and_needs_no_reason(tmp_path: Path, mine: Held, code: int) -> None:
    assert run(tmp_path, mine, "says=hello", f"exit={code}") == Ended(code)
    assert finished(tmp_path / "1") == code
    assert (tmp_path / "1" / "log.txt").read_text("utf-8") == "hello\n"


def test_the_reason_is_the_last_error_that_was_said_else_the_last_line(tmp_path: Path, mine: Held) -> None:
    ended = run(tmp_path, mine, "says=Error: no such column", "says=Try --help.", "exit=2")
    assert ended == Ended(2, "no such column")
    (tmp_path / "1" / "log.txt").unlink()
    assert run(tmp_path, mine, "says=one", "says=  two\tlines ", "says=", "exit=70") == Ended(70, "two lines")
    (tmp_path / "1" / "log.txt").unlink()
    assert run(tmp_path, mine, "exit=3") == Ended(3, "it ended with exit code 3")


def test_an_endless_log_costs_a_reason_of_one_line(tmp_path: Path, mine: Held) -> None:
    ended = run(tmp_path, mine, f"says={'x' * 100_000}", "exit=2")
    assert len(ended.reason) == log.LONGEST


def test_the_process_says_who_it_is_and_what_it_was_asked(tmp_path: Path, mine: Held) -> None:
    run(tmp_path, mine)
    process = process_of(tmp_path / "1")
    assert process is not None
    assert lives(process) is False
    assert process.host == mine.me.host
    about = json.loads((tmp_path / "1" / "attempt.json").read_text("utf-8"))
    assert about["typed"] == ["toolkit", "audit", "loans.csv"]


@pytest.fixture
def late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the time be over as soon as the attempt says that it is ready, however busy the machine is."""
    log = tmp_path / "1" / "log.txt"

    def over(child: subprocess.Popen[bytes], _timeout: float, _held: Held) -> bool:
        return not soon(lambda: "ready" in log.read_text("utf-8"), child)

    monkeypatch.setattr(runners, "_wait", over)


@pytest.mark.usefixtures("late")
def test_past_its_limit_an_attempt_is_asked_to_end_and_that_is_a_timeout(tmp_path: Path, mine: Held) -> None:
    ended = run(tmp_path, mine, "says=ready", "seconds=60", timeout=0.3)
    assert ended.timed_out
    assert ended.outcome == "timeout"
    assert "0.3 s" in ended.reason
    assert finished(tmp_path / "1") == 143  # it was asked, and ended in good order


def test_the_limit_is_counted_in_seconds(tmp_path: Path, mine: Held) -> None:
    assert run(tmp_path, mine, "seconds=60", timeout=0.05).timed_out


@pytest.mark.usefixtures("late")
def test_who_does_not_listen_is_killed_with_all_it_started(tmp_path: Path, mine: Held) -> None:
    ended = run(tmp_path, mine, "spawns=60", "deaf", "says=ready", "seconds=60", grace=0.1)
    assert ended.timed_out
    assert finished(tmp_path / "1") is None
    process = process_of(tmp_path / "1")
    assert process is not None
    assert lives(process) is False
    assert gone(int((tmp_path / "1" / "child.txt").read_text("utf-8")))


def test_what_an_attempt_leaves_running_is_ended_with_it(tmp_path: Path, mine: Held) -> None:
    assert run(tmp_path, mine, "spawns=60", "exit=0") == Ended(0)
    assert gone(int((tmp_path / "1" / "child.txt").read_text("utf-8")))


def test_an_attempt_that_is_killed_has_no_code_and_may_be_tried_again(tmp_path: Path, mine: Held) -> None:
    class Killing(Processes):
        def _start(self, *given: object) -> subprocess.Popen[bytes]:
            child = super()._start(*given)  # type: ignore[arg-type]
            os.kill(child.pid, signal.SIGKILL)
            return child

    (tmp_path / "1").mkdir()
    asked = attempt(tmp_path, "seconds=60")
    ended = Killing(LIGHT).run(JOB, asked, tmp_path / "1", timeout=30, held=mine)
    assert ended == Ended(None, "it was killed by SIGKILL")
    assert ended.passes


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Terminated(), LostError("beta has it")])
def test_whatever_ends_the_wait_ends_the_attempt_first(
    tmp_path: Path, mine: Held, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def stopped(*_given: object) -> bool:
        raise error

    listens = signal.getsignal(signal.SIGINT)  # ignored, where the suite runs in the background
    monkeypatch.setattr(runners, "_wait", stopped)
    with pytest.raises(type(error)):
        run(tmp_path, mine, "seconds=60")
    process = process_of(tmp_path / "1")
    assert process is None or lives(process) is False
    assert signal.getsignal(signal.SIGINT) is listens


def test_a_second_ctrl_c_does_not_leave_the_attempt_half_ended(
    tmp_path: Path, mine: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening: list[object] = []

    class Looking(Processes):
        def _end(self, child: subprocess.Popen[bytes]) -> None:
            listening.extend(map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)))
            super()._end(child)

    def stopped(*_given: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(runners, "_wait", stopped)
    (tmp_path / "1").mkdir()
    with pytest.raises(KeyboardInterrupt):
        Looking(LIGHT).run(JOB, attempt(tmp_path, "seconds=60"), tmp_path / "1", timeout=30, held=mine)
    assert listening == [signal.SIG_IGN, signal.SIG_IGN]


@pytest.mark.parametrize(("killed", "limit"), [(-signal.SIGKILL, None), (-signal.SIGKILL, 30.0)])
def test_what_an_attempt_wrote_as_its_last_act_counts_though_it_was_killed_after_that(
    tmp_path: Path, killed: int, limit: float | None
) -> None:
    (tmp_path / "exit.json").write_text('{"exit": 0}', "utf-8")
    assert runners._how(tmp_path, killed, limit) == Ended(0)


def test_being_told_to_end_waits_while_a_child_starts(tmp_path: Path, mine: Held) -> None:
    """Else there could be a child that nobody knows of."""
    waiting: list[set[signal.Signals]] = []

    class Looking(Processes):
        def _start(self, *given: object) -> subprocess.Popen[bytes]:
            waiting.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
            return super()._start(*given)  # type: ignore[arg-type]

    (tmp_path / "1").mkdir()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    Looking(LIGHT).run(JOB, attempt(tmp_path, "exit=0"), tmp_path / "1", timeout=30, held=mine)
    assert {signal.SIGTERM, signal.SIGINT} <= waiting[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_an_attempt_ends_itself_some_time_after_its_limit_and_hands_the_lock_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody watches it any more, it or a worker of its own could else hold the lock for ever."""
    timers: list[tuple[int, float]] = []
    monkeypatch.setattr(signal, "setitimer", lambda which, seconds: timers.append((which, seconds)))
    monkeypatch.setattr(signal, "signal", lambda *given: None)
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        about = {"bound": False, "handles": [lock.fileno()], "timeout": 30.0, "host": None}
        (tmp_path / "attempt.json").write_text(json.dumps(about), "utf-8")
        assert attempts.attend(tmp_path, lambda told: 4) == 4
        assert not os.get_inheritable(lock.fileno())
    assert timers == [(signal.ITIMER_REAL, 30.0 + attempts.GRACE)]
    assert finished(tmp_path) == 4


def test_the_lease_is_renewed_while_an_attempt_runs(
    tmp_path: Path, mine: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "RENEW", 0.02)
    os.utime(mine.lease.path, (0, 0))
    assert run(tmp_path, mine, "seconds=0.2") == Ended(0)
    assert mine.lease.path.stat().st_mtime > 0


def test_an_attempt_keeps_the_lock_after_its_tick_and_its_children_do_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with held(home) as mine:
        (tmp_path / "1").mkdir()
        runner = Processes(LIGHT, bound=False)
        asked = attempt(tmp_path, "spawns=60", "says=ready", "seconds=60")
        runners.write(tmp_path / "1" / "attempt.json", runner._about(asked, 60, mine))
        child = runner._start(asked, tmp_path / "1", mine)
        log = tmp_path / "1" / "log.txt"
        assert soon(lambda: "ready" in log.read_text("utf-8"), child)
    with pytest.raises(HeldError), held(home):
        pass
    child.kill()
    child.wait()
    with held(home):  # though the grandchild still lives
        pass
    os.killpg(child.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_an_attempt_whose_tick_is_killed_ends_too(tmp_path: Path) -> None:
    script = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import test_schedule_runner as tests
with tests.held(Path({str(tmp_path)!r}) / "home") as mine:
    tests.run(Path({str(tmp_path)!r}), mine, "seconds=60")
"""
    tick = subprocess.Popen([sys.executable, "-c", script])
    assert soon(lambda: process_of(tmp_path / "1") is not None, tick)
    process = process_of(tmp_path / "1")
    assert process is not None
    tick.kill()
    tick.communicate()
    assert gone(process.pid)
    assert finished(tmp_path / "1") in (None, 143)


def test_an_attempt_whose_tick_was_gone_before_it_began_does_nothing(tmp_path: Path, mine: Held) -> None:
    runner = Processes(LIGHT)
    (tmp_path / "1").mkdir()
    asked = attempt(tmp_path, "document=x")
    about = runner._about(asked, 60, mine) | {"parent": 1 if os.getpid() != 1 else 2}
    runners.write(tmp_path / "1" / "attempt.json", about)
    child = runner._start(asked, tmp_path / "1", mine)
    assert child.wait() == 130
    assert not (tmp_path / "1" / "run.json").exists()
    assert not (tmp_path / "1" / "exit.json").exists()


def test_a_command_that_cannot_be_started_is_a_failed_attempt_and_no_crash(
    tmp_path: Path, mine: Held
) -> None:
    (tmp_path / "1").mkdir()
    asked = replace(attempt(tmp_path), cwd=tmp_path / "gone")
    ended = Processes(LIGHT).run(JOB, asked, tmp_path / "1", timeout=5, held=mine)
    assert ended.exit is None
    assert "could not be started" in ended.reason


def test_the_real_attempt_runs_the_real_command_line(tmp_path: Path, mine: Held) -> None:
    (tmp_path / "1").mkdir()
    asked = attempt(tmp_path, "audit", "nowhere.csv", "--sensitive", "race", "--output", str(tmp_path / "1"))
    ended = Processes().run(JOB, asked, tmp_path / "1", timeout=60, held=mine)
    assert ended.exit == 2
    assert ended.reason.startswith("nowhere.csv: there is no such file")
    assert known(json.loads((tmp_path / "1" / "process.json").read_text("utf-8")))


def test_modules_in_the_user_s_folder_are_not_taken_for_the_library_s(tmp_path: Path, mine: Held) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(99)", "utf-8")
    (tmp_path / "toolkit").mkdir()
    (tmp_path / "toolkit" / "__init__.py").write_text("raise SystemExit(98)", "utf-8")
    (tmp_path / "1").mkdir()
    asked = attempt(tmp_path, "audit", "--help")
    assert Processes().run(JOB, asked, tmp_path / "1", timeout=60, held=mine) == Ended(0)
