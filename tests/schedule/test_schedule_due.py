"""What is due: known instants over changes of clocks and leap days, and the laws of every expression."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.records import BadInputError
from toolkit.schedule.cron import parsed
from toolkit.schedule.due import Misses, due_now, instants, next_due, offset, shortest_gap

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
)
WHOLE_HOURS = ("UTC", "Europe/Berlin", "America/New_York")  # where cronsim can be believed


@dataclass(frozen=True)
class Stub:
    """As much of a job as says when it is due."""

    name: str = "stub"
    cron: str = "*/10 * * * *"
    timezone: str = "UTC"
    jitter: int = 0


def at(text: str, zone: str = "UTC") -> datetime:
    """Read a time of a zone as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def seen(cron: str, zone: str, day: str, days: int) -> list[str]:
    """Return the instants of some days of a zone, as its clock shows them, with its offset."""
    start = at(day, zone)
    end = at(f"{date.fromisoformat(day) + timedelta(days=days)}", zone)
    found = instants(cron, zone, start - timedelta(seconds=1), end - timedelta(seconds=1))
    return [f"{instant.astimezone(ZoneInfo(zone)):%d %H:%M %z}" for instant in found]


@pytest.mark.parametrize(
    ("cron", "zone", "day", "expected"),
    [
        # Europe/Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["29 03:00 +0200"]),
        ("0,30 2 * * *", "Europe/Berlin", "2026-03-29", ["29 03:00 +0200"]),
        ("30 2,3 * * *", "Europe/Berlin", "2026-03-29", ["29 03:00 +0200", "29 03:30 +0200"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-29", ["29 03:00 +0200"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-29", []),
        (
            "30 */2 29 3 *",
            "Europe/Berlin",
            "2026-03-29",
            [f"29 {h:02}:30 +0{1 + (h > 2)}00" for h in range(0, 24, 2) if h != 2],
        ),
        # 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
        ("30 2 * * *", "Europe/Berlin", "2026-10-25", ["25 02:30 +0200"]),
        (
            "30 1,2,3 * * *",
            "Europe/Berlin",
            "2026-10-25",
            ["25 01:30 +0200", "25 02:30 +0200", "25 03:30 +0100"],
        ),
        (
            "*/30 2 * * *",
            "Europe/Berlin",
            "2026-10-25",
            ["25 02:00 +0200", "25 02:30 +0200", "25 02:00 +0100", "25 02:30 +0100"],
        ),
        # America/New_York, 8 March 2026 at 07:00 UTC, and 1 November 2026 at 06:00 UTC.
        ("30 2 * * *", "America/New_York", "2026-03-08", ["08 03:00 -0400"]),
        (
            "15 * 8 3 *",
            "America/New_York",
            "2026-03-08",
            [f"08 {h:02}:15 -0{5 - (h > 2)}00" for h in range(24) if h != 2],
        ),
        ("30 1 * * *", "America/New_York", "2026-11-01", ["01 01:30 -0400"]),
        (
            "*/20 1 * * *",
            "America/New_York",
            "2026-11-01",
            [f"01 01:{m:02} {z}" for z in ("-0400", "-0500") for m in (0, 20, 40)],
        ),
        # Australia/Lord_Howe: 4 October 2026, 02:00 becomes 02:30; 5 April 2026, 02:00 becomes 01:30.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-04", ["04 02:30 +1100"]),
        ("45 2 * * *", "Australia/Lord_Howe", "2026-10-04", ["04 02:45 +1100"]),
        (
            "*/10 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-04",
            ["04 02:30 +1100", "04 02:40 +1100", "04 02:50 +1100"],
        ),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-05", ["05 01:45 +1100"]),
        (
            "*/30 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-05",
            ["05 01:00 +1100", "05 01:30 +1100", "05 01:30 +1030"],
        ),
        # cronsim 0.15 leaves these out: it counts hours from 01:30.
        ("*/30 2 * * *", "Australia/Lord_Howe", "2026-04-05", ["05 02:00 +1030", "05 02:30 +1030"]),
    ],
)
def test_a_change_of_clocks_neither_loses_nor_doubles_a_time_of_day_and_leaves_wildcards_to_the_clock(
    cron: str, zone: str, day: str, expected: list[str]
) -> None:
    assert seen(cron, zone, day, 1) == expected


def test_a_day_that_a_zone_skipped_comes_with_the_next_for_times_of_day_only() -> None:
    # Samoa went to bed on 29 December 2011 and got up on the 31st.
    assert seen("0 3 * * *", "Pacific/Apia", "2011-12-29", 3) == [
        "29 03:00 -1000",
        "31 00:00 +1400",
        "31 03:00 +1400",
    ]
    assert seen("*/30 3 * * *", "Pacific/Apia", "2011-12-30", 1) == []


def test_a_leap_day_comes_in_leap_years_only() -> None:
    found = list(islice(instants("0 0 29 2 *", "UTC", at("2026-01-01")), 3))
    assert [f"{i:%Y-%m-%d}" for i in found] == ["2028-02-29", "2032-02-29", "2036-02-29"]
    assert next(instants("0 12 29 2 *", "UTC", at("2096-03-01"))) == at("2104-02-29T12:00")
    assert next(instants("0 0 29 2 */7", "UTC", at("2088-03-01"))) == at("2128-02-29")  # Sundays, over 2100


def test_an_expression_that_one_zone_never_shows_ends_within_fifty_years() -> None:
    # The last Sunday of March has no 02:00 in Berlin, and a wildcard does not make up for it.
    assert list(instants("* 2 25-31 3 */7", "Europe/Berlin", at("2026-01-01"))) == []
    with pytest.raises(BadInputError, match="does not come within fifty years in Europe/Berlin"):
        next_due(Stub(cron="* 2 25-31 3 */7", timezone="Europe/Berlin"), at("2026-01-01"))


field = st.sampled_from
minutes = field(["0", "17", "*", "*/7", "0,30", "5-50/15", "*/20", "59"])
hours = field(["*", "2", "1,2,3", "*/2", "0-23", "22-23", "0"])
days = field(["*", "1", "31", "29", "L", "*/5", "25-31"])
months = field(["*", "3,10", "2", "4,11", "1-12/3"])
weekdays = field(["*", "0", "MON-FRI", "7", "*/7", "SUN#2"])


def comes(cron: str) -> bool:
    """Tell whether any day matches; 31 February does not."""
    try:
        parsed(cron)
    except BadInputError:
        return False
    return True


crons = st.tuples(minutes, hours, days, months, weekdays).map(" ".join).filter(comes)
times = st.datetimes(datetime(2024, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))
# Half of all starts lie near a change of clocks, where the laws could break.
CHANGES = [
    at(text)
    for text in (
        "2026-03-29T01:00",
        "2026-10-25T01:00",
        "2026-03-08T07:00",
        "2026-11-01T06:00",
        "2026-04-04T15:00",
        "2026-10-03T15:30",
    )
]
near_changes = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-30 * 3600, 6 * 3600),
)
starts = times | near_changes


