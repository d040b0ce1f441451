"""Remove a share of a trained model's parameters, the smallest first or at random, and look at the error.

Nothing is trained again. The three families: single weights of a network, coefficients of a linear model,
whole trees of a boosted model (the smallest by total gain).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toolkit.learners.explained import Boosted, decide, error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.learners.networks import Network

    Floats = NDArray[np.float64]

SHARES = (0.0, 0.2, 0.5, 0.8, 0.95)


def orders(size: Floats, rng: np.random.Generator, repeats: int) -> dict[str, list[NDArray[np.int64]]]:
    """Return in which order parameters go: smallest first (once), and at random (several times)."""
    import numpy as np

    blind = [rng.permutation(len(size)) for _ in range(repeats)]
    return {"magnitude": [np.argsort(size, kind="stable")], "random": blind}


def network(
    model: Network,
    X: Floats,
    y: NDArray[Any],
    classes: int,
    *,
    rng: np.random.Generator,
    repeats: int = 4,
) -> Iterator[tuple[str, float, float]]:
    """Prune weights (never biases) over all layers at once and yield (rule, share removed, error).

    A linear model of two classes is pruned as its one vector of log-odds coefficients, since its two
    columns of weights say the same thing twice.
    """
    import numpy as np

    linear = len(model.weights) == 1
    X = np.asarray(X, dtype=np.float32)
    layers = [np.asarray(W) for W, _ in model.weights]
    biases = [np.asarray(b) for _, b in model.weights]
    if linear and classes == 2:
        layers, biases = [np.diff(layers[0], axis=1)], [np.diff(biases[0])]
    flat = np.concatenate([W.ravel() for W in layers])
    ends = np.cumsum([W.size for W in layers])[:-1]

    def wrong(kept: Floats) -> float:
        parts = [w.reshape(W.shape) for w, W in zip(np.split(kept, ends), layers, strict=True)]
        out = X
        for number, (W, b) in enumerate(zip(parts, biases, strict=True)):
            out = out @ W + b
            out = np.maximum(out, 0.0) if number < len(parts) - 1 else out
        if classes == 2 and out.shape[1] == 2:
            out = np.diff(out, axis=1)
        said = decide(out if classes else out * model.scale + model.centre, classes)
        return error(said, y, classes)

    for rule, ranked in orders(np.abs(flat), rng, repeats).items():
        for share in SHARES:
            errors = []
            for order in ranked[: None if share else 1]:
                kept = flat.copy()
                kept[order[: round(share * len(flat))]] = 0.0
                errors.append(wrong(kept))
            yield rule, share, sum(errors) / len(errors)


def boosted(
    model: Boosted, X: Floats, y: NDArray[Any], *, rng: np.random.Generator, repeats: int = 4
) -> Iterator[tuple[str, float, float]]:
    """Remove trees, those of the smallest total gain first or at random, and yield as `network` does."""
    added, gain, base = model.trees(X)
    rounds = gain.shape[1]
    for rule, ranked in orders(gain.mean(axis=0), rng, repeats).items():
        for share in SHARES:
            errors = []
            for order in ranked[: None if share else 1]:
                kept = base + added[:, :, order[round(share * rounds) :]].sum(axis=2)
                errors.append(error(decide(kept, model.classes), y, model.classes))
            yield rule, share, sum(errors) / len(errors)
