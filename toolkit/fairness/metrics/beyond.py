"""What metrics that are no proportions share: sizes, Student's t, clusters, and estimates put together.

The metrics themselves are in `discrimination`, `composites`, `means` and `calibration_in_groups`; `measures`
finds each by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Fewer clusters than this in a group give no interval (INFERENCE.md 7).
FEW_CLUSTERS = 10
# Groups with fewer people than this in a denominator are compared by permutation, larger ones by the
# Gaussian studentised maximum.
LARGE = 200
FARTHEST = 1e100
Z95 = 1.959963984540054


def people(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return rows, weights and squared weights per cell; frequencies are people, each of weight 1.

    Returns
    -------
    tuple of ndarray, each shape (cells,)
    """
    import numpy as np

    if cells.frequencies:
        return np.rint(cells.weight).astype(np.int64), cells.weight, cells.weight
    return cells.n, np.asarray(cells.weight, np.float64), np.asarray(cells.weight2, np.float64)


def student(z: float, df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a normal quantile z >= 0 into Student's t quantile with the same tail, one per degrees of freedom.

    Parameters
    ----------
    z : float
    df : ndarray, shape (k,)
        Infinite gives z itself; NaN or below 1 gives NaN.
    """
    import numpy as np
    from scipy.special import ndtr, stdtrit

    usable = np.isfinite(df) & (df >= 1)
    # The lower tail keeps its precision where 1 - tail would round to 1.
    quantile = -stdtrit(np.where(usable, df, 1.0), ndtr(-z))
    # Beyond z = 30 scipy's quantile turns to the wrong infinity, and larger ones would overflow once squared.
    quantile = np.where(quantile >= 0, np.minimum(quantile, FARTHEST), FARTHEST)
    return np.where(np.isposinf(df), z, np.where(usable, quantile, np.nan))


def clusters_in(cells: Cells, partition: Partition) -> NDArray[np.int64]:
    """Return how many clusters have a row in each group; the clusters in all where that was not counted.

    Returns
    -------
    ndarray of int, shape (k,)
    """
    import numpy as np

    assert cells.clusters is not None
    counted = cells.clusters.in_group.get(partition.attributes)
    everywhere = np.full(len(partition), cells.clusters.clusters, np.int64)
    return everywhere if counted is None else np.asarray(counted, np.int64)


def of_parts(cells: Cells, partition: Partition) -> dict[str, NDArray[np.int64]]:
    """Return the group, label and decision of each part of the cluster moments.

    Returns
    -------
    dict of str to ndarray of int, shape (parts,)
        "group", "label" and "decision"; labels and decisions are 0 where the table has none.
    """
    import numpy as np

    assert cells.clusters is not None
    shape = len(cells.clusters.moments)
    nothing = np.zeros(len(cells.n), np.int64)
    label = nothing if cells.label is None else cells.label
    decision = nothing if cells.decision is None else cells.decision
    of_part = {}
    for name, values in (("group", partition.of_cell), ("label", label), ("decision", decision)):
        of_part[name] = np.zeros(shape, np.int64)
        of_part[name][cells.clusters.part] = values
    return of_part


def cluster_covariance(
    cells: Cells, by_weight: NDArray[np.float64], by_score: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the cluster-robust covariance of metrics with the gradients given (INFERENCE.md 7).

    Parameters
    ----------
    cells : Cells
        With cluster moments.
    by_weight : ndarray, shape (k, parts)
        How each group's value changes with the weight in each part. Ratios do not change when all weights
        grow alike, so their gradients meet the totals at 0 and the moments need no centring.
    by_score : ndarray, shape (k, parts), optional
        The same for weight times score.

    Returns
    -------
    ndarray, shape (k, k)
    """
    assert cells.clusters is not None
    moments = cells.clusters
    found = by_weight @ moments.moments @ by_weight.T
    if by_score is not None:
        assert moments.scores is not None
        assert moments.cross is not None
        mixed = by_weight @ moments.cross @ by_score.T
        found = found + mixed + mixed.T + by_score @ moments.scores @ by_score.T
    factor = moments.clusters / max(moments.clusters - 1, 1)
    covariance: NDArray[np.float64] = factor * found
    return covariance


def unknown(metric: str, partition: Partition, reason: str) -> Estimates:
    """Return estimates without a value in any group, for one reason."""
    import numpy as np

    nothing = np.full(len(partition), np.nan)
    return Estimates(
        metric=metric,
        value=nothing,
        n=np.zeros(len(partition), np.int64),
        variance=nothing,
        low=nothing,
        high=nothing,
        limits=lambda _: (nothing, nothing),
        ratio=False,
        notes=(reason,) * len(partition),
        method="",
    )


def joined(several: Sequence[Estimates]) -> Estimates:
    """Put estimates of one metric in different groups side by side, as independent groups."""
    import numpy as np

    first = several[0]

    def side_by_side(name: str) -> Any:
        found = [getattr(one, name) for one in several]
        return None if any(values is None for values in found) else np.concatenate(found)

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        pairs = [one.limits(z) for one in several]
        return np.concatenate([low for low, _ in pairs]), np.concatenate([high for _, high in pairs])

    arrays = {
        name: side_by_side(name)
        for name in ("value", "n", "variance", "low", "high", "shown", "successes", "carried", "df")
    }
    return Estimates(
        metric=first.metric,
        limits=limits,
        ratio=all(one.ratio for one in several),
        notes=tuple(note for one in several for note in one.notes),
        method=first.method,
        **arrays,
    )


def word(reasons: Sequence[tuple[str, NDArray[np.bool_]]], k: int) -> tuple[str, ...]:
    """Give each group the first reason that is true of it, or nothing."""
    return tuple(next((text for text, true in reasons if true[i]), "") for i in range(k))
