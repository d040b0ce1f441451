from __future__ import annotations

import json
from typing import Any

import audit_fixture
import fixture
import pytest

from toolkit.report.formats import sarif
from toolkit.report.formats.sarif import text

KINDS = {"pass", "open", "informational", "notApplicable", "review", "fail"}
LEVELS = {"none", "note", "warning", "error"}
DOCUMENTS = {
    "audit": audit_fixture.document,
    "hostile audit": audit_fixture.hostile,
    "labels": audit_fixture.labels_only,
    "check": fixture.document,
}


def run_of(document: dict[str, Any]) -> dict[str, Any]:
    log = json.loads(sarif(document))
    assert [*log] == ["$schema", "version", "runs"]
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    found: dict[str, Any] = run
    return found


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_log_has_what_the_standard_requires(make: Any) -> None:
    run = run_of(make())
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "toolkit"
    ids = [rule["id"] for rule in rules]
    assert len(ids) == len(set(ids))
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in LEVELS
    assert run["results"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["kind"] in KINDS
        assert result["level"] in LEVELS
        assert (result["kind"] == "fail") == (result["level"] != "none")  # 3.27.10
        assert result["message"]["text"].strip()
        (place,) = result["locations"]
        where = place["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][where["index"]]["location"]["uri"] == where["uri"]
        assert all(isinstance(v, str) for v in result["partialFingerprints"].values())
    for said in run["invocations"]:
        assert isinstance(said["executionSuccessful"], bool)
        assert all(n["message"]["text"] for n in said["toolExecutionNotifications"])


def test_every_gap_ruling_and_warning_of_an_audit_is_a_result_with_its_numbers() -> None:
    document = audit_fixture.document()
    results = run_of(document)["results"]
    gaps = [r for r in results if r["ruleId"].startswith("gap/")]
    assert len(gaps) == len(document["gaps"])
    for gap, result in zip(document["gaps"], gaps, strict=True):
        assert result["ruleId"] == f"gap/{gap['metric']}/{gap['kind']}"
        assert result["properties"]["ruling"] == gap["ruling"]
        assert result["properties"].get("value") == gap["value"]
        assert result["properties"].get("low") == gap["low"]
    levels = {r["properties"]["ruling"]: (r["kind"], r["level"]) for r in gaps}
    assert levels == {
        "shown": ("fail", "error"),
        "small": ("pass", "none"),
        "not_enough_evidence": ("open", "none"),
        "not_applicable": ("notApplicable", "none"),
    }
    warned = [r for r in results if r["ruleId"].startswith("warning/")]
    assert [r["level"] for r in warned] == [w["level"] for w in document["warnings"]]
    assert [r["ruleId"] for r in warned] == [f"warning/{w['code']}" for w in document["warnings"]]


def test_a_failed_gate_is_an_error_and_the_exit_code_is_told() -> None:
    run = run_of(audit_fixture.document())
    gate = run["results"][0]
    assert (gate["ruleId"], gate["kind"], gate["level"]) == ("gate", "fail", "error")
    assert run["invocations"][0]["exitCode"] == 1


def test_every_claim_of_a_check_is_a_result_and_failed_trials_are_notifications() -> None:
    document = fixture.document()
    run = run_of(document)
    claims = [(e["code"], c) for e in document["experiments"] for c in e["claims"]]
    assert [r["ruleId"] for r in run["results"]] == [f"{code}/{claim['id']}" for code, claim in claims]
    assert [r["properties"]["ruling"] for r in run["results"]] == [c["pooled"]["ruling"] for _, c in claims]
    failures = sum(len(e["failures"]) for e in document["experiments"])
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == failures
    assert run["invocations"][0]["executionSuccessful"] is False


def test_hostile_names_stay_text() -> None:
    assert text("[x](http://a) {0} \x1b[31m") == "\\[x\\](http://a) {{0}} \N{REPLACEMENT CHARACTER}\\[31m"
    for document in (audit_fixture.hostile(), fixture.document()):
        for result in run_of(document)["results"]:
            said = result["message"]["text"]
            assert "\x1b" not in said
            assert "\n" not in said
            assert "](" not in said.replace("\\](", "")


def test_the_same_question_has_the_same_fingerprint_whatever_was_found() -> None:
    first, second = audit_fixture.document(), audit_fixture.document()
    for gap in second["gaps"]:
        gap["ruling"] = "small"
        if gap["compare"] == "widest":
            gap["highest"], gap["lowest"] = gap["lowest"], gap["highest"]
    prints = [[r["partialFingerprints"] for r in run_of(d)["results"]] for d in (first, second)]
    assert prints[0] == prints[1]
    assert len({json.dumps(p) for p in prints[0]}) == len(prints[0])
