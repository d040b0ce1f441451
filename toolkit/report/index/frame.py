"""Where things stand in a trend: a field, letters above and dates below it; and how ink is put there."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from toolkit.report.index.parts import Chart
from toolkit.report.paths import short
from toolkit.report.words import clean

WIDTH, HEIGHT, LOW = 300.0, 126.0, 60.0  # low: rulings without a number
LEFT, RIGHT, TOP, BOTTOM = 34.0, 7.0, 20.0, 17.0  # lane of letters above, dates below
LANE = 7.0  # above the foot, rulings without a number stand
GAP = 5.0  # where the line begins anew, the axis of time is cut by so much
INK = {"fill": "none", "stroke": "currentColor"}
SOLID = {"fill": "currentColor", "stroke": "currentColor"}


def height(chart: Chart) -> float:
    """Return how high a trend is."""
    return LOW if chart.bare else HEIGHT


def foot(chart: Chart) -> float:
    """Return where its field ends."""
    return height(chart) - BOTTOM


def across(chart: Chart, share: float) -> float:
    """Return the place of an instant; a change that stands alone cuts the axis, so that the break is seen."""
    cuts = [flag.x for flag in chart.flags if flag.many == 1]
    room = WIDTH - LEFT - RIGHT - GAP * len(cuts)
    passed = sum(cut <= share for cut in cuts)
    return round(LEFT + min(1.0, max(0.0, share)) * room + GAP * passed, 1)


def up(chart: Chart, value: float | None) -> float:
    """Return the height of a value, cut at the edges of the field; of none, that of its ruling."""
    if value is None:
        return round((TOP + foot(chart)) / 2, 1) if chart.bare else foot(chart) - LANE
    share = (value - chart.low) / ((chart.high - chart.low) or 1.0)
    return round(foot(chart) - min(1.0, max(0.0, share)) * (foot(chart) - TOP), 1)


def path(parent: Element, d: str, kind: str, ink: dict[str, str], **more: str) -> None:
    """Draw an outline of straight lines, if there is any, with a class of the style sheet and its own ink."""
    if d:
        SubElement(parent, "path", {"d": short(d), "class": kind, **ink, **more})


def write(parent: Element, at: tuple[float, float], words: str, anchor: str, kind: str = "tick") -> None:
    """Write a few words."""
    place = {
        "x": f"{at[0]:g}",
        "y": f"{at[1]:g}",
        "text-anchor": anchor,
        "fill": "currentColor",
        "class": kind,
    }
    SubElement(parent, "text", place).text = clean(words)
