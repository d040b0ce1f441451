from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from toolkit import catalogue
from toolkit.judge import rule
from toolkit.misconceptions.m008_initialisation import NETS, POOR, SANE, STEPS, experiment
from toolkit.records import Effort, NotApplicable, Rows

CLAIMS = {claim.id: claim for claim in experiment.claims}


def made_up(steps: dict[str, int], rate: float = 0.03) -> Rows:
    """Rows in which each start needs the same steps on every network."""
    return Rows.of(
        {"start": start, "depth": depth, "activation": activation, "rate": rate, "steps": n}
        | {"arrived": float(n < STEPS), "train_loss": n / STEPS, "test_error": 0.1}
        for start, n in steps.items()
        for depth, activation in NETS
    )


def test_the_effect_is_the_log_ratio_of_steps() -> None:
    rows = made_up({"zero": 100, "glorot": 10})
    claim = CLAIMS["zero-is-as-fast"]
    assert claim.choose is not None
    assert claim.effect(rows, claim.choose(rows)) == pytest.approx(1.0)


def test_a_start_that_never_arrives_counts_the_cap() -> None:
    rows = made_up({"zero": STEPS, "glorot": 15})
    claim = CLAIMS["zero-is-as-fast"]
    assert claim.choose is not None
    assert claim.effect(rows, claim.choose(rows)) == pytest.approx(math.log10(STEPS / 15))


def test_where_nobody_arrives_there_is_no_effect() -> None:
    rows = made_up(dict.fromkeys((*POOR, *SANE), STEPS))
    for name in ("zero-is-as-fast", "sane-starts-alike-deep", "poor-starts-arrive"):
        claim = CLAIMS[name]
        assert claim.choose is not None
        with pytest.raises(NotApplicable):
            claim.effect(rows, claim.choose(rows))


def test_each_start_gets_the_rate_that_served_it_best_on_the_other_half() -> None:
    rows = Rows(
        made_up({"he": 20, "zero": STEPS}, 0.01).items + made_up({"he": 10, "zero": STEPS}, 0.03).items
    )
    claim = CLAIMS["zero-is-as-fast"]
    assert claim.choose is not None
    assert claim.choose(rows)["he", 2, "relu"] == 0.03


def test_the_sentence_names_what_differed_and_nothing_else() -> None:
    rulings = {"unit-is-as-fast": "refuted", "sane-starts-alike-shallow": "supported"}
    answers = SimpleNamespace(
        ruling=lambda claim: rulings.get(claim, "inconclusive"), universal=lambda *claims: "refuted"
    )
    ruling, sentence = experiment.rule(answers)  # type: ignore[arg-type]
    assert ruling == "refuted"
    assert "from N(0, 1))" in sentence
    assert "zeros" not in sentence
    assert "test error" not in sentence
    assert "He's and LeCun's" in sentence


@pytest.mark.slow
@pytest.mark.parametrize("control", experiment.controls, ids=lambda c: c.dataset)
def test_the_planted_truth_is_found(control) -> None:
    data = catalogue.dataset(control.dataset)
    found = [Rows.of(experiment.measure(data, seed, Effort("quick"))) for seed in range(12)]
    halves = [Rows(tuple(r for rows in found[k::2] for r in rows)) for k in (1, 0)]
    for claim_id, expected in control.expects.items():
        claim = CLAIMS[claim_id]
        assert claim.choose is not None
        effects = [claim.effect(rows, claim.choose(halves[i % 2])) for i, rows in enumerate(found)]
        verdict = rule(effects, margin=claim.margin, predicts=claim.predicts)
        assert verdict.ruling == expected, (claim_id, verdict.effect)
