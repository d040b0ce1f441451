"""Ticks and time: gaps, a month without power, changes of clocks, clocks that are wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import START, Stage, breaks, finishes, stage, swift

from toolkit.history.instants import due_id, instant_of
from toolkit.schedule.due import instants

__all__ = ["swift"]


@pytest.fixture
def loans(tmp_path: Path) -> Stage:
    return stage(tmp_path)


def test_the_first_tick_that_sees_a_job_does_not_call_its_past_missed(tmp_path: Path) -> None:
    loans = stage(tmp_path)  # seen at 08:00 for the first time
    assert loans.records() == []
    other = tmp_path / "other"
    other.mkdir()
    late = stage(other, cron="55 7 * * *")  # due five minutes before it was seen: added a moment too late
    assert late.outcomes() == [("20260302T075500Z", "done")]


def test_after_a_gap_the_latest_runs_once_and_the_others_are_one_record_of_misses(loans: Stage) -> None:
    result = loans.later(hours=5, minutes=30).tick()
    (miss,) = result.missed
    assert miss == {
        "job": "loans",
        "first_due": "2026-03-02T08:17:00+00:00",
        "due": "2026-03-02T12:17:00+00:00",
        "count": 5,
    }
    assert loans.outcomes() == [("x20260302T121700Z", "missed"), ("20260302T131700Z", "done")]
    record = loans.records()[0]
    assert (record["first_due"], record["count"]) == (miss["first_due"], 5)
    assert loans.tick().idle


def test_a_machine_that_was_off_for_a_month_runs_once(tmp_path: Path) -> None:
    loans = stage(tmp_path, cron="17 3 * * *")
    loans.later(days=31).tick()
    assert [record["count"] for record in loans.records()] == [30, 1]
    assert len(loans.actor.asked) == 1
    assert loans.later(days=1).tick().missed == []


def test_a_job_that_does_not_catch_up_records_its_gap_and_runs_nothing(tmp_path: Path) -> None:
    loans = stage(tmp_path, catch_up=False)
    loans.later(hours=5, minutes=59).tick()
    assert loans.outcomes() == [("x20260302T131700Z", "missed")]
    assert loans.records()[0]["count"] == 6
    assert loans.actor.asked == []
    loans.later(minutes=20).tick()  # two minutes late is not missed
    assert loans.outcomes()[-1] == ("20260302T141700Z", "done")


def test_what_was_being_tried_when_the_machine_went_off_gets_its_own_record(loans: Stage) -> None:
    loans.set(breaks(), finishes())
    loans.later(minutes=18).tick()
    loans.later(days=2).tick()
    first, missed, last = loans.records()
    assert (first["id"], first["outcome"]) == ("20260302T081700Z", "interrupted")
    assert (missed["first_due"], missed["count"]) == ("2026-03-02T09:17:00+00:00", 47)
    assert (last["id"], last["outcome"]) == ("20260304T081700Z", "done")


def test_a_tick_that_is_late_by_hours_of_another_job_still_takes_the_latest(tmp_path: Path) -> None:
    loans = stage(tmp_path, cron="*/15 * * * *")
    loans.later(minutes=16).tick()
    loans.later(minutes=50).tick()
    assert loans.outcomes() == [
        ("20260302T080000Z", "done"),
        ("20260302T081500Z", "done"),
        ("x20260302T084500Z", "missed"),
        ("20260302T090000Z", "done"),
    ]


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/30 * * * *", "17 3 * * *"])
def test_over_a_change_of_clocks_every_instant_is_answered_once(
    tmp_path: Path, day: datetime, cron: str
) -> None:
    loans = stage(tmp_path, cron=cron, timezone="Europe/Berlin")
    loans.now = day - timedelta(hours=3)
    loans.tick()
    begun = loans.now
    before = len(loans.actor.asked)
    for _ in range(3 * 8):
        loans.later(minutes=20).tick()
    named = [due_id(due) for due in instants(cron, "Europe/Berlin", begun, loans.now)]
    ran = [run for run, outcome in loans.outcomes() if outcome == "done"]
    assert named
    assert ran[-len(named) :] == named
    assert len(loans.actor.asked) - before == len(named)


def test_a_clock_that_steps_back_runs_nothing_again_and_blocks_nothing(loans: Stage) -> None:
    for _ in range(3):
        loans.later(hours=1).tick()
    ran = loans.outcomes()
    loans.later(hours=-2, minutes=-30)
    for _ in range(6):
        loans.later(minutes=30).tick()
    assert loans.outcomes() == [*ran, ("20260302T111700Z", "done")]
    assert len(loans.actor.asked) == 4


def test_a_clock_that_jumps_a_year_ahead_and_comes_back_blocks_nothing(loans: Stage) -> None:
    loans.later(hours=1).tick()
    loans.later(days=365).tick()
    assert len(loans.actor.asked) == 2
    loans.later(days=-365)
    for _ in range(5):
        loans.later(hours=1).tick()
    done = [run for run, outcome in loans.outcomes() if outcome == "done"]
    assert done == [
        "20260302T081700Z",
        *(f"20260302T{hour:02}1700Z" for hour in (9, 10, 11, 12, 13)),
        "20270302T081700Z",
    ]
    # and when that time really comes, what was run in it is not run again
    loans.now = instant_of("2027-03-02T08:30:00Z")
    asked = len(loans.actor.asked)
    loans.tick()
    assert len(loans.actor.asked) == asked


def test_what_a_clock_that_was_ahead_called_missed_is_run_when_it_comes(loans: Stage) -> None:
    loans.later(minutes=18).tick()
    loans.later(hours=4, minutes=12).tick()  # it seems to be 12:30
    assert loans.outcomes()[1:] == [("x20260302T111700Z", "missed"), ("20260302T121700Z", "done")]
    loans.later(hours=-4, minutes=-10)
    for _ in range(3):
        loans.later(hours=1).tick()
    done = [run for run, outcome in loans.outcomes() if outcome == "done"]
    assert done == [f"20260302T{hour:02}1700Z" for hour in (8, 9, 10, 11, 12)]


@pytest.mark.parametrize("text", ["no JSON", "{}", "[]"])
def test_where_it_is_damaged_when_a_job_was_first_seen_what_was_answered_counts(
    tmp_path: Path, text: str
) -> None:
    loans = stage(tmp_path).set(finishes())
    loans.later(minutes=18).tick()
    loans.home.first_seen("loans").write_text(text, "utf-8")
    loans.terms = replace(loans.terms, room=2**62)
    blocked = loans.later(hours=2, minutes=30).tick()  # which has no room to run anything, and mends the file
    assert blocked.exit == 3
    loans.terms = replace(loans.terms, room=0)
    loans.later(minutes=10).tick()
    assert loans.outcomes() == [
        ("20260302T081700Z", "done"),
        ("x20260302T091700Z", "missed"),
        ("20260302T101700Z", "done"),
    ]


def test_a_job_first_seen_by_a_clock_that_was_ahead_is_not_blocked_until_then(tmp_path: Path) -> None:
    loans = stage(tmp_path, names=())
    ahead = stage(tmp_path)
    ahead.home.first_seen("loans").unlink()
    ahead.later(days=400).tick()
    ahead.later(days=-400).tick()
    ahead.later(hours=1).tick()
    assert ("20260302T081700Z", "done") in ahead.outcomes()
    assert loans.now == START


def test_a_wait_that_a_wrong_clock_has_set_is_waited_no_longer_than_the_job_asks(tmp_path: Path) -> None:
    loans = stage(tmp_path, backoff=300).set(breaks(), finishes())
    ahead = loans.now + timedelta(days=30)
    loans.later(minutes=18)
    loans.tick(clock=lambda: ahead)  # the clock was ahead while the attempt ended
    state = json.loads(loans.home.attempts("loans", "20260302T081700Z").read_text("utf-8"))
    assert state["next_try"].startswith("2026-04-01")
    loans.tick()
    assert loans.outcomes() == [("20260302T081700Z", "done")]


def test_a_state_of_a_run_in_the_future_waits_for_its_time(tmp_path: Path) -> None:
    loans = stage(tmp_path, backoff=60).set(breaks(), finishes())
    loans.later(days=30, minutes=18).tick()
    loans.later(days=-30).tick()
    assert loans.outcomes()[0] == ("20260302T081700Z", "done")
    loans.later(days=30, minutes=10).tick()
    assert ("20260401T081700Z", "done") in loans.outcomes()
    assert loans.left() == []


def test_another_rhythm_does_not_make_misses_of_what_was_never_due(loans: Stage) -> None:
    loans.later(minutes=18).tick()
    loans.later(minutes=40)
    loans.change(cron="*/2 * * * *")
    assert loans.tick().missed == [
        {
            "job": "loans",
            "first_due": "2026-03-02T08:50:00+00:00",
            "due": "2026-03-02T08:56:00+00:00",
            "count": 4,
        }
    ]  # of the ten minutes for which a job that is new is looked back


def test_a_job_that_was_away_for_a_year_missed_nothing(loans: Stage) -> None:
    job = loans.jobs[0]
    loans.later(hours=1).tick()
    loans.jobs = ()
    loans.later(days=1).tick()
    loans.jobs = (job,)
    assert loans.later(days=365).tick().missed == []
    assert loans.later(hours=1).tick().missed == []


def test_misses_of_more_than_four_hundred_days_are_said_not_to_be_counted(tmp_path: Path) -> None:
    loans = stage(tmp_path, cron="17 3 * * *")
    loans.later(days=1).tick()
    result = loans.later(days=500).tick()
    assert "more than 400 days ago" in " ".join(result.troubles)
    assert loans.records()[1]["count"] == 399


@settings(max_examples=15)
@given(
    steps=st.lists(
        st.tuples(st.integers(-180, 600), st.sampled_from(["done", "breaks", "nothing"])),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_the_clock_does_no_instant_has_two_runs_and_none_is_run_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    loans = stage(tmp_path_factory.mktemp("clock"), retries=1, backoff=600)
    for minutes, what in steps:
        loans.later(minutes=minutes)
        if what != "nothing":
            loans.set(finishes() if what == "done" else breaks()).tick()
    finished = [attempt for name, attempt in loans.actor.asked]
    answered = [r for r in loans.records() if r["kind"] == "run"]
    assert len({record["id"] for record in answered}) == len(answered)
    tried = [(attempt.pending["id"], attempt.number) for attempt in finished]
    assert len(set(tried)) == len(tried)
    for record in answered:
        if record["outcome"] == "done":
            (last,) = [one for one in record["attempts"] if one["exit"] == 0]
            assert last == record["attempts"][-1]
