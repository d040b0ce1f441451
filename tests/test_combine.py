"""Rulings over several datasets, claims and a whole report."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.combine import Answers, combine, pool
from toolkit.intervals import Estimate, holm, random_effects
from toolkit.judge import rule
from toolkit.records import Claim, Verdict

CLAIM = Claim("c", "s", lambda rows: 0.0, "error", "increase", 0.01)
p_values = st.floats(0, 1)


def verdict(p_for=0.5, p_against=0.5, dataset="d"):
    ruling = "supported" if p_for <= 0.05 else "refuted" if p_against <= 0.05 else "inconclusive"
    return Verdict(dataset, ruling, effect=0.0, p_for=p_for, p_against=p_against)


NA = Verdict("x", "not_applicable", reason="one class only")
ERROR = Verdict("x", "error", reason="it broke")


class TestHolm:
    def test_the_procedure_by_hand(self):
        # Sorted .01 .02 .03 .04 times 4 3 2 1, made monotone.
        assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
        assert holm([]) == []
        assert holm([0.7, 0.8]) == [1.0, 1.0]

    @given(st.lists(p_values, min_size=1, max_size=8))
    def test_adjusting_keeps_the_order_and_never_helps(self, ps):
        adjusted = holm(ps)
        assert all(a >= p for a, p in zip(adjusted, ps, strict=True))
        assert max(adjusted) <= 1
        order = sorted(range(len(ps)), key=ps.__getitem__)
        assert all(adjusted[a] <= adjusted[b] for a, b in itertools.pairwise(order))
        assert min(adjusted) == pytest.approx(min(1, len(ps) * min(ps)))


class TestQuantifiers:
    def test_one_counter_example_refutes_a_universal_claim(self):
        assert combine([verdict(0.001), verdict(0.9, 0.01)], "universal").ruling == "refuted"

    def test_a_counter_example_must_survive_the_number_of_datasets(self):
        assert combine([verdict(0.001), verdict(0.9, 0.04)], "universal").ruling == "inconclusive"

    def test_a_universal_claim_needs_the_support_of_every_dataset(self):
        assert combine([verdict(0.04), verdict(0.04)], "universal").ruling == "supported"
        assert combine([verdict(0.04), verdict(0.06)], "universal").ruling == "inconclusive"

    def test_one_example_supports_an_existential_claim_after_correction(self):
        assert combine([verdict(0.01), verdict(0.9, 0.001)], "existential").ruling == "supported"
        assert combine([verdict(0.04), verdict(0.9, 0.001)], "existential").ruling == "inconclusive"

    def test_an_existential_claim_falls_only_with_all(self):
        assert combine([verdict(0.9, 0.04), verdict(0.9, 0.04)], "existential").ruling == "refuted"

    def test_datasets_to_which_it_does_not_apply_are_left_out_and_counted(self):
        found = combine([verdict(0.04), NA], "universal")
        assert found.ruling == "supported"
        assert "not applicable to 1 more" in found.reason

    def test_nothing_applicable_is_not_applicable_with_the_reason(self):
        found = combine([NA, NA], "universal")
        assert (found.ruling, found.reason) == ("not_applicable", "one class only")
        assert combine([], "universal").ruling == "not_applicable"

    def test_a_dataset_that_failed_cannot_support_but_others_can_refute(self):
        assert combine([verdict(0.001), ERROR], "universal").ruling == "inconclusive"
        assert combine([verdict(0.9, 0.001), ERROR], "universal").ruling == "refuted"
        assert combine([ERROR, ERROR], "universal").ruling == "error"

    @given(st.lists(st.tuples(p_values, st.booleans()), min_size=1, max_size=6))
    def test_a_claim_and_its_denial_swap_quantifier_and_ruling(self, given_):
        sides = [(p, 1.0) if up else (1.0, p) for p, up in given_]
        claim = combine([verdict(a, b) for a, b in sides], "universal").ruling
        denial = combine([verdict(b, a) for a, b in sides], "existential").ruling
        assert {"supported": "refuted", "refuted": "supported"}.get(claim, claim) == denial

    @given(st.lists(st.tuples(p_values, st.booleans()), min_size=1, max_size=6))
    def test_combined_p_values_say_the_same_as_the_ruling(self, given_):
        for quantifier in ("universal", "existential"):
            found = combine([verdict(p, 1.0) if up else verdict(1.0, p) for p, up in given_], quantifier)
            assert (found.p_for <= 0.05) == (found.ruling == "supported")
            assert (found.p_against <= 0.05) == (found.ruling == "refuted")

    def test_twenty_null_datasets_rarely_refute_a_universal_claim(self):
        rng = np.random.default_rng(2)
        false = 0
        for _ in range(200):
            contrasts = [rule(e, margin=0.0, predicts="no_increase") for e in rng.standard_normal((20, 10))]
            assert len(contrasts) == 20
            false += combine(contrasts, "universal").ruling == "refuted"
        assert false <= 0.05 * 200


class TestPooling:
    def measured(self, k, ratio=None, seed=0):
        rng = np.random.default_rng(seed)
        return [
            rule(
                rng.normal(0.05, 0.01, 20),
                margin=0.01,
                predicts="increase",
                test_train_ratio=ratio,
                dataset=f"d{i}",
            )
            for i in range(k)
        ]

    def test_fewer_than_five_datasets_give_no_pooled_effect(self):
        pooled = pool(CLAIM, self.measured(4))
        assert (pooled.ruling, pooled.effect, pooled.low) == ("supported", None, None)
        assert "4 of the 5 datasets" in pooled.reason

    def test_five_datasets_in_one_mode_give_a_pooled_effect(self):
        pooled = pool(CLAIM, self.measured(5))
        assert pooled.low < 0.05 < pooled.high
        assert pooled.replicates == 100

    def test_the_two_modes_are_never_mixed(self):
        pooled = pool(CLAIM, self.measured(3) + self.measured(3, ratio=0.25))
        assert pooled.effect is None
        assert "never mixed" in pooled.reason

    def test_an_inconclusive_claim_says_what_would_settle_it_on_which_dataset(self):
        v = rule(
            np.random.default_rng(1).normal(0.0, 0.03, 12), margin=0.01, predicts="increase", dataset="wine"
        )
        assert v.ruling == "inconclusive"
        assert pool(CLAIM, [v]).settles.startswith("wine: ")

    @given(st.lists(st.floats(-1, 1), min_size=5, max_size=10), st.floats(0.01, 1))
    def test_equal_precision_and_no_heterogeneity_beyond_noise_pools_to_the_mean(self, effects, se):
        pooled, tau2 = random_effects([Estimate(e, se, 19) for e in effects])
        assert pooled.effect == pytest.approx(np.mean(effects))
        assert tau2 == pytest.approx(max(0.0, np.var(effects, ddof=1) - se**2), abs=1e-9)
        assert pooled.se == pytest.approx(np.sqrt(max(np.var(effects, ddof=1), se**2) / len(effects)))

    def test_datasets_without_any_spread_are_pooled_by_their_differences(self):
        pooled, tau2 = random_effects([Estimate(e, 0.0, 19) for e in (1.0, 2.0, 3.0)])
        assert (pooled.effect, tau2) == (2.0, 1.0)


def test_a_belief_may_combine_all_contrasts_of_several_claims():
    contrasts = {"a": [verdict(0.001), verdict(0.9, 0.02)], "b": [verdict(0.001), verdict(0.9, 0.9)]}
    answers = Answers({k: verdict(0.9, 0.9) for k in contrasts}, contrasts)
    assert answers.universal("a") == "refuted"
    assert answers.universal("a", "b") == "inconclusive"  # four contrasts, so .02 is no longer enough
    assert answers.existential("a", "b") == "supported"
    assert answers.ruling("a") == "inconclusive"
