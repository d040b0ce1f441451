"""The model card: YAML that any reader reads, every figure of the document, and nothing active."""

from __future__ import annotations

from typing import Any

import audit_fixture
import fixture
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from toolkit.report import words
from toolkit.report.formats.card import card, quoted
from toolkit.report.formats.card_tables import RULING, text


@pytest.fixture
def audited() -> dict[str, Any]:
    return audit_fixture.document()


def front(written: str) -> dict[str, Any]:
    start, matter, _ = written.split("---\n", 2)
    assert start == ""
    found: dict[str, Any] = yaml.safe_load(matter)
    return found


def html(written: str) -> str:
    body = written.split("---\n", 2)[2]
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(body))


def test_the_front_matter_is_what_the_hub_reads(audited: dict[str, Any]) -> None:
    found = front(card(audited))
    assert found["tags"] == ["fairness", "audit", "tabular-classification"]
    assert found["library_name"] == "sklearn"
    (result,) = found["model-index"][0]["results"]
    assert result["dataset"] == {"name": "loans.csv", "type": "csv"}
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values["accuracy"] == audited["overall"]["metrics"]["accuracy"]["value"]
    assert values["recall"] == audited["overall"]["metrics"]["true_positive_rate"]["value"]
    assert list(values) == found["metrics"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_yaml(name: str) -> None:
    assert yaml.safe_load(f"a: {quoted(name)}") == {"a": name}


@pytest.mark.parametrize(
    "name", ["---\n", "a: b", "# c", "'\"\\", "\x1b[31m\x00", "x\u2028y\x85z", "\U0001f600", "yes"]
)
def test_hostile_names_cannot_leave_the_front_matter(audited: dict[str, Any], name: str) -> None:
    audited["name"] = audited["data"]["label"] = name
    found = front(card(audited))
    assert found["model-index"][0]["name"] == name
    assert found["model-index"][0]["results"][0]["dataset"]["name"] == name
    assert set(found) == {"tags", "library_name", "metrics", "model-index"}


def test_a_metric_that_is_undefined_is_left_out_of_the_index(audited: dict[str, Any]) -> None:
    audited["overall"]["metrics"]["precision"]["value"] = None
    assert "precision" not in front(card(audited))["metrics"]
    for metric in audited["overall"]["metrics"].values():
        metric["value"] = None
    assert "model-index" not in front(card(audited))


def test_every_group_and_metric_has_its_value_and_interval(audited: dict[str, Any]) -> None:
    written = card(audited)
    for group in audited["groups"]:
        for metric in group["metrics"].values():
            if metric["value"] is not None:
                ends = f"({words.number(metric['low'])} to {words.number(metric['high'])})"
                assert f"{words.number(metric['value'])} {ends}" in written


def test_every_gap_has_its_ruling_and_every_reason_is_said(audited: dict[str, Any]) -> None:
    written = card(audited)
    section = written.partition("## Gaps and rulings")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    gaps = [gap for gap in audited["gaps"] if gap["compare"] != "rest"]
    assert len(rows) == len(gaps)
    assert f"{len(audited['gaps']) - len(gaps)} more, of each group against the rest" in section
    for row, gap in zip(rows, gaps, strict=True):
        assert row.endswith(f"| {RULING[gap['ruling']]} |")
        assert words.number(gap["value"], 3, sign=gap["kind"] == "difference") in row
        assert not gap["reason"] or text(gap["reason"]) in written
        assert not gap["rows_needed"] or text(gap["rows_needed"]["sentence"]) in written


def test_a_ratio_says_which_group_stands_above_the_line(audited: dict[str, Any]) -> None:
    ratio = next(gap for gap in audited["gaps"] if gap["kind"] == "ratio")
    assert (ratio["highest"], ratio["lowest"]) == ("white", "Black")
    assert f"| ratio | Black over white | {words.number(ratio['value'])} |" in card(audited)


def test_metrics_nobody_asked_for_are_counted_and_left_to_the_run(audited: dict[str, Any]) -> None:
    audited["settings"]["metrics"] = ["selection_rate"]
    written = card(audited)
    assert "| Group | People | selection rate | roc auc |" in written
    assert "4 more metrics are in `run.json`" in written


def test_warnings_are_the_limitations_and_silenced_ones_are_named(audited: dict[str, Any]) -> None:
    section = card(audited).partition("## Limitations")[2].partition("\n## ")[0]
    for warning in audited["warnings"]:
        assert f"**{text(warning['title'])}**" in section
        assert text(warning["text"]) in section
    assert "small-groups" in section


def test_what_lenses_are_not_is_said_with_them(audited: dict[str, Any]) -> None:
    written = card(audited)
    for lens in audited["lenses"]:
        assert f"### {text(lens['name'])}" in written
        assert f"What it is not: {text(lens['is_not'])}" in written


def test_the_command_can_be_copied_as_it_was_typed(audited: dict[str, Any]) -> None:
    assert f"\n    {audited['provenance']['command']}\n" in card(audited)
    audited["provenance"]["command"] = "toolkit audit \u202e.csv --x `rm` <img src=x>"
    assert "<img" not in html(card(audited))


def test_hostile_names_render_as_text() -> None:
    document = audit_fixture.hostile()
    page = html(card(document))
    for element in ("<img", "<script", "<a ", "<em>", "\x1b"):
        assert element not in page
    assert fixture.SCRIPT not in card(document)
    plain = html(card(audit_fixture.document()))
    for element in ("<table>", "<h1>", "<h2>", "<h3>", "<tr>", "<li>", "<pre>"):
        assert page.count(element) == plain.count(element)


def test_numbered_lists_do_not_begin_by_accident() -> None:
    assert html(f"---\n---\n{text('1. a name')}") == "<p>1. a name</p>\n"
    assert text("0.050") == "0.050"


def test_an_audit_without_a_model_says_why_parts_are_empty() -> None:
    written = card(audit_fixture.labels_only())
    assert written.count("Not applicable: there is no model to refit") == 3
    assert "library_name" not in front(written)


def test_a_document_with_next_to_nothing_is_a_card() -> None:
    written = card({"schema": "toolkit.audit/1", "name": "bare"})
    assert "# bare" in written
    assert front(written)["tags"][0] == "fairness"
    assert "Metrics by group" not in written
    assert "No warning was raised." in written


def test_the_same_document_gives_the_same_card(audited: dict[str, Any]) -> None:
    assert card(audited) == card(audit_fixture.document())
