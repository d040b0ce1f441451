from __future__ import annotations

from types import SimpleNamespace

import pytest

from toolkit import catalogue, judge
from toolkit.misconceptions import m007_not_understandable as m007
from toolkit.records import Effort, NotApplicable, Rows

CLAIMS = {claim.id: claim for claim in m007.experiment.claims}


@pytest.mark.slow
@pytest.mark.parametrize("control", m007.experiment.controls, ids=lambda c: c.dataset)
def test_worlds_are_ruled_as_they_were_planted(control):
    data = catalogue.dataset(control.dataset)
    trials = [Rows.of(m007.measure(data, seed, Effort("quick"))) for seed in range(8)]
    for claim, expected in control.expects.items():
        c = CLAIMS[claim]
        found = judge.rule([c.effect(rows) for rows in trials], margin=c.margin, predicts=c.predicts)
        assert found.ruling == expected, (claim, found.effect, found.low, found.high)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_many_classes_and_regressions_are_measured_too(name):
    rows = Rows.of(m007.measure(catalogue.dataset(name), 0, Effort("quick")))
    for claim in ("says-it-again", "rules-predict", "curves-predict", "deletion", "weights-do-not-last"):
        assert -3 < CLAIMS[claim].effect(rows) <= 1
    with pytest.raises(NotApplicable):
        CLAIMS["finds-truth-shap"].effect(rows)


def test_a_model_that_says_the_same_to_everybody_leaves_nothing_to_foretell():
    rows = Rows.of([{"part": "surrogate", "surrogate": "additive", "fidelity": None}])
    with pytest.raises(NotApplicable, match="same answer"):
        CLAIMS["curves-predict"].effect(rows)


def test_missing_one_of_five_planted_features_is_a_shortfall_of_a_fifth():
    rows = Rows.of([{"part": "importance", "method": "shap", "recall": 0.8, "repeats": 0.9}])
    assert CLAIMS["finds-truth-shap"].effect(rows) == pytest.approx(-0.2)


@pytest.mark.parametrize(("weights", "half"), [("supported", True), ("inconclusive", False)])
def test_the_half_of_the_belief_that_holds_is_said(weights, half):
    answers = SimpleNamespace(
        ruling=lambda claim: weights if claim == "weights-do-not-last" else "supported",
        existential=lambda *claims: "supported",
    )
    ruling, sentence = m007.rule(answers)
    assert ruling == "refuted"
    assert ("Half of the belief holds" in sentence) is half


@pytest.mark.parametrize(
    ("shap", "shuffled", "predicts", "expected", "words"),
    [
        ("supported", "refuted", "supported", "refuted", "importance by SHAP found"),
        ("refuted", "supported", "supported", "refuted", "importance by permutation found"),
        ("refuted", "refuted", "refuted", "supported", "on no dataset"),
        ("not_applicable", "not_applicable", "supported", "inconclusive", "not applicable"),
        ("supported", "supported", "inconclusive", "inconclusive", "the large one: inconclusive"),
        ("error", "error", "error", "error", "could not be judged"),
    ],
)
def test_the_sentence_says_no_more_than_the_rulings(shap, shuffled, predicts, expected, words):
    rulings = {"finds-truth-shap": shap, "finds-truth-permutation": shuffled}
    answers = SimpleNamespace(
        ruling=lambda claim: rulings.get(claim, "inconclusive"), existential=lambda *claims: predicts
    )
    ruling, sentence = m007.rule(answers)
    assert ruling == expected
    assert words in sentence
