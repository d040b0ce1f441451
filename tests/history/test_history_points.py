"""Points and inputs from run documents, and the breaks between them."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from runs_made import RUNS, inputs

from toolkit.history import break_between, inputs_of, points_of, watch_of
from toolkit.history.trend import series_of
from toolkit.records import BadInputError

FIGURES = ("value", "low", "high", "margin", "ruling", "n")


def borrowed(module: str) -> Any:
    """Import a fixture of the report's tests: documents with every ruling and hostile names."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
    try:
        return __import__(module)
    finally:
        sys.path.pop(0)


@pytest.fixture
def checked() -> dict[str, Any]:
    document: dict[str, Any] = borrowed("fixture").document()
    return document


@pytest.fixture
def audited() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RUNS / "example" / "run.json").read_text("utf-8"))
    return document


def of(points: list[dict[str, Any]], series: str) -> dict[str, Any]:
    (found,) = [point for point in points if point["series"] == series]
    return found


def test_a_claim_is_a_point_of_its_pooled_ruling(checked: dict[str, Any]) -> None:
    points = {point["series"]: point for point in points_of(checked)}
    claims = {f"{e['code']}/{c['id']}": c for e in checked["experiments"] for c in e["claims"]}
    assert [series for series in points if series.count("/") == 1] == list(claims)
    for series, claim in claims.items():
        point = points[series]
        assert (point["kind"], point["label"], point["unit"]) == ("claim", claim["statement"], claim["unit"])
        assert point["value"] == claim["pooled"]["effect"]
        assert point["n"] == claim["pooled"]["replicates"]
        assert point["ruling"] == claim["pooled"]["ruling"]


def test_where_no_effect_is_pooled_each_dataset_measured_is_a_point(checked: dict[str, Any]) -> None:
    claim = checked["experiments"][0]["claims"][0]
    series = f"{checked['experiments'][0]['code']}/{claim['id']}"
    claim["pooled"]["effect"] = None
    claim["verdicts"][0] |= {"dataset": "a/b:c", "effect": 0.25, "low": 0.2, "high": 0.3, "ruling": "refuted"}
    claim["verdicts"][1]["effect"] = None
    point = of(points_of(checked), f"{series}/a%2Fb:c")
    assert (point["value"], point["low"], point["high"], point["ruling"]) == (0.25, 0.2, 0.3, "refuted")
    assert point["label"] == f"{claim['statement']} On a/b:c."
    found = [p["series"] for p in points_of(checked) if p["series"].startswith(series)]
    assert len(found) == len(claim["verdicts"])  # the pooled ruling, and all but the one without a number
    claim["pooled"]["effect"] = 0.2
    assert [p["series"] for p in points_of(checked) if p["series"].startswith(series)] == [series]


def test_the_points_of_an_audit_are_its_widest_gaps_corrected(audited: dict[str, Any]) -> None:
    points = points_of(audited)
    assert len(points) == 12
    found = of(points, "gap/race/selection_rate/difference/widest")
    told = {name: found[name] for name in FIGURES}
    assert told == {
        "value": 0.15171320994368462,  # corrected; the widest as it stands is 0.179
        "low": 0.08803028907665242,
        "high": 0.28362647961769905,
        "margin": 0.05,
        "ruling": "shown",
        "n": 794,
    }
    ratio = of(points, "gap/race/selection_rate/ratio/widest")
    assert (ratio["ratio"], ratio["unit"], ratio["margin"]) == (True, "ratio", 0.8)
    assert of(points, "gap/race/false_positive_rate/difference/widest")["n"] == 96


def test_gaps_to_a_named_reference_are_points_too_and_intersections_are_not(audited: dict[str, Any]) -> None:
    named = copy.deepcopy(audited["gaps"][2]) | {"compare": "reference", "highest": "a/b", "lowest": "50%"}
    crossed = copy.deepcopy(audited["gaps"][0]) | {"attribute": "race x sex", "attributes": ["race", "sex"]}
    audited["gaps"] += [named, crossed]
    points = points_of(audited)
    assert len(points) == 13
    assert points[-1]["series"] == "gap/race/selection_rate/difference/reference/a%2Fb/50%25"
    assert points[-1]["label"] == "selection rate by race, a/b against 50% difference"


