"""An audit's page in a browser: no request, no error, no dialog, no accessibility violation, no overflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import audit_fixture
import pytest
from test_report_browser import browser  # noqa: F401 - a fixture

from toolkit.report import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Tables whose drawings do not lie exactly under their scale.
CROOKED = """() => [...document.querySelectorAll('table.rows')].filter(table => {
    const axis = table.querySelector('thead svg').getBoundingClientRect();
    return [...table.querySelectorAll('tbody .drawn svg')].some(row => {
        const box = row.getBoundingClientRect();
        return Math.abs(box.left - axis.left) > 0.6 || Math.abs(box.width - axis.width) > 0.6;
    });
}).map(table => table.parentElement.getAttribute('aria-label'))"""


@pytest.fixture(scope="module", params=["document", "hostile"])
def audit_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audit") / f"{request.param}.html"
    path.write_text(render(getattr(audit_fixture, request.param)()), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 390), ("light", 1280), ("dark", 390), ("dark", 1440)]
)
def test_the_page_opens_in_silence_and_fits(
    browser: Browser,  # noqa: F811 - the fixture
    audit_file: Path,
    scheme: str,
    width: int,
) -> None:
    heard: list[str] = []
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    tab = context.new_page()
    tab.on("console", lambda message: heard.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: heard.append(f"error: {error}"))
    tab.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on("request", lambda request: heard.append(f"request: {request.url}"))
    tab.goto(audit_file.as_uri())
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    wide = tab.evaluate("document.documentElement.scrollWidth")
    crooked = tab.evaluate(CROOKED)
    context.close()
    assert heard == [f"request: {audit_file.as_uri()}"]
    assert wide <= width
    assert crooked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, audit_file: Path, scheme: str) -> None:  # noqa: F811 - fixture
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    tab = context.new_page()
    tab.goto(audit_file.as_uri())
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(tab)
    context.close()
    assert found.violations_count == 0, found.generate_report()


def test_the_page_reads_the_same_with_script_switched_off_and_prints(
    browser: Browser,  # noqa: F811 - the fixture
    audit_file: Path,
) -> None:
    texts = []
    for allowed in (True, False):
        context = browser.new_context(java_script_enabled=allowed)
        tab = context.new_page()
        tab.goto(audit_file.as_uri())
        texts.append(tab.locator("main").inner_text())
        if allowed:
            assert tab.pdf(format="A4").startswith(b"%PDF")
        context.close()
    assert texts[0] == texts[1]
    assert "Gap shown" in texts[0]
