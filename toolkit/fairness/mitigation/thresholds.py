"""A remedy with the parameters frozen: fairlearn moves the thresholds of a finished model, group by group."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Score = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]
"""Rows (rows, features) to the chance of label 1 (rows,), float64."""


class RefitError(RuntimeError):
    """Somebody tried to train a model that is meant to stay frozen."""


@lru_cache(maxsize=1)
def _frozen_class() -> Any:
    """Return the estimator class; made on first use, so that importing this module is free."""
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Frozen(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
        def __init__(self, score: Score | None = None) -> None:
            self.score_rows = self.score = score
            self.classes_ = np.array([0, 1])

        def fit(self, *_: Any, **__: Any) -> Any:
            raise RefitError("the parameters are frozen")

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict_proba(self, X: Any) -> NDArray[np.float64]:
            # float64, because fairlearn 0.15 with pandas 3 raises TypeError on xgboost's float32.
            p = np.asarray(self.score_rows(np.asarray(X)), dtype=np.float64)  # type: ignore[misc]
            return np.column_stack([1 - p, p])

        def predict(self, X: Any) -> NDArray[np.int64]:
            return (self.predict_proba(X)[:, 1] >= 0.5).astype(np.int64)

    return Frozen


def frozen(score: Score) -> Any:
    """Wrap a finished model as a scikit-learn classifier that cannot be trained again."""
    return _frozen_class()(score)


def move_thresholds(
    score: Score,
    X: NDArray[np.float64],
    y: NDArray[Any],
    group: NDArray[np.int64],
    *,
    constraint: str = "true_positive_rate_parity",
) -> Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]:
    """Choose thresholds by group on calibration rows (Hardt, Price, Srebro 2016).

    Parameters
    ----------
    score : callable
        The finished model; it is called, never fitted.
    X, y, group
        Calibration rows: neither those it was trained on nor those it will be judged on.
    constraint : str
        One of fairlearn's names.

    Returns
    -------
    callable (X, group) -> ndarray, shape (rows,)
        The chance of a positive decision, so that expected rates are computed and not one draw of them.
        Group membership is needed at decision time.

    Raises
    ------
    ValueError
        If a group has only one label among the calibration rows.
    """
    from fairlearn.postprocessing import ThresholdOptimizer

    chooser = ThresholdOptimizer(
        estimator=frozen(score),
        constraints=constraint,
        objective="accuracy_score",
        prefit=True,
        predict_method="predict_proba",
        grid_size=100,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fairlearn's own use of pandas and scikit-learn, none of our making
        chooser.fit(X, y, sensitive_features=group)

    def decide(rows: NDArray[np.float64], members: NDArray[np.int64]) -> NDArray[np.float64]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chances: NDArray[np.float64] = chooser._pmf_predict(rows, sensitive_features=members)[:, 1]
        return chances

    return decide
