"""A cron expression in systemd's words: lines of ``OnCalendar=`` that together name the same instants.

Sources: systemd.time(7), "Calendar Events"; crontab(5) for the rule of the two day fields. systemd joins
weekday and date by *and*; cron joins them by *or* where both are restricted. So "or" becomes two lines: a
timer elapses when any of its lines does, and once where two lines name the same instant.
"""

from __future__ import annotations

from toolkit.schedule.exports.expression import Expression

LAST_WEEK = "~01,02,03,04,05,06,07"
NAMES = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def lines(expression: Expression, zone: str) -> list[str]:
    """Return the calendar events of an expression.

    Parameters
    ----------
    expression
        What cron says.
    zone
        IANA name of the time zone; systemd takes it as the last word.

    Returns
    -------
    list of str
        One or more events; the instants are those of all of them together.

    Raises
    ------
    ValueError
        Where a day must fit both fields and one of them counts from the end of the month.
    """
    month = _set(expression.months, 12)
    clock = f"{_set(expression.hours, 24)}:{_set(expression.minutes, 60)}:00 {zone}"
    return [f"{week} *-{month}{day} {clock}".lstrip() for week, day in _days(expression)]


def _days(expression: Expression) -> list[tuple[str, str]]:
    """Return (weekdays, day of the month) of each line."""
    if expression.rule == "every":
        return [("", "-*")]
    if expression.rule == "both":
        return _both(expression)
    found: list[tuple[str, str]] = []
    if expression.rule in {"day", "either"}:
        found += _by_day(expression)
    if expression.rule in {"weekday", "either"}:
        found += _by_weekday(expression)
    return found


def _by_day(expression: Expression) -> list[tuple[str, str]]:
    found = [("", f"-{_set(expression.days)}")] if expression.days else []
    if expression.last_day:
        found.append(("", "~01"))
    if expression.last_working_day:
        # The last day where it is no weekend, else the Friday that has only a Saturday, or a weekend,
        # behind it.
        found += [("Mon..Fri", "~01"), ("Fri", "~02,03")]
    return found


def _by_weekday(expression: Expression) -> list[tuple[str, str]]:
    found = [(_week(expression.weekdays), "-*")] if expression.weekdays else []
    for weekday, nth in expression.nth:
        found.append((NAMES[weekday], LAST_WEEK if nth == -1 else f"-{_week_of_month(nth)}"))
    return found


def _both(expression: Expression) -> list[tuple[str, str]]:
    """Return the lines of a day that must fit the day field and the weekday field."""
    if expression.last_working_day or any(nth == -1 for _, nth in expression.nth):
        raise ValueError(
            f"in {' '.join(expression.fields)!r} a day must fit both day fields, and one counts from the "
            "end of the month"
        )
    found: list[tuple[str, str]] = []
    if expression.weekdays and expression.days:
        found.append((_week(expression.weekdays), f"-{_set(expression.days)}"))
    if expression.weekdays and expression.last_day:
        found.append((_week(expression.weekdays), "~01"))
    for weekday, nth in expression.nth:
        week = range(7 * nth - 6, 7 * nth + 1)
        days = tuple(day for day in expression.days if day in week)
        if days:
            found.append((NAMES[weekday], f"-{_set(days)}"))
        if expression.last_day:
            raise ValueError(
                f"{' '.join(expression.fields)!r} counts days from both ends of the month at once"
            )
    return found


def _week(weekdays: tuple[int, ...]) -> str:
    return ",".join(NAMES[weekday] for weekday in weekdays)


def _week_of_month(nth: int) -> str:
    return f"{7 * nth - 6:02d}..{min(7 * nth, 31):02d}"


def _set(values: tuple[int, ...], whole: int = 0) -> str:
    """Return values in systemd's grammar: ``*`` where all of `whole` are there, else a range or a list.

    Never a step. systemd 252 passes over instants of an open one: ``Fri *-*-01/7`` leaves out Friday, 1
    January 2027, ``00,12,23:00/9 Europe/Berlin`` leaves out midnight, ``Wed *-01/5-02`` ends in "Resource
    deadlock avoided".
    """
    if len(values) == whole:
        return "*"
    if len(values) >= 3 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]:02d}..{values[-1]:02d}"
    return ",".join(f"{value:02d}" for value in values)
