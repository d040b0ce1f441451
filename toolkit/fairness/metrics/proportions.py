"""One proportion per group, from counts to `Estimates`: plain rows, weights and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.fairness.counts import PROPORTIONS
from toolkit.fairness.estimates import Estimates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from toolkit.fairness.cells import Cells, Partition
    from toolkit.fairness.metrics.clustered import Covariances

Z95 = 1.959963984540054
LEAST_CLUSTERS = 10
# Up to this effective size weights are taken as unrelated to the outcome, where that gives more variance.
STEADY = 50
WEIGHTLESS = "nobody in its denominator has a weight above 0"
# Newton's method doubles the digits with each step; where it leaves the bracket a halving replaces it.
STEPS, NEAR = 60, 1e-13


def midp(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mid-p Clopper-Pearson interval of a binomial proportion.

    Berry and Armitage 1995, "Mid-P confidence intervals: a brief review". With an effective, non-integer n
    (and x = share times n) it is the interval of Korn and Graubard 1998 with half of the observed table.

    Parameters
    ----------
    x, n : array_like, 0 <= x <= n
        Successes and size, broadcast against each other; where n is 0 the limits are NaN.
    level : float
        Nominal coverage, in (0, 1).

    Returns
    -------
    low, high : ndarray
        In [0, 1], low <= x / n <= high; exactly 0 where x is 0 and exactly 1 where x is n.
    """
    import numpy as np

    successes, size = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
    successes = np.clip(successes, 0, size)
    tail = (1 - level) / 2
    low, high = _midp_low(successes, size, tail), 1 - _midp_low(size - successes, size, tail)
    empty = size <= 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _midp_low(x: NDArray[np.float64], n: NDArray[np.float64], tail: float) -> NDArray[np.float64]:
    """Solve P(X > x | p) + P(X = x | p) / 2 = tail for p; 0 where x is 0."""
    import numpy as np
    from scipy.special import betainc, betaincinv, betaln, xlog1py, xlogy

    some = x > 0
    # Without successes or without rows the answer is known; 1 of 2 stands in to keep the functions defined.
    x, n = np.where(some, x, 1.0), np.where(some, n, 2.0)
    full = x >= n
    failures = np.where(full, 1.0, n - x)
    at_least = (x, np.where(full, 1.0, n - x + 1))
    # P(X > n) is 0, so at x = n only half of P(X = n) = p^n is left.
    left = betaincinv(*at_least, tail)
    right = np.where(full, (2 * tail) ** (1 / n), betaincinv(x + 1, failures, tail))
    p = (left + right) / 2
    scale = betaln(*at_least), betaln(x + 1, failures)
    for _ in range(STEPS):
        above = np.where(full, 0.0, betainc(x + 1, failures, p))
        excess = (betainc(*at_least, p) + above) / 2 - tail
        left, right = np.where(excess < 0, p, left), np.where(excess < 0, right, p)
        common = xlogy(x, p) + xlog1py(failures - 1, -p)
        density = np.exp(common - np.log(p) + xlog1py(at_least[1] - failures, -p) - scale[0])
        density = (density + np.where(full, 0.0, np.exp(common - scale[1]))) / 2
        moved = p - excess / np.maximum(density, 1e-300)
        moved = np.where((moved > left) & (moved < right), moved, (left + right) / 2)
        done = np.all(np.abs(moved - p) <= NEAR * p)
        p = moved
        if done:
            break
    return np.where(some, p, 0.0)


