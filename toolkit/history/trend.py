"""How one figure moved from run to run, and where its line breaks: where more than the world changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from toolkit.history.instants import instant_of
from toolkit.history.points import TABLE
from toolkit.history.records import FIGURES, at

BREAKS = ("data", "code", "versions", "seed", "effort", "settings")
OWN_VERSION = "toolkit"  # of our code, which `code` tells more closely
Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """One figure of one run.

    Attributes
    ----------
    id : str
        Of the run.
    at : datetime
        Its due instant, or the start of a run by hand; UTC.
    value, low, high : float or None
        With its 95 % limits.
    n : int or None
        Replicates, or people.
    breaks : tuple of str
        What changed since the point before, of `BREAKS`; empty for the first.
    """

    id: str
    at: datetime
    value: float | None
    low: float | None
    high: float | None
    margin: float | None
    ruling: str
    n: int | None
    e_value: float | None
    alarm: bool | None
    breaks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Series:
    """All points of one claim or gap of a job, in the order of time; words are those of the newest run."""

    job: str
    key: str
    kind: str
    label: str
    unit: str
    ratio: bool
    points: tuple[Point, ...]


def series_of(records: Iterable[Mapping[str, Any]]) -> list[Series]:
    """Return the series of one job's records, those that the newest run has last."""
    points: dict[str, list[Point]] = {}
    last: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    known: dict[tuple[str, ...], tuple[str, ...]] = {}  # the series of an audit all have the same breaks
    for record in sorted(records, key=lambda record: (at(record), record["id"])):
        for plain in record["points"]:
            key = plain["series"]
            breaks: tuple[str, ...] = ()
            if key in last:
                before = last.pop(key)[0]
                pair = (before["id"], record["id"], *_about(record["inputs"], key))
                if pair not in known:
                    sides = (_concerning(side["inputs"], key) for side in (before, record))
                    known[pair] = break_between(*sides)
                breaks = known[pair]
            points.setdefault(key, []).append(_point(record, plain, breaks))
            last[key] = (record, plain)
    return [_named(record["job"], plain, points[key]) for key, (record, plain) in last.items()]


def breaks_of(records: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return by id what had changed since the run before; runs that left no document are passed over."""
    told = sorted((r for r in records if r["inputs"] is not None), key=lambda r: (at(r), r["id"]))
    pairs = zip([None, *told], told, strict=False)
    return {r["id"]: break_between(before and before["inputs"], r["inputs"]) for before, r in pairs}


def _named(job: str, plain: Mapping[str, Any], points: Iterable[Point]) -> Series:
    words = {name: str(plain.get(name, "")) for name in ("kind", "label", "unit")}
    return Series(job, plain["series"], **words, ratio=bool(plain.get("ratio")), points=tuple(points))


def _point(record: Mapping[str, Any], plain: Mapping[str, Any], breaks: tuple[str, ...]) -> Point:
    return Point(
        record["id"],
        instant_of(at(record)),
        **{key: plain.get(key) for key in FIGURES},
        ruling=str(plain.get("ruling", "")),
        breaks=breaks,
    )


def _about(inputs: Inputs | None, key: str) -> tuple[str, ...]:
    """Return the experiment of a claim and the dataset it is about, if it is about one; of a gap, nothing."""
    if inputs is None or inputs.get("kind") != "check":
        return ()
    code, _, dataset = (unquote(part) for part in (*key.split("/"), "", "")[:3])
    return code, dataset


def _concerning(inputs: Inputs | None, key: str) -> Inputs | None:
    """Leave out what does not concern a claim: code of other experiments, datasets it is not about."""
    about = _about(inputs, key)
    if inputs is None or not about:
        return inputs
    code, dataset = about
    kept = {**inputs, "code": _only(inputs.get("code"), {"judge", code})}
    if dataset:
        kept |= {part: _only(inputs.get(part), {dataset}) for part in ("data", "rows")}
    return kept


def _only(table: Mapping[str, Any] | None, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in (table or {}).items() if name in names}


def break_between(before: Inputs | None, after: Inputs | None) -> tuple[str, ...]:
    """Return what went into two runs and is known to differ, in the order of `BREAKS`.

    New rows alone are no break where `after` was watched and says that the rows seen before are unchanged:
    they are what a trend is about.
    """
    if before is None or after is None:
        return ()
    differs = {
        "data": _data(before, after),
        "code": _code(before, after),
        "versions": _versions(before) != _versions(after),
        "seed": before.get("seed") != after.get("seed"),
        "effort": before.get("effort") != after.get("effort"),
        "settings": _settings(before, after),
    }
    return tuple(name for name in BREAKS if differs[name])


def _data(before: Inputs, after: Inputs) -> bool:
    """Whether a dataset of both has another hash, or, where one has none, another number of rows."""
    grown = after.get("grown") is True
    return any(
        before[part][name] != after[part][name]
        for part, name in _common(before, after)
        if not (grown and name == TABLE)
    )


def _common(before: Inputs, after: Inputs) -> list[tuple[str, str]]:
    digests = [side.get("data") or {} for side in (before, after)]
    rows = [side.get("rows") or {} for side in (before, after)]
    hashed = [name for name in digests[0] if digests[0][name] and digests[1].get(name)]
    counted = [name for name in rows[0] if name in rows[1] and name not in hashed]
    return [("data", name) for name in hashed] + [("rows", name) for name in counted]


def _code(before: Inputs, after: Inputs) -> bool:
    """Compare the hashes of the code that both name; without any, commits, or the toolkit's version."""
    first, second = (side.get("code") or {} for side in (before, after))
    common = first.keys() & second.keys()
    if common:
        return any(first[part] != second[part] for part in common)
    commits = [str(side.get("commit") or "") for side in (before, after)]
    if all(commits) and not any(commit.endswith("+") for commit in commits):
        return commits[0] != commits[1]
    own = [(side.get("versions") or {}).get(OWN_VERSION) for side in (before, after)]
    return own[0] != own[1]


def _versions(inputs: Inputs) -> dict[str, Any]:
    return {name: v for name, v in (inputs.get("versions") or {}).items() if name != OWN_VERSION}


def _settings(before: Inputs, after: Inputs) -> bool:
    """Whether something else was asked: other settings, or other datasets at the same effort."""
    names = [(side.get("data") or {}).keys() for side in (before, after)]
    other = names[0] != names[1] and before.get("effort") == after.get("effort")
    return other or any(before.get(key) != after.get(key) for key in ("kind", "name", "settings"))
