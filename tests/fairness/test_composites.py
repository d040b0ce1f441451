from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_to_cells import cells_of

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics.composites import balanced_accuracy, f1_score
from toolkit.fairness.metrics.proportions import midp, wilson


def people(seed: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    return y, np.where(rng.random(rows) < 0.75, y, 1 - y), rng.integers(0, 3, rows)


def table(counts: np.ndarray) -> tuple[Cells, Partition]:
    """Groups with counts (tn, fp, fn, tp) each."""
    k = len(counts)
    group, n = np.repeat(np.arange(k), 4), counts.reshape(-1)
    names = tuple(f"g{i}" for i in range(k))
    label, decision = np.tile([0, 0, 1, 1], k), np.tile([0, 1, 0, 1], k)
    cells = Cells(("a",), (names,), group[:, None], label, decision, n, n.astype(float), n.astype(float))
    return cells, Partition(("a",), tuple({"a": name} for name in names), group)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_points_agree_with_scikit_learn(seed: int) -> None:
    from sklearn import metrics

    y, d, g = people(seed)
    cells = cells_of(g, y, d)
    partition = cells.partition(["a"])
    f1, balanced = f1_score(cells, partition), balanced_accuracy(cells, partition)
    for group in range(3):
        mine = g == group
        assert f1.value[group] == pytest.approx(metrics.f1_score(y[mine], d[mine]), abs=1e-12)
        expected = metrics.balanced_accuracy_score(y[mine], d[mine])
        assert balanced.value[group] == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_f1_is_that_of_a_proportion_among_the_positive_in_either_way() -> None:
    cells, partition = table(np.array([[50, 4, 6, 20], [900, 0, 0, 7]]))
    found = f1_score(cells, partition)
    low, high = midp([20, 7], [30, 7])
    assert found.low == pytest.approx(2 * low / (1 + low))
    assert found.high == pytest.approx(2 * high / (1 + high))
    assert found.n.tolist() == [30, 7]
    assert found.value == pytest.approx([40 / 50, 1.0])


def test_f1_is_undefined_and_not_zero_where_nobody_is_positive() -> None:
    cells, partition = table(np.array([[9, 0, 0, 0], [5, 1, 1, 3]]))
    found = f1_score(cells, partition)
    assert np.isnan(found.value[0])
    assert not found.shown[0]
    assert "nobody" in found.notes[0]
    assert found.notes[1] == ""


def test_balanced_accuracy_needs_both_labels() -> None:
    cells, partition = table(np.array([[9, 2, 0, 0], [0, 0, 2, 7], [5, 1, 1, 3]]))
    found = balanced_accuracy(cells, partition)
    assert np.isnan(found.value[:2]).all()
    assert found.notes[:2] == ("no positive label in the group", "no negative label in the group")
    assert found.n.tolist() == [0, 0, 4]


def test_balanced_accuracy_adds_wilsons_limits_by_squares() -> None:
    cells, partition = table(np.array([[80, 20, 5, 15]]))
    low, high = balanced_accuracy(cells, partition).limits(1.96)
    (l1, h1), (l2, h2) = wilson(0.8, 100, 1.96), wilson(0.75, 20, 1.96)
    value = (0.8 + 0.75) / 2
    assert low[0] == pytest.approx(value - np.hypot(0.8 - l1, 0.75 - l2) / 2)
    assert high[0] == pytest.approx(value + np.hypot(h1 - 0.8, h2 - 0.75) / 2)


def delta_on_logit(value: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The usual method, which gives nothing wider than a point at 0 and 1."""
    from scipy.special import expit, logit

    with np.errstate(all="ignore"):
        half = 1.96 * np.sqrt(variance) / (value * (1 - value))
        inside = (value > 0) & (value < 1)
        low, high = expit(logit(value) - half), expit(logit(value) + half)
    return np.where(inside, low, value), np.where(inside, high, value)


WORLDS = [(0.5, 0.8, 0.8), (0.3, 0.7, 0.9), (0.2, 0.5, 0.95), (0.5, 0.95, 0.95)]


def covered(found: Estimates, truth: float) -> float:
    known = np.isfinite(found.value)
    return float(((found.low <= truth) & (truth <= found.high))[known].mean())


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize(("base", "tpr", "tnr"), WORLDS)
def test_intervals_cover_at_least_93_of_100_where_the_delta_method_may_cover_61(
    n: int, base: float, tpr: float, tnr: float
) -> None:
    p = np.array([(1 - base) * tnr, (1 - base) * (1 - tnr), base * (1 - tpr), base * tpr])
    counts = np.random.default_rng(n).multinomial(n, p, 4000)
    cells, partition = table(counts)
    keep = cells.n > 0
    cells, partition = cells.take(keep), Partition(("a",), partition.groups, partition.of_cell[keep])
    of_f1 = covered(f1_score(cells, partition), 2 * p[3] / (2 * p[3] + p[1] + p[2]))
    of_balanced = covered(balanced_accuracy(cells, partition), (tpr + tnr) / 2)
    assert 0.93 - 0.008 < of_f1 < 0.99
    assert 0.93 - 0.008 < of_balanced < 0.99
    if (n, base, tpr) == (20, 0.5, 0.95):
        _, fp, fn, tp = counts.T.astype(float)
        f1 = 2 * tp / (2 * tp + fp + fn)
        slope = f1**2 * (fp + fn) + tp * (2 - 2 * f1) ** 2
        low, high = delta_on_logit(f1, slope / (2 * tp + fp + fn) ** 2)
        truth = 2 * p[3] / (2 * p[3] + p[1] + p[2])
        assert ((low <= truth) & (truth <= high)).mean() < 0.7


def test_permuting_f1_moves_only_true_positives_among_the_positive() -> None:
    cells, partition = table(np.array([[90, 10, 10, 20], [40, 5, 5, 30], [1, 1, 1, 1]]))
    found = f1_score(cells, partition)
    assert found.resample is not None
    values, variances = found.resample(np.random.default_rng(0), 4000, np.array([0, 1]))
    # 50 of 80 are true positives: J has mean .625 in both groups.
    share = values / (2 - values)
    assert share.mean(axis=0) == pytest.approx([0.625, 0.625], abs=0.005)
    assert (variances > 0).all()
    assert set(np.round(share[:, 0] * 40, 9) % 1) == {0.0}


def brute_clusters(value: float, change: np.ndarray, cluster: np.ndarray) -> float:
    """G/(G - 1) times the sum over clusters of the squared sums of the rows' linear parts."""
    sums = np.bincount(cluster, change)
    return float((sums**2).sum() * len(sums) / (len(sums) - 1))


def test_clusters_of_balanced_accuracy_agree_with_the_sandwich_over_rows() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(60), 5)
    g = np.repeat(rng.integers(0, 2, 60), 5)
    luck = np.repeat(rng.normal(size=60), 5)
    y = (rng.random(300) < 0.5).astype(int)
    d = np.where(0.8 + luck + rng.normal(size=300) > 0, y, 1 - y)
    cells = cells_of(g, y, d, cluster=cluster)
    found = balanced_accuracy(cells, cells.partition(["a"]))
    for group in (0, 1):
        change = np.zeros(300)
        for label in (0, 1):
            mine = (g == group) & (y == label)
            change[mine] = ((y == d)[mine] - (y == d)[mine].mean()) / mine.sum() / 2
        assert found.covariance is not None
        assert found.covariance[group, group] == pytest.approx(brute_clusters(0, change, cluster), rel=1e-9)
    assert found.covariance[0, 1] == pytest.approx(0, abs=1e-12)
    plain = cells_of(g, y, d)
    alone = balanced_accuracy(plain, plain.partition(["a"]))
    assert (found.variance > alone.variance).all()
    assert (found.high - found.low > alone.high - alone.low).all()


def test_few_clusters_give_no_interval() -> None:
    y, d, g = people(1, 100)
    cells = cells_of(g, y, d, cluster=np.arange(100) % 7)
    for metric in (f1_score, balanced_accuracy):
        found = metric(cells, cells.partition(["a"]))
        assert not found.shown.any()
        assert np.isnan(found.low).all()
        assert all("clusters" in note for note in found.notes)


def test_weights_widen_the_interval_of_f1() -> None:
    y, d, g = people(4, 600)
    w = np.random.default_rng(5).exponential(size=600)
    plain, weighted = cells_of(g, y, d), cells_of(g, y, d, weight=w)
    one, other = (f1_score(cells, cells.partition(["a"])) for cells in (plain, weighted))
    mine = g == 0
    hit, off = (w * (y & d))[mine].sum(), (w * (y ^ d))[mine].sum()
    assert other.value[0] == pytest.approx(2 * hit / (2 * hit + off))
    assert ((other.high - other.low) > (one.high - one.low)).all()
    assert other.resample is None


@pytest.mark.slow
def test_clustered_intervals_cover_where_rows_of_a_cluster_share_their_luck() -> None:
    rng = np.random.default_rng(6)
    right = 1 / (1 + np.exp(-1.2 - rng.normal(size=200_000)))
    truth = {
        "balanced": right.mean(),
        "f1": 2 * right.mean() * 0.45 / (2 * right.mean() * 0.45 + 1 - right.mean()),
    }
    covered: dict[str, list[float]] = {"balanced": [], "f1": []}
    for _ in range(150):
        cluster = np.repeat(np.arange(80), 5)
        luck = np.repeat(rng.normal(size=80), 5)
        y = (rng.random(400) < 0.45).astype(int)
        d = np.where(rng.random(400) < 1 / (1 + np.exp(-1.2 - luck)), y, 1 - y)
        cells = cells_of((cluster >= 40).astype(int), y, d, cluster=cluster)
        partition = cells.partition(["a"])
        for name, metric in (("balanced", balanced_accuracy), ("f1", f1_score)):
            found = metric(cells, partition)
            covered[name] += ((found.low <= truth[name]) & (truth[name] <= found.high)).tolist()
    for name in truth:
        assert np.mean(covered[name]) > 0.93 - 2 * np.sqrt(0.93 * 0.07 / 300)
