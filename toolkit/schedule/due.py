"""Which instants a cron expression names in a zone, and which of them is due.

Change of clocks, as Debian's cron has it (cron(8), "Daylight Saving Time and other time changes"):

- a time of day (neither minute nor hour begins with ``*``) that is skipped comes once, at the first minute
  after the gap; one that the clock shows twice comes the first time only;
- anything else follows the wall clock: what is skipped is left out, what is shown twice comes twice.

Debian's cron runs every skipped time of day on its own; here those of one gap are one instant, and it limits
this to changes under three hours, which here hold for every change. The arithmetic is over stretches of
constant offset from UTC, so that instants do not depend on where the search begins: cronsim 0.15 assumes
changes of whole hours, and leaves out instants at Lord Howe Island, whose clocks change by thirty minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from toolkit.records import BadInputError
from toolkit.schedule.cron import Cron, parsed

LOOKBACK = timedelta(days=3)  # longer than any change of clocks: Samoa skipped a whole day in 2011
HORIZON = timedelta(days=50 * 366)  # 29 February on one weekday is at most 40 years apart
BLOCK = timedelta(days=31)
ONE_DAY = timedelta(days=1)
SPAN = timedelta(days=400)
CYCLE = timedelta(days=28 * 366)
ENOUGH = 5000
END = datetime(9990, 1, 1, tzinfo=UTC)
MINUTE = 60


class Timed(Protocol):
    """What of a job says when it is due."""

    @property
    def name(self) -> str: ...  # noqa: D102 - a field of Job
    @property
    def cron(self) -> str: ...  # noqa: D102
    @property
    def timezone(self) -> str: ...  # noqa: D102
    @property
    def jitter(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Misses:
    """A range of instants that nobody will run: the first, the last, and how many in all."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True)
class Due:
    """What is due of a job.

    Attributes
    ----------
    latest : datetime or None
        The newest unanswered instant whose time (with its jitter) has come.
    missed : Misses or None
        The unanswered instants before `latest`.
    pending : datetime or None
        An instant that has come and still waits for its jitter.
    cut : bool
        Whether there may be misses more than 400 days old, which are not counted.
    """

    latest: datetime | None = None
    missed: Misses | None = None
    pending: datetime | None = None
    cut: bool = False

    @property
    def given_up(self) -> Misses | None:
        """The misses with the latest instant among them, for a job that does not catch up."""
        if self.latest is None:
            return None
        if self.missed is None:
            return Misses(self.latest, self.latest, 1)
        return Misses(self.missed.first, self.latest, self.missed.count + 1)


def instants(cron: str, zone: str, after: datetime, until: datetime | None = None) -> Iterator[datetime]:
    """Yield the instants of a cron expression, strictly rising, ``after < instant <= until``, in UTC.

    Without `until` it goes on as long as the next instant is less than fifty years away.

    Raises
    ------
    BadInputError
        If the expression cannot be read.
    """
    expression, last = parsed(cron), after.astimezone(UTC)
    end = END if until is None else min(END, until.astimezone(UTC) + timedelta(seconds=1))
    for instant in _every(expression, ZoneInfo(zone), last - LOOKBACK, end, last):
        if until is not None and instant > until:
            return
        yield instant


