"""An audit for three readers, chosen without script: verdicts; groups, gaps and options; everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import audit_fixture
import browsing
import pytest
from test_report_readers import read_as

from toolkit.report import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIRST = ["verdicts", "warnings"]
ENGINEERS = ["groups", "intersections", "gaps", "account", "features", "options", "lenses", "within", "data"]
AUDITORS = ["method", "calibration", "provenance"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def audit_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audit") / "report.html"
    path.write_text(render(audit_fixture.document()), encoding="utf-8")
    return path


@pytest.fixture
def tab(browser: Browser, audit_file: Path) -> Iterator[Page]:
    with browsing.opened(browser, audit_file, java_script_enabled=False) as (tab, heard):
        yield tab
        assert heard == []


def shown(tab: Page) -> set[str]:
    return {str(part.get_attribute("id")) for part in tab.locator("main > section:visible").all()}


def test_each_reader_is_shown_more_than_the_one_before(tab: Page) -> None:
    assert tab.get_by_role("radio", name="Engineer").is_checked()
    for reader, parts in (
        ("Summary", FIRST),
        ("Engineer", [*FIRST, *ENGINEERS, "glossary"]),
        ("Auditor", [*FIRST, *ENGINEERS, *AUDITORS, "glossary"]),
    ):
        for media in ("screen", "print"):
            tab.emulate_media(media="screen")
            read_as(tab, reader)
            tab.emulate_media(media=media)  # type: ignore[arg-type]
            assert shown(tab) - {"watch"} == set(parts)


def test_tables_are_folded_for_engineers_and_open_for_auditors_in_print_too(tab: Page) -> None:
    folded = tab.locator("main details table")
    for reader, all_of_them in (("Engineer", False), ("Auditor", True)):
        for media in ("screen", "print"):
            tab.emulate_media(media="screen")
            read_as(tab, reader)
            tab.emulate_media(media=media)  # type: ignore[arg-type]
            assert folded.count() > 10
            assert {table.is_visible() for table in folded.all()} == {all_of_them}


def test_a_link_opens_what_is_left_out(tab: Page) -> None:
    for reader in ("Summary", "Engineer"):
        read_as(tab, reader)
        tab.locator(".contents a", has_text="Provenance").click()
        assert "provenance" in shown(tab)
        assert "calibration" not in shown(tab)


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_no_reader_has_to_scroll_sideways(browser: Browser, audit_file: Path, width: int) -> None:
    with browsing.opened(browser, audit_file, viewport={"width": width, "height": 900}) as (tab, heard):
        for reader in ("Summary", "Auditor"):
            read_as(tab, reader)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert heard == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_for_any_reader(browser: Browser, audit_file: Path, scheme: str) -> None:
    with browsing.opened(browser, audit_file, color_scheme=scheme, bypass_csp=True) as (tab, _):
        for reader in ("Summary", "Auditor"):
            read_as(tab, reader)
            assert browsing.violations(tab) == ""


def test_marks_tell_the_pointer_what_they_are(tab: Page) -> None:
    for where in (".forest-plot g:has(.point)", ".strip-plot g:has(> circle)", ".scatter-plot g:has(.badge)"):
        titles = tab.locator(f"{where} > title").all_text_contents()
        assert len(titles) >= 3
        assert all(any(sign.isdigit() for sign in title) for title in titles)
    rows = tab.locator("table.rows tbody svg.ruler")
    assert rows.count() == tab.locator("table.rows tbody svg.ruler > title").count() > 10


def test_print_of_a_summary_takes_few_pages(tab: Page) -> None:
    read_as(tab, "Summary")
    for paper in ("A4", "Letter"):
        assert tab.pdf(format=paper).count(b"/Type /Page\n") <= 3