def test_a_watched_gap_brings_its_evidence_along(audited: dict[str, Any]) -> None:
    series = "gap/race/selection_rate/difference/widest"
    watched = {"series": series, "attribute": "race", "metric": "selection_rate", "e_value": 25.0}
    alarm = {"at": 3, "night": 3, "rows": 900, "pair": None, "e": 25.0}
    audited["watch"] = {
        "grown": True,
        "nights": 3,
        "gaps": [watched | {"alarm": alarm}],
        "cells": {"rows": [1] * 99},
    }
    point = of(points_of(audited), series)
    assert (point["e_value"], point["alarm"]) == (25.0, True)
    assert of(points_of(audited), "gap/race/accuracy/difference/widest")["e_value"] is None
    assert inputs_of(audited)["grown"] is True
    kept = watch_of(audited)
    assert kept is not None
    assert (kept["nights"], kept["alarms"]) == (3, {series: alarm})
    assert "cells" not in kept
    audited["watch"]["gaps"][0]["alarm"] = None
    assert of(points_of(audited), series)["alarm"] is False


def test_what_was_not_watched_has_no_evidence(audited: dict[str, Any]) -> None:
    assert {(point["e_value"], point["alarm"]) for point in points_of(audited)} == {(None, None)}
    assert watch_of(audited) is None


def test_a_widest_gap_corrected_below_nothing_is_nothing(audited: dict[str, Any]) -> None:
    points = points_of(audited)
    below = of(points, "gap/race/true_positive_rate/difference/widest")
    assert (below["value"], below["low"]) == (0.0, 0.0)  # -0.022 in the document
    assert of(points, "gap/race/true_positive_rate/ratio/widest")["value"] == 1.0
    for point in points:
        assert point["low"] <= point["value"] <= point["high"]


def test_a_gap_that_was_not_corrected_keeps_its_value(audited: dict[str, Any]) -> None:
    audited["gaps"][0]["corrected"] = None
    assert points_of(audited)[0]["value"] == audited["gaps"][0]["value"]


@pytest.mark.parametrize("name", ["hostile", "labels_only", "document"])
def test_every_series_is_named_once_whatever_the_columns_are_called(name: str) -> None:
    points = points_of(getattr(borrowed("audit_fixture"), name)())
    assert len({point["series"] for point in points}) == len(points) > 0


def test_two_points_of_one_series_are_refused(audited: dict[str, Any]) -> None:
    audited["gaps"].append(audited["gaps"][0])
    with pytest.raises(BadInputError, match="two points of the series gap/race"):
        points_of(audited)


@pytest.mark.parametrize("call", [points_of, inputs_of])
def test_what_is_no_run_document_is_refused(call: Any) -> None:
    with pytest.raises(BadInputError, match="is no run"):
        call({"schema": "toolkit.check/9"})


def test_what_went_into_an_audit(audited: dict[str, Any]) -> None:
    found = inputs_of(audited)
    assert found["kind"] == "audit"
    assert found["data"] == {"table": audited["data"]["sha256"]}
    assert found["rows"] == {"table": 1989}
    assert found["code"] == audited["provenance"]["code"]
    assert (found["seed"], found["effort"], found["grown"]) == (0, None, None)


def test_what_went_into_a_check(checked: dict[str, Any]) -> None:
    found = inputs_of(checked)
    assert found["data"]["digits"] == "a" * 64
    assert found["rows"] == {"digits": 1797}
    assert (found["kind"], found["effort"]) == ("check", "standard")


def test_settings_follow_what_was_asked_and_not_what_was_found(audited: dict[str, Any]) -> None:
    before = inputs_of(audited)
    audited["decisions"] |= {"sentence": "other words", "score_range": [0, 1]}
    audited["settings"]["gate"] = ["shown"]  # judges the run, measures nothing
    assert inputs_of(audited) == before
    audited["settings"]["min_group"] = 20
    assert break_between(before, inputs_of(audited)) == ("settings",)


