"""Cron expressions: what is refused, in words that lead out, and what the days mean."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.records import BadInputError
from toolkit.schedule.cron import NICKNAMES, parsed
from toolkit.schedule.durations import LONGEST, UNITS, seconds, words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 fields, not five; write minute, hour, day of the month, month, day of the week"),
        ("17 3 * *", "has 4 fields, not five"),
        ("0 17 3 * * 1", "has 6 fields, not five (there are no seconds: drop the first)"),
        ("@reboot", "'@reboot' names no times; write five fields"),
        ("@Daily", "'@Daily' is a name, not five fields; write '0 0 * * *'"),
        ("61 * * * *", "the minute '61' cannot be read; it takes 0-59"),
        ("* 24 * * *", "the hour '24' cannot be read; it takes 0-23"),
        ("* * 0 * *", "the day-of-month '0' cannot be read; it takes 1-31"),
        ("* * 32 * *", "the day-of-month '32' cannot be read"),
        ("* * * 13 *", "the month '13' cannot be read; it takes 1-12 or JAN-DEC"),
        ("* * * * 8", "the day-of-week '8' cannot be read; it takes 0-7 or SUN-SAT"),
        ("* * * * MON#6", "the day-of-week 'MON#6' cannot be read"),
        ("*/0 * * * *", "the minute '*/0' cannot be read"),
        ("5-1 * * * *", "the minute '5-1' cannot be read"),
        ("1,,2 * * * *", "the minute '1,,2' cannot be read"),
        ("-1 * * * *", "the minute '-1' cannot be read"),
        ("² * * * *", "the minute '²' cannot be read"),
        pytest.param("9" * 5000 + " * * * *", "cannot be read", id="five thousand nines"),
        ("0 0 30 2 *", "'0 0 30 2 *' never comes: no day of any year matches it"),
        ("0 0 31 2,4,6,9,11 *", "never comes"),
        ("0 0 31 4 */7", "never comes"),
        ("0 0 */31 * MON#5", "never comes"),  # the 1st is no fifth Monday; cronsim would look for it
    ],
)
def test_what_cannot_be_is_refused_by_field(text: str, said: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parsed(text)
    assert said in str(refused.value)


@given(st.text("0123456789*/,-#LWMONjan @²\t", max_size=25) | st.text(max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cron = parsed(text)
        said = cron.words if cron.times else ""
    except BadInputError as error:
        said = str(error)
    assert said


@pytest.mark.parametrize("name", NICKNAMES)
def test_what_a_nickname_is_told_to_be_can_be_read(name: str) -> None:
    assert parsed(NICKNAMES[name]).times


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0 0 13 * FRI", [2, 9, 13, 16, 23, 30]),  # Fridays, and the 13th too
        ("0 0 */13 * TUE", [27]),  # a star joins them: the 1st, 14th or 27th, if a Tuesday
        ("0 0 L * *", [31]),
        ("0 0 LW * *", [30]),
        ("0 0 * * FRI#2", [9]),
        ("0 0 * * 5L", [30]),
        ("0 0 * * 0", [4, 11, 18, 25]),
        ("0 0 * * 7", [4, 11, 18, 25]),
        ("0 0 29 2 *", []),
    ],
)
def test_the_days_of_a_month_are_those_of_debians_cron(text: str, days: list[int]) -> None:
    october = parsed(text).walls(datetime(2026, 10, 1), datetime(2026, 11, 1))  # it begins on a Thursday
    assert [wall.day for wall in october] == days


def test_a_time_of_day_is_told_from_a_wildcard_by_the_first_letter_of_minute_and_hour() -> None:
    assert parsed("0 2 * * *").fixed
    assert parsed("0-59 0-23 * * *").fixed
    assert not parsed("*/30 2 * * *").fixed
    assert not parsed("0 */2 * * *").fixed


# ---- lengths of time


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (90, 90),
        ("90", 90),
        ("45s", 45),
        ("10m", 600),
        ("2h", 7200),
        ("90d", 7_776_000),
        ("1h30m", 5400),
        (0, 0),
    ],
)
def test_lengths_of_time_are_read(value: object, expected: int) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(
    "value", ["", "10 m", "m", "1.5h", "-1s", "30m1h", "10min", "２h", 1.5, True, None, ["1h"]]
)
def test_other_lengths_are_told_how_to_be_written(value: object) -> None:
    with pytest.raises(ValueError, match='write whole seconds, or a length such as "45s"'):
        seconds(value)


@pytest.mark.parametrize("value", [-1, LONGEST + 1, "367d", "999999999d"])
def test_lengths_out_of_range_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="between 0 and 366 days"):
        seconds(value)


@given(st.integers(0, LONGEST))
def test_lengths_survive_being_written(length: int) -> None:
    assert seconds(words(length)) == length
    assert (
        all(int(n) > 0 for n in words(length).translate({ord(u): " " for u in UNITS}).split()) or not length
    )
