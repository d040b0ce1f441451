"""What each key of a job may hold: a reader each, which returns the value or says how to write it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from toolkit.history.home import JOB
from toolkit.schedule import cron as expressions
from toolkit.schedule.durations import HOW, seconds, words

GATES = ("refuted", "supported", "inconclusive", "gap", "change", "alarm", "error")
FORMATS = ("html", "json", "markdown", "junit", "sarif", "card")
BEGINNINGS = ("check", "audit")
OWNED = {
    "--output": "write output = ... in the job",
    "-o": "write output = ... in the job",
    "--format": "write formats = [...] in the job",
    "--fail-on": "write gate = [...] in the job",
    "--baseline": "write baseline = ... in the job",
    "--watch-from": "a job that watches hands on its own newest run",
    "--json": "the run document is kept by itself",
    "--quiet": "what it prints is kept beside the report",
    "-q": "what it prints is kept beside the report",
}
EXAMPLES = {
    "name": '"loans"',
    "run": '"check misconceptions"',
    "cron": '"17 3 * * 1"',
}
MACHINES = ("right/", "posix/")  # copies of the database with leap seconds, or without, on some machines only
NOT_NAMES = ("localtime", "posixrules", "Factory")


def name(value: Any) -> str:
    """Read the name of a job."""
    if not isinstance(value, str) or not JOB.fullmatch(value):
        raise ValueError(
            f"{value!r} is no name of a job: small letters, digits, '.', '_' and '-', at most 64, "
            "a letter or digit first"
        )
    return value


def run(value: Any) -> tuple[str, ...]:
    """Read what a job runs: one string as a shell would split it, or a list of arguments."""
    if isinstance(value, str):
        try:
            words_ = tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError(f"{value!r}: {str(error).lower()}; close the quotes") from None
    elif isinstance(value, list) and all(isinstance(word, str) for word in value):
        words_ = tuple(value)
    else:
        raise ValueError("it must be a string or a list of strings")
    if not words_:
        raise ValueError(f"it is empty; write what follows `toolkit`, such as {EXAMPLES['run']}")
    if words_[0] == "toolkit":
        raise ValueError("leave out the word toolkit: it begins with check or audit")
    if words_[0] not in BEGINNINGS:
        raise ValueError(f"it must begin with check or audit, not {words_[0]!r}")
    if any("\0" in word for word in words_):
        raise ValueError("it holds a zero byte, which no command can be given")
    for word in words_:
        if word == "--":
            break
        option = word.partition("=")[0] if word.startswith("--") else word
        if option in OWNED:
            raise ValueError(f"leave out {option}: {OWNED[option]}")
    return words_


def cron(value: Any) -> str:
    """Read a cron expression; what is returned has single spaces."""
    if not isinstance(value, str):
        raise ValueError(f"it must be a string of five fields: {expressions.EXAMPLE}")
    expressions.parsed(value)
    return " ".join(value.split())


def timezone(value: Any) -> str:
    """Read the name of a zone of the IANA database, which must be here."""
    if not isinstance(value, str):
        raise ValueError('it must be the name of a zone, such as "Europe/Berlin"')
    try:
        if _is_name(value):
            return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    known = {zone.casefold(): zone for zone in available_timezones() if _is_name(value)}
    known |= {zone.rpartition("/")[2].casefold(): zone for zone in known.values() if "/" in zone} | known
    close = get_close_matches(value.casefold().replace(" ", "_"), known, n=1)
    hint = f"did you mean {known[close[0]]!r}?" if close else 'write it as "Europe/Berlin"'
    raise ValueError(f"there is no zone {value!r}; {hint}")


def _is_name(zone: str) -> bool:
    """Whether a zone is called so on every machine."""
    return not zone.startswith(MACHINES) and zone not in NOT_NAMES


def duration(least: int) -> Callable[[Any], int]:
    """Return the reader of a length of time of at least so many seconds."""

    def read(value: Any) -> int:
        try:
            found = seconds(value)
        except ValueError as error:
            raise ValueError(f"{value!r}: {error}") from None
        if found < least:
            raise ValueError(f"it must be at least {words(least)}; {HOW}")
        return found

    return read


def count(least: int, most: int) -> Callable[[Any], int]:
    """Return the reader of a whole number in a range."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            days = ""
            if isinstance(value, str) and re.fullmatch(r"\d+d", value):
                days = f"; for days write keep_days = {value[:-1]}"
            raise ValueError(f"it must be a whole number from {least} to {most}, not {value!r}{days}")
        return value

    return read


def several(choices: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    """Return the reader of one or several of the choices, each once."""

    def read(value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list):
            raise ValueError(f"it must be a list of {', '.join(choices)}")
        for one in given:
            if one not in choices:
                close = get_close_matches(str(one), choices, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(choices)}"
                raise ValueError(f"there is no {one!r}; {hint}")
        return tuple(dict.fromkeys(given))

    return read


def path(value: Any) -> str:
    """Read a path that is not empty."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError(f"it must be a path, not {value!r}")
    return value


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"it must be true or false, not {value!r}")
    return value
