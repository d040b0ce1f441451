"""Run one attempt in a process group of its own, within its time, and leave nothing of it running."""

from __future__ import annotations

import os
import signal
import site
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from toolkit.schedule.attempt import ABOUT, EXIT, LOG, PROCESS
from toolkit.schedule.home import read, write
from toolkit.schedule.jobs import Job
from toolkit.schedule.lease import RENEW
from toolkit.schedule.lock import Held
from toolkit.schedule.log import reason
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.process import Process, known

GRACE = 15.0  # seconds between being asked to end and being killed
POSIX = os.name == "posix"
STOPS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Attempt:
    """What one attempt is to run.

    Attributes
    ----------
    started : str
        ISO.
    arguments : tuple of str
        After ``toolkit``: the job's own, and where to write.
    typed : tuple of str
        The command as a reader would type it.
    cwd : Path
        The folder of the configuration file, from which a job's paths are taken.
    pending : mapping
        The state of the run before this attempt, in case its file is lost.
    """

    number: int
    started: str
    arguments: tuple[str, ...]
    typed: tuple[str, ...]
    cwd: Path
    pending: Mapping[str, Any]


class Runner(Protocol):
    """Whatever can run an attempt; it renews the lease while it waits."""

    def run(self, job: Job, attempt: Attempt, staging: Path, *, timeout: float, held: Held) -> Ended:
        """Run an attempt in its staging folder and return how it ended."""
        ...


@dataclass(frozen=True)
class Processes:
    """The real runner: a child of this interpreter.

    Attributes
    ----------
    command : tuple of str
        What to start instead, with the staging folder as its last argument.
    grace : float
        Seconds between TERM and KILL.
    bound : bool
        Whether the child is to end with this process, where the system can do that.
    """

    command: tuple[str, ...] = ()
    grace: float = GRACE
    bound: bool = POSIX

    def run(self, job: Job, attempt: Attempt, staging: Path, *, timeout: float, held: Held) -> Ended:  # noqa: ARG002 - other runners may want to know the job
        """Start the child and wait; whatever ends the wait ends the child's whole group."""
        write(staging / ABOUT, self._about(attempt, timeout, held))
        child: subprocess.Popen[bytes] | None = None
        try:
            with _deaf():
                try:
                    child = self._start(attempt, staging, held)
                except OSError as error:  # no memory, no more processes, the job's folder is gone
                    return Ended(None, f"it could not be started: {error.strerror} ({error.filename})")
            in_time = _wait(child, timeout, held)
            if not in_time:
                self._end(child)
        except BaseException:
            if child is not None:
                with _undisturbed():
                    self._end(child)
            raise
        _kill_group(child)  # workers that outlive their leader
        return _how(staging, child.returncode, None if in_time else timeout)

    def _start(self, attempt: Attempt, staging: Path, held: Held) -> subprocess.Popen[bytes]:
        """Start the child as the leader of a session, so that it and its workers can be reached together."""
        handles = [] if held.handle is None else [held.handle]
        with (staging / LOG).open("ab") as log:
            return subprocess.Popen(
                [*(self.command or _python()), str(staging)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=attempt.cwd,
                env=_environment(),
                pass_fds=handles,
                start_new_session=POSIX,
            )

    def _about(self, attempt: Attempt, timeout: float, held: Held) -> dict[str, Any]:
        return {
            "started": attempt.started,
            "arguments": attempt.arguments,
            "typed": attempt.typed,
            "timeout": timeout,
            "handles": [] if held.handle is None else [held.handle],
            "bound": self.bound,
            "parent": os.getpid(),
            "host": held.me.host,
            "pending": attempt.pending,
        }

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        """Ask the child to end, and then its group not to be there any more."""
        _signal(child, signal.SIGTERM)
        try:
            child.wait(self.grace)
        except subprocess.TimeoutExpired:
            _kill_group(child)
            child.wait()


def _how(staging: Path, code: int, limit: float | None) -> Ended:
    """Say how an attempt ended.

    What it wrote as its last act counts: it may have finished while it was being told to end.
    """
    said = finished(staging)
    if said is not None:
        code = said
    if limit is not None and said != 0:
        return Ended(None, f"it ran past its limit of {limit:g} s and was ended", timed_out=True)
    if code < 0:
        return Ended(None, f"it was killed by {_named(-code)}")
    if code in (0, 1, 4):
        return Ended(code)
    return Ended(code, reason(staging) or f"it ended with exit code {code}")


def process_of(staging: Path) -> Process | None:
    """Return the process that an attempt said it is; None where it did not come so far."""
    try:
        return known(read(staging / PROCESS))
    except (ValueError, OSError):
        return None


def finished(staging: Path) -> int | None:
    """Return the exit code that an attempt left as its last act; None if it did not come so far."""
    try:
        plain = read(staging / EXIT)
    except ValueError:
        return None
    code = plain.get("exit") if isinstance(plain, Mapping) else None
    return code if isinstance(code, int) else None


def _wait(child: subprocess.Popen[bytes], timeout: float, held: Held) -> bool:
    """Wait for the child and renew the lease meanwhile; False where the time is over.

    Time is this machine's own running time: a suspended machine does not use up a job's limit.
    """
    until = time.monotonic() + timeout
    while (left := until - time.monotonic()) > 0:
        with suppress(subprocess.TimeoutExpired):
            child.wait(min(left, RENEW))
            return True
        held.renew()
    return child.poll() is not None


def _python() -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "toolkit.schedule.attempt")


def _environment() -> dict[str, str]:
    """Return what the child inherits: our environment, its output unbuffered, a trace where it crashes.

    It starts in a folder of the user's, which must not be searched for modules (-P); where this package is
    run from a checkout, that has to be told.
    """
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", "NO_COLOR": "1"}
    here = str(Path(__file__).parents[2])
    if here not in site.getsitepackages():
        paths = [path for path in (environment.get("PYTHONPATH"), here) if path]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


@contextmanager
def _deaf() -> Iterator[None]:
    """Let being told to end wait while a child starts: otherwise there could be one that nobody knows.

    The child inherits that, and listens again first thing (`toolkit.schedule.attempt.attend`).
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep a second Ctrl-C or TERM from leaving the child behind half-ended; KILL still can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    if POSIX:
        _signal(child, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the child and its whole group; who is gone already needs none."""
    with suppress(ProcessLookupError, PermissionError):
        if POSIX:
            os.killpg(child.pid, number)
        else:
            child.terminate()


def _named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
