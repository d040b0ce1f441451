"""Pruning lets only documents go; an export holds every point; a strip shows what was expected."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from runs_made import DAY, by_hand, due, filled, ids, inputs, missed, point, run, small

from toolkit.history import History, Strip
from toolkit.history.exporting import export
from toolkit.records import BadInputError


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Return six runs with documents, one without, and a range of misses."""
    found = filled(tmp_path, missed(6, 8), run(10, outcome="failed", exit=3))
    for day in range(6):
        assert found.publish(run(day), small(f"day {day}"))
    return found


def kept(history: History) -> list[str]:
    return sorted(history.home.kept("weekly"))


def gone(history: History, **rules: Any) -> list[str]:
    asked = {"keep": None, "older_than": None, "at": due(10)} | rules
    return [one.id for one in history.prune("weekly", **asked)]


def names(*days: int) -> list[str]:
    return [run(day)["id"] for day in days]


def test_the_newest_stay_and_the_rest_goes_oldest_first(history: History) -> None:
    assert gone(history, keep=2) == names(0, 1, 2, 3)
    assert kept(history) == names(4, 5)


def test_what_is_younger_stays(history: History) -> None:
    assert gone(history, older_than=8 * DAY) == names(0, 1)
    assert kept(history) == names(2, 3, 4, 5)


def test_what_either_rule_keeps_stays(history: History) -> None:
    assert gone(history, keep=3, older_than=9 * DAY) == names(0)
    assert gone(history, keep=1, older_than=timedelta(0)) == names(1, 2, 3, 4)


def test_the_newest_document_stays_whatever_is_asked(history: History) -> None:
    assert gone(history, older_than=timedelta(0), at=due(1000)) == names(0, 1, 2, 3, 4)
    assert kept(history) == names(5)


def test_without_a_rule_nothing_goes(history: History) -> None:
    assert gone(history) == []


def test_a_dry_run_says_the_same_and_removes_nothing(history: History) -> None:
    assert gone(history, keep=1, dry_run=True) == names(0, 1, 2, 3, 4)
    assert len(kept(history)) == 6
    assert gone(history, keep=1) == names(0, 1, 2, 3, 4)


def test_pruning_changes_no_record_and_no_trend_and_is_no_trouble(history: History) -> None:
    before = history.records(), history.series("weekly")
    gone(history, keep=1)
    assert (history.records(), history.series("weekly")) == before
    assert history.check() == []


def test_a_pruned_document_is_said_to_be_pruned(history: History) -> None:
    gone(history, keep=1)
    with pytest.raises(BadInputError, match=r"was pruned on 2026-11-11T03:17:00\+00:00; its points are kept"):
        history.document("weekly", run(0)["id"])


def test_jobs_are_pruned_one_by_one(history: History) -> None:
    for day in range(2):
        history.publish(run(day, "nightly"), small())
    found = history.prune(keep=1, older_than=None, at=due(10))
    assert [(one.job, one.id) for one in found] == [
        ("nightly", names(0)[0]),
        *(("weekly", n) for n in names(0, 1, 2, 3, 4)),
    ]


def test_a_torn_note_of_what_was_pruned_is_no_note(history: History) -> None:
    gone(history, keep=1)
    with history.home.pruned("weekly").open("a", encoding="utf-8") as file:
        file.write('{"id": "2026')
    assert history.check() == []


# Export


def test_csv_has_a_row_for_each_point_and_one_for_a_record_without() -> None:
    records = [run(0, points=[point("a/b", 0.1), point("a/c", None)]), missed(1, 2), run(3, points=[])]
    rows = list(
        csv.DictReader(
            io.StringIO(
                export(
                    [
                        {
                            "first_due": None,
                            "count": 1,
                            "reason": "",
                            "kind": "run",
                            "points": [],
                            "exit": None,
                            "started": None,
                            "ended": None,
                        }
                        | r
                        for r in records
                    ],
                    "csv",
                )
            )
        )
    )
    assert [(row["kind"], row["series"], row["value"]) for row in rows] == [
        ("run", "a/b", "0.1"),
        ("run", "a/c", ""),
        ("missed", "", ""),
        ("run", "", ""),
    ]
    assert rows[2]["count"] == "2"
    assert rows[0]["point_kind"] == "claim"
    assert rows[0]["ratio"] == "false"


