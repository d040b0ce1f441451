"""What importance says and whether it can be relied on: permutation, concentration, surrogates, deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toolkit.learners.explained import decide, row_losses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.learners.networks import Network

    Floats = NDArray[np.float64]

BINS = 8
# Numbers held at once while features are shuffled: 16 MB.
LARGEST = 2_000_000


def permutation(
    margins: Callable[[Floats], Floats], X: Floats, y: NDArray[Any], classes: int, rng: np.random.Generator
) -> Floats:
    """Return how much the loss rises when one feature is shuffled, shape (features,) (Breiman 2001).

    Parameters
    ----------
    margins : callable
        The model, rows to (rows, outputs).
    X, y : ndarray
        Rows the model has not learnt from.
    """
    import numpy as np

    count, width = X.shape
    whole = row_losses(margins(X), y, classes).mean()
    rises = np.empty(width)
    at_once = max(1, LARGEST // (count * width))
    for start in range(0, width, at_once):
        features = np.arange(start, min(start + at_once, width))
        shuffled = np.repeat(X[None], len(features), axis=0)
        for place, feature in enumerate(features):
            shuffled[place, :, feature] = rng.permutation(X[:, feature])
        losses = row_losses(margins(shuffled.reshape(-1, width)), np.tile(y, len(features)), classes)
        rises[features] = losses.reshape(len(features), count).mean(axis=1) - whole
    return rises


def concentration(ordering: Floats, importance: Floats) -> float:
    """Return Gini's index of importance along an order found on other rows.

    Sorted by its own values, importance looks unequal even where all features are equal, because noise is
    sorted too. Along an order from an independent fit the index is 0 on average when all are equal; it is
    Gini's where both agree. Negative importance (shuffling helped) counts as none.
    """
    import numpy as np

    sizes = np.maximum(importance, 0.0)[np.argsort(ordering, kind="stable")]
    count = len(sizes)
    if sizes.sum() <= 0:
        return 0.0
    ranks = np.arange(1, count + 1)
    return float(2 * (ranks * sizes).sum() / (count * sizes.sum()) - (count + 1) / count)


def recall(importance: Floats, truth: tuple[int, ...]) -> float:
    """Return the share of the true features among as many of the most important."""
    import numpy as np

    top = np.argsort(-importance, kind="stable")[: len(truth)]
    return len(set(map(int, top)) & set(truth)) / len(truth)


def agreement(first: Floats, second: Floats) -> float | None:
    """Return Pearson's correlation of two sets of numbers; None where one of them does not vary."""
    import numpy as np

    a, b = first.ravel() - first.mean(), second.ravel() - second.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / scale) if scale > 1e-12 else None


def tree_surrogate(X: Floats, margins: Floats, leaves: int, seed: int) -> Callable[[Floats], Floats]:
    """Fit one small tree to a model's margins: a page of rules that a person can follow."""
    from sklearn.tree import DecisionTreeRegressor

    fitted = DecisionTreeRegressor(max_leaf_nodes=leaves, random_state=seed).fit(X, margins)
    return lambda rows: fitted.predict(rows).reshape(len(rows), -1)


def additive_surrogate(X: Floats, margins: Floats, penalty: float = 1.0) -> Callable[[Floats], Floats]:
    """Fit a sum of one step function per feature to a model's margins by ridge regression.

    Each feature is cut at its training octiles; no feature sees another, so the surrogate can be drawn as
    one curve per feature.
    """
    import numpy as np

    cuts = np.quantile(X, np.arange(1, BINS) / BINS, axis=0)

    def coded(rows: Floats) -> Floats:
        place = (rows[:, None, :] > cuts[None]).astype(np.float64)
        return place.reshape(len(rows), -1)

    steps = coded(X)
    centre, level = steps.mean(axis=0), margins.mean(axis=0)
    Z, rest = steps - centre, margins - level
    if Z.shape[1] > len(Z):  # the same solution through the smaller matrix
        slopes = Z.T @ np.linalg.solve(Z @ Z.T + penalty * np.eye(len(Z)), rest)
    else:
        slopes = np.linalg.solve(Z.T @ Z + penalty * np.eye(Z.shape[1]), Z.T @ rest)
    return lambda rows: (coded(rows) - centre) @ slopes + level


