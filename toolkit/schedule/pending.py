"""A run that is not finished: what it is for, which attempts ended, when to try again.

This state is mutable and replaceable: it stands in ``attempts/<job>/<id>.json``, and where that file is
damaged it is made again from what the attempts themselves left in their staging folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.history.instants import instant_of, iso, moment_of
from toolkit.schedule.home import Home, forget_empty, read, set_aside, write
from toolkit.schedule.jobs import Job
from toolkit.schedule.outcomes import Ended

SCHEMA = "toolkit.attempts/1"
ABOUT = "attempt.json"
STOPS = 5  # how often a run that is stopped from outside begins again, besides the job's own retries


@dataclass(frozen=True)
class Tried:
    """One attempt that ended; times are ISO."""

    number: int
    host: str
    pid: int | None
    started: str
    ended: str | None
    exit: int | None
    reason: str
    stopped: bool = False
    timed_out: bool = False

    def told(self) -> dict[str, Any]:
        """Return it as a record tells it."""
        plain = asdict(self)
        return {key: plain[key] for key in ("number", "host", "pid", "started", "ended", "exit", "reason")}

    @property
    def how(self) -> Ended:
        """How it ended."""
        return Ended(self.exit, self.reason, self.timed_out, self.stopped)


@dataclass(frozen=True)
class Pending:
    """A run that is not finished.

    Attributes
    ----------
    id : str
        The due instant, or the start of a run by hand.
    due : str or None
        ISO; None by hand.
    source : str
        The configuration file that has the job.
    folder : str
        Where its report will stand, from the root or whole.
    command : tuple of str
        As a reader would type it.
    gate : tuple of str
        The job's, for the exit of whoever finishes the run.
    next_try : str or None
        ISO; None before the first attempt.
    """

    job: str
    id: str
    due: str | None
    source: str
    folder: str
    command: tuple[str, ...]
    gate: tuple[str, ...] = ()
    attempts: tuple[Tried, ...] = ()
    next_try: str | None = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody asked for it; then it is tried once."""
        return self.due is None

    @property
    def at(self) -> datetime:
        """The instant it is for, or its start."""
        return instant_of(self.due) if self.due else moment_of(self.id)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"schema": SCHEMA} | asdict(self)

    def ended(self, tried: Tried, *, retries: int, backoff: float, now: datetime) -> Pending | None:
        """Return what comes after an attempt: the state with the time of the next, None if there is none.

        The wait doubles with every failure of the job's own. What was stopped from outside is tried again at
        once, for nobody waited for anything to pass.
        """
        attempts = (*self.attempts, tried)
        stops = sum(one.stopped for one in attempts)
        failures = len(attempts) - stops
        if self.by_hand or not tried.how.passes or failures > retries or stops > STOPS:
            return None
        wait = 0.0 if tried.stopped else backoff * 2.0 ** (failures - 1)
        return replace(self, attempts=attempts, next_try=iso(now + timedelta(seconds=wait)))

    def waits(self, now: datetime, backoff: float) -> bool:
        """Whether its next attempt is still to come.

        A wait longer than ever was asked for means that the clock went back: then it has waited enough.
        """
        if self.next_try is None:
            return False
        failures = max(1, sum(not one.stopped for one in self.attempts))
        left = (instant_of(self.next_try) - now).total_seconds()
        return 0 < left <= backoff * 2.0 ** (failures - 1)


def first(job: Job, run: str, due: datetime | None, *, home: Home) -> Pending:
    """Return the state of a run of which nothing was tried yet; its folder is one that is free."""
    folder = job.folder(home.root)
    place, more = folder / run, 1
    while place.exists():
        more += 1
        place = folder / f"{run}-{more}"
    return Pending(
        job.name,
        run,
        iso(due) if due else None,
        str(job.source.resolve()),
        home.relative(place),
        ("toolkit", *job.run),
        job.gate,
    )


def load(home: Home, job: str, run: str) -> tuple[Pending | None, str]:
    """Read the state of a run, and what there is to say: a damaged file is set aside and made again.

    None where nothing can be known, and then nothing was begun either.
    """
    path = home.attempts(job, run)
    said = ""
    try:
        plain = read(path)
        if plain is not None:
            return _known(plain, job, run), ""
    except (ValueError, KeyError, TypeError):
        aside = set_aside(path)
        said = f"{path}: the state of this run was damaged; it is kept as {aside.name} and was made again"
    return _from_staging(home, job, run), said


def peek(home: Home, job: str, run: str) -> Pending | None:
    """Read the state of a run and touch nothing; None where it cannot be read."""
    try:
        return _known(read(home.attempts(job, run)), job, run)
    except (ValueError, KeyError, TypeError):
        return _from_staging(home, job, run)


def save(home: Home, pending: Pending) -> None:
    """Write the state down."""
    write(home.attempts(pending.job, pending.id), pending.plain())


def forget(home: Home, job: str, run: str) -> None:
    """Remove the state, for the run has its record."""
    path = home.attempts(job, run)
    path.unlink(missing_ok=True)
    forget_empty(path.parent, above=home.path)


def numbers(home: Home, job: str, run: str) -> list[int]:
    """Return the numbers of the attempts that have a staging folder, in order."""
    folder = home.staging(job, run)
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def _from_staging(home: Home, job: str, run: str) -> Pending | None:
    """Make the state again from the newest attempt that says what it is for."""
    for number in reversed(numbers(home, job, run)):
        try:
            about = read(home.staging(job, run, number) / ABOUT)
            return _known(about["pending"], job, run)
        except (ValueError, KeyError, TypeError):
            continue
    return None


def _known(plain: Any, job: str, run: str) -> Pending:
    """Read the state from plain data.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is none, or another run's.
    """
    if not isinstance(plain, Mapping) or plain["schema"] != SCHEMA:
        raise ValueError("this is no state of a run")
    if (plain["job"], plain["id"]) != (job, run):
        raise ValueError("this is the state of another run")
    fields = {key: value for key, value in plain.items() if key != "schema"}
    fields["attempts"] = tuple(Tried(**one) for one in plain["attempts"])
    found = Pending(**fields | {key: tuple(plain[key]) for key in ("command", "gate")})
    for text in (found.due, found.next_try):
        if text is not None:
            instant_of(text)
    if not isinstance(found.folder, str) or not isinstance(found.source, str):
        raise TypeError("folder and source are paths")
    return found


def path_of(home: Home, pending: Pending) -> Path:
    """Return where the report of a run will stand."""
    return home.absolute(pending.folder)
