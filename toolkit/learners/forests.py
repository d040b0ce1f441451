"""Random forests on two dials from one fit: leaves per tree, and trees; every smaller forest is a prefix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.experiment import generator
from toolkit.learners import trees

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Rung:
    """A forest of some size.

    Attributes
    ----------
    asked, leaves : int
        Leaves allowed and leaves grown, over all its trees.
    fitted, predicted : ndarray, shape (rows, outputs)
        Predictions for the training rows and for the test rows.
    effective : float or None
        Effective parameters on the test rows used as points.
    """

    asked: int
    leaves: int
    trees: int
    fitted: NDArray[np.float64]
    predicted: NDArray[np.float64]
    effective: float | None


def ladder(
    X: NDArray[np.float64],
    Y: NDArray[np.float64],
    X_test: NDArray[np.float64],
    *,
    rungs: Sequence[tuple[int, int]],
    seed: int,
    max_features: float | str | None = "sqrt",
    bootstrap: bool = True,
    points: int = 0,
) -> list[Rung]:
    """Grow one forest to the largest rung and read all rungs from it.

    Parameters
    ----------
    X, Y, X_test : ndarray
        Inputs (rows, features) and coded targets (rows, outputs).
    rungs : sequence of (leaves per tree, trees)
        A tree that has fewer leaves in all gives what it has.
    max_features : float, str or None
    bootstrap : bool
        Each tree learns from rows drawn with replacement.
    points : int
        Test rows on which effective parameters are counted; 0 leaves them out.
    """
    import numpy as np

    X32, T32 = X.astype(np.float32), X_test.astype(np.float32)
    rng = generator(seed, "forest")
    most_leaves, most_trees = max(r[0] for r in rungs), max(r[1] for r in rungs)
    totals = [0] * len(rungs)
    sums = [(np.zeros_like(Y), np.zeros((len(X_test), Y.shape[1]))) for _ in rungs]
    smooth = [np.zeros((points, len(X))) for _ in rungs]
    for number in range(most_trees):
        drawn = np.bincount(rng.integers(0, len(X), len(X)), minlength=len(X)).astype(np.float64)
        weights = drawn if bootstrap else np.ones(len(X))
        tree = trees.grow(X32, Y, most_leaves, seed + number, max_features=max_features, weights=weights)
        last, last_test = tree.last(X32), tree.last(T32)
        read: dict[int, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = {}
        for i, (leaves, size) in enumerate(rungs):
            if number >= size:
                continue
            if leaves not in read:
                nodes, nodes_test = tree.cut(last, leaves), tree.cut(last_test, leaves)
                read[leaves] = (nodes, nodes_test, tree.values(nodes, Y, weights))
            nodes, nodes_test, values = read[leaves]
            sums[i][0][:] += values[nodes]
            sums[i][1][:] += values[nodes_test]
            totals[i] += min(leaves, tree.leaves)
            if points:
                same = (nodes_test[:points, None] == nodes[None, :]) * weights
                smooth[i] += same / same.sum(axis=1, keepdims=True)
    return [
        Rung(leaves * size, total, size, fitted / size, predicted / size, _effective(smoother / size))
        for (leaves, size), total, (fitted, predicted), smoother in zip(
            rungs, totals, sums, smooth, strict=True
        )
    ]


def _effective(smoother: NDArray[np.float64]) -> float | None:
    from toolkit.learners.smoothers import effective_parameters

    return effective_parameters(smoother) if len(smoother) else None
