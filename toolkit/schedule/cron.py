"""A cron expression of five fields: what it names on the wall clock, whatever the zone.

cronsim reads the fields and matches the days, by the rules of Debian's cron: where the day of the month or
the day of the week begins with ``*`` both must match, otherwise either is enough. It also reads ``L`` and
``LW`` (the last day, the last weekday of a month), ``5L`` (the last Friday) and ``MON#2`` (the second
Monday).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import product

from cronsim import CronSim, CronSimError

from toolkit.records import BadInputError

FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
RANGES = ("0-59", "0-23", "1-31, L or LW", "1-12 or JAN-DEC", "0-7 or SUN-SAT")
EXAMPLE = '"17 3 * * 1" is Monday at 03:17'
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
CALENDAR = 146_097  # days of 400 years: a whole number of weeks, after which the calendar repeats itself
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cron:
    """An expression that was read.

    Attributes
    ----------
    fixed : bool
        Whether neither the minute nor the hour begins with ``*``: a job for a time of day, which a change of
        clocks neither leaves out nor doubles. Debian's cron draws the line there.
    times : tuple of (hour, minute)
        In rising order.
    """

    text: str
    fixed: bool
    times: tuple[tuple[int, int], ...]
    read: CronSim

    def walls(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the matching minutes of a wall clock without a zone, ``start <= minute < end``, rising."""
        day = start.date()
        while day <= end.date():
            if day.month not in self.read.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self.read.match_day(day):
                for hour, minute in self.times:
                    wall = datetime(day.year, day.month, day.day, hour, minute)
                    if wall >= end:
                        return
                    if wall >= start:
                        yield wall
            day += ONE_DAY

    @property
    def words(self) -> str:
        """Say it in English, as cronsim does."""
        return str(self.read.explain())


@lru_cache(maxsize=256)
def parsed(text: str) -> Cron:
    """Read a cron expression.

    Raises
    ------
    BadInputError
        If it has not five fields, a field cannot be read, or no day of the calendar matches it.
    """
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise BadInputError(_miscounted(text, fields))
    at = datetime(2000, 1, 1)
    for place, field in enumerate(fields):
        alone = ["*"] * len(FIELDS)
        alone[place] = field
        try:
            CronSim(" ".join(alone), at)
        except (CronSimError, ValueError, AssertionError, TypeError):
            raise BadInputError(
                f"the {FIELDS[place]} {field!r} cannot be read; it takes {RANGES[place]}, *, lists 1,2, "
                "ranges 1-5 and steps */15"
            ) from None
    never = BadInputError(f"{text!r} never comes: no day of any year matches it; check its day and month")
    try:
        read = CronSim(text, at)
    except CronSimError:
        raise never from None
    if not _comes(read):
        raise never
    times = tuple(product(sorted(read.hours), sorted(read.minutes)))
    return Cron(text, not (fields[0].startswith("*") or fields[1].startswith("*")), times, read)


def _miscounted(text: str, fields: list[str]) -> str:
    """Say what to write instead of an expression that has not five fields."""
    if text.strip().lower() in NICKNAMES:
        return f"{text.strip()!r} is a name, not five fields; write {NICKNAMES[text.strip().lower()]!r}"
    if text.strip().startswith("@"):
        return f"{text.strip()!r} names no times; write five fields: {EXAMPLE}"
    order = "minute, hour, day of the month, month, day of the week"
    seconds = " (there are no seconds: drop the first)" if len(fields) == len(FIELDS) + 1 else ""
    counted = f"{len(fields)} field{'' if len(fields) == 1 else 's'}"
    return f"{text!r} has {counted}, not five{seconds}; write {order}: {EXAMPLE}"


def _comes(read: CronSim) -> bool:
    """Tell whether any day matches: exact, because the calendar repeats itself every 400 years."""
    first = date(2000, 1, 1).toordinal()
    days = map(date.fromordinal, range(first, first + CALENDAR))
    return any(day.month in read.months and read.match_day(day) for day in days)
