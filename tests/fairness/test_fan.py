from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_learners import canned, lending, logistic, numbered, shaky

from toolkit.fairness.parameters.fan import _flipped, counted, equally_accurate, fan, flips, newcombe
from toolkit.fairness.parameters.refits import refit


@given(st.integers(0, 10_000), st.integers(3, 8), st.integers(2, 30))
def test_flips_are_the_mean_disagreement_of_all_pairs_of_refits(seed: int, refits: int, people: int) -> None:
    decisions = np.random.default_rng(seed).integers(0, 2, (refits, people)).astype(float)
    pairs = [(a != b).mean() for a, b in combinations(decisions, 2)]
    found = _flipped(decisions)
    assert found["share"] == pytest.approx(np.mean(pairs), abs=1e-12)
    assert 0 <= found["low"] <= found["share"] <= found["high"] <= 1


def test_flips_come_by_group_and_for_everybody() -> None:
    group = np.repeat([0, 1], 100)
    y = np.tile([0, 1], 100)

    def scores(seed: int) -> Any:
        # Everybody of B is decided by a coin that the seed throws, nobody of A is.
        return np.where(group == 0, 0.9, np.random.default_rng(seed).random(200))

    fits = refit(numbered(y, group), canned(scores), refits=20, seed=0, threshold=None)
    found = {row["group"]: row for row in flips(numbered(y, group), fits)}
    assert list(found) == ["A", "B", "everybody"]
    assert found["A"]["share"] == 0
    assert 0 < found["A"]["high"] < 0.05  # nobody among 98 is not nobody ever
    assert found["B"]["share"] == pytest.approx(0.5, abs=0.03)
    assert found["B"]["low"] < 0.5 < found["B"]["high"]


@pytest.mark.slow
def test_intervals_of_flips_cover() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        # A person's chance of being selected shifts with the person and with the refit.
        person, model = rng.normal(size=300), 0.3 * rng.normal(size=(20, 1))
        found = _flipped((person + model + 0.2 * rng.normal(size=(20, 300)) > 0).astype(float))
        covered += found["low"] <= TRUTH <= found["high"]
    assert covered / 400 > 0.91


# Two refits' margins are normal with variance 1 + .09 + .04 and covariance 1: arccos(1/1.13)/pi.
TRUTH = float(np.arccos(1 / 1.13) / np.pi)


def test_newcombes_own_example_is_ruled_by_its_limits() -> None:
    # Newcombe 1998, table II (a): 56/70 against 48/80 has limits .0524 and .3339 by method 10.
    assert newcombe((56, 48), (70, 80), margin=0.0523) == "shown"
    assert newcombe((56, 48), (70, 80), margin=0.0525) == "not_enough_evidence"
    assert newcombe((48, 56), (80, 70), margin=0.0523) == "shown"
    assert newcombe((5000, 5000), (10_000, 10_000)) == "small"
    assert newcombe((0, 1), (0, 4)) == "not_applicable"


def test_equally_accurate_needs_the_whole_interval_within_a_hundredth() -> None:
    right = np.arange(5000) % 5 > 0
    assert equally_accurate(right, right)
    assert equally_accurate(np.where(np.arange(5000) < 20, ~right, right), right)
    assert not equally_accurate(np.where(np.arange(5000) < 400, False, right), right)
    few = np.arange(100) % 5 > 0
    assert not equally_accurate(np.where(np.arange(100) < 4, ~few, few), few)  # too few to show it
    assert not equally_accurate(np.empty(0, dtype=bool), np.empty(0, dtype=bool))


def fanned(**more: Any) -> Any:
    """A thousand calibration rows on which all are alike; on the test rows odd seeds select nobody of B."""
    many = 1000
    group = np.arange(2 * many + 2) % 2
    y = np.ones(2 * many + 2, dtype=int)

    def scores(seed: int) -> Any:
        chosen = np.full(2 * many + 2, 0.9)
        chosen[0] += seed / 1000
        if seed % 2:
            chosen[many + 2 :][group[many + 2 :] == 1] = 0.1
        return chosen

    problem = numbered(y, group, calibration=many)
    return fan(problem, canned(scores), pair=(0, 1), refits=4, seed=0, halves=3, **more), problem


def test_equally_accurate_models_that_rule_otherwise_are_counted() -> None:
    found, _ = fanned()
    seeds = [row for row in found["models"] if row["kind"] == "seed"]
    assert [row["gap"] for row in seeds] == [1, 0, 1, 0]
    assert [row["ruling"] for row in seeds] == ["shown", "small", "shown", "small"]
    assert found["equally_accurate"] == 4  # halves are not among them
    assert found["would_change"] == 2
    assert "2 of them would change its ruling (small)" in found["sentence"]


def test_a_rule_of_ones_own_is_asked_with_counts_of_the_test_rows() -> None:
    asked = []

    def rule(x: tuple[int, int], n: tuple[int, int]) -> str:
        asked.append((x, n))
        return "shown"

    found, _ = fanned(ruling=rule)
    assert ((500, 0), (500, 500)) in asked
    assert found["would_change"] == 0


def test_capacity_is_a_row_of_its_own_and_halves_are_trained_on_half() -> None:
    sizes = []

    def watched(X: Any, y: Any, seed: int, weight: Any = None) -> Any:
        sizes.append(len(X))
        return logistic(X, y, seed, weight)

    problem = lending("label_bias", 1500)
    found = fan(problem, watched, pair=(0, 1), halves=3, capacities=[("larger", shaky)])
    assert [row["kind"] for row in found["models"]] == ["half"] * 3 + ["capacity"]
    assert sizes.count(450) == 3
    assert found["flips"] == []
    assert "luck has no part" in found["sentence"]
    assert "at half its size" in found["sentence"]
    assert found["models"][-1]["name"] == "larger"


def test_a_model_that_cannot_be_trained_is_told_and_the_others_stay() -> None:
    def picky(X: Any, y: Any, seed: int, weight: Any = None) -> Any:
        raise ValueError("this size does not suit")

    found = fan(lending("label_bias", 1500), logistic, pair=(0, 1), halves=2, capacities=[("odd", picky)])
    assert len(found["models"]) == 2
    assert "1 could not be trained, the first being odd: this size does not suit." in found["sentence"]


def test_counts_are_of_the_metrics_denominator() -> None:
    _, problem = fanned()
    from toolkit.fairness.parameters.contrasts import Pair

    people = Pair.of(problem.y[problem.test], problem.group[problem.test], (0, 1))
    decisions = np.arange(len(problem.test)) % 4 < 2
    assert counted(people, "true_positive_rate", decisions.astype(int)) == ((250, 250), (500, 500))
    assert counted(people, "false_positive_rate", decisions.astype(int)) == ((0, 0), (0, 0))


def test_without_a_calibration_part_nobody_is_shown_to_be_as_accurate() -> None:
    problem = lending("label_bias", 1500)
    found = fan(replace(problem, calibration=problem.calibration[:0]), shaky, pair=(0, 1), refits=3, halves=0)
    assert found["equally_accurate"] == 0
    assert "Without answers on a calibration part" in found["sentence"]
