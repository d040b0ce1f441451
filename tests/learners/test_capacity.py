"""Targets, features, smoothers and ladders: laws that every family's dial obeys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import catalogue
from toolkit.experiment import split
from toolkit.learners import ladders, random_features
from toolkit.learners.smoothers import effective_parameters, neighbours
from toolkit.learners.targets import CAP, Coding, replace_targets

few = settings(max_examples=30, deadline=None)


@few
@given(st.integers(2, 40), st.integers(1, 10), st.integers(0, 10**6))
def test_k_neighbours_use_n_over_k_effective_parameters(rows: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = min(k, rows)
    smoother = neighbours(rng.standard_normal((rows, 2)), rng.standard_normal((9, 2)), k)
    assert effective_parameters(smoother) == pytest.approx(rows / k)


@few
@given(st.integers(1, 60), st.integers(2, 6), st.floats(0, 0.9), st.floats(0, 0.9), st.integers(0, 10**6))
def test_label_noise_is_exact_in_number_and_nested(
    rows: int, classes: int, low: float, high: float, seed: int
) -> None:
    y = np.random.default_rng(seed).integers(0, classes, rows)
    low, high = sorted((low, high))
    less, more = (replace_targets(y, share, classes, np.random.default_rng(7)) for share in (low, high))
    assert (less != y).sum() == round(low * rows)
    assert (more != y).sum() == round(high * rows)
    assert set(np.flatnonzero(less != y)) <= set(np.flatnonzero(more != y))
    assert less.min() >= 0
    assert less.max() < classes


def test_a_replaced_number_is_one_of_the_numbers_there() -> None:
    y = np.random.default_rng(0).standard_normal(50)
    noisy = replace_targets(y, 0.2, 0, np.random.default_rng(1))
    assert set(noisy) <= set(y)
    assert 1 <= (noisy != y).sum() <= 10


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_perfect_prediction_of_the_code_errs_nowhere(classes: int) -> None:
    y = np.random.default_rng(0).integers(0, classes, 40)
    coding = Coding(classes)
    assert coding.error(coding.encode(y), y) == 0.0
    assert coding.encode(y).shape == (40, coding.outputs)


def test_a_regressions_error_is_one_for_the_mean_and_capped_where_it_explodes() -> None:
    y = np.random.default_rng(0).normal(5, 3, 100)
    coding = Coding(0, float(y.mean()), float(y.std()))
    assert coding.error(np.zeros((100, 1)), y) == pytest.approx(1.0)
    assert coding.error(np.full((100, 1), 1e200), y) == CAP
    assert coding.constant_error(y, y) == pytest.approx(1.0)
    np.testing.assert_allclose(coding.encode(y).std(), 1.0)


@pytest.mark.parametrize("kind", ["relu", "fourier"])
def test_narrow_features_are_a_prefix_of_wide_ones(kind: random_features.Kind) -> None:
    X = np.random.default_rng(0).standard_normal((9, 4))
    narrow, wide = (random_features.draw(kind, 4, width, 11) for width in (5, 50))
    np.testing.assert_array_equal(narrow.block(X, 0, 5), wide.block(X, 0, 5))
    np.testing.assert_array_equal(wide.block(X, 3, 8), wide.block(X, 0, 50)[:, 3:8])


def test_fourier_features_approach_the_gaussian_kernel() -> None:
    X = np.random.default_rng(0).standard_normal((6, 3))
    Z = random_features.draw("fourier", 3, 60_000, 0).block(X, 0, 60_000)
    squared = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(Z @ Z.T / 60_000, np.exp(-squared / (2 * 3)), atol=0.03)


@pytest.fixture(scope="module")
def measured() -> list[dict[str, object]]:
    data = catalogue.dataset("capacity:teacher")
    problem = ladders.Problem.of(data, split(data, 1, train=80, test=200), (0.0, 0.2), 1)
    return [
        *ladders.features(problem, ratios=(0.1, 0.5, 1.0, 2.0, 10.0)),
        *ladders.tree(problem),
        *ladders.forest(problem, size=8),
        *ladders.boosted(problem, rounds=(1, 8, 32), leaves=8, count_noise=0.2),
    ]


def test_parameters_grow_along_every_ladder(measured: list[dict[str, object]]) -> None:
    for family in {row["family"] for row in measured}:
        for noise in (0.0, 0.2):
            mine = [row for row in measured if row["family"] == family and row["noise"] == noise]
            assert [row["rung"] for row in mine] == list(range(len(mine)))
            counts = [row["parameters"] for row in mine]
            assert counts == sorted(counts)  # type: ignore[type-var]  # numbers


def test_interpolators_fit_the_noise_they_are_given(measured: list[dict[str, object]]) -> None:
    for family in ("features, ridgeless", "tree"):
        top = [row for row in measured if row["family"] == family and row["noise"] == 0.2][-1]
        assert top["train_error"] == 0.0
        assert top["test_error"] > 0.1  # type: ignore[operator]


def test_the_ridgeless_peak_is_at_as_many_features_as_rows_and_tuning_removes_it(
    measured: list[dict[str, object]],
) -> None:
    def errors(protocol: str) -> list[float]:
        family = f"features, {protocol}"
        return [r["test_error"] for r in measured if r["family"] == family and r["noise"] == 0.2]  # type: ignore[misc]

    ridgeless, tuned = errors("ridgeless"), errors("tuned ridge")
    assert ridgeless[2] == max(ridgeless[1:])
    assert ridgeless[2] > tuned[2] + 0.1
