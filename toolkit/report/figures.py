"""Vega-Lite specifications of the panels: plain dicts, fields f0 to f5, names only as data and titles.

The layout does not depend on any font: margins and marked values are fixed here, so that the same spec
gives the same drawing on every machine. The dicts are what a browser would need to bring a figure to life.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.panels import Axis, Panel
from toolkit.report.words import named, shorten

Spec = dict[str, Any]

HEIGHT = 170
WIDTH = 270
BAR_WIDTH = 190
LONGEST_NAME = 24
ROW, CLOSE, GAP = 22.0, 14.0, 9.0
# Seen as they are only where no style sheet applies: `report.css` puts its variables in their place.
COLOURS = ("#26b", "#c50", "#087", "#949", "#970", "#777", "#c36", "#39b")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3])
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-right")
SHAPE_PATHS = {
    "circle": "M12,6a3,3,0,1,0,6,0a3,3,0,1,0,-6,0Z",
    "square": "M12.4,3.4h5.2v5.2h-5.2Z",
    "diamond": "M15,2l3.4,4l-3.4,4l-3.4,-4Z",
    "triangle-up": "M15,2.5l3.5,6.2h-7Z",
    "cross": "M14,2.5h2v2.5h2.5v2h-2.5v2.5h-2v-2.5h-2.5v-2h2.5Z",
    "triangle-down": "M15,9.5l3.5,-6.2h-7Z",
    "triangle-right": "M18.5,6l-6.2,3.5v-7Z",
}
FRAME = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "background": None}


def spec(panel: Panel, series: Sequence[str]) -> Spec:
    """Return the specification of one panel; `series` fixes colour, dash and shape over all panels."""
    if panel.bars or panel.x is None:
        return _intervals(panel, series)
    return _curves(panel, series)


def _channel(name: str, values: Sequence[Any], many: int) -> Spec:
    codes = [str(i) for i in range(many)]
    scale = {"domain": codes, "range": [values[i % len(values)] for i in range(many)]}
    return {name: {"field": "f4", "type": "nominal", "legend": None, "scale": scale}}


def _value(axis: Axis, field: str, *, labels: bool) -> Spec:
    """Describe a quantitative channel on a fixed axis."""
    kind = "log" if axis.log else "linear"
    scale = {"type": kind, "domain": [axis.low, axis.high], "nice": False} | (
        {} if axis.log else {"zero": False}
    )
    marks = {"values": list(axis.ticks), "labelOverlap": False, "labelFlush": False, "title": None}
    if not labels:
        return {"field": field, "type": "quantitative", "scale": scale, "axis": None}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": marks | {"format": _format(axis)}}


def _format(axis: Axis) -> str:
    """Return the number format that tells neighbouring marks apart and no more."""
    if axis.log or axis.high >= 10_000:
        return "~s" if axis.high >= 1000 else "~g"
    step = min((b - a for a, b in pairwise(axis.ticks)), default=1.0)
    return f".{max(0, -math.floor(math.log10(step) + 1e-9))}f"


def _frame(values: list[Spec], width: float, height: float, left: float) -> Spec:
    return FRAME | {
        "autosize": {"type": "none"},
        "padding": {"left": left, "right": 12, "top": 8, "bottom": 22},
        "width": width,
        "height": height,
        "data": {"values": values},
        "config": {
            "view": {"stroke": None},
            "axis": {
                "labelColor": "currentColor",
                "tickColor": "currentColor",
                "domainColor": "currentColor",
                "gridColor": "currentColor",
                "gridOpacity": 0.13,
            },
            "axisY": {"domain": False, "ticks": False, "labelPadding": 5},
            "axisX": {"grid": False, "tickSize": 4},
        },
    }


def _curves(panel: Panel, series: Sequence[str]) -> Spec:
    assert panel.x is not None, "curves need numbers to run over"
    values = [
        {"f0": p["x"], "f1": p["mean"], "f2": low, "f3": high, "f4": _code(p, series)}
        for p in panel.points
        for low, high in (_ends(p, panel.y),)
    ]
    many = max(1, len(series))
    colour = _channel("color", COLOURS, many)
    x, y = _value(panel.x, "f0", labels=True), _value(panel.y, "f1", labels=True)
    longest = max((sum(v["f4"] == str(i) for v in values) for i in range(many)), default=0)
    band: Spec = {"type": "area", "opacity": 0.2} if longest > 2 else {"type": "rule", "opacity": 0.7}
    spread = {"x": x, "y": _value(panel.y, "f2", labels=True), "y2": {"field": "f3"}}
    line = {"type": "line", "strokeWidth": 1.6, "aria": False}
    point = {"type": "point", "filled": True, "size": 22, "opacity": 1, "aria": False}
    return _frame(values, WIDTH, HEIGHT, 42) | {
        "layer": [
            {"mark": band | {"aria": False}, "encoding": spread | colour},
            {"mark": line, "encoding": {"x": x, "y": y} | colour | _channel("strokeDash", DASHES, many)},
            {"mark": point, "encoding": {"x": x, "y": y} | colour | _channel("shape", SHAPES, many)},
        ]
    }


def _places(panel: Panel, series: Sequence[str]) -> tuple[dict[tuple[str, str], float], list[Spec], float]:
    """Stack the lines of an interval plot: each category holds only the series it was measured for.

    Returns
    -------
    places : pixels from the top, by category and series code
    names : the categories with their own places
    height : of the whole, pixels
    """
    places: dict[tuple[str, str], float] = {}
    names: list[Spec] = []
    top = 0.0
    for category in panel.categories:
        codes = sorted({_code(p, series) for p in panel.points if named(p["x"]) == category}, key=int)
        pitch = ROW if len(codes) == 1 else CLOSE
        for k, code in enumerate(codes):
            places[category, code] = top + (k + 0.5) * pitch
        size = pitch * len(codes)
        names.append({"f0": top + size / 2, "f5": shorten(category, LONGEST_NAME)})
        top += size + (0 if len(codes) == 1 else GAP)
    return places, names, max(top, ROW)


def _intervals(panel: Panel, series: Sequence[str]) -> Spec:
    """Draw names down the side, values across, a thin bar from zero and the interval on each."""
    many = max(1, len(series))
    places, names, height = _places(panel, series)
    values = []
    for p in panel.points:
        low, high = _ends(p, panel.y)
        code = _code(p, series)
        place = places[named(p["x"]), code]
        values.append({"f0": place, "f1": p["mean"], "f2": low, "f3": high, "f4": code})
    y = {
        "field": "f0",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, height], "reverse": True, "nice": False, "zero": False},
    }
    x = _value(panel.y, "f1", labels=True)
    x["axis"] = x["axis"] | {"grid": True}
    colour = _channel("color", COLOURS, many)
    base = {"y": y, "x": x}
    rule = {"type": "rule", "aria": False}
    layers: list[Spec] = [
        {
            "mark": rule | {"strokeWidth": 1.6},
            "encoding": {"y": y, "x": _value(panel.y, "f2", labels=True), "x2": {"field": "f3"}} | colour,
        },
        {
            "mark": {"type": "point", "filled": True, "size": 34, "opacity": 1, "aria": False},
            "encoding": base | colour | _channel("shape", SHAPES, many),
        },
        {
            "data": {"values": names},
            "mark": {
                "type": "text",
                "align": "right",
                "baseline": "middle",
                "aria": False,
                "color": "currentColor",
            },
            "encoding": {"y": y, "x": {"value": -9}, "text": {"field": "f5", "type": "nominal"}},
        },
    ]
    if panel.bars and not panel.y.log:
        bar = {
            "mark": rule | {"strokeWidth": 5, "opacity": 0.22},
            "encoding": base | {"x2": {"datum": 0}} | colour,
        }
        layers.insert(0, bar)
    return _frame(values, BAR_WIDTH, height, 138) | {"layer": layers}


def _code(point: Mapping[str, Any], series: Sequence[str]) -> str:
    name = str(point.get("series"))
    return str(series.index(name)) if name in series else "0"


def _ends(point: Mapping[str, Any], axis: Axis) -> tuple[float, float]:
    """Return the interval's ends inside the axis, or the point itself where there is no interval."""
    mean = float(point["mean"])
    low, high = point.get("low"), point.get("high")
    low, high = (mean if end is None else float(end) for end in (low, high))
    return max(low, axis.low), min(high, axis.high)


def legend(place: int, many: int) -> Element:
    """Draw the line and point of series number `place`, as the panels show it."""
    svg = Element("svg", {"class": "swatch", "width": "30", "height": "12", "aria-hidden": "true"})
    colour = COLOURS[place % len(COLOURS)]
    line = {"d": "M1,6H29", "stroke": colour, "stroke-width": "1.6"}
    dash = " ".join(str(d) for d in DASHES[place % len(DASHES)])
    SubElement(svg, "path", line | ({"stroke-dasharray": dash} if place % len(DASHES) and many > 1 else {}))
    SubElement(svg, "path", {"d": SHAPE_PATHS[SHAPES[place % len(SHAPES)]], "fill": colour})
    return svg