@settings(max_examples=150)
@given(crons, st.sampled_from(ZONES), starts, st.integers(0, 30 * 86400))
def test_instants_rise_strictly_and_lie_in_the_range(
    cron: str, zone: str, start: datetime, length: int
) -> None:
    end = start + timedelta(seconds=length)
    found = list(islice(instants(cron, zone, start, end), 3000))
    assert all(a < b for a, b in pairwise(found))
    assert all(start < instant <= end for instant in found)
    assert all(instant.second == instant.microsecond == 0 for instant in found)


@settings(max_examples=150)
@given(crons, st.sampled_from(ZONES), starts, st.lists(st.integers(1, 40 * 3600), max_size=4))
def test_ranges_that_meet_lose_and_double_no_instant_at_the_seam(
    cron: str, zone: str, start: datetime, lengths: list[int]
) -> None:
    seams = [start]
    for length in lengths:
        seams.append(seams[-1] + timedelta(seconds=length))
    whole = list(instants(cron, zone, start, seams[-1]))
    assert [i for a, b in pairwise(seams) for i in instants(cron, zone, a, b)] == whole


@settings(max_examples=100)
@given(crons, st.sampled_from(ZONES), starts)
def test_a_seam_on_an_instant_belongs_to_the_range_before_it(cron: str, zone: str, start: datetime) -> None:
    first, second = islice(instants(cron, zone, start), 2)
    assert list(instants(cron, zone, start, first)) == [first]
    assert next(instants(cron, zone, first)) == second


