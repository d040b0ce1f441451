"""Laws that hold for any history: what the answers are follows from the files alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs_made import by_hand, due, filled, inputs, missed, point, run

from toolkit.history import History, break_between
from toolkit.history.instants import iso
from toolkit.history.trend import BREAKS


@pytest.fixture(scope="module", autouse=True)
def _unsynced() -> Iterator[None]:
    """Leave out what only a power cut would show: hundreds of histories are written here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


JOBS = st.sampled_from(["weekly", "nightly", "a.b"])


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw what could have happened to some jobs: days in a row, each run, missed or by hand."""
    found = []
    for job in draw(st.lists(JOBS, unique=True, max_size=2)):
        day = draw(st.integers(0, 3))
        for kind in draw(st.lists(st.sampled_from(["run", "hand", "missed", "nothing"]), max_size=6)):
            length = draw(st.integers(1, 4)) if kind == "missed" else 1
            points = [
                point(f"M00{n}/x", draw(st.none() | st.floats(-1, 1))) for n in range(draw(st.integers(0, 2)))
            ]
            told = {"points": points, "inputs": draw(st.none() | st.builds(inputs, seed=st.integers(0, 2)))}
            if kind == "missed":
                found.append(missed(day, day + length - 1, job))
            elif kind != "nothing":
                found.append((run if kind == "run" else by_hand)(day, job) | told)
            day += length
    return found


def answers(history: History) -> Any:
    """Return all there is to ask."""
    jobs = history.jobs()
    dues = [due(day) for day in range(-1, 26, 3)]
    return (
        jobs,
        history.records(),
        history.records(kind="run", limit=3, newest_first=False),
        [history.series(job) for job in jobs],
        [history.breaks(job) for job in jobs],
        [[history.has(job, d) for d in dues] for job in jobs],
        [[history.last_due(job, d) for d in dues] for job in jobs],
        [history.answered(job, dues[3], dues[-3]) for job in jobs],
        [history.export(style) for style in ("csv", "json", "jsonl")],
    )


@settings(max_examples=20)
@given(records(), st.randoms(use_true_random=False))
def test_in_any_order_of_publication_a_rebuilt_index_gives_the_same_answers(
    found: list[dict[str, Any]], random: Any
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first = filled(Path(one), *found)
        random.shuffle(found)
        second = filled(Path(two), *found)
        told = answers(first)
        assert answers(second) == told
        second.rebuild()
        assert answers(second) == told
        (Path(one) / "history.sqlite").unlink(missing_ok=True)
        assert answers(History(Path(one))) == told


@settings(max_examples=20)
@given(records())
def test_an_instant_is_answered_for_by_its_run_or_by_the_range_it_falls_in(
    found: list[dict[str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = filled(Path(folder), *found)
        for job in history.jobs():
            covered = {
                iso(due(day))
                for day in range(30)
                for r in found
                if r["job"] == job
                and r["due"]
                and (r.get("first_due") or r["due"]) <= iso(due(day)) <= r["due"]
            }
            for day in range(-1, 26):
                assert history.has(job, due(day)) is (iso(due(day)) in covered)
                assert not history.has(job, due(day) + timedelta(hours=30 * 24))
                last = history.last_due(job, due(day))
                assert (last and iso(last)) == max((c for c in covered if c <= iso(due(day))), default=None)


@settings(max_examples=20)
@given(records())
def test_points_are_in_the_order_of_time_and_none_is_lost(found: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = filled(Path(folder), *found)
        for job in history.jobs():
            series = history.series(job)
            assert len({s.key for s in series}) == len(series)
            for s in series:
                assert [p.at for p in s.points] == sorted(p.at for p in s.points)
                assert s.points[0].breaks == ()
            count = sum(len(r["points"]) for r in found if r["job"] == job and "points" in r)
            assert sum(len(s.points) for s in series) == count


ANY = st.none() | st.builds(
    inputs,
    data=st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "1", "2"])),
    rows=st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)),
    code=st.dictionaries(st.sampled_from("jm"), st.sampled_from("12")),
    commit=st.sampled_from([None, "1", "2", "2+"]),
    seed=st.integers(0, 1),
    effort=st.sampled_from([None, "quick"]),
    settings=st.sampled_from("12"),
    grown=st.sampled_from([None, True, False]),
)


@given(ANY)
def test_nothing_breaks_between_a_run_and_itself(one: dict[str, Any] | None) -> None:
    assert break_between(one, one) == ()


@given(ANY, ANY)
def test_breaks_are_known_words_in_one_order_and_the_same_both_ways(
    one: dict[str, Any] | None, two: dict[str, Any] | None
) -> None:
    found = break_between(one, two)
    assert list(found) == [name for name in BREAKS if name in found]
    if one and two and one["grown"] == two["grown"]:
        assert break_between(two, one) == found
