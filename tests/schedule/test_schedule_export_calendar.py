"""A translated expression fires at cronsim's instants: in systemd's words, in launchd's, in plain cron's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from export_fixture import EXPRESSIONS, EXTENDED, exported, needed
from hypothesis import HealthCheck, assume, example, given, settings

from toolkit.records import BadInputError
from toolkit.schedule.exports import launchd
from toolkit.schedule.exports.expression import Expression
from toolkit.schedule.exports.oncalendar import lines

COUNT = 8
SPRING = datetime(2026, 4, 2, 12, 0, 30, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, tzinfo=UTC)  # a day before Berlin's clocks go back
SOON = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
ELAPSE = re.compile(r"(?:Next elapse|Iter\. #\d+): (?:\w{3} )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        needed("systemd-analyze")
    return str(found)


def elapses(program: str, events: list[str], base: datetime, count: int = COUNT) -> list[datetime]:
    """Return the next instants of calendar events together, as systemd itself computes them."""
    said = subprocess.run(
        [program, "calendar", f"--iterations={count}", f"--base-time={base:%Y-%m-%d %H:%M:%S} UTC", *events],
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {datetime.fromisoformat(stamp).replace(tzinfo=UTC) for stamp in ELAPSE.findall(said)}
    return sorted(found)[:count]


def simulated(cron: str, base: datetime, count: int = COUNT, zone: str = "UTC") -> list[datetime]:
    walk = CronSim(cron, base.astimezone(ZoneInfo(zone) if zone != "UTC" else UTC))
    return [instant.astimezone(UTC) for instant in islice(walk, count)]


def read(cron: str) -> Expression:
    try:
        return Expression.read(cron)
    except BadInputError:
        assume(False)
        raise


@SOON
@given(EXPRESSIONS)
@example("17 3 1,15 * 1")
@example("0 0 */2 * 1")
@example("*/7,3 5/6 1-31 * 7")
@example("59 23 28 feb sun")
@example("* * 2 */5 */3")  # here and below: with a step in its lines systemd 252 errs
@example("0 0 */7 * 5")
def test_a_timer_elapses_at_the_instants_of_cron(analyze: str, cron: str) -> None:
    assert elapses(analyze, lines(read(cron), "UTC"), SPRING) == simulated(cron, SPRING)


@SOON
@given(EXPRESSIONS)
@example("*/9 */12,23 * * *")
def test_and_it_does_in_a_zone_between_its_changes_of_summer_time(analyze: str, cron: str) -> None:
    found = elapses(analyze, lines(read(cron), "Europe/Berlin"), SPRING)
    both = (found, simulated(cron, SPRING, zone="Europe/Berlin"))
    ours, theirs = ([instant for instant in side if instant < AUTUMN] for side in both)
    assert ours == theirs


@settings(SOON, max_examples=40)
@given(EXTENDED)
@example("17 3 LW * *")
@example("17 3 L * 5L")
@example("17 3 * * 1#2,3")
@example("17 3 */9 * 1#2")
@example("17 3 L * */3")
def test_days_counted_from_the_end_of_a_month_translate_too(analyze: str, cron: str) -> None:
    expression = read(cron)
    try:
        events = lines(expression, "UTC")
    except ValueError:
        assert expression.rule == "both"
        return
    assert elapses(analyze, events, SPRING) == simulated(cron, SPRING)


def test_two_restricted_day_fields_are_an_or_and_so_two_lines() -> None:
    assert lines(Expression.read("17 3 13 * 5"), "UTC") == ["*-*-13 03:17:00 UTC", "Fri *-*-* 03:17:00 UTC"]


def test_a_star_in_front_makes_it_an_and_and_so_one_line() -> None:
    assert lines(Expression.read("17 3 */5 * 5"), "UTC") == ["Fri *-*-01,06,11,16,21,26,31 03:17:00 UTC"]


def test_systemd_passes_over_what_does_not_exist_as_the_timer_says(analyze: str) -> None:
    """What the export's comment claims about a change of summer time is so."""
    events = lines(Expression.read("30 2 * * *"), "Europe/Berlin")
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert elapses(analyze, events, before, 1) == [datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
    assert simulated("30 2 * * *", before, 1, "Europe/Berlin") == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]
    assert "passes over an instant that does not exist" in " ".join(
        exported("systemd")["toolkit-weekly.timer"].replace("# ", "").split()
    )


def fits(entry: dict[str, int], day: date) -> bool:
    """Whether launchd would count a day, by launchd.plist(5): what is left out fits everything."""
    weekday = day.isoweekday() % 7
    wanted = (("Month", day.month), ("Day", day.day), ("Weekday", weekday))
    return all(entry.get(key, value) == value for key, value in wanted)


