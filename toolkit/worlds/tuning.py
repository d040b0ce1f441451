"""Worlds for searches: one in which tuning pays, and response surfaces whose best setting is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIDDLE = 14.4  # median of Friedman's first function, so that the classes are balanced
FLIPPED = 0.05
SURFACES = ("flat", "bowl", "narrow", "equal", "dominant")


def draw(rows: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw a noisy classification: Friedman's (1991) first function above its median, 5 % of labels flipped.

    20 uniform features, of which five carry the label, two of them only together.
    """
    import numpy as np

    U = rng.random((rows, 20))
    score = 10 * np.sin(np.pi * U[:, 0] * U[:, 1]) + 20 * (U[:, 2] - 0.5) ** 2 + 10 * U[:, 3] + 5 * U[:, 4]
    return U, ((score > MIDDLE) ^ (rng.random(rows) < FLIPPED)).astype(np.int64)


def surface(kind: str, u: NDArray[np.float64], best: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the true error at settings in the unit cube.

    Parameters
    ----------
    kind : str
        ======== ===========================================================================
        flat      0.20, and at most 0.002 more in a corner: nothing needs tuning
        bowl      0.10 + 0.25 times the squared distance from the best in the first two settings,
                  none in the others: one random setting is poor, thirty are good
        narrow    0.40 less 0.30 / d for each setting within 0.06 of its best (a Gaussian valley): found
                  by whoever tunes one setting after the other, missed by whoever draws all at once
        equal     every setting adds the same: 0.10 + 0.15 / d times the sum of |u - best|
        dominant  the first setting alone adds: 0.10 + 0.15 |u - best|
        ======== ===========================================================================
    u : ndarray, shape (settings, d)
        Distances above 1 count as 1.
    best : ndarray, shape (d,)
    """
    import numpy as np

    off = np.minimum(np.abs(u - best), 1.0)
    if kind == "flat":
        return np.asarray(0.20 + 0.002 * (off**2).mean(axis=1))
    if kind == "bowl":
        return np.asarray(0.10 + 0.25 * (off[:, :2] ** 2).sum(axis=1))
    if kind == "narrow":
        return np.asarray(0.40 - 0.30 * np.exp(-((off / 0.06) ** 2)).mean(axis=1))
    if kind == "equal":
        return np.asarray(0.10 + 0.15 * off.mean(axis=1))
    return np.asarray(0.10 + 0.15 * off[:, 0])
