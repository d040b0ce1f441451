"""The page as bytes and as text: golden, the same every time, safe, complete without script."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import fixture
import pytest

from toolkit.report import embedded, markup, render, words

GOLDEN = Path(__file__).parents[1] / "golden" / "report.html"
PACKAGE = Path(markup.__file__).parent


class Reader(HTMLParser):
    """What a text browser shows, and every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._silent = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)

    def words(self) -> str:
        return " ".join("".join(self.text).split())


@pytest.fixture(scope="module")
def reader(page: str) -> Reader:
    return Reader(page)


def test_the_page_is_the_golden_one(page: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8"), (
        "the report of the fixture changed; look at it, then run this test with UPDATE_GOLDEN=1"
    )


def test_another_process_renders_the_same_bytes(page: str) -> None:
    code = (
        "import fixture, sys; from toolkit.report import render; "
        "sys.stdout.buffer.write(render(fixture.document(), alive=False).encode())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path]), "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert done.stdout.decode() == page


def test_rendering_leaves_the_document_alone(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    render(document)
    assert document == before


def test_no_clock_or_machine_enters_but_through_the_document(document: dict[str, Any]) -> None:
    document["provenance"]["started"] = "1999-12-31"
    assert "1999-12-31" in render(document)


def test_nothing_but_data_stands_in_a_script_element(reader: Reader) -> None:
    scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
    assert [s["type"] for s in scripts] == ["application/json"]


def test_hostile_names_stay_text(reader: Reader) -> None:
    assert not [
        tag for tag, _ in reader.tags if tag in {"img", "iframe", "object", "embed", "link", "base", "form"}
    ]
    assert not [a for _, attributes in reader.tags for a in attributes if a.startswith("on")]
    text = reader.words()
    for name in fixture.HOSTILE:
        assert " ".join(name.split()) in text


def test_no_attribute_carries_style_so_the_policy_needs_no_exception(reader: Reader) -> None:
    assert not [tag for tag, attributes in reader.tags if "style" in attributes]


def test_the_policy_allows_the_one_style_sheet_and_nothing_else(reader: Reader, page: str) -> None:
    policies = [a["content"] for tag, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [markup.policy("readers.css")]
    assert "default-src 'none'" in policies[0]
    assert "script" not in policies[0]
    assert "unsafe" not in policies[0]
    assert page.count("<style>") == 1
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_page_asks_for_nothing_from_anywhere(reader: Reader, page: str) -> None:
    loading = {"src", "srcset", "data", "poster", "background", "action", "xlink:href"}
    assert not [a for _, attributes in reader.tags for a in attributes if a in loading]
    links = [a["href"] for tag, a in reader.tags if tag == "a"]
    assert all(link and link.startswith("#") for link in links)
    assert not re.search(r"@import|url\((?!#)", str(markup.style()))


def test_every_link_leads_somewhere_and_every_id_is_unique(reader: Reader) -> None:
    ids = [a["id"] for _, a in reader.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    targets = {str(a["href"])[1:] for tag, a in reader.tags if tag == "a"}
    assert targets <= set(ids)


def test_a_text_reading_holds_every_ruling_and_every_pooled_number(
    reader: Reader, document: dict[str, Any]
) -> None:
    text = reader.words()
    for experiment in document["experiments"]:
        assert " ".join(words.clean(experiment["sentence"]).split()) in text
        for claim in experiment["claims"]:
            pooled, places = claim["pooled"], words.decimals(claim["margin"])
            assert words.because(claim)[1:] in text
            assert words.RULING[pooled["ruling"]] in text
            for key in ("effect", "low", "high", "low90", "high90"):
                if pooled[key] is not None:
                    assert words.number(pooled[key], places, sign=True) in text
            for verdict in claim["verdicts"]:
                assert words.number(verdict["effect"], places, sign=True) in text
                for effect in verdict["effects"]:
                    assert words.number(effect, places + 1, sign=True) in text


def test_a_text_reading_holds_failures_reasons_and_provenance(
    reader: Reader, document: dict[str, Any]
) -> None:
    text = reader.words()
    for experiment in document["experiments"]:
        for failure in experiment["failures"]:
            assert words.STATUS[failure["status"]] in text
            assert " ".join(words.clean(failure["reason"]).split()) in text
    for key in ("commit", "command", "effort"):
        assert document["provenance"][key] in text
    assert "a" * 64 in text
    assert "toolkit check misconceptions --only M002 --seed 0 --effort standard" in text


def test_every_claim_has_a_sentence_a_table_and_a_drawing(page: str, document: dict[str, Any]) -> None:
    for part in re.findall(r'<section id="[^"]*" class="claim".*?</section>', page, re.S):
        assert 'class="answer"' in part
        assert 'class="forest"' in part
    ruled = [
        c
        for e in document["experiments"]
        for c in e["claims"]
        if any(v["effect"] is not None for v in c["verdicts"])
    ]
    drawn = re.findall(r'<section id="([^"]*)" class="claim".*?</section>', page, re.S)
    assert len(drawn) == sum(len(e["claims"]) for e in document["experiments"])
    assert page.count('class="ruler') >= sum(len(c["verdicts"]) for c in ruled)


def test_every_figure_has_a_caption_a_finding_a_table_and_a_text_alternative(page: str) -> None:
    figures = re.findall(r'<figure id="figure-\d+".*?</figure>', page, re.S)
    assert len(figures) == 6
    for figure in figures:
        assert '<p class="finding">' in figure
        assert "<figcaption>" in figure
        if "could be measured" not in figure:
            assert "<table" in figure
            assert re.search(r'<svg [^>]*role="img"[^>]*aria-label="[^"]{20,}"', figure)


def test_every_drawing_is_named_or_hidden(reader: Reader) -> None:
    drawings = [a for tag, a in reader.tags if tag == "svg"]
    assert drawings
    assert all(
        a.get("aria-hidden") == "true" or (a.get("role") == "img" and a.get("aria-label")) for a in drawings
    )


def test_the_run_document_comes_back_out(page: str, document: dict[str, Any]) -> None:
    assert embedded(page) == document


def test_a_large_document_is_embedded_compressed_and_comes_back_out(document: dict[str, Any]) -> None:
    document["padding"] = "</script>\u2028&" * 60_000
    island = str(markup.island(document))
    assert len(island) < 300_000
    assert island.count("<") == 2
    assert embedded(island) == document


def test_a_lone_surrogate_does_not_stop_the_page(document: dict[str, Any]) -> None:
    document["name"] = "broken \ud800 name"
    html = render(document)
    html.encode("utf-8")
    assert embedded(html)["name"] == "broken \ud800 name"


def test_a_page_without_a_run_document_is_refused() -> None:
    with pytest.raises(ValueError, match="not a report of this toolkit"):
        embedded("<html></html>")


def test_the_templates_never_switch_escaping_off() -> None:
    for template in (PACKAGE / "templates").glob("*.j2"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), template.name
    for module in PACKAGE.rglob("*.py"):
        if module.name != "markup.py":
            assert "Markup(" not in module.read_text(encoding="utf-8"), module.name


def test_a_report_that_would_grow_too_large_draws_fewer_panels_and_says_so(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = render(document, alive=False)
    monkeypatch.setattr("toolkit.report.page.LIMIT", len(whole.encode()) - 1)
    monkeypatch.setattr("toolkit.report.page.FEWER", (2,))
    fewer = render(document)
    assert "the first 2 are drawn; the table holds all" in fewer
    assert len(fewer) < len(whole)
    assert Reader(whole).words().count("0.472") == Reader(fewer).words().count("0.472")