def starts(entries: list[dict[str, int]], first: date, days: int) -> set[datetime]:
    """Return the minutes at which launchd starts an agent, evaluated here without the code under test."""
    found = set()
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        for entry in (entry for entry in entries if fits(entry, day)):
            hours = [entry["Hour"]] if "Hour" in entry else range(24)
            minutes = [entry["Minute"]] if "Minute" in entry else range(60)
            found |= {
                datetime(day.year, day.month, day.day, h, m, tzinfo=UTC) for h in hours for m in minutes
            }
    return found


@settings(SOON, max_examples=80)
@given(EXPRESSIONS)
@example("17 3 1,15 * 1")
@example("* 3 31 12 7")
def test_launchd_starts_at_the_instants_of_cron(cron: str) -> None:
    expression = read(cron)
    if expression.rule == "both":
        with pytest.raises(ValueError, match="both day fields"):
            launchd.calendar(expression)
        return
    try:
        entries = launchd.calendar(expression)
    except ValueError as error:
        assume("dictionaries" not in str(error))
        raise
    assert not any({"Day", "Weekday"} <= entry.keys() for entry in entries)
    days = 2 if len(expression.minutes) * len(expression.hours) > 60 else 40
    for first in (date(2026, 2, 1), date(2026, 12, 20)):
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
        theirs = set()
        for instant in CronSim(cron, begin - timedelta(seconds=1)):
            if instant >= begin + timedelta(days=days):
                break
            theirs.add(instant)
        assert starts(entries, first, days) == theirs


def test_launchd_refuses_what_would_take_hundreds_of_entries() -> None:
    with pytest.raises(BadInputError, match=r"1320 dictionaries.*run-due"):
        exported("launchd", cron="1-55 * 1-24 * *")


@settings(SOON, max_examples=150)
@given(EXPRESSIONS)
@example("5/15 3 1 * *")
@example("0-59 0-23 1-31 1-12 0-7")
@example("5-5/20 3 * * *")
def test_the_plain_form_and_the_crontab_form_keep_every_instant(cron: str) -> None:
    expression = read(cron)
    forms = [expression.crontab()]
    if expression.rule != "both":
        forms.append(expression.plain())
        # Kubernetes knows no 7, and most read a star in front of a restricted day field in their own way.
        assert re.fullmatch(r"[\d*/,-]+( [\d*/,-]+){4}", forms[1])
        assert "7" not in re.split(r"[ ,/]", forms[1].split()[4])
        assert all(field == "*" or "*" not in field for field in forms[1].split()[2:])
    for form in forms:
        assert simulated(form, SPRING, 30) == simulated(cron, SPRING, 30)
        zoned = datetime(2026, 3, 28, 20, tzinfo=UTC)
        assert simulated(form, zoned, 30, "Europe/Berlin") == simulated(cron, zoned, 30, "Europe/Berlin")


@pytest.mark.parametrize("target", ["github", "gitlab", "kubernetes", "airflow", "prefect", "launchd"])
def test_a_day_that_must_fit_both_fields_is_refused_where_it_would_be_read_as_either(target: str) -> None:
    with pytest.raises(BadInputError, match=r"toolkit\.toml, line 3: .*'weekly'.*both day fields"):
        exported(target, cron="17 3 */2 * 1")


@pytest.mark.parametrize(
    "target", ["cron", "github", "gitlab", "kubernetes", "airflow", "prefect", "launchd"]
)
@pytest.mark.parametrize("cron", ["17 3 L * *", "17 3 LW * *", "17 3 * * 1#2", "17 3 * * 5L"])
def test_signs_that_plain_cron_does_not_know_are_refused_with_a_way_out(target: str, cron: str) -> None:
    with pytest.raises(BadInputError, match=r"line 3: .*(run-due|one day field decides)"):
        exported(target, cron=cron)


def test_debians_parser_reads_every_crontab(tmp_path: Path) -> None:
    program = shutil.which("crontab")
    if program is None or "-n" not in subprocess.run([program, "-h"], capture_output=True, text=True).stderr:
        pytest.skip("Debian's cron is not here (apt-get install cron)")
    for cron in ("17 3 * * 1", "5/15 0-23/2 1,15 jan,DEC sun", "*/7,3 * */2 * 5-7"):
        text = next(iter(exported("cron", Path("/srv/a %d'b c/toolkit.toml"), cron=cron).values()))
        (tmp_path / "tab").write_text(text, encoding="utf-8")
        said = subprocess.run([program, "-n", str(tmp_path / "tab")], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
