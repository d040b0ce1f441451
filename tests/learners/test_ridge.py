"""One decomposition must give what separate fits give, and what theory says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.learners.ridge import RidgePath, ridgeless_risk

shapes = given(st.integers(6, 20), st.integers(2, 30), st.integers(0, 10**6))
few = settings(max_examples=25, deadline=None)


def _problem(rows: int, columns: int, seed: int, test: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((rows, columns)),
        rng.standard_normal((test, columns)),
        rng.standard_normal((rows, 2)),
    )


@few
@shapes
def test_every_penalty_predicts_as_the_normal_equations_do(rows: int, columns: int, seed: int) -> None:
    F, T, Y = _problem(rows, columns, seed)
    path = RidgePath.of(F, T)
    for penalty in (0.1, 3.0):
        weights = np.linalg.solve(F.T @ F + penalty * np.eye(columns), F.T @ Y)
        np.testing.assert_allclose(path.predict(Y, penalty), T @ weights, atol=1e-8)
        np.testing.assert_allclose(path.fitted(Y, penalty), F @ weights, atol=1e-8)
        np.testing.assert_allclose(path.smoother(penalty) @ Y, T @ weights, atol=1e-8)


@few
@shapes
def test_penalty_zero_is_the_least_norm_solution(rows: int, columns: int, seed: int) -> None:
    F, T, Y = _problem(rows, columns, seed)
    expected = T @ (np.linalg.pinv(F) @ Y)
    np.testing.assert_allclose(RidgePath.of(F, T).predict(Y), expected, rtol=1e-6, atol=1e-6)


@few
@shapes
def test_leave_one_out_equals_brute_force(rows: int, columns: int, seed: int) -> None:
    F, T, Y = _problem(rows, columns, seed)
    penalties = np.array([0.05, 1.0, 20.0])
    brute = np.zeros((3, 2))
    for i, penalty in enumerate(penalties):
        for left_out in range(rows):
            kept = np.arange(rows) != left_out
            A = F[kept].T @ F[kept] + penalty * np.eye(columns)
            guess = F[left_out] @ np.linalg.solve(A, F[kept].T @ Y[kept])
            brute[i] += (Y[left_out] - guess) ** 2 / rows
    np.testing.assert_allclose(RidgePath.of(F, T).leave_one_out(Y, penalties), brute, rtol=1e-7)


@pytest.mark.parametrize(("rows", "columns"), [(40, 10), (40, 100)])
def test_the_cheap_decompositions_agree_with_the_exact_one(rows: int, columns: int) -> None:
    F, T, Y = _problem(rows, columns, 3)
    exact = RidgePath.of(F, T)
    cheap = RidgePath.of_few(F, T) if columns < rows else RidgePath.of_gram(F @ F.T, T @ F.T)
    for penalty in (0.0, 1.0):
        np.testing.assert_allclose(cheap.predict(Y, penalty), exact.predict(Y, penalty), atol=1e-9)
        assert cheap.effective_parameters(penalty) == pytest.approx(exact.effective_parameters(penalty))
    assert cheap.best_penalty(Y) == pytest.approx(exact.best_penalty(Y))


@few
@shapes
def test_least_squares_uses_p_effective_parameters_on_its_own_rows(
    rows: int, columns: int, seed: int
) -> None:
    F, _, _ = _problem(rows, columns, seed)
    assert RidgePath.of(F, F).effective_parameters() == pytest.approx(min(rows, columns), rel=1e-6)


@few
@shapes
def test_more_penalty_never_uses_more_effective_parameters(rows: int, columns: int, seed: int) -> None:
    F, T, _ = _problem(rows, columns, seed)
    path = RidgePath.of(F, T)
    used = [path.effective_parameters(penalty) for penalty in (0.0, 0.1, 1.0, 10.0)]
    assert used == sorted(used, reverse=True)


@pytest.mark.parametrize("columns", [5, 10, 40, 80])
def test_the_ridgeless_closed_form_holds_on_gaussian_columns(columns: int) -> None:
    rows, signal, noise, trials = 25, 2.0, 0.5, 600
    rng = np.random.default_rng(columns)
    risks = []
    for _ in range(trials):
        truth = rng.standard_normal(columns)
        truth *= np.sqrt(signal) / np.linalg.norm(truth)
        F = rng.standard_normal((rows, columns))
        y = F @ truth + np.sqrt(noise) * rng.standard_normal(rows)
        # Predictions for unit vectors are the coefficients; isotropic columns make the risk their distance.
        found = RidgePath.of(F, np.eye(columns)).predict(y[:, None])[:, 0]
        risks.append(float(np.sum((found - truth) ** 2)))
    error = 4 * np.std(risks) / np.sqrt(trials)
    assert np.mean(risks) == pytest.approx(ridgeless_risk(columns, rows, signal, noise), abs=error)


def test_the_closed_form_explodes_between_and_meets_both_limits() -> None:
    assert ridgeless_risk(50, 50, 1.0, 1.0) == float("inf")
    assert ridgeless_risk(0, 50, 1.0, 1.0) == 0.0
    assert ridgeless_risk(10**9, 50, 1.0, 1.0) == pytest.approx(1.0, abs=1e-6)
