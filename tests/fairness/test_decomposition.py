from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_learners import canned, lending, logistic, numbered, shaky

from toolkit.fairness.counts import confusion, gap, rate
from toolkit.fairness.parameters.contrasts import Pair, measure
from toolkit.fairness.parameters.decomposition import decompose
from toolkit.fairness.parameters.refits import refit
from toolkit.fairness.parameters.splits import LABELS, LUCK, MISCALIBRATION, MODEL, THRESHOLD


def table(found: Any, metric: str, unit: str = "difference") -> Any:
    return next(t for t in found["tables"] if t["metric"] == metric and t["unit"] == unit)


def parts(found: Any, metric: str, unit: str = "difference") -> dict[str, Any]:
    return {part["name"]: part for part in table(found, metric, unit)["parts"]}


def quick(problem: Any, fit: Any, **more: Any) -> Any:
    return decompose(problem, fit, **{"pair": (0, 1), "halves": 0, "refits": 4, **more})


@settings(max_examples=40)
@given(st.integers(0, 100_000), st.integers(60, 200), st.integers(3, 7))
def test_every_split_sums_exactly_to_the_gap_of_the_audited_model(
    seed: int, people: int, refits: int
) -> None:
    rng = np.random.default_rng(seed)
    group, y = rng.integers(0, 3, people), rng.integers(0, 2, people)
    group[2:42], y[2:42] = np.arange(40) % 2, np.arange(40) // 2 % 2  # ten of each label in either group
    fit = canned(lambda s: np.random.default_rng([seed, s]).random(people))
    problem = numbered(y, group)
    found = quick(problem, fit, refits=refits)
    decisions = (np.random.default_rng([seed, 0]).random(people) >= 0.5).astype(int)[2:]
    counts = confusion(y[2:], decisions, group[2:], 3)
    assert {t["metric"] for t in found["tables"]} == {
        "selection_rate",
        "mean_prediction",
        "true_positive_rate",
        "false_positive_rate",
        "accuracy",
    }
    for split in found["tables"]:
        assert sum(part["value"] for part in split["parts"]) == pytest.approx(split["gap"], abs=1e-12)
        assert abs(split["residual"]) < 1e-12
        if split["unit"] == "difference" and split["metric"] != "mean_prediction":
            assert split["gap"] == pytest.approx(gap(counts, split["metric"], (0, 1)), abs=1e-12)
        for part in split["parts"]:
            assert part["low"] <= part["value"] <= part["high"]
        if split["unit"] == "log ratio" and split["metric"] != "mean_prediction":
            rates = rate(counts, split["metric"])
            assert split["gap"] == pytest.approx(np.log(rates[0] / rates[1]), abs=1e-12)


def test_swapping_the_pair_swaps_every_sign() -> None:
    problem = lending("label_bias", 1500)
    one, other = (quick(problem, shaky, pair=pair) for pair in ((0, 1), (1, 0)))
    for first, second in zip(one["tables"], other["tables"], strict=True):
        for a, b in zip(first["parts"], second["parts"], strict=True):
            assert a["value"] == pytest.approx(-b["value"], abs=1e-12)
            assert a["low"] == pytest.approx(-b["high"], abs=1e-12)


def test_a_learner_that_the_seed_does_nothing_to_has_exactly_no_luck() -> None:
    found = quick(lending("label_bias", 1500), logistic, refits=20)
    assert found["deterministic"] is True
    assert found["refits"] == 1
    for split in found["tables"]:
        luck = next(part for part in split["parts"] if part["name"] == LUCK)
        assert luck["value"] == luck["low"] == luck["high"] == 0
    assert any("luck is 0" in note for note in found["notes"])


def test_luck_is_this_model_against_the_mean_of_the_others_and_has_its_rank() -> None:
    y, group = np.tile([0, 1], 100), np.repeat([0, 1], 100)

    def scores(seed: int) -> Any:
        # The seed 0 selects 60 of the first group's 98 test rows, seed r selects 10 r of them.
        many = 60 if seed == 0 else 10 * seed
        return (np.arange(200) >= 102 - 2 - many) * (group == 0) * 0.9

    found = quick(numbered(y, group), canned(scores), refits=3)
    luck = parts(found, "selection_rate")[LUCK]
    assert luck["value"] == pytest.approx(60 / 98 - (10 + 20 + 30) / 3 / 98)
    assert "number 4 of 4 from the smallest gap" in luck["meaning"]


