"""A cron expression taken apart, so that it can be said in another language without changing its instants.

cronsim reads the expression (as the tick does); here its sets become lists, ranges and steps again. The
rule of cron's two day fields is settled once: where both are restricted and neither begins with a star, a
day that fits *either* fits (crontab(5)); where one begins with a star, *both* must fit. Other schedulers
differ exactly there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Literal

from cronsim import CronSim

from toolkit.schedule.cron import parsed
from toolkit.schedule.due import instants

DAYS = frozenset(range(1, 32))
WEEKDAYS = frozenset(range(7))
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
Rule = Literal["every", "day", "weekday", "either", "both"]


@dataclass(frozen=True)
class Expression:
    """What a five-field cron expression says.

    Attributes
    ----------
    fields
        The five fields as written, upper case.
    minutes, hours, months, days
        Values in their ranges (0-59, 0-23, 1-12, 1-31).
    weekdays
        0-6, Sunday 0.
    rule
        Which of the day fields decides: none, one, either or both.
    last_day, last_working_day
        ``L`` and ``LW`` in the day field.
    nth
        (weekday, n) pairs: ``1#2`` is (1, 2), ``5L`` is (5, -1).
    """

    fields: tuple[str, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    days: tuple[int, ...]
    weekdays: tuple[int, ...]
    rule: Rule
    last_day: bool
    last_working_day: bool
    nth: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, text: str) -> Expression:
        """Read an expression.

        Raises
        ------
        BadInputError
            If it cannot be read (`toolkit.schedule.cron.parsed`).
        """
        read = parsed(text).read
        nth = sorted({(d % 7, -1 if n == CronSim.LAST else n) for d, n in _pairs(read.weekdays)})
        days = {d for d in read.days if isinstance(d, int) and d > 0}
        weekdays = {d % 7 for d in read.weekdays if isinstance(d, int)}
        return cls(
            fields=tuple(text.upper().split()),
            minutes=tuple(sorted(read.minutes)),
            hours=tuple(sorted(read.hours)),
            months=tuple(sorted(read.months)),
            days=tuple(sorted(days)),
            weekdays=tuple(sorted(weekdays)),
            rule=_rule(all_days=days >= DAYS, all_weekdays=weekdays >= WEEKDAYS, both=read.day_and),
            last_day=CronSim.LAST in read.days,
            last_working_day=CronSim.LAST_WEEKDAY in read.days,
            nth=tuple(nth),
        )

    @property
    def extended(self) -> str:
        """The sign in it that plain cron does not know (``L``, ``LW`` or ``#``), or nothing."""
        in_days = self.rule in {"day", "either", "both"}
        in_weekdays = self.rule in {"weekday", "either", "both"}
        if in_days and (self.last_day or self.last_working_day):
            return "LW" if self.last_working_day else "L"
        if in_weekdays and self.nth:
            return "L" if self.nth[0][1] == -1 else "#"
        return ""

    def plain(self) -> str:
        """Return the same instants as all crons read them: numbers, lists, ranges, steps, Sunday 0.

        Raises
        ------
        ValueError
            If plain cron cannot say it, or the schedulers disagree on what it would mean.
        """
        if self.extended:
            raise ValueError(f"{self.extended!r} in {' '.join(self.fields)!r} is no sign of plain cron")
        if self.rule == "both":
            raise ValueError(
                f"in {' '.join(self.fields)!r} a day must fit both day fields, because one begins with a "
                "star; other schedulers read it as either"
            )
        day, weekday = "*", "*"
        if self.rule in {"day", "either"}:
            day = listed(self.days)
        if self.rule in {"weekday", "either"}:
            weekday = listed(self.weekdays)
        month = "*" if len(self.months) == 12 else listed(self.months)
        return " ".join((_kept(self.fields[0], 59), _kept(self.fields[1], 23), day, month, weekday))

    def crontab(self) -> str:
        """Return it as Debian's cron and cronie read it; their rule of the two day fields is ours.

        Raises
        ------
        ValueError
            If it holds ``L``, ``LW`` or ``#``, which they do not know.
        """
        minute, hour, day, month, weekday = self.fields
        said = (
            _kept(minute, 59),
            _kept(hour, 23),
            _kept(day, 31),
            _kept(_numbered(month, MONTH_NAMES, 1), 12),
            _kept(_numbered(weekday, WEEKDAY_NAMES, 0), 7),
        )
        strange = re.search(r"[A-Z#]+", " ".join(said))
        if strange:
            raise ValueError(f"{strange[0]!r} in {' '.join(self.fields)!r} is no sign of plain cron")
        return " ".join(said)

    def shortest(self) -> timedelta:
        """Return the shortest time between two of its instants, of two hundred from a fixed day on."""
        some = islice(instants(" ".join(self.fields), "UTC", datetime(2026, 1, 1, tzinfo=UTC)), 200)
        return min((b - a for a, b in pairwise(some)), default=timedelta(days=366))


def _pairs(items: Iterable[object]) -> list[tuple[int, int]]:
    return [item for item in items if isinstance(item, tuple)]


def _rule(*, all_days: bool, all_weekdays: bool, both: bool) -> Rule:
    """Say which day field decides; a full one decides nothing under "both" and everything under "either"."""
    if both:
        table: dict[tuple[bool, bool], Rule] = {
            (True, True): "every",
            (True, False): "weekday",
            (False, True): "day",
            (False, False): "both",
        }
        return table[all_days, all_weekdays]
    return "every" if all_days or all_weekdays else "either"


def _kept(field: str, high: int) -> str:
    """Keep a field of numbers, term by term; ``5/15`` is cronsim's own and becomes ``5-59/15``.

    A star in front stays in front: it decides what a change of summer time does to the job.
    """
    return ",".join(re.sub(r"^(\d+)(-\1)?/", rf"\1-{high}/", term) for term in field.split(","))


def _numbered(field: str, names: tuple[str, ...], first: int) -> str:
    """Replace names by numbers: many crons know no ranges or lists of names."""
    return re.sub(r"[A-Z]{3}", lambda m: str(names.index(m[0]) + first) if m[0] in names else m[0], field)


def listed(values: tuple[int, ...]) -> str:
    """Return values as numbers, ranges and steps, without a star: 7-57/10, 1-5, 0,6."""
    if len(values) >= 3:
        step = values[1] - values[0]
        if all(b - a == step for a, b in pairwise(values)):
            return f"{values[0]}-{values[-1]}" + (f"/{step}" if step > 1 else "")
    return ",".join(_runs(values))


def _runs(values: tuple[int, ...]) -> list[str]:
    """Return ranges of neighbours: (1, 2, 3, 7) is 1-3 and 7."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return [str(a) if a == b else f"{a},{b}" if b == a + 1 else f"{a}-{b}" for a, b in runs]
