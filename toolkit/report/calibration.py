"""How often the rule was wrong, and right, where the truth is known: a summary and every world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.report.tables import Table
from toolkit.report.words import clean, count

World = Mapping[str, Any]


@dataclass(frozen=True)
class CalibrationView:
    """A sentence over all worlds, a row for each kind of world, and a row for each world."""

    sentence: str
    summary: Table
    worlds: Table


def calibration(worlds: Sequence[World]) -> CalibrationView:
    """Summarise the calibration that a run document carries."""
    kinds: dict[tuple[str, str], list[World]] = {}
    for world in worlds:
        kind = clean(world["world"]).partition(":")[0]
        kinds.setdefault((kind, clean(world.get("mode"))), []).append(world)
    head = (
        "Kind of world",
        "Trials are",
        "Worlds",
        "Runs",
        "False rulings",
        "In the worst world",
        "Beyond what is accepted",
    )
    every = ("World", "Claim", "Mode", "Runs", "False rulings", "Accepted up to", "True ruling found")
    return CalibrationView(
        _sentence(worlds),
        Table(head, tuple((kind, mode, *_summary(found)) for (kind, mode), found in kinds.items())),
        Table(every, tuple(_row(world) for world in worlds)),
    )


def _sentence(worlds: Sequence[World]) -> str:
    if not worlds:
        return ""
    runs, false = (sum(w[key] for w in worlds) for key in ("runs", "false_rulings"))
    worst = max(worlds, key=_rate)
    exceeded = sum(map(_exceeded, worlds))
    who = count(exceeded, "world") if exceeded else "No world"
    return (
        f"In {count(len(worlds), 'world')} whose truth is known the rule was run {runs:,} times; "
        f"in {_percent(false / runs)} of the runs its ruling contradicted the truth. In the worst world "
        f"({clean(worst['world'])}; {clean(worst.get('claim'))}; {clean(worst.get('mode'))}) it was "
        f"{_percent(_rate(worst))}. {who} had more false rulings than accepted."
    )


def _summary(worlds: Sequence[World]) -> tuple[str, ...]:
    runs, false = (sum(w[key] for w in worlds) for key in ("runs", "false_rulings"))
    worst = max(map(_rate, worlds))
    return (
        str(len(worlds)),
        f"{runs:,}",
        _percent(false / runs),
        _percent(worst),
        str(sum(map(_exceeded, worlds))),
    )


def _row(world: World) -> tuple[str, ...]:
    false, bound, found = (_share(world, key) for key in ("false_rulings", "bound", "found"))
    return (
        clean(world["world"]),
        clean(world.get("claim")),
        clean(world.get("mode")),
        f"{world['runs']:,}",
        false,
        bound,
        found,
    )


def _share(world: World, key: str) -> str:
    value = world.get(key)
    return "–" if value is None else f"{value:,} ({_percent(value / world['runs'])})"


def _rate(world: World) -> float:
    return float(world["false_rulings"]) / float(world["runs"])


def _exceeded(world: World) -> bool:
    return world.get("bound") is not None and world["false_rulings"] > world["bound"]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
