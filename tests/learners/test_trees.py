"""One best-first tree must hold every smaller one, and its smoother must count its leaves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from toolkit.learners import trees
from toolkit.learners.smoothers import effective_parameters, leaf_averages


def _problem(seed: int, rows: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, 5)).astype(np.float32), rng.standard_normal((rows, 2))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.sampled_from([None, 0.5]))
def test_a_prefix_is_the_tree_grown_to_that_many_leaves(
    seed: int, leaves: int, max_features: float | None
) -> None:
    X, Y = _problem(seed)
    whole = trees.grow(X, Y, 80, seed, max_features=max_features)
    nodes = whole.cut(whole.last(X), leaves)
    small = DecisionTreeRegressor(max_leaf_nodes=leaves, max_features=max_features, random_state=seed).fit(
        X, Y
    )
    np.testing.assert_array_equal(nodes, small.apply(X))
    np.testing.assert_allclose(whole.values(nodes, Y)[nodes], small.predict(X), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_a_tree_uses_as_many_effective_parameters_as_leaves_on_its_own_rows(seed: int, leaves: int) -> None:
    X, Y = _problem(seed)
    tree = trees.grow(X, Y, 80, seed)
    nodes = tree.cut(tree.last(X), leaves)
    assert effective_parameters(leaf_averages(nodes, nodes)) == pytest.approx(leaves)


def test_squared_error_on_indicators_is_ginis_criterion() -> None:
    X, noise = _problem(1, rows=900)
    y = np.digitize(X[:, 0] + 2 * X[:, 1] ** 2 + noise[:, 0], [0.5, 3.0])  # signal enough that no split ties
    Y = np.eye(3)[y] - 1 / 3
    tree = trees.grow(X, Y, 6, 0)
    nodes = tree.last(X)
    gini = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0).fit(X, y)
    np.testing.assert_allclose(tree.values(nodes, Y)[nodes] + 1 / 3, gini.predict_proba(X), atol=1e-12)


def test_values_shrink_towards_zero_by_the_penalty_and_count_weights() -> None:
    X, Y = _problem(3, rows=10)
    tree = trees.grow(X, Y, 1, 0)
    nodes = tree.last(X)
    np.testing.assert_allclose(tree.values(nodes, Y, penalty=2.0)[0], Y.sum(axis=0) / 12)
    weights = np.arange(10.0)
    np.testing.assert_allclose(tree.values(nodes, Y, weights)[0], weights @ Y / weights.sum())


def test_parameters_count_two_per_split_and_one_per_leaf_and_output() -> None:
    assert trees.parameters(1, 1, 1) == 1
    assert trees.parameters(8, 1, 10) == 14 + 80
    assert trees.parameters(20, 5, 1) == 30 + 20
