"""Worlds in which the effect of capacity is known: where more helps, hurts, or cannot matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Drawn = tuple[NDArray[Any], NDArray[Any]]

ROWS = 100  # training rows at which "early" and "late" are planted
COLUMNS = 20 * ROWS
FLIPPED = 0.2
BITS = 10
INPUTS = 30
SIGNAL, NOISE, BLUR = 1.0, 0.5, 2.0

TRUTH: Mapping[str, str] = {
    "coin": "labels are fair coins: every model errs in half of the cases, whatever its capacity",
    "rise": "one feature of 5 carries the label, a fifth of all labels are flipped: a stump is best",
    "single": "one feature carries the label, a fifth of all labels are flipped: deep trees vote for noise",
    "early": f"the first {ROWS // 4} of {COLUMNS} columns carry the label: each further one only adds noise",
    "late": f"columns {ROWS} to {5 * ROWS // 4} carry the label: no model of the first {ROWS} can learn",
    "anti": f"the parity of {BITS} bits: neighbours differ in label, so voting of local models misleads",
    "switch": "one binary feature carries the label: a tree has two leaves, more trees only repeat it",
    "linear": f"a line through {INPUTS} normal columns, signal {SIGNAL}, noise variance {NOISE}",
    "slope": f"a line through {INPUTS} normal columns without noise: trees approach it slowly",
    "blur": f"the same line under noise of variance {BLUR}: what a wide model fits is mostly noise",
}


def draw(kind: str, rows: int, rng: np.random.Generator) -> Drawn:
    """Draw one world; see `TRUTH` for what is true in it.

    Parameters
    ----------
    kind : str
        A key of `TRUTH`.
    rows : int
    rng : Generator

    Returns
    -------
    X : ndarray, shape (rows, columns)
    y : ndarray, shape (rows,)
        Classes 0 and 1; "linear", "slope" and "blur" give numbers.
    """
    import numpy as np

    if kind == "coin":
        return rng.standard_normal((rows, 20)), rng.integers(0, 2, rows)  # nothing ties the two
    if kind in {"rise", "single"}:
        X = rng.standard_normal((rows, 5 if kind == "rise" else 1))
        return X, ((X[:, 0] > 0) ^ (rng.random(rows) < FLIPPED)).astype(np.int64)
    if kind == "anti":
        signs = 2.0 * rng.integers(0, 2, (rows, BITS)) - 1.0
        return signs, (signs.prod(axis=1) > 0).astype(np.int64)
    if kind == "switch":
        signs = 2.0 * rng.integers(0, 2, (rows, 1)) - 1.0
        return signs, (signs[:, 0] > 0).astype(np.int64)
    if kind in {"linear", "slope", "blur"}:
        return _line(rows, {"linear": NOISE, "slope": 0.0, "blur": BLUR}[kind], rng)
    return _columns(kind, rows, rng)


def _line(rows: int, noise: float, rng: np.random.Generator) -> Drawn:
    """Draw isotropic columns, a coefficient of squared norm `SIGNAL`, and noise of some variance."""
    import numpy as np

    X = rng.standard_normal((rows, INPUTS))
    direction = rng.standard_normal(INPUTS)
    direction *= SIGNAL**0.5 / np.linalg.norm(direction)
    return X, X @ direction + noise**0.5 * rng.standard_normal(rows)


def _columns(kind: str, rows: int, rng: np.random.Generator) -> Drawn:
    """Draw columns of which a block carries the label; "late" carriers are large, so that few rows do."""
    import numpy as np

    X = rng.standard_normal((rows, COLUMNS))
    start = 0 if kind == "early" else ROWS
    block = slice(start, start + ROWS // 4)
    y = (X[:, block] @ rng.standard_normal(ROWS // 4) > 0).astype(np.int64)
    if kind == "late":
        X[:, block] *= 5.0
    return X, y
