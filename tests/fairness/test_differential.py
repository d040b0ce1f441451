from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.parameters.differential import differential, epsilon

ADULT = Path(__file__).parents[3] / "shared" / "data" / "adult.parquet"
# Admitted of applied, by gender (A, B) and race (1, 2): the worked example of Foulds et al. 2020, section 5.
APPLIED = np.array([[87, 263], [270, 80]])
ADMITTED = np.array([[81, 192], [234, 55]])


def outcomes(admitted: Any, applied: Any) -> Any:
    return np.stack([applied - admitted, admitted], axis=-1).reshape(-1, 2)


def test_the_papers_worked_example_has_its_published_values() -> None:
    assert epsilon(outcomes(ADMITTED, APPLIED), 0.0) == pytest.approx(1.511, abs=5e-4)
    by_gender = outcomes(ADMITTED.sum(axis=1), APPLIED.sum(axis=1))
    by_race = outcomes(ADMITTED.sum(axis=0), APPLIED.sum(axis=0))
    assert epsilon(by_gender, 0.0) == pytest.approx(0.2329, abs=5e-5)
    assert epsilon(by_race, 0.0) == pytest.approx(0.8667, abs=5e-5)


def test_smoothing_adds_half_a_person_to_every_count() -> None:
    # (1 + .5)/(4 + 1) = .3 and (3 + .5)/(4 + 1) = .7; rejected .7 and .3.
    assert epsilon(np.array([[3, 1], [1, 3]])) == pytest.approx(np.log(0.7 / 0.3))
    # (0 + .5)/(9 + 1) = .05 against .5.
    assert epsilon(np.array([[9, 0], [2, 2]])) == pytest.approx(np.log(10))
    assert epsilon(np.array([[9, 0], [2, 2]]), 0.0) == np.inf


def test_adult_has_the_number_that_aif360_documents() -> None:
    """AIF360's docstring of smoothed_empirical_differential_fairness: sex x race, rows without gaps."""
    if not ADULT.exists():
        pytest.skip("the shared tables are not on this machine")
    import duckdb

    known = " AND ".join(
        f"{c} IS NOT NULL AND trim({c}) <> '?'" for c in ("workclass", "occupation", '"native-country"')
    )
    rows = duckdb.sql(
        f"SELECT sex, race, count(*), sum((class LIKE '%>50K%')::INT) FROM '{ADULT}' "
        f"WHERE {known} GROUP BY ALL"
    ).fetchall()
    applied, admitted = (np.array([row[i] for row in rows], dtype=int) for i in (2, 3))
    assert applied.sum() == 45_222
    assert len(rows) == 10
    assert epsilon(outcomes(admitted, applied)) == pytest.approx(1.7547611985549287, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=6))
def test_epsilon_is_the_largest_log_ratio_over_pairs_and_outcomes(pairs: list[tuple[int, int]]) -> None:
    counts = np.array(pairs, dtype=float)
    kept = counts[counts.sum(axis=1) > 0]
    if len(kept) < 2:
        assert np.isnan(epsilon(counts))
        return
    p = (kept + 0.5) / (kept.sum(axis=1, keepdims=True) + 1)
    expected = max(abs(np.log(a / b)).max() for a in p for b in p)
    assert epsilon(counts) == pytest.approx(expected, abs=1e-12)


def table(group_rates: Any, size: int) -> Any:
    """Counts by group, label, prediction where the prediction is the label."""
    positive = np.rint(np.array(group_rates) * size).astype(int)
    counts = np.zeros((len(positive), 2, 2), dtype=int)
    counts[:, 1, 1], counts[:, 0, 0] = positive, size - positive
    return counts


def test_predictions_that_repeat_the_labels_amplify_nothing_and_draws_are_paired() -> None:
    found = differential(table([0.2, 0.4, 0.3], 2000), ["a", "b", "c"], seed=1)
    assert found["amplification"]["value"] == 0
    width = found["amplification"]["high"] - found["amplification"]["low"]
    alone = found["labels"]["high"] - found["labels"]["low"]
    assert width < 0.1 * alone
    assert found["amplification"]["low"] < 0 < found["amplification"]["high"]


def test_a_model_that_doubles_the_distance_is_seen_to_amplify() -> None:
    counts = np.zeros((2, 2, 2), dtype=int)
    counts[0] = [[1200, 0], [0, 800]]
    counts[1] = [[1600, 0], [200, 200]]  # labels .4 and .2, predictions .4 and .1
    found = differential(counts, ["a", "b"], seed=1)
    assert found["labels"]["value"] == pytest.approx(np.log(2), abs=0.01)
    assert found["amplification"]["value"] == pytest.approx(np.log(2), abs=0.02)
    assert found["amplification"]["low"] > 0.5
    assert "the model adds +0.69" in found["sentence"]
    assert "biased upward" in found["sentence"]
    assert found["smoothing"] == 0.5


def test_equal_groups_have_an_epsilon_above_nothing_and_it_stands_beside() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([400, 100, 60, 40])
    drawn = []
    for _ in range(500):
        positive = rng.binomial(sizes, 0.3)
        drawn.append(epsilon(np.stack([sizes - positive, positive], axis=-1)))
    counts = np.zeros((4, 2, 2), dtype=int)
    counts[:, 1, 1] = np.rint(0.3 * sizes)
    counts[:, 0, 0] = sizes - counts[:, 1, 1]
    found = differential(counts, list("abcd"), seed=1)
    assert found["null_mean"] == pytest.approx(np.mean(drawn), rel=0.08)
    assert found["predictions"]["value"] < 0.02  # of these counts, which are equal to rounding
    assert found["predictions"]["low"] > 0.05  # the interval sits too high, as it says


def test_groups_without_anybody_take_no_part_and_one_group_has_no_epsilon() -> None:
    counts = np.zeros((3, 2, 2), dtype=int)
    counts[:2] = table([0.2, 0.4], 50)
    found = differential(counts, ["a", "b", "nobody"])
    assert found["intersections"] == ["a", "b"]
    alone = differential(counts[:1], ["a"])
    assert alone["predictions"] == {"value": None, "low": None, "high": None}
    assert alone["null_mean"] is None


def test_without_labels_only_predictions_are_measured() -> None:
    found = differential(np.array([[50, 10], [40, 20]]), ["a", "b"])
    assert found["labels"] is None
    assert found["amplification"] is None
    assert found["predictions"]["value"] == pytest.approx(np.log((20.5 / 61) / (10.5 / 61)))
    assert found["predictions"]["low"] < found["predictions"]["value"] < found["predictions"]["high"]
