"""What the front page takes from the history of scheduled jobs, and that damage costs it a line, no more."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import history_year as year
import pytest

from toolkit.report.index import render, scan
from toolkit.report.index.breaks import differences


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime]:
    root = tmp_path_factory.mktemp("planted")
    return root, year.site(root, gaps=4)


@pytest.fixture(scope="module")
def found(planted: tuple[Path, datetime]) -> dict[str, Any]:
    return scan(planted[0], at=planted[1])


def job_of(found: dict[str, Any], name: str = "loans-nightly") -> dict[str, Any]:
    return next(job for job in found["history"]["jobs"] if job["job"] == name)


def drift(found: dict[str, Any]) -> list[dict[str, Any]]:
    series = next(s for s in job_of(found)["series"] if s["series"] == year.DRIFTING)
    points: list[dict[str, Any]] = series["points"]
    return points


def test_a_folder_without_a_state_folder_has_no_history(tmp_path: Path) -> None:
    assert scan(tmp_path)["history"] is None


def test_runs_that_the_history_tells_of_are_not_listed_again(found: dict[str, Any]) -> None:
    assert (found["runs"], found["damaged"]) == ([], [])
    reports = [run["report"] for run in job_of(found)["runs"]]
    assert reports[:2] == [f"loans-nightly/{year.due(day):%Y%m%dT%H%M%SZ}/report.html" for day in (364, 363)]
    assert not any(reports[2:]), "a report that was removed is not linked"


def test_every_instant_of_the_year_is_answered_for(found: dict[str, Any]) -> None:
    runs = job_of(found)["runs"]
    assert sum(run["count"] for run in runs) == 365
    assert [run["id"] for run in runs] == sorted((run["id"] for run in runs), key=lambda i: i.lstrip("x"))[
        ::-1
    ]
    outcomes = [run["outcome"] for run in runs]
    assert [outcomes.count(key) for key in ("missed", "timeout", "failed")] == [1, 1, 1]


def test_lines_begin_anew_exactly_where_something_was_planted(found: dict[str, Any]) -> None:
    breaks = {point["at"][:10]: point["breaks"] for point in drift(found) if point["breaks"]}
    assert breaks == {
        f"{year.due(year.DATA):%Y-%m-%d}": ["data"],
        f"{year.due(year.VERSIONS):%Y-%m-%d}": ["versions"],
        f"{year.due(year.CODE):%Y-%m-%d}": ["code"],
    }
    said = [run["changes"] for run in job_of(found)["runs"] if run["breaks"]]
    assert said == [
        "code: commit 0000000 → 1111111",
        "versions: scikit-learn 1.9.1 → 1.10.0",
        "data: table (2,952 rows → 2,960)",
    ]


def test_the_alarm_of_the_drift_comes_after_its_beginning_and_stays(found: dict[str, Any]) -> None:
    alarms = [bool(point["alarm"]) for point in drift(found)]
    first = alarms.index(True)
    assert all(alarms[first:])
    assert year.DRIFT < first + 4 < year.DRIFT + 60


def test_ages_are_relative_to_the_newest_time_where_none_is_given(planted: tuple[Path, datetime]) -> None:
    history = scan(planted[0])["history"]
    assert (history["at"], history["given"]) == ("2026-11-24T09:13:00+00:00", False)
    page = render(scan(planted[0]), title="x")
    assert "by the newest record" in page
    assert "This page was made at" not in page


def test_the_page_is_the_same_every_time(planted: tuple[Path, datetime], found: dict[str, Any]) -> None:
    page = render(found, title="x")
    assert page == render(scan(planted[0], at=planted[1]), title="x")
    assert "<script" not in page
    assert len(page.encode()) < 500_000


def test_a_damaged_record_and_a_damaged_heartbeat_are_said_and_stop_nothing(tmp_path: Path) -> None:
    at = year.site(tmp_path, 30, gaps=2)
    home = tmp_path / ".toolkit"
    (home / "records" / "loans-nightly" / f"{year.due(9):%Y%m%dT%H%M%SZ}.json").write_text(
        "{", encoding="utf-8"
    )
    (home / "heartbeat.json").write_text('{"at": ', encoding="utf-8")
    found = scan(tmp_path, at=at)
    assert len(job_of(found)["runs"]) == 30
    troubles = found["history"]["troubles"]
    assert any("heartbeat.json cannot be read" in trouble for trouble in troubles)
    assert any("the record of this run is damaged" in trouble for trouble in troubles)
    page = render(found, title="x")
    assert "Not readable in the history" in page
    assert "toolkit history check" in page


@pytest.mark.parametrize(
    "beat",
    [
        "[]",
        "null",
        '{"at": 1}',
        '{"at": "2026-01-01T00:00:00Z", "next_due": [1]}',
        '{"next_due": {}}',
        "[" * 9000,
    ],
)
def test_whatever_the_heartbeat_holds_the_page_is_made(tmp_path: Path, beat: str) -> None:
    at = year.site(tmp_path, 3, gaps=1)
    (tmp_path / ".toolkit" / "heartbeat.json").write_text(beat, encoding="utf-8")
    assert "How things stand" in render(scan(tmp_path, at=at), title="x")


@pytest.mark.parametrize(
    "point",
    [
        {"series": "a"},
        {"series": "a", "kind": "gap", "ruling": "maybe"},
        {"series": "a", "kind": [], "ruling": {}},
    ],
)
def test_a_point_that_is_none_breaks_no_line(tmp_path: Path, point: dict[str, Any]) -> None:
    records = list(year.audit_job(4, gaps=1))
    records[2]["points"] = [point]
    year.write(tmp_path / ".toolkit", records)
    found = scan(tmp_path)
    assert [len(series["points"]) for series in job_of(found)["series"]] == [3]
    assert render(found, title="x")


def test_an_e_value_as_large_as_a_number_can_be_is_kept(tmp_path: Path) -> None:
    records = list(year.audit_job(3, gaps=1))
    records[1]["points"][0]["e_value"] = 1e300
    year.write(tmp_path / ".toolkit", records)
    found = scan(tmp_path)
    assert drift(found)[1]["e_value"] == 1e300
    assert "1e+300" in render(found, title="x")


def test_what_is_no_figure_is_no_figure(tmp_path: Path) -> None:
    records = list(year.audit_job(3, gaps=1))
    records[1]["points"][0] |= {"value": "much", "low": True, "n": "many", "alarm": "loud"}
    year.write(tmp_path / ".toolkit", records)
    assert len(drift(scan(tmp_path))) in (2, 3)
    assert render(scan(tmp_path), title="x")


def test_a_state_folder_that_is_empty_gives_an_empty_history(tmp_path: Path) -> None:
    (tmp_path / ".toolkit").mkdir()
    found = scan(tmp_path)
    assert found["history"] == {"at": None, "given": False, "heartbeat": None, "jobs": [], "troubles": []}
    assert "No tick has left a heartbeat" in render(found, title="x")


def test_a_history_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    year.site(tmp_path, 3, gaps=1)
    store = tmp_path / ".toolkit" / "history.sqlite"
    store.unlink(missing_ok=True)
    store.write_bytes(b"this is no store" * 500)
    found = scan(tmp_path)
    assert len(job_of(found)["runs"]) == 3, "the records are the truth"
    assert render(found, title="x")


@pytest.mark.parametrize(
    ("before", "after", "kinds", "said"),
    [
        ({"seed": 0}, {"seed": 1}, ["seed"], "seed: 0 → 1"),
        ({"settings": "a"}, {"settings": "b"}, ["settings"], "settings"),
        ({"effort": None}, {"effort": "full"}, ["effort"], "effort: none → full"),
        ({"data": {"t": "1"}, "rows": {"t": 5}}, {"data": {"t": "2"}, "rows": {"t": 5}}, ["data"],
         "data: t (other values, 5 rows)"),
        ({"commit": "a" * 40}, {"commit": "b" * 40 + "+"}, ["code"], "code: commit aaaaaaa → bbbbbbb+"),
        ({"code": {"M002": "1"}}, {"code": {"M002": "2"}}, ["code"], "code: M002"),
        ({"versions": dict.fromkeys("abcde", "1")}, {"versions": dict.fromkeys("abcde", "2")}, ["versions"],
         "versions: a 1 → 2, b 1 → 2, c 1 → 2 and 2 others"),
        ({"versions": "odd", "data": 3}, {"versions": None}, ["versions", "data"], "versions; data"),
    ],
)  # fmt: skip
def test_what_differs_is_said_exactly(
    before: dict[str, Any], after: dict[str, Any], kinds: list[str], said: str
) -> None:
    assert differences(before, after, kinds) == said


def test_a_report_outside_the_root_is_linked_by_the_way_to_it(tmp_path: Path) -> None:
    outside = tmp_path / "else where" / "report.html"
    outside.parent.mkdir()
    outside.write_text("<!doctype html>", encoding="utf-8")
    record = next(iter(year.audit_job(1, gaps=1))) | {"report": str(outside)}
    root = tmp_path / "root"
    year.write(root / ".toolkit", [record])
    page = render(scan(root), title="x")
    assert 'href="../else%20where/report.html"' in page


def test_the_json_of_a_history_is_json(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_time_before_the_records_is_no_trouble(planted: tuple[Path, datetime]) -> None:
    page = render(scan(planted[0], at=year.START - timedelta(days=400)), title="x")
    assert "The last run was in 764 days." in page


def test_a_store_of_a_newer_version_is_said_and_left_alone(tmp_path: Path) -> None:
    year.site(tmp_path, 3, gaps=1)
    scan(tmp_path)
    store = tmp_path / ".toolkit" / "history.sqlite"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 9999")
        connection.commit()
    found = scan(tmp_path)
    assert found["history"]["troubles"]
    assert "Not readable in the history" in render(found, title="x")
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (9999,)
