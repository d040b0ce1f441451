from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from small_learners import Canned, lending, logistic

from toolkit.fairness.features.contributions import contributions, resampled
from toolkit.fairness.features.explaining import parts_of


@dataclass(frozen=True, eq=False)
class Boosted:
    """A booster as xgboost's wrapper asks it."""

    booster: Any
    sharpened: float = 1.0
    probabilistic: bool = True
    linear: Any = None

    def score(self, X: Any) -> Any:
        chance = np.asarray(self.booster.inplace_predict(X), dtype=np.float64)
        return chance**self.sharpened

    def decide(self, X: Any) -> Any:
        return (self.score(X) >= 0.5).astype(np.int64)

    def digest(self) -> str:
        return "booster"


@cache
def boosted() -> tuple[Any, Any]:
    import xgboost

    problem = lending("label_bias", 3000)
    rows = xgboost.DMatrix(problem.X[problem.train], problem.y[problem.train], nthread=1)
    setting = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "seed": 0}
    return problem, xgboost.train(setting, rows, 30)


def scale(found: Any, name: str) -> Any:
    return next(s for s in found["scales"] if s["scale"] == name)


def part(found: Any, name: str, feature: str) -> Any:
    return next(p for p in scale(found, name)["parts"] if p["feature"] == feature)


def test_a_linear_model_is_attributed_in_closed_form_and_exactly() -> None:
    problem = lending("label_bias", 3000)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    found = contributions(problem, model, pair=(0, 1))
    assert found["status"] == "done"
    exact = scale(found, "log-odds")
    X, first = problem.X[problem.test], problem.group[problem.test] == 0
    distance = X[first].mean(axis=0) - X[~first].mean(axis=0)
    for row in exact["parts"]:
        j = problem.source.index(row["feature"])
        assert row["value"] == pytest.approx(model.coefficients[j] * distance[j], abs=1e-12)
        assert row["low"] <= row["value"] <= row["high"]
    margin = X @ model.coefficients
    assert exact["gap"] == pytest.approx(margin[first].mean() - margin[~first].mean(), abs=1e-12)
    assert abs(exact["residual"]) < 1e-6 * abs(exact["gap"])
    assert exact["rows"] == len(problem.test)


def test_a_boosters_parts_add_up_on_both_scales_and_what_a_sample_leaves_is_a_row() -> None:
    problem, booster = boosted()
    found = contributions(problem, Boosted(booster), pair=(0, 1), rows=120, background=20)
    assert found["notes"] == []
    odds, chance = scale(found, "log-odds"), scale(found, "probability")
    assert abs(odds["residual"]) < 1e-4 * abs(odds["gap"])
    scores, first = Boosted(booster).score(problem.X[problem.test]), problem.group[problem.test] == 0
    assert chance["gap"] == pytest.approx(scores[first].mean() - scores[~first].mean(), abs=1e-6)
    total = sum(row["value"] for row in chance["parts"])
    assert chance["residual"] == pytest.approx(chance["gap"] - total, abs=1e-12)
    assert chance["residual"] != 0
    assert chance["rows"] == 120
    assert chance["background"] == 20
    assert "sample of 120 of 600" in chance["sentence"]
    assert abs(chance["residual"]) < 0.02  # a random sample would miss by .05 or so
    assert "second background" in chance["sentence"]
    whole = contributions(problem, Boosted(booster), pair=(0, 1), rows=600, background=10)
    assert abs(scale(whole, "probability")["residual"]) < 1e-4


def test_the_gap_is_put_down_to_what_tells_the_group() -> None:
    problem, booster = boosted()
    found = contributions(problem, Boosted(booster), pair=(0, 1), rows=200, background=20)
    for name in ("log-odds", "probability"):
        assert scale(found, name)["parts"][0]["feature"] == "group"
        assert scale(found, name)["parts"][0]["low"] > 0
        noise = part(found, name, "noise_1")
        assert noise["low"] < 0 < noise["high"]


def test_shuffled_groups_leave_nothing_to_attribute() -> None:
    problem, booster = boosted()
    missed = 0
    for seed in range(5):
        mixed = np.random.default_rng(seed).permutation(problem.group)
        found = contributions(replace(problem, group=mixed), Boosted(booster), pair=(0, 1), rows=60)
        for row in scale(found, "log-odds")["parts"]:
            missed += not row["low"] <= 0 <= row["high"]
    assert missed <= 6  # of 45, at 5 % each


def test_a_column_shuffled_among_people_accounts_for_nothing() -> None:
    problem, booster = boosted()
    X = problem.X.copy()
    tested = problem.test
    for j in (3, 4, 8):  # both proxies and the group
        X[tested, j] = np.random.default_rng(j).permutation(X[tested, j])
    found = contributions(replace(problem, X=X), Boosted(booster), pair=(0, 1), rows=60)
    gaps = [part(found, "log-odds", name)["value"] for name in ("proxy_1", "proxy_2", "group")]
    whole = contributions(problem, Boosted(booster), pair=(0, 1), rows=60)
    assert max(map(abs, gaps)) < 0.3 * part(whole, "log-odds", "group")["value"]


