"""The lock file: findings that somebody looked at and accepted, why, and until which day; read, checked."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from toolkit.records import BadInputError

NAME = "toolkit.lock.toml"
TABLE = "accepted"
NUMBERS = ("value", "low", "high", "margin")
KINDS = ("gap", "change", "alarm")  # what a subject with a slash in it begins with; a belief's has none
NEEDED = ("key", "owner", "reason", "until")
KEYS = ("key", "ruling", "groups", *NUMBERS, "owner", "reason", "until", "added", "run")
RUN = ("name", "started", "sha256")
WANTED = {
    **dict.fromkeys(("key", "ruling", "groups", "owner", "reason"), "a text that is not blank"),
    **dict.fromkeys(("until", "added"), "a day such as 2027-01-31"),
    **dict.fromkeys(NUMBERS, "a finite number"),
    "run": f"a table of texts ({', '.join(RUN)})",
}
_HEADER = re.compile(rf"^\s*\[\[\s*[\"']?{TABLE}[\"']?\s*\]\]")


@dataclass(frozen=True)
class Accepted:
    """One accepted finding.

    Attributes
    ----------
    key : str
        The finding's key: its subject and its ruling.
    owner, reason : str
        Who answers for it, and why it is accepted.
    until : date
        The last day on which it is.
    value, low, high, margin : float or None
        The finding's numbers when it was accepted; what is worse than these is accepted by nobody.
    groups : str
        The groups that were farthest apart then; where they are others now, the gate says so.
    run : mapping of str to str
        The ``name``, ``started`` and ``sha256`` of the run it was found in. It is accepted in runs of that
        name only; without a name in every run.
    added : date or None
    """

    key: str
    owner: str
    reason: str
    until: date
    value: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    groups: str = ""
    run: Mapping[str, str] = field(default_factory=dict)
    added: date | None = None

    @property
    def subject(self) -> str:
        """What the finding is about."""
        return self.key.rpartition(" ")[0]

    @property
    def ruling(self) -> str:
        """What was found."""
        return self.key.rpartition(" ")[2]

    @property
    def identity(self) -> tuple[str, str]:
        """What there may be once only in a lock file."""
        return self.key, self.run.get("name", "")

    def of(self, name: str) -> bool:
        """Whether it speaks about runs of this name."""
        return self.run.get("name", name) == name


def read(path: Path) -> tuple[Accepted, ...]:
    """Read a lock file.

    Raises
    ------
    BadInputError
        If it cannot be read or an entry is not whole: with the file, the line, the key, and the way out.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInputError(f"{path}, line {line}: this is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise BadInputError(
            f"{path}: the lock file cannot be read ({error.strerror}); check --lock, or make one with "
            "`toolkit gate accept`"
        ) from error
    return parse(text, path)


def parse(text: str, path: Path) -> tuple[Accepted, ...]:
    """Read the text of a lock file; see `read`."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f"line {told[1]}, column {told[2]}" if told else "at its end"
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise BadInputError(f"{path}, {where}: {reason}; mend the lock file") from error
    except RecursionError as error:
        raise BadInputError(f"{path}: nested too deeply to be a lock file; mend it") from error
    for key in whole:
        if key != TABLE:
            raise BadInputError(
                f"{path}{_line(text.splitlines(), key)}: there is no {key!r} in a lock file; each finding "
                f"stands in an [[{TABLE}]] table of its own"
            )
    entries = whole.get(TABLE, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadInputError(
            f"{path}{_line(text.splitlines(), TABLE)}: {TABLE} must be a list of tables, each under its own "
            f"[[{TABLE}]]"
        )
    places = list(_blocks(text, len(entries)))
    found = [_entry(entry, path, place) for entry, place in zip(entries, places, strict=True)]
    _refuse_twice(found, path, places)
    return tuple(found)


@dataclass(frozen=True)
class _Place:
    """The lines of one entry, so that a complaint can name one."""

    first: int
    lines: tuple[str, ...]

    def of(self, key: str) -> str:
        """Say in which line a key stands, or else where the entry begins."""
        return _line(self.lines, key, self.first) or (f", line {self.first}" if self.first else "")


def _blocks(text: str, many: int) -> Iterator[_Place]:
    """Cut the text where entries begin; TOML's reader does not say where it found what."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    if len(starts) != many:  # written as an inline list, or a header within a text
        yield from (_Place(0, ()) for _ in range(many))
        return
    for start, end in pairwise([*starts, len(lines)]):
        yield _Place(start + 1, tuple(lines[start:end]))


def _line(lines: tuple[str, ...] | list[str], key: str, first: int = 1) -> str:
    pattern = re.compile(rf"^\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    for number, line in enumerate(lines, start=first):
        if pattern.match(line):
            return f", line {number}"
    return ""


def _entry(entry: Mapping[str, Any], path: Path, place: _Place) -> Accepted:
    """Read one entry, once every key and value in it has been checked."""
    about = f" (of {entry['key']!r})" if isinstance(entry.get("key"), str) else ""
    for key, said in _faults(entry):
        raise BadInputError(f"{path}{place.of(key)}: {key}{about} {said}")
    numbers = {key: float(entry[key]) for key in NUMBERS if key in entry}
    return Accepted(
        entry["key"],
        owner=entry["owner"].strip(),
        reason=entry["reason"].strip(),
        until=_day(entry["until"]) or date.max,
        added=_day(entry.get("added")),
        groups=entry.get("groups", ""),
        run=entry.get("run", {}),
        **numbers,
    )


def _faults(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an entry: the key, and what to say of it."""
    for key in entry:
        if key not in KEYS:
            close = get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(KEYS)}"
            yield key, f"is no key of an accepted finding; {hint}"
    for key in NEEDED:
        if key not in entry:
            yield key, "is missing; every accepted finding has a key, an owner, a reason and a day"
    yield from ((key, f"must be {WANTED[key]}, not {entry[key]!r}") for key in entry if not _fits(entry, key))
    subject, _, ruling = entry["key"].rpartition(" ")
    if not subject.strip() or not ruling:
        yield "key", "must be a subject and a ruling, such as 'M002 refuted'"
    kind, sign, _ = subject.partition("/")
    if sign and kind not in KINDS:
        close = get_close_matches(kind, KINDS, n=1)
        hint = f"; did you mean {close[0]}/?" if close else ""
        yield "key", f"begins with {kind!r}, and findings with {', '.join(f'{k}/' for k in KINDS)}{hint}"
    if entry.get("ruling", ruling) != ruling:
        yield "ruling", f"is {entry['ruling']!r}, and the key says {ruling!r}; mend one of them"


def _fits(entry: Mapping[str, Any], key: str) -> bool:
    value = entry[key]
    if key in NUMBERS:
        return _is_number(value)
    if key in ("until", "added"):
        return _day(value) is not None
    if key == "run":
        return isinstance(value, dict) and all(k in RUN and isinstance(v, str) for k, v in value.items())
    return isinstance(value, str) and bool(value.strip())


def _day(given: object) -> date | None:
    """Read a day, written as TOML's date or as a text."""
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            return None
    return None


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)


def _refuse_twice(found: list[Accepted], path: Path, places: list[_Place]) -> None:
    seen: dict[tuple[str, str], _Place] = {}
    for entry, place in zip(found, places, strict=True):
        if entry.identity in seen:
            first = seen[entry.identity].of("key")
            raise BadInputError(
                f"{path}{place.of('key')}: key {entry.key!r} stands there twice"
                f"{first.replace(', ', ', also in ')}; remove one of them"
            )
        seen[entry.identity] = place