def fidelity(surrogate: Floats, model: Floats, fitted: Floats, classes: int) -> float | None:
    """Return how much of what a constant guess gets wrong about a model its surrogate gets right.

    1 is perfect, 0 no better than always saying the model's commonest answer in training; for a regression
    it is R squared.

    Parameters
    ----------
    surrogate, model : ndarray, shape (rows, outputs)
        Margins on held-out rows.
    fitted : ndarray
        The model's margins on its training rows.
    """
    import numpy as np

    said, guess = decide(model, classes), decide(surrogate, classes)
    before = decide(fitted, classes)
    constant = np.bincount(before).argmax() if classes else before.mean()
    if classes:
        missed, blind = float(np.mean(guess != said)), float(np.mean(said != constant))
    else:
        missed, blind = float(np.mean((guess - said) ** 2)), float(np.mean((said - constant) ** 2))
    return 1 - missed / blind if blind > 0 else None


def deletion(
    margins: Callable[[Floats], Floats],
    X: Floats,
    weight: Floats,
    classes: int,
    *,
    share: float,
    rng: np.random.Generator,
    repeats: int = 4,
) -> tuple[float, float]:
    """Return the share of people whose answer changes without their most important features, and without any.

    Parameters
    ----------
    X : ndarray, shape (rows, features)
        Scaled, so that 0 is the training mean: what a deleted feature is set to.
    weight : ndarray, shape (rows, features)
        Each person's own importance.
    share : float
        Features deleted per person, at least one.

    Returns
    -------
    explained, random : float
        A regression's answer has changed when it moves by half a standard deviation of the answers.
    """
    import numpy as np

    count = max(1, round(share * X.shape[1]))
    said = decide(margins(X), classes)

    def changed(order: NDArray[Any]) -> float:
        cut = X.copy()
        np.put_along_axis(cut, order[:, :count], 0.0, axis=1)
        now = decide(margins(cut), classes)
        if classes:
            return float(np.mean(now != said))
        return float(np.mean(np.abs(now - said) > 0.5 * said.std()))

    blind = [changed(rng.random(X.shape).argsort(axis=1)) for _ in range(repeats)]
    return changed(np.argsort(-weight, axis=1, kind="stable")), sum(blind) / repeats


def input_gradients(network: Network, X: Floats, classes: int) -> Floats:
    """Return gradient times input of a network of one hidden layer, shape (rows, features).

    Of the output itself, the log-odds of two classes, or the highest class's margin over the mean of all.
    """
    import numpy as np

    (W, b), (V, _) = network.weights
    gate = (X @ W + b > 0).astype(np.float64)
    if classes > 2:
        towards = V.T[network.scores(X).argmax(axis=1)] - V.mean(axis=1)
    else:
        towards = np.broadcast_to(V[:, 1] - V[:, 0] if classes else V[:, 0], gate.shape)
    return np.asarray(X * ((gate * towards) @ W.T))


def matched_weights(first: Network, second: Network) -> tuple[Floats, Floats]:
    """Return two networks' incoming weights with the second's hidden units in the order that fits best.

    Hidden units have no order of their own. They are paired by the Hungarian method on outgoing weights,
    biases and every other feature's weights, and compared on the remaining features, then the other way
    round: paired and compared on the same weights, even random networks would look alike.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    (W, b), (V, _) = first.weights
    (W2, b2), (V2, _) = second.weights
    one, other = [], []
    for part in (0, 1):
        seen = np.arange(len(W)) % 2 == part
        a = np.vstack([W[seen], b[None], V.T]).astype(np.float64)
        z = np.vstack([W2[seen], b2[None], V2.T]).astype(np.float64)
        _, order = linear_sum_assignment(-(a.T @ z))
        one.append(W[~seen])
        other.append(W2[~seen][:, order])
    return np.vstack(one).astype(np.float64), np.vstack(other).astype(np.float64)
