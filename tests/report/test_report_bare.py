"""Pages where a server forbids our style sheet and our scripts, as Jenkins does: still drawn, still whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import audit_fixture
import browsing
import pytest

from toolkit.report import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHERE = "http://jenkins.test/report.html"
# What Jenkins sends with every file of a build (hudson.model.DirectoryBrowserSupport.CSP).
POLICY = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
LOOK = """() => {
  const drawings = [...document.querySelectorAll('svg.plot, svg.ruler:not(.axis)')].map(svg => {
    const parts = [...svg.querySelectorAll('path, line, circle, rect, text, use')];
    const drawn = parts.filter(part => !part.closest('defs'));
    const inks = drawn.flatMap(e => [getComputedStyle(e).fill, getComputedStyle(e).stroke]);
    return { plot: svg.classList.contains('plot'), width: svg.getBoundingClientRect().width,
             inks: [...new Set(inks)].filter(ink => ink !== 'none') };
  });
  const marks = [...document.querySelectorAll('svg:not(.plot, .ruler)')].map(svg => {
    const box = svg.getBoundingClientRect();
    return [svg.getAttribute('class'), box.width, box.height];
  });
  const text = document.querySelector('main').textContent;
  return { drawings, marks, text, paper: getComputedStyle(document.body).fontFamily };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def audit_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bare") / "audit.html"
    path.write_text(render(audit_fixture.document()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def served(browser: Browser, file: Path, scheme: str) -> Page:
    """Open a file as Jenkins would serve it."""
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme)  # type: ignore[arg-type]
    tab = context.new_page()
    headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html;charset=utf-8"}
    tab.route(WHERE, lambda route: route.fulfill(body=file.read_bytes(), headers=headers))
    tab.goto(WHERE)
    return tab


@pytest.mark.parametrize("file", ["page_file", "alive_file", "audit_file"], indirect=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawings_keep_their_inks_and_marks_their_size_without_a_style_sheet(
    browser: Browser, file: Path, scheme: str
) -> None:
    tab = served(browser, file, scheme)
    seen: dict[str, Any] = tab.evaluate(LOOK)
    tab.context.close()
    assert "Palatino" not in seen["paper"]  # or the style sheet did apply, and this shows nothing
    plots = [d for d in seen["drawings"] if d["plot"]]
    assert len(plots) > 5
    assert [d for d in plots if len(d["inks"]) < 2] == []
    assert [d for d in seen["drawings"] if d["width"] > 420 or not d["inks"]] == []
    assert len(seen["marks"]) > 20
    assert [m for m in seen["marks"] if m[1] > (31 if m[0] == "swatch" else 20) or m[2] > 20] == []


@pytest.mark.parametrize("file", ["page_file", "audit_file"], indirect=True)
def test_no_text_is_lost_without_a_style_sheet(browser: Browser, file: Path) -> None:
    tab = served(browser, file, "light")
    bare = tab.evaluate(LOOK)["text"]
    shown = tab.locator("main").inner_text()
    assert not tab.locator(".readers").is_visible()  # the switch could do nothing
    tab.context.close()
    with browsing.opened(browser, file) as (styled, _):
        assert styled.evaluate(LOOK)["text"] == bare
    for text in ("Verdicts", "Method", "Provenance", "Glossary"):
        assert text in shown
