"""The gap of a booster's scores attributed to features by Shapley values, which sum to it.

A Shapley value belongs to one person's score; the difference between groups of its mean is what the feature
accounts for in the gap of mean scores. Decisions are not attributed, and "accounts for" is not "causes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Attribution(NamedTuple):
    """What each feature accounts for in a gap of mean scores.

    Attributes
    ----------
    parts : ndarray, shape (features,)
        Signed, in the unit of the scores.
    gap : float
        The gap in mean scores itself: the pair's first group minus its second.
    residual : float
        Gap minus the sum of the parts: rounding of float32 sums; never spread over the parts.
    """

    parts: NDArray[np.float64]
    gap: float
    residual: float


def of_values(values: NDArray[np.float64], scores: NDArray[np.float64], first: NDArray[Any]) -> Attribution:
    """Attribute the gap of mean scores between two groups from values that add up to each person's score.

    Parameters
    ----------
    values : ndarray, shape (rows, features)
        Without the common base value, which is no difference between people.
    scores : ndarray, shape (rows,)
    first : ndarray of bool, shape (rows,)
        True for the pair's first group, False for its second.
    """
    parts = values[first].mean(axis=0) - values[~first].mean(axis=0)
    gap = float(scores[first].mean() - scores[~first].mean())
    return Attribution(parts, gap, gap - float(parts.sum()))


def log_odds(booster: Any, X: NDArray[np.float64], first: NDArray[Any]) -> Attribution:
    """Attribute the gap in mean log-odds; exact (TreeSHAP), the background is the training paths.

    Parameters
    ----------
    booster : xgboost.Booster
    X : ndarray, shape (rows, features)
    first : ndarray of bool, shape (rows,)
    """
    import numpy as np
    import xgboost

    rows = xgboost.DMatrix(X, nthread=1)
    values = booster.predict(rows, pred_contribs=True).astype(np.float64)
    margins = booster.predict(rows, output_margin=True).astype(np.float64)
    return of_values(values[:, :-1], margins, first)


def probability(
    booster: Any, X: NDArray[np.float64], first: NDArray[Any], background: NDArray[np.float64]
) -> Attribution:
    """Attribute the gap in mean probability; interventional, against the background rows given.

    Costs milliseconds a row, so it is meant for a sample: about 100 rows against 20 to 50.
    """
    import numpy as np
    import shap

    explainer = shap.TreeExplainer(
        booster, data=background, feature_perturbation="interventional", model_output="probability"
    )
    values = np.asarray(explainer.shap_values(X, check_additivity=False), dtype=np.float64)
    scores = np.asarray(booster.inplace_predict(X), dtype=np.float64)
    return of_values(values, scores, first)
