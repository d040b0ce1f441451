"""The evidence map: a section is evidence only if it is there, and nothing is ever called met."""

from __future__ import annotations

from typing import Any

from toolkit.fairness.lenses import evidenced
from toolkit.fairness.lenses.eu_ai_act import eu_ai_act


def rows(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["paragraph"]: row for row in eu_ai_act(document)["results"]["paragraphs"]}


GAP = {"attribute": "race", "metric": "selection_rate", "ruling": "shown", "rows_needed": None}
GROUP = {"attributes": {"race": "a"}, "n": 10, "missing": False, "too_few": [], "metrics": {}}


def test_an_empty_document_evidences_nothing() -> None:
    lens = eu_ai_act({})
    assert all(not row["evidence"] for row in lens["results"]["paragraphs"])
    assert lens["sentences"][0].startswith("Figures of this audit speak to 0 of 9")


def test_the_paragraphs_of_articles_10_and_15_are_all_there() -> None:
    expected = ["10(2)(f)", "10(2)(g)", "10(2)(h)", "10(3)", "10(5)", "15(1)", "15(3)", "15(4)", "15(5)"]
    assert list(rows({})) == expected


def test_gaps_are_evidence_of_an_examination_and_not_of_mitigation() -> None:
    found = rows({"gaps": [GAP]})
    assert "1 gap by race" in found["10(2)(f)"]["evidence"][0]
    assert found["10(2)(g)"]["evidence"] == []


def test_a_failed_option_is_no_measure() -> None:
    failed = {"name": "x", "failed": "no feature is left"}
    assert rows({"mitigation": {"options": [failed]}})["10(2)(g)"]["evidence"] == []
    works = rows({"mitigation": {"options": [failed, {"name": "reweighing", "failed": None}]}})
    assert "reweighing" in works["10(2)(g)"]["evidence"][0]
    assert "x" not in works["10(2)(g)"]["evidence"][0].split(": ")[1].split(", ")


def test_selection_rates_alone_are_no_evidence_of_accuracy() -> None:
    chosen = GROUP | {"metrics": {"selection_rate": {"value": 0.4}}}
    assert rows({"groups": [chosen]})["15(1)"]["evidence"] == []
    accurate = GROUP | {"metrics": {"accuracy": {"value": 0.9}}}
    assert "accuracy by group" in rows({"groups": [accurate]})["15(1)"]["evidence"][0]
    assert rows({"groups": [accurate]})["15(3)"]["evidence"]


def test_dropped_rows_and_unknown_people_are_named_as_shortcomings() -> None:
    document = {
        "data": {"dropped": [{"reason": "no label", "rows": 12}]},
        "groups": [GROUP | {"missing": True, "n": 7, "too_few": ["true_positive_rate"]}],
    }
    said = "; ".join(rows(document)["10(2)(h)"]["evidence"])
    assert "12 rows dropped" in said
    assert "(7)" in said
    assert "1 group too small" in said


def test_cybersecurity_is_never_evidenced() -> None:
    assert rows({"gaps": [GAP], "groups": [GROUP]})["15(5)"]["evidence"] == []


def test_the_map_of_a_finished_document_is_drawn_from_all_of_it() -> None:
    early, other = eu_ai_act({"gaps": [GAP]}), {"id": "four-fifths", "sentences": ["kept"]}
    warning = {"code": "fragile-rulings"}
    found = evidenced({"gaps": [GAP], "groups": [GROUP], "warnings": [warning], "lenses": [other, early]})
    assert found[0] == other
    late = {row["paragraph"]: row["evidence"] for row in found[1]["results"]["paragraphs"]}
    assert late["10(5)"] == ["that race was processed for detecting bias"]
    assert late["15(4)"] == ["how many decisions would change each ruling"]
    assert evidenced({}) == []
