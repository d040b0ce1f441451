"""The page in a browser: no request, no error, no dialog, no accessibility violation, no broken layout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing; .ci/run installs it")
        pytest.skip(f"{CHROMIUM} is missing (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_page_opens_in_silence_and_fits(
    browser: Browser, page_file: Path, scheme: str, width: int
) -> None:
    heard: list[str] = []
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    tab = context.new_page()
    tab.on("console", lambda message: heard.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: heard.append(f"error: {error}"))
    tab.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on("request", lambda request: heard.append(f"request: {request.url}"))
    tab.goto(page_file.as_uri())
    for details in tab.query_selector_all("details"):
        details.evaluate("d => d.open = true")
    wide = tab.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert heard == [f"request: {page_file.as_uri()}"]
    assert wide <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, page_file: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    tab = context.new_page()
    tab.goto(page_file.as_uri())
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(tab)
    context.close()
    assert found.violations_count == 0, found.generate_report()


def test_the_page_reads_the_same_with_script_switched_off(browser: Browser, page_file: Path) -> None:
    texts = []
    for allowed in (True, False):
        context = browser.new_context(java_script_enabled=allowed)
        tab = context.new_page()
        tab.goto(page_file.as_uri())
        texts.append(tab.locator("main").inner_text())
        context.close()
    assert texts[0] == texts[1]
    assert "Refuted" in texts[0]


def test_the_keyboard_skips_to_the_verdicts(browser: Browser, page_file: Path) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(page_file.as_uri())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the verdicts"
    tab.keyboard.press("Enter")
    assert tab.url.endswith("#verdicts")
    context.close()


def test_it_prints_on_a4_and_letter(browser: Browser, page_file: Path) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(page_file.as_uri())
    for paper in ("A4", "Letter"):
        assert tab.pdf(format=paper).startswith(b"%PDF")
    context.close()
