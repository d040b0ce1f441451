from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from small_learners import Fitted, lending, logistic, unweighted

from toolkit.fairness.counts import confusion, gap
from toolkit.fairness.mitigation.constrained import CONSTRAINTS, train_constrained
from toolkit.fairness.mitigation.options import mitigate

NAMES = [
    "as it is",
    "thresholds by group",
    "reweighing",
    "balancing",
    "without the sensitive column",
    "without the sensitive column and its proxies",
    "constrained training",
]


@cache
def mitigated(constraint: str = "selection_rate") -> Any:
    return mitigate(lending("label_bias", 20_000), logistic, pair=(0, 1), constraint=constraint)


def option(found: Any, name: str) -> Any:
    return next(o for o in found["options"] if o["name"] == name)


def gap_of(row: Any, metric: str) -> Any:
    return next(g for g in row["gaps"] if g["metric"] == metric)


@pytest.mark.parametrize("constraint", ["selection_rate", "true_positive_rate"])
def test_each_remedy_for_it_closes_the_constrained_gap_and_says_what_it_costs(constraint: str) -> None:
    found = mitigated(constraint)
    assert found["status"] == "done"
    assert [o["name"] for o in found["options"]] == NAMES
    before = gap_of(option(found, "as it is"), constraint)
    assert before["value"] > 0.15
    assert before["change"] == before["change_low"] == before["change_high"] == 0
    for name in ("thresholds by group", "constrained training"):
        row = option(found, name)
        closed = gap_of(row, constraint)
        assert closed["constrained"] is True
        assert abs(closed["value"]) < 0.5 * before["value"]
        assert closed["change_high"] < -0.05
        assert row["accuracy"]["low"] < row["accuracy"]["value"] < row["accuracy"]["high"]
        assert row["accuracy_change"]["low"] <= row["accuracy_change"]["value"]
        assert closed["change"] == pytest.approx(closed["value"] - before["value"], abs=1e-12)


def test_metrics_that_were_not_constrained_are_shown_beside() -> None:
    for row in mitigated()["options"]:
        assert [g["metric"] for g in row["gaps"]] == list(CONSTRAINTS)[:3]
        assert [g["constrained"] for g in row["gaps"]] == [True, False, False]


def test_equalized_odds_constrains_both_error_rates() -> None:
    found = mitigate(lending("label_bias", 8000), logistic, pair=(0, 1), constraint="equalized_odds")
    row = option(found, "thresholds by group")
    assert [g["constrained"] for g in row["gaps"]] == [False, True, True]
    for metric in ("true_positive_rate", "false_positive_rate"):
        now, before = gap_of(row, metric), gap_of(option(found, "as it is"), metric)
        assert abs(now["value"]) < abs(before["value"]) or abs(now["value"]) < 0.04


def test_only_thresholds_by_group_need_the_group_and_only_they_are_frozen() -> None:
    for row in mitigated()["options"]:
        moved = row["name"] == "thresholds by group"
        assert row["needs_group"] is moved
        assert (row["frozen"] is not None) is moved
    frozen = option(mitigated(), "thresholds by group")["frozen"]
    assert frozen["same"] is True
    problem = lending("label_bias", 20_000)
    assert frozen["before"] == logistic(problem.X[problem.train], problem.y[problem.train], 0).digest()


def test_a_model_that_moves_while_thresholds_are_chosen_is_found_out() -> None:
    class Moving(Fitted):
        """Learns from whoever asks: the opposite of frozen."""

        def score(self, X: Any) -> Any:
            scores = super().score(X)
            np.add(self.coefficients, 1e-9, out=self.coefficients)
            return scores

    problem = lending("label_bias", 2000)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    moving = Moving(model.coefficients.copy(), model.intercept)
    row = mitigate(replace(problem, model=moving), None, pair=(0, 1))["options"][1]
    assert row["frozen"]["same"] is False
    assert row["accuracy"] is None
    assert row["gaps"] == []
    assert "parameters moved" in row["failed"]


