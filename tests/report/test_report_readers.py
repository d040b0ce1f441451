"""One file for three readers: chosen without script, reached by keys and links, printed as chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import browsing
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SECTIONS = ("#verdicts", "#method", "#calibration", "#failures", "#provenance", "#glossary")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as found:
        yield found


@pytest.fixture
def tab(browser: Browser, page_file: Path) -> Iterator[Page]:
    with browsing.opened(browser, page_file, java_script_enabled=False) as (tab, heard):
        yield tab
        assert heard == []


def read_as(tab: Page, reader: str) -> None:
    tab.get_by_role("radio", name=reader).check(force=True)


def shown(tab: Any) -> list[str]:
    return [where for where in SECTIONS if tab.locator(where).is_visible()]


def test_the_engineer_comes_first_and_sees_every_part(tab: Page) -> None:
    assert tab.get_by_role("radio", name="Engineer").is_checked()
    assert shown(tab) == list(SECTIONS)
    assert tab.locator("article.belief").first.is_visible()
    assert not tab.locator("table.numbers").first.is_visible()


def test_a_summary_is_the_verdicts_alone(tab: Page) -> None:
    read_as(tab, "Summary")
    assert shown(tab) == ["#verdicts"]
    assert not tab.locator("article.belief:visible").count()
    assert tab.locator(".verdicts > li:visible").count() == 5
    assert tab.locator(".verdicts .ruler:visible").count()


def test_a_link_opens_what_a_summary_leaves_out(tab: Page) -> None:
    read_as(tab, "Summary")
    tab.locator(".contents a", has_text="M004").click()
    assert tab.locator("article.belief:visible").count() == 1
    assert (
        tab.locator("article.belief:visible h2").inner_text()
        == "“Parameters are fixed once the model is trained.”"
    )
    box = tab.locator("article.belief:visible").bounding_box()
    assert box is not None
    assert -1 <= box["y"] < 200
    tab.locator(".seen a").first.click()
    assert tab.locator(".claim:target").is_visible()
    tab.locator(".contents a", has_text="Provenance").click()
    assert shown(tab) == ["#verdicts", "#provenance"]


def test_an_auditor_sees_every_number_without_opening_anything(tab: Page) -> None:
    read_as(tab, "Auditor")
    assert shown(tab) == list(SECTIONS)
    tables = tab.locator("table.numbers")
    assert tables.count() > 10
    assert all(table.is_visible() for table in tables.all())


def test_the_arrow_keys_change_the_reader(browser: Browser, page_file: Path) -> None:
    with browsing.opened(browser, page_file, java_script_enabled=False) as (tab, _):
        for _ in range(2):
            tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowRight")
        assert tab.get_by_role("radio", name="Auditor").is_checked()
        assert tab.locator("table.numbers").first.is_visible()


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("reader", ["Summary", "Auditor"])
def test_no_reader_has_to_scroll_sideways(browser: Browser, page_file: Path, width: int, reader: str) -> None:
    with browsing.opened(browser, page_file, viewport={"width": width, "height": 900}) as (tab, heard):
        read_as(tab, reader)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert heard == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_for_any_reader(browser: Browser, page_file: Path, scheme: str) -> None:
    with browsing.opened(browser, page_file, color_scheme=scheme, bypass_csp=True) as (tab, _):
        for reader in ("Summary", "Auditor"):
            read_as(tab, reader)
            assert browsing.violations(tab) == ""


def test_print_follows_the_reader(tab: Page) -> None:
    tab.emulate_media(media="print")
    for reader, parts, numbers in (("Summary", 1, False), ("Engineer", 6, False), ("Auditor", 6, True)):
        tab.emulate_media(media="screen")
        read_as(tab, reader)
        tab.emulate_media(media="print")
        assert len(shown(tab)) == parts
        assert tab.locator("#figure-1 table.numbers").is_visible() is numbers
        assert not tab.locator(".readers").is_visible()


def test_print_of_the_largest_report_takes_less_than_sixty_pages_for_engineers(
    browser: Browser, full_file: Path
) -> None:
    with browsing.opened(browser, full_file, java_script_enabled=False) as (tab, _):
        for paper in ("A4", "Letter"):
            assert 20 < tab.pdf(format=paper).count(b"/Type /Page\n") < 60


def test_a_long_table_is_folded_away_and_printed_for_auditors_only(tab: Page) -> None:
    tab.emulate_media(media="print")
    assert not tab.locator(".belief > details table.numbers:visible").count()
    assert tab.locator(".belief > .on-paper:visible").count() == 1
    tab.emulate_media(media="screen")
    read_as(tab, "Auditor")
    tab.emulate_media(media="print")
    assert tab.locator(".belief > details table.numbers:visible").count() == 1
    assert not tab.locator(".on-paper:visible").count()


def test_a_printed_summary_takes_two_pages_at_most(tab: Page) -> None:
    read_as(tab, "Summary")
    for paper in ("A4", "Letter"):
        assert tab.pdf(format=paper).count(b"/Type /Page\n") <= 2
