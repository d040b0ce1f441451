"""The scale that a column of gaps shares: no difference, the margin, and what lies beyond it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.canvas import known, steps
from toolkit.report.audit.parts import Marks, Track
from toolkit.report.words import short

Gap = Mapping[str, Any]


def scale_key(gap: Gap) -> tuple[str, str]:
    """Return what two gaps must share to stand on one scale: their kind and their unit."""
    metric, kind = str(gap["metric"]), str(gap["kind"])
    if kind == "ratio":
        return kind, ""
    unit = "points" if metric in words.SHARES else "score" if metric in words.SCORES else metric
    return kind, unit


def gap_track(gaps: Sequence[Gap]) -> Track:
    """Choose the scale for gaps of one kind and unit.

    An interval that reaches far beyond is cut, so that one small group does not shrink the margin to nothing.
    """
    if gaps and gaps[0]["kind"] == "ratio":
        return _ratio_track(gaps)
    metric = gaps[0]["metric"] if gaps else "selection_rate"
    margin = max((float(g["margin"]) for g in gaps), default=0.05)
    points = [*_numbers(gaps, ("value",)), *(p for p in map(point, gaps) if p is not None)]
    signed = any(g["compare"] != "widest" for g in gaps)
    reach = max([1.8 * margin, 1e-12, *(1.3 * abs(p) for p in points)])
    ends = _numbers(gaps, ("low", "high"))
    high = max([1.3 * margin, *(min(1.5 * reach, v) for v in (*points, *ends))])
    least = -1.3 * margin if signed else 0.0
    low = min([least, *(max(-1.5 * reach, v) for v in (*points, *(ends if signed else ())))])
    edges = (margin, -margin) if signed else (margin,)
    zones = ((margin, high), (low, -margin)) if signed else ((margin, high),)
    return Track(low, high, edges, zones, _ticks(metric, "difference", (0.0, *edges), low, high), 0.0)


def _ratio_track(gaps: Sequence[Gap]) -> Track:
    margin = float(gaps[0]["margin"])
    ends = _numbers(gaps, ("low", "high", "value"))
    low = max(0.0, min([margin - 0.1, *ends]) - 0.03)
    high = min(3.0, max([1.03, *ends]))
    edges = (margin, 1 / margin) if high > 1 / margin else (margin,)
    zones = ((low, margin), (1 / margin, high)) if high > 1 / margin else ((low, margin),)
    return Track(low, high, edges, zones, _ticks("", "ratio", (1.0, *edges), low, high), 1.0)


def track(
    values: Iterable[float | None],
    metric: object,
    *,
    margins: Sequence[float] = (),
    origin: float | None = 0.0,
) -> Track:
    """Choose a scale that holds some values, with margins where they matter, and zones beyond them."""
    found = [v for v in values if v is not None and known(v)]
    base = [] if origin is None else [origin]
    low, high = min([*found, *base], default=0.0), max([*found, *base], default=1.0)
    margins = [m for m in margins if (m > 0 and high > 0) or (m < 0 and low < 0)]
    low, high = min([low, *margins]), max([high, *margins])
    pad = 0.04 * ((high - low) or 1.0)
    low, high = low - pad, high + pad
    zones = tuple((m, high) if m > 0 else (low, m) for m in margins)
    return Track(
        low, high, tuple(margins), zones, _ticks(metric, "difference", (*base, *margins), low, high), origin
    )


def _ticks(
    metric: object, kind: str, first: Iterable[float], low: float, high: float
) -> tuple[tuple[float, str], ...]:
    places = (*dict.fromkeys(first), *steps(low, high, 5))
    return tuple((v, tick(metric, v, kind)) for v in places)


def tick(metric: object, value: float, kind: str = "difference") -> str:
    """Write a number of an axis as briefly as it allows."""
    shown = 100 * value if words.in_points(metric, kind) else value
    text = f"{abs(shown):,.6g}" if abs(shown) < 1e6 else f"{abs(shown):.2g}"
    if kind == "difference" and 1 <= abs(value) < 1e6:  # a margin in a target's own unit has all its digits
        text = short(abs(shown))
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if float(text.replace(",", "")) == 0 or shown > 0 else f"−{text}"


def point(gap: Gap) -> float | None:
    """Return the corrected gap as it is drawn: a widest gap below nothing is about nothing."""
    corrected: float | None = gap.get("value") if gap.get("corrected") is None else gap["corrected"]
    if corrected is None or gap["compare"] != "widest":
        return corrected
    return min(1.0, corrected) if gap["kind"] == "ratio" else max(0.0, corrected)


def gap_marks(gap: Gap) -> Marks | None:
    """Return what a gap draws: the corrected point with both intervals, and the raw value as a tick."""
    if gap.get("value") is None:
        return None
    drawn = point(gap)
    return Marks(
        tone=str(gap["ruling"]),
        low=gap.get("low"),
        high=gap.get("high"),
        low90=gap.get("low90"),
        high90=gap.get("high90"),
        point=drawn,
        tick=None if drawn == gap["value"] else gap["value"],
    )


def _numbers(gaps: Iterable[Gap], keys: Iterable[str]) -> list[float]:
    names = tuple(keys)
    return [float(g[k]) for g in gaps for k in names if known(g.get(k))]
