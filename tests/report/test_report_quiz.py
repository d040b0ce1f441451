"""Guess first: nothing told before the answer, a score that is right, the ordinary report without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import audit_fixture
import browsing
import fixture
import pytest
from click.testing import CliRunner

from toolkit.cli.checking import _ask_first, check_command
from toolkit.cli.report import command
from toolkit.document import dumps
from toolkit.records import Run
from toolkit.report import embedded, render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RULINGS = ("Refuted", "Supported", "Inconclusive")  # of the three beliefs that can be guessed


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as found:
        yield found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text(dumps(fixture.document()), encoding="utf-8")
    return tmp_path


def guess(tab: Page, believed: str, sure: str) -> None:
    """Answer the next question, with the keyboard alone."""
    form = tab.locator(".guess").first
    for name in (believed, sure):
        form.get_by_role("radio", name=re.compile(rf"^{name}")).focus()
        tab.keyboard.press("Space")
    form.get_by_role("button").focus()
    tab.keyboard.press("Enter")


def test_a_report_asks_only_when_it_is_asked_to(page: str, run: Path) -> None:
    assert "data-guess" not in page
    assert "guessing" not in page
    done = CliRunner().invoke(command, ["build", str(run), "--quiz"])
    assert done.exit_code == 0, done.output
    html = (run / "report.html").read_text(encoding="utf-8")
    assert html == render(fixture.document(), quiz=True)
    assert embedded(html) == fixture.document()


def test_a_check_asked_for_a_quiz_leaves_a_report_that_asks(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("the ordinary one", encoding="utf-8")
    _ask_first(Run(fixture.document(), tmp_path), tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(fixture.document(), quiz=True)
    assert "--quiz" in CliRunner().invoke(check_command("misconceptions", "About."), ["--help"]).output


def test_a_quiz_where_nothing_can_be_guessed_is_refused_with_the_way_out(run: Path) -> None:
    audit = run / "audit.json"
    audit.write_text(dumps(audit_fixture.document()), encoding="utf-8")
    for arguments in ([str(audit), "--quiz"], [str(run), "--quiz", "--format", "markdown"]):
        done = CliRunner().invoke(command, ["build", *arguments])
        assert done.exit_code != 0
        assert "leave --quiz out" in f"{done.output}{done.exception}"
    with pytest.raises(ValueError, match="nothing to guess"):
        render(audit_fixture.document(), quiz=True)


@pytest.mark.browser
@pytest.mark.slow
def test_without_script_it_is_the_ordinary_report(browser: Browser, page_file: Path, quiz_file: Path) -> None:
    texts = []
    for file in (page_file, quiz_file):
        with browsing.opened(browser, file, java_script_enabled=False) as (tab, heard):
            texts.append(tab.locator("main").inner_text())
            assert heard == []
    assert texts[0] == texts[1]


@pytest.mark.browser
@pytest.mark.slow
def test_nothing_tells_the_ruling_before_the_answer_and_all_is_told_after(
    browser: Browser, quiz_file: Path
) -> None:
    with browsing.opened(browser, quiz_file) as (tab, heard):
        shown = tab.locator("[data-guess]:visible").all_inner_texts()
        assert len(shown) == 9
        assert not [text for text in shown for ruling in RULINGS if ruling in text]
        assert not tab.locator("[data-guess] .mark:visible").count()
        assert not tab.locator(".tally:visible, .headline:visible").count()
        tab.locator(".guess button").first.click()
        assert tab.locator(".missing").first.inner_text() == "Say what you believe first."
        guess(tab, "It does not hold", "80")
        told = tab.locator(".verdicts > li").first.inner_text()
        assert "You said: it does not hold, 80 % sure. Right." in told
        assert "Refuted" in told
        assert tab.locator("article.belief").first.locator(".claim").first.is_visible()
        assert tab.locator(".locked:visible").count() == 2
        assert heard == []


@pytest.mark.browser
@pytest.mark.slow
def test_the_score_at_the_end_is_the_brier_score_of_the_answers(browser: Browser, quiz_file: Path) -> None:
    with browsing.opened(browser, quiz_file) as (tab, heard):
        guess(tab, "It does not hold", "80")  # right
        guess(tab, "It does not hold", "95")  # supported
        guess(tab, "These trials cannot tell", "80")  # right
        score = tab.locator("#score").inner_text()
        expected = ((0.8 - 1) ** 2 + 0.95**2 + (0.8 - 1) ** 2) / 3
        assert f"Brier score is {expected:.2f}" in score
        assert "right in 2 of 3, and 85 % sure on average: 18 points surer than you were right" in score
        rows = tab.locator("#score tbody tr").all_inner_texts()
        assert [row.split("\t") for row in rows] == [
            ["80 % sure", "2", "2", "100 %"],
            ["95 % sure", "1", "0", "0 %"],
        ]
        assert tab.locator(".tally:visible, .headline:visible").count() == 2
        assert heard == []


@pytest.mark.browser
@pytest.mark.slow
def test_who_does_not_want_to_guess_sees_everything_at_once(browser: Browser, quiz_file: Path) -> None:
    with browsing.opened(browser, quiz_file) as (tab, heard):
        tab.get_by_role("button", name="Show everything").click()
        assert not tab.locator(".guess, .locked, #score").count()
        assert tab.locator(".claim").first.is_visible()
        assert heard == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_guessing_and_after(browser: Browser, quiz_file: Path, scheme: str) -> None:
    with browsing.opened(browser, quiz_file, color_scheme=scheme, bypass_csp=True) as (tab, _):
        assert browsing.violations(tab) == ""
        for _ in range(3):
            guess(tab, "It holds", "50")
        assert browsing.violations(tab) == ""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_questions_fit_the_window(browser: Browser, quiz_file: Path, width: int) -> None:
    with browsing.opened(browser, quiz_file, viewport={"width": width, "height": 900}) as (tab, _):
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