def test_one_hot_features_are_summed_to_their_column() -> None:
    problem = lending("label_bias", 2000)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    source = tuple("score" if name.startswith("score") else name for name in problem.source)
    apart = contributions(problem, model, pair=(0, 1), rows=40, background=5)
    together = contributions(replace(problem, source=source), model, pair=(0, 1), rows=40, background=5)
    parts = [part(apart, "log-odds", f"score_{i}")["value"] for i in (1, 2, 3)]
    assert part(together, "log-odds", "score")["value"] == pytest.approx(sum(parts), abs=1e-12)
    assert len(scale(together, "probability")["parts"]) == 7


def test_any_other_model_is_sampled_on_both_scales() -> None:
    problem, booster = boosted()
    # A booster whose chances were changed afterwards is no longer what its trees say.
    found = contributions(problem, Boosted(booster, sharpened=2.0), pair=(0, 1), rows=100, background=20)
    assert found["status"] == "done"
    for name in ("log-odds", "probability"):
        assert scale(found, name)["rows"] == 100
        assert scale(found, name)["parts"][0]["feature"] == "group"
    assert found["notes"] == []


def test_sampled_chances_of_a_booster_are_those_of_shap() -> None:
    problem, booster = boosted()

    class Plain(Boosted):
        """The same chances without the trees shown."""

    hidden = Plain(booster)
    object.__setattr__(hidden, "booster", None)
    asked = Boosted(booster)
    object.__setattr__(hidden, "score", asked.score)
    one, other = (contributions(problem, m, pair=(0, 1), rows=200, background=30) for m in (asked, hidden))
    for row in scale(one, "probability")["parts"]:
        twin = part(other, "probability", row["feature"])
        assert twin["value"] == pytest.approx(row["value"], abs=0.02)


def test_what_cannot_be_afforded_is_said_with_its_price(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = lending("label_bias", 1000)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    monkeypatch.setattr("toolkit.fairness.features.explaining.MOST_ASKED", 10_000)
    found = contributions(problem, model, pair=(0, 1))
    assert found["status"] == "partial"
    assert [s["scale"] for s in found["scales"]] == ["log-odds"]
    assert "9 columns would need the model's answer on 40000 rows" in found["reason"]


def test_predictions_alone_have_proxies_but_no_parts() -> None:
    found = contributions(lending("label_bias", 1000), None, pair=(0, 1))
    assert found["status"] == "not_applicable"
    assert "a model or a recipe is needed" in found["reason"]
    assert found["proxies"]["auc"] > 0.8


def test_a_score_that_is_no_chance_is_said_to_be_none() -> None:
    problem = lending("label_bias", 1000)
    model = logistic(problem.X[problem.train], problem.y[problem.train], 0)
    found = contributions(problem, replace(model, probabilistic=False), pair=(0, 1), rows=40)
    assert any("no chance" in note for note in found["notes"])


def test_missing_numbers_are_filled_as_the_model_fills_them() -> None:
    problem = lending("label_bias", 1000)
    inner = logistic(problem.X[problem.train], problem.y[problem.train], 0)

    @dataclass(frozen=True, eq=False)
    class Filling:
        linear: Any = inner.linear
        booster: Any = None
        probabilistic: bool = True

        def filled(self, X: Any) -> Any:
            return np.nan_to_num(X)

        def score(self, X: Any) -> Any:
            return inner.score(self.filled(X))

        def decide(self, X: Any) -> Any:
            return (self.score(X) >= 0.5).astype(np.int64)

        def digest(self) -> str:
            return inner.digest()

    X = problem.X.copy()
    X[::4, 0] = np.nan
    found = contributions(replace(problem, X=X), Filling(), pair=(0, 1), rows=40)
    assert "closed form" in scale(found, "log-odds")["sentence"]
    assert abs(scale(found, "log-odds")["residual"]) < 1e-9


def test_certain_scores_are_said_to_have_no_log_odds_of_their_own() -> None:
    problem = lending("label_bias", 1000)

    @dataclass(frozen=True, eq=False)
    class Certain(Canned):
        def score(self, X: Any) -> Any:
            return (X[:, 0] > 0) * 1.0

    found = contributions(problem, Certain(np.zeros(1)), pair=(0, 1), rows=40)
    assert any("200 of 200 scores are 0 or 1" in note for note in found["notes"])


def test_too_few_people_are_not_attributed() -> None:
    problem = lending("label_bias", 1000)
    few = np.zeros(1000, dtype=int)
    few[problem.test[:4]] = 1
    found = contributions(replace(problem, group=few), Canned(np.zeros(3)), pair=(0, 1))
    assert found["status"] == "not_applicable"
    assert "10 test rows" in found["reason"]


@pytest.mark.slow
def test_intervals_from_resampling_people_cover() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(500):
        first = np.arange(60) < 15
        values = rng.normal(size=(60, 1)) * np.where(first, 2.0, 1.0)[:, None] + 0.5 * first[:, None]
        low, high = resampled(values, first, rng, 400)
        covered += low[0] <= 0.5 <= high[0]
        assert low[0] < parts_of(values, first)[0] < high[0]
    assert 0.93 < covered / 500 < 0.98
