"""Two documents in, what changed out: what is planted is named, and nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import audit_fixture
import diff_pairs
import fixture
import pytest

from toolkit.report.diff import compare

DOCUMENTS = (fixture.document, diff_pairs.hashed, audit_fixture.document, audit_fixture.labels_only)


def row(found: dict[str, Any], name: str, dataset: str) -> dict[str, Any]:
    return next(r for r in found["rows"] if (r["name"], r["dataset"]) == (name, dataset))


def entry(found: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(e for e in found["inputs"] if e["kind"] == kind)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_run_compared_with_itself_did_not_change(document: Any) -> None:
    again = document()
    again["provenance"] |= {"started": "2027-01-01T00:00:00+00:00", "seconds": 1.0, "command": "toolkit"}
    found = compare(document(), again)
    assert found["identical"]
    assert not found["change"]
    assert {r["word"] for r in found["rows"]} <= {"same", "not_compared"}
    assert not any(found[key] for key in ("appeared", "vanished", "controls", "parts", "trials"))
    assert not found["attribution"]["moved"]


def test_a_check_and_an_audit_are_not_compared() -> None:
    with pytest.raises(ValueError, match="nothing in common"):
        compare(fixture.document(), audit_fixture.document())


def test_a_planted_change_is_named_and_put_down_to_what_made_it() -> None:
    found = compare(*diff_pairs.changed())
    moved = row(found, "never-worse", "digits")
    assert (moved["word"], moved["change"]["method"], moved["change"]["pairs"]) == ("changed", "paired", 20)
    assert moved["change"]["low"] < -0.119 < moved["change"]["high"]
    assert moved["ruling_changed"]
    assert moved["attribution"]["follows"] == "versions"
    assert row(found, "never-worse", "wine")["word"] == "unchanged"
    assert row(found, "never-worse", "teacher")["word"] == "same"
    assert entry(found, "versions")["changes"] == [{"what": "numpy", "before": "2.4.6", "after": "2.5.0"}]
    assert [(i["what"], i["name"]) for i in found["appeared"]] == [("claim", ["M004", "harmless"])]
    assert [(i["what"], i["name"]) for i in found["vanished"]] == [("claim", ["M004", "useful"])]
    assert found["attribution"]["follows"] == "versions"
    assert found["change"]


def test_swapping_the_runs_mirrors_everything() -> None:
    for old, new in (diff_pairs.changed(), diff_pairs.reseeded(), diff_pairs.audits()):
        there, back = compare(old, new), compare(new, old)
        assert there["counts"] == back["counts"]
        assert there["attribution"] == back["attribution"]
        assert (there["appeared"], there["vanished"]) == (back["vanished"], back["appeared"])
        for one, other in zip(there["rows"], back["rows"], strict=True):
            assert (one["before"], one["after"]) == (other["after"], other["before"])
            assert one["word"] == other["word"]
            if one["change"] and one["kind"] == "difference":
                assert one["change"]["low"] == pytest.approx(-other["change"]["high"])


def test_other_seeds_are_chance_and_are_not_paired() -> None:
    found = compare(*diff_pairs.reseeded())
    assert found["attribution"]["follows"] == "noise"
    assert row(found, "never-worse", "digits")["change"]["method"] == "independent"


def test_overlapping_seeds_are_paired_by_trial_not_by_place() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    new["provenance"]["seed"] = 5
    for outcome in new["experiments"][0]["outcomes"]:
        outcome["seed"] += 5
    verdict = diff_pairs.verdict_of(new, "M002", "never-worse", "digits")
    verdict["effects"] = [*verdict["effects"][5:], 0.1, 0.1, 0.1, 0.1, 0.1]
    found = row(compare(old, new), "never-worse", "digits")
    assert (found["change"]["method"], found["change"]["pairs"]) == ("same", 15)


def test_fewer_trials_of_the_same_are_told_from_the_same_run() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    new["provenance"]["effort"] = "quick"
    new["experiments"][0]["outcomes"] = [o for o in new["experiments"][0]["outcomes"] if o["seed"] < 6]
    verdict = diff_pairs.verdict_of(new, "M002", "never-worse", "digits")
    verdict |= {"effects": verdict["effects"][:6], "ruling": "inconclusive", "effect": 0.13}
    claim_of = diff_pairs.claim_of(new, "M002", "never-worse")
    claim_of["verdicts"] = [v for v in claim_of["verdicts"] if v["dataset"] != "teacher"]
    found = compare(old, new)
    moved = row(found, "never-worse", "digits")
    assert (moved["word"], moved["change"]["pairs"], moved["change"]["partial"]) == ("same", 6, True)
    assert moved["attribution"]["follows"] == "effort"
    assert entry(found, "data")["state"] == "same"
    assert entry(found, "effort")["changes"][1] == {
        "what": "datasets that the other has not",
        "before": ["teacher"],
        "after": [],
    }


def test_other_data_are_not_paired_though_the_seeds_agree() -> None:
    old, new = diff_pairs.changed()
    digits = next(d for d in new["provenance"]["datasets"] if d["name"] == "digits")
    digits["sha256"] = "f" * 64
    found = compare(old, new)
    moved = row(found, "never-worse", "digits")
    assert moved["change"]["method"] == "independent"
    assert moved["attribution"]["follows"] is None
    assert moved["attribution"]["candidates"] == ["data", "versions"]
    assert row(found, "never-worse", "wine")["attribution"]["follows"] == "versions"


def test_a_ruling_that_only_the_margin_turned_follows_from_what_was_asked() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    new["provenance"]["versions"]["numpy"] = "2.5.0"
    diff_pairs.claim_of(new, "M004", "useful")["margin"] = 0.5
    diff_pairs.verdict_of(new, "M004", "useful", "digits")["ruling"] = "inconclusive"
    found = row(compare(old, new), "useful", "digits")
    assert (found["word"], found["ruling_changed"]) == ("same", True)
    assert found["attribution"]["follows"] == "settings"


def test_changed_files_make_the_code_unknown() -> None:
    old, new = diff_pairs.changed()
    for side in (old, new):
        side["provenance"]["commit"] += "+"
    found = compare(old, new)
    assert entry(found, "code")["state"] == "unknown"
    assert found["attribution"]["follows"] is None


def test_differences_without_any_recorded_cause_are_said_to_have_none() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    diff_pairs.shift(diff_pairs.verdict_of(new, "M002", "never-worse", "digits"), 0.05, 0.01)
    assert compare(old, new)["attribution"]["follows"] == "nothing_recorded"


def test_pooled_effects_are_paired_over_datasets() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    claim = diff_pairs.claim_of(new, "M002", "regularised")
    for place, verdict in enumerate(claim["verdicts"]):
        diff_pairs.shift(verdict, -0.03 - 0.001 * place, 0.001)
    diff_pairs.shift(claim["pooled"], -0.03)
    found = row(compare(old, new), "regularised", "pooled")
    assert (found["change"]["method"], found["change"]["pairs"]) == ("paired", 100)
    assert found["change"]["value"] == pytest.approx(-0.032, abs=1e-3)
    assert found["word"] == "changed"


def test_a_change_must_clear_both_margins_and_stay_within_both() -> None:
    old, new = diff_pairs.changed()
    diff_pairs.claim_of(new, "M002", "never-worse")["margin"] = 0.5
    found = compare(old, new)
    assert row(found, "never-worse", "digits")["word"] == "cannot_say"
    assert row(found, "never-worse", "wine")["word"] == "unchanged"


def test_a_control_that_no_longer_holds_and_a_failed_trial_are_named() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    diff_pairs.claim_of(new, "M002", "never-worse")["controls"][1] |= {"ruling": "supported", "held": False}
    old["experiments"][1]["trials"] = {"total": 20, "done": 20}
    new["experiments"][1]["trials"] = {"total": 20, "done": 18, "timeout": 2}
    found = compare(old, new)
    assert [(c["dataset"], c["before"], c["after"]) for c in found["controls"]] == [
        ("peak", "refuted", "supported")
    ]
    assert found["trials"][0]["after"] == {"done": 18, "timeout": 2, "total": 20}


def test_an_audits_planted_change_is_named() -> None:
    found = compare(*diff_pairs.audits())
    first = found["rows"][0]
    assert (first["ruling_changed"], first["other_pair"], first["word"]) == (True, True, "changed")
    assert first["change"]["method"] == "independent"
    what = {(c["what"], str(c["after"])) for c in entry(found, "data")["changes"]}
    assert {("sha256", "c" * 64), ("rows", "2400"), ("columns that the other has not", "[]")} <= what
    assert ("group", ["race: Asian"]) in [(i["what"], i["name"]) for i in found["appeared"]]
    assert ("warning", ["small-groups", "1"]) in [(i["what"], i["name"]) for i in found["appeared"]]
    assert found["attribution"]["follows"] == "data"


def test_an_alarm_of_the_watch_that_came_or_went_is_named() -> None:
    from toolkit.report.diff.text import text

    old = copy.deepcopy(audit_fixture.document())
    new = copy.deepcopy(old)
    alarm = {"at": "2026-07-22", "night": 9, "rows": 540, "pair": {"highest": "a", "lowest": "b"}, "e": 91.0}
    watched = {"attribute": "race", "metric": "selection_rate", "margin": 0.05}
    old["watch"] = {"gaps": [watched | {"alarm": None}]}
    new["watch"] = {"gaps": [watched | {"alarm": alarm}]}
    found = compare(old, new)
    assert [item["name"] for item in found["appeared"]] == [["race", "selection_rate"]]
    assert "Alarm Selection rate by race: a above b, since run 9 (2026-07-22) after 540 rows" in " ".join(
        text(found).split()
    )
    assert [item["what"] for item in compare(new, old)["vanished"]] == ["alarm"]


def test_gaps_of_the_same_table_may_hang_together_and_get_the_wider_interval() -> None:
    old, new = audit_fixture.document(), audit_fixture.document()
    new["settings"]["min_group"] = 20
    new["gaps"][0]["value"] += 0.01
    new["gaps"][0]["corrected"] += 0.01
    found = compare(old, new)
    assert found["rows"][0]["change"]["method"] == "added"
    assert {r["word"] for r in found["rows"][1:]} <= {"same", "not_compared"}
    assert entry(found, "data")["state"] == "same"
    assert found["attribution"]["follows"] == "settings"


@pytest.mark.parametrize("pair", [diff_pairs.changed, diff_pairs.reseeded, diff_pairs.audits])
def test_a_comparison_is_plain_json_and_leaves_its_documents_alone(pair: Any) -> None:
    old, new = pair()
    kept = copy.deepcopy((old, new))
    found = compare(old, new)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (old, new) == kept
