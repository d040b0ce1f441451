"""Replicates of known truth: effects per trial as a judge sees them, for `calibrate`.

Every function returns noise whose true centre is exactly 0, shape (runs, trials); the caller adds the effect.
Fixed tables are not imitated by a formula: a table is drawn, split again and again, and two learners that are
equal by symmetry (each sees its own half of exchangeable features) are trained on every split, so that the
overlap of the splits is the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]


def gaussian(rng: np.random.Generator, runs: int, trials: int) -> Array:
    """Draw standard normal effects whose means and variances are stratified over their distributions.

    Each run alone is an ordinary sample: mean, variance and direction of the residuals are independent and
    exact. Stratifying over the runs (a Latin hypercube) takes most of the chance out of the counts of false
    rulings, so that a bound meant for one world can be kept over hundreds.
    """
    import numpy as np
    from scipy.special import chdtri, ndtri

    means, spreads = ((rng.permutation(runs) + rng.random(runs)) / runs for _ in range(2))
    noise = rng.standard_normal((runs, trials))
    noise -= noise.mean(axis=1, keepdims=True)
    noise *= (np.sqrt(chdtri(trials - 1, spreads)) / np.sqrt((noise**2).sum(axis=1)))[:, None]
    stratified: Array = noise + (ndtri(means) / np.sqrt(trials))[:, None]
    return stratified


def lognormal(rng: np.random.Generator, runs: int, trials: int, sigma: float = 1.0) -> Array:
    """Draw skewed, heavy-tailed effects around their 20 % trimmed mean, which has a closed form."""
    import numpy as np
    from scipy.special import ndtr, ndtri

    tail = ndtri(0.8)
    centre = np.exp(sigma**2 / 2) * (ndtr(tail - sigma) - ndtr(-tail - sigma)) / 0.6
    around: Array = np.exp(sigma * rng.standard_normal((runs, trials))) - centre
    return around


def heavy(rng: np.random.Generator, runs: int, trials: int) -> Array:
    """Draw Student's t with three degrees of freedom: symmetric, with outliers."""
    import numpy as np

    return np.asarray(rng.standard_t(3, (runs, trials)))


def ratio_of_errors(rng: np.random.Generator, runs: int, trials: int, sigma: float = 1.0) -> Array:
    """Draw the difference of two equal lognormal errors, as squared errors near interpolation give it."""
    import numpy as np

    errors = np.exp(sigma * rng.standard_normal((2, runs, trials)))
    effects: Array = errors[0] - errors[1]
    return effects


def splits(
    rng: np.random.Generator,
    learner: str,
    *,
    tables: int,
    rows: int,
    trials: int,
    test: float = 0.2,
    arms: int = 2,
) -> Array:
    """Draw the errors of equally good learners over random splits of one table, for many tables.

    Parameters
    ----------
    learner : str
        One of `LEARNERS`.
    test : float
        Share of the rows in the test part; 0.2 makes n_test / n_train one quarter.
    arms : int
        Learners; each sees its own features, which are exchangeable with the others'.

    Returns
    -------
    ndarray, shape (tables, arms, trials)
        Share of the test rows that are classified wrongly.
    """
    import numpy as np

    size = round(test * rows)
    errors = np.empty((tables, arms, trials))
    for table in range(tables):
        y = np.where(rng.random(rows) < 0.5, 1.0, -1.0)
        X = rng.standard_normal((arms, rows, FEATURES)) + 0.5 * y[:, None]
        tested = np.zeros((trials, rows), dtype=bool)
        order = rng.random((trials, rows)).argsort(axis=1)[:, :size]
        np.put_along_axis(tested, order, values=True, axis=1)
        for arm, part in enumerate(X):
            errors[table, arm] = (LEARNERS[learner](part, y, tested) & tested).sum(axis=1) / size
    return errors


FEATURES = 3


def _centroid(X: Array, y: Array, tested: Flags) -> Flags:
    """Classify by the nearer class mean; return which rows are wrong, shape (trials, rows)."""
    import numpy as np

    up, down = (np.where(~tested & (y == sign), 1.0, 0.0) for sign in (1.0, -1.0))
    high, low = up @ X / up.sum(axis=1, keepdims=True), down @ X / down.sum(axis=1, keepdims=True)
    score = (high - low) @ X.T - ((high**2 - low**2).sum(axis=1) / 2)[:, None]
    wrong: Flags = np.sign(score) != y
    return wrong


def _nearest(X: Array, y: Array, tested: Flags) -> Flags:
    """Classify by the nearest training row, which follows every change of the training part."""
    import numpy as np

    squares = (X**2).sum(axis=1)
    distance = squares[:, None] + squares[None, :] - 2 * X @ X.T
    wrong = np.zeros(tested.shape, dtype=bool)
    for trial, held_out in enumerate(tested):
        train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        nearest = distance[np.ix_(test, train)].argmin(axis=1)
        wrong[trial, test] = y[train[nearest]] != y[test]
    return wrong


def _stump(X: Array, y: Array, tested: Flags) -> Flags:
    """Classify by the sign of the one feature that separates the training part best: an unstable choice."""
    import numpy as np

    right = (np.sign(X) == y[:, None]).astype(float)
    scores = (~tested).astype(float) @ right
    wrong: Flags = right.T[scores.argmax(axis=1)] == 0
    return wrong


LEARNERS: dict[str, Callable[[Array, Array, Flags], Flags]] = {
    "nearest centroid": _centroid,
    "nearest neighbour": _nearest,
    "stump": _stump,
}
