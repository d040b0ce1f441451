"""Instants as the history writes them: UTC, ISO 8601 with ``+00:00``, whole seconds; ids made of them."""

from __future__ import annotations

from datetime import UTC, datetime

COMPACT = "%Y%m%dT%H%M%SZ"


def iso(instant: datetime) -> str:
    """Return an aware instant as UTC text, so that texts sort as instants do.

    Raises
    ------
    ValueError
        If the instant has no time zone: it would mean another moment on another machine.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def instant_of(text: str) -> datetime:
    """Read an instant back; ValueError where it has no time zone or is none."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found.astimezone(UTC)


def due_id(due: datetime) -> str:
    """Return the id of the run for a due instant, ``20261124T031700Z``."""
    if due.tzinfo is None:
        raise ValueError(f"{due} has no time zone")
    return due.astimezone(UTC).strftime(COMPACT)


def missed_id(due: datetime) -> str:
    """Return the id of a range of misses, by the last of them."""
    return f"x{due_id(due)}"


def manual_id(started: datetime, number: int = 1) -> str:
    """Return the id of a run by hand, by its start; the second of one second gets ``-2``."""
    return f"m{due_id(started)}" + (f"-{number}" if number > 1 else "")


def moment_of(identity: str) -> datetime:
    """Return the instant that an id is made of; ValueError where there is no such day or hour."""
    text = identity.lstrip("mx")
    day, time = (int(text[0:4]), int(text[4:6]), int(text[6:8])), (int(text[9:11]), int(text[11:13]))
    return datetime(*day, *time, int(text[13:15]), tzinfo=UTC)  # strptime takes ten times as long