def test_the_label_part_finds_biased_labels_and_a_fair_record_has_none() -> None:
    biased = parts(quick(lending("label_bias", 40_000), logistic), "selection_rate")
    # 30 % of B's half who would repay are recorded otherwise: .50 - .35.
    assert biased[LABELS]["low"] < 0.15 < biased[LABELS]["high"]
    assert biased[LABELS]["value"] == pytest.approx(0.15, abs=0.03)
    # A logistic model that sees the group is calibrated within it.
    assert biased[MISCALIBRATION]["low"] < 0 < biased[MISCALIBRATION]["high"]
    fair = quick(lending("fair", 40_000), logistic)
    for part in parts(fair, "mean_prediction").values():
        assert part["low"] <= 0 <= part["high"]
        assert abs(part["value"]) < 0.03


def test_a_model_that_cannot_see_the_group_undoes_the_labels_gap_by_miscalibration() -> None:
    found = parts(quick(lending("no_proxy", 40_000, keep_group=False), logistic), "mean_prediction")
    assert found[LABELS]["value"] == pytest.approx(0.15, abs=0.03)
    assert found[MISCALIBRATION]["value"] == pytest.approx(-0.15, abs=0.03)
    assert found[MISCALIBRATION]["high"] < -0.1


def test_a_threshold_between_two_groups_scores_is_what_the_threshold_accounts_for() -> None:
    group = np.repeat([0, 1], 100)
    fit = canned(lambda _: np.where(group == 0, 0.6, 0.4))
    found = parts(quick(numbered(np.tile([0, 1], 100), group), fit), "selection_rate")
    assert found[THRESHOLD]["value"] == pytest.approx(1 - 0.2)
    moved = parts(quick(numbered(np.tile([0, 1], 100), group), fit, threshold=0.3), "selection_rate")
    assert moved[THRESHOLD]["value"] == pytest.approx(0 - 0.2)


def test_error_rates_have_no_label_part_and_it_is_said_why() -> None:
    found = quick(lending("label_bias", 2000), shaky)
    for metric in ("true_positive_rate", "false_positive_rate", "accuracy"):
        assert list(parts(found, metric)) == ["mean over refits", LUCK]
    assert any("have no label part" in note for note in found["notes"])


def test_predictions_alone_are_split_into_labels_and_model_minus_labels() -> None:
    rng = np.random.default_rng(0)
    y, group = rng.integers(0, 2, (2, 300))
    problem = numbered(y, group, decisions=rng.integers(0, 2, 298))
    found = quick(problem, None)
    assert found["status"] == "partial"
    assert "without a recipe" in found["reason"]
    assert found["refits"] == 0
    assert list(parts(found, "selection_rate")) == [LABELS, MODEL]
    assert "mean_prediction" not in {t["metric"] for t in found["tables"]}
    for split in found["tables"]:
        assert abs(split["residual"]) < 1e-12
    assert found["differential_fairness"]["amplification"] is not None
    assert found["fan"] is None


def test_a_finished_model_with_scores_has_its_mean_score_split_too() -> None:
    problem = lending("label_bias", 1500)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    found = quick(replace(problem, model=model), None)
    assert list(parts(found, "mean_prediction")) == [LABELS, MODEL]
    same = quick(replace(problem, model=model), logistic)
    assert parts(same, "selection_rate")[LUCK]["value"] == 0


def test_scores_that_are_no_chances_are_not_set_beside_labels() -> None:
    rng = np.random.default_rng(0)
    y, group = rng.integers(0, 2, (2, 300))
    fit = canned(lambda s: np.random.default_rng(s).random(300), probabilistic=False)
    found = quick(numbered(y, group), fit)
    assert list(parts(found, "selection_rate")) == [LABELS, "model", LUCK]
    assert any("no scores that are chances" in note for note in found["notes"])


def test_an_audited_model_that_the_recipe_does_not_give_is_not_called_luck_in_silence() -> None:
    problem = lending("label_bias", 1500)
    other = logistic(problem.X[problem.calibration], problem.y[problem.calibration], 0)
    found = quick(replace(problem, model=other), logistic)
    assert found["deterministic"] is True
    assert any("no luck" in note for note in found["notes"])


def test_a_rate_of_zero_has_no_ratio_and_a_small_denominator_no_split() -> None:
    group = np.repeat([0, 1], 100)
    y = np.zeros(200, dtype=int)
    y[:60] = 1
    found = quick(numbered(y, group), canned(lambda s: (np.arange(200) < 50 + s) * 0.9))
    assert [t["unit"] for t in found["tables"] if t["metric"] == "selection_rate"] == ["difference"]
    assert "true_positive_rate" not in {t["metric"] for t in found["tables"]}
    assert any("true_positive_rate is not split" in note for note in found["notes"])


