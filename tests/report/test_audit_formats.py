"""Markdown and JUnit of an audit, and its document read back by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import audit_fixture
import fixture
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from toolkit.cli.report import build, read_document, show
from toolkit.cli.schema import command as schemas
from toolkit.records import BadInputError
from toolkit.report import formats, render
from toolkit.report.audit import words
from toolkit.report.audit.lookup import main_gaps, rates_of
from toolkit.report.formats.pull_request import escape


@pytest.fixture
def document() -> dict[str, Any]:
    return audit_fixture.document()


def test_junit_has_a_case_for_each_gap_and_maps_rulings(document: dict[str, Any]) -> None:
    root = fromstring(formats.junit(document))
    gaps = main_gaps(document)
    cases = root.findall(".//testcase")
    assert [(c.get("classname"), c.get("name")) for c in cases] == [
        (g["attribute"], g["metric"]) for g in gaps
    ]
    expected = {"shown": {"failure"}, "not_enough_evidence": {"skipped"}, "not_applicable": {"skipped"}}
    for case, gap in zip(cases, gaps, strict=True):
        assert {child.tag for child in case} - {"system-out"} == expected.get(gap["ruling"], set())
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "1", "3")


def test_junit_stays_xml_whatever_the_names_hold() -> None:
    text = formats.junit(audit_fixture.hostile())
    assert fixture.SCRIPT not in text
    said = " ".join(c.get("message", "") for c in fromstring(text).iter("failure"))
    assert fixture.SCRIPT in said


def test_markdown_holds_every_verdict_and_warning(document: dict[str, Any]) -> None:
    text = formats.markdown(document)
    for gap in main_gaps(document):
        said = words.sentence(gap, rates_of(document, gap)).partition(": ")[2]
        assert escape(said) in text
    for warning in document["warnings"]:
        assert escape(warning["title"]) in text
    assert "**Gate: ▲ Gap shown.**" in text


@pytest.mark.parametrize("make", [audit_fixture.hostile, audit_fixture.labels_only])
def test_markdown_of_hostile_names_renders_as_text(make: Any) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(formats.markdown(make()))
    assert "<img" not in html
    assert "<script" not in html
    assert "<a " not in html
    assert html.count("<table>") == 3
    assert html.count("<h1>") == 1


def test_a_check_is_written_as_before() -> None:
    assert formats.markdown(fixture.document()).startswith("# misconceptions")
    assert "M002" in formats.junit(fixture.document())


def test_an_audit_is_read_from_its_folder_and_from_its_report(
    document: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text(formats.json(document), encoding="utf-8")
    (tmp_path / "report.html").write_text(render(document), encoding="utf-8")
    assert read_document(tmp_path) == document == read_document(tmp_path / "report.html")


def test_report_show_prints_the_table_and_exits_as_the_gate_did(
    document: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text(formats.json(document), encoding="utf-8")
    shown = CliRunner().invoke(show, [str(tmp_path)])
    assert shown.exit_code == 1
    assert "white 88.7 %" in shown.output
    assert "Rows were dropped more often in one group" in shown.output
    document["gate"] = None
    (tmp_path / "run.json").write_text(formats.json(document), encoding="utf-8")
    assert CliRunner().invoke(show, [str(tmp_path)]).exit_code == 0


def test_report_build_writes_every_format_of_an_audit(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(formats.json(document), encoding="utf-8")
    built = CliRunner().invoke(build, [str(tmp_path), "--format", "html,markdown,junit,card"])
    assert built.exit_code == 0, built.output
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(document)
    assert (tmp_path / "report.md").is_file()
    assert (tmp_path / "junit.xml").is_file()
    assert (tmp_path / "card.md").is_file()


def test_a_check_has_no_model_card(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(formats.json(fixture.document()), encoding="utf-8")
    refused = CliRunner().invoke(build, [str(tmp_path), "--format", "card"])
    assert isinstance(refused.exception, BadInputError)
    assert not (tmp_path / "card.md").exists()


def test_the_schema_of_an_audit_is_printed() -> None:
    printed = CliRunner().invoke(schemas, ["audit"])
    assert json.loads(printed.output)["title"] == "toolkit.audit/1"
