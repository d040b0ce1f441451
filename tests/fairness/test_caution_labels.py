"""What labels alone can do: tipping points that really tip, and Chouldechova's identity."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import caution_fixture as fixture
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolkit.fairness.cautions.labels import base_rates, label_error
from toolkit.fairness.counts import PROPORTIONS, rate

METRICS = (
    "true_positive_rate",
    "false_negative_rate",
    "false_positive_rate",
    "true_negative_rate",
    "precision",
    "false_discovery_rate",
    "accuracy",
)
COUNTS = st.tuples(*[st.integers(1, 200)] * 4)


def shown(table: fixture.Table, metric: str) -> list[dict[str, Any]]:
    counts = {name: np.array(c, float).reshape(2, 2) for name, c in table.items()}
    values = {name: float(rate(c, metric)) for name, c in counts.items()}
    high, low = max(values, key=lambda k: values[k]), min(values, key=lambda k: values[k])
    found = fixture.gap(metric, high, low, values[high] - values[low])
    return label_error(fixture.context_of(table, gaps=[found]))


@given(COUNTS, COUNTS, st.sampled_from(METRICS))
def test_moving_the_tipping_points_people_makes_the_two_rates_equal(
    a: tuple[int, ...], b: tuple[int, ...], metric: str
) -> None:
    table = {"a": a, "b": b}
    values = [float(rate(np.array(c, float).reshape(2, 2), metric)) for c in (a, b)]
    assume(abs(values[0] - values[1]) > 1e-9)
    found = shown(table, metric)  # type: ignore[arg-type]
    if not found:
        return
    (tip,) = found[0]["evidence"]["gaps"]
    tn, fp, fn, tp = (Fraction(c) for c in table[tip["group"]])
    people = Fraction(tip["people"])
    cells = {(0, 0): tn, (0, 1): fp - people, (1, 0): fn, (1, 1): tp + people}
    above, below = (sum(cells[c] for c in part) for part in PROPORTIONS[metric])
    other = values[1 if tip["group"] == "a" else 0]
    assert float(above / below) == pytest.approx(other, abs=1e-9)
    assert tip["share"] == pytest.approx(tip["people"] / (tip["people"] + float(tp + fn)))
    assert tip["possible"] == (tip["people"] <= fp)


def test_a_gap_that_a_small_label_error_explains_is_a_warning_and_a_large_one_a_note() -> None:
    (note,) = shown({"a": (300, 100, 100, 300), "b": (300, 100, 200, 200)}, "true_positive_rate")
    assert note["level"] == "note"
    # (200 + m)/(400 + m) = .75 where m = 400: more than the 100 people there are.
    assert note["evidence"]["gaps"][0]["people"] == pytest.approx(400)
    assert "cannot be explained" in note["text"]
    (warning,) = shown({"a": (300, 100, 100, 300), "b": (300, 100, 108, 292)}, "true_positive_rate")
    assert warning["level"] == "warning"
    assert "would be gone if" in warning["text"]


def test_gaps_in_selection_do_not_depend_on_labels() -> None:
    found = fixture.gap("selection_rate", "a", "b", 0.2)
    table = {"a": (40, 10, 10, 40), "b": (40, 10, 10, 40)}
    assert label_error(fixture.context_of(table, gaps=[found])) == []


def test_a_gap_that_is_not_shown_needs_no_explanation() -> None:
    found = fixture.gap("true_positive_rate", "a", "b", 0.2, "not_enough_evidence")
    table = {"a": (40, 10, 10, 40), "b": (40, 10, 20, 30)}
    assert label_error(fixture.context_of(table, gaps=[found])) == []


def test_chouldechovas_identity_gives_back_the_measured_rate_of_one_group() -> None:
    # With a group's own precision and misses, the identity is its own false positive rate.
    tn, fp, fn, tp = 700, 100, 60, 140
    p, ppv, fnr = 200 / 1000, 140 / 240, 60 / 200
    assert p / (1 - p) * (1 - ppv) / ppv * (1 - fnr) == pytest.approx(100 / 800)
    (note,) = base_rates(fixture.context_of({"a": (tn, fp, fn, tp), "b": (400, 100, 150, 350)}))
    (found,) = note["evidence"]["attributes"]
    assert (found["first"], found["base_first"], found["base_second"]) == ("b", 0.5, 0.2)
    both = (140 + 350) / (240 + 450)
    missed = 210 / 700
    assert found["precision"] == pytest.approx(both)
    assert found["forced_first"] == pytest.approx(1 * (1 - both) / both * (1 - missed))
    assert found["forced_second"] == pytest.approx(0.25 * (1 - both) / both * (1 - missed))
    assert found["measured_first"] == pytest.approx(0.2)
    assert note["level"] == "note"
    assert "50 % of b and 20 % of a" in note["text"]


def test_equal_base_rates_force_nothing() -> None:
    assert base_rates(fixture.context_of({"a": (300, 100, 100, 300), "b": (305, 95, 101, 299)})) == []


def test_perfect_prediction_escapes_the_arithmetic() -> None:
    assert base_rates(fixture.context_of({"a": (500, 0, 0, 500), "b": (800, 0, 0, 200)})) == []


def test_people_of_unknown_group_are_no_group() -> None:
    table = {"a": (300, 100, 100, 300), "(missing)": (700, 100, 60, 140)}
    assert base_rates(fixture.context_of(table)) == []


def test_without_labels_neither_is_said() -> None:
    context = fixture.context_of({"a": (300, 700, 0, 0), "b": (700, 300, 0, 0)}, labels=False)
    assert base_rates(context) == []
    assert label_error(context) == []