def wilson(p: ArrayLike, n: ArrayLike, z: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Wilson's score limits of a proportion (Wilson 1927).

    Parameters
    ----------
    p : array_like, in [0, 1]
    n : array_like
        Size, or effective size; NaN limits where it is 0.
    z : array_like
        Standard normal (or t) quantile, at least 0.

    Returns
    -------
    low, high : ndarray
        In [0, 1] and around p.
    """
    import numpy as np

    p, n, z = (np.asarray(a, np.float64) for a in (p, n, z))
    size = np.where(n > 0, n, np.nan)
    shift = z * z / size
    centre = p + shift / 2
    reach = z * np.sqrt(np.maximum(p * (1 - p) / size + shift / size / 4, 0))
    low, high = (centre - reach) / (1 + shift), (centre + reach) / (1 + shift)
    # The limits touch 0 and 1 exactly where nobody and everybody succeeded, which rounding would hide.
    low = np.where(p <= 0, np.where(np.isnan(size), np.nan, 0.0), np.minimum(np.maximum(low, 0), p))
    high = np.where(p >= 1, np.where(np.isnan(size), np.nan, 1.0), np.maximum(np.minimum(high, 1), p))
    return low, high


def smoothed(p: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance p~(1 - p~)/(n + 2) with p~ = (x + 1)/(n + 2), which is never 0."""
    import numpy as np

    shrunk = (p * n + 1) / (n + 2)
    return np.asarray(shrunk * (1 - shrunk) / (n + 2), np.float64)


def counted(
    metric: str,
    successes: NDArray[np.int64],
    n: NDArray[np.int64],
    interval: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Estimates:
    """Return a proportion of independent people per group.

    Parameters
    ----------
    metric : str
    successes, n : ndarray of int, shape (k,)
        Numerators and denominators, 0 <= successes <= n.
    interval : pair of ndarray, shape (k,), optional
        The mid-p limits, where they are known already; computed otherwise.
    """
    import numpy as np

    some = n > 0
    size = np.where(some, n, np.nan).astype(np.float64)
    value = successes / size
    low, high = midp(successes, n) if interval is None else interval

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return wilson(value, n, z)

    return Estimates(
        metric=metric,
        value=value,
        n=n,
        variance=smoothed(value, size),
        low=low,
        high=high,
        limits=limits,
        successes=successes,
        notes=_empty(some),
        method="mid-p Clopper-Pearson (Berry and Armitage 1995)",
    )


def _empty(some: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple("" if any_ else "nobody is in its denominator" for any_ in some)


def proportion(cells: Cells, partition: Partition, metric: str) -> Estimates:
    """Estimate one of `counts.PROPORTIONS` in every group of a partition.

    Plain rows and frequency weights are counts of independent people. Sampling weights: the weighted share,
    Var = sum w^2 (y - p)^2 / (sum w)^2, and the proportion interval at the effective size p(1 - p)/Var (Korn
    and Graubard 1998). Up to STEADY people of Kish's effective size the variance is at least p(1 - p) over
    that size, and STEADY over it of that beyond: a few heavy rows decide the share and its variance at once.
    Without this, lognormal weights of log-scale 1.2 cover 87 % where a denominator has 45 rows. Clusters: Var
    from the moments over clusters, t on the group's clusters - 1, and the covariance of all groups.

    Raises
    ------
    ValueError
        If the metric needs labels or decisions that the cells do not have.
    """
    import numpy as np

    return _estimate(cells, partition, metric, np.eye(len(partition)))


def complement(cells: Cells, partition: Partition, metric: str) -> Estimates:
    """Estimate the same proportion among everybody who is not in the group, for every group.

    With clusters `beside` has the correlation of each with its own group. See `proportion`.
    """
    import numpy as np

    groups = np.eye(len(partition))
    return _estimate(cells, partition, metric, 1 - groups, beside=groups)


def _estimate(
    cells: Cells,
    partition: Partition,
    metric: str,
    sides: NDArray[np.float64],
    beside: NDArray[np.float64] | None = None,
) -> Estimates:
    """Estimate a proportion in unions of groups: `sides`, shape (unions, groups), says who belongs."""
    import numpy as np

    if cells.label is None and metric != "selection_rate":
        raise ValueError(f"{metric} needs labels")
    if cells.decision is None:
        raise ValueError(f"{metric} needs decisions")

    def sums(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        table = partition.confusion(cells, values)
        above, below = (sum(table[:, i, j] for i, j in of) for of in PROPORTIONS[metric])
        return sides @ above, sides @ below

    if cells.clusters is None and not cells.weighted:
        people = sums(cells.weight if cells.frequencies else cells.n)
        successes, denominator = (np.rint(s).astype(np.int64) for s in people)
        return counted(metric, successes, denominator)
    rows = np.rint(sums(cells.weight if cells.frequencies else cells.n)[1]).astype(np.int64)
    above, below = sums(cells.weight)
    above2, below2 = sums(cells.weight2)
    size = np.where(below > 0, below, np.nan)
    value = np.clip(above / size, 0, 1)
    kish = size if cells.frequencies else size**2 / np.where(below2 > 0, below2, np.nan)
    if cells.clusters is None:
        variance = ((1 - value) ** 2 * above2 + value**2 * (below2 - above2)) / size**2
        variance = np.fmax(variance, value * (1 - value) / kish * np.minimum(1, STEADY / kish))
        return _effective(metric, value=value, rows=rows, variance=variance, kish=kish)
    from toolkit.fairness.metrics.clustered import covariances

    found = covariances(cells, partition, metric, sides, beside)
    # All alike in a group says nothing about how alike its clusters are: then each cluster counts once.
    kish = np.minimum(kish, found.clusters)
    return _effective(
        metric, value=value, rows=rows, variance=np.diagonal(found.between), kish=kish, clustered=found
    )


def _effective(
    metric: str,
    *,
    value: NDArray[np.float64],
    rows: NDArray[np.int64],
    variance: NDArray[np.float64],
    kish: NDArray[np.float64],
    clustered: Covariances | None = None,
) -> Estimates:
    """Make the estimate of a share whose people do not count alike, through its effective size.

    The effective size is p(1 - p)/Var, or `kish` where that is undefined; never above the rows.
    """
    import numpy as np

    from toolkit.fairness.metrics.beyond import student

    binomial = value * (1 - value)
    known = (binomial > 0) & (variance > 0)
    size = np.where(known, binomial / np.where(known, variance, 1.0), kish)
    size = np.clip(size, 1.0, np.maximum(rows, 1))
    size = np.where(np.isfinite(value), size, np.nan)
    df = None if clustered is None else np.maximum(clustered.clusters - 1.0, 1.0)

    def quantile(z: float) -> Any:
        return z if df is None else student(z, df)

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return wilson(value, size, quantile(z))

    reduced = np.nan_to_num(size * (Z95 / quantile(Z95)) ** 2)
    low, high = midp(np.nan_to_num(value) * reduced, reduced)
    spread = smoothed(value, size)
    some = np.isfinite(value)
    # Rows of weight 0 are in a denominator without adding to it.
    notes = tuple(
        WEIGHTLESS if n and not s else note for n, s, note in zip(rows, some, _empty(some), strict=True)
    )
    shown = some
    if clustered is not None:
        few = some & (clustered.clusters < LEAST_CLUSTERS)
        shown = some & ~few
        notes = tuple(
            f"{int(c)} clusters, under {LEAST_CLUSTERS}: no interval" if f else note
            for c, f, note in zip(clustered.clusters, few, notes, strict=True)
        )
        low, high = np.where(few, np.nan, low), np.where(few, np.nan, high)
    return Estimates(
        metric=metric,
        value=value,
        n=rows,
        variance=spread,
        low=low,
        high=high,
        limits=limits,
        covariance=None if clustered is None else clustered.scaled(spread),
        beside=None if clustered is None else clustered.beside,
        df=df,
        shown=shown,
        notes=notes,
        method="mid-p at the effective size (Korn and Graubard 1998)"
        + ("" if clustered is None else ", robust to clusters"),
    )
