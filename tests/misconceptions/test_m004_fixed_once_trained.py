from __future__ import annotations

import pytest

from toolkit import catalogue
from toolkit.judge import rule
from toolkit.misconceptions.m004_fixed_once_trained import LABELS, experiment
from toolkit.records import Effort, NotApplicable, Rows

CLAIMS = {claim.id: claim for claim in experiment.claims}


def trials(name: str, count: int) -> list[Rows]:
    data = catalogue.dataset(name)
    return [Rows.of(experiment.measure(data, seed, Effort("quick"))) for seed in range(count)]


def effects(claim_id: str, found: list[Rows]) -> list[float]:
    claim = CLAIMS[claim_id]
    if claim.choose is None:
        return [claim.effect(rows) for rows in found]
    halves = [Rows(tuple(r for rows in found[k::2] for r in rows)) for k in (1, 0)]
    return [claim.effect(rows, claim.choose(halves[i % 2])) for i, rows in enumerate(found)]


@pytest.mark.slow
@pytest.mark.parametrize("control", experiment.controls, ids=lambda c: c.dataset)
def test_the_planted_truth_is_found(control) -> None:
    found = trials(control.dataset, 5)
    for claim_id, expected in control.expects.items():
        claim = CLAIMS[claim_id]
        verdict = rule(effects(claim_id, found), margin=claim.margin, predicts=claim.predicts)
        assert verdict.ruling == expected, (claim_id, verdict.effect)


@pytest.mark.slow
def test_a_table_gives_rows_for_every_claim_and_says_how_many_rows_it_split() -> None:
    data = catalogue.dataset("breast_cancer")
    found = [Rows.of(experiment.measure(data, seed, Effort("quick"))) for seed in (0, 1)]
    assert {(row["n_train"], row["n_test"]) for row in found[0]} == {(455, 113)}
    for claim in experiment.claims:
        assert len(effects(claim.id, found)) == 2


def test_forgetting_is_the_rise_of_the_first_tasks_error() -> None:
    at = {"part": "stream", "method": "naive", "task": 1}
    rows = Rows.of(
        [at | {"stage": 1, "error": 0.1}, at | {"stage": 2, "error": 0.9}, at | {"stage": 3, "error": 0.4}]
    )
    assert CLAIMS["naive-updating-forgets"].effect(rows) == pytest.approx(0.3)


def test_each_mode_is_judged_at_the_rate_that_was_best_elsewhere() -> None:
    at = {"part": "transfer", "labels": LABELS, "relation": "related", "kind": "turned"}
    table = {("fine-tuned", 0.01): 0.2, ("fine-tuned", 0.03): 0.3, ("anew", 0.01): 0.5, ("anew", 0.03): 0.4}
    rows = Rows.of([at | {"mode": m, "rate": r, "error": e} for (m, r), e in table.items()])
    claim = CLAIMS["transfer-beats-anew"]
    assert claim.choose is not None
    assert claim.choose(rows) == {"fine-tuned": 0.01, "anew": 0.03}
    assert claim.effect(rows, {"fine-tuned": 0.03, "anew": 0.01}) == pytest.approx(0.2)
    with pytest.raises(NotApplicable):
        claim.effect(rows, {"fine-tuned": 0.1, "anew": 0.01})


def test_the_sentence_says_that_the_belief_is_half_true() -> None:
    class Answers:
        def ruling(self, claim: str) -> str:
            return "refuted" if claim == "parameters-are-fixed" else "supported"

    ruling, sentence = experiment.rule(Answers())  # type: ignore[arg-type]
    assert ruling == "refuted"
    assert "Half true" in sentence


def test_the_tables_give_means_over_trials_and_leave_empty_what_was_not_trained() -> None:
    update = {"part": "update", "learner": "sgd", "changed": 1.0, "distance": 0.5, "error_frozen": 0.4}
    stream = {"part": "stream", "method": "naive", "stage": 3}
    trials = {
        seed: Rows.of(
            [
                update | {"method": "partial_fit", "error_updated": error, "error_anew": 0.3},
                update | {"method": "halved", "error_updated": error, "error_anew": None},
                *(stream | {"task": task, "error": task * error} for task in (1, 2, 3)),
            ]
        )
        for seed, error in enumerate((0.1, 0.2))
    }
    assert experiment.extras is not None
    updates, streams = experiment.extras({"digits": trials})
    assert updates.rows[0][:3] == ("digits", "sgd", "partial_fit")
    assert updates.rows[0][3:] == pytest.approx((1.0, 0.5, 0.4, 0.15, 0.3))
    assert updates.rows[1][-1] is None
    assert streams.rows[0][2:] == pytest.approx((0.15, 0.3))