@pytest.mark.parametrize("attack", ["=cmd()", "+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_no_text_of_the_csv_runs_in_a_spreadsheet(attack: str, tmp_path: Path) -> None:
    history = filled(tmp_path, run(0, reason=attack, points=[point(label=attack, value=-0.5)]))
    (row,) = csv.DictReader(io.StringIO(history.export("csv")))
    assert (row["label"], row["reason"]) == (f"'{attack}", f"'{attack}")
    assert row["value"] == "-0.5"


def test_json_and_its_lines_hold_the_records_whole(history: History) -> None:
    records = history.records(newest_first=False)
    assert json.loads(history.export("json")) == records
    assert [json.loads(line) for line in history.export("jsonl").splitlines()] == records
    assert json.loads(history.export("json", "nightly")) == []


def test_an_unknown_format_is_refused(history: History) -> None:
    with pytest.raises(BadInputError, match="there are csv, json, jsonl"):
        history.export("xml")


# Strip


def test_a_strip_holds_what_was_expected_against_what_happened(history: History) -> None:
    history.publish(by_hand(4))
    expected = [due(day) for day in (4, 5, 6, 7, 8, 9, 10, 11, 12)]
    strip = Strip.of(expected, history.records("weekly", since=due(4)), at=due(11))
    assert [cell.state for cell in strip.cells] == [
        *("done", "done", "missed", "missed", "missed", "nothing", "failed", "nothing", "ahead")
    ]
    assert [cell.id for cell in strip.cells[:3]] == [run(4)["id"], run(5)["id"], missed(6, 8)["id"]]
    assert [other["id"] for other in strip.others] == [by_hand(4)["id"]]
    assert strip.counts == {"done": 2, "missed": 3, "nothing": 2, "failed": 1, "ahead": 1}


def test_a_strip_of_nothing_expected_holds_the_runs_as_others(history: History) -> None:
    strip = Strip.of([], history.records("weekly"), at=due(3))
    assert strip.cells == ()
    assert len(strip.others) == 7


def test_expected_instants_of_any_zone_and_order_are_met(history: History) -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Asia/Kolkata")
    strip = Strip.of(
        [due(1).astimezone(zone), due(0)], history.records("weekly"), at=datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert [(cell.id, cell.state) for cell in strip.cells] == [(n, "done") for n in names(0, 1)]


# Trend


def test_a_series_takes_its_words_from_the_newest_run_and_breaks_over_a_run_without_it(
    tmp_path: Path,
) -> None:
    history = filled(
        tmp_path,
        run(0, points=[point("a/b", 0.1, label="as it was called")]),
        run(1, points=[], inputs=inputs(seed=9)),
        run(2, points=[point("a/b", 0.3, label="as it is called")], inputs=inputs(seed=1)),
    )
    (series,) = history.series("weekly")
    assert (series.key, series.label, series.unit) == ("a/b", "as it is called", "error")
    assert [(p.value, p.breaks) for p in series.points] == [(0.1, ()), (0.3, ("seed",))]
    assert history.breaks("weekly") == dict(zip(names(0, 1, 2), ((), ("seed",), ("seed",)), strict=True))


def test_runs_are_asked_for_by_time_and_kind(history: History) -> None:
    assert ids(history, "weekly", since=due(3), until=due(5)) == names(5, 4, 3)
    assert ids(history, "weekly", kind="missed") == [missed(6, 8)["id"]]
    assert ids(history, "weekly", limit=1, newest_first=False) == names(0)
    assert history.answered("weekly", due(4), due(9)) == {run(4)["due"], run(5)["due"]}
