"""Drawings of an audit from numbers: nothing leaves its scale, the margin stands where it is."""

from __future__ import annotations

from typing import Any

import audit_fixture
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.audit import canvas, plots, scales, tracks, view
from toolkit.report.audit.parts import Figure, ForestRow, Marks, Panel, Scatter, Spot, Strip, Track

VALUES = st.floats(-1, 1)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.integers(2, 8))
def test_round_numbers_lie_between_and_are_few(low: float, wide: float, most: int) -> None:
    found = canvas.steps(low, low + wide, most)
    slack = 1e-6 * max(1.0, abs(low), wide)
    assert len(found) <= max(1, most)
    assert all(low - slack <= v <= low + wide + slack for v in found)


@given(VALUES, VALUES)
def test_places_on_a_track_keep_the_order_of_values(one: float, two: float) -> None:
    track = Track(-0.5, 0.5)
    a, b = tracks.at(track, one), tracks.at(track, two)
    assert tracks.EDGE <= a <= tracks.WIDTH - tracks.EDGE
    assert (a <= b) == (one <= two) or abs(a - b) < 0.11 or a == b


def _gap(value: float, half: float, **more: Any) -> dict[str, Any]:
    return {
        "metric": "selection_rate",
        "kind": "difference",
        "compare": "widest",
        "value": value,
        "corrected": value - 0.01,
        "low": max(0.0, value - half),
        "high": value + half,
        "margin": 0.05,
        "ruling": "shown",
    } | more


def test_a_widest_gap_is_drawn_one_sided_with_the_stretch_beyond_the_margin_shaded() -> None:
    track = scales.gap_track([_gap(0.2, 0.05)])
    assert track.low == 0.0
    assert track.margins == (0.05,)
    assert track.zones == ((0.05, track.high),)


def test_a_corrected_gap_below_nothing_is_drawn_at_nothing_and_said_to_be_about_nothing() -> None:
    found = _gap(0.02, 0.04, corrected=-0.03)
    marks = scales.gap_marks(found)
    assert marks is not None
    assert (marks.point, marks.tick) == (0.0, 0.02)
    assert scales.gap_track([found]).low == 0.0
    ratio = _gap(0.97, 0.1, kind="ratio", margin=0.8, corrected=1.04)
    assert scales.point(ratio) == 1.0
    named = _gap(-0.02, 0.04, corrected=-0.02, compare="reference")
    assert scales.point(named) == -0.02


def test_a_named_pair_is_drawn_on_both_sides_of_zero() -> None:
    track = scales.gap_track([_gap(-0.2, 0.05, compare="reference", low=-0.25, high=-0.15)])
    assert track.margins == (0.05, -0.05)
    assert track.low <= -0.25
    assert track.high > 0.05


def test_one_wild_interval_does_not_shrink_the_margin_to_nothing_and_gets_an_arrow() -> None:
    wild = _gap(0.06, 0.9)
    track = scales.gap_track([wild])
    assert track.high < 0.2
    marks = scales.gap_marks(wild)
    assert marks is not None
    drawn = tracks.row(track, marks, "a gap")
    assert [p.get("class") for p in drawn.iter("path")].count("beyond") == 1


def test_the_raw_value_is_a_lighter_stroke_beside_the_corrected_point() -> None:
    marks = scales.gap_marks(_gap(0.2, 0.05))
    assert marks is not None
    assert (marks.point, marks.tick) == (pytest.approx(0.19), 0.2)
    assert scales.gap_marks(_gap(0.2, 0.05, corrected=0.2)).tick is None  # type: ignore[union-attr]
    assert scales.gap_marks(_gap(0.2, 0.05) | {"value": None}) is None


def test_a_ratio_is_shaded_below_its_margin_and_one_is_no_difference() -> None:
    track = scales.gap_track([_gap(0.7, 0.1, kind="ratio", margin=0.8, low=0.6, high=0.85)])
    assert track.origin == 1.0
    assert track.zones == ((track.low, 0.8),)
    assert track.high > 1.0


@pytest.mark.parametrize("ruling", ["shown", "small", "not_enough_evidence", "not_applicable"])
def test_every_ruling_has_a_shape_of_its_own(ruling: str) -> None:
    others = {"shown", "small", "not_enough_evidence", "not_applicable"} - {ruling}
    mine = canvas.shape(ruling, 7, 7, 4).get("d")
    assert mine not in {canvas.shape(other, 7, 7, 4).get("d") for other in others}


