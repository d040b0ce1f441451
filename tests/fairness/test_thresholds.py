from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toolkit.fairness.counts import confusion, gap
from toolkit.fairness.mitigation.thresholds import RefitError, frozen, move_thresholds


def world(seed: int, rows: int) -> tuple[Any, Any, Any]:
    """Two groups whose scores differ in level, not in what they tell."""
    rng = np.random.default_rng(seed)
    s = rng.integers(0, 2, rows)
    ability = rng.normal(size=rows)
    return (ability - 0.8 * s)[:, None], (ability + 0.5 * rng.normal(size=rows) > 0).astype(int), s


def score(X: Any) -> Any:
    # float32, as xgboost gives it; the wrapper must turn it into float64.
    return (1 / (1 + np.exp(-2 * X[:, 0]))).astype(np.float32)


def test_a_finished_model_cannot_be_trained_again() -> None:
    from sklearn.utils.validation import check_is_fitted

    model = frozen(score)
    check_is_fitted(model)
    with pytest.raises(RefitError):
        model.fit(np.zeros((2, 1)), [0, 1])
    assert model.predict_proba(np.zeros((2, 1))).dtype == np.float64


def test_moved_thresholds_close_the_gap_they_were_asked_to_close_on_new_people() -> None:
    X, y, s = world(1, 6000)
    decide = move_thresholds(score, X, y, s)
    X, y, s = world(2, 20_000)
    before = gap(confusion(y, score(X) >= 0.5, s, 2), "true_positive_rate", (0, 1))
    after = gap(confusion(y, decide(X, s), s, 2), "true_positive_rate", (0, 1))
    assert before > 0.25
    assert abs(after) < 0.04


def test_decisions_are_chances_and_the_same_each_time() -> None:
    X, y, s = world(3, 1000)
    decide = move_thresholds(score, X, y, s)
    first, second = decide(X, s), decide(X, s)
    assert (first == second).all()
    assert ((first >= 0) & (first <= 1)).all()


def test_a_group_with_one_label_cannot_be_calibrated() -> None:
    X, y, s = world(4, 200)
    with pytest.raises(ValueError, match="egenerate labels"):
        move_thresholds(score, X, np.where(s == 1, 1, y), s)
