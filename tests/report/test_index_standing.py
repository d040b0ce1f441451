"""How the front page says how jobs stand: runs that came, the heartbeat, and what wants a look."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import fixture
import history_year as year
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.index import page, pulse, render, scan, strips
from toolkit.report.index.marks import SHAPE, cell
from toolkit.report.index.parts import Cell, Detail
from toolkit.report.index.view import view

WHOLE = Detail(series=40, places=400, rows=30)
NOW = year.due(59) + timedelta(hours=6)


def run(day: int, outcome: str = "done", **more: Any) -> dict[str, Any]:
    plain = year.ended("job", day, outcome, 0, more.pop("reason", ""))
    return {**plain, "attempts": 1, "report": None, "breaks": [], "changes": "", **more}


def missed(*days: int) -> dict[str, Any]:
    return {**year.missed("job", days), "attempts": 0, "report": None, "breaks": [], "changes": ""}


def made(
    root: Path, records: list[dict[str, Any]], beat: dict[str, Any] | None = None, at: datetime = NOW
) -> Any:
    year.write(root / ".toolkit", records, beat)
    history = view(scan(root, at=at), WHOLE, title="x").history
    assert history is not None
    return history


def test_the_sentence_says_what_came_and_what_did_not() -> None:
    runs = [
        run(59),
        *(run(day) for day in range(58, 3, -1)),
        missed(2, 3),
        run(1, "timeout"),
        run(0, "failed"),
    ]
    said = strips.said(runs, NOW, given=True).replace("\u00a0", " ")
    assert said == (
        "58 of 60 expected runs came; 2 missed, from 27 Nov 2025 03:17 to 28 Nov 2025 03:17; "
        "1 failed; 1 ran past its time. The last run was 6 hours ago."
    )
    assert strips.said(runs, NOW, given=False).endswith("6 hours ago by the newest record.")


def test_runs_by_hand_are_told_apart_from_those_expected() -> None:
    assert (
        strips.said([run(3, due=None), run(2)], None, given=False) == "1 of 1 expected run came; 1 by hand."
    )
    assert strips.said([run(3, due=None)], None, given=False) == "1 run by hand."
    assert strips.said([], None, given=False) == "No run was expected yet."


def test_a_strip_holds_sixty_instants_and_never_nothing() -> None:
    runs = [run(day) for day in range(364, -1, -1)]
    assert len(strips.recent(runs)) == 60
    assert strips.recent([missed(*range(100)), run(0)]) == [missed(*range(100))]
    assert strips.recent([]) == []


@given(st.lists(st.sampled_from([*strips.ENDED, "done"]), max_size=80), st.booleans())
def test_every_instant_of_the_strip_is_in_its_tally_and_its_cells(outcomes: list[str], late: bool) -> None:
    runs = [run(200 - day, outcome) for day, outcome in enumerate(outcomes)]
    tally = strips.tally(runs, overdue=late)
    assert sum(many for _, _, many in tally) == len(runs) + late
    cells = [cell for _, month in strips.cells(runs, "late" if late else "") for cell in month]
    assert [c.outcome for c in cells] == [*reversed(outcomes), *(["overdue"] if late else [])]


@pytest.mark.parametrize("outcome", [*strips.OUTCOME, "alarm"])
def test_every_outcome_has_a_shape_of_its_own(outcome: str) -> None:
    assert sum(shape == SHAPE[outcome] for shape in SHAPE.values()) == 1
    drawn = cell(Cell(outcome, "words", "12"))
    assert drawn.find("title").text == "words"  # type: ignore[union-attr]
    assert {"width", "height", "role"} <= set(drawn.attrib)


def test_cells_are_cut_where_a_month_begins() -> None:
    months = [(month, len(cells)) for month, cells in strips.cells([run(7), run(6), run(5)], "")]
    assert months == [("Nov 2025", 1), ("Dec 2025", 2)]


def test_troubles_alike_in_a_row_are_one(tmp_path: Path) -> None:
    ends = ["done", "failed", "failed", "done", "gate_failed"]
    job = made(tmp_path, [year.ended("job", day, end, 0, "why") for day, end in enumerate(ends)]).jobs[0]
    assert [(row.word, row.since.replace("\u00a0", " ")) for row in job.troubled] == [
        ("gate failed", ""),
        ("failed, 2 in a row", "26 Nov 2025 03:17"),
    ]
    assert job.looks == (("job-1", "", "The last run failed its gate: why."),)


def test_a_gates_own_words_are_not_said_twice(tmp_path: Path) -> None:
    record = year.ended("job", 0, "gate_failed", 1, "The gate failed: 2 new. " + "x" * 300)
    (look,) = made(tmp_path, [record]).jobs[0].looks
    assert look[2].startswith("The last run failed its gate: 2 new. xxx")
    assert look[2].endswith("x….")
    assert len(look[2]) < 280


def test_a_heartbeat_that_stopped_points_to_the_doctor(tmp_path: Path) -> None:
    beat = year.heartbeat(year.due(57), {"loans-nightly": year.due(58), "beliefs": year.due(90)})
    history = made(tmp_path, list(year.audit_job(58, gaps=1)), beat)
    assert history.stale == "Nothing has ticked for 2 days, and loans-nightly became due since."
    job = next(j for j in history.jobs if j.name == "loans-nightly")
    assert job.overdue
    assert job.cells[-1][1][-1].outcome == "overdue"
    text = render(scan(tmp_path, at=NOW), title="x")
    assert text.count("toolkit schedule doctor") == 2
    assert re.search(r"1\s+of them wants a look|; it wants a look", text)


@pytest.mark.parametrize(
    ("age", "due", "stale"),
    [
        (timedelta(minutes=10), timedelta(hours=-2), False),  # it ticks
        (timedelta(days=9), timedelta(days=1), False),  # nothing was due
        (timedelta(hours=3), timedelta(minutes=-20), False),  # only just due
        (timedelta(hours=3), timedelta(hours=-2), True),
    ],
)
def test_ticks_have_stopped_only_where_something_became_due(
    age: timedelta, due: timedelta, stale: bool
) -> None:
    beat = {
        "at": year.iso(NOW - age),
        "host": "h",
        "finished": True,
        "exit": 0,
        "next_due": {"a": year.iso(NOW + due)},
    }
    assert bool(pulse.stale(beat, NOW)) is stale


def test_without_a_time_nothing_is_called_late(tmp_path: Path) -> None:
    beat = year.heartbeat(year.due(1), {"loans-nightly": year.due(2)})
    year.write(tmp_path / ".toolkit", list(year.audit_job(40, gaps=1)), beat)
    history = view(scan(tmp_path), WHOLE, title="x").history
    assert history is not None
    assert (history.stale, history.as_of, [job.overdue for job in history.jobs]) == ("", "", [False])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"finished": None}, "on h, still at work, or killed before its end."),
        ({"exit": 3}, "on h, exit code 3."),
        ({"host": None}, "ago), nothing went wrong."),
        ({"at": "soon"}, "Last tick soon on h"),
    ],
)
def test_a_heartbeat_is_said_as_it_is(more: dict[str, Any], said: str) -> None:
    beat = {
        "at": year.iso(NOW - timedelta(hours=2)),
        "host": "h",
        "finished": True,
        "exit": 0,
        "next_due": {},
        **more,
    }
    assert said in pulse.said(beat, NOW)


def test_changes_at_run_after_run_are_one_entry(tmp_path: Path) -> None:
    records = list(year.audit_job(10, gaps=1))
    for record in records:
        record["inputs"]["grown"] = None
    changes = made(tmp_path, records).jobs[0].changes
    assert changes == (
        ("2025-11-26 03:17 to 2025-12-04 03:17", "D",
         "at each of 9 runs, lastly data: table (2,064 rows → 2,072)"),
    )  # fmt: skip


def test_jobs_with_trouble_come_first_and_quiet_ones_are_said_to_be(tmp_path: Path) -> None:
    quiet = list(year.audit_job(10, job="a-quiet", gaps=1))
    for record in quiet:
        record["points"][0]["ruling"] = "small"
    loud = [*year.audit_job(10, job="z-loud", gaps=1), year.ended("z-loud", 10, "failed", 3, "disk full")]
    assert [job.name for job in made(tmp_path, [*quiet, *loud]).jobs] == ["z-loud", "a-quiet"]
    calm = tmp_path / "calm"
    year.write(calm / ".toolkit", quiet)
    text = render(scan(calm, at=NOW), title="x")
    assert "Nothing changed within the last runs" in text
    assert "1 scheduled job; none wants a look." in text


def test_the_rest_is_folded_and_none_is_lost(tmp_path: Path) -> None:
    job = made(tmp_path, list(year.audit_job(12, gaps=15))).jobs[0]
    assert len(job.open) == 6
    assert len(job.open) + len(job.folded) == 15
    assert len({series.label for series in (*job.open, *job.folded)}) == 15


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    records = []
    for day in range(3):
        names = [name.replace("%", "%25").replace("/", "%2F") for name in fixture.HOSTILE]
        points = [
            year.point(
                f"gap/{n}/{n}/difference/reference/{n}/{n}", "gap", n, n, (0.0, -1.0, 1.0), 0.05, "small", 3
            )
            for n in names
        ]
        inputs = {"kind": "audit", "name": fixture.SCRIPT, "data": {fixture.SCRIPT: str(day)}, "rows": {},
                  "versions": {fixture.MARKUP: str(day)}, "code": {fixture.SCRIPT: str(day)}}  # fmt: skip
        records.append(
            year.ran("hostile", day, inputs, points) | {"reason": fixture.SCRIPT, "host": fixture.SCRIPT}
        )
    records.append(year.ended("hostile", 3, "failed", 3, fixture.SCRIPT + fixture.MARKUP))
    beat = year.heartbeat(NOW, {fixture.SCRIPT: year.due(4)}) | {"host": fixture.SCRIPT}
    year.write(tmp_path / ".toolkit", records, beat)
    text = render(scan(tmp_path, at=NOW), title=fixture.SCRIPT)
    assert "<img" not in text
    assert "<script" not in text
    assert "onerror" in text, "it is shown, as text"


@pytest.mark.slow
def test_twelve_jobs_of_twenty_trends_over_a_year_stay_below_two_megabytes(tmp_path: Path) -> None:
    for place in range(12):
        year.write(tmp_path / ".toolkit", year.audit_job(365, job=f"job-{place}", gaps=20, seed=place))
    found = scan(tmp_path, at=year.due(365))
    text = render(found, title="many")
    assert len(text.encode()) < 2_000_000
    assert text.count("<figure") == 240
    assert text.count("Newest 30 of 361 runs") == 240
    assert "neighbours are drawn by their least and greatest value" in text


def test_a_page_too_large_leaves_out_trends_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    year.write(tmp_path / ".toolkit", year.audit_job(60, gaps=10))
    monkeypatch.setattr(page, "LIMIT", 90_000)
    text = render(scan(tmp_path, at=NOW), title="x")
    assert len(text.encode()) <= 90_000
    assert "4 more trends: see <code>toolkit history export loans-nightly</code>" in text
