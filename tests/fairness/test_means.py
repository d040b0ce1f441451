from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_to_cells import cells_of
from scipy.special import stdtrit

from toolkit.fairness.metrics.beyond import student
from toolkit.fairness.metrics.means import brier, calibration, mean_prediction
from toolkit.fairness.metrics.regressions import regression, root_mean_squared_error


def people(seed: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    s = np.round(rng.beta(1, 2, rows), 2)
    return (rng.random(rows) < s).astype(int), s, rng.integers(0, 3, rows)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_points_agree_with_scikit_learn_and_numpy(seed: int) -> None:
    from sklearn.metrics import brier_score_loss

    y, s, g = people(seed)
    cells = cells_of(g, y, (s > 0.5).astype(int), s)
    partition = cells.partition(["a"])
    for group in range(3):
        mine = g == group
        expected = brier_score_loss(y[mine], s[mine])
        assert brier(cells, partition).value[group] == pytest.approx(expected, abs=1e-12)
        assert mean_prediction(cells, partition).value[group] == pytest.approx(s[mine].mean(), abs=1e-12)
        off = calibration(cells, partition).value[group]
        assert off == pytest.approx(s[mine].mean() - y[mine].mean(), abs=1e-12)


def test_calibration_is_above_0_where_scores_promise_too_much() -> None:
    cells = cells_of([0] * 20, [0] * 20, [1] * 20, [0.9] * 20)
    assert calibration(cells, cells.partition(["a"])).value[0] == pytest.approx(0.9)


def test_in_large_groups_limits_are_those_of_the_t_test() -> None:
    y, s, g = people(1, 3000)
    cells = cells_of(g, y, y, s)
    found = calibration(cells, cells.partition(["a"]))
    off = (s - y)[g == 0]
    half = stdtrit(len(off) - 1, 0.975) * off.std(ddof=1) / np.sqrt(len(off))
    assert found.low[0] == pytest.approx(off.mean() - half, rel=1e-9)
    assert found.high[0] == pytest.approx(off.mean() + half, rel=1e-9)


def test_binned_scores_take_their_sums_from_the_table() -> None:
    y, s, g = people(2)
    exact = cells_of(g, y, y, s)
    coarse = cells_of(g, y, y, np.round(s, 1), sums={"score": s, "score2": s**2})
    object.__setattr__(coarse, "exact_scores", False)
    for metric in (mean_prediction, brier, calibration):
        one, other = (metric(cells, cells.partition(["a"])) for cells in (exact, coarse))
        assert other.value == pytest.approx(one.value, abs=1e-12)
        assert other.variance == pytest.approx(one.variance, rel=0.1)


def test_weights_follow_the_linearised_variance() -> None:
    y, s, g = people(3)
    w = np.random.default_rng(1).exponential(size=300)
    cells = cells_of(g, y, y, s, weight=w)
    found = mean_prediction(cells, cells.partition(["a"]))
    mine = g == 1
    mean = np.average(s[mine], weights=w[mine])
    expected = (
        (w[mine] ** 2 * (s[mine] - mean) ** 2).sum() / w[mine].sum() ** 2 * mine.sum() / (mine.sum() - 1)
    )
    assert found.value[1] == pytest.approx(mean)
    assert found.variance[1] == pytest.approx(expected)


def test_frequencies_are_people() -> None:
    y, s, g = people(4)
    times = np.random.default_rng(2).integers(1, 4, 300)
    counted = cells_of(g, y, y, s, weight=times, frequencies=True)
    long = cells_of(np.repeat(g, times), *(np.repeat(v, times) for v in (y, y, s)))
    one, other = (brier(cells, cells.partition(["a"])) for cells in (counted, long))
    assert one.low == pytest.approx(other.low)
    assert one.n.tolist() == other.n.tolist()


def test_scores_all_alike_still_leave_a_variance_but_numbers_without_bounds_do_not() -> None:
    cells = cells_of([0] * 18, [0, 1] * 9, [1] * 18, [0.7] * 18)
    found = mean_prediction(cells, cells.partition(["a"]))
    assert found.variance[0] == pytest.approx(1 / 400)
    assert found.low[0] < 0.7 < found.high[0]
    wide = cells_of([0] * 18, [0, 1] * 9, [1] * 18, [700.0] * 18)
    unbounded = mean_prediction(wide, wide.partition(["a"]))
    assert unbounded.value[0] == 700
    assert not unbounded.shown[0]
    assert "alike" in unbounded.notes[0]


def test_one_row_has_a_value_and_no_interval() -> None:
    cells = cells_of([0, 1, 1, 1], [0, 1, 0, 1], [1] * 4, [0.2, 0.4, 0.6, 0.8])
    found = brier(cells, cells.partition(["a"]))
    assert found.value[0] == pytest.approx(0.04)
    assert found.shown.tolist() == [False, True]
    assert "single row" in found.notes[0]


def test_clusters_agree_with_the_sandwich_over_rows() -> None:
    rng = np.random.default_rng(5)
    cluster, g = np.repeat(np.arange(50), 4), np.tile([0, 0, 1, 1], 50)
    s = np.round(np.clip(0.5 + 0.2 * np.repeat(rng.normal(size=50), 4) + 0.1 * rng.normal(size=200), 0, 1), 3)
    y = (rng.random(200) < s).astype(int)
    w = rng.choice([1.0, 2.0], 200)
    cells = cells_of(g, y, y, s, cluster=cluster, weight=w)
    for metric, x in ((mean_prediction, s), (calibration, s - y)):
        found = metric(cells, cells.partition(["a"]))
        part = np.zeros((2, 200))
        for group in (0, 1):
            mine = g == group
            part[group, mine] = w[mine] * (x[mine] - found.value[group]) / w[mine].sum()
        sums = np.stack([np.bincount(cluster, p) for p in part])
        assert found.covariance == pytest.approx(sums @ sums.T * 50 / 49, rel=1e-9)
        assert found.df is not None
        assert found.df.tolist() == [49.0, 49.0]
    squares = brier(cells, cells.partition(["a"]))
    assert np.isfinite(squares.value).all()
    assert not squares.shown.any()
    assert "clusters" in squares.notes[0]


def test_t_quantiles_keep_the_tail_of_the_normal_quantile() -> None:
    assert student(1.959963984540054, np.array([5.0, np.inf, 0.0])) == pytest.approx(
        [2.570581835636314, 1.959963984540054, np.nan], nan_ok=True
    )


def many_groups(n: int, a: float, b: float, shift: float, replicates: int, seed: int) -> tuple:
    """Scores of many groups of n and labels drawn from them, or from scores moved on the logit scale."""
    from scipy.special import expit, logit

    rng = np.random.default_rng(seed)
    s = np.clip(rng.beta(a, b, (replicates, n)), 1e-9, 1 - 1e-9)
    y = (rng.random(s.shape) < expit(logit(s) + shift)).astype(int)
    huge = np.clip(rng.beta(a, b, 1_000_000), 1e-9, 1 - 1e-9)
    p = expit(logit(huge) + shift)
    truth = {
        "mean": float(huge.mean()),
        "brier": float((p * (1 - huge) ** 2 + (1 - p) * huge**2).mean()),
        "calibration": float((huge - p).mean()),
    }
    cells = cells_of(np.repeat(np.arange(replicates), n), y.reshape(-1), y.reshape(-1), s.reshape(-1))
    return cells, s, y, truth


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), [(2.0, 2.0), (0.3, 1.2), (8.0, 1.0)])
@pytest.mark.parametrize("n", [10, 20, 50, 300])
def test_intervals_cover_at_least_93_of_100(n: int, a: float, b: float) -> None:
    replicates = 600 if n == 300 else 2000
    for shift in (0.0, 0.5):
        cells, s, y, truth = many_groups(n, a, b, shift, replicates, seed=n)
        partition = cells.partition(["a"])
        for name, metric in (("mean", mean_prediction), ("brier", brier), ("calibration", calibration)):
            found = metric(cells, partition)
            covered = ((found.low <= truth[name]) & (truth[name] <= found.high)).mean()
            assert covered > 0.93 - 2 * np.sqrt(0.93 * 0.07 / replicates), (name, shift)
        if (n, a, shift) == (10, 8.0, 0.0):
            off = (s - y) ** 2
            half = stdtrit(n - 1, 0.975) * off.std(axis=1, ddof=1) / np.sqrt(n)
            assert (np.abs(off.mean(axis=1) - truth["brier"]) <= half).mean() < 0.8


