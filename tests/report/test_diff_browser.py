"""Comparison and front page in a browser: silent, within their width, and nothing for axe to find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import audit_fixture
import diff_pairs
import fixture
import pytest
from test_diff_words import hostile
from test_report_browser import browser

from toolkit.report.diff import compare
from toolkit.report.diff.page import render as render_diff
from toolkit.report.index import render as render_index
from toolkit.report.index import scan

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["browser"]
PAGES = ("check", "audit", "hostile check", "hostile audit", "index")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write every page that is looked at."""
    folder = tmp_path_factory.mktemp("pages")
    pairs = [diff_pairs.changed(), diff_pairs.audits(), *hostile()]
    texts = {name: render_diff(compare(*pair)) for name, pair in zip(PAGES, pairs, strict=False)}
    runs = folder / "runs"
    for place in range(20):
        checked, audited = diff_pairs.check(), audit_fixture.document()
        checked["provenance"] |= {
            "started": f"2026-11-{place + 1:02d}T08:00:00+00:00",
            "commit": str(place // 4),
        }
        audited["name"] = fixture.HOSTILE[place % 5]
        for name, document in (("check", checked), ("audit", audited)):
            (runs / f"{name}-{place}").mkdir(parents=True)
            (runs / f"{name}-{place}" / "run.json").write_text(json.dumps(document), encoding="utf-8")
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{", encoding="utf-8")
    texts["index"] = render_index(scan(runs), title=fixture.LONG)
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_opens_in_silence_and_fits(
    browser: Browser,
    pages: dict[str, Path],
    name: str,
    width: int,
) -> None:
    heard: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900})
    tab = context.new_page()
    tab.on("console", lambda message: heard.append(f"console: {message.text}"))
    tab.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on("request", lambda request: heard.append(request.url))
    tab.goto(pages[name].as_uri())
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    wide = tab.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert heard == [pages[name].as_uri()]
    assert wide <= width


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("check", "light"), ("audit", "dark"), ("hostile check", "dark"), ("index", "light"), ("index", "dark")],
)
def test_axe_finds_no_violation(
    browser: Browser,
    pages: dict[str, Path],
    name: str,
    scheme: str,
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    tab = context.new_page()
    tab.goto(pages[name].as_uri())
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(tab)
    context.close()
    assert found.violations_count == 0, found.generate_report()
