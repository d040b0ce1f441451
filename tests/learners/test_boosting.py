"""Boosting's stages must be those of the reference implementation, and its smoother exact."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from toolkit.learners.boosting import boost
from toolkit.learners.smoothers import effective_parameters
from toolkit.records import NotApplicable


def _problem(rows: int = 70) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, 5))
    return X, np.column_stack([X[:, 0] * X[:, 1], rng.standard_normal(rows)]), rng.standard_normal((20, 5))


def test_every_stage_equals_xgboosts_on_the_training_rows() -> None:
    X, Y, T = _problem()
    stages = boost(X, Y[:, :1], T, rounds=(1, 5, 20), leaves=6, seed=0, rate=0.3, penalty=0.0)
    settings = {
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_bin": 256,
        "max_leaves": 6,
        "max_depth": 0,
        "eta": 0.3,
        "lambda": 0,
        "base_score": 0.0,
        "min_child_weight": 0,
        "nthread": 1,
    }
    matrix = xgboost.DMatrix(X, Y[:, 0])
    booster = xgboost.train(settings, matrix, 20)
    for stage in stages:
        # Only training rows: between two of them xgboost cuts at a bin's edge, scikit-learn in the middle.
        theirs = booster.predict(matrix, iteration_range=(0, stage.rounds))
        np.testing.assert_allclose(stage.fitted[:, 0], theirs, atol=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_the_smoother_times_the_targets_is_the_prediction_exactly(penalty: float) -> None:
    X, Y, T = _problem()
    for stage in boost(X, Y, T, rounds=(1, 4, 25), leaves=5, seed=3, penalty=penalty, points=20):
        assert stage.smoother is not None
        np.testing.assert_allclose(stage.smoother @ Y, stage.predicted, atol=1e-10)


def test_effective_parameters_grow_with_rounds() -> None:
    X, Y, T = _problem()
    used = [
        effective_parameters(stage.smoother)
        for stage in boost(X, Y, T, rounds=(1, 5, 20, 60), leaves=5, seed=0, points=20)
        if stage.smoother is not None
    ]
    assert used == sorted(used)
    assert used[-1] > 5 * used[0]


def test_one_whole_step_of_a_full_tree_without_penalty_uses_as_many_parameters_as_rows() -> None:
    X, Y, _ = _problem()
    (stage,) = boost(X, Y, X, rounds=(1,), leaves=70, seed=0, rate=1.0, penalty=0.0, points=70)
    assert stage.smoother is not None
    assert effective_parameters(stage.smoother) == pytest.approx(70)


def test_effective_parameters_of_log_loss_are_refused_with_the_reason() -> None:
    X, Y, T = _problem()
    with pytest.raises(NotApplicable, match="not a linear smoother"):
        boost(X, Y, T, rounds=(1,), leaves=2, seed=0, points=5, loss="log-loss")
