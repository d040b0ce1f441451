from __future__ import annotations

import pytest

from toolkit import catalogue, judge
from toolkit.misconceptions import m006_all_equally_important as m006
from toolkit.records import Effort, NotApplicable, Rows

CLAIMS = {claim.id: claim for claim in m006.experiment.claims}
CONTROLS = {control.dataset: control for control in m006.experiment.controls}
EFFORT = Effort("quick")


def effects(claim: str, trials: list[Rows]) -> list[float]:
    c = CLAIMS[claim]
    if not c.choose:
        return [c.effect(rows) for rows in trials]
    halves = [Rows(tuple(row for rows in trials[h::2] for row in rows)) for h in (0, 1)]
    return [c.effect(rows, c.choose(halves[1 - i % 2])) for i, rows in enumerate(trials)]


def check(name: str, count: int) -> None:
    trials = [Rows.of(m006.measure(catalogue.dataset(name), seed, EFFORT)) for seed in range(count)]
    for claim, expected in CONTROLS[name].expects.items():
        c = CLAIMS[claim]
        found = judge.rule(effects(claim, trials), margin=c.margin, predicts=c.predicts)
        assert found.ruling == expected, (claim, found.effect, found.low, found.high)


@pytest.mark.parametrize("name", ["tuning:equal", "tuning:dominant"])
def test_planted_settings_are_ruled_as_they_were_planted(name):
    check(name, 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in CONTROLS if n.startswith("importance")])
def test_planted_importance_is_ruled_as_it_was_planted(name):
    check(name, 8)


def test_an_effect_compares_removal_at_random_with_removal_of_the_smallest():
    made = [
        {"part": "pruning", "family": "linear", "rule": rule, "share": 0.5, "error": error}
        for rule, error in (("random", 0.4), ("magnitude", 0.1))
    ]
    assert CLAIMS["coefficients-50"].effect(Rows.of(made)) == pytest.approx(0.3)


def settings(total: float, **variance: float) -> Rows:
    return Rows.of(
        {"part": "settings", "setting": k, "variance": v, "total": total} for k, v in variance.items()
    )


def test_settings_are_chosen_on_other_trials_so_that_an_extreme_may_come_out_negative():
    chosen = CLAIMS["settings"].choose(settings(0.5, rate=0.7, decay=0.1, width=0.2))
    assert chosen == ("rate", "decay", 0.5)
    effect = CLAIMS["settings"].effect(settings(9.0, rate=0.1, decay=0.4, width=0.2), chosen)
    assert effect == pytest.approx(-0.6)


def test_shares_of_nothing_are_not_applicable():
    with pytest.raises(NotApplicable, match="nothing to divide"):
        CLAIMS["settings"].effect(settings(1.0, rate=1.0, decay=0.0, width=0.0), ("rate", "decay", 1e-6))
