"""Have this machine call the tick: what will be written and run, shown first, and what takes it away again.

One timer, or one line of the crontab, calls ``toolkit schedule run-due`` every ten minutes; the zone, the
rhythm, the retries and the catching up of every job are the tick's own. The plan is made of steps, so that
what is shown is what is done. Tried with recording stand-ins of ``systemctl`` and ``crontab``, and by
``systemd-analyze verify``; a live user manager was not at hand, so that its timer elapses was never seen.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.journal import write_atomic
from toolkit.records import BadInputError

MANAGERS = ("systemd", "crontab")
NO_PROGRAM = 127  # as a shell has it
ALIVE = ("systemctl", "--user", "show-environment")
LISTED = ("crontab", "-l")
RELOAD = ("systemctl", "--user", "daemon-reload")


@dataclass(frozen=True)
class Write:
    """Write a file, or remove it where `text` is None."""

    path: Path
    text: str | None

    def shown(self) -> str:
        """Say what will be done."""
        if self.text is None:
            return f"remove {self.path}\n"
        return f"write {self.path}\n" + "".join(f"    {line}\n" for line in self.text.splitlines())


@dataclass(frozen=True)
class Call:
    """Run a command, with `given` on its standard input.

    Attributes
    ----------
    change : str
        What it changes, line by line, for who reads the plan.
    before : bytes or None
        The crontab that the plan was made for; another one would be lost.
    """

    words: tuple[str, ...]
    given: bytes | None = None
    change: str = ""
    before: bytes | None = None

    def shown(self) -> str:
        """Say what will be done."""
        return f"run {' '.join(self.words)}\n" + "".join(f"    {line}\n" for line in self.change.splitlines())


@dataclass(frozen=True)
class Plan:
    """What will be done, in order; no steps where nothing is left to do."""

    manager: str
    steps: tuple[Write | Call, ...]
    notes: tuple[str, ...] = field(default=())

    def shown(self) -> str:
        """Say every step."""
        return "".join(step.shown() for step in self.steps)


def called(words: Sequence[str], given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a command and return how it ended; a program that is not there ends with `NO_PROGRAM`."""
    # Messages are read: they must be English.
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(words, input=given, capture_output=True, env=environment, check=False)
    except OSError as error:
        said = f"{error.strerror}: {words[0]}".encode()
        return subprocess.CompletedProcess(list(words), NO_PROGRAM, b"", said)


def manager_here() -> str:
    """Return ``"systemd"`` where a user manager answers, else ``"crontab"``."""
    return "systemd" if called(ALIVE).returncode == 0 else "crontab"


def carry_out(plan: Plan) -> None:
    """Do every step; where one fails, files that were written are as they were before.

    Raises
    ------
    BadInputError
        Naming the command that failed, its exit code and what it said; or if the crontab is no longer the one
        that the plan was made for.
    """
    before: list[Write] = []
    for step in plan.steps:
        if isinstance(step, Write):
            before.insert(0, Write(step.path, text_of(step.path)))
            _put(step)
            continue
        if step.before is not None and called(LISTED).stdout != step.before:
            raise BadInputError("the crontab was changed meanwhile and is left alone; try again")
        ended = called(step.words, step.given)
        if ended.returncode:
            _take_back(before)
            said = ended.stderr.decode("utf-8", "replace").strip() or "nothing"
            back = "; what had been written was taken back" if before else ""
            raise BadInputError(
                f"{' '.join(step.words)} ended with {ended.returncode} and said {said!r}{back}; mend that "
                "and try again, or use `toolkit schedule serve`"
            )


def text_of(path: Path) -> str | None:
    """Return the text of a file, None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _put(step: Write) -> None:
    if step.text is None:
        step.path.unlink(missing_ok=True)
        return
    step.path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(step.path, step.text)


def _take_back(before: Iterable[Write]) -> None:
    """Put files back, and let the manager read what stands there now; that it may fail as well is no news."""
    restored = list(before)
    for step in restored:
        _put(step)
    if restored:
        called(RELOAD)
