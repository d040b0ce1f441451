"""The split of a gap from counts alone: exact, and the same as from rows."""

from __future__ import annotations

import numpy as np
import pytest
from rows_to_cells import cells_of

from toolkit.fairness.parameters.counted_split import split

PAIR = {"attribute": "a", "first": "a0", "second": "a1"}


def rows(n: int = 4000, seed: int = 0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, n)
    label = (rng.random(n) < 0.6 - 0.2 * group).astype(int)
    score = np.clip(0.3 + 0.3 * label - 0.1 * group + rng.normal(0, 0.1, n), 0, 1).round(2)
    return group, label, (score >= 0.5).astype(int), score


def counted(n: int = 4000, seed: int = 0, **more):
    group, label, decision, score = rows(n, seed)
    return cells_of(group, label, decision, score, sums={"score": score, "score2": score**2}, **more)


def table(found, metric):
    return next(t for t in found["tables"] if t["metric"] == metric)


def test_the_parts_are_those_of_the_rows_and_sum_exactly():
    group, label, decision, score = rows()
    found = split(counted(), PAIR)
    for metric, values in (("selection_rate", decision), ("mean_prediction", score)):
        parts = {part["name"]: part for part in table(found, metric)["parts"]}
        gap = values[group == 0].mean() - values[group == 1].mean()
        labels = label[group == 0].mean() - label[group == 1].mean()
        assert table(found, metric)["gap"] == pytest.approx(gap, abs=1e-12)
        assert parts["recorded labels"]["value"] == pytest.approx(labels, abs=1e-12)
        assert sum(p["value"] for p in parts.values()) == pytest.approx(gap, abs=1e-12)


def test_the_interval_of_the_model_s_part_is_that_of_the_paired_rows():
    group, label, decision, _ = rows()
    extra = decision - label
    error = np.sqrt(sum(extra[group == g].var() / (group == g).sum() for g in (0, 1)))
    part = table(split(counted(), PAIR), "selection_rate")["parts"][1]
    assert part["high"] - part["low"] == pytest.approx(2 * 1.959964 * error, rel=1e-6)


def test_three_equal_rows_are_one_row_of_frequency_three():
    once, thrice = counted(600), counted(600, weight=np.full(600, 3.0), frequencies=True)
    narrow, wide = (table(split(c, PAIR), "selection_rate")["parts"][0] for c in (thrice, once))
    assert narrow["value"] == pytest.approx(wide["value"], abs=1e-12)
    assert (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"]) == pytest.approx(
        np.sqrt(3), rel=1e-9
    )


def test_labels_repeated_as_decisions_leave_nothing_to_the_model():
    group, label, _, _ = rows()
    found = split(cells_of(group, label, label), PAIR)
    assert [p["value"] for p in table(found, "selection_rate")["parts"]][1] == 0
    assert found["differential_fairness"]["amplification"]["value"] == pytest.approx(0, abs=1e-12)


def test_without_labels_there_is_nothing_to_split_off():
    group, _, decision, _ = rows()
    assert split(cells_of(group, None, decision), PAIR)["status"] == "not_applicable"


@pytest.mark.slow
def test_both_intervals_cover():
    truth = np.array([[r[0][r[1] == 0].mean() - r[0][r[1] == 1].mean() for r in ((y, g), (d - y, g))]
                      for g, y, d, _ in [rows(400_000, 99)]])[0]  # fmt: skip
    hits = np.zeros(2)
    for seed in range(400):
        parts = table(split(counted(400, seed), PAIR), "selection_rate")["parts"]
        hits += [p["low"] <= t <= p["high"] for p, t in zip(parts, truth, strict=True)]
    assert (hits / 400 > 0.92).all()
    assert (hits / 400 < 0.98).all()
