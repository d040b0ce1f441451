from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from small_learners import Fitted

from toolkit.fairness.features.shapley import both_scales, linear_values, logit, sampled


def curved(X: Any) -> Any:
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + X[:, 0] * X[:, 1] * X[:, 3]


def by_hand(output: Any, x: Any, background: Any) -> Any:
    """Average each feature's step over every order of the features and every background row."""
    values = np.zeros(len(x))
    orders = list(permutations(range(len(x))))
    for order in orders:
        for row in background:
            mixed = row.copy()
            before = output(mixed[None, :])[0]
            for j in order:
                mixed[j] = x[j]
                after = output(mixed[None, :])[0]
                values[j] += (after - before) / (len(orders) * len(background))
                before = after
    return values


def test_sampled_orders_are_unbiased_for_the_values_of_every_order() -> None:
    rng = np.random.default_rng(0)
    background, x = rng.normal(size=(3, 4)), rng.normal(size=4)
    repeated = np.repeat(x[None, :], 4000, axis=0)
    found = sampled(curved, repeated, background, np.arange(4), np.random.default_rng(1))[0]
    error = found.std(axis=0) / 4000**0.5
    assert (np.abs(found.mean(axis=0) - by_hand(curved, x, background)) < 4 * error + 1e-12).all()


def test_values_add_up_exactly_for_everybody() -> None:
    rng = np.random.default_rng(2)
    background, X = rng.normal(size=(7, 4)), rng.normal(size=(20, 4))
    found = sampled(curved, X, background, np.array([0, 0, 1, 2]), rng)
    assert found.shape == (1, 20, 3)
    assert found[0].sum(axis=1) == pytest.approx(curved(X) - curved(background).mean(), abs=1e-12)


def test_features_of_one_column_move_together() -> None:
    rng = np.random.default_rng(3)
    background, X = np.zeros((2, 3)), rng.normal(size=(10, 3))
    # The product of two features of one column is wholly that column's.
    found = sampled(lambda Z: Z[:, 0] * Z[:, 1] + Z[:, 2], X, background, np.array([0, 0, 1]), rng)[0]
    assert found[:, 0] == pytest.approx(X[:, 0] * X[:, 1], abs=1e-12)
    assert found[:, 1] == pytest.approx(X[:, 2], abs=1e-12)


def test_a_linear_score_in_closed_form_is_what_sampling_gives() -> None:
    rng = np.random.default_rng(4)
    background, X, weights = rng.normal(size=(5, 3)), rng.normal(size=(6, 3)), rng.normal(size=3)
    exact = linear_values(weights, X, background)
    assert sampled(lambda Z: Z @ weights, X, background, np.arange(3), rng)[0] == pytest.approx(exact)


def test_blocks_change_nothing_but_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    background, X, weights = rng.normal(size=(5, 3)), rng.normal(size=(9, 3)), rng.normal(size=3)
    monkeypatch.setattr("toolkit.fairness.features.shapley.NUMBERS", 1)
    found = sampled(lambda Z: Z @ weights, X, background, np.arange(3), rng)[0]
    assert found == pytest.approx(linear_values(weights, X, background))


def test_log_odds_of_certain_scores_are_finite() -> None:
    assert logit(np.array([0.0, 0.5, 1.0])) == pytest.approx([-13.8155, 0, 13.8155], abs=1e-3)
    both = both_scales(Fitted(np.array([1.0]), 0.0))(np.array([[2.0]]))
    assert both[:, 0] == pytest.approx([2, 1 / (1 + np.exp(-2))])
