"""The points of a curve as markers on its line: each place is written once, and the symbols once for a page.

A panel's series differ in colour and shape alike, so that a marker is known by its number. Where a drawing
holds something else, points stay what they are: outlines of their own.
"""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.figures import COLOURS

NEAR = 0.15  # both places are rounded to a tenth of a pixel
# As vl-convert draws them at the size of `figures`, in the order of its shapes; pens are (cap, width).
PENS = (("round", "4.6"), ("square", "4.7"))
OUTLINES = (
    "M0,0h0",
    "M0,0h0",
    "M-2.3,0l2.3-2.3,2.3,2.3-2.3,2.3Z",
    "M0-2l-2.3,4h4.6Z",
    "M-2.3-.9v1.8h1.4v1.4h1.8v-1.4h1.4v-1.8h-1.4v-1.4h-1.8v1.4Z",
    "M0,2l-2.3-4h4.6Z",
    "M2,0l-4-2.3v4.6Z",
)
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_VALUE = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
Place = tuple[float, float]


def markers() -> Element:
    """Draw every symbol once, out of sight, for the lines that refer to it."""
    svg = Element("svg", {"class": "shapes", "width": "0", "height": "0", "aria-hidden": "true"})
    for i, outline in enumerate(OUTLINES):
        marker = SubElement(
            svg, "marker", {"id": f"k{i}", "overflow": "visible", "markerUnits": "userSpaceOnUse"}
        )
        SubElement(marker, "path", {"d": outline, **_ink(i)})
    return svg


def _ink(series: int) -> dict[str, str]:
    if series >= len(PENS):
        return {"fill": COLOURS[series]}
    cap, width = PENS[series]
    return {"stroke-linecap": cap, "stroke": COLOURS[series], "stroke-width": width}


def mark_lines(group: Element) -> None:
    """Take out of a panel the points that stand at the corners of their line, and mark the line."""
    for i, outline in enumerate(OUTLINES):
        lines = [e for e in group if e.get("stroke") == COLOURS[i] and "stroke-linecap" not in e.attrib]
        points = [e for e in group if _ink(i).items() <= e.attrib.items() and "opacity" not in e.attrib]
        if len(lines) != 1 or len(points) != 1:
            continue
        (line,), (symbols,) = lines, points
        if _same(corners(line.get("d", "")), centres(symbols.get("d", ""), outline)):
            group.remove(symbols)
            line.attrib.update({f"marker-{where}": f"url(#k{i})" for where in ("start", "mid", "end")})


def _same(corners: list[Place], centres: list[Place]) -> bool:
    return 1 < len(corners) == len(centres) and all(
        abs(a - c) < NEAR and abs(b - d) < NEAR
        for (a, b), (c, d) in zip(sorted(corners), sorted(centres), strict=True)
    )


def corners(d: str) -> list[Place]:
    """Return where an outline goes, if it is one unbroken line.

    >>> corners("M0,5l10-5h.5")
    [(0.0, 5.0), (10.0, 0.0), (10.5, 0.0)]
    """
    walked = _walked(d)
    return [] if any(begins for begins, _ in walked[1:]) else [place for _, place in walked]


def centres(d: str, outline: str) -> list[Place]:
    """Return the middles of symbols of one outline; nothing where another outline is among them."""
    walked, one = _walked(d), _walked(outline)
    (x, y), size = one[0][1], len(one)
    groups = [walked[k : k + size] for k in range(0, len(walked), size)]
    shape = [(b[0] - a[0], b[1] - a[1]) for (_, a), (_, b) in pairwise(one)]
    found = []
    for group in groups:
        steps = [(b[0] - a[0], b[1] - a[1]) for (_, a), (_, b) in pairwise(group)]
        if len(group) != size or not group[0][0] or not _same_steps(steps, shape):
            return []
        found.append((group[0][1][0] - x, group[0][1][1] - y))
    return found


def _same_steps(steps: list[Place], shape: list[Place]) -> bool:
    return all(abs(a - c) < NEAR and abs(b - d) < NEAR for (a, b), (c, d) in zip(steps, shape, strict=True))


def _walked(d: str) -> list[tuple[bool, Place]]:
    """Walk an outline as `paths.short` writes it: each place, and whether the pen was put down there."""
    walked: list[tuple[bool, Place]] = []
    x = y = left = top = 0.0
    for command, text in _STEP.findall(d):
        values = [float(v) for v in _VALUE.findall(text)]
        if command == "Z":
            x, y = left, top
        while values:
            if command in "hv":
                x, y = (x + values[0], y) if command == "h" else (x, y + values[0])
                values = values[1:]
            else:
                x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
                values = values[2:]
            begins = command in "Mm"
            if begins:
                left, top = x, y
            walked.append((begins, (x, y)))
    return walked
