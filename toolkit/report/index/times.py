"""Instants of records in words. Nothing here asks the clock: an age is always relative to a time given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from toolkit.report.words import clean, count

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def instant(text: object) -> datetime | None:
    """Read an instant of a record; None where it is none. One without an offset counts as UTC.

    >>> instant("2026-11-24T03:17:00Z"), instant("soon"), instant(None)
    (datetime.datetime(2026, 11, 24, 3, 17, tzinfo=datetime.timezone.utc), None, None)
    """
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def minute(at: datetime) -> str:
    """Write an instant to the minute, in UTC.

    >>> minute(datetime(2026, 11, 24, 3, 17, tzinfo=UTC))
    '2026-11-24 03:17'
    """
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def date(at: datetime) -> str:
    """Write a day as within a sentence, on one line.

    >>> date(datetime(2026, 11, 4, tzinfo=UTC)).split()
    ['4', 'Nov', '2026']
    """
    return f"{at.day}\u00a0{MONTHS[at.month - 1]}\u00a0{at.year}"


def said(text: object) -> str:
    """Write an instant of a record to the minute, for a table; as it stands where it cannot be read."""
    at = instant(text)
    return minute(at) if at else clean(text)


def spoken(text: object) -> str:
    """Write an instant of a record as within a sentence, on one line.

    >>> spoken("2026-11-04T03:17:00Z").split()
    ['4', 'Nov', '2026', '03:17']
    """
    at = instant(text)
    return f"{date(at)}\u00a0{at:%H:%M}" if at else clean(text)


def lasting(span: timedelta) -> str:
    """Say how long: the largest unit, whole.

    >>> lasting(timedelta(days=2, hours=3)), lasting(timedelta(minutes=61)), lasting(timedelta(seconds=9))
    ('2 days', '1 hour', 'less than a minute')
    """
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if abs(span) >= unit:
            return count(abs(span) // unit, name)
    return "less than a minute"


def ago(then: datetime, now: datetime) -> str:
    """Say how long before (or after) a time something was.

    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))
    '2 days ago'
    """
    return f"in {lasting(then - now)}" if then > now else f"{lasting(now - then)} ago"
