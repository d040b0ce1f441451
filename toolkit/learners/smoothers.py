"""Effective parameters: how much freedom a fitted model really uses, on one scale for every family.

A prediction that is a weighted sum of training targets, ``s(x) @ y``, uses as many effective parameters at x
as the noise it lets through: ``n ||s(x)||^2`` (Curth, Jeffares and van der Schaar 2023).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def effective_parameters(smoother: NDArray[np.float64]) -> float:
    """Return n times the mean squared length of the smoother's rows.

    Parameters
    ----------
    smoother : ndarray, shape (points, training rows)
        The weights of the training targets in each point's prediction.
    """
    import numpy as np

    return float(smoother.shape[1] * np.mean(np.sum(smoother**2, axis=1)))


def neighbours(X: NDArray[np.float64], points: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return the smoother of k nearest neighbours, shape (points, rows): 1/k on the k nearest."""
    import numpy as np

    squared = ((points[:, None, :] - X[None, :, :]) ** 2).sum(axis=2)
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :k]
    smoother = np.zeros(squared.shape)
    np.put_along_axis(smoother, nearest, 1 / k, axis=1)
    return smoother


def leaf_averages(leaves: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the smoother of one tree, shape (points, rows): the mean over the training rows of a leaf.

    Parameters
    ----------
    leaves, points : ndarray of int
        The leaf of each training row and of each point.
    """
    import numpy as np

    same = points[:, None] == leaves[None, :]
    return np.asarray(same / np.maximum(same.sum(axis=1, keepdims=True), 1))