def test_another_model_file_is_other_data(audited: dict[str, Any]) -> None:
    audited["decisions"]["model"] = {"sha256": "1" * 64}
    before = inputs_of(audited)
    audited["decisions"]["model"] = {"sha256": "2" * 64}
    assert break_between(before, inputs_of(audited)) == ("data",)


@pytest.mark.parametrize(
    ("change", "breaks"),
    [
        ({"data": {"digits": "b" * 64}}, ("data",)),
        ({"data": {"digits": ""}}, ()),
        ({"data": {"digits": ""}, "rows": {"digits": 1800}}, ("data",)),
        ({"data": {"digits": "a" * 64, "wine": "c" * 64}}, ("settings",)),
        ({"data": {"digits": "a" * 64, "wine": "c" * 64}, "effort": "full"}, ("effort",)),
        ({"code": {"judge": "k" * 64}}, ("code",)),
        ({"code": {"M009": "x"}, "commit": "other"}, ("code",)),
        ({"code": {}, "commit": "0123456789"}, ()),
        ({"code": {}, "commit": "9876543210+"}, ()),
        (
            {
                "code": {},
                "commit": None,
                "versions": {"python": "3.11.7", "numpy": "2.4.6", "toolkit": "0.2"},
            },
            ("code",),
        ),
        ({"commit": "9876543210"}, ()),
        ({"versions": {"python": "3.11.7", "numpy": "2.5", "toolkit": "0.1.0"}}, ("versions",)),
        ({"versions": {"python": "3.11.7", "numpy": "2.4.6", "toolkit": "0.2.0"}}, ()),
        ({"seed": 1}, ("seed",)),
        ({"effort": "quick"}, ("effort",)),
        ({"settings": "t" * 64}, ("settings",)),
        ({"kind": "audit"}, ("settings",)),
        ({"seed": 1, "data": {"digits": "b"}, "settings": ""}, ("data", "seed", "settings")),
    ],
    ids=str,
)
def test_a_line_breaks_where_something_is_known_to_differ(
    change: dict[str, Any], breaks: tuple[str, ...]
) -> None:
    assert break_between(inputs(), inputs(**change)) == breaks


@pytest.mark.parametrize(("grown", "breaks"), [(True, ()), (False, ("data",)), (None, ("data",))])
def test_rows_that_only_came_to_the_rest_break_nothing(grown: bool | None, breaks: tuple[str, ...]) -> None:
    before = inputs(data={"table": "1"}, rows={"table": 10})
    assert break_between(before, inputs(data={"table": "2"}, rows={"table": 12}, grown=grown)) == breaks


def test_another_model_breaks_the_line_of_a_table_that_has_only_grown() -> None:
    before = inputs(data={"table": "1", "model": "1"})
    assert break_between(before, inputs(data={"table": "2", "model": "2"}, grown=True)) == ("data",)


def test_the_code_of_another_experiment_breaks_no_line(checked: dict[str, Any]) -> None:
    told = {"job": "weekly", "started": None, "due": None, "points": points_of(checked)}
    other = inputs(code=inputs()["code"] | {"M004": "changed"})
    runs = [
        told | {"id": "m20261101T031700Z", "inputs": inputs()},
        told | {"id": "m20261102T031700Z", "inputs": other},
    ]
    found = {series.key: series.points[1].breaks for series in series_of(runs)}
    assert {breaks for key, breaks in found.items() if key.startswith("M004/")} == {("code",)}
    assert {breaks for key, breaks in found.items() if key.startswith("M002/")} == {()}


def test_another_dataset_breaks_no_line_of_this_one() -> None:
    keys = ("M002/x", "M002/x/digits", "M002/x/wine")
    told = {"job": "weekly", "started": None, "due": None, "points": [{"series": key} for key in keys]}
    runs = [
        told | {"id": f"m2026110{n}T031700Z", "inputs": inputs(data={"digits": "1", "wine": n})} for n in "12"
    ]
    found = {series.key: series.points[1].breaks for series in series_of(runs)}
    assert found == {"M002/x": ("data",), "M002/x/digits": (), "M002/x/wine": ("data",)}
