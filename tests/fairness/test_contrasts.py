from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.counts import confusion, gap
from toolkit.fairness.parameters.contrasts import (
    METRICS,
    Pair,
    around,
    contributions_to,
    denominator,
    measure,
    shared,
)


def drawn(seed: int, people: int, seeds: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    first = np.arange(people) < rng.integers(2, people - 1)
    return rng.random((seeds, people)), first


@given(st.integers(0, 10_000), st.integers(5, 60), st.integers(1, 5))
def test_a_gap_is_a_difference_of_means_and_its_variance_the_sum_of_the_groups(
    seed: int, people: int, seeds: int
) -> None:
    values, first = drawn(seed, people, seeds)
    found = measure(values, first)
    each = values.mean(axis=0)
    assert found.gaps == pytest.approx(values[:, first].mean(1) - values[:, ~first].mean(1), abs=1e-12)
    variances = [v for v, _ in found.variances()]
    expected = [each[side].var(ddof=1) / side.sum() for side in (first, ~first)]
    if seeds > 1:
        expected.append(found.gaps.var(ddof=1) / seeds)
    assert variances == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 10_000), st.integers(5, 60))
def test_the_variance_of_a_log_ratio_is_the_delta_methods(seed: int, people: int) -> None:
    values, first = drawn(seed, people)
    found = measure(values, first, log=True)
    means = [values[0, side].mean() for side in (first, ~first)]
    assert found.value == pytest.approx(np.log(means[0] / means[1]), abs=1e-12)
    expected = [
        values[0, side].var(ddof=1) / side.sum() / mean**2
        for side, mean in zip((first, ~first), means, strict=True)
    ]
    assert [v for v, _ in found.variances()] == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 10_000))
def test_a_difference_of_gaps_is_paired_on_people(seed: int) -> None:
    values, first = drawn(seed, 40)
    nearly = values + 0.01
    assert (measure(nearly, first) - measure(values, first)).interval().high < 1e-9
    one, other = drawn(seed, 40), drawn(seed + 1, 40)
    apart = measure(other[0], first) - measure(one[0], first)
    direct = measure(other[0] - one[0], first)
    assert apart.interval() == pytest.approx(direct.interval(), abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from(METRICS))
def test_gaps_of_metrics_are_those_from_counts(seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    y, decision, group = rng.integers(0, 2, (3, 200))
    people = Pair.of(y, group, (1, 0))
    expected = gap(confusion(y, decision, group, 2), metric, (1, 0))
    assert people.gap(metric, decision).value == pytest.approx(expected, abs=1e-12)
    inside = denominator(metric, y)
    assert people.size(metric) == min((inside & (group == 0)).sum(), (inside & (group == 1)).sum())


def test_one_component_gives_students_t_and_none_gives_a_point() -> None:
    # 2.262157 is t.975 with nine degrees of freedom.
    assert around(1.0, [(4.0, 9.0)]).high == pytest.approx(1 + 2 * 2.262157, abs=1e-5)
    assert around(1.0, [(0.0, 9.0)]) == (1.0, 1.0, 1.0)
    two = around(0.0, [(1.0, 9.0), (1.0, 9.0)])  # Satterthwaite: eighteen
    assert two.high == pytest.approx(2**0.5 * 2.100922, abs=1e-5)


def test_nobody_changing_is_not_nobody_ever() -> None:
    first = np.arange(200) < 100
    found = measure(np.zeros(200), first).interval(few=True)
    assert found.value == 0
    # The rule of three gives 3/100 for one group; two groups are a little wider.
    assert 0.02 < found.high < 0.06
    assert found.low == -found.high
    assert shared(np.zeros(100), few=True).high == pytest.approx(0.0275, abs=0.001)


@pytest.mark.slow
def test_intervals_of_a_change_cover_when_few_people_change() -> None:
    rng = np.random.default_rng(0)
    first = np.arange(300) < 200
    # 3 % of the first group change up and 1 % down; 1 % of the second up.
    truth = 0.02 - 0.01
    covered = widths = 0
    for _ in range(2000):
        u = rng.random(300)
        change = np.where(first, (u < 0.03) * 1.0 - (u > 0.99), (u < 0.01) * 1.0)
        found = measure(change, first).interval(few=True)
        covered += found.low <= truth <= found.high
        widths += found.high - found.low
    assert covered / 2000 > 0.93
    assert widths / 2000 < 0.09


def test_accuracy_counts_hits_of_either_label_and_takes_chances() -> None:
    y = np.array([1, 0, 1, 0])
    assert contributions_to("accuracy", y, np.array([1, 0, 0, 1])).tolist() == [1, 1, 0, 0]
    assert contributions_to("accuracy", y, np.array([0.3, 0.3, 1, 0])).tolist() == [0.3, 0.7, 1, 1]
