"""Figures that come alive: the same bytes, a policy of hashes, silence, tooltips from the table, keys."""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import browsing
import fixture
import pytest

from toolkit.report import drawing, embedded, markup, page, render
from toolkit.report.alive import _in_columns, life, source, specs_of
from toolkit.report.view import view

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PLOTS = "figure .alive"
PANELS = 12
CURVES = "#figure-1 .alive"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as found:
        yield found


def figures(document: dict[str, Any]) -> list[Any]:
    return [f for b in view(document).beliefs for f in b.figures]


def everything_awake(tab: Any) -> None:
    """Go through the page until every panel has come alive."""
    for frame in tab.locator(PLOTS).all():
        frame.scroll_into_view_if_needed()
        frame.locator("xpath=self::*[contains(@class, 'awake')]").wait_for()
    assert tab.locator(f"{PLOTS}.awake").count() == tab.locator(PLOTS).count()


def test_the_policy_names_the_hash_of_each_script_and_allows_no_other(alive_file: Path) -> None:
    html = alive_file.read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "unsafe" not in policy[1]
    (run,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    for text in (run, drawing.bundle()):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in unescape(policy[1])
    assert unescape(policy[1]).split("script-src")[1].split(";")[0].count("sha256-") == 2


def test_the_bundle_is_carried_once_and_only_where_there_is_a_panel(
    alive_file: Path, document: dict[str, Any]
) -> None:
    assert alive_file.read_text(encoding="utf-8").count('id="vega"') == 1
    for experiment in document["experiments"]:
        experiment["figures"] = []
    bare = render(document)
    assert 'id="vega"' not in bare
    assert "script-src" not in bare
    assert life(()) is None


def test_another_process_and_another_order_give_the_same_living_page(
    alive_file: Path, tmp_path: Path
) -> None:
    code = (
        "import fixture, sys; from toolkit.report import render; document = fixture.document();"
        "document['experiments'].reverse(); render(document, alive=False);"
        "sys.stdout.buffer.write(render(fixture.document()).encode())"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONHASHSEED": "7",
        "TOOLKIT_CACHE": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert done.stdout == alive_file.read_bytes()


def test_without_its_life_the_page_is_the_still_one(page: str, alive_file: Path) -> None:
    html = alive_file.read_text(encoding="utf-8")
    between = slice(html.index("<main>"), html.index("</main>"))
    assert html[between] == page[page.index("<main>") : page.index("</main>")]
    assert embedded(html) == fixture.document()


def test_a_page_too_large_for_life_goes_without_before_it_goes_without_panels(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    still = render(document, alive=False)
    monkeypatch.setattr(page, "LIMIT", len(still.encode()))
    assert render(document) == still


@pytest.mark.slow
def test_the_largest_report_fits_with_its_life_and_has_room_to_grow(full_file: Path) -> None:
    html = full_file.read_text(encoding="utf-8")
    assert html.count('class="plot"') >= 254
    assert 'id="vega"' in html
    assert "To keep this file small" not in html
    assert len(html.encode()) < page.LIMIT - 80_000
    assert embedded(html) == fixture.full()


def test_data_are_packed_in_columns_and_come_back_as_they_were(document: dict[str, Any]) -> None:
    for figure in figures(document):
        for one in specs_of(figure) if figure.panels else ():
            columns = _in_columns(one)["data"]["columns"]
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            assert [row | {"f7": i} for i, row in enumerate(rows)] == one["data"]["values"]


def test_names_are_in_no_specification_and_rows_of_data_point_into_the_table(
    document: dict[str, Any],
) -> None:
    for figure in figures(document):
        if not figure.panels:
            continue
        for one in specs_of(figure):
            layers = [{k: v for k, v in layer.items() if k != "data"} for layer in one["layer"]]
            text = json.dumps({k: v for k, v in one.items() if k not in {"data", "layer"}} | {"l": layers})
            assert not [name for name in fixture.HOSTILE if json.dumps(name)[1:-1] in text]
            for row in one["data"]["values"]:
                assert set(row) == {f"f{i}" for i in (0, 1, 2, 3, 4, 6, 7)}
                cells = figure.table.rows[row["f6"]]
                assert cells[2 + int(row["f4"])].split()[0] != "–"


def test_packed_text_comes_back_out_and_can_end_no_element() -> None:
    assert len(set(markup.SIGNS)) == 91
    for text in ("", "a", "</script>" * 99, "naïve — 😀" * 500):
        data = str(markup.packed("x", text)).removesuffix("</script>").split(">", 1)[1]
        assert set(data) <= set(markup.SIGNS)
        assert lzma.decompress(_unpacked(data), lzma.FORMAT_RAW, filters=markup.CLOSE).decode() == text


def _unpacked(data: str) -> bytes:
    """Read basE91 back, as its author writes it."""
    bits = many = 0
    found = bytearray()
    for first, second in zip(data[::2], [*data[1::2], ""], strict=False):
        value = markup.SIGNS.index(first) + (91 * markup.SIGNS.index(second) if second else 0)
        bits |= value << many
        many += (13 if value & 8191 > 88 else 14) if second else 8 - many % 8
        while many > 7:
            found.append(bits & 255)
            bits, many = bits >> 8, many - 8
    return bytes(found)


def test_a_script_that_would_end_its_element_is_refused() -> None:
    with pytest.raises(ValueError, match="end its own element"):
        markup.script("'</SCRIPT>'")


def test_our_script_keeps_to_itself() -> None:
    for name in ("alive.js", "quiz.js"):
        text = source(name)
        assert text.split("\n", 1)[1].startswith("(() => {")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|fetch|Storage", text)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_comes_alive_in_silence_and_axe_finds_nothing_after(
    browser: Browser, alive_file: Path, scheme: str
) -> None:
    with browsing.opened(browser, alive_file, color_scheme=scheme) as (tab, heard):
        everything_awake(tab)
        assert tab.locator(PLOTS).count() == PANELS
        assert heard == []
    with browsing.opened(browser, alive_file, color_scheme=scheme, bypass_csp=True) as (tab, _):
        assert browsing.violations(tab) == ""
        everything_awake(tab)
        tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        tab.locator(CURVES).first.focus()
        tab.keyboard.press("ArrowRight")
        tab.locator(".tip:visible").wait_for()
        assert browsing.violations(tab) == ""


@pytest.mark.browser
@pytest.mark.slow
def test_a_living_figure_is_called_what_the_still_one_was_and_vega_says_nothing_of_itself(
    browser: Browser, alive_file: Path
) -> None:
    still = re.findall(r'role="img" aria-label="([^"]*)" class="plot"', alive_file.read_text())
    with browsing.opened(browser, alive_file) as (tab, _):
        everything_awake(tab)
        named = tab.locator(PLOTS)
        assert [frame.get_attribute("aria-label") for frame in named.all()] == [unescape(s) for s in still]
        assert (
            tab.locator(f"{PLOTS} .host").count() == tab.locator(f"{PLOTS} .host[aria-hidden=true]").count()
        )
        assert tab.locator(f"{PLOTS} [aria-label], {PLOTS} [role]").count() == 0


@pytest.mark.browser
@pytest.mark.slow
def test_a_living_panel_looks_like_the_still_one(browser: Browser, alive_file: Path) -> None:
    with browsing.opened(browser, alive_file, device_scale_factor=1) as (tab, _):
        before = [tab.locator(PLOTS).nth(i).bounding_box() for i in range(PANELS)]
        texts = tab.locator("figure svg.plot text").all_inner_texts()
        everything_awake(tab)
        tab.evaluate("scrollTo(0, 0)")
        after = [tab.locator(PLOTS).nth(i).bounding_box() for i in range(PANELS)]
        assert before == after
        assert set(texts) <= set(tab.locator("figure svg.plot text").all_inner_texts())


@pytest.mark.browser
@pytest.mark.slow
def test_the_pointer_is_told_what_the_table_says_and_the_other_series_fade(
    browser: Browser, alive_file: Path
) -> None:
    with browsing.opened(browser, alive_file) as (tab, heard):
        frame = tab.locator(CURVES).first
        frame.scroll_into_view_if_needed()
        tab.locator(f"{CURVES}.awake").first.wait_for()
        mark = frame.locator("svg .mark-symbol").last.locator("path").first
        mark.dispatch_event("pointerover")
        mark.hover(force=True)
        told = tab.locator(".tip").inner_text()
        row = tab.locator("#figure-1 tr:has(td)").first.locator("td").all_text_contents()
        assert row[0] in told
        assert any(cell in told for cell in row[1:])
        assert tab.locator("#figure-1 .key .away").count() == 2
        assert tab.locator("#figure-1 .spotted").count() == 1
        tab.mouse.move(1, 1)
        tab.locator(".tip").wait_for(state="hidden")
        assert heard == []


@pytest.mark.browser
@pytest.mark.slow
def test_keys_run_through_all_points_and_on_into_the_next_panel(browser: Browser, alive_file: Path) -> None:
    with browsing.opened(browser, alive_file) as (tab, heard):
        frame = tab.locator(CURVES).first
        frame.focus()
        said = []
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "End", "ArrowRight", "ArrowRight", "Home"):
            before = tab.locator("main > [role=status]").inner_text()
            tab.keyboard.press(key)
            tab.wait_for_function(
                "old => document.querySelector('main > [role=status]').textContent !== old", arg=before
            )
            said.append(tab.locator("main > [role=status]").inner_text())
        assert len(set(said)) >= 5
        assert tab.evaluate("document.activeElement === document.querySelectorAll('#figure-1 .alive')[1]")
        assert tab.locator("#figure-1 .alive[tabindex='0']").count() == 1
        tab.keyboard.press("Escape")
        tab.locator(".tip").wait_for(state="hidden")
        assert heard == []


@pytest.mark.browser
@pytest.mark.slow
def test_a_bundle_that_will_not_start_leaves_every_drawing_in_place(
    browser: Browser, alive_file: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "report.html"
    html = alive_file.read_text(encoding="utf-8")
    start = html.index('id="vega">') + len('id="vega">')
    broken.write_text(html[:start] + "!!!!" + html[html.index("</script>", start) :], encoding="utf-8")
    with browsing.opened(browser, broken) as (tab, heard):
        for frame in tab.locator("figure .panel").all():
            frame.scroll_into_view_if_needed()
        tab.wait_for_function("!document.querySelector('.alive')")
        assert tab.locator("figure svg.plot[role=img]:not([aria-hidden])").count() == PANELS
        assert heard == []
