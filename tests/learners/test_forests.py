"""Every smaller forest must be read exactly from the largest."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.learners import forests


def _problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((60, 4)), rng.standard_normal((60, 2)), rng.standard_normal((30, 4))


def test_a_rung_is_the_same_whatever_else_is_asked_for() -> None:
    X, Y, T = _problem()
    asked = [(4, 3), (60, 1), (60, 6)]
    together = forests.ladder(X, Y, T, rungs=asked, seed=5)
    for rung, found in zip(asked, together, strict=True):
        # Trees are grown to the largest rung's leaves; growing best first makes smaller ones prefixes.
        (alone,) = forests.ladder(X, Y, T, rungs=[rung], seed=5)
        np.testing.assert_allclose(found.predicted, alone.predicted, atol=1e-12)
        assert (found.leaves, found.trees) == (alone.leaves, alone.trees)


def test_one_full_tree_without_bootstrap_interpolates_and_uses_as_many_parameters_as_rows() -> None:
    X, Y, _ = _problem()
    (found,) = forests.ladder(X, Y, X, rungs=[(60, 1)], seed=0, bootstrap=False, points=60)
    np.testing.assert_allclose(found.fitted, Y, atol=1e-12)
    assert found.effective == pytest.approx(60)


def test_adding_trees_multiplies_parameters_and_divides_effective_ones() -> None:
    X, Y, T = _problem()
    one, many = forests.ladder(X, Y, T, rungs=[(60, 1), (60, 30)], seed=0, points=30)
    assert many.leaves > 20 * one.leaves
    assert many.effective is not None
    assert one.effective is not None
    assert many.effective < one.effective / 5


def test_effective_parameters_are_left_out_unless_asked_for() -> None:
    X, Y, T = _problem()
    (found,) = forests.ladder(X, Y, T, rungs=[(4, 2)], seed=0)
    assert found.effective is None
