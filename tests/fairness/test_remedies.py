from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.parameters.remedies import balancing, reweighing, telling


def test_weights_are_those_of_kamiran_and_calders() -> None:
    # 4 of 5 men and 2 of 5 women positive: men 0.75 if positive and 2 if not, women 1.5 and 2/3.
    s = np.repeat([0, 1], 5)
    y = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0])
    weights = reweighing(y, s)
    assert weights == pytest.approx([0.75] * 4 + [2.0] + [1.5] * 2 + [2 / 3] * 3)


@given(st.integers(0, 10_000), st.integers(2, 4))
def test_reweighing_makes_label_and_group_independent_and_keeps_both_shares(seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    s = rng.integers(0, groups, 300)
    y = (rng.random(300) < 0.2 + 0.15 * s).astype(int)
    w = reweighing(y, s)
    assert w.sum() == pytest.approx(300)
    rates = [np.average(y[s == g], weights=w[s == g]) for g in range(groups)]
    assert rates == pytest.approx([y.mean()] * groups)
    assert [w[s == g].sum() for g in range(groups)] == pytest.approx(np.bincount(s, minlength=groups))


@given(st.integers(0, 10_000))
def test_balancing_gives_every_cell_the_same_weight(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s, y = rng.integers(0, 3, 200), rng.integers(0, 2, 200)
    w = balancing(y, s)
    cells = [w[(s == g) & (y == v)].sum() for g in range(3) for v in (0, 1)]
    assert cells == pytest.approx([200 / 6] * 6)


def test_an_empty_cell_leaves_finite_weights() -> None:
    s, y = np.repeat([0, 1], 10), np.repeat([1, 0, 1, 0], [10, 0, 5, 5])
    for weigh in (reweighing, balancing):
        assert np.isfinite(weigh(y, s)).all()
    assert balancing(y, s).sum() == pytest.approx(20)


def test_telling_is_the_area_under_the_roc_curve_whatever_its_direction() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(4)
    member = rng.random(500) < 0.3
    X = np.column_stack(
        [
            rng.normal(size=500) + member,
            rng.normal(size=500) - member,
            rng.integers(0, 3, 500) + member,
            np.zeros(500),
            member,
        ]
    )
    expected = [roc_auc_score(member, column) for column in X.T]
    assert telling(X, member) == pytest.approx([max(a, 1 - a) for a in expected])
    assert telling(X, member)[3:] == pytest.approx([0.5, 1.0])
