"""Markdown, JUnit and JSON: the same rulings, the same names, nothing active."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import fromstring

import fixture
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from toolkit.report import formats, validate, words
from toolkit.report.formats.pull_request import escape


def test_json_reads_back_as_the_document(document: dict[str, Any]) -> None:
    assert json.loads(formats.json(document)) == document


def test_json_refuses_what_json_cannot_hold() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        formats.json({"x": float("nan")})


def test_junit_has_a_case_for_each_claim_and_maps_rulings(document: dict[str, Any]) -> None:
    root = fromstring(formats.junit(document))
    rulings = [c["pooled"]["ruling"] for e in document["experiments"] for c in e["claims"]]
    cases = root.findall(".//testcase")
    assert len(cases) == len(rulings) == int(root.get("tests", ""))
    for case, ruling in zip(cases, rulings, strict=True):
        kinds = {child.tag for child in case} - {"system-out"}
        assert (
            kinds
            == {
                "supported": set(),
                "refuted": {"failure"},
                "error": {"error"},
                "inconclusive": {"skipped"},
                "not_applicable": {"skipped"},
            }[ruling]
        )
    assert int(root.get("failures", "")) == rulings.count("refuted")
    assert int(root.get("errors", "")) == rulings.count("error")


def test_junit_stays_xml_whatever_the_names_hold(document: dict[str, Any]) -> None:
    text = formats.junit(document)
    assert "\x1b" not in text
    assert fixture.SCRIPT not in text
    assert fixture.SCRIPT in "".join(fromstring(text).itertext())


def test_markdown_holds_every_ruling(document: dict[str, Any]) -> None:
    text = formats.markdown(document)
    for experiment in document["experiments"]:
        assert escape(experiment["sentence"]) in text
        for claim in experiment["claims"]:
            assert escape(words.ruled(claim)) in text


def test_markdown_of_hostile_names_renders_as_text(document: dict[str, Any]) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(formats.markdown(document))
    assert "<img" not in html
    assert "<script" not in html
    assert "<a " not in html
    assert html.count("<table>") == 1 + sum(len(e["claims"]) for e in document["experiments"])
    assert html.count("<h1>") == 1


@given(st.text())
def test_escaped_text_makes_no_element_in_markdown(text: str) -> None:
    html = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(f"| a |\n|---|\n| {escape(text)} |\n")
    )
    body = html.partition("<tbody>")[2]
    assert body.count("<td>") <= 1
    assert (
        body.count("<") == body.count("<td>") * 2 + body.count("<tr>") * 2 + 2 * ("<tbody>" in html)
        or not body
    )


def test_every_form_accepts_a_valid_document_without_optional_parts(document: dict[str, Any]) -> None:
    for experiment in document["experiments"]:
        for key in ("article", "figures", "failures", "threats", "not_applicable", "outcomes", "tables"):
            experiment.pop(key)
        for claim in experiment["claims"]:
            for key in ("controls", "stance", "quantifier", "scope"):
                claim.pop(key)
    del document["headline"], document["calibration"]
    validate(document)
    assert formats.markdown(document)
    assert formats.junit(document)
