"""The front page of scheduled jobs in a browser: silent, within its width, nothing for axe to find."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import fixture
import history_year as year
import pytest
from browsing import opened, violations
from test_report_browser import browser

from toolkit.report.index import render, scan

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["browser"]
OPEN = "for (const d of document.querySelectorAll('details')) d.open = true"
OUTSIDE = """[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .hidden, svg')
    && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"""
STRICT = '<meta http-equiv="Content-Security-Policy" content="sandbox; default-src \'none\'">'


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the planted year, a history in trouble with hostile names, and the year under a strict policy."""
    folder = tmp_path_factory.mktemp("front")
    at = year.site(folder / "year", gaps=8)
    texts = {"year": render(scan(folder / "year", at=at), title="Reports of a year")}
    trouble = [*year.audit_job(70, job="late", gaps=7), year.missed("late", (70, 71, 72))]
    trouble.append(year.ended("late", 73, "refused", 2, fixture.SCRIPT + "x" * 200))
    for record in trouble:
        for point in record["points"]:
            point["series"] = point["series"].replace("race", fixture.LONG.replace("/", "%2F"))
        if record["inputs"]:
            record["inputs"]["grown"] = None
    year.write(folder / "late" / ".toolkit", trouble, year.heartbeat(year.due(74), {"late": year.due(75)}))
    found = scan(folder / "late", at=year.due(80) + timedelta(hours=1))
    texts["late"] = render(found, title=fixture.LONG)
    texts["strict"] = texts["year"].replace("<head>", f"<head>{STRICT}", 1)
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("name", ["year", "late"])
def test_the_page_opens_in_silence_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    with opened(browser, pages[name], viewport={"width": width, "height": 900}) as (tab, heard):
        tab.evaluate(OPEN)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(OUTSIDE) == []
        assert heard == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["year", "late"])
def test_axe_finds_no_violation(browser: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    with opened(browser, pages[name], color_scheme=scheme, bypass_csp=True) as (tab, _):
        tab.evaluate(OPEN)
        assert violations(tab) == ""


def test_what_is_folded_is_printed_and_nothing_wider_than_the_paper(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["year"], viewport={"width": 680, "height": 900}) as (tab, _):
        tab.emulate_media(media="print")
        seen = tab.evaluate("[...document.querySelectorAll('.trend')].map(e => e.checkVisibility())")
        assert len(seen) == 12
        assert all(seen)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 680


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_under_a_servers_strict_policy_drawings_keep_their_size_and_their_ink(
    browser: Browser, pages: dict[str, Path], scheme: str
) -> None:
    with opened(browser, pages["strict"], color_scheme=scheme) as (tab, _):
        sizes = tab.evaluate(
            "[...document.querySelectorAll('main svg')].map(e => e.getBoundingClientRect().width)"
        )
        assert max(sizes) <= 300
        inks = tab.evaluate(
            "[...document.querySelectorAll('.trend .line')].map(e => getComputedStyle(e).stroke)"
        )
        text = tab.evaluate("getComputedStyle(document.body).color")
        assert set(inks) == {text}
