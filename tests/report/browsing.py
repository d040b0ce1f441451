"""Chromium for the tests of the report: one quiet browser, and a tab that notes what should not happen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
WATCH = "addEventListener('securitypolicyviolation', e => console.log('policy: ' + e.violatedDirective))"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start chromium; where it is missing, skip with the way out, and fail on a CI machine."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing; .ci/run installs it")
        pytest.skip(f"{CHROMIUM} is missing (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield found
        found.close()


@contextmanager
def opened(browser: Browser, file: Path, **context: Any) -> Iterator[tuple[Page, list[str]]]:
    """Open a file in a fresh tab; the list takes messages, errors, dialogs, violations, requests."""
    heard: list[str] = []
    made = browser.new_context(**context)
    tab = made.new_page()
    tab.on("console", lambda message: heard.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: heard.append(f"error: {error}"))
    tab.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on(
        "request", lambda request: request.url != file.as_uri() and heard.append(f"request: {request.url}")
    )
    tab.add_init_script(WATCH)
    tab.goto(file.as_uri())
    yield tab, heard
    made.close()


def violations(tab: Page) -> str:
    """Return what axe has to say against a page; empty is best."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab)
    return found.generate_report() if found.violations_count else ""
