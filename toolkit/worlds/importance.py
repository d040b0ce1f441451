"""Worlds that know which features matter, because they planted them: weighted, equal, none, twins, rules.

Every draw is fresh and independent; column numbers of the features that carry the target are in `CARRIERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draw = tuple[NDArray[np.float64], NDArray[Any]]

# Scattered over the columns, so that no method is right by preferring the first or the last ones.
CARRIERS: dict[str, tuple[int, ...]] = {
    "planted": (2, 5, 11, 14, 17),
    "equal": tuple(range(12)),
    "noise": (),
    "single": (0,),
    "twins": (2, 5, 11, 14, 17),
    "readable": (2, 5),
    "parity": (1, 3, 4),
    "plane": (0, 1, 2),
    "friedman": (0, 1, 2, 3, 4),
}
FEATURES = {
    "planted": 20,
    "equal": 12,
    "noise": 40,
    "single": 1,
    "twins": 25,
    "readable": 10,
    "parity": 6,
    "plane": 3,
    "friedman": 10,
}
WEIGHTS = (2.0, 1.6, 1.3, 1.1, 0.9)
# Correlation of a twin with its original: 0.995.
TWIN_NOISE = 0.1


def draw(kind: str, rows: int, rng: np.random.Generator) -> Draw:
    """Draw features (rows, features) and a target (rows,) of one kind.

    ====== =====================================================================================
    planted   20 normal features; a logit of five of them with weights 2.0, 1.6, 1.3, 1.1, 0.9
    equal     12 normal features with the same weight, 1.0, in the logit
    noise     40 normal features; labels by a fair coin: nothing can be learnt
    single    one normal feature: there is nothing to rank
    twins     planted, and columns 20-24 are near copies (r = 0.995) of the five that carry the label
    readable  10 normal features; yes where two of them exceed a threshold each, 3 % of labels flipped
    parity    6 features; yes where an even number of three of them is positive: no feature matters alone
    plane     3 normal features; yes where their sum is positive: one direction, no noise
    friedman  10 uniform features; Friedman's (1991) first function of five, noise 1: a regression
    ====== =====================================================================================
    """
    import numpy as np

    width = FEATURES[kind]
    if kind == "friedman":
        U = rng.random((rows, width))
        clean = (
            10 * np.sin(np.pi * U[:, 0] * U[:, 1]) + 20 * (U[:, 2] - 0.5) ** 2 + 10 * U[:, 3] + 5 * U[:, 4]
        )
        return U, clean + rng.normal(size=rows)
    X = rng.normal(size=(rows, width))
    columns = list(CARRIERS[kind])
    if kind == "twins":
        copied = X[:, columns] + TWIN_NOISE * rng.normal(size=(rows, len(columns)))
        X[:, width - len(columns) :] = copied / np.sqrt(1 + TWIN_NOISE**2)
    if kind == "readable":
        yes = (X[:, 2] > -0.3) & (X[:, 5] > -0.6)
        return X, (yes ^ (rng.random(rows) < 0.03)).astype(np.int64)
    if kind == "parity":
        return X, (np.prod(np.sign(X[:, columns]), axis=1) > 0).astype(np.int64)
    if kind == "plane":
        return X, (X.sum(axis=1) > 0).astype(np.int64)
    logit = X[:, columns] @ np.array(_weights(kind))
    return X, (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)


def _weights(kind: str) -> tuple[float, ...]:
    """Return the logit's weights of the features that carry the label."""
    if kind in {"planted", "twins"}:
        return WEIGHTS
    return (1.0,) * len(CARRIERS[kind]) if kind == "equal" else (2.0,) * len(CARRIERS[kind])
