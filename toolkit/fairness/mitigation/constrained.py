"""Training under a fairness constraint by reductions, with the recipe's own learner (Agarwal et al. 2018)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.parameters.problem import Fit

    Floats = NDArray[np.float64]

ROUNDS, SLACK = 25, 0.01


class Constraint(NamedTuple):
    """What is to be equal across groups: fairlearn's names for it, and the metrics that it constrains."""

    thresholds: str
    moment: str
    metrics: tuple[str, ...]


TPR, FPR = "true_positive_rate", "false_positive_rate"
CONSTRAINTS: dict[str, Constraint] = {
    "selection_rate": Constraint("demographic_parity", "DemographicParity", ("selection_rate",)),
    TPR: Constraint("true_positive_rate_parity", "TruePositiveRateParity", (TPR,)),
    FPR: Constraint("false_positive_rate_parity", "FalsePositiveRateParity", (FPR,)),
    "equalized_odds": Constraint("equalized_odds", "EqualizedOdds", (TPR, FPR)),
}


@lru_cache(maxsize=1)
def _learner_class() -> Any:
    """Return the estimator class; made on first use, so that importing this module is free."""
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Learner(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
        """A recipe as fairlearn wants it: cloned, fitted with weights, asked for hard decisions."""

        def __init__(self, train: Fit | None = None, seed: int = 0) -> None:
            self.train = train
            self.seed = seed

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
            label = np.asarray(y).astype(np.int64).ravel()
            self.classes_ = np.array([0, 1])
            assert self.train is not None
            self.model_ = self.train(np.asarray(X, dtype=np.float64), label, self.seed, weight)
            return self

        def predict(self, X: Any) -> NDArray[np.int64]:
            return np.asarray(self.model_.decide(np.asarray(X, dtype=np.float64)), dtype=np.int64)

        def predict_proba(self, X: Any) -> Floats:
            p = np.asarray(self.model_.score(np.asarray(X, dtype=np.float64)), dtype=np.float64)
            return np.column_stack([1 - p, p])

    return Learner


def train_constrained(
    fit: Fit,
    X: Floats,
    y: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    constraint: str,
    seed: int,
    rounds: int = ROUNDS,
) -> tuple[Callable[[Floats], Floats], int]:
    """Train a mixture of models whose rates are equal across groups on the training rows, to a slack of .01.

    Parameters
    ----------
    fit : Fit
        Takes weights.
    X, y, group
        Training rows; X may hold NaN only if the learner takes it.
    constraint : str
        One of CONSTRAINTS.
    seed : int
    rounds : int
        Of exponentiated gradient, at most; each fits the learner once or twice.

    Returns
    -------
    callable (X) -> ndarray, shape (rows,)
        The chance of a positive decision; group membership is not needed.
    int
        How many times the learner was fitted.

    Raises
    ------
    ValueError
        If the learner takes no weights or fairlearn refuses the data.
    """
    from fairlearn import reductions

    logger = logging.getLogger("fairlearn")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fairlearn's own use of pandas and scikit-learn, none of our making
        logger.setLevel(logging.ERROR)
        try:
            moment = getattr(reductions, CONSTRAINTS[constraint].moment)(difference_bound=SLACK)
            mixture = reductions.ExponentiatedGradient(
                _learner_class()(fit, seed), moment, eps=SLACK, max_iter=rounds
            )
            mixture.fit(X, y, sensitive_features=group)
        finally:
            logger.setLevel(level)

    def decide(rows: Floats) -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chances: Floats = mixture._pmf_predict(rows)[:, 1].astype("float64")
        return chances

    return decide, int(mixture.n_oracle_calls_)
