"""What the rule promises: laws that hold for any numbers, then whole experiments."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolkit.experiment import Experiment
from toolkit.intervals import t_quantile
from toolkit.judge import headline, judge, rule
from toolkit.records import (
    PREDICTIONS,
    Claim,
    Control,
    NotApplicable,
    Outcome,
    Rows,
    Trial,
    plain,
)

MIRROR = {
    "increase": "decrease",
    "decrease": "increase",
    "no_change": "no_change",
    "no_increase": "no_decrease",
    "no_decrease": "no_increase",
}
OPPOSITE = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}

# A grid of thousandths: effects that differ do so by more than rounding.
numbers = st.integers(-500, 500).map(lambda n: n / 1000)
samples = st.lists(numbers, min_size=3, max_size=30)
margins = st.integers(1, 200).map(lambda n: n / 1000 + 0.0001234)
predictions = st.sampled_from(PREDICTIONS)
ratios = st.sampled_from([None, 0.1, 0.25, 1.0])


class TestLaws:
    @given(samples, margins, predictions, ratios)
    def test_the_ruling_follows_from_the_printed_intervals(self, effects, margin, predicts, ratio):
        v = rule(effects, margin=margin, predicts=predicts, test_train_ratio=ratio)
        up, down = v.low > margin, v.high < -margin
        under, over = v.high90 < margin, v.low90 > -margin
        holds, fails = {
            "increase": (up, under),
            "decrease": (down, over),
            "no_change": (under and over, up or down),
            "no_increase": (under, up),
            "no_decrease": (over, down),
        }[predicts]
        assert v.ruling == ("supported" if holds else "refuted" if fails else "inconclusive")

    @given(samples, margins, predictions, ratios)
    def test_p_values_say_the_same_as_the_ruling(self, effects, margin, predicts, ratio):
        v = rule(effects, margin=margin, predicts=predicts, test_train_ratio=ratio)
        assert (v.p_for <= 0.05) == (v.ruling == "supported")
        assert (v.p_against <= 0.05) == (v.ruling == "refuted")

    @given(samples, margins, predictions, ratios)
    def test_flipping_the_sign_of_the_data_mirrors_the_claim(self, effects, margin, predicts, ratio):
        v = rule(effects, margin=margin, predicts=predicts, test_train_ratio=ratio)
        w = rule([-e for e in effects], margin=margin, predicts=MIRROR[predicts], test_train_ratio=ratio)
        assert w.ruling == v.ruling
        assert (w.low, w.high) == pytest.approx((-v.high, -v.low))

    @given(samples, margins, ratios)
    def test_a_claim_and_its_denial_get_opposite_rulings(self, effects, margin, ratio):
        for claim, denial in (("increase", "no_increase"), ("decrease", "no_decrease")):
            v = rule(effects, margin=margin, predicts=claim, test_train_ratio=ratio)
            w = rule(effects, margin=margin, predicts=denial, test_train_ratio=ratio)
            assert w.ruling == OPPOSITE[v.ruling]

    @given(samples, margins, predictions, ratios, st.sampled_from([2.0**-10, 0.5, 8.0, 2.0**20]))
    def test_the_unit_does_not_matter(self, effects, margin, predicts, ratio, unit):
        v = rule(effects, margin=margin, predicts=predicts, test_train_ratio=ratio)
        w = rule([unit * e for e in effects], margin=unit * margin, predicts=predicts, test_train_ratio=ratio)
        assert w.ruling == v.ruling
        assert w.effect == pytest.approx(unit * v.effect)

    @given(samples, margins, predictions, ratios, st.randoms(use_true_random=False))
    def test_the_order_of_trials_does_not_matter(self, effects, margin, predicts, ratio, random):
        shuffled = random.sample(effects, len(effects))
        v = rule(effects, margin=margin, predicts=predicts, test_train_ratio=ratio)
        w = rule(shuffled, margin=margin, predicts=predicts, test_train_ratio=ratio)
        assert replace(w, effects=()) == replace(v, effects=())

    @given(samples, margins, margins, ratios)
    def test_a_wider_margin_never_helps_to_show_an_effect(self, effects, margin, more, ratio):
        for predicts in ("increase", "decrease"):
            narrow = rule(effects, margin=margin, predicts=predicts, test_train_ratio=ratio)
            wide = rule(effects, margin=margin + more, predicts=predicts, test_train_ratio=ratio)
            assert wide.p_for >= narrow.p_for
            assert wide.p_against <= narrow.p_against

    @given(samples, margins, predictions)
    def test_overlap_only_ever_widens_the_interval(self, effects, margin, predicts):
        v = rule(effects, margin=margin, predicts=predicts)
        w = rule(effects, margin=margin, predicts=predicts, test_train_ratio=0.25)
        assert w.effect == v.effect
        assert w.high - w.low >= v.high - v.low
        assert w.ruling in {v.ruling, "inconclusive"}

    @given(samples, margins, predictions, st.integers(1, 10))
    def test_trials_without_an_effect_are_left_out_and_counted(self, effects, margin, predicts, lost):
        v = rule(effects, margin=margin, predicts=predicts)
        w = rule([None] * lost + effects + [math.nan], margin=margin, predicts=predicts)
        assert (w.ruling, w.low, w.high) == (v.ruling, v.low, v.high)
        assert w.effects.count(None) == lost + 1
        assert f"{lost + 1} of {len(effects) + lost + 1} trials gave no effect" in w.reason

    @given(samples, margins, predictions)
    def test_outliers_in_the_tails_do_not_move_a_trimmed_ruling(self, effects, margin, predicts):
        assume(len(effects) >= 10)
        ordered = sorted(effects)
        wild = [-1e6, -math.inf, *ordered[2:-2], math.inf, 1e9]
        calm = [ordered[2], ordered[2], *ordered[2:-2], ordered[-3], ordered[-3]]
        v = rule(calm, margin=margin, predicts=predicts, trimmed=True)
        w = rule(wild, margin=margin, predicts=predicts, trimmed=True)
        assume(ordered[2] != ordered[-3])
        assert w.ruling == v.ruling
        assert (w.low, w.high) == pytest.approx((v.low, v.high))

    @given(samples, margins, predictions, ratios)
    def test_a_verdict_can_be_repeated_from_what_it_prints(self, effects, margin, predicts, ratio):
        v = rule([*effects, None], margin=margin, predicts=predicts, test_train_ratio=ratio)
        printed = json.loads(json.dumps(plain(v), allow_nan=False))
        again = rule(
            printed["effects"],
            margin=margin,
            predicts=predicts,
            test_train_ratio=printed["test_train_ratio"],
        )
        assert plain(again) == printed


class TestFigures:
    def test_the_smallest_effect_it_could_settle_is_the_margin_and_two_quantiles(self):
        effects = np.random.default_rng(1).normal(0, 1, 20)
        v = rule(effects, margin=0.3, predicts="increase")
        se = effects.std(ddof=1) / math.sqrt(20)
        assert v.mde90 == pytest.approx(0.3 + (2.093024 + 1.327728) * se)
        assert v.equivalence_margin == pytest.approx(2 * 1.729133 * se)

    def test_the_corrected_standard_error_never_falls_below_half_the_spread(self):
        effects = np.resize([0.0, 1.0], 10_000)
        v = rule(effects, margin=0.1, predicts="increase", test_train_ratio=0.25)
        assert v.high - v.low >= 2 * 1.96 * 0.5 * effects.std(ddof=1)

    @pytest.mark.parametrize("predicts", PREDICTIONS)
    def test_the_number_of_further_trials_it_asks_for_would_settle_it(self, predicts):
        side = -1 if predicts in {"decrease", "no_decrease"} else 1
        asked = 0
        for seed in range(40):
            effects = np.random.default_rng(seed).normal(0.5 * side, 1, 12)
            v = rule(effects, margin=0.3, predicts=predicts)
            if v.ruling != "inconclusive" or "more trials" not in v.settles:
                continue
            asked += 1
            n = int(v.settles.split("(")[1].split()[0])
            more = np.resize(effects, n)
            more = (more - more.mean()) / more.std(ddof=1) * effects.std(ddof=1) + effects.mean()
            assert rule(more, margin=0.3, predicts=predicts).ruling != "inconclusive"
        assert asked >= 10

    @pytest.mark.parametrize("predicts", PREDICTIONS)
    def test_a_clear_effect_is_ruled_alike_from_nineteen_of_twenty_seeds(self, predicts):
        side = -1 if predicts in {"decrease", "no_decrease"} else 1
        reach = (t_quantile(19, 0.975) + t_quantile(19, 0.90)) / math.sqrt(20)  # MDE90 minus the margin
        rulings = [
            rule(
                np.random.default_rng(seed).normal(side * (0.5 + 1.5 * reach), 1, 20),
                margin=0.5,
                predicts=predicts,
            ).ruling
            for seed in range(20)
        ]
        expected = "supported" if predicts in {"increase", "decrease"} else "refuted"
        assert rulings.count(expected) >= 19

    def test_more_splits_are_not_offered_where_they_cannot_help(self):
        effects = np.random.default_rng(0).normal(0.05, 0.05, 25)
        v = rule(effects, margin=0.01, predicts="increase", test_train_ratio=0.25)
        assert v.ruling == "inconclusive"
        assert "more splits of this table do not help" in v.settles
        assert "times as large" in v.settles

    def test_an_effect_at_the_margin_is_said_to_be_out_of_reach(self):
        v = rule([0.0, 0.02, 0.01], margin=0.01, predicts="increase")
        assert "no feasible number of trials settles it" in v.settles


class TestEdges:
    def test_identical_effects_are_ruled_and_named(self):
        v = rule([1.0] * 8, margin=0.5, predicts="increase")
        assert (v.ruling, v.low, v.high) == ("supported", 1.0, 1.0)
        assert "identical in every trial" in v.reason

    def test_rounding_does_not_make_identical_effects_pass_their_margin(self):
        effects = [0.13 - 0.12, 0.33 - 0.32, 0.01, 0.73 - 0.72]
        assert len(set(effects)) > 1
        assert rule(effects, margin=0.01, predicts="increase").ruling == "inconclusive"

    @pytest.mark.parametrize("effects", [[], [None], [math.nan, None]])
    def test_nothing_measured_is_not_applicable(self, effects):
        v = rule(effects, margin=0.1, predicts="increase")
        assert v.ruling == "not_applicable"
        assert v.reason

    @pytest.mark.parametrize("effects", [[1.0], [1.0, 2.0], [1.0, 2.0, None]])
    def test_fewer_than_three_effects_decide_nothing(self, effects):
        v = rule(effects, margin=0.1, predicts="increase")
        assert v.ruling == "inconclusive"
        assert v.effect is None
        assert "an interval needs" in v.reason

    @pytest.mark.parametrize("infinite", [math.inf, -math.inf, 1e308])
    def test_an_infinite_effect_is_said_and_never_a_ruling(self, infinite):
        v = rule([0.1, 0.2, infinite, 0.1, -infinite], margin=0.01, predicts="increase")
        assert v.ruling == "inconclusive"
        assert "so there is no mean to judge" in v.reason
        json.dumps(plain(v), allow_nan=False)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"margin": -0.1}, "margin"),
            ({"margin": math.nan}, "margin"),
            ({"margin": math.inf}, "margin"),
            ({"predicts": "better"}, "predicts must be one of increase"),
            ({"effects": [[0.1, 0.2, 0.3]]}, r"shape \(trials,\)"),
            ({"effects": 0.1}, "shape"),
            ({"effects": ["a", "b", "c"]}, "one number"),
            ({"test_train_ratio": 0.0}, "test_train_ratio"),
            ({"test_train_ratio": -1.0}, "test_train_ratio"),
            ({"test_train_ratio": math.nan}, "test_train_ratio"),
            ({"test_train_ratio": 0.25, "trimmed": True}, "trimmed"),
        ],
    )
    def test_arguments_without_meaning_are_refused_by_name(self, change, message):
        arguments = {"effects": [0.1, 0.2, 0.3], "margin": 0.1, "predicts": "increase"} | change
        with pytest.raises(ValueError, match=message):
            rule(arguments.pop("effects"), **arguments)


# --- whole experiments --------------------------------------------------------------------------------------


def trials(dataset, effect=0.0, *, n=20, spread=0.01, sizes=None, status="done", seed=0):
    """Outcomes of two arms on one dataset; arm b has `effect` more error than arm a."""
    rng = np.random.default_rng([seed, len(dataset), *map(ord, dataset)])
    return [
        Outcome(
            Trial("T001", dataset, s, "standard"),
            status,
            Rows.of(
                {"arm": arm, "error": float(rng.normal(effect * (arm == "b"), spread)), **(sizes or {})}
                for arm in "ab"
            )
            if status == "done"
            else Rows(()),
            reason="" if status == "done" else "it broke",
        )
        for s in range(n)
    ]


def rise(rows):
    return rows.value("error", arm="b") - rows.value("error", arm="a")


CLAIM = Claim("b-is-worse", "b is worse than a.", rise, "error", "increase", 0.01)
CONTROLS = (
    Control("planted", {"b-is-worse": "supported"}, "b is harmed"),
    Control("equal", {"b-is-worse": "refuted"}, "a and b are the same"),
)


def experiment(claim=CLAIM, controls=CONTROLS, datasets=("one", "two"), belief=None):
    return Experiment(
        "T001",
        "b is worse",
        lambda *_: [],
        datasets,
        (claim,),
        controls,
        belief or (lambda r: (r.universal(claim.id), "as the claim")),
    )


GOOD = [*trials("planted", 0.06), *trials("equal")]


class TestControls:
    def test_controls_that_come_out_as_planted_let_the_ruling_stand(self):
        result = judge(experiment(), [*trials("one", 0.05), *trials("two", 0.04), *GOOD])
        assert result.ruling == result.claims[0].pooled.ruling == "supported"
        assert [v.dataset for v in result.claims[0].verdicts] == ["one", "two"]
        assert [v.ruling for _, v in result.claims[0].controls] == ["supported", "refuted"]

    def test_a_control_that_comes_out_opposite_withholds_the_ruling(self):
        bad = [*trials("planted", 0.0), *trials("equal")]
        result = judge(experiment(), [*trials("one", 0.05), *bad])
        pooled = result.claims[0].pooled
        assert (pooled.ruling, result.ruling) == ("error", "error")
        assert "planted should be supported and was refuted" in pooled.reason
        assert result.claims[0].verdicts[0].ruling == "supported"

    @pytest.mark.parametrize(
        "weak",
        [
            trials("planted", 0.012),
            trials("planted", 0.06, n=2),
            trials("planted", status="timeout"),
            [],
        ],
        ids=["inconclusive", "too few", "timed out", "not run"],
    )
    def test_a_control_that_decides_nothing_leaves_the_claim_inconclusive(self, weak):
        result = judge(experiment(), [*trials("one", 0.05), *trials("equal"), *weak])
        assert result.claims[0].pooled.ruling == result.ruling == "inconclusive"
        assert "the control lacked power: planted should be supported" in result.claims[0].pooled.reason

    def test_a_weak_control_does_not_turn_an_inconclusive_claim_into_an_error(self):
        weak = [*trials("planted", 0.012), *trials("equal")]
        result = judge(experiment(), [*trials("one", 0.011), *weak])
        assert result.claims[0].pooled.ruling == "inconclusive"
        assert "control" not in result.claims[0].pooled.reason

    def test_controls_bind_only_the_claims_they_name(self):
        other = replace(CLAIM, id="other")
        e = replace(experiment(), claims=(CLAIM, other))
        result = judge(e, [*trials("one", 0.05), *trials("planted"), *trials("equal")])
        assert [c.pooled.ruling for c in result.claims] == ["error", "supported"]


class TestHonesty:
    """Mutations of the data: the ruling must flip, go inconclusive, or say no effect."""

    def ruled(self, outcomes, **change):
        claim = replace(CLAIM, **change)
        return judge(experiment(claim, ()), outcomes).claims[0].verdicts[0].ruling

    def mutated(self, change):
        return [
            replace(o, rows=Rows.of(change(dict(row), o.trial.seed) for row in o.rows))
            for o in trials("one", 0.05)
        ]

    def test_the_data_as_they_are_support_the_claim(self):
        assert self.ruled(trials("one", 0.05)) == "supported"

    def test_swapping_the_arms_flips_the_ruling(self):
        swapped = self.mutated(lambda row, _: row | {"arm": "ba"["ab".index(row["arm"])]})
        assert self.ruled(swapped) == "refuted"
        assert self.ruled(swapped, predicts="decrease") == "supported"

    def test_permuted_labels_show_no_effect(self):
        permuted = self.mutated(
            lambda row, seed: row | {"arm": row["arm"] if seed % 2 else "ba"["ab".index(row["arm"])]}
        )
        assert self.ruled(permuted) != "supported"

    def test_duplicated_arms_show_no_effect(self):
        same = [
            replace(o, rows=Rows.of({**row, "error": 0.3} for row in o.rows)) for o in trials("one", 0.05)
        ]
        assert self.ruled(same) == "refuted"
        assert self.ruled(same, predicts="no_change") == "supported"

    def test_copied_trials_cannot_be_passed_off_as_new_ones(self):
        # The journal keys a trial by its seed: a copy replaces its original.
        once = trials("one", 0.012)
        assert self.ruled([*once, *once, *once]) == self.ruled(once) == "inconclusive"

    def test_quick_effort_is_never_wrong_more_often(self):
        rng = np.random.default_rng(5)
        wrong = {}
        for n in (8, 20):
            noise = rng.normal(0, 1, (1500, n))
            wrong[n] = np.mean(
                [rule(e + 1, margin=1.0, predicts="increase").ruling == "refuted" for e in noise]
            )
        assert wrong[8] <= wrong[20] + 0.02
        assert max(wrong.values()) <= 0.065


class TestModes:
    def test_rows_with_sizes_make_the_trials_splits_of_one_table(self):
        sizes = {"n_train": 100, "n_test": 25}
        result = judge(experiment(controls=()), trials("one", 0.05, sizes=sizes))
        assert result.claims[0].verdicts[0].test_train_ratio == 0.25

    def test_fresh_data_need_no_correction_even_if_rows_carry_sizes(self):
        outcomes = trials("one", 0.05, sizes={"n_train": 100, "n_test": 25})
        result = judge(experiment(controls=()), outcomes, is_generator={"one": True})
        assert result.claims[0].verdicts[0].test_train_ratio is None

    def test_a_fixed_table_without_sizes_is_an_error_not_a_narrow_interval(self):
        result = judge(experiment(controls=()), trials("one", 0.05), is_generator={"one": False})
        verdict = result.claims[0].verdicts[0]
        assert verdict.ruling == result.claims[0].pooled.ruling == "error"
        assert "n_train and n_test" in verdict.reason

    def test_the_trimmed_mean_gives_way_to_the_corrected_t_on_fixed_tables(self):
        claim = replace(CLAIM, trimmed=True)
        outcomes = [*trials("one", 0.05), *trials("two", 0.05, sizes={"n_train": 100, "n_test": 25})]
        first, second = judge(experiment(claim, ()), outcomes).claims[0].verdicts
        assert first == rule(first.effects, margin=0.01, predicts="increase", trimmed=True, dataset="one")
        assert second == rule(
            second.effects, margin=0.01, predicts="increase", test_train_ratio=0.25, dataset="two"
        )

    def test_claims_about_named_datasets_leave_the_others_alone(self):
        claim = replace(CLAIM, datasets=("two",))
        result = judge(experiment(claim, ()), [*trials("one", 0.05), *trials("two", 0.05)])
        assert [v.dataset for v in result.claims[0].verdicts] == ["two"]

    def test_a_claim_that_was_run_nowhere_is_not_applicable_and_says_so(self):
        result = judge(experiment(replace(CLAIM, datasets=("two",)), ()), trials("mine", 0.05))
        assert result.claims[0].pooled.ruling == "not_applicable"
        assert result.claims[0].pooled.reason

    def test_other_experiments_outcomes_are_passed_over(self):
        others = [replace(o, trial=replace(o.trial, experiment="T002")) for o in trials("one", -0.5)]
        result = judge(experiment(controls=()), [*others, *trials("one", 0.05)])
        assert result.ruling == "supported"

    def test_the_order_of_outcomes_does_not_matter(self):
        outcomes = [*trials("one", 0.05), *trials("two", 0.02), *GOOD]
        assert (
            judge(experiment(), outcomes).claims[0].pooled
            == judge(experiment(), outcomes[::-1]).claims[0].pooled
        )


class TestFaults:
    def test_a_failing_effect_is_an_error_with_its_reason(self):
        def broken(rows):
            raise KeyError("no such column")

        result = judge(experiment(replace(CLAIM, effect=broken), ()), trials("one"))
        verdict = result.claims[0].verdicts[0]
        assert verdict.ruling == "error"
        assert "KeyError" in verdict.reason
        assert verdict.effects == (None,) * 20

    def test_what_is_not_applicable_says_why(self):
        def undefined(rows):
            raise NotApplicable("12 positives in the smallest group, 50 needed")

        result = judge(experiment(replace(CLAIM, effect=undefined), ()), trials("one"))
        verdict = result.claims[0].verdicts[0]
        assert verdict.ruling == result.claims[0].pooled.ruling == "not_applicable"
        assert verdict.reason == "12 positives in the smallest group, 50 needed"

    def test_failed_trials_are_counted_with_their_reason(self):
        outcomes = trials("one", 0.05)
        outcomes[3] = replace(outcomes[3], status="died", rows=Rows(()), reason="worker died")
        verdict = judge(experiment(controls=()), outcomes).claims[0].verdicts[0]
        assert verdict.ruling == "supported"
        assert verdict.effects[3] is None
        assert verdict.replicates == 19
        assert "1 of 20 trials gave no effect" in verdict.reason
        assert "worker died" in verdict.reason

    def test_a_dataset_on_which_every_trial_failed_is_an_error(self):
        result = judge(experiment(controls=()), trials("one", status="failed"))
        assert result.claims[0].pooled.ruling == "error"
        assert "it broke" in result.claims[0].pooled.reason

    def test_a_failing_rule_is_an_error_of_the_belief_only(self):
        def broken(rulings):
            return rulings.ruling("no-such-claim"), "x"

        result = judge(experiment(belief=broken), [*trials("one", 0.05), *GOOD])
        assert result.ruling == "error"
        assert "KeyError" in result.sentence
        assert result.claims[0].pooled.ruling == "supported"

    def test_a_rule_that_gives_no_ruling_is_an_error(self):
        result = judge(experiment(belief=lambda r: ("maybe", "x")), [*trials("one", 0.05), *GOOD])
        assert result.ruling == "error"


class TestHeadline:
    def test_p_values_are_adjusted_over_the_whole_report(self):
        results = [
            judge(experiment(controls=()), trials("one", effect, seed=k))
            for k, effect in enumerate((0.05, 0.018, 0.02, 0.010))
        ]
        found = headline(results)
        raw = sorted(r.p for r in found.rulings)
        adjusted = sorted(r.p_adjusted for r in found.rulings)
        assert len(raw) == 4
        assert adjusted[0] == pytest.approx(4 * raw[0])
        assert all(a >= r for a, r in zip(adjusted, raw, strict=True))
        assert found.expected_false == pytest.approx(0.2)

    def test_withheld_and_unmeasured_claims_are_no_headline(self):
        withheld = judge(experiment(), [*trials("one", 0.05), *trials("planted"), *trials("equal")])
        empty = judge(experiment(), [])
        assert headline([withheld, empty]).rulings == ()


def test_t_quantiles_are_those_of_the_tables():
    assert t_quantile(7, 0.975) == pytest.approx(2.364624)
    assert t_quantile(19, 0.95) == pytest.approx(1.729133)
