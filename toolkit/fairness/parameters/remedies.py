"""Remedies in the data: weights that make group and label independent, and columns that tell the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def reweighing(y: NDArray[Any], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weigh rows so that the label is independent of the group (Kamiran and Calders 2012).

    Each row of group g and label y weighs n_g n_y / (n n_gy): shares of groups and of labels stay.

    Returns
    -------
    ndarray, shape (rows,)
        Sums to the number of rows if no cell is empty.
    """
    cells, in_group, with_label, place = _cells(y, group)
    expected = in_group[:, None] * with_label[None, :] / len(y)
    weights: NDArray[np.float64] = expected.ravel()[place] / cells.ravel()[place]
    return weights


def balancing(y: NDArray[Any], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weigh rows so that every non-empty cell of group by label weighs the same, the rows' number in all."""
    cells, _, _, place = _cells(y, group)
    weights: NDArray[np.float64] = len(y) / ((cells > 0).sum() * cells.ravel()[place])
    return weights


def _cells(y: NDArray[Any], group: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    """Return counts by group and label, their margins, and each row's cell."""
    import numpy as np

    labels = int(y.max()) + 1
    place = np.asarray(group) * labels + np.asarray(y)
    cells = np.bincount(place, minlength=(int(group.max()) + 1) * labels).reshape(-1, labels)
    return cells, cells.sum(axis=1), cells.sum(axis=0), place


def telling(X: NDArray[np.float64], member: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how well each column alone tells members from others: the area under its ROC curve.

    Parameters
    ----------
    X : ndarray, shape (rows, features)
        Without missing values.
    member : ndarray of bool, shape (rows,)

    Returns
    -------
    ndarray, shape (features,)
        0.5 tells nothing; the direction is dropped, so 1 is the most. Ties count half (Mann-Whitney).
    """
    import numpy as np

    inside = int(member.sum())
    outside = len(member) - inside
    areas = np.empty(X.shape[1])
    for j, column in enumerate(X.T):
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        rank = np.cumsum(count) - (count - 1) / 2
        areas[j] = (rank[place][member].sum() - inside * (inside + 1) / 2) / max(inside * outside, 1)
    return np.maximum(areas, 1 - areas)