def test_nothing_is_chosen_on_the_people_it_is_judged_on() -> None:
    problem = lending("label_bias", 4000)
    shuffled = problem.y.copy()
    shuffled[problem.test] = np.random.default_rng(0).permutation(shuffled[problem.test])
    one, other = (
        mitigate(p, logistic, pair=(0, 1), constraint="selection_rate")
        for p in (problem, replace(problem, y=shuffled))
    )
    for a, b in zip(one["options"], other["options"], strict=True):
        # Selection rates do not look at labels, so nothing may differ.
        assert gap_of(a, "selection_rate")["value"] == gap_of(b, "selection_rate")["value"]


def test_no_option_is_called_the_best() -> None:
    found = mitigated()
    assert "best" not in found["sentence"]
    assert any("No option is singled out" in note for note in found["notes"])
    assert not any("best" in key for row in found["options"] for key in row)


def test_a_finished_model_has_thresholds_alone_and_predictions_have_nothing() -> None:
    problem = lending("label_bias", 2000)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    found = mitigate(replace(problem, model=model), None, pair=(0, 1))
    assert found["status"] == "partial"
    assert [o["name"] for o in found["options"]] == NAMES[:2]
    nothing = mitigate(problem, None, pair=(0, 1))
    assert nothing["status"] == "not_applicable"
    assert "decisions alone" in nothing["reason"]


def test_what_cannot_be_carried_out_says_why() -> None:
    problem = lending("label_bias", 2000)
    found = mitigate(problem, unweighted, pair=(0, 1))
    for name in ("reweighing", "balancing", "constrained training"):
        assert "cannot be fitted with a weight" in option(found, name)["failed"]
        assert option(found, name)["accuracy"] is None
    one = problem.y.copy()
    rows = problem.calibration
    one[rows[problem.group[rows] == 1]] = 0
    found = mitigate(replace(problem, y=one), logistic, pair=(0, 1))
    assert "has not both labels in B" in option(found, "thresholds by group")["failed"]
    with pytest.raises(ValueError, match="is none of"):
        mitigate(problem, logistic, pair=(0, 1), constraint="happiness")


def test_a_third_group_too_small_to_choose_for_keeps_its_decisions() -> None:
    problem = lending("label_bias", 4000)
    group = problem.group.copy()
    third = problem.calibration[:3]
    group[third] = 2
    group[problem.test[:5]] = 2
    y = problem.y.copy()
    y[third] = 0
    found = mitigate(replace(problem, group=group, y=y, groups=("A", "B", "C")), logistic, pair=(0, 1))
    assert "unchanged for C" in option(found, "thresholds by group")["how"]


def test_constrained_training_reaches_its_constraint_on_the_training_rows() -> None:
    problem = lending("label_bias", 4000)
    X, y, group = (values[problem.train] for values in (problem.X, problem.y, problem.group))
    decide, fits = train_constrained(logistic, X, y, group, constraint="selection_rate", seed=0)
    plain = gap(confusion(y, logistic(X, y, 0).decide(X), group, 2), "selection_rate", (0, 1))
    closed = gap(confusion(y, decide(X), group, 2), "selection_rate", (0, 1))
    assert plain > 0.15
    assert abs(closed) < 0.04
    assert fits > 3
    again, _ = train_constrained(logistic, X, y, group, constraint="selection_rate", seed=0)
    assert (again(X) == decide(X)).all()


def test_missing_numbers_reach_a_learner_that_takes_them() -> None:
    problem = lending("label_bias", 2000)
    X = problem.X.copy()
    X[::5, 0] = np.nan

    def filling(rows: Any, y: Any, seed: int, weight: Any = None) -> Any:
        inner = logistic(np.nan_to_num(rows), y, seed, weight)

        class Filling(Fitted):
            def score(self, X: Any) -> Any:
                return super().score(np.nan_to_num(X))

        return Filling(inner.coefficients, inner.intercept)

    found = mitigate(replace(problem, X=X), filling, pair=(0, 1))
    assert [o["failed"] for o in found["options"]] == [None] * 7
