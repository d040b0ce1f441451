"""Audits of a recipe and of a finished model: who is held out, what accounts for a gap, what stays frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import audit
from toolkit.audit.people import parts
from toolkit.audit.sources import frame_of
from toolkit.catalogue import dataset
from toolkit.records import BadInputError

LOANS = frame_of(dataset("loanapp"))
ASKED: dict[str, Any] = {"target": "approve", "positive": "approved", "sensitive": "race"}


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    return audit(LOANS, **ASKED, recipe="LogisticRegression", parameters={"C": 0.1}).to_dict()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    import xgboost

    numbers = LOANS.drop(columns=["race", "approve"]).iloc[:, :8]
    rows = xgboost.DMatrix(numbers, label=(LOANS["approve"] == "approved").astype(int), nthread=1)
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
    booster = xgboost.train(settings, rows, num_boost_round=10)
    path = tmp_path_factory.mktemp("models") / "model.bin"  # the name says nothing: the content does
    path.write_bytes(bytes(booster.save_raw("json")))
    return path, booster.predict(rows)


@pytest.fixture(scope="module")
def foreign(model) -> dict[str, Any]:
    return audit(LOANS, **ASKED, model=str(model[0])).to_dict()


def test_only_people_the_recipe_never_saw_are_audited(recipe):
    held = recipe["data"]["held_out"]
    assert sum(held.values()) == len(LOANS) == recipe["data"]["rows"]
    assert recipe["overall"]["n"] == held["test"] == recipe["data"]["read"]["rows"]


def test_the_parts_share_nobody_and_keep_each_group_and_label_in_proportion():
    rng = np.random.default_rng(0)
    y, group = rng.integers(0, 2, 3000), rng.choice(3, 3000, p=[0.8, 0.15, 0.05])
    found = parts(y, group, None, seed=1)
    assert np.array_equal(np.sort(np.concatenate(list(found.values()))), np.arange(3000))
    for code in range(3):
        share = (group[found["test"]] == code).mean()
        assert share == pytest.approx((group == code).mean(), abs=0.003)


def test_a_cluster_is_never_split_between_parts():
    rng = np.random.default_rng(0)
    person = [str(i) for i in rng.integers(0, 150, 900)]
    found = parts(rng.integers(0, 2, 900), np.zeros(900, int), person, seed=2)
    kept = [{person[i] for i in rows} for rows in found.values()]
    assert not kept[0] & kept[1]
    assert not kept[0] & kept[2]
    assert not kept[1] & kept[2]


def test_too_few_rows_to_hold_anybody_out_is_said():
    with pytest.raises(BadInputError, match="--prediction"):
        parts(np.array([0, 0, 0, 0, 1]), np.zeros(5, int), None, seed=0)


def test_the_split_sums_to_the_gap_that_is_reported(recipe):
    reported = next(
        g
        for g in recipe["gaps"]
        if (g["metric"], g["kind"], g["compare"]) == ("selection_rate", "difference", "widest")
    )
    table = next(t for t in recipe["decomposition"]["tables"] if t["metric"] == "selection_rate")
    assert table["gap"] == pytest.approx(reported["value"], abs=1e-12)
    assert sum(part["value"] for part in table["parts"]) == pytest.approx(table["gap"], abs=1e-12)
    assert recipe["decomposition"]["pair"]["first"] == reported["highest"]


def test_a_learner_without_luck_has_none(recipe):
    assert recipe["decomposition"]["deterministic"]
    for table in recipe["decomposition"]["tables"]:
        assert [part["value"] for part in table["parts"] if part["name"] == "luck"] == [0.0]


def test_capacity_is_a_row_of_the_fan_and_not_luck(recipe):
    kinds = {row["kind"] for row in recipe["decomposition"]["fan"]["models"]}
    assert {"capacity", "half"} <= kinds


def test_every_remedy_has_its_cost_and_moved_thresholds_prove_nothing_else_moved(recipe):
    options = {option["name"]: option for option in recipe["mitigation"]["options"]}
    assert len(options) >= 4
    frozen = options["thresholds by group"]["frozen"]
    assert frozen["same"]
    assert frozen["before"] == frozen["after"]
    for option in options.values():
        assert (
            option["failed"]
            or option["accuracy"]["low"] <= option["accuracy"]["value"] <= option["accuracy"]["high"]
        )
        metrics = {gap["metric"]: gap["constrained"] for gap in option["gaps"]}
        assert set(metrics.values()) == {True, False}  # what was not constrained stands beside


def test_contributions_sum_to_the_gap_in_mean_score(recipe):
    for scale in recipe["attribution"]["scales"]:
        total = sum(part["value"] for part in scale["parts"]) + scale["residual"]
        assert total == pytest.approx(scale["gap"], abs=1e-9)
    assert {scale["scale"] for scale in recipe["attribution"]["scales"]} == {"log-odds", "probability"}


def test_a_models_own_decisions_in_a_column_give_the_same_groups_and_gaps(model, foreign):
    decided = np.where(model[1] >= 0.5, "approved", "denied")
    column = audit(LOANS.assign(decision=decided), **ASKED, prediction="decision").to_dict()
    shared = ("selection_rate", "true_positive_rate", "precision", "accuracy")
    for mine, theirs in zip(foreign["groups"], column["groups"], strict=True):
        assert mine["counts"] == theirs["counts"]
        assert {m: mine["metrics"][m] for m in shared} == {m: theirs["metrics"][m] for m in shared}


def test_a_finished_model_is_known_by_its_content_and_attributed_through_the_sandbox(foreign):
    assert foreign["decisions"]["model"]["kind"] == "xgboost-json"
    assert foreign["decomposition"]["status"] == "partial"
    (log_odds,) = [s for s in foreign["attribution"]["scales"] if s["scale"] == "log-odds"]
    total = sum(part["value"] for part in log_odds["parts"]) + log_odds["residual"]
    assert total == pytest.approx(log_odds["gap"], abs=1e-6)
    assert [o["name"] for o in foreign["mitigation"]["options"]] == ["as it is", "thresholds by group"]


def test_a_column_the_model_misses_is_named(model):
    first = LOANS.columns[0]
    with pytest.raises(BadInputError, match=first):
        audit(LOANS.drop(columns=[first]), **ASKED, model=str(model[0]))


def test_a_recipe_for_a_number_audits_means_and_errors():
    rng = np.random.default_rng(2)
    race = rng.choice(["A", "B"], 600)
    x = rng.normal(size=600)
    table = pd.DataFrame(
        {"race": race, "x": x, "pay": 50 + 5 * x + 6.0 * (race == "A") + rng.normal(0, 1, 600)}
    )
    found = audit(table, target="pay", sensitive="race", recipe="Ridge", drop="race").to_dict()
    gap = next(g for g in found["gaps"] if (g["metric"], g["compare"]) == ("mean_error", "widest"))
    # Without the group the model must miss it: it errs upwards for B and downwards for A, by 3 each.
    assert (gap["highest"], gap["lowest"]) == ("B", "A")
    assert gap["value"] == pytest.approx(6, abs=0.4)


def test_declared_cut_points_hold_for_a_recipe_too():
    found = audit(
        LOANS.assign(dep=LOANS["dep"].fillna(0)), target="approve", positive="approved", sensitive="dep",
        cut={"dep": (1, 3)}, recipe="dummy",
    ).to_dict()  # fmt: skip
    assert [g["attributes"]["dep"] for g in found["groups"]] == ["under 1", "1 to 2", "3 and over"]


def test_a_leak_among_the_columns_that_a_finished_model_sees_is_warned_of(tmp_path):
    import xgboost

    y = (LOANS["approve"] == "approved").astype(int)
    seen = LOANS[["loanamt"]].assign(decided=y)
    settings = {"objective": "binary:logistic", "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(seen, label=y, nthread=1), num_boost_round=2)
    booster.save_model(tmp_path / "m.ubj")
    found = audit(LOANS.assign(decided=y), **ASKED, model=str(tmp_path / "m.ubj")).to_dict()
    (leak,) = [w for w in found["warnings"] if w["code"] == "label-leak"]
    assert "decided" in leak["text"]
    assert leak["level"] == "warning"
