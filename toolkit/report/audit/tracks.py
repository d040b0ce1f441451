"""One row's intervals on a scale that all rows of a table share, with the margin drawn once."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from toolkit.report.audit.canvas import arrow, known, line, rect, shape, svg, tell, text
from toolkit.report.audit.parts import Marks, Track

WIDTH, ROW, EDGE = 240.0, 28.0, 10.0


def at(track: Track, value: float, width: float = WIDTH, edge: float = EDGE) -> float:
    """Return the place of a value in pixels, cut at the edges."""
    share = (value - track.low) / ((track.high - track.low) or 1.0)
    return round(edge + min(1.0, max(0.0, share)) * (width - 2 * edge), 1)


def row(track: Track, marks: Marks, label: str, ground: str = "") -> Element:
    """Draw one row; `ground` names a zone drawn before (`axis`)."""
    root = svg(WIDTH, ROW, label, "ruler")
    tell(root, label, (0, 0), (WIDTH, ROW))
    if ground:
        SubElement(root, "use", {"href": f"#{ground}"})
    else:
        zone(root, track, ROW)
    _marks(root, track, marks, ROW / 2)
    return root


def zone(parent: Element, track: Track, height: float, width: float = WIDTH, edge: float = EDGE) -> None:
    """Shade what lies beyond the margin; mark the margins and the place of no difference."""
    for start, stop in track.zones:
        left, right = at(track, start, width, edge), at(track, stop, width, edge)
        if right > left:
            rect(parent, (left, 0), (right - left, height), "holds")
    if track.origin is not None and track.low <= track.origin <= track.high:
        x = at(track, track.origin, width, edge)
        line(parent, (x, 0), (x, height), "zero")
    for margin in track.margins:
        if track.low <= margin <= track.high:
            x = at(track, margin, width, edge)
            line(parent, (x, 0), (x, height), "margin")


def _marks(root: Element, track: Track, marks: Marks, y: float) -> None:
    group = SubElement(root, "g", {"class": _tone(marks.tone)})
    if marks.bar is not None:
        left, right = sorted(at(track, v) for v in marks.bar)
        rect(group, (left, y - 6), (max(1.0, right - left), 12), "bar")
    for low, high, kind in ((marks.low, marks.high, "wide"), (marks.low90, marks.high90, "narrow")):
        if known(low) and known(high):
            assert low is not None
            assert high is not None
            line(group, (at(track, low), y), (at(track, high), y), kind)
    if marks.low is not None and known(marks.low) and marks.low < track.low:
        arrow(group, (EDGE - 5, y), -1)
    if marks.high is not None and known(marks.high) and marks.high > track.high:
        arrow(group, (WIDTH - EDGE + 5, y), 1)
    if marks.tick is not None and known(marks.tick):
        x = at(track, marks.tick)
        line(group, (x, y - 7), (x, y + 7), "raw")
    if marks.point is not None and known(marks.point):
        group.append(shape(marks.tone, at(track, marks.point), y, 3.6))


def _tone(tone: str) -> str:
    from toolkit.report.audit.words import CLASS

    return CLASS.get(tone, tone)


def axis(track: Track, ground: str = "") -> Element:
    """Draw the numbers above a column of rows; with `ground`, keep the zone of the rows under that id."""
    root = svg(WIDTH, 16, kind="ruler axis")
    root.set("font-size", "10")
    if ground:
        zone(SubElement(SubElement(root, "defs"), "g", {"id": ground}), track, ROW)
    numbers(root, track, 11)
    return root


def numbers(root: Element, track: Track, y: float, width: float = WIDTH, edge: float = EDGE) -> None:
    """Write the numbers of a track where there is room."""
    taken: list[tuple[float, float]] = []
    for value, words in track.ticks:
        if not track.low - 1e-12 <= value <= track.high + 1e-12:
            continue
        room = 6.6 * len(words) + 8
        x = min(width - room / 2 + 4, max(room / 2 - 4, at(track, value, width, edge)))
        if all(abs(x - other) >= (room + its) / 2 for other, its in taken):
            taken.append((x, room))
            text(root, (x, y), words, "middle")
