from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.counts import PROPORTIONS, confusion, gap, pair, rate


def people(seed: int, rows: int = 400, groups: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, rows), rng.integers(0, 2, rows), rng.integers(0, groups, rows)


@given(st.integers(0, 10_000))
def test_cells_sum_to_the_rows_of_each_group(seed: int) -> None:
    y, decision, s = people(seed)
    counts = confusion(y, decision, s, 3)
    assert counts.sum(axis=(1, 2)) == pytest.approx(np.bincount(s, minlength=3))
    assert counts[:, 1].sum(axis=1) == pytest.approx(np.bincount(s, y, minlength=3))


@given(st.integers(0, 10_000))
def test_opposite_proportions_sum_to_one(seed: int) -> None:
    counts = confusion(*people(seed), 3)
    for one, other in (
        ("true_positive_rate", "false_negative_rate"),
        ("true_negative_rate", "false_positive_rate"),
        ("precision", "false_discovery_rate"),
        ("negative_predictive_value", "false_omission_rate"),
    ):
        assert rate(counts, one) + rate(counts, other) == pytest.approx(1)


@given(st.integers(0, 10_000))
def test_a_gap_changes_sign_with_the_pair_and_metrics_ignore_the_scale_of_counts(seed: int) -> None:
    counts = confusion(*people(seed), 3)
    for metric in PROPORTIONS:
        assert gap(counts, metric, (0, 2)) == pytest.approx(-gap(counts, metric, (2, 0)))
        assert rate(7 * counts, metric) == pytest.approx(rate(counts, metric))


def test_metrics_agree_with_fairlearn_and_scikit_learn() -> None:
    from fairlearn import metrics as fair
    from sklearn.metrics import accuracy_score, precision_score

    y, decision, s = people(11, 1000)
    named = {
        "selection_rate": fair.selection_rate,
        "true_positive_rate": fair.true_positive_rate,
        "false_negative_rate": fair.false_negative_rate,
        "false_positive_rate": fair.false_positive_rate,
        "true_negative_rate": fair.true_negative_rate,
        "accuracy": accuracy_score,
        "precision": precision_score,
    }
    frame = fair.MetricFrame(metrics=named, y_true=y, y_pred=decision, sensitive_features=s).by_group
    counts = confusion(y, decision, s, 3)
    for metric in named:
        assert rate(counts, metric) == pytest.approx(frame[metric].to_numpy(dtype=float))


def test_rates_follow_from_cells_by_hand() -> None:
    counts = np.array([[[0, 1], [1, 2]], [[1, 1], [2, 3]]], dtype=float)
    assert rate(counts, "true_positive_rate") == pytest.approx([2 / 3, 3 / 5])
    assert rate(counts, "selection_rate") == pytest.approx([3 / 4, 4 / 7])
    assert rate(counts, "false_positive_rate") == pytest.approx([1, 1 / 2])


def test_an_empty_denominator_is_missing_and_not_zero() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    assert np.isnan(rate(counts, "true_positive_rate")).tolist() == [True, False]
    assert np.isnan(gap(counts, "true_positive_rate", (0, 1)))


def test_chances_of_a_decision_give_expected_rates() -> None:
    y, _, s = people(3, 2000)
    chance = np.random.default_rng(0).random(2000)
    expected = rate(confusion(y, chance, s, 3), "selection_rate")
    assert expected == pytest.approx([chance[s == g].mean() for g in range(3)])


def test_weights_count_as_repeated_rows() -> None:
    y, decision, s = people(5, 60)
    weight = np.random.default_rng(1).integers(1, 4, 60)
    repeated = [np.repeat(v, weight) for v in (y, decision, s)]
    assert confusion(y, decision, s, 3, weight.astype(float)) == pytest.approx(confusion(*repeated, 3))


def test_the_pair_is_the_two_largest_groups_that_are_large_enough() -> None:
    s = np.repeat([0, 1, 2], [100, 300, 200])
    y = np.ones(600, dtype=int)
    assert pair(y, s) == (1, 2)
    y[s == 2] = 0
    assert pair(y, s, positives=50) == (1, 0)
    assert pair(y, s, apart=[1]) == (2, 0)
    with pytest.raises(ValueError, match="200 rows with 0 positives"):
        pair(y, s, positives=200)
