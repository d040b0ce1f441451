"""One effect per trial: cross-fitted where a claim chooses, with every missing one explained."""

import numpy as np
import pytest

from toolkit.calibrate.curves import largest_step, rise
from toolkit.effects import effects_of
from toolkit.judge import rule
from toolkit.records import Claim, NotApplicable, Outcome, Rows, Trial


def outcome(seed, rows=(), status="done", reason=""):
    return Outcome(Trial("T001", "d", seed, "quick"), status, Rows.of(rows), reason=reason)


def curves(errors):
    """One outcome per row of errors; its columns are rungs."""
    return {
        seed: outcome(seed, [{"rung": k, "error": e} for k, e in enumerate(line)])
        for seed, line in enumerate(np.asarray(errors).tolist())
    }


def best(rows):
    rungs = sorted({row["rung"] for row in rows})
    return min(rungs, key=lambda k: rows.mean("error", rung=k))


def excess_of_top(rows, choice):
    return rows.items[-1]["error"] - rows.value("error", rung=choice)


CHOOSING = Claim("top", "The top is not worse.", excess_of_top, "error", "no_increase", 0.01, choose=best)


def test_effects_come_in_the_order_of_the_seeds():
    claim = Claim("c", "s", lambda rows: rows.value("error", rung=0), "error", "increase", 0.1)
    found = effects_of(claim, dict(reversed(curves([[1.0], [2.0], [3.0]]).items())))
    assert found.values == (1.0, 2.0, 3.0)


def test_a_choice_is_made_on_the_other_half_of_the_trials():
    # Even seeds are best at rung 0, odd ones at rung 1; each half must be measured at the other's choice.
    errors = [[0.1, 0.2, 0.5] if seed % 2 == 0 else [0.3, 0.1, 0.5] for seed in range(8)]
    found = effects_of(CHOOSING, curves(errors))
    assert found.values == pytest.approx((0.3, 0.2) * 4)


def test_no_trial_ever_chooses_for_itself():
    seen = []

    def spy(rows):
        seen.append({row["seed"] for row in rows})
        return len(seen) - 1

    def uses(rows, choice):
        assert rows.items[0]["seed"] not in seen[choice]
        return 1.0

    claim = Claim("c", "s", uses, "error", "increase", 0.1, choose=spy)
    found = effects_of(claim, {s: outcome(s, [{"seed": s}]) for s in range(7)})
    assert found.values == (1.0,) * 7
    assert seen == [{1, 3, 5}, {0, 2, 4, 6}]


def test_a_flat_curve_rises_only_for_those_who_take_a_maximum_as_the_effect():
    rng = np.random.default_rng(3)
    claim = Claim("r", "No rise.", rise, "error", "no_increase", 0.0, choose=largest_step)
    honest = naive = 0
    for _ in range(100):
        errors = 0.2 + 0.01 * rng.standard_normal((20, 8))
        fitted = effects_of(claim, curves(errors)).values
        honest += rule(fitted, margin=0.0, predicts="no_increase").ruling == "refuted"
        largest = np.diff(errors, axis=1).max(axis=1)
        naive += rule(largest, margin=0.01, predicts="no_increase").ruling == "refuted"
    assert honest <= 10  # nominally 2.5; the halves of a cross-fit are not quite independent
    assert naive >= 90


def test_a_choice_that_is_not_applicable_says_so_for_the_trials_that_need_it():
    def refuses(rows):
        raise NotApplicable("no rung reached the target")

    claim = Claim("c", "s", excess_of_top, "error", "increase", 0.1, choose=refuses)
    found = effects_of(claim, curves([[1.0, 2.0]] * 4))
    assert found.values == (None,) * 4
    assert found.why_missing == "no rung reached the target"
    assert not found.error


def test_a_choice_that_fails_is_an_error():
    claim = Claim("c", "s", excess_of_top, "error", "increase", 0.1, choose=lambda rows: 1 / 0)
    assert "ZeroDivisionError" in effects_of(claim, curves([[1.0, 2.0]] * 4)).error


def test_one_trial_has_no_other_half_to_choose_from():
    found = effects_of(CHOOSING, curves([[1.0, 2.0]]))
    assert found.values == (None,)
    assert "other half" in found.why_missing


@pytest.mark.parametrize(("value", "reason"), [(None, "not defined"), (float("nan"), "not a number")])
def test_an_effect_that_is_no_number_is_missing_with_a_reason(value, reason):
    claim = Claim("c", "s", lambda rows: value, "error", "increase", 0.1)
    found = effects_of(claim, curves([[1.0]] * 3))
    assert found.values == (None,) * 3
    assert reason in found.why_missing


def test_reasons_are_counted_the_commonest_first():
    claim = Claim("c", "s", lambda rows: 1.0, "error", "increase", 0.1)
    given = {s: outcome(s, status="timeout", reason="over 60 s") for s in range(3)}
    given |= {3: outcome(3, status="not_applicable", reason="one class"), 4: outcome(4, [{"x": 1}])}
    found = effects_of(claim, given)
    assert found.why_missing == "3 x over 60 s; 1 x one class"
    assert found.faults == 3


def test_the_largest_ratio_of_test_to_training_rows_counts():
    claim = Claim("c", "s", lambda rows: 1.0, "error", "increase", 0.1)
    sizes = [{"n_train": 100, "n_test": 25}, {"n_train": 50, "n_test": 25}, {"other": 1}]
    assert effects_of(claim, {0: outcome(0, sizes)}).ratio == 0.5
    assert effects_of(claim, {0: outcome(0, sizes[2:])}).ratio is None
