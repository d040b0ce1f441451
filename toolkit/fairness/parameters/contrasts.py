"""Signed gaps of two groups on the same people, and the variance of any sum of them (INFERENCE.md 9).

A gap is a difference of two group means, so each person's part of it is linear; parts of one gap, changes by
a remedy and luck are sums of gaps over the same people, and their variance comes from the sums of each
person's parts. Refits add the variance over seeds of a mean over seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METRICS = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")


def signed(value: float, places: int = 3) -> str:
    """Write a signed figure for a sentence; what rounds to nothing has no minus."""
    return f"{round(value, places) + 0.0:+.{places}f}".replace("-", "\N{MINUS SIGN}")


class Interval(NamedTuple):
    """A value with its 95 % limits."""

    value: float
    low: float
    high: float

    def named(self, prefix: str = "") -> dict[str, float]:
        """Return the three as plain data."""
        return {f"{prefix}value": self.value, f"{prefix}low": self.low, f"{prefix}high": self.high}


@dataclass(frozen=True, eq=False)
class Measured:
    """A signed gap, once for each seed, and each person's part of its mean over seeds.

    Attributes
    ----------
    gaps : ndarray, shape (seeds,) or (1,)
    influence : ndarray, shape (people,)
        Centred within groups; its sum of squares over n (n - 1), by group, is the sampling variance.
    first : ndarray of bool, shape (people,)
    """

    gaps: Floats
    influence: Floats
    first: NDArray[np.bool_]

    def __sub__(self, other: Measured) -> Measured:
        """Return the difference, paired on people and on seeds."""
        import numpy as np

        with np.errstate(invalid="ignore"):  # logarithms of a rate of 0 on both sides; the caller looks
            return Measured(self.gaps - other.gaps, self.influence - other.influence, self.first)

    @property
    def value(self) -> float:
        """The mean over seeds."""
        return float(self.gaps.mean())

    def variances(self, *, few: bool = False) -> list[tuple[float, float]]:
        """Return (variance, degrees of freedom) of people in each group and of the mean over seeds."""
        found = []
        for side in (self.first, ~self.first):
            n = int(side.sum())
            found.append((_of_mean(self.influence[side], few=few), n - 1.0))
        seeds = len(self.gaps)
        if seeds > 1:
            found.append((float(self.gaps.var(ddof=1) / seeds), seeds - 1.0))
        return found

    def interval(self, *, few: bool = False) -> Interval:
        """Return the value with its 95 % limits; the width has the people's part and the seeds'.

        Parameters
        ----------
        few : bool
            Whether this is a change of decisions, which may concern few people or none: see `_of_mean`.
        """
        return around(self.value, self.variances(few=few))


def _of_mean(centred: Floats, *, few: bool) -> float:
    """Return the variance of a mean from centred values.

    Where few people change, their number is as uncertain as any small count and none is not "none ever". For
    changes in [-1, 1] two people are added, one who changes up and one who changes down (Bonett and Price
    2012, for paired proportions); they widen the interval and do not move it.
    """
    n, squares = len(centred), float((centred**2).sum())
    return (squares + 2) / (n + 2) ** 2 if few else squares / (n * (n - 1))


def around(value: float, variances: Sequence[tuple[float, float]], level: float = 0.95) -> Interval:
    """Return a t interval from independent variance components (Welch 1947, Satterthwaite 1946).

    Parameters
    ----------
    value : float
    variances : sequence of (variance, degrees of freedom)
    level : float
    """
    from scipy.special import stdtrit

    total = sum(v for v, _ in variances)
    below = sum(v * v / df for v, df in variances)
    if not below > 0:
        return Interval(value, value, value)
    half = float(stdtrit(total * total / below, (1 + level) / 2)) * total**0.5
    return Interval(value, value - half, value + half)


def measure(values: NDArray[Any], first: NDArray[np.bool_], *, log: bool = False) -> Measured:
    """Measure the gap of group means, the first group minus the other.

    Parameters
    ----------
    values : ndarray, shape (people,) or (seeds, people)
    first : ndarray of bool, shape (people,)
        Both groups have at least two people.
    log : bool
        The difference of logarithms of the means: the logarithm of their ratio. Infinite or NaN where a mean
        is 0.
    """
    import numpy as np

    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    influence = np.empty(rows.shape[1])
    means = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for side in (first, ~first):
            inside = rows[:, side]
            mean = inside.mean(axis=1)
            scale = mean if log else np.ones_like(mean)
            influence[side] = (inside / scale[:, None]).mean(axis=0) - (mean / scale).mean()
            means.append(np.log(mean) if log else mean)
        return Measured(means[0] - means[1], np.where(first, influence, -influence), first)


def shared(values: NDArray[Any], *, few: bool = False) -> Interval:
    """Return the mean of everybody's values with its t interval; `few` as for `Measured.interval`.

    Parameters
    ----------
    values : ndarray, shape (people,) or (seeds, people)
    """
    import numpy as np

    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    each = rows.mean(axis=0)
    pieces = [(_of_mean(each - each.mean(), few=few), len(each) - 1.0)]
    if len(rows) > 1:
        pieces.append((float(rows.mean(axis=1).var(ddof=1) / len(rows)), len(rows) - 1.0))
    return around(float(each.mean()), pieces)


def contributions_to(metric: str, y: NDArray[Any], decisions: NDArray[Any]) -> Floats:
    """Return what each person adds to a group's rate, in [0, 1]; decisions may be chances.

    Parameters
    ----------
    metric : str
        One of METRICS.
    y : ndarray, shape (people,)
    decisions : ndarray, shape (people,) or (seeds, people)
    """
    import numpy as np

    chance = np.asarray(decisions, dtype=np.float64)
    if metric == "accuracy":
        return np.where(np.asarray(y) == 1, chance, 1 - chance)
    return chance


def denominator(metric: str, y: NDArray[Any]) -> NDArray[np.bool_]:
    """Return who counts in a metric's denominator, shape (people,)."""
    import numpy as np

    label = np.asarray(y)
    if metric == "true_positive_rate":
        return np.asarray(label == 1)
    if metric == "false_positive_rate":
        return np.asarray(label == 0)
    return np.ones(len(label), dtype=bool)