@settings(max_examples=80)
@given(crons, st.sampled_from(WHOLE_HOURS), starts)
def test_where_clocks_change_by_whole_hours_the_instants_are_those_of_cronsim(
    cron: str, zone: str, start: datetime
) -> None:
    theirs = islice(CronSim(cron, start.astimezone(ZoneInfo(zone))), 60)
    expected = [i.astimezone(UTC) for i in theirs]
    # Where it begins inside the hour that is shown twice, cronsim goes back to the first showing.
    assume(expected == sorted(expected) and expected[0] > start)
    assert list(islice(instants(cron, zone, start), 60)) == expected


@settings(max_examples=100)
@given(crons, st.sampled_from(ZONES), starts)
def test_every_instant_is_a_minute_the_wall_clock_shows_or_the_first_after_a_gap(
    cron: str, zone: str, start: datetime
) -> None:
    minute, hour = (set(CronSim(cron, start).minutes), set(CronSim(cron, start).hours))
    for instant in islice(instants(cron, zone, start), 50):
        wall = instant.astimezone(ZoneInfo(zone))
        before = (instant - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
        assert (wall.minute in minute and wall.hour in hour) or wall.utcoffset() != before.utcoffset()


def walked(cron: str, zone: str, start: datetime, minutes: int) -> list[datetime]:
    """Return the instants as Debian's rule has them, found by looking at the clock every minute.

    The clock is watched from three days before, so that it is known what it has shown already.
    """
    read, there = parsed(cron), ZoneInfo(zone)

    def named(wall: datetime) -> bool:
        return (
            (wall.hour, wall.minute) in read.times
            and wall.month in read.read.months
            and read.read.match_day(wall)
        )

    begin = start.replace(second=0, microsecond=0)
    found, shown, minute = [], None, timedelta(minutes=1)
    for step in range(-3 * 1440, minutes):
        instant = begin + step * minute
        wall = instant.astimezone(there).replace(tzinfo=None)
        if not read.fixed:
            due = named(wall)
        else:
            first = wall if shown is None else shown + minute
            since = [first + n * minute for n in range(int((wall - first) / minute) + 1)]
            due = any(map(named, since))
        shown = wall if shown is None else max(shown, wall)
        if due and instant > start:
            found.append(instant)
    return found


@settings(max_examples=40)
@given(crons, st.sampled_from(ZONES), near_changes)
def test_the_instants_are_those_of_somebody_who_watches_the_clock(
    cron: str, zone: str, start: datetime
) -> None:
    last = start.replace(second=0, microsecond=0) + timedelta(minutes=2879)
    assert list(instants(cron, zone, start, last)) == walked(cron, zone, start, 2880)


def test_a_start_inside_the_hour_shown_twice_goes_forward_only() -> None:
    second = at("2026-10-25T01:10")  # 02:10, the second time
    assert next(instants("30 2 * * *", "Europe/Berlin", second)) == at("2026-10-26T01:30")


def test_a_start_that_is_not_in_utc_means_the_same_instant() -> None:
    there = datetime(2026, 3, 28, 20, tzinfo=ZoneInfo("America/New_York"))
    assert next(instants("30 2 * * *", "Europe/Berlin", there)) == at("2026-03-29T01:00")


# ---- jitter


@settings(max_examples=100)
@given(st.integers(0, 86400), times, st.text("abc-9", min_size=1, max_size=5))
def test_the_jitter_is_whole_seconds_below_its_limit_and_the_same_every_time(
    jitter: int, due: datetime, name: str
) -> None:
    job, due = Stub(name=name, jitter=jitter), due.replace(microsecond=0)
    found = offset(job, due)
    assert timedelta(0) <= found < timedelta(seconds=max(1, jitter))
    assert found == timedelta(seconds=int(found.total_seconds()))
    assert offset(replace(job), due.astimezone(ZoneInfo("Asia/Kathmandu"))) == found


def test_the_jitter_of_a_known_instant_is_the_same_on_every_machine_and_for_ever() -> None:
    assert offset(Stub(name="loans", jitter=600), at("2026-11-30T02:17")) == timedelta(seconds=308)


def test_jitter_spreads_jobs_and_instants() -> None:
    dues = list(islice(instants("0 * * * *", "UTC", at("2026-01-01")), 400))
    spread = [offset(Stub(jitter=600), due).total_seconds() for due in dues]
    assert 270 < sum(spread) / len(spread) < 330  # 299.5 expected, standard error 8.7
    assert len(set(spread)) > 150
    assert len({offset(Stub(name=str(i), jitter=600), dues[0]) for i in range(100)}) > 80


@pytest.mark.parametrize(
    ("cron", "zone", "gap"),
    [
        ("* * * * *", "UTC", 60),
        ("*/7 * * * *", "UTC", 240),  # from minute 56 to the full hour
        ("0 0 * * *", "UTC", 86400),
        ("0 0 * * *", "Europe/Berlin", 23 * 3600),
        ("30 2,3 * * *", "Europe/Berlin", 1800),  # on the day without a 02:30
        ("0 0 1 1 *", "UTC", 365 * 86400),
        ("0 0 29 2 *", "UTC", 1461 * 86400),
        ("0 0,23 1 2 MON", "UTC", 3600),  # in the years whose 1 February is a Sunday
        ("30 2,3 29 3 *", "Europe/Berlin", 1800),  # in the years whose clocks change on 29 March
        ("0 0 29 2 */7", "UTC", None),  # once in 28 years
    ],
)
def test_the_shortest_distance_of_two_instants_counts_changes_of_clocks(
    cron: str, zone: str, gap: int | None
) -> None:
    assert shortest_gap(cron, zone, at("2025-12-31")) == gap


@settings(max_examples=50)
@given(crons, st.sampled_from(ZONES), near_changes, st.sampled_from([1, 1, 0.9, 0.1]))
def test_jitter_within_the_shortest_distance_keeps_the_order_of_starts(
    cron: str, zone: str, start: datetime, share: float
) -> None:
    gap = shortest_gap(cron, zone, start)
    job = Stub(cron=cron, timezone=zone, jitter=int(share * min(gap or 0, 366 * 86400)))
    dues = islice(instants(cron, zone, start, start + timedelta(days=28 * 366)), 60)
    begun = [due + offset(job, due) for due in dues]
    if gap is not None:
        assert all(a < b for a, b in pairwise(begun))


# ---- what is due now


def test_nothing_is_due_before_its_time_and_then_it_is() -> None:
    job, last = Stub(), at("2026-11-24T03:10")
    assert due_now(job, last, at("2026-11-24T03:19:59")).latest is None
    assert due_now(job, last, at("2026-11-24T03:20")).latest == at("2026-11-24T03:20")
    assert due_now(job, at("2026-11-24T03:20"), at("2026-11-24T03:20")).latest is None


def test_of_a_gap_the_newest_is_due_and_the_others_are_a_range_of_misses() -> None:
    found = due_now(Stub(), at("2026-11-24T03:00"), at("2026-11-24T03:45"))
    assert found.latest == at("2026-11-24T03:40")
    assert found.missed == Misses(at("2026-11-24T03:10"), at("2026-11-24T03:30"), 3)
    assert found.given_up == Misses(at("2026-11-24T03:10"), at("2026-11-24T03:40"), 4)
    one = due_now(Stub(), at("2026-11-24T03:00"), at("2026-11-24T03:10"))
    only = at("2026-11-24T03:10")
    assert (one.latest, one.missed, one.given_up) == (only, None, Misses(only, only, 1))


def test_an_instant_waits_for_its_jitter_and_those_before_it_do_not() -> None:
    job = Stub(jitter=600)
    due = next(d for d in instants(job.cron, "UTC", at("2026-11-24")) if offset(job, d).total_seconds() > 60)
    begins = due + offset(job, due)
    early = due_now(job, due - timedelta(minutes=25), begins - timedelta(seconds=1))
    assert (early.pending, early.latest) == (due, due - timedelta(minutes=10))
    assert due_now(job, due - timedelta(minutes=5), begins).latest == due
    assert next_due(job, begins - timedelta(seconds=1)) == due
    assert next_due(job, begins) == due + timedelta(minutes=10)


def test_a_month_off_is_counted_quickly_and_holds_no_list() -> None:
    job, now = Stub(cron="* * * * *", timezone="Europe/Berlin"), at("2026-11-01")
    begun = time.process_time()
    found = due_now(job, now - timedelta(days=30), now)
    assert time.process_time() - begun < 2  # of the processor: it takes 0.05 s
    assert found.missed is not None
    assert found.missed.count == 30 * 24 * 60 - 1
    assert not found.cut


def test_misses_older_than_four_hundred_days_are_not_counted_and_it_is_said() -> None:
    job, now = Stub(cron="0 0 * * *"), at("2026-11-01T12:00")
    found = due_now(job, now - timedelta(days=1000), now)
    assert found.cut
    assert found.missed is not None
    assert found.missed.count == 399


def test_a_leap_day_that_has_not_come_is_no_miss_that_is_not_counted() -> None:
    job, last = Stub(cron="0 9 29 2 *"), at("2024-02-29T09:00")
    assert not due_now(job, last, at("2028-02-29T08:00")).cut
    assert due_now(job, last, at("2032-02-29T08:00")).cut


@settings(max_examples=150)
@given(
    st.sampled_from(["*/10 * * * *", "0 * * * *", "30 2 * * *", "17 */3 * * *"]),
    st.sampled_from(ZONES),
    near_changes,
    st.lists(st.integers(-5 * 3600, 30 * 3600), min_size=1, max_size=25),
    st.sampled_from([0, 300, 600]),
)
def test_a_clock_that_jumps_back_and_forth_runs_nothing_twice_and_leaves_nothing_out(
    cron: str, zone: str, start: datetime, jumps: list[int], jitter: int
) -> None:
    job = Stub(cron=cron, timezone=zone, jitter=jitter)
    answered: dict[datetime, str] = {}
    now = start
    for jump in jumps:
        now += timedelta(seconds=jump)
        last = max((due for due in answered if due <= now), default=start)
        found = due_now(job, last, now, answered.__contains__)
        if found.latest is not None:
            assert found.latest not in answered
            assert start < found.latest <= now - offset(job, found.latest)
        if found.missed is not None:
            assert found.latest is not None
            lost = [d for d in instants(cron, zone, last, found.latest) if d < found.latest]
            assert (lost[0], lost[-1], len(lost)) == (
                found.missed.first,
                found.missed.last,
                found.missed.count,
            )
            assert not set(lost) & set(answered)
            answered |= dict.fromkeys(lost, "missed")
        if found.latest is not None:
            answered[found.latest] = "run"
    # Every instant up to the newest answered is answered once; the clock may have jumped over none.
    if answered:
        assert sorted(answered) == list(instants(cron, zone, start, max(answered)))


@given(st.sampled_from(ZONES), near_changes, st.sets(st.integers(0, 60)), st.integers(0, 86400))
def test_an_answered_instant_is_never_due_again_however_old_the_floor(
    zone: str, start: datetime, done: set[int], length: int
) -> None:
    job, now = Stub(timezone=zone), start + timedelta(seconds=length)
    dues = list(instants(job.cron, zone, start, now))
    answered = {due for place, due in enumerate(dues) if place in done}
    found = due_now(job, start, now, answered.__contains__)
    after = [due for due in dues if due > max(answered, default=start)]
    assert found.latest == (after[-1] if after else None)
    assert (found.missed.count if found.missed else 0) == max(0, len(after) - 1)


def test_a_clock_behind_every_answer_finds_nothing_due() -> None:
    assert due_now(Stub(), at("2026-11-24T12:00"), at("2026-11-24T03:00")).given_up is None
