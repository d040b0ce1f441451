"""Gradient boosting for squared error: one fit gives every number of rounds, and its exact smoother.

Each round grows one tree with a value per output on the residuals, so a row's prediction stays a weighted
sum of training targets and its effective parameters can be counted (Curth et al. 2023). For log-loss the
leaf values depend on the targets through the probabilities and no such weights exist: that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.learners import trees
from toolkit.records import NotApplicable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Stage:
    """A boosted model after some rounds.

    Attributes
    ----------
    rounds, leaves : int
        Rounds so far and leaves over all of them.
    fitted, predicted : ndarray, shape (rows, outputs)
        Predictions for the training rows and for the test rows.
    smoother : ndarray, shape (points, rows), or None
        The weights of the training targets in the first points' predictions.
    """

    rounds: int
    leaves: int
    fitted: NDArray[np.float64]
    predicted: NDArray[np.float64]
    smoother: NDArray[np.float64] | None


def boost(
    X: NDArray[np.float64],
    Y: NDArray[np.float64],
    X_test: NDArray[np.float64],
    *,
    rounds: Sequence[int],
    leaves: int,
    seed: int,
    rate: float = 0.3,
    penalty: float = 1.0,
    most_features: int = 24,
    points: int = 0,
    loss: str = "squared error",
) -> list[Stage]:
    """Boost once to the most rounds asked for and return every stage asked for.

    Parameters
    ----------
    X, Y, X_test : ndarray
        Inputs (rows, features) and coded targets (rows, outputs).
    rounds : sequence of int
        Rounds after which to look.
    leaves : int
        Most leaves per tree, grown best split first.
    rate, penalty : float
        Learning rate, and lambda in leaf values of sum / (count + lambda): xgboost's defaults. The base
        score is 0.
    most_features : int
        Features tried per split, drawn anew for each; all where there are no more.
    points : int
        Test rows whose smoother is followed; 0 leaves it out.
    loss : str
        Anything but "squared error" is refused where a smoother is asked for.
    """
    import numpy as np

    tried = min(most_features, X.shape[1]) / X.shape[1]
    if loss != "squared error":
        raise NotApplicable(
            f"boosting on {loss} is not a linear smoother: effective parameters are undefined"
        )
    X32, T32 = X.astype(np.float32), X_test.astype(np.float32)
    fitted, predicted = np.zeros_like(Y), np.zeros((len(X_test), Y.shape[1]))
    inner = np.zeros((len(X), len(X))) if points else None
    outer = np.zeros((points, len(X)))
    stages, total = [], 0
    for number in range(1, max(rounds) + 1):
        tree = trees.grow(X32, Y - fitted, leaves, seed + number, max_features=tried)
        nodes, nodes_test = tree.last(X32), tree.last(T32)
        if inner is not None:
            steps = rate * tree.values(nodes, np.eye(len(X)) - inner, penalty=penalty)
            inner += steps[nodes]
            outer += steps[nodes_test[:points]]
        values = rate * tree.values(nodes, Y - fitted, penalty=penalty)
        fitted, predicted = fitted + values[nodes], predicted + values[nodes_test]
        total += tree.leaves
        if number in rounds:
            smoother = outer.copy() if points else None
            stages.append(Stage(number, total, fitted, predicted, smoother))
    return stages
