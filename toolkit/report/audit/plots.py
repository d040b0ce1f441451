"""Panels, dots and points: the drawings of an audit that are no row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.audit.canvas import arrow, dot, known, line, svg, tell, text
from toolkit.report.audit.parts import Panel, Scatter, Spot, Strip, Track
from toolkit.report.audit.tracks import at, numbers, zone
from toolkit.report.inks import inked
from toolkit.report.words import shorten

PANEL, WIDE, PITCH, LETTER = 300.0, 400.0, 19.0, 5.9
NEAR = 12.0  # half a badge and half a numeral: nearer, one hides what the other says
STRIP, LANE, GUTTER = 400.0, 30.0, 108.0


def panel(view: Panel, *, wide: bool = False) -> Element:
    """Draw one metric in every group: name, interval with its point, number."""
    width = WIDE if wide else PANEL
    longest = max((len(r.name) for r in view.rows), default=1)
    room = min(0.45 * width, LETTER * longest + 10)
    value = LETTER * max((len(r.text) for r in view.rows), default=1) + 8
    letters = int((room - 6) / LETTER)
    top, height = 4.0, PITCH * len(view.rows)
    root = svg(width, top + height + 18, view.label, "plot forest-plot")
    track = Track(view.low, view.high)
    left, right = room, width - value

    def place(x: float) -> float:
        return left + at(track, x, right - left, 6)

    for tick, words in view.ticks:
        line(root, (place(tick), top), (place(tick), top + height), "grid")
        text(root, (place(tick), top + height + 13), words, "middle", "tick")
    if view.everybody is not None:
        line(root, (place(view.everybody), top), (place(view.everybody), top + height), "everybody")
    for k, r in enumerate(view.rows):
        y = top + (k + 0.5) * PITCH
        group = SubElement(root, "g", {"class": "faint"} if r.faint else {})
        tell(group, r.said, (0, top + k * PITCH), (width, PITCH))
        label = text(group, (0, y + 3.8), shorten(r.name, max(6, letters)), kind="name")
        if len(r.name) > letters and not r.said:
            SubElement(label, "title").text = r.name
        if known(r.low) and known(r.high):
            assert r.low is not None
            assert r.high is not None
            line(group, (place(r.low), y), (place(r.high), y), "span")
            if r.low < view.low:
                arrow(group, (left, y), -1)
            if r.high > view.high:
                arrow(group, (right, y), 1)
        if r.tick is not None and known(r.tick):
            line(group, (place(r.tick), y - 6), (place(r.tick), y + 6), "raw")
        if r.value is not None and known(r.value):
            dot(group, (place(r.value), y), 3.1, "point")
        text(group, (width, y + 3.8), r.text, "end", "figure")
    return root


def strip(view: Strip) -> Element:
    """Draw every refit as a dot, filled where it is as accurate, against the margin."""
    height = LANE * len(view.lanes)
    root = svg(STRIP, height + 34, view.label, "plot strip-plot")
    wide = STRIP - GUTTER
    body = SubElement(root, "g", {"transform": f"translate({GUTTER:g} 16)"})
    zone(body, view.track, height, wide)
    if view.here is not None:
        x = at(view.track, view.here, wide)
        line(body, (x, 0), (x, height), "here")
        text(body, (min(wide - 30, x), -5), "this model", "middle", "tick strong")
    for k, (name, dots) in enumerate(view.lanes):
        top = k * LANE
        if k:
            line(root, (0, top + 16), (STRIP, top + 16), "grid")
        text(root, (0, top + 35), name, kind="name")
        for i, (value, filled, said) in enumerate(dots):
            y = top + LANE / 2 + (i % 3 - 1) * 6
            one = SubElement(body, "g")
            tell(one, said)
            dot(one, (at(view.track, value, wide), y), 3.2, "filled" if filled else "open")
    numbers(body, view.track, height + 13, wide)
    return root


def scatter(view: Scatter) -> Element:
    """Draw accuracy against gap: one numbered point per option, with both its intervals."""
    width, height, left, bottom = 400.0, 250.0, 44.0, 214.0
    root = svg(width, height, view.label, "plot scatter-plot")

    def place(x: float, y: float) -> tuple[float, float]:
        share = (y - view.y.low) / ((view.y.high - view.y.low) or 1.0)
        return left + at(view.x, x, width - left, 6), bottom - 6 - share * (bottom - 16)

    field = SubElement(root, "g", {"transform": f"translate({left:g} 0)"})
    zone(field, view.x, bottom, width - left, 6)
    for value, words in view.y.ticks:
        y = place(view.x.low, value)[1]
        line(root, (left, y), (width, y), "grid")
        text(root, (left - 5, y + 3.6), words, "end", "tick")
    axis = SubElement(root, "g", {"transform": f"translate({left:g} 0)"})
    numbers(axis, view.x, bottom + 13, width - left, 6)
    text(root, (width, height - 4), f"{view.x_title} →", "end", "tick")
    text(root, (0, height - 4), f"↑ {view.y_title}", kind="tick")
    for spot in view.spots:
        if spot.x_ends is not None:
            line(root, place(spot.x_ends[0], spot.y), place(spot.x_ends[1], spot.y), "span")
        if spot.y_ends is not None:
            line(root, place(spot.x, spot.y_ends[0]), place(spot.x, spot.y_ends[1]), "span")
    _badges(root, [(place(spot.x, spot.y), spot) for spot in view.spots])
    return root


def _badges(root: Element, spots: Sequence[tuple[tuple[float, float], Spot]]) -> None:
    """Number the spots; those whose badges would hide each other's numbers share one."""
    for (x, y), alike in reversed(_together(spots)):  # the first option on top
        group = SubElement(root, "g", {"class": "first" if any(s.first for s in alike) else "other"})
        tell(group, "; ".join(s.said for s in alike))
        half = _half(alike)
        badge = {"x": x - half, "y": y - 8, "width": 2 * half, "height": 16, "rx": 8}
        SubElement(group, "rect", {k: f"{round(v, 1):g}" for k, v in badge.items()} | inked("badge"))
        text(group, (x, y + 3.8), " ".join(str(s.number) for s in alike), "middle", "numeral")


def _together(
    spots: Sequence[tuple[tuple[float, float], Spot]],
) -> list[tuple[tuple[float, float], list[Spot]]]:
    """Group spots by the badge they share; a badge that grew may reach another, so look until none does."""
    groups = [(at_spot, [spot]) for at_spot, spot in spots]
    while True:
        pairs = ((a, b) for k, a in enumerate(groups) for b in groups[k + 1 :] if _hides(a, b))
        found = next(pairs, None)
        if found is None:
            return groups
        first, second = found
        first[1][:] = sorted((*first[1], *second[1]), key=lambda spot: spot.number)
        groups.remove(second)


def _hides(
    one: tuple[tuple[float, float], Sequence[Spot]], other: tuple[tuple[float, float], Sequence[Spot]]
) -> bool:
    across, up = (abs(a - b) for a, b in zip(one[0], other[0], strict=True))
    return up < NEAR and across < _half(one[1]) + _half(other[1]) - 16 + NEAR


def _half(alike: Sequence[Spot]) -> float:
    """Return half the width of a badge."""
    return 8.0 + 6 * (len(alike) - 1)
