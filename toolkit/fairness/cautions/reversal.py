"""A gap that turns round, or goes, among people alike in another column (Simpson's paradox)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Column, Context, group, listed, percent, points, warning
from toolkit.fairness.cautions.leaks import leaking
from toolkit.fairness.gaps.rulings import holm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A level counts with at least this many of each group, and a column whose levels hold at least this share of
# the pair's people: otherwise it separates the groups rather than compares them.
_OF_EACH, _SHARE = 5, 0.5
_TITLES = {
    "turns round": "The gap turns round under another column",
    "is gone": "The gap is gone under another column",
    "shrinks": "The gap shrinks under another column",
}


def simpson_reversal(context: Context) -> list[dict[str, Any]]:
    """Warn where the gap within the levels of another column points the other way, or is gone.

    For every scanned column the Mantel-Haenszel difference of the widest pair's selection rates is set
    against the crude difference over the same people. A column is named if the two differ beyond doubt
    (Holm over the columns tried, 5 %) and the pooled difference has the other sign or is less than half the
    crude one. Columns that hold the outcome itself are passed over: people alike in it have no gap by
    definition. The standard errors of both are added as if they were independent, which errs towards silence.
    """
    pair = _pair(context)
    if pair is None:
        return []
    attribute, first, second, names = pair
    places = names.index(first), names.index(second)
    holding = {context.decisions.get("target"), *leaking(context, context.columns)}
    columns = [
        c for c in context.columns if c.name not in holding and c.counts is not None and context.decides(c)
    ]
    tried = [t for column in columns if (t := _within(column, names, places)) is not None]
    for t, adjusted in zip(tried, holm([t["p_value"] for t in tried]), strict=True):
        t["p_adjusted"] = adjusted
    found = [t for t in tried if t["p_adjusted"] <= 0.05 and t["pooled"] * t["crude"] < t["crude"] ** 2 / 2]
    if not found:
        return []
    found.sort(key=lambda t: t["pooled"] * (1 if t["crude"] > 0 else -1))
    sentences = [_sentence(group(attribute, first), group(attribute, second), t) for t in found[:3]]
    if len(found) > 3:
        sentences.append(f"The same holds for {listed([t['column'] for t in found[3:]])}.")
    sentences.append(
        f"Columns tried: {len(tried)}; with such a change: {len(found)}. Which of the two numbers is the "
        "answer is not a matter of statistics: it depends on whether people should be compared within that "
        f"column. --within {found[0]['column']} reports the gap inside it."
    )
    worst = next(change for change in _TITLES if any(t["change"] == change for t in found))
    evidence = {
        "attribute": attribute,
        "first": first,
        "second": second,
        "tried": len(tried),
        "columns": found,
    }
    level = "note" if worst == "shrinks" else "warning"
    return [warning("simpson-reversal", _TITLES[worst], sentences, evidence, level=level)]


def _pair(context: Context) -> tuple[str, str, str, tuple[str, ...]] | None:
    """Return the first attribute with the pair of its reported gap: the scan is by that attribute alone."""
    if not context.attributes:
        return None
    attribute = context.attributes[0]
    partition = context.partition(attribute)
    for gap in context.widest("selection_rate"):
        if gap["attribute"] == attribute and {gap["highest"], gap["lowest"]} <= set(partition.names):
            return attribute, gap["highest"], gap["lowest"], partition.names
    return None


def _within(column: Column, names: tuple[str, ...], places: tuple[int, int]) -> dict[str, Any] | None:
    """Return the crude and the pooled difference of one pair under a column; None where it has none."""
    import numpy as np

    if column.counts is None or len(column.counts) != len(names):
        return None
    counts = np.asarray(column.counts)[list(places)].sum(axis=2)  # pair, level, decision
    n = counts.sum(axis=2)
    usable = (n >= _OF_EACH).all(axis=0)
    share = float(n[:, usable].sum() / max(1, n.sum()))
    if usable.sum() < 2 or share < _SHARE:
        return None
    (x1, x2), (n1, n2) = counts[:, usable, 1], n[:, usable]
    crude, crude_variance = _crude(x1, n1, x2, n2)
    pooled, low, high = _pooled(x1, n1, x2, n2)
    error = ((high - low) / (2 * chance.Z95)) ** 2 + crude_variance
    if not np.isfinite([crude, pooled, error]).all() or error <= 0:
        return None
    levels = [name for name, used in zip(column.levels, usable, strict=True) if used]
    return {
        "column": column.name,
        "crude": crude,
        "pooled": pooled,
        "low": low,
        "high": high,
        "p_value": chance.two_sided((crude - pooled) / error**0.5),
        "change": _change(crude, low, high),
        "share_counted": share,
        "levels": [
            {"level": level, "first": float(a / b), "second": float(c / d), "n": int(b + d)}
            for level, a, b, c, d in zip(levels, x1, n1, x2, n2, strict=True)
        ],
    }


def _change(crude: float, low: float, high: float) -> str:
    """Say what becomes of the gap: a pooled difference that may be 0 is gone, whatever its sign."""
    low, high = (low, high) if crude > 0 else (-high, -low)
    return "turns round" if high < 0 else "is gone" if low <= 0 else "shrinks"


def _crude(
    x1: NDArray[np.int64], n1: NDArray[np.int64], x2: NDArray[np.int64], n2: NDArray[np.int64]
) -> tuple[float, float]:
    p1, p2 = x1.sum() / n1.sum(), x2.sum() / n2.sum()
    return float(p1 - p2), float(p1 * (1 - p1) / n1.sum() + p2 * (1 - p2) / n2.sum())


def _pooled(
    x1: NDArray[np.int64], n1: NDArray[np.int64], x2: NDArray[np.int64], n2: NDArray[np.int64]
) -> tuple[float, float, float]:
    from toolkit.fairness.finer.within import mantel_haenszel

    found = mantel_haenszel(x1, n1, x2, n2)
    pooled, low, high = (found[key] for key in ("pooled", "low", "high"))
    if pooled is None or low is None or high is None:
        return float("nan"), float("nan"), float("nan")
    return float(pooled), float(low), float(high)


def _sentence(first: str, second: str, t: Mapping[str, Any]) -> str:
    ahead = sum(level["first"] > level["second"] for level in t["levels"])
    change = t["change"]
    if change == "shrinks":
        change = f"shrinks to {percent(abs(t['pooled'] / t['crude']))} of itself"
    among = ""
    if t["share_counted"] <= 0.95:
        among = f" ({percent(t['share_counted'])} of all can be compared so)"
    return (
        f"The selection rate of {first} is {points(t['crude'])} above that of {second}, but among "
        f"people alike in {t['column']}{among} the difference {change}: {points(t['pooled'])} (95 % interval "
        f"{points(t['low'])} to {points(t['high'])}; Mantel-Haenszel); {first} has the higher rate in "
        f"{ahead} of {len(t['levels'])} levels."
    )
