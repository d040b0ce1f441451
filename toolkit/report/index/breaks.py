"""What makes a line begin anew: letters for the drawing, words for the reader, and what exactly differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolkit.report.index.parts import Flag
from toolkit.report.words import clean, count, listed

Inputs = Mapping[str, Any]
LETTER = {"data": "D", "code": "C", "versions": "V", "settings": "S", "effort": "E", "seed": "R"}
TOLD = 3  # differences of one kind that are named; the rest is counted
ROOM = 0.055  # of the width: letters nearer than this are drawn as one


def letters(kinds: Iterable[str]) -> str:
    """Write kinds of change as letters, always in the same order.

    >>> letters(["versions", "data"])
    'DV'
    """
    found = set(kinds)
    return "".join(letter for kind, letter in LETTER.items() if kind in found)


def flags(marks: Sequence[tuple[float, Sequence[str]]]) -> tuple[Flag, ...]:
    """Merge changes that stand too near to be told apart into one flag with their number.

    Parameters
    ----------
    marks : sequence of (float, kinds)
        In the order of time, each at a share of the width.
    """
    groups: list[list[tuple[float, Sequence[str]]]] = []
    for mark in marks:
        if groups and mark[0] - groups[-1][-1][0] < ROOM:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return tuple(
        Flag((group[0][0] + group[-1][0]) / 2, letters(k for _, kinds in group for k in kinds), len(group))
        for group in groups
    )


def differences(before: Inputs, after: Inputs, kinds: Iterable[str]) -> str:
    """Say what exactly went in that is another: names, versions, commits.

    >>> differences({"versions": {"numpy": "2.3"}}, {"versions": {"numpy": "2.4"}}, ["versions"])
    'versions: numpy 2.3 → 2.4'
    """
    said = []
    for kind in kinds:
        text = _DIFFERENCE[kind](before, after) if kind in _DIFFERENCE else _plain(before, after, kind)
        said.append(f"{kind}: {text}" if text else kind)
    return "; ".join(said)


def _versions(before: Inputs, after: Inputs) -> str:
    first, second = _mapping(before, "versions"), _mapping(after, "versions")
    return _named(
        [f"{k} {_or_none(first.get(k))} → {_or_none(second.get(k))}" for k in _differing(first, second)]
    )


def _data(before: Inputs, after: Inputs) -> str:
    rows = _mapping(before, "rows"), _mapping(after, "rows")
    names = _differing(_mapping(before, "data"), _mapping(after, "data"))
    return _named([f"{clean(name)}{_rows(rows[0].get(name), rows[1].get(name))}" for name in names])


def _rows(before: object, after: object) -> str:
    if not isinstance(before, int) or not isinstance(after, int):
        return ""
    return f" ({before:,} rows → {after:,})" if before != after else f" (other values, {count(after, 'row')})"


def _code(before: Inputs, after: Inputs) -> str:
    if before.get("commit") != after.get("commit"):
        return f"commit {_commit(before)} → {_commit(after)}"
    return _named([clean(name) for name in _differing(_mapping(before, "code"), _mapping(after, "code"))])


def _commit(inputs: Inputs) -> str:
    text = clean(inputs.get("commit"))
    return f"{text[:7]}{'+' * text.endswith('+')}" if text else "none"


def _plain(before: Inputs, after: Inputs, kind: str) -> str:
    if kind == "settings":  # only their hash is kept
        return ""
    return f"{_or_none(before.get(kind))} → {_or_none(after.get(kind))}"


_DIFFERENCE = {"versions": _versions, "data": _data, "code": _code}


def _mapping(inputs: Inputs, key: str) -> Mapping[str, Any]:
    found = inputs.get(key)
    return found if isinstance(found, Mapping) else {}


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]


def _named(texts: Sequence[str]) -> str:
    rest = [count(len(texts) - TOLD, "other")] if len(texts) > TOLD else []
    return listed([*texts[:TOLD], *rest])


def _or_none(value: object) -> str:
    return "none" if value is None else clean(value)