def _every(cron: Cron, zone: ZoneInfo, start: datetime, end: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the instants in ``(last, end)``, walking the stretches from `start` on."""
    shown: datetime | None = None  # how far the wall clock had come before this stretch
    for begin, stop, offset in _stretches(zone, start, end):
        if begin - last > HORIZON:
            return
        low, high = (moment.replace(tzinfo=None) + offset for moment in (begin, stop))
        skipped = shown is not None and shown < low and next(cron.walls(shown, low), None) is not None
        if cron.fixed and skipped and begin > last:
            last = begin
            yield begin
        first = max(low, shown) if cron.fixed and shown is not None else low
        for wall in cron.walls(first, high):
            instant = (wall - offset).replace(tzinfo=UTC)
            if instant > last:
                last = instant
                yield instant
        shown = high if shown is None else max(high, shown)


def _stretches(
    zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut ``[start, end)`` where the offset from UTC changes, and at least every 31 days."""
    begin, at, offset = start, start, _offset(zone, start)
    while at < end:
        ahead = min(at + ONE_DAY, end)
        changed = _offset(zone, ahead) != offset
        if changed:
            ahead = _change(zone, at, ahead)
        if changed or ahead - begin >= BLOCK or ahead == end:
            yield begin, ahead, offset
            begin, offset = ahead, _offset(zone, ahead)
        at = ahead


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Find the first second at which the offset is no longer that of `low`."""
    before = _offset(zone, low)
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (low, middle) if _offset(zone, middle) != before else (middle, high)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def offset(job: Timed, due: datetime) -> timedelta:
    """Return how long after `due` a job starts: whole seconds in ``[0, jitter)``, the same for ever.

    It is the SHA-256 of the job's name and the instant, so that jobs of one minute spread, on every machine
    alike, and a tick that is repeated decides alike.
    """
    if job.jitter <= 1:
        return timedelta(0)
    digest = hashlib.sha256(f"{job.name}\n{due.astimezone(UTC):%Y%m%dT%H%M%SZ}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % job.jitter)


def due_now(job: Timed, last: datetime, at: datetime, has: Callable[[datetime], bool] | None = None) -> Due:
    """Return what is due of a job at a time.

    Parameters
    ----------
    job : Timed
        A job: its cron, timezone and jitter.
    last : datetime
        The newest answered instant that is not after `at`, or when the job was first seen.
    at : datetime
        Now. A clock that jumped back makes the range empty; one that jumped ahead and came back leaves
        answers after `at`, which count for nothing until then.
    has : callable, optional
        Tells whether an instant is answered. It is asked for every instant of the range, so give it a set's
        membership and not a query. Counting begins anew after each answered instant.

    Returns
    -------
    Due
        Instants older than 400 days are not looked at (`Due.cut` says so); nothing is stored, only counted.
    """
    floor = max(last, at - SPAN)
    first = before = latest = pending = None
    count = 0
    for due in instants(job.cron, job.timezone, floor, at):
        if has is not None and has(due):
            first = before = latest = pending = None
            count = 0
        elif job.jitter and due + offset(job, due) > at:
            pending = pending or due
        else:
            first, before, latest, count = first or due, latest, due, count + 1
    missed = Misses(first, before, count - 1) if first and before else None
    # A job for 29 February has nothing to be missed in most spans of this length.
    cut = floor > last and next(instants(job.cron, job.timezone, last, floor), None) is not None
    return Due(latest, missed, pending, cut)


def next_due(job: Timed, at: datetime) -> datetime:
    """Return the first instant whose start, its jitter included, is after `at`.

    Raises
    ------
    BadInputError
        If there is none within fifty years.
    """
    for due in instants(job.cron, job.timezone, at - timedelta(seconds=job.jitter)):
        if due + offset(job, due) > at:
            return due
    raise BadInputError(f"job {job.name!r}: {job.cron!r} does not come within fifty years in {job.timezone}")


def shortest_gap(cron: str, zone: str, after: datetime) -> int | None:
    """Return the shortest distance between two instants after a time, in seconds.

    At least 400 days are looked at, with their changes of clocks; then on to 28 years, after which weekdays
    and leap days repeat themselves, but to no more than 5000 instants: what comes so often has shown its
    distances by then. None where there are fewer than two instants.
    """
    shortest, before = None, None
    for number, instant in enumerate(instants(cron, zone, after, after + CYCLE)):
        if number > ENOUGH and instant > after + SPAN:
            break
        if before is not None:
            gap = int((instant - before).total_seconds())
            shortest = gap if shortest is None else min(shortest, gap)
            if shortest <= MINUTE:
                break
        before = instant
    return shortest