def test_too_few_people_to_split_anything_is_said_with_the_counts() -> None:
    group = np.array([0] * 100 + [1] * 5)
    found = quick(numbered(np.zeros(105, dtype=int), group), None)
    assert found["status"] == "not_applicable"
    assert "A 98 and B 5" in found["reason"]


def test_a_row_in_two_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="only one of the parts"):
        replace(lending("fair", 200), test=np.arange(200))


def test_the_same_seed_gives_the_same_section() -> None:
    problem = lending("label_bias", 1000)
    assert quick(problem, shaky, halves=2) == quick(problem, shaky, halves=2)


@pytest.mark.slow
def test_intervals_of_means_over_refits_and_of_luck_cover() -> None:
    """Models drawn from a known law, people from a known law: the truth is computed once on many people."""
    rng = np.random.default_rng(3)
    rate = (0.5, 0.35)

    def population(rows: int, of: Any) -> tuple[Any, Any, Any]:
        group = (of.random(rows) < 0.4).astype(int)
        y = (of.random(rows) < np.where(group == 0, *rate)).astype(int)
        return group, y, of.normal(size=rows) + 1.2 * y

    def score(x: Any, group: Any, model: Any) -> Any:
        return 1 / (1 + np.exp(-(x - 0.9 + model[0] + model[1] * group)))

    def models(many: int, of: Any) -> Any:
        return of.normal(size=(many, 2)) * (0.15, 0.3) + (0.0, -0.2)

    group, y, x = population(100_000, rng)
    truth_models = models(200, rng)

    def gaps(group: Any, y: Any, x: Any, model: Any) -> Any:
        s = score(x, group, model)
        d = s >= 0.5
        first, second = group == 0, group == 1
        return np.array(
            [
                s[first].mean() - s[second].mean(),
                d[first].mean() - d[second].mean(),
                d[first & (y == 1)].mean() - d[second & (y == 1)].mean(),
            ]
        )

    mean = np.mean([gaps(group, y, x, m) for m in truth_models], axis=0)
    labels = rate[0] - rate[1]
    covered = np.zeros(4)
    runs = 500
    for _ in range(runs):
        g, label, z = population(500, rng)
        drawn = models(21, rng)
        scores = np.stack([score(z, g, m) for m in drawn])
        decisions = (scores >= 0.5).astype(int)
        people = Pair.of(label, g, (0, 1))
        s = measure(scores[1:, people.rows], people.first)
        lab = measure(people.y, people.first)
        d = people.gap("selection_rate", decisions[1:])
        tpr = people.gap("true_positive_rate", decisions[1:])
        luck = people.gap("selection_rate", decisions[:1]) - d
        # Only the part of the law that moves the gap matters; a smooth reference is enough for one model.
        own = gaps(group[:20_000], y[:20_000], x[:20_000], drawn[0])[1] - mean[1]
        wanted = (mean[0] - labels, mean[1] - mean[0], mean[2], own)
        found = (s - lab, d - s, tpr, luck)
        for i, (interval, truth) in enumerate(zip(found, wanted, strict=True)):
            limits = interval.interval(few=i == 3)
            covered[i] += limits.low <= truth <= limits.high
    assert (covered / runs > 0.925).all(), covered / runs


def test_refits_differ_in_the_seed_alone_and_the_first_is_the_audited_one() -> None:
    problem = lending("label_bias", 1000)
    fits = refit(problem, shaky, refits=5, seed=3, threshold=None)
    assert fits.seeds == (4, 5, 6, 7, 8)
    assert fits.others is not None
    for s, decisions in zip(fits.seeds, fits.others.decisions, strict=True):
        alone = shaky(problem.X[problem.train], problem.y[problem.train], s)
        assert (alone.decide(problem.X[problem.test]) == decisions).all()
    own = shaky(problem.X[problem.train], problem.y[problem.train], 3)
    assert (own.decide(problem.X[problem.test]) == fits.this.decisions[0]).all()


def test_a_recipe_of_models_is_a_learner_as_it_is() -> None:
    from toolkit.models.fitted import fit_recipe
    from toolkit.models.recipe import parse_recipe

    recipe = parse_recipe("DecisionTreeClassifier", ["max_depth=4", "max_features=3"])

    def fit(X: Any, y: Any, seed: int, weight: Any) -> Any:
        return fit_recipe(recipe, X, y, seed=seed, weight=weight)

    found = quick(lending("label_bias", 1500), fit)
    assert found["deterministic"] is False
    assert found["refits"] == 4
    assert all(abs(t["residual"]) < 1e-12 for t in found["tables"])