def regression_cells(seed: int) -> tuple:
    rng = np.random.default_rng(seed)
    g = rng.integers(0, 2, 400)
    target = rng.normal(10, 3, 400)
    prediction = target + rng.normal(0.5, 1 + g, 400)
    error = prediction - target
    size = np.abs(error)
    named = {"target": target, "prediction": prediction, "error": error, "size": size}
    sums = named | {f"{name}2": v**2 for name, v in named.items()}
    return g, named, sums, error


def test_regression_means_are_those_of_the_rows() -> None:
    g, named, sums, _ = regression_cells(6)
    cells = cells_of(g, sums=sums)
    partition = cells.partition(["a"])
    for metric, name in (("mean_target", "target"), ("mean_error", "error"), ("mean_absolute_error", "size")):
        found = regression(cells, partition, metric)
        x = named[name][g == 1]
        half = stdtrit(len(x) - 1, 0.975) * x.std(ddof=1) / np.sqrt(len(x))
        assert found.value[1] == pytest.approx(x.mean())
        assert found.high[1] == pytest.approx(x.mean() + half, rel=1e-6)
        assert found.ratio == (name == "size")


def test_root_mean_squared_error_needs_fourth_powers_for_an_interval() -> None:
    g, _, sums, error = regression_cells(7)
    without = cells_of(g, sums=sums)
    found = root_mean_squared_error(without, without.partition(["a"]))
    assert found.value[0] == pytest.approx(np.sqrt((error[g == 0] ** 2).mean()))
    assert not found.shown.any()
    assert "fourth powers" in found.notes[0]
    with_ = cells_of(g, sums=sums | {"error4": error**4})
    full = root_mean_squared_error(with_, with_.partition(["a"]))
    assert full.shown.all()
    square = error[g == 0] ** 2
    half = stdtrit(len(square) - 1, 0.975) * square.std(ddof=1) / np.sqrt(len(square)) / (2 * square.mean())
    assert full.low[0] == pytest.approx(found.value[0] * np.exp(-half))


@pytest.mark.slow
def test_root_mean_squared_errors_of_normal_errors_are_covered() -> None:
    rng = np.random.default_rng(8)
    for n in (12, 100):
        error = rng.normal(size=1000 * n)
        sums = {"error2": error**2, "error4": error**4}
        cells = cells_of(np.repeat(np.arange(1000), n), sums=sums)
        found = root_mean_squared_error(cells, cells.partition(["a"]))
        assert ((found.low <= 1) & (found.high >= 1)).mean() > 0.93 - 0.016


def test_far_tails_stay_finite_so_that_p_values_can_look_there() -> None:
    y, s, g = people(9)
    g[:2] = 3
    cells = cells_of(g, y, y, s, sums={"error2": s**2, "error4": s**4})
    partition = cells.partition(["a"])
    for found in (root_mean_squared_error(cells, partition), mean_prediction(cells, partition)):
        low, high = found.limits(37.0)
        assert (np.abs(high[:3]) < 1e150).all()
        assert (low[:3] <= found.value[:3]).all()
