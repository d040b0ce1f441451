"""Trends as small static SVG: a line that breaks where what went in is another, its interval as a band.

Colour is `currentColor` in every attribute, so that a drawing is whole where no style sheet may apply (a CI
server's policy); the style sheet then gives each part its ink. Shapes, letters and dashes tell the same
without colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.index import badges
from toolkit.report.index.frame import INK, LEFT, SOLID, WIDTH, across, height, path, up, write
from toolkit.report.index.parts import Chart, Dot
from toolkit.report.words import clean

NEAR, DENSE = 8.0, 60  # shapes nearer than this would hide each other; with more points, the line
HOLLOW = frozenset({"refuted", "inconclusive", "not_enough_evidence", "not_applicable"})
CLASS = {  # of the style sheet; the first four are an audit's
    "shown": "gap-shown",
    "not_enough_evidence": "gap-open",
    "small": "gap-small",
    "not_applicable": "not_applicable",
}


def trend(chart: Chart, most: int) -> Element:
    """Draw one trend.

    Parameters
    ----------
    most : int
        How many places the line may have: where there are more points, each stretch of neighbours is drawn
        by its least and its greatest value, so that no extreme is lost.
    """
    high = f"{height(chart):g}"
    size = {"viewBox": f"0 0 {WIDTH:g} {high}", "width": f"{WIDTH:g}", "height": high}
    look = {"class": "plot trend", "fill": "currentColor", "font-size": "10", "font-family": "sans-serif"}
    root = Element("svg", {**size, "role": "img", **look})
    SubElement(root, "title").text = clean(chart.title)
    SubElement(root, "desc").text = clean(chart.description)
    if not chart.bare:
        _ground(root, chart)
    _dates(root, chart)
    stretches = list(_stretches(chart.dots))
    _band(root, chart, stretches, most)
    _lines(root, chart, stretches, most)
    _shapes(root, chart)
    badges.flags(root, chart)
    return root


def _ground(root: Element, chart: Chart) -> None:
    """Draw the place of no difference, the margins, and their numbers."""
    left, right = across(chart, 0), across(chart, 1)
    if chart.low <= chart.origin <= chart.high:
        path(root, f"M{left},{up(chart, chart.origin)}H{right}", "zero", INK, **{"stroke-opacity": ".5"})
    for value, _ in chart.margins:
        path(root, f"M{left},{up(chart, value)}H{right}", "margin", INK, **{"stroke-dasharray": "3 2"})
    taken: list[float] = []
    for value, words in (*chart.margins, (chart.origin, ""), *chart.ticks):
        at = up(chart, value)
        written = words or next((w for v, w in chart.ticks if v == value), "")
        if written and chart.low <= value <= chart.high and all(abs(at - other) >= 13 for other in taken):
            taken.append(at)
            kind = "tick limit" if (value, words) in chart.margins else "tick"
            write(root, (LEFT - 5, at + 3.5), written, "end", kind)


def _dates(root: Element, chart: Chart) -> None:
    for place, (share, words) in enumerate(chart.ends):
        anchor = "start" if not place else "end" if place == len(chart.ends) - 1 else "middle"
        write(root, (across(chart, share), height(chart) - 4), words, anchor)


def _stretches(dots: Sequence[Dot]) -> Iterator[list[Dot]]:
    """Yield what is joined by one line: cut where the line begins anew, and where nothing was measured."""
    found: list[Dot] = []
    for dot in dots:
        if found and (dot.begins or dot.value is None):
            yield found
            found = []
        if dot.value is not None:
            found.append(dot)
    if found:
        yield found


def _buckets(dots: Sequence[Dot], size: int) -> Iterator[Sequence[Dot]]:
    for start in range(0, len(dots), size):
        yield dots[start : start + size]


def _extremes(bucket: Sequence[Dot]) -> list[Dot]:
    """Return the least and the greatest of neighbours, in their order; a single one once."""
    ends = {id(d): d for d in (min(bucket, key=_value), max(bucket, key=_value))}
    return sorted(ends.values(), key=lambda dot: dot.x)


def _value(dot: Dot) -> float:
    return dot.value or 0.0


def _lines(root: Element, chart: Chart, stretches: Sequence[Sequence[Dot]], most: int) -> None:
    """Draw the line; a stretch of one point is a dot, so that it is seen."""
    total = sum(map(len, stretches))
    size = 1 if total <= most else -(-2 * total // most)
    d = ""
    for stretch in stretches:
        places = [dot for bucket in _buckets(stretch, size) for dot in _extremes(bucket)]
        points = [f"{across(chart, dot.x)},{up(chart, _value(dot))}" for dot in places]
        d += f"M{points[0]}" + ("".join(f"L{point}" for point in points[1:]) or "h0")
    round_ends = {
        "stroke-width": "1.5" if total <= DENSE else ".9",
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    path(root, d, "line", INK, **round_ends)


def _band(root: Element, chart: Chart, stretches: Sequence[Sequence[Dot]], most: int) -> None:
    """Draw the intervals: a band along a line, a bar at a point of its own."""
    total = sum(map(len, stretches))
    size = max(1, -(-2 * total // most))
    areas = bars = ""
    for stretch in stretches:
        known = [dot for dot in stretch if dot.low is not None and dot.high is not None]
        ends = [_reach(chart, bucket) for bucket in _buckets(known, size)]
        if len(ends) == 1:
            bars += f"M{ends[0][0]},{ends[0][1]}V{ends[0][2]}"
        elif ends:
            there = "L".join(f"{x},{low}" for x, low, _ in ends)
            back = "L".join(f"{x},{high}" for x, _, high in reversed(ends))
            areas += f"M{there}L{back}Z"
    path(root, areas, "band", {"fill": "currentColor", "fill-opacity": ".14"})
    path(root, bars, "reach", INK, **{"stroke-opacity": ".45"})


def _reach(chart: Chart, bucket: Sequence[Dot]) -> tuple[float, float, float]:
    """Return where a bucket stands, and how far its intervals reach."""
    lows, highs = [d.low for d in bucket if d.low is not None], [d.high for d in bucket if d.high is not None]
    middle = (bucket[0].x + bucket[-1].x) / 2
    return across(chart, middle), up(chart, min(lows)), up(chart, max(highs))


def _shapes(root: Element, chart: Chart) -> None:
    """Draw the rulings' shapes where there is room: the newest, then alarms and changes, then the rest."""
    dots = chart.dots
    order: dict[int, None] = {}
    turned = [k for k, (a, b) in enumerate(pairwise(dots), 1) if a.ruling != b.ruling or b.alarm > a.alarm]
    for k in (len(dots) - 1, *reversed(turned), *range(len(dots) - 2, -1, -1)):
        if k >= 0:
            order.setdefault(k)
    near = NEAR if len(dots) <= DENSE else 2 * NEAR
    taken: list[float] = []
    paths: dict[str, str] = {}
    for k in order:
        x, y = across(chart, dots[k].x), up(chart, dots[k].value)
        if all(abs(x - other) >= near for other in taken):
            taken.append(x)
            half = 3.6 if k == len(dots) - 1 else 2.6
            paths[dots[k].ruling] = paths.get(dots[k].ruling, "") + outline(dots[k].ruling, x, y, half)
    for ruling, d in paths.items():
        ink = INK if ruling in HOLLOW else SOLID
        kind = f"shape {CLASS.get(ruling, ruling)}"
        SubElement(root, "path", {"d": d, "class": kind, "stroke-width": "1.4", **ink})


def outline(ruling: str, x: float, y: float, half: float) -> str:
    """Return a ruling's shape, as everywhere in our reports."""
    s, w = half, round(1.2 * half, 1)
    disc = f"M{x - s:g},{y:g}a{s:g},{s:g},0,1,0,{2 * s:g},0a{s:g},{s:g},0,1,0,{-2 * s:g},0Z"
    triangle = f"M{x:g},{y - 1.15 * s:g}l{w:g},{2.1 * s:g}h{-2 * w:g}Z"
    return {
        "refuted": f"M{x - s:g},{y - s:g}l{2 * s:g},{2 * s:g}m0,{-2 * s:g}l{-2 * s:g},{2 * s:g}",
        "inconclusive": f"M{x:g},{y - w:g}l{w:g},{w:g}l{-w:g},{w:g}l{-w:g},{-w:g}Z",
        "not_enough_evidence": f"M{x:g},{y - w:g}l{w:g},{w:g}l{-w:g},{w:g}l{-w:g},{-w:g}Z",
        "not_applicable": f"M{x - s:g},{y:g}h{2 * s:g}",
        "error": triangle,
        "shown": triangle,
    }.get(ruling, disc)
