from __future__ import annotations

from types import SimpleNamespace

import pytest

from toolkit import catalogue, judge
from toolkit.misconceptions import m003_advanced_mathematics as m003
from toolkit.records import Effort, NotApplicable, Rows

CLAIMS = {claim.id: claim for claim in m003.experiment.claims}
QUICK = Effort("quick")


def verdict(claim: str, trials: list[Rows]) -> str:
    c = CLAIMS[claim]
    return judge.rule([c.effect(rows) for rows in trials], margin=c.margin, predicts=c.predicts).ruling


@pytest.mark.parametrize("control", m003.experiment.controls, ids=lambda c: c.dataset)
def test_planted_surfaces_are_ruled_as_they_were_planted(control):
    data = catalogue.dataset(control.dataset)
    trials = [Rows.of(m003.measure(data, seed, QUICK)) for seed in range(8)]
    for claim, expected in control.expects.items():
        assert verdict(claim, trials) == expected, claim


def rows(**errors: float) -> Rows:
    made = [
        {"learner": n, "procedure": p, "trials": m003.TRIALS, "error": e, "regret": e - 0.1}
        for n in m003.LEARNERS
        for p, e in errors.items()
    ]
    return Rows.of(made)


def test_an_effect_is_the_procedure_s_error_less_the_expert_s_averaged_over_learners():
    assert CLAIMS["random-search"].effect(rows(random=0.15, expert=0.12)) == pytest.approx(0.03)
    assert CLAIMS["random-linear"].effect(rows(random=0.15, expert=0.12)) == pytest.approx(0.03)
    assert CLAIMS["long-search"].effect(rows(random=0.15)) == pytest.approx(0.05)


def test_a_missing_arm_is_not_applicable_rather_than_zero():
    with pytest.raises(NotApplicable):
        CLAIMS["halving"].effect(rows(random=0.1, expert=0.1))


def test_digits_wait_for_full_effort():
    with pytest.raises(NotApplicable, match="full effort"):
        m003.measure(catalogue.dataset("digits"), 0, QUICK)


def test_nothing_is_refuted_where_there_was_nothing_to_tune():
    answers = SimpleNamespace(
        ruling=lambda claim: "refuted" if claim == "tuning-pays" else "supported",
        existential=lambda *claims: "supported",
    )
    assert m003.rule(answers)[0] == "inconclusive"


def test_three_searches_count_as_three_tries():
    asked = []
    answers = SimpleNamespace(
        ruling=lambda claim: "supported", existential=lambda *claims: asked.append(claims) or "inconclusive"
    )
    assert m003.rule(answers)[0] == "inconclusive"
    assert asked == [m003.FREE]


@pytest.mark.slow
def test_every_search_is_measured_for_every_learner_and_the_reference_is_chosen_by_validation_only():
    found = Rows.of(m003.measure(catalogue.dataset("wine"), 0, QUICK))
    for learner in m003.LEARNERS:
        procedures = {row["procedure"] for row in found.where(learner=learner)}
        assert procedures == {
            "default",
            "random",
            "halving",
            "bayesian",
            "widened",
            "expert",
            "reference",
        }
        for row in found.where(learner=learner):
            assert 0 <= row["error"] <= 1
            assert row["n_train"] == 142
            assert row["n_test"] == 35
        assert found.value("trials", learner=learner, procedure="expert") == 30
