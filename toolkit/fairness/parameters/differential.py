"""Differential fairness of labels and of predictions over all intersections, and what a model adds to it.

Epsilon is the largest logarithm of a ratio between two groups' chances of an outcome, over groups and over
outcomes (Foulds, Islam, Keya and Pan 2020, definition 3.1 and equation 7; smoothing .5 is AIF360's default).
It is a maximum, so it is above 0 even where all groups are equal: what equal groups would give stands beside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.parameters.contrasts import signed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMOOTHING = 0.5


def epsilon(counts: NDArray[Any], smoothing: float = SMOOTHING) -> Floats:
    """Return the differential fairness of outcome counts.

    Parameters
    ----------
    counts : ndarray, shape (..., groups, outcomes)
        People by group and outcome; leading axes are kept. Groups without anybody take no part.
    smoothing : float
        Added to every count: p = (N_ys + a) / (N_s + a |Y|). At 0 an outcome that a group never has gives
        infinity.

    Returns
    -------
    ndarray, shape (...)
        At least 0; NaN with fewer than two groups that have anybody.
    """
    import numpy as np

    numbers = np.asarray(counts, dtype=np.float64)
    total = numbers.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log((numbers + smoothing) / (total + smoothing * numbers.shape[-1]))
        peopled = total > 0
        top = np.where(peopled, logs, -np.inf).max(axis=-2)
        bottom = np.where(peopled, logs, np.inf).min(axis=-2)
        # An outcome that nobody has (both -inf) tells no two groups apart.
        apart = np.where(top == bottom, 0.0, top - bottom)
    enough = peopled[..., 0].sum(axis=-1) >= 2
    return np.asarray(np.where(enough, apart.max(axis=-1), np.nan))


def differential(
    counts: NDArray[Any],
    names: Sequence[str],
    *,
    seed: int = 0,
    draws: int = 4000,
    smoothing: float = SMOOTHING,
) -> dict[str, Any]:
    """Measure differential fairness of labels and predictions, and the difference: bias amplification.

    Parameters
    ----------
    counts : ndarray, shape (groups, 2, 2), or (groups, 2) without labels
        Indexed by group, label, prediction; groups are all intersections.
    names : sequence of str
    seed, draws : int
        Of the Dirichlet draws; a draw takes label and prediction together, so amplification is paired.
    smoothing : float

    Returns
    -------
    dict
        The document's `differential_fairness`. Intervals are percentiles of the posterior draws; as every
        interval of a maximum made so, they sit too high.
    """
    import numpy as np

    table = np.asarray(counts, dtype=np.float64)
    table = table[:, None, :] if table.ndim == 2 else table
    labelled = np.asarray(counts).ndim == 3
    kept = table.sum(axis=(1, 2)) > 0
    table, used = table[kept], [n for n, keep in zip(names, kept, strict=True) if keep]
    rng = np.random.default_rng([seed, 9])
    drawn = _draws(table, rng, draws, smoothing)
    predictions = _found(table.sum(axis=1), drawn.sum(axis=2), smoothing)
    labels = amplified = None
    if labelled:
        labels = _found(table.sum(axis=2), drawn.sum(axis=3), smoothing)
        value = float(epsilon(table.sum(axis=1), smoothing) - epsilon(table.sum(axis=2), smoothing))
        amplified = _limits(value, epsilon(drawn.sum(axis=2), 0.0) - epsilon(drawn.sum(axis=3), 0.0))
    null = _null(table, rng, draws, smoothing)
    return {
        "labels": labels,
        "predictions": predictions,
        "amplification": amplified,
        "null_mean": null,
        "smoothing": smoothing,
        "intersections": used,
        "sentence": _sentence(predictions, labels, amplified, null, len(used)),
    }


def _draws(table: Floats, rng: np.random.Generator, draws: int, smoothing: float) -> Floats:
    """Draw shares of (label, prediction) within each group, shape (draws, groups, labels, predictions).

    The prior of a cell is such that labels and predictions each have the smoothing as theirs.
    """
    import numpy as np

    prior = smoothing / table.shape[1] if table.shape[1] > 1 else smoothing
    gammas = rng.standard_gamma(np.broadcast_to(table + prior, (draws, *table.shape)))
    # A gamma with a small shape can be 0 in floating point; the logarithm of a share must exist.
    gammas = np.maximum(gammas, np.finfo(np.float64).tiny)
    return np.asarray(gammas / gammas.sum(axis=(2, 3), keepdims=True))


def _found(counts: Floats, drawn: Floats, smoothing: float) -> dict[str, float | None]:
    """Return epsilon of the counts with the percentiles of its draws."""
    return _limits(float(epsilon(counts, smoothing)), epsilon(drawn, 0.0))


def _limits(value: float, drawn: Floats) -> dict[str, float | None]:
    """Return a value with the 2.5 and 97.5 % points of its draws; None where it does not exist."""
    import numpy as np

    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"value": float(value), "low": float(low), "high": float(high)}


def _null(table: Floats, rng: np.random.Generator, draws: int, smoothing: float) -> float | None:
    """Return the mean epsilon of predictions where all groups share one rate, at these group sizes."""
    import numpy as np

    predicted = table.sum(axis=1)
    if len(predicted) < 2:
        return None
    size = np.rint(predicted.sum(axis=1)).astype(np.int64)
    rate = predicted[:, 1].sum() / predicted.sum()
    positive = rng.binomial(size, rate, size=(draws, len(size)))
    return float(epsilon(np.stack([size - positive, positive], axis=-1), smoothing).mean())


def _signed(value: float | None) -> str:
    return signed(math.nan if value is None else value, 2)


def _sentence(
    predictions: dict[str, float | None],
    labels: dict[str, float | None] | None,
    amplified: dict[str, float | None] | None,
    null: float | None,
    groups: int,
) -> str:
    """Say it in plain words."""
    if predictions["value"] is None:
        return "Differential fairness needs two groups."
    text = f"Over {groups} groups the predictions have epsilon {predictions['value']:.2f}"
    if labels is not None and amplified is not None and labels["value"] is not None:
        text += (
            f" and the labels {labels['value']:.2f}: the model adds {_signed(amplified['value'])}"
            f" ({_signed(amplified['low'])} to {_signed(amplified['high'])})"
        )
    return (
        f"{text}. Epsilon is a maximum, so it and its interval are biased upward: groups that all share one"
        f" rate would have {null:.2f} on average at these sizes."
    )
