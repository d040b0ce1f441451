"""Trends: the line breaks where it must, no extreme is lost, every part has ink of its own and words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.index import badges, breaks, charts, frame, trends
from toolkit.report.index.parts import Chart, Dot

START = datetime(2026, 1, 1, 3, 17, tzinfo=UTC)
KEY = "gap/race/selection_rate/difference/widest"
SVG = {"svg", "g"}


def point(day: int, value: float | None = 0.02, **more: Any) -> dict[str, Any]:
    ends = {"low": None, "high": None} if value is None else {"low": value - 0.02, "high": value + 0.02}
    plain = {
        "id": str(day),
        "at": (START + timedelta(days=day)).isoformat(),
        "value": value,
        **ends,
        "margin": 0.05,
    }
    return {**plain, "ruling": "small", "n": 100, "e_value": None, "alarm": None, "breaks": [], **more}


def series(points: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    plain = {"series": KEY, "kind": "gap", "label": "gap", "unit": "difference", "ratio": False}
    return {**plain, "points": points, **more}


def span(points: list[dict[str, Any]]) -> tuple[datetime, datetime]:
    return START, START + timedelta(days=max(1, len(points) - 1))


def viewed(points: list[dict[str, Any]], **more: Any) -> Any:
    return trends.trend(series(points, **more), span(points), "s")


def drawn(points: list[dict[str, Any]], most: int = 400, **more: Any) -> Any:
    return charts.trend(viewed(points, **more).chart, most)


def part(root: Any, kind: str) -> Any:
    return next((e for e in root.iter() if kind in (e.get("class") or "").split()), None)


def strokes(root: Any) -> int:
    return len(re.findall("[Mm]", part(root, "line").get("d")))


def test_one_line_joins_runs_that_can_be_compared() -> None:
    assert strokes(drawn([point(day) for day in range(20)])) == 1


@pytest.mark.parametrize("kinds", [["data"], ["code"], ["versions"], ["data", "code"], ["settings"]])
def test_the_line_is_not_joined_where_something_that_went_in_changed(kinds: list[str]) -> None:
    points = [point(day, breaks=kinds if day == 8 else []) for day in range(20)]
    root = drawn(points)
    assert strokes(root) == 2
    assert len(re.findall("[Mm]", part(root, "band").get("d"))) == 2
    chart = viewed(points).chart
    assert [flag.letters for flag in chart.flags] == [breaks.letters(kinds)]
    last, first = (frame.across(chart, chart.dots[k].x) for k in (7, 8))
    assert first - last > frame.GAP, "the axis of time is cut there, so that the break is seen"
    words = ", ".join(kinds)
    assert f"begins anew 1 time, at {words} on" in root.find("desc").text
    assert viewed(points).rows[11].changed == words


def test_the_line_is_not_drawn_through_what_could_not_be_measured() -> None:
    points = [point(day, None if day in (5, 6) else 0.02) for day in range(12)]
    assert strokes(drawn(points)) == 2
    assert viewed(points).rows[6].value == "–"


def test_a_run_of_its_own_is_a_dot_with_a_bar() -> None:
    root = drawn([point(day, breaks=["data"] if day else []) for day in range(4)])
    assert part(root, "line").get("d").count("h0") == 4
    assert part(root, "line").get("stroke-linecap") == "round"
    assert part(root, "band") is None
    assert len(re.findall("[Mm]", part(root, "reach").get("d"))) == 4


def test_changes_at_every_run_become_one_flag_with_their_number() -> None:
    chart = viewed([point(day, breaks=["data"] if day else []) for day in range(300)]).chart
    assert [(flag.letters, flag.many) for flag in chart.flags] == [("D", 299)]
    assert "D×299" in "".join(charts.trend(chart, 400).itertext())


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=120),
    st.sets(st.integers(1, 119), max_size=6),
    st.integers(4, 60),
)
def test_no_extreme_is_lost_and_nothing_leaves_the_field(
    values: list[float], cuts: set[int], most: int
) -> None:
    points = [point(k, v, breaks=["code"] if k in cuts else []) for k, v in enumerate(values)]
    chart = viewed(points).chart
    root = charts.trend(chart, most)
    x = y = 0.0
    heights = []
    for command, text in re.findall(r"([Mmlhv])([^Mmlhv]*)", part(root, "line").get("d")):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        for a, b in _steps(command, numbers):
            x, y = (a, b) if command == "M" else (x + a, y + b)
            heights.append(y)
            assert frame.LEFT - 0.1 <= x <= frame.WIDTH - frame.RIGHT + 0.1
            assert frame.TOP - 0.1 <= y <= frame.foot(chart) + 0.1
    assert min(heights) == pytest.approx(frame.up(chart, max(values)), abs=0.2)
    assert max(heights) == pytest.approx(frame.up(chart, min(values)), abs=0.2)
    assert len(heights) <= max(len(values), most) + 2 * (
        len(chart.flags) + sum(f.many for f in chart.flags) + 1
    )


def _steps(command: str, numbers: list[float]) -> list[tuple[float, float]]:
    if command == "h":
        return [(n, 0.0) for n in numbers]
    if command == "v":
        return [(0.0, n) for n in numbers]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


@given(st.lists(st.floats(0, 1), max_size=40, unique=True).map(sorted), st.floats(0, 1), st.floats(0, 1))
def test_time_never_runs_back(cuts: list[float], first: float, second: float) -> None:
    flags = breaks.flags([(x, ["code"]) for x in cuts])
    chart = Chart("", "", 0, 1, (), flags, (), (), 0, (), ())
    low, high = sorted((first, second))
    assert frame.LEFT <= frame.across(chart, low) <= frame.across(chart, high) <= frame.WIDTH - frame.RIGHT
    assert sum(flag.many for flag in flags) == len(cuts)


def test_every_mark_has_ink_where_no_style_sheet_may_apply() -> None:
    points = [
        point(day, ruling=ruling, alarm=day > 4, breaks=["versions"] if day == 3 else [])
        for day, ruling in enumerate(["shown", "not_enough_evidence", "small", "not_applicable"] * 2)
    ]
    for root in (drawn(points), badges.shapes()):
        assert {"width", "height"} <= set(root.attrib)
        for element in root.iter("path"):
            assert {"fill"} <= set(element.attrib), element.attrib
            assert "currentColor" in (element.get("fill"), element.get("stroke"))
    assert drawn(points).get("fill") == "currentColor"
    assert not any(element.get("style") for element in drawn(points).iter())


def test_every_ruling_of_a_short_series_is_drawn_in_its_shape() -> None:
    rulings = ["shown", "not_enough_evidence", "small", "shown"]
    root = drawn([point(day, ruling=ruling) for day, ruling in enumerate(rulings)])
    paths = {
        e.get("class"): e.get("d").count("M") for e in root.iter("path") if "shape" in e.get("class", "")
    }
    assert paths == {"shape gap-shown": 2, "shape gap-open": 1, "shape gap-small": 1}


def test_an_alarm_is_a_bar_from_where_it_stands_with_its_word() -> None:
    points = [point(day, alarm=day >= 6, e_value=25.0 if day >= 6 else 2.0) for day in range(12)]
    found = viewed(points)
    assert found.alarm
    assert found.said.endswith("Alarm since 7\u00a0Jan\u00a02026, 6 runs, e-value 25.")
    assert found.chart.alarms == ((6 / 11, 1.0),)
    assert "alarm" in list(drawn(points).itertext())
    over = viewed([*points, *(point(day) for day in range(12, 15))])
    assert not over.alarm
    assert over.said.endswith("An alarm stood until 12\u00a0Jan\u00a02026.")


def test_an_e_value_beyond_all_doubt_is_said_as_such_and_kept_in_the_table() -> None:
    found = viewed([point(0, e_value=1.0), point(1, e_value=6.7e20, alarm=True)])
    assert found.said.endswith("1 run, e-value over a million.")
    assert found.rows[0].e_value == "6.7e+20"


def test_runs_of_one_day_are_told_apart_by_the_hour() -> None:
    found = trends.trend(series([point(0)]), (START, START + timedelta(hours=5)), "s")
    assert [words.replace("\u00a0", " ") for _, words in found.chart.ends] == ["1 Jan 2026 03:17", "08:17"]


def test_alarms_come_first_then_what_changed_last_and_chance_is_no_news() -> None:
    alarm = series(
        [point(day, alarm=day > 90) for day in range(100)], series="gap/a/accuracy/difference/widest"
    )
    late = series([point(day, ruling="shown" if day > 80 else "small") for day in range(100)], series="late")
    early = series(
        [point(day, ruling="shown" if day > 20 else "small") for day in range(100)], series="early"
    )
    wavers = series(
        [point(day, ruling=("small", "shown")[day % 3 > 1]) for day in range(100)], series="wavers"
    )
    ordered = sorted([wavers, early, late, alarm], key=trends.order)
    assert [one["series"] for one in ordered] == [alarm["series"], "late", "early", "wavers"]
    assert [trends.stirred(one) for one in ordered] == [True, False, False, False]
    assert trends.stirred(series([point(day, ruling="shown" if day > 95 else "small") for day in range(100)]))


@pytest.mark.parametrize(
    ("more", "now", "unit", "label"),
    [
        ({}, "2.0 (0.0 to 4.0)", "points", "Selection rate by race"),
        ({"series": "gap/a%2Fb/roc_auc/difference/reference/x%25/y"}, "0.020 (0.000 to 0.040)", "",
         "AUC by a/b"),
        ({"series": "gap/race/selection_rate/ratio/widest", "ratio": True}, "0.02 (0.00 to 0.04)", "ratio",
         "Selection rate by race (ratio)"),
        ({"series": "M002/never-worse", "kind": "claim", "unit": "error"}, "+0.020 (0.000 to +0.040)",
         "error", "M002 never-worse"),
    ],
)  # fmt: skip
def test_values_and_names_are_written_as_in_the_reports(
    more: dict[str, Any], now: str, unit: str, label: str
) -> None:
    ruling = "supported" if more.get("kind") == "claim" else "small"
    found = viewed([point(0, ruling=ruling)], **more)
    assert (found.now, found.unit, found.label) == (now, unit, label)
    assert found.said == "One run so far."


def test_a_named_pair_is_told() -> None:
    assert viewed([point(0)], series="gap/a/accuracy/difference/reference/x%25/y").states == "x% against y"


def test_the_field_holds_the_margin_and_cuts_what_reaches_far_beyond() -> None:
    chart = viewed([point(0), point(1, low=-40.0, high=60.0)]).chart
    assert chart.high < 0.2
    assert chart.margins == ((0.05, "5"), (-0.05, "−5"))
    assert viewed([point(0)]).chart.margins == ((0.05, "5"),)


def test_rulings_without_any_number_are_a_row_of_shapes() -> None:
    points = [point(day, None, ruling=r, margin=None) for day, r in enumerate(["shown", "small", "small"])]
    root = drawn(points)
    assert part(root, "line") is None
    assert part(root, "margin") is None
    assert float(root.get("height")) < frame.HEIGHT
    shapes = [e for e in root.iter("path") if "shape" in e.get("class", "")]
    assert sorted(e.get("d").count("M") for e in shapes) == [1, 2]
    assert viewed(points).now == "no number, a ruling only"


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_shapes_never_hide_each_other(plain: list[tuple[float, bool]]) -> None:
    dots = tuple(
        Dot(x, 0.5, None, None, "shown" if shown else "small", begins=False, alarm=False)
        for x, shown in sorted(plain)
    )
    root = charts.trend(Chart("", "", 0, 1, dots, (), (), (), 0, (), ()), 400)
    places = sorted(
        float(x)
        for e in root.iter("path")
        if "gap-shown" in e.get("class", "")
        for x in re.findall(r"M([\d.]+),", e.get("d") or "")
    )
    assert all(b - a >= charts.NEAR - 0.01 for a, b in pairwise(places))
    assert any("shape" in e.get("class", "") for e in root.iter("path"))
