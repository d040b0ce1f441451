"""One answer in every form: the same findings, names from data inert, accepted ones with their reason."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import audit_fixture
import pytest
from gate_documents import TODAY, audit, check, entry, everything, gap, runs
from hypothesis import given

from toolkit.gate import Accepted, Outcome, evaluate, findings
from toolkit.gate.findings import WORDS
from toolkit.gate.formats import github, junit, markdown, sarif, text
from toolkit.gate.formats import json as as_json
from toolkit.gate.formats.scanning import RULES

ATTACK = "a|b\n::error::x,y%0A @all [z](http://h) <img src=x>"


def mixed() -> tuple[dict[str, Any], Outcome]:
    """Return an audit with one finding of each status."""
    names = ("new", "worse", "expired", "open", "accepted", "gone")
    before = audit(*(gap(name, "shown", 0.3, 0.02) for name in names))
    lock = everything(before, ["gap"], TODAY + timedelta(days=30))
    lock = [e for e in lock if "/new/" not in e.key and "/open/" not in e.key]
    lock = [entry_of(e, 3) if "/expired/" in e.key else e for e in lock]
    gaps = {name: gap(name, "shown", 0.3, 0.02) for name in names} | {
        "worse": gap("worse", "shown", 0.5, 0.02),
        "open": gap("open", "not_enough_evidence", 0.06, 0.1),
        "gone": gap("gone", "small", 0.01, 0.02),
    }
    document = audit_fixture.document()
    made = audit(*gaps.values())
    document |= {"gaps": made["gaps"], "gate": made["gate"]}
    return document, evaluate(document, fail_on=["gap"], accepted=lock, today=TODAY)


def entry_of(accepted: Accepted, days: int) -> Accepted:
    return Accepted(
        accepted.key, "Ann", "until the fix", TODAY - timedelta(days=days), run=dict(accepted.run)
    )


def hostile() -> tuple[dict[str, Any], Outcome]:
    document = audit(
        gap(ATTACK, "shown", highest=ATTACK, lowest="\x1b[31m\u202e"), gap("sex", "shown"), name=ATTACK
    )
    document["gate"]["asked"] = [ATTACK]
    sex = findings(document, ["gap"]).findings[1]
    lock = [entry(sex, document, owner=ATTACK, reason=ATTACK)]
    return document, evaluate(document, fail_on=["gap"], accepted=lock, today=TODAY)


def test_the_fixture_has_every_status() -> None:
    _, outcome = mixed()
    found = [(j.status, j.key.split("/")[1]) for j in outcome.judged]
    assert all(status == name for status, name in found)
    assert [name for _, name in found] == ["new", "worse", "expired", "open", "accepted", "gone"]


def test_text_begins_with_the_verdict_and_has_a_line_for_each_finding() -> None:
    _, outcome = mixed()
    lines = text(outcome).splitlines()
    assert lines[0] == "The gate failed: 1 new, 1 worse, 1 expired, 1 open, 1 accepted, 1 gone."
    assert [line.partition(":")[0] for line in lines[2:-1]] == [j.status for j in outcome.judged]
    assert "accepted by Ann until 2026-11-22, 3 days ago: until the fix" in lines[4]
    assert "0.500, accepted at 0.300: worse by more than the margin" in lines[3]
    assert "30 days left" in lines[6]
    assert lines[-1].startswith("To accept one: toolkit gate accept RUN --finding KEY")


def test_json_is_whole() -> None:
    _, outcome = mixed()
    found = json.loads(as_json(outcome))
    assert found["schema"] == "toolkit.gate/1"
    assert found["exit"] == 1
    assert found["counts"] == dict.fromkeys(("new", "worse", "expired", "open", "accepted", "gone"), 1)
    assert found["findings"][4]["accepted"]["owner"] == "the owner"
    assert found["findings"][0]["numbers"]["margin"] == 0.05


def test_markdown_says_the_verdict_in_its_first_line_then_what_fails_then_the_rest() -> None:
    _, outcome = mixed()
    written = markdown(outcome)
    assert written.startswith("✕ **The gate failed&#58; 1 new, 1 worse, 1 expired, ")
    heads = [line[3:] for line in written.splitlines() if line.startswith("## ")]
    assert heads == ["What fails", "Open", "Accepted", "Gone"]
    rows = [line for line in written.splitlines() if line.startswith("| ") and "Finding" not in line]
    assert [row.split(" | ")[0] for row in rows] == [
        *("| New", "| Worse", "| Expired", "| Open", "| Accepted", "| Gone")
    ]


def test_names_are_inert_in_markdown() -> None:
    _, outcome = hostile()
    written = markdown(outcome)
    assert "<img" not in written
    assert "@all" not in written
    assert "](" not in written.replace("\\]\\(", "")
    assert "http:" not in written
    assert not any(c in written for c in "\x1b\x00")
    for line in written.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5


def test_no_name_ends_a_workflow_command_or_begins_another() -> None:
    _, outcome = hostile()
    lines = github(outcome).splitlines()
    assert len(lines) == 1 + len(outcome.judged)
    for line in lines:
        found = re.fullmatch(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)", line)
        assert found
        assert re.search(r"%(?!25|0D|0A|3A|2C)", found[2] + found[3]) is None
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::notice"]


def test_junit_is_a_case_a_finding_and_skips_what_is_accepted_with_the_reason() -> None:
    _, outcome = mixed()
    root = ElementTree.fromstring(junit(outcome))
    (suite,) = root
    cases = suite.findall("testcase")
    assert [case[0].tag for case in cases] == [*["failure"] * 3, "skipped", "skipped", "system-out"]
    assert root.get("tests") == suite.get("tests") == "6"
    assert (root.get("failures"), root.get("skipped")) == ("3", "2")
    assert "known" in str(cases[4][0].get("message"))
    assert [case.get("name") for case in cases] == [j.key for j in outcome.judged]
    ElementTree.fromstring(junit(hostile()[1]))


@pytest.mark.parametrize(("ruling", "tag"), [("supported", "system-out"), ("refuted", "failure")])
def test_a_gate_without_findings_is_one_test_that_passes(ruling: str, tag: str) -> None:
    outcome = evaluate(check(ruling), fail_on=["refuted"], today=TODAY)
    (case,) = ElementTree.fromstring(junit(outcome)).iter("testcase")
    assert case[0].tag == tag


def test_a_gate_without_members_is_skipped_not_passed() -> None:
    outcome = evaluate(audit(), fail_on=["gap"], today=TODAY)
    assert outcome.exit == 4
    root = ElementTree.fromstring(junit(outcome))
    assert root.get("skipped") == "1"
    assert "evidence is not enough" in text(outcome)


def test_sarif_says_what_is_new_updated_unchanged_or_absent_and_what_is_suppressed() -> None:
    document, outcome = mixed()
    log = json.loads(sarif(outcome, document))
    (run,) = log["runs"]
    results = run["results"]
    states = ["new", "updated", "unchanged", "new", "unchanged", "absent"]
    assert [r["baselineState"] for r in results] == states
    assert [len(r["suppressions"]) for r in results] == [0, 0, 0, 0, 1, 0]
    (suppressed,) = results[4]["suppressions"]
    assert suppressed["kind"] == "external"
    assert suppressed["status"] == "accepted"
    assert suppressed["justification"] == "known"
    assert run["invocations"][0]["exitCode"] == 1
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in results:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")  # 3.27.10
        where = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][where["index"]]["location"]["uri"] == where["uri"]
    prints = [r["partialFingerprints"]["finding/v1"] for r in results]
    assert len({*prints}) == len(prints)


def test_sarif_has_a_rule_for_every_word_of_a_gate() -> None:
    assert {word for words in WORDS.values() for word in words} <= {*RULES}


def test_a_finding_keeps_its_fingerprint_when_it_gets_worse_or_changes_its_ruling() -> None:
    document, _ = mixed()
    prints = []
    for ruling, value in (("shown", 0.3), ("shown", 0.6), ("not_enough_evidence", 0.06)):
        made = audit(gap("race", ruling, value, 0.02))
        whole = document | {"gaps": made["gaps"], "gate": made["gate"]}
        outcome = evaluate(whole, fail_on=["gap"], today=TODAY)
        (result,) = json.loads(sarif(outcome, whole))["runs"][0]["results"]
        prints.append(result["partialFingerprints"])
    assert prints[0] == prints[1] == prints[2]


@given(runs)
def test_whatever_the_names_are_every_format_keeps_its_form(run: Any) -> None:
    document, fail_on = run
    half = everything(document, fail_on)[::2]
    outcome = evaluate(document, fail_on=fail_on, accepted=half, today=TODAY)
    root = ElementTree.fromstring(junit(outcome))
    assert len([*root.iter("testcase")]) == max(1, len(outcome.judged))
    lines = github(outcome).removesuffix("\n").split("\n")
    assert len(lines) == 1 + len(outcome.judged)
    assert all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in lines)
    assert len(json.loads(as_json(outcome))["findings"]) == len(outcome.judged)
    rows = [line for line in markdown(outcome).split("\n") if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
