"""A named pair's gap within the levels of another column, pooled: does it remain (INFERENCE.md 11)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.counts import PROPORTIONS
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.gaps.permutation import ALPHA
from toolkit.fairness.gaps.spread import Spread, spread
from toolkit.fairness.metrics.beyond import Z95, people

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

# Strata in which a group has fewer people say nothing about whether the gap varies.
IN_A_STRATUM = 5


def mantel_haenszel(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, z: float = Z95
) -> dict[str, float | int | None]:
    """Pool the difference of two proportions over strata.

    The difference is Mantel and Haenszel's, each stratum by n1 n2 / (n1 + n2); its variance is Sato's (1989),
    right for few large strata and for many small ones, and its limits solve for the difference in that
    variance (Klingenberg 2014), so that they hold where the difference is near 0 or 1. The p-value is
    Cochran's, Mantel's and Haenszel's test without correction; the test of heterogeneity is a chi-square of
    the strata's differences by their variances, over strata with at least five people of each group.

    Parameters
    ----------
    x1, n1, x2, n2 : array_like, shape (strata,)
        Successes and sizes of the first and second group, which may be effective sizes. Strata in which
        either is empty take no part.
    z : float
        Standard normal quantile of the limits.

    Returns
    -------
    dict
        "pooled", "low", "high", "p_value", "p_heterogeneity", "strata" (how many took part) and "compared"
        (in the test of heterogeneity). None where no stratum has both, or fewer than two can be compared.
    """
    import numpy as np

    given = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (x1, n1, x2, n2)))
    kept = (given[1] > 0) & (given[3] > 0)
    a, m, b, n = (np.atleast_1d(v)[np.atleast_1d(kept)] for v in given)
    if not len(a):
        names = ("pooled", "low", "high", "p_value", "p_heterogeneity")
        return {**dict.fromkeys(names), "strata": 0, "compared": 0}
    total = m + n
    weight = (m * n / total).sum()
    pooled = float(((a * n - b * m) / total).sum() / weight)
    p = ((m**2 * b - n**2 * a + m * n * (n - m) / 2) / total**2).sum() / weight**2
    q = ((a * (n - b) + b * (m - a)) / (2 * total)).sum() / weight**2
    middle = pooled + z**2 * p / 2
    half = float(np.sqrt(max(middle**2 - pooled**2 + z**2 * q, 0.0)))
    p_heterogeneity, compared = heterogeneity(a, m, b, n, pooled)
    return {
        "pooled": pooled,
        "low": max(float(middle) - half, -1.0),
        "high": min(float(middle) + half, 1.0),
        "p_value": _cochran(a, m, b, n),
        "p_heterogeneity": p_heterogeneity,
        "strata": len(a),
        "compared": compared,
    }


def _cochran(
    a: NDArray[np.float64], m: NDArray[np.float64], b: NDArray[np.float64], n: NDArray[np.float64]
) -> float | None:
    """Return the p-value of no difference in any stratum; None where no stratum could show one."""
    import numpy as np
    from scipy.special import ndtr

    total, hits = m + n, a + b
    spread = m * n * hits * (total - hits) / (total**2 * np.maximum(total - 1, 1e-9))
    variance = float(np.where(total > 1, spread, 0.0).sum())
    if variance <= 0:
        return None
    return float(2 * ndtr(-abs(float((a - m * hits / total).sum())) / np.sqrt(variance)))


def heterogeneity(
    a: NDArray[np.float64],
    m: NDArray[np.float64],
    b: NDArray[np.float64],
    n: NDArray[np.float64],
    pooled: float,
) -> tuple[float | None, int]:
    """Test whether the difference is the same in all strata; also return how many strata are compared.

    Each stratum's distance from the pooled difference, squared, by its variance under that difference:
    shares that far apart which meet the stratum's total, times N/(N - 1) (Gart and Nam 1990, with those
    shares in place of the constrained maximum of the likelihood). Variances of the strata's own shares
    reject up to five times too often in strata of twenty.
    """
    import numpy as np
    from scipy.special import gammaincc

    large = (m >= IN_A_STRATUM) & (n >= IN_A_STRATUM)
    k = int(large.sum())
    if k < 2:
        return None, k
    a, m, b, n = a[large], m[large], b[large], n[large]
    second = np.clip((a + b - m * pooled) / (m + n), max(0.0, -pooled), min(1.0, 1 - pooled))
    first = second + pooled
    variance = (first * (1 - first) / m + second * (1 - second) / n) * (m + n) / (m + n - 1)
    # A stratum in which nobody or everybody succeeds would have no variance: half a person each way.
    variance = np.maximum(variance, 0.25 / (m + n) ** 2)
    off = (a / m - b / n - pooled) ** 2 / variance
    return float(gammaincc((k - 1) / 2, float(off.sum()) / 2)), k


def within(
    cells: Cells,
    partition: Partition,
    metric: str,
    pair: tuple[int, int],
    attribute: str,
    *,
    min_group: int = 10,
) -> dict[str, Any]:
    """Compare two groups within the strata of the cells and pool.

    The pair is the widest of all pairs of large enough groups, so the pooled interval and p-value are
    such as hold for every one of those pairs at once (q of INFERENCE.md 4). At the plain 1.96 an interval
    of four equal groups covers in 81 % (tests/fairness/test_within.py).

    Parameters
    ----------
    cells : Cells
        With strata.
    partition : Partition
    metric : str
        One of `counts.PROPORTIONS`.
    pair : tuple of two int
        Places in the partition; gaps are of the first minus the second.
    attribute : str
        What the partition is called.
    min_group : int
        How many people in the metric's denominator made a group one to choose from.

    Returns
    -------
    dict
        An entry of `within.gaps` of the run document, with "p_value" and "note". Sampling weights enter
        through each stratum's effective size; with clusters no interval or test is given.

    Raises
    ------
    ValueError
        If the cells have no strata, or the metric is no proportion.
    """
    import numpy as np
    from scipy.special import ndtri

    if cells.strata is None:
        raise ValueError("the cells have no strata")
    if metric not in PROPORTIONS:
        raise ValueError(f"{metric} is no proportion")
    from toolkit.fairness.metrics.measures import measure

    x, n, rows = of_strata(cells, partition, metric)
    first, second = pair
    estimates = measure(cells, partition, metric)
    among = _chosen_among(estimates, partition, pair, min_group)
    pooled = mantel_haenszel(x[:, first], n[:, first], x[:, second], n[:, second], z=among.quantile(ALPHA))
    if pooled["p_value"] is not None:
        pooled["p_value"] = among.tail(-float(ndtri(pooled["p_value"] / 2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = x[:, first] / n[:, first] - x[:, second] / n[:, second]
    note = (
        "" if among.pairs == 1 else f"the interval and p-value allow for a choice among {among.pairs} pairs"
    )
    if cells.clusters is not None:
        note = "no interval or test: rows of a cluster are not independent"
        pooled |= dict.fromkeys(("low", "high", "p_value", "p_heterogeneity"))
    value = estimates.value
    crude = float(value[first] - value[second])
    return {
        "attribute": attribute,
        "metric": metric,
        "first": partition.names[first],
        "second": partition.names[second],
        **{name: v for name, v in pooled.items() if name not in ("strata", "compared")},
        "crude": crude if np.isfinite(crude) else None,
        "strata": [
            {
                "name": name,
                "difference": float(d) if np.isfinite(d) else None,
                "n": int(rows[s, list(pair)].sum()),
            }
            for s, (name, d) in enumerate(zip(cells.strata_names, difference.tolist(), strict=True))
        ],
        "note": note,
    }


def _chosen_among(estimates: Estimates, partition: Partition, pair: tuple[int, int], least: int) -> Spread:
    """Return the spread of the widest pair of the groups that the pair was chosen from."""
    import numpy as np

    large = (estimates.n >= least) & np.isfinite(estimates.value) & ~np.array(partition.missing, np.bool_)
    large[list(pair)] = True
    return spread(replace(estimates.only(large), covariance=None), seed=0)


def of_strata(
    cells: Cells, partition: Partition, metric: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Count successes, (effective) sizes and rows of a proportion, each of shape (strata, groups)."""
    import numpy as np

    assert cells.strata is not None
    k, strata = len(partition), len(cells.strata_names)
    place = cells.strata * k + partition.of_cell
    label = np.zeros(len(place), np.int64) if cells.label is None else cells.label
    decision = label if cells.decision is None else cells.decision
    above, below = (
        np.any([(label == i) & (decision == j) for i, j in of], axis=0) for of in PROPORTIONS[metric]
    )

    def summed(values: NDArray[Any], where: NDArray[np.bool_]) -> NDArray[np.float64]:
        found = np.bincount(place[where], values[where], minlength=strata * k)
        return found.reshape(strata, k).astype(np.float64)

    count, weight, weight2 = people(cells)
    rows = summed(count, below)
    w, w2 = summed(weight, below), summed(weight2, below)
    size = np.where(w2 > 0, w**2 / np.where(w2 > 0, w2, 1.0), 0.0)
    x = summed(weight, above) / np.where(w > 0, w, 1.0) * size
    return x, size, np.rint(rows).astype(np.int64)
