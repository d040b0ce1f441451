"""How far an estimate moved between two runs, with an interval, and the one honest word that follows.

Trials that both runs measured are paired: the interval is that of `toolkit.intervals.estimate` over their
differences. Otherwise the two intervals are combined by square-and-add (MOVER: Zou and Donner 2008,
Statistics in Medicine 27:1693), which holds for independent estimates and is too wide for positively related
ones. Where two runs look at the same rows and how their estimates hang together is not known, whole distances
are added instead: the standard deviation of a difference is never more than the sum of the two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Method = Literal["same", "paired", "independent", "added"]
Word = Literal["same", "unchanged", "cannot_say", "changed", "not_compared"]
LEAST = 3


@dataclass(frozen=True)
class Change:
    """A difference, after less before; for a ratio the quotient, after by before.

    Attributes
    ----------
    low, high, low90, high90 : float or None
        The 95 % interval, and the 90 % one by which "unchanged" is judged.
    pairs : int
        How many trials were paired; 0 unless `method` is "paired" or "same".
    partial : bool
        Whether either run has trials that the other has not: the change is then that of the shared ones.
    """

    value: float
    low: float | None
    high: float | None
    low90: float | None
    high90: float | None
    method: Method
    pairs: int = 0
    partial: bool = False

    @property
    def ends(self) -> tuple[float | None, float | None, float | None, float | None]:
        """The ends of both intervals."""
        return self.low, self.high, self.low90, self.high90

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def none(pairs: int = 0, value: float = 0.0, *, partial: bool = False) -> Change:
    """Return the change of what is the same to the last digit; `value` is 1 for a ratio."""
    return Change(value, value, value, value, value, "same", pairs, partial)


def paired(
    before: Sequence[float], after: Sequence[float], *, ratio: float | None, trimmed: bool
) -> Change | None:
    """Compare trial by trial.

    Parameters
    ----------
    before, after : sequence of float, shape (trials,)
        The effects of the same trials in the same order.
    ratio : float or None
        n_test / n_train where the trials are splits of one table.
    trimmed : bool
        Whether the claim is judged by its trimmed mean.

    Returns
    -------
    Change or None
        None where fewer than three pairs differ by something finite.
    """
    from toolkit.intervals import estimate

    differences = [b - a for a, b in zip(before, after, strict=True)]
    if differences and all(d == 0 for d in differences):
        return none(len(differences))
    if len(differences) < LEAST:
        return None
    found = estimate(differences, ratio=ratio, trimmed=trimmed and ratio is None)
    return of_estimate(found, len(differences)) if found.finite else None


def of_estimate(found: Any, pairs: int, *, partial: bool = False) -> Change:
    """Write an estimate of paired differences as a change."""
    (low, high), (low90, high90) = found.interval(0.95), found.interval(0.90)
    return Change(found.effect, low, high, low90, high90, "paired", pairs, partial)


def apart(
    before: Mapping[str, Any], after: Mapping[str, Any], *, point: str = "effect", related: bool = False
) -> Change | None:
    """Compare two estimates by their intervals.

    Parameters
    ----------
    before, after : mapping
        ``point``, ``low``, ``high`` and, where known, ``low90`` and ``high90``.
    related : bool
        Whether the two may hang together in a way that nobody knows: distances are then added, not squared.

    Returns
    -------
    Change or None
        None where either has no point or no interval.
    """
    if any(not _known(side.get(key)) for side in (before, after) for key in (point, "low", "high")):
        return None
    low, high = _ends(before, after, point, ("low", "high"), related)
    narrow = ("low90", "high90")
    known = all(_known(side.get(key)) for side in (before, after) for key in narrow)
    low90, high90 = _ends(before, after, point, narrow, related) if known else (low, high)
    value = float(after[point]) - float(before[point])
    return Change(value, low, high, low90, high90, "added" if related else "independent")


def quotient(
    before: Mapping[str, Any], after: Mapping[str, Any], *, point: str, related: bool
) -> Change | None:
    """Compare two ratios on the scale of their logarithms; a ratio of 0 leaves nothing to compare."""
    logs = []
    for side in (before, after):
        values = {key: side.get(key) for key in (point, "low", "high", "low90", "high90")}
        if any(v is not None and v <= 0 for v in values.values()):
            return None
        logs.append({key: None if v is None else math.log(v) for key, v in values.items()})
    found = apart(logs[0], logs[1], point=point, related=related)
    if found is None:
        return None
    low, high, low90, high90 = (None if v is None else math.exp(v) for v in found.ends)
    return Change(math.exp(found.value), low, high, low90, high90, found.method)


def word(change: Change | None, margin: float | None, *, ratio: bool = False) -> Word:
    """Judge a change as the judge does: beyond the margin by the 95 % interval, within it by the 90 % one.

    Parameters
    ----------
    margin : float or None
        The smallest change of interest: the claim's own margin; for a ratio the smallest ratio, such as 0.8.

    Examples
    --------
    >>> word(Change(0.3, 0.2, 0.4, 0.21, 0.39, "independent"), 0.05)
    'changed'
    >>> word(Change(0.0, -0.2, 0.2, -0.15, 0.15, "independent"), 0.05)
    'cannot_say'
    """
    if change is None or margin is None:
        return "not_compared"
    if change.method == "same":
        return "same"
    low, high, low90, high90 = (_scaled(v, ratio) for v in change.ends)
    bound = abs(_scaled(margin, ratio))
    if low > bound or high < -bound:
        return "changed"
    return "unchanged" if -bound < low90 and high90 < bound else "cannot_say"


def _scaled(value: float | None, ratio: bool) -> float:
    if value is None:
        return math.nan
    if not ratio:
        return value
    return math.log(value) if value > 0 else -math.inf


def _ends(
    before: Mapping[str, Any], after: Mapping[str, Any], point: str, ends: tuple[str, str], related: bool
) -> tuple[float, float]:
    """Return the interval of the difference from the distances of each point to its own ends.

    A corrected point may lie outside its interval; that distance counts as none.
    """
    low, high = ends
    down = (_distance(after[point] - after[low]), _distance(before[high] - before[point]))
    up = (_distance(after[high] - after[point]), _distance(before[point] - before[low]))
    value = float(after[point]) - float(before[point])
    if related:
        return value - sum(down), value + sum(up)
    return value - math.hypot(*down), value + math.hypot(*up)


def _distance(value: float) -> float:
    return max(0.0, float(value))


def _known(value: object) -> bool:
    """Whether a value is a number to compute with; a diverged effect, cut to the largest float, is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e100
