"""Covariance of the groups' proportions where rows come in clusters, from moments over the clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.fairness.counts import PROPORTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.cells import Cells, Partition


@dataclass(frozen=True, eq=False)
class Covariances:
    """How the values of one proportion in several unions of groups vary together.

    Attributes
    ----------
    between : ndarray, shape (unions, unions)
        Covariance.
    beside : ndarray, shape (unions,), or None
        Correlation of each union with the group it is compared with, in [-1, 1].
    clusters : ndarray, shape (unions,)
        Clusters with a row in the union, at most; see `covariances`.
    """

    between: NDArray[np.float64]
    beside: NDArray[np.float64] | None
    clusters: NDArray[np.float64]

    def scaled(self, variance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same correlations around smoothed variances, shape (unions,), which are never 0."""
        import numpy as np

        raw = np.diagonal(self.between)
        factor = np.sqrt(np.where(raw > 0, np.nan_to_num(variance) / np.where(raw > 0, raw, 1.0), 0.0))
        found = self.between * factor[:, None] * factor[None, :]
        np.fill_diagonal(found, variance)
        return np.asarray(found, np.float64)


def covariances(
    cells: Cells,
    partition: Partition,
    metric: str,
    sides: NDArray[np.float64],
    beside: NDArray[np.float64] | None = None,
) -> Covariances:
    """Linearise the shares and take their covariance over clusters.

    A share's gradient by the total of a part is (1 in the numerator - share in the denominator) / the
    denominator's total. With M the second moments of the totals over G clusters,
    Cov = G/(G - 1) gradient' (M - t t'/G) gradient.

    Parameters
    ----------
    cells : Cells
        With `clusters`.
    partition : Partition
    metric : str
        One of `counts.PROPORTIONS`.
    sides : ndarray of 0 and 1, shape (unions, groups)
        Which groups each union is made of.
    beside : ndarray of 0 and 1, shape (unions, groups), optional
        What each union is compared with.
    """
    import numpy as np

    moments = cells.clusters
    assert moments is not None
    parts, first = np.unique(moments.part, return_index=True)
    totals = np.bincount(moments.part, weights=cells.weight, minlength=len(moments.moments))
    number = moments.clusters
    centred = moments.moments - np.outer(totals, totals) / number
    centred = centred[np.ix_(parts, parts)] * (number / max(number - 1, 1))
    label = np.zeros(len(parts), np.int64) if cells.label is None else cells.label[first]
    assert cells.decision is not None
    decision, group = cells.decision[first], partition.of_cell[first]
    above, below = (
        np.any([(label == i) & (decision == j) for i, j in of], axis=0) for of in PROPORTIONS[metric]
    )

    def gradient(unions: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = unions[:, group]
        weight = inside * totals[parts]
        size = np.where((weight * below).sum(axis=1) > 0, (weight * below).sum(axis=1), np.nan)[:, None]
        share = (weight * above).sum(axis=1)[:, None] / size
        return np.asarray(np.nan_to_num(inside * (above - share * below) / size), np.float64)

    own = gradient(sides)
    between = own @ centred @ own.T
    correlation = None
    if beside is not None:
        other = gradient(beside)
        size = np.sqrt(np.maximum(np.diagonal(between) * np.einsum("up,pq,uq->u", other, centred, other), 0))
        shared = np.einsum("up,pq,uq->u", own, centred, other)
        correlation = np.clip(np.where(size > 0, shared / np.where(size > 0, size, 1.0), 0.0), -1, 1)
    return Covariances(between, correlation, _clusters(cells, partition, sides))


def _clusters(cells: Cells, partition: Partition, sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the clusters of each union: exactly for one group, at most their sum for several."""
    import numpy as np

    moments = cells.clusters
    assert moments is not None
    in_group = moments.in_group.get(partition.attributes)
    if in_group is None:
        return np.full(len(sides), float(moments.clusters))
    return np.asarray(np.minimum(sides @ in_group.astype(np.float64), float(moments.clusters)), np.float64)
