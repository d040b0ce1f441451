"""Tables nobody hopes for: weights of 0, thousands of millions of people, groups of one, few clusters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_to_cells import cells_of

from toolkit.fairness.cells import Cells
from toolkit.fairness.finer.intersections import intersections
from toolkit.fairness.gaps import Gap, GapSettings, adjust, gaps
from toolkit.fairness.gaps.pairs import Side, mover
from toolkit.fairness.metrics.beyond import student
from toolkit.fairness.metrics.measures import METRICS, applicable, complement, measure

FIGURES = ("value", "corrected", "low", "high", "low90", "high90", "p_value", "p_margin")


def random_cells(seed: int) -> Cells:
    """Draw a table of two attributes, often with hardly anybody in a group."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([3, 20, 80, 300]))
    groups = np.stack([rng.choice(3, n, p=rng.dirichlet(np.ones(3))) for _ in range(2)], axis=1)
    groups = np.stack([np.unique(column, return_inverse=True)[1] for column in groups.T], axis=1)
    label = (rng.random(n) < rng.choice([0, 0.05, 0.5, 1])).astype(int)
    score = rng.random(n).round(2) if rng.random() < 0.7 else np.full(n, 0.5)
    decision = (score >= rng.choice([0.2, 0.5, 0.9])).astype(int)
    weights = (None, rng.choice([0.0, 1.0, 2.5], n), rng.pareto(0.7, n) + 0.01, rng.choice([1.0, 1e9], n))
    kind = int(rng.integers(4))
    cluster = rng.integers(0, max(1, n // 4), n) if rng.random() < 0.3 else None
    return cells_of(
        groups, label, decision, score, weight=weights[kind], cluster=cluster, frequencies=kind == 3
    )


def measured(cells: Cells, metric: str, asked: GapSettings) -> list[Gap]:
    found: list[Gap] = []
    for attribute in cells.attributes:
        partition = cells.partition((attribute,))
        estimates, others = measure(cells, partition, metric), complement(cells, partition, metric)
        chosen = GapSettings(
            margin=asked.margin, min_group=asked.min_group, reference={attribute: partition.names[0]}
        )
        found += gaps(estimates, partition, chosen, "widest")
        found += gaps(estimates, partition, chosen, "rest", others)
        found += gaps(estimates, partition, chosen, "reference")
    return found


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(plain(v) for v in value.values())
    if isinstance(value, list):
        return all(plain(v) for v in value)
    return not isinstance(value, float) or math.isfinite(value)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 10]), st.sampled_from([0.001, 0.05, 0.9]))
def test_no_table_breaks_the_figures(seed: int, least: int, margin: float) -> None:
    cells = random_cells(seed)
    able = [metric for metric in METRICS if not applicable(cells, metric)]
    metrics = np.random.default_rng(seed).choice(able, 4, replace=False).tolist()
    asked = GapSettings(margin=margin, min_group=least)
    found = adjust([gap for metric in metrics for gap in measured(cells, metric, asked)])
    for gap in found:
        figures = [getattr(gap, name) for name in FIGURES]
        assert not any(math.isnan(v) for v in figures if v is not None), gap
        if gap.value is None or gap.low is None or gap.high is None:
            assert gap.reason
            continue
        assert gap.low <= gap.high + 1e-9
        if gap.compare != "widest":
            assert gap.low - 1e-9 <= gap.value <= gap.high + 1e-9
        if gap.ruling == "shown":
            # Whoever shows a gap beyond the margin shows a gap.
            assert gap.p_adjusted is not None
            assert gap.p_adjusted <= 0.05
        if gap.compare == "widest" and gap.kind == "difference" and gap.corrected is not None:
            assert gap.corrected <= gap.value + 1e-9
    if len(cells.attributes) > 1:
        crossed = intersections(cells, [(cells.attributes, m) for m in metrics], min_group=least)
        assert plain(crossed)
        for cell in (cell for one in crossed for cell in one["cells"]):
            assert cell["ruling"] != "shown" or cell["p_adjusted"] <= 0.05


def test_a_group_of_weight_0_has_no_value_says_why_and_is_not_compared() -> None:
    group, decision = np.repeat([0, 1, 2], 30), np.tile([0, 1], 45)
    cells = cells_of(group, decision=decision, weight=np.where(group == 2, 0.0, 1.0))
    partition = cells.partition(("a",))
    found = measure(cells, partition, "selection_rate")
    assert np.isnan(found.value[2])
    assert not found.shown[2]
    assert "weight above 0" in found.notes[2]
    compared = gaps(found, partition, GapSettings(), "rest", complement(cells, partition, "selection_rate"))
    assert {gap.highest for gap in compared} == {"a0", "a1"}


@pytest.mark.parametrize("metric", ["f1_score", "balanced_accuracy", "roc_auc", "mean_prediction"])
def test_thousands_of_millions_of_people_are_compared_without_permuting_them(metric: str) -> None:
    rng = np.random.default_rng(0)
    group, label = np.repeat([0, 1, 2], 40), rng.integers(0, 2, 120)
    score = rng.random(120).round(1)
    weight = np.where(group == 0, 1.0, 1e8)
    cells = cells_of(group, label, (score > 0.5).astype(int), score, weight=weight, frequencies=True)
    partition = cells.partition(("a",))
    gap = gaps(measure(cells, partition, metric), partition, GapSettings(), "widest")[0]
    assert gap.p_value is not None
    assert 0 < gap.p_value <= 1


def test_students_quantile_does_not_turn_round_in_the_far_tail() -> None:
    df = np.array([1.0, 3.0, 9.0, 30.0])
    steps = np.array([student(z, df) for z in np.linspace(0, 37, 75)])
    assert (np.diff(steps, axis=0) >= 0).all()
    assert (steps <= 1e100).all()


def test_a_limit_infinitely_far_stays_so_however_two_groups_vary_together() -> None:
    first = Side(np.array([-1.0]), np.array([-np.inf]), np.array([-0.5]))
    second = Side(np.array([-0.7]), np.array([-0.9]), np.array([-0.7]))
    low, high = mover(first, second, 0.3)
    assert low[0] == -np.inf
    assert np.isfinite(high[0])
