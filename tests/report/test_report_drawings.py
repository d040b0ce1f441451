"""Panels, specifications, drawings and rulers: lawful axes, the same bytes, names only as data."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

import fixture
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report import drawing, markup
from toolkit.report.figures import COLOURS, DASHES, SHAPE_PATHS, SHAPES, legend, spec
from toolkit.report.findings import caption, finding
from toolkit.report.panels import axis, cut, own_scales, series_of
from toolkit.report.rulers import EDGE, WIDTH, Scale, ruler, shape
from toolkit.report.words import RULING

sizes = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6)


def specs() -> list[dict[str, Any]]:
    figures = [f for e in fixture.document()["experiments"] for f in e["figures"]]
    return [spec(panel, series_of(figure)) for figure in figures for panel in cut(figure)]


def drawn(order: list[int]) -> dict[int, str]:
    drawing._cached.cache_clear()
    every = specs()
    return {i: tostring(drawing.draw(every[i], f"f{i}", "label"), encoding="unicode") for i in order}


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path))
    drawing._cached.cache_clear()
    return tmp_path


def test_two_orders_draw_the_same_bytes(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = drawn(list(range(len(specs()))))
    monkeypatch.setenv("TOOLKIT_CACHE", str(fresh_cache / "other"))
    backward = drawn(list(reversed(range(len(specs())))))
    assert forward == backward


def test_two_processes_draw_the_same_bytes(fresh_cache: Path) -> None:
    code = (
        "import json, test_report_drawings as t; "
        "print(json.dumps(t.drawn(list(reversed(range(len(t.specs())))))))"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TOOLKIT_CACHE": str(fresh_cache / "b"),
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    theirs = {int(k): v for k, v in json.loads(done.stdout).items()}
    assert theirs == drawn(list(range(len(specs()))))


def test_identifiers_are_renamed_to_figure_and_number_with_their_references(fresh_cache: Path) -> None:
    clipped = specs()[0]
    for layer in clipped["layer"]:
        layer["mark"]["clip"] = True
    text = tostring(drawing.draw(clipped, "f9-1", "label"), encoding="unicode")
    assert 'id="f9-1-1"' in text
    assert "url(#f9-1-1)" in text
    assert text.count('id="') == text.count('id="f9-1-')
    assert text.count("url(#") == text.count("url(#f9-1-")


def test_a_second_drawing_comes_from_the_cache(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn([0])
    assert len(list(fresh_cache.rglob("*.svg"))) == 1
    monkeypatch.setattr(drawing, "_convert", lambda text: pytest.fail("drawn again"))
    assert drawn([0]) == first


def test_a_torn_drawing_in_the_cache_is_drawn_again(fresh_cache: Path) -> None:
    first = drawn([0])
    kept = next(fresh_cache.rglob("*.svg"))
    kept.write_text(kept.read_text()[:500])
    assert drawn([0]) == first


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("TOOLKIT_CACHE", str(blocked))
    assert drawn([0])[0].startswith("<svg")


def test_a_drawing_is_small_and_its_colours_are_those_that_the_style_sheet_knows(fresh_cache: Path) -> None:
    sheet = str(markup.style())
    for text in drawn(list(range(len(specs())))).values():
        assert len(text) < 9_000
        for ink, colour in re.findall(r'(fill|stroke)="(#[^"]*)"', text):
            assert f'[{ink}="{colour}"] {{ {ink}: var(--s' in sheet
        assert text.count("font") == text.count('font-size="10"') == 1
        assert "style=" not in text
        assert "#000" not in text


def test_fields_are_numbered_and_names_are_only_data() -> None:
    for one in specs():
        structure = json.dumps({k: v for k, v in one.items() if k not in {"data", "layer"}})
        layers = [{k: v for k, v in layer.items() if k != "data"} for layer in one["layer"]]
        for name in fixture.HOSTILE:
            assert json.dumps(name)[1:-1] not in structure + json.dumps(layers)
        for row in one["data"]["values"]:
            assert set(row) <= {"f0", "f1", "f2", "f3", "f4"}


def test_series_differ_in_shape_and_dash_as_well_as_colour() -> None:
    pairs = {(i % len(COLOURS), i % len(DASHES), i % len(SHAPES)) for i in range(12)}
    assert len(pairs) == 12
    assert len({(i % len(DASHES), i % len(SHAPES)) for i in range(12)}) == 12
    assert set(SHAPES) == set(SHAPE_PATHS)
    assert len({tostring(legend(i, 8)) for i in range(8)}) == 8


@given(st.lists(sizes, min_size=1, max_size=20))
def test_a_linear_axis_holds_its_values_and_marks_three_to_seven_round_numbers(values: list[float]) -> None:
    found = axis(values, log=False)
    slack = 1e-6 * (found.high - found.low)
    assert found.low <= min(values) + slack
    assert found.high >= max(values) - slack
    assert 2 <= len(found.ticks) <= 7
    assert list(found.ticks) == sorted(set(found.ticks))


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=20))
def test_a_logarithmic_axis_marks_only_what_it_holds(values: list[float]) -> None:
    found = axis(values, log=True)
    assert found.log
    assert 1 <= len(found.ticks) <= 9
    assert all(found.low * 0.999 <= t <= found.high * 1.001 for t in found.ticks)


def test_panels_that_would_be_squeezed_get_their_own_scale_and_the_caption_says_so(
    document: dict[str, Any],
) -> None:
    shared = document["experiments"][0]["figures"][0]
    free = document["experiments"][2]["figures"][0]
    assert not own_scales(cut(shared))
    assert "on one scale" in caption(shared, cut(shared))
    assert own_scales(cut(free))
    assert "its own scale" in caption(free, cut(free))


def test_a_logarithmic_figure_with_a_zero_falls_back_to_a_linear_axis(document: dict[str, Any]) -> None:
    panel = cut(document["experiments"][2]["figures"][0])[0]
    assert panel.x is not None
    assert not panel.x.log
    assert not panel.y.log


def test_a_finding_counts_the_peaks(document: dict[str, Any]) -> None:
    figure = document["experiments"][0]["figures"][0]
    text = finding(figure, cut(figure))
    assert "all 18 curves fall" in text
    assert "peak in between" in text
    empty = document["experiments"][2]["figures"][1]
    assert finding(empty, cut(empty)) == "Nothing could be measured for this figure."


@given(
    st.lists(st.tuples(sizes, st.floats(0, 1e5)), min_size=1, max_size=6),
    st.floats(1e-3, 10),
    st.sampled_from(["increase", "decrease", "no_change", "no_increase", "no_decrease"]),
)
def test_a_ruler_holds_zero_the_margins_and_every_effect(
    effects: list[tuple[float, float]], margin: float, predicts: str
) -> None:
    verdicts = [{"ruling": "supported", "effect": e, "low": e - h, "high": e + h} for e, h in effects]
    scale = Scale.of({"margin": margin, "predicts": predicts}, verdicts)
    for value in (0.0, margin, -margin, *(e for e, _ in effects)):
        assert scale.low <= value <= scale.high
        assert EDGE <= scale.at(value) <= WIDTH - EDGE
    text = tostring(ruler(scale, verdicts, "label"), encoding="unicode")
    cut_off = sum((e - h < scale.low) + (e + h > scale.high) for e, h in effects)
    assert text.count('class="beyond"') == cut_off


@pytest.mark.parametrize(
    ("predicts", "inside", "outside"),
    [
        ("increase", 0.02, 0.0),
        ("decrease", -0.02, 0.0),
        ("no_change", 0.0, 0.02),
        ("no_increase", -0.02, 0.02),
        ("no_decrease", 0.02, -0.02),
    ],
)
def test_the_shaded_stretch_is_where_the_claim_holds(predicts: str, inside: float, outside: float) -> None:
    low, high = Scale(-1, 1, 0.01, predicts).holds()
    assert low < inside < high
    assert not low < outside < high


def test_every_ruling_has_a_shape_of_its_own() -> None:
    assert len({shape(ruling, 7, 7, 4).attrib["d"] for ruling in RULING}) == 5


def test_a_diverged_effect_does_not_break_a_ruler() -> None:
    verdicts = [{"ruling": "refuted", "effect": sys.float_info.max, "low": None, "high": None}]
    scale = Scale.of({"margin": 0.01, "predicts": "no_change"}, verdicts)
    assert math.isfinite(scale.high)
    tostring(ruler(scale, verdicts, "label"))


@pytest.mark.parametrize(
    ("title", "mean", "floor"),
    [
        ("test error", 0.01, True),
        ("share of people", 0.01, True),
        ("error above the reference", 0.01, False),
        ("gap in true positive rates", 0.01, False),
        ("share of variance", 0.01, False),
        ("test error", -0.01, False),
    ],
)
@pytest.mark.parametrize("kind", ["line", "bar"])
def test_no_axis_of_errors_or_shares_runs_below_zero(title: str, mean: float, floor: bool, kind: str) -> None:
    points = [
        {
            "dataset": "d",
            "panel": "",
            "series": "",
            "x": x,
            "mean": m,
            "low": m - 0.3,
            "high": m + 0.3,
            "n": 8,
        }
        for x, m in ((1, mean), (2, 0.5))
    ]
    figure = {"x_title": "x", "y_title": title, "kind": kind, "points": points}
    panels = cut(figure)
    assert (panels[0].y.low == 0) is floor
    assert ("below 0" in caption(figure, panels)) is floor


def test_a_finding_counts_the_points_that_share_an_end() -> None:
    points = [
        {"dataset": "d", "panel": "", "series": "", "x": x, "mean": m, "low": None, "high": None, "n": 1}
        for x, m in (("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 0.5))
    ]
    figure = {"x_title": "x", "y_title": "recall", "kind": "bar", "points": points}
    assert finding(figure, cut(figure)) == "Recall runs from 0.500 (d, d) to 1 (a, d, and 2 more)."
    flat = figure | {"points": points[:3]}
    assert finding(flat, cut(flat)) == "Recall is 1 at each of 3 points."
