"""Cut a figure of the run document into small multiples: plain data, no drawing.

One panel is one dataset and one value of the figure's panel column. All panels of a figure share their
scales where that leaves each readable; where it does not, they do not, and the caption says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import punctuation
from typing import Any

from toolkit.report.words import clean, named

Point = Mapping[str, Any]

# Words of a figure's title that say that its values cannot be negative, and those that say they can.
UNSIGNED = frozenset(
    {"error", "errors", "loss", "log-loss", "mse", "mae", "share", "recall", "accuracy", "steps"}
)
SIGNED = frozenset(
    {"above", "below", "over", "gap", "difference", "change", "gain", "less", "minus", "variance"}
)


@dataclass(frozen=True)
class Axis:
    """A numeric axis: where it begins and ends, which values are marked, and whether it is logarithmic."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False


@dataclass(frozen=True)
class Panel:
    """One small multiple.

    Attributes
    ----------
    points : tuple of mapping
        ``x``, ``series``, ``mean``, ``low``, ``high``, ``n``, in the order to draw.
    x : Axis or None
        None where the horizontal values are names, not numbers.
    categories : tuple of str
        Those names, in order of appearance.
    """

    dataset: str
    name: str
    points: tuple[Point, ...]
    x: Axis | None
    y: Axis
    categories: tuple[str, ...]
    bars: bool

    @property
    def title(self) -> str:
        """What stands above the panel."""
        return " · ".join(part for part in (self.dataset, self.name) if part)


def cut(figure: Mapping[str, Any]) -> tuple[Panel, ...]:
    """Cut a figure into its panels, in order of dataset and panel."""
    points = [p | {"series": series_name(figure, p)} for p in figure["points"] if _finite(p.get("mean"))]
    bars = figure.get("kind") == "bar"
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        key = (clean(point.get("dataset")), named(point.get("panel"), figure.get("panel_title")))
        groups.setdefault(key, []).append(point)
    single = all(len({str(p["x"]) for p in group}) == 1 for group in groups.values())
    categorical = bars or single or not all(_number(p["x"]) for p in points)
    x_log = bool(figure.get("x_log")) and not categorical and all(p["x"] > 0 for p in points)
    y_log = bool(figure.get("y_log")) and all(p["mean"] > 0 for p in points)
    floor = 0.0 if _never_negative(figure, points) else -math.inf
    y_shared = _value_axis(points, y_log, bars=bars, floor=floor)
    free = not bars and _uneven(list(groups.values()), y_log=y_log)
    x_shared = None if categorical or not points else axis([float(p["x"]) for p in points], log=x_log)
    return tuple(
        Panel(
            dataset,
            name,
            tuple(sorted(group, key=lambda p: float(p["x"])) if not categorical else group),
            x_shared,
            _value_axis(group, y_log, bars=bars, floor=floor) if free else y_shared,
            _categories(group) if categorical else (),
            bars,
        )
        for (dataset, name), group in groups.items()
    )


def own_scales(panels: Sequence[Panel]) -> bool:
    """Whether the panels differ in their vertical scale."""
    return len({p.y for p in panels}) > 1


def series_of(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a figure's series, in order of appearance."""
    return tuple(name for name in dict.fromkeys(series_name(figure, p) for p in figure["points"]) if name)


def series_name(figure: Mapping[str, Any], point: Point) -> str:
    """Return the name of the series a point belongs to; empty where there is one only."""
    return named(point.get("series"), figure.get("series_title"))


def axis(values: Sequence[float], *, log: bool, zero: bool = False) -> Axis:
    """Choose the ends and the marked values of an axis: round numbers, three to six of them."""
    low, high = min(values), max(values)
    if log:
        return _log_axis(low, high)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # one value, rounding aside
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    step = _round_step((high - low) / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _log_axis(low: float, high: float) -> Axis:
    if low == high:
        low, high = low / 2, high * 2
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    decades = [10.0**k for k in range(first, last + 1)]
    inside: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        inside = [v * d for d in decades for v in steps if low <= v * d <= high]
        if len(inside) > 2:
            break
    stride = max(1, math.ceil(len(inside) / 6))
    ticks = tuple(float(f"{v:.12g}") for v in inside[::stride]) or (low, high)
    return Axis(low, high, ticks, log=True)


def _round_step(rough: float) -> float:
    size: float = 10.0 ** math.floor(math.log10(rough))
    return next(size * k for k in (1, 2, 5, 10) if size * k >= rough * 0.999)


def _never_negative(figure: Mapping[str, Any], points: Sequence[Point]) -> bool:
    """Whether a figure's values are errors, shares or counts by their title, and none of them lies below 0.

    An interval of their mean may reach below 0 all the same; an axis that followed it would mislead.
    """
    said = {word.strip(punctuation).casefold() for word in clean(figure.get("y_title")).split()}
    return bool(said & UNSIGNED) and not said & SIGNED and all(p["mean"] >= 0 for p in points)


def _value_axis(points: Sequence[Point], log: bool, *, bars: bool, floor: float) -> Axis:
    values = [float(p["mean"]) for p in points]
    ends = [max(floor, float(p[k])) for p in points for k in ("low", "high") if _finite(p.get(k))]
    if not values:
        return Axis(0.0, 1.0, (0.0, 1.0))
    if log:
        least = min(values) / 3
        return axis([*values, *(max(e, least) for e in ends)], log=True)
    return axis([*values, *ends], log=False, zero=bars or _near_zero([*values, *ends]))


def _near_zero(values: Sequence[float]) -> bool:
    """Whether zero belongs on the axis: it is inside, or no farther off than the data are wide."""
    low, high = min(values), max(values)
    return low <= 0 <= high or min(abs(low), abs(high)) <= high - low


def _uneven(groups: Sequence[Sequence[Point]], *, y_log: bool) -> bool:
    """Whether a shared scale would squeeze some panel into less than an eighth of its height."""
    spans = []
    for group in groups:
        values = [float(p["mean"]) for p in group]
        spans.append(math.log(max(values) / min(values)) if y_log else max(values) - min(values))
    wide = [s for s in spans if s > 0]
    return bool(wide) and max(wide) > 8 * min(wide)


def _categories(group: Sequence[Point]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(named(p["x"]) for p in group))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