def _panel(*rows: ForestRow) -> Panel:
    return Panel("Selection rate", "", "label", 0.4, 0.8, ((0.5, "50%"),), rows)


def test_a_panel_keeps_long_names_whole_for_those_who_ask() -> None:
    name = "a group of a very long name that goes on"
    drawn = plots.panel(_panel(ForestRow(name, "50.0 %", 0.5, 0.45, 0.55)))
    title = next(drawn.iter("title"))
    assert title.text == name
    assert all(t.text != name for t in drawn.iter("text"))


def test_an_interval_beyond_a_panel_is_cut_with_arrow_heads_and_an_undefined_rate_draws_nothing() -> None:
    drawn = plots.panel(
        _panel(ForestRow("tiny", "60.0 %", 0.6, 0.1, 0.99, faint=True), ForestRow("none", "–"))
    )
    assert [p.get("class") for p in drawn.iter("path")] == ["beyond", "beyond"]
    assert len(list(drawn.iter("circle"))) == 1
    for line in drawn.iter("line"):
        assert 0 <= float(line.get("x1", "")) <= float(line.get("x2", "")) <= plots.PANEL


def _figures() -> list[Figure]:
    found = view.view(audit_fixture.document(), 400)
    return [b for s in found.sections for b in s.blocks if isinstance(b, Figure)]


def test_the_fan_has_a_dot_for_every_refit_filled_where_equally_accurate() -> None:
    strip = next(f.drawing for f in _figures() if isinstance(f.drawing, Strip))
    drawn = plots.strip(strip)
    dots = [c.get("class") for c in drawn.iter("circle")]
    assert len(dots) == 33
    assert dots.count("filled") == 18
    assert any(t.text == "this model" for t in drawn.iter("text"))


def test_the_scatter_numbers_every_option_that_could_be_measured() -> None:
    scatter = next(f.drawing for f in _figures() if isinstance(f.drawing, Scatter))
    drawn = plots.scatter(scatter)
    numerals = [t.text for t in drawn.iter("text") if t.get("class") == "numeral"]
    assert sorted(n for text in numerals for n in str(text).split()) == ["1", "2", "3", "4"]
    assert scatter.label.startswith("Accuracy against gap. 1 as it is: gap 22.4, accuracy 86.9 %")


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=9))
def test_no_badge_of_the_scatter_hides_the_number_of_another(places: list[tuple[float, float]]) -> None:
    spots = tuple(Spot(n, x, y, None, None) for n, (x, y) in enumerate(places, 1))
    drawn = plots.scatter(Scatter("", Track(-1, 1), Track(-1, 1), "x", "y", spots))
    boxes = [
        tuple(float(r.attrib[k]) for k in ("x", "y", "width")) for r in drawn.iter("rect") if r.get("rx")
    ]
    numerals = [t for t in drawn.iter("text") if t.get("class") == "numeral"]
    assert sorted(n for t in numerals for n in str(t.text).split()) == [
        str(n) for n in range(1, len(spots) + 1)
    ]
    assert all(str(t.text).split() == sorted(str(t.text).split()) for t in numerals)
    for k, (x, y, wide) in enumerate(boxes):
        for left, top, width in boxes[:k]:
            apart = max(
                x - (left + width), left - (x + wide)
            )  # below -4, a numeral's half, it reaches the number
            assert abs(y - top) >= 11.8 or apart >= -4.4


def test_an_axis_writes_a_number_without_noughts_that_say_nothing() -> None:
    assert [scales.tick("target", v) for v in (1.0, 1.5, 2.25, 1_500.0)] == ["1", "1.5", "2.25", "1,500"]


def test_one_tiny_group_does_not_squeeze_the_others() -> None:
    panels = next(f.panels for f in _figures() if f.panels)
    precision = next(p for p in panels if p.title == "Precision")
    tiny = next(r for r in precision.rows if r.name == "(missing)")
    assert tiny.faint
    assert tiny.low is not None
    assert precision.low > tiny.low


def test_marks_that_cannot_be_drawn_are_left_out() -> None:
    drawn = tracks.row(Track(0, 1), Marks(point=float("nan"), low=None, high=float("inf")), "odd")
    assert not list(drawn.iter("path"))
