"""``toolkit report index`` and ``toolkit report open``: what they write and print, and where they stop."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import click
import diff_pairs
import history_year as year
import pytest
from click.testing import CliRunner, Result

from toolkit.cli import command
from toolkit.records import BadInputError
from toolkit.report import render
from toolkit.report.index import scan


def toolkit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a folder with one run and its report."""
    place = tmp_path / "one run"
    place.mkdir()
    (place / "run.json").write_text(json.dumps(diff_pairs.check()), encoding="utf-8")
    (place / "report.html").write_text("<!doctype html>", encoding="utf-8")
    return place


class Browser:
    """A browser that remembers what it was handed."""

    def __init__(self, name: str = "firefox") -> None:
        self.name, self.seen = name, list[str]()

    def open(self, address: str) -> bool:
        self.seen.append(address)
        return True


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    found = Browser()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "get", lambda: found)
    return found


def test_the_index_is_written_into_the_folder(run: Path) -> None:
    done = toolkit("report", "index", run.parent)
    assert done.stdout == f"{run.parent / 'index.html'}\n"
    assert 'href="one%20run/report.html"' in (run.parent / "index.html").read_text(encoding="utf-8")
    assert not list(run.parent.glob(".index*"))


def test_a_report_that_came_alone_is_a_run_and_a_copy_of_a_run_or_a_strange_page_is_none(
    run: Path, tmp_path: Path
) -> None:
    alone, copy, strange = (tmp_path / "mail" / name for name in ("alone", "copy", "strange"))
    for place in (alone, copy, strange):
        place.mkdir(parents=True)
    (strange / "report.html").write_text("<!doctype html><title>Another tool</title>", encoding="utf-8")
    for place in (alone, copy):
        (place / "report.html").write_text(render(json.loads((run / "run.json").read_text())))
    found = scan(tmp_path / "mail")
    assert [r["path"] for r in found["runs"]] == ["alone/report.html", "copy/report.html"]
    assert not found["damaged"]
    (copy / "run.json").write_bytes((run / "run.json").read_bytes())
    assert [r["path"] for r in scan(tmp_path / "mail")["runs"]] == ["copy/run.json"]
    shown = [toolkit("report", "show", place, "--json").stdout for place in (alone, copy)]
    assert shown[0] == shown[1]


def test_links_lead_back_from_wherever_the_index_is_written(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "site" / "runs.html"
    toolkit("report", "index", run, "--output", page)
    assert 'href="../one%20run/report.html"' in page.read_text(encoding="utf-8")
    toolkit("report", "index", run, "--output", page.parent)
    assert (page.parent / "index.html").is_file()


def test_json_is_printed_and_nothing_is_written(run: Path) -> None:
    done = toolkit("report", "index", run, "--json")
    assert [r["path"] for r in json.loads(done.stdout)["runs"]] == ["run.json"]
    assert not (run / "index.html").exists()


def test_damaged_runs_are_told_and_do_not_stop_the_index(run: Path) -> None:
    (run.parent / "run.json").write_text("{", encoding="utf-8")
    done = toolkit("report", "index", run.parent)
    assert done.exit_code == 0
    assert "not readable: run.json: not JSON" in done.stderr


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no run\.json or report below this folder"):
        toolkit("report", "index", tmp_path)
    with pytest.raises(BadInputError, match="this is no folder"):
        toolkit("report", "index", tmp_path / "nowhere")


def test_the_history_of_scheduled_jobs_comes_first(tmp_path: Path) -> None:
    year.site(tmp_path, 20, gaps=1)
    toolkit("report", "index", tmp_path, "--at", "2025-12-20T03:17")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Nothing has ticked for 5 days, and loans-nightly became due since." in page
    assert "toolkit schedule doctor" in page
    printed = json.loads(
        toolkit("report", "index", tmp_path, "--at", "2025-12-20T04:17+01:00", "--json").stdout
    )
    assert printed["history"]["at"] == "2025-12-20T03:17:00+00:00"
    assert [job["job"] for job in printed["history"]["jobs"]] == ["beliefs", "loans-nightly"]


def test_ages_are_relative_to_now_where_no_time_is_given(tmp_path: Path) -> None:
    year.site(tmp_path, 2, gaps=1)
    assert json.loads(toolkit("report", "index", tmp_path, "--json").stdout)["history"]["given"] is True


def test_what_is_damaged_in_the_history_is_told(tmp_path: Path) -> None:
    year.site(tmp_path, 3, gaps=1)
    (tmp_path / ".toolkit" / "heartbeat.json").write_text("{", encoding="utf-8")
    done = toolkit("report", "index", tmp_path)
    assert done.exit_code == 0
    assert "history: heartbeat.json cannot be read" in done.stderr


def test_a_time_that_is_none_is_refused(run: Path) -> None:
    with pytest.raises(click.UsageError, match="'soon' is no time; write it as 2026-"):
        CliRunner().invoke(
            command,
            ["report", "index", str(run), "--at", "soon"],
            standalone_mode=False,
            catch_exceptions=False,
        )


@pytest.mark.parametrize("given", [".", "run.json", "report.html"])
def test_a_folder_a_document_and_a_report_open_the_same_page(run: Path, browser: Browser, given: str) -> None:
    done = toolkit("report", "open", run / given)
    assert browser.seen == [(run / "report.html").as_uri()]
    assert done.stdout == f"{run / 'report.html'}\n"


def test_the_path_alone_is_printed_on_request(run: Path, browser: Browser) -> None:
    done = toolkit("report", "open", run, "--print")
    assert (done.stdout, done.stderr, browser.seen) == (f"{run / 'report.html'}\n", "", [])


def test_without_a_display_the_path_is_printed_and_that_is_no_failure(
    run: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    done = toolkit("report", "open", run)
    assert done.exit_code == 0
    assert str(run / "report.html") in done.stdout
    assert "no display here" in done.stderr
    assert not browser.seen


@pytest.mark.parametrize("name", ["/usr/bin/w3m", "lynx"])
def test_a_browser_that_would_take_over_the_terminal_is_none(run: Path, browser: Browser, name: str) -> None:
    browser.name = name
    done = toolkit("report", "open", run)
    assert (done.exit_code, browser.seen) == (0, [])
    assert "no browser was found" in done.stderr


def test_what_has_no_report_says_how_to_get_one(run: Path, tmp_path: Path) -> None:
    (run / "report.html").unlink()
    for given in (run, run / "run.json"):
        with pytest.raises(BadInputError, match=r"'toolkit report build .*' writes one"):
            toolkit("report", "open", given)
    with pytest.raises(BadInputError, match="no such file or folder"):
        toolkit("report", "open", tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInputError, match="this is no report"):
        toolkit("report", "open", tmp_path / "notes.txt")
