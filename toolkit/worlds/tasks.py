"""Tasks of dialled complexity: parity of k bits, and what a random network of width m says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Drawn = tuple[NDArray[np.float64], NDArray[np.int64]]

JITTER = 0.2


def parity(bits: int, inputs: int, rows: int, rng: np.random.Generator) -> Drawn:
    """Draw signs with a little jitter, and whether an even number of the first `bits` are positive.

    A hidden layer of relu units needs about as many units as bits; one bit is a linear task. The best
    possible error is 0 but for jitter beyond five standard deviations.
    """
    import numpy as np

    signs = rng.integers(0, 2, (rows, inputs)) * 2 - 1
    y = (signs[:, :bits].prod(axis=1) > 0).astype(np.int64)
    return signs + JITTER * rng.standard_normal((rows, inputs)), y


def teacher(width: int, inputs: int, classes: int, rows: int, rng: np.random.Generator) -> Drawn:
    """Draw normal inputs and the class that a random relu network of `width` units scores highest.

    The teacher is drawn anew by `rng`, so a trial's task is a fresh member of the family; its outputs are
    standardised on the drawn rows so that no class is rare. Noise-free: a student of the teacher's width
    exists that errs nowhere.
    """
    import numpy as np

    X = rng.standard_normal((rows, inputs))
    W = rng.standard_normal((inputs, width)) / np.sqrt(inputs)
    hidden = np.maximum(X @ W + 0.3 * rng.standard_normal(width), 0.0)
    scores = hidden @ rng.standard_normal((width, classes))
    scores = (scores - scores.mean(axis=0)) / np.maximum(scores.std(axis=0), 1e-12)
    return X, scores.argmax(axis=1).astype(np.int64)


def draw(kind: str, dial: int, inputs: int, rows: int, rng: np.random.Generator) -> Drawn:
    """Draw a task of two classes by its name: "parity" of `dial` bits, "teacher" of `dial` units."""
    return parity(dial, inputs, rows, rng) if kind == "parity" else teacher(dial, inputs, 2, rows, rng)
