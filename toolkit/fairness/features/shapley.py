"""Each person's score taken apart by feature: exact where the model allows it, else by sampled orders.

Values add up to the person's score minus the mean score of the background, so that the difference of their
group means adds up to the gap. `contributions` turns them into parts of a gap.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.parameters.problem import Model

    Floats = NDArray[np.float64]

Output = Callable[["Floats"], "Floats"]
"""Rows (rows, features) to one number or several for each, (rows,) or (outputs, rows)."""

NUMBERS = 4_000_000  # held at a time while sampling
CLIP = 1e-6  # a chance of exactly 0 or 1 has no log-odds


def logit(chance: Floats) -> Floats:
    """Return log-odds; chances are kept 1e-6 away from 0 and 1."""
    import numpy as np

    p = np.clip(np.asarray(chance, dtype=np.float64), CLIP, 1 - CLIP)
    return np.asarray(np.log(p) - np.log1p(-p))


def linear_values(coefficients: Floats, X: Floats, background: Floats) -> Floats:
    """Return contributions to a linear score, shape (rows, features): coefficient times distance to the mean.

    Exact for the interventional Shapley value (Lundberg and Lee 2017, corollary 1).
    """
    values: Floats = (X - background.mean(axis=0)) * coefficients
    return values


def booster_values(booster: Any, X: Floats) -> tuple[Floats, Floats]:
    """Return contributions to a booster's log-odds, shape (rows, features), and the log-odds, shape (rows,).

    TreeSHAP on the paths of the training rows (Lundberg et al. 2020); sums hold to float32.
    """
    import numpy as np

    rows = _matrix(booster, X)
    values = np.asarray(booster.predict(rows, pred_contribs=True), dtype=np.float64)
    margins = np.asarray(booster.predict(rows, output_margin=True), dtype=np.float64)
    return values[:, :-1], margins


def _matrix(booster: Any, X: Floats) -> Any:
    """Return rows as the booster takes them, under the names it was trained with."""
    import xgboost

    return xgboost.DMatrix(
        X, feature_names=booster.feature_names, feature_types=booster.feature_types, nthread=1
    )


def booster_chances(booster: Any, X: Floats, background: Floats) -> Floats:
    """Return contributions to a booster's chance of label 1, shape (rows, features), against background rows.

    Interventional (Lundberg et al. 2020); costs milliseconds a row.
    """
    import numpy as np
    import shap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap's own use of numpy and xgboost, none of our making
        explainer = shap.TreeExplainer(
            booster, data=background, feature_perturbation="interventional", model_output="probability"
        )
        return np.asarray(explainer.shap_values(X, check_additivity=False), dtype=np.float64)


def sampled(
    output: Output,
    X: Floats,
    background: Floats,
    players: NDArray[np.int64],
    rng: np.random.Generator,
) -> Floats:
    """Estimate interventional Shapley values of any function by permutations, without bias.

    Each person is compared with every background row once, in a random order of the players drawn anew, so
    the values add up exactly to the person's output minus the background's mean; the orders are all that is
    sampled (Strumbelj and Kononenko 2014).

    Parameters
    ----------
    output : Output
    X, background : ndarray, shape (rows, features), (background rows, features)
    players : ndarray of int, shape (features,)
        Codes 0, 1, ... of what moves together: features of one column are one player.
    rng : Generator

    Returns
    -------
    ndarray, shape (outputs, rows, players)
    """
    import numpy as np

    many = int(players.max()) + 1
    pairs = len(background)
    step = max(1, NUMBERS // (X.shape[1] * pairs * (many + 1)))
    found = []
    for start in range(0, len(X), step):
        people = X[start : start + step]
        order = rng.random((len(people), pairs, many)).argsort(axis=2)
        # rank[p, b, j] is when player j joins; after k steps those below k have the person's values.
        rank = order.argsort(axis=2)
        joined = rank[..., None, :] < np.arange(many + 1)[:, None]
        mixed = np.where(
            joined[..., players], people[:, None, None, :], background[None, :, None, :]
        ).reshape(-1, X.shape[1])
        values = np.atleast_2d(np.asarray(output(mixed), dtype=np.float64))
        steps = np.diff(values.reshape(len(values), len(people), pairs, many + 1), axis=3)
        whose = np.broadcast_to(rank[None], steps.shape)
        found.append(np.take_along_axis(steps, whose, axis=3).mean(axis=2))
    return np.concatenate(found, axis=1)


def both_scales(model: Model) -> Output:
    """Return a function to log-odds and chance of a model's score, shape (2, rows)."""
    import numpy as np

    def output(X: Floats) -> Floats:
        chance = model.score(X)
        return np.stack([logit(chance), chance])

    return output
