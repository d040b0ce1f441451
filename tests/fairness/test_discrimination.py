from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_to_cells import cells_of
from scipy.special import ndtri

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.metrics.discrimination import (
    Area,
    delong,
    dense,
    model_variance,
    roc_auc,
    score_limits,
    smoothed,
    stretched,
)


def brute(y: np.ndarray, s: np.ndarray, w: np.ndarray | None = None) -> tuple[float, float]:
    """Area and DeLong's variance by comparing every positive with every negative."""
    w = np.ones(len(y)) if w is None else w
    wins = (s[y == 1][:, None] > s[y == 0]) + 0.5 * (s[y == 1][:, None] == s[y == 0])
    wp, wn = w[y == 1], w[y == 0]
    of_positive, of_negative = wins @ wn / wn.sum(), wp @ wins / wp.sum()
    area = float(wp @ of_positive / wp.sum())
    parts = [(wp, of_positive), (wn, of_negative)]
    variance = sum(((v * (p - area)) ** 2).sum() / v.sum() ** 2 * len(v) / (len(v) - 1) for v, p in parts)
    return area, float(variance)


def people(seed: int, rows: int, ties: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    return y, np.round(rng.normal(y, 1.0), ties), rng.integers(0, 3, rows)


@given(st.integers(0, 10_000), st.integers(0, 2))
@settings(max_examples=50, deadline=None)
def test_areas_and_variances_are_those_of_comparing_every_pair(seed: int, ties: int) -> None:
    y, s, g = people(seed, 120, ties)
    cells = cells_of(g, y, (s > 0.5).astype(int), s)
    found = delong(cells, cells.partition(["a"]))
    for group in range(3):
        area, variance = brute(y[g == group], s[g == group])
        assert found.value[group] == pytest.approx(area, abs=1e-12)
        assert found.variance[group] == pytest.approx(variance, abs=1e-12)


def test_weights_enter_as_sampling_weights_and_their_scale_does_not_matter() -> None:
    y, s, g = people(3, 200)
    w = np.random.default_rng(4).choice([0.5, 1.0, 3.0], 200)
    for scale in (1.0, 7.0):
        cells = cells_of(g, y, y, s, weight=scale * w)
        found = delong(cells, cells.partition(["a"]))
        for group in range(3):
            mine = g == group
            assert (found.value[group], found.variance[group]) == pytest.approx(
                brute(y[mine], s[mine], w[mine]), abs=1e-12
            )


def test_areas_agree_with_scikit_learn_on_ten_thousand_rows() -> None:
    from sklearn.metrics import roc_auc_score

    y, s, g = people(5, 10_000, 3)
    cells = cells_of(g, y, y, s)
    found = roc_auc(cells, cells.partition(["a"]))
    for group in range(3):
        mine = g == group
        assert found.value[group] == pytest.approx(roc_auc_score(y[mine], s[mine]), abs=1e-12)
        assert found.low[group] < found.value[group] < found.high[group]


def test_area_and_error_of_hanley_and_mcneils_rating_experiment() -> None:
    # Hanley and McNeil 1982, table I: 109 CT images rated 1 to 5; area .893, and .032 as its standard error.
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    found = dense(np.array(abnormal), np.array(normal))
    assert float(found.value) == pytest.approx(0.893, abs=5e-4)
    assert float(np.sqrt(found.variance)) == pytest.approx(0.032, abs=2e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_reversed_scores_mirror_area_and_limits(seed: int) -> None:
    y, s, g = people(seed, 150, 1)
    ahead, back = (cells_of(g, y, y, sign * s) for sign in (1, -1))
    one, other = (roc_auc(cells, cells.partition(["a"])) for cells in (ahead, back))
    assert one.value == pytest.approx(1 - other.value)
    assert one.low == pytest.approx(1 - other.high, abs=1e-9)
    assert one.variance == pytest.approx(other.variance)


def test_full_separation_has_a_real_interval_and_a_variance() -> None:
    y, g = np.repeat([0, 1, 0, 1], [15, 15, 5, 5]), np.repeat([0, 1], [30, 10])
    cells = cells_of(g, y, y, np.where(g == 0, y, 1 - y))
    found = roc_auc(cells, cells.partition(["a"]))
    assert found.value.tolist() == [1.0, 0.0]
    assert found.high[0] == 1.0
    assert 0.8 < found.low[0] < 0.9
    assert found.low[1] == 0.0
    assert 0.3 < found.high[1] < 0.6
    assert (found.variance > 0).all()


def test_a_group_without_positives_has_no_area_and_says_so() -> None:
    cells = cells_of([0, 0, 1, 1, 1], [0, 0, 0, 1, 1], [0] * 5, [0.1, 0.2, 0.3, 0.4, 0.1])
    found = roc_auc(cells, cells.partition(["a"]))
    assert np.isnan(found.value[0])
    assert not found.shown[0]
    assert found.notes[0] == "no positive label in the group"
    assert found.n.tolist() == [0, 1]
    assert "single person" in found.notes[1]


def test_clusters_leave_the_area_but_no_interval() -> None:
    y, s, g = people(8, 90)
    cells = cells_of(g, y, y, s, cluster=np.arange(90) // 2)
    found = roc_auc(cells, cells.partition(["a"]))
    assert np.isfinite(found.value).all()
    assert not found.shown.any()
    assert all("clusters" in note for note in found.notes)


def drawn_areas(m: int, n: int, area: float, spread: float, replicates: int, seed: int) -> Area:
    """Many small groups of normal scores, as one table: groups are replicates."""
    rng = np.random.default_rng(seed)
    positive = rng.normal(np.sqrt(1 + spread**2) * ndtri(area), spread, (replicates, m))
    negative = rng.normal(0, 1, (replicates, n))
    s = np.hstack([positive, negative])
    rank = s.argsort(axis=1).argsort(axis=1)
    table = np.zeros((2, replicates, m + n), np.int64)
    rows = np.arange(replicates)[:, None]
    table[1][rows, rank[:, :m]] = 1
    table[0][rows, rank[:, m:]] = 1
    return dense(table[1], table[0])


@pytest.mark.slow
@pytest.mark.parametrize("area", [0.5, 0.75, 0.9, 0.95])
@pytest.mark.parametrize(("m", "n"), [(15, 15), (10, 60), (50, 50), (300, 300)])
def test_intervals_cover_at_least_93_of_100_at_every_size(m: int, n: int, area: float) -> None:
    replicates = 4000 if m < 100 else 1500
    found = drawn_areas(m, n, area, 1.0, replicates, seed=m + n)
    low, high = score_limits(found, stretched(found), 1.959964)
    covered = ((low <= area) & (area <= high)).mean()
    error = np.sqrt(0.93 * 0.07 / replicates)
    assert covered > 0.93 - 2 * error
    assert covered < 0.99


@pytest.mark.slow
def test_positives_that_vary_more_than_negatives_are_covered_from_fifteen_of_each() -> None:
    for m, area in ((15, 0.7), (15, 0.95), (50, 0.85), (50, 0.95)):
        found = drawn_areas(m, m, area, 2.5, 4000, seed=m)
        low, high = score_limits(found, stretched(found), 1.959964)
        assert ((low <= area) & (area <= high)).mean() > 0.93 - 0.008


def test_the_variance_is_delongs_in_large_groups() -> None:
    found = drawn_areas(400, 400, 0.8, 2.0, 200, seed=1)
    assert smoothed(found) == pytest.approx(found.variance, rel=0.02)
    assert (model_variance(found.value, found.positives, found.negatives) < found.variance).all()


def test_permuted_areas_keep_every_groups_positives_and_the_mean() -> None:
    y, s, g = people(11, 300, 1)
    cells = cells_of(g, y, y, s)
    found = roc_auc(cells, cells.partition(["a"]))
    assert found.resample is not None
    values, variances = found.resample(np.random.default_rng(0), 2000, np.array([0, 2]))
    assert values.shape == variances.shape == (2000, 2)
    mine = g != 1
    # Equal in expectation to the area of the two groups together.
    assert values.mean(axis=0) == pytest.approx(brute(y[mine], s[mine])[0], abs=0.006)
    spread = (values[:, 0] - values[:, 1]).var()
    assert spread == pytest.approx(variances.mean(axis=0).sum(), rel=0.1)
    again = found.resample(np.random.default_rng(0), 2000, np.array([0, 2]))[0]
    assert (again == values).all()


def test_large_groups_and_weighted_rows_are_not_permuted() -> None:
    y, s, g = people(12, 3000)
    plain, weighted = cells_of(g, y, y, s), cells_of(g, y, y, s, weight=1.0 + y)
    assert roc_auc(plain, plain.partition(["a"])).resample is None
    few = cells_of(g[:300], y[:300], y[:300], s[:300], weight=1.0 + s[:300] ** 2)
    assert few.weighted
    assert weighted.weighted
    assert roc_auc(few, few.partition(["a"])).resample is None


def test_scores_without_labels_are_unknown_and_not_an_error() -> None:
    cells = Cells(
        attributes=("a",),
        levels=(("x",),),
        code=np.zeros((2, 1), np.int64),
        label=None,
        decision=np.array([0, 1]),
        n=np.array([3, 4]),
        weight=np.array([3.0, 4.0]),
        weight2=np.array([3.0, 4.0]),
        score=np.array([0.1, 0.9]),
    )
    found = roc_auc(cells, Partition(("a",), ({"a": "x"},), np.zeros(2, np.int64)))
    assert np.isnan(found.value).all()
    assert found.notes == ("needs labels and scores",)


@pytest.mark.slow
def test_weighted_areas_are_covered() -> None:
    rng = np.random.default_rng(7)
    for n in (60, 300):
        g = np.repeat(np.arange(500), n)
        y = (rng.random(len(g)) < 0.4).astype(int)
        s = np.round(rng.normal(np.sqrt(2) * ndtri(0.8) * y), 3)
        cells = cells_of(g, y, y, s, weight=rng.gamma(1.5, size=len(g)))
        found = roc_auc(cells, cells.partition(["a"]))
        assert ((found.low <= 0.8) & (found.high >= 0.8)).mean() > 0.93 - 2 * np.sqrt(0.93 * 0.07 / 500)
