"""The front page over many runs: found, grouped, newest first; damaged ones are listed and stop nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import audit_fixture
import diff_pairs
import fixture
import pytest

from toolkit.report.index import render, scan


def put(folder: Path, name: str, document: dict[str, Any] | str, *, report: bool = True) -> None:
    """Write a run into a folder of its own."""
    place = folder / name
    place.mkdir(parents=True)
    text = document if isinstance(document, str) else json.dumps(document)
    (place / "run.json").write_text(text, encoding="utf-8")
    if report:
        (place / "report.html").write_text("<!doctype html>", encoding="utf-8")


def on(document: dict[str, Any], day: str, **more: Any) -> dict[str, Any]:
    """Return a document of another day."""
    document["provenance"] |= {"started": f"2026-11-{day}T08:00:00+00:00", **more}
    return document


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three checks, the last by other code and with another ruling; two audits; three that are damaged."""
    folder = tmp_path / "all runs"
    put(folder, "a/first", on(diff_pairs.check(), "20"))
    put(folder, "a/second", on(diff_pairs.check(), "21"), report=False)
    third = on(diff_pairs.check(), "22", commit="f" * 40)
    third["experiments"][0]["ruling"] = "supported"
    put(folder, "a/third", third)
    put(folder, "audit 1", on(audit_fixture.document(), "23"))
    put(folder, "audit 2", on(audit_fixture.labels_only(), "24"))
    put(folder, "broken", "{")
    put(folder, "foreign", '{"schema": "other/1"}')
    put(folder, "headless", '{"schema": "toolkit.check/1", "name": "x"}')
    put(folder, ".hidden", on(diff_pairs.check(), "25"))
    return folder


def test_runs_are_found_newest_first_and_damaged_ones_with_the_reason(runs: Path) -> None:
    found = scan(runs)
    assert [run["path"] for run in found["runs"]] == [
        "audit 2/run.json",
        "audit 1/run.json",
        "a/third/run.json",
        "a/second/run.json",
        "a/first/run.json",
    ]
    reasons = {d["path"]: d["reason"] for d in found["damaged"]}
    assert reasons["broken/run.json"].startswith("not JSON")
    assert reasons["foreign/run.json"].startswith("not a run document of this version")
    assert reasons["headless/run.json"] == "damaged: KeyError 'provenance'"
    assert found["left_out"] == 0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_no_more_are_read_than_the_limit_and_the_rest_is_counted(runs: Path) -> None:
    found = scan(runs, most=2)
    assert (len(found["runs"]), found["left_out"]) == (2, 6)
    assert "6 further run documents below this folder" in render(found, title="x")


def test_a_link_to_a_folder_is_not_followed(runs: Path) -> None:
    (runs / "a" / "loop").symlink_to(runs)
    assert len(scan(runs)["runs"]) == 5


def test_every_run_is_linked_to_its_report_where_there_is_one(runs: Path) -> None:
    page = render(scan(runs), title="all runs")
    links = [unquote(link) for link in re.findall(r'href="([^"#]+)"', page)]
    assert links == [
        "audit 2/report.html",
        "audit 1/report.html",
        "a/third/report.html",
        "a/first/report.html",
    ]
    assert "no report beside" in page
    moved = render(scan(runs), title="all runs", prefix="../all runs/")
    assert 'href="../all%20runs/audit%202/report.html"' in moved


def test_the_page_says_what_turned_since_the_run_before(runs: Path) -> None:
    page = render(scan(runs), title="all runs")
    assert "3 checks and 2 audits" in page
    assert "Since the run before: M002 was refuted." in page
    assert "gate failed" in page
    assert "1 warning" in page


def test_the_strip_breaks_where_the_code_changed(runs: Path) -> None:
    page = render(scan(runs), title="all runs")
    strip = page.partition('aria-label="Rulings over time, misconceptions"')[2].partition("</table>")[0]
    row = next(part for part in strip.split("<tr>") if "M002" in part)
    cells = row.split("<td")[1:]
    assert ["breaks" in cell for cell in cells] == [False, False, True]
    assert [re.findall(r": (\w+)</span>", cell)[0] for cell in cells] == ["refuted", "refuted", "supported"]


def test_the_page_is_the_same_every_time_and_holds_no_script(runs: Path) -> None:
    page = render(scan(runs), title="all runs")
    assert page == render(scan(runs), title="all runs")
    assert "<script" not in page
    assert 'content="default-src &#39;none&#39;;' in page


def test_hostile_names_stay_text_and_links_stay_links(tmp_path: Path) -> None:
    document = audit_fixture.hostile()
    document["name"] = fixture.SCRIPT
    document["provenance"]["commit"] = fixture.MARKUP
    put(tmp_path, "javascript:alert(1)", document)
    checked = fixture.document()
    checked["name"] = fixture.TURNED
    put(tmp_path, '"><img src=x onerror=alert(1)>', checked)
    put(tmp_path, "=cmd()", fixture.SCRIPT)
    page = render(scan(tmp_path), title=fixture.SCRIPT)
    assert "<img" not in page
    assert "<script" not in page
    assert 'href="javascript%3Aalert%281%29/report.html"' in page


def test_two_thousand_runs_stay_below_two_megabytes(runs: Path) -> None:
    found = scan(runs)
    found["runs"] = [run | {"path": f"{k}/{run['path']}"} for run in found["runs"] for k in range(400)]
    assert len(render(found, title="many").encode()) < 2_000_000