@dataclass(frozen=True, eq=False)
class Pair:
    """The held-out people of an ordered pair of groups; every contrast is over them.

    Attributes
    ----------
    rows : ndarray of int
        Places of the pair's people among the test rows.
    first : ndarray of bool, shape (rows,)
    y : ndarray of int, shape (rows,)
    """

    rows: NDArray[np.int64]
    first: NDArray[np.bool_]
    y: NDArray[np.int64]

    @classmethod
    def of(cls, y: NDArray[Any], group: NDArray[np.int64], pair: tuple[int, int]) -> Pair:
        """Return the pair's people among the test rows, whose labels and groups are given."""
        import numpy as np

        rows = np.flatnonzero(np.isin(group, pair))
        return cls(rows, np.asarray(group[rows] == pair[0]), np.asarray(y)[rows])

    def size(self, metric: str) -> int:
        """Return the smaller group's number of people in a metric's denominator."""
        inside = denominator(metric, self.y)
        return min(int(inside[self.first].sum()), int(inside[~self.first].sum()))

    def gap(self, metric: str, decisions: NDArray[Any], *, log: bool = False) -> Measured:
        """Measure the gap of one of METRICS, or the logarithm of its ratio.

        Parameters
        ----------
        metric : str
        decisions : ndarray, shape (test rows,) or (seeds, test rows)
        """
        inside = denominator(metric, self.y)
        chances = decisions[..., self.rows][..., inside]
        return measure(contributions_to(metric, self.y[inside], chances), self.first[inside], log=log)
