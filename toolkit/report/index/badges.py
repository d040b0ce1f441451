"""What stands above a trend: letters for what changed, each in its own shape, and the bar of an alarm."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from toolkit.report.index.breaks import LETTER
from toolkit.report.index.frame import GAP, INK, TOP, WIDTH, across, foot, path, write
from toolkit.report.index.parts import Chart, Flag

HALF, MIDDLE = 6.0, 7.0
ROOM = 28.0  # pixels that the word of an alarm needs to either side


def shapes() -> Element:
    """Draw the letters of single changes once, out of sight; every trend refers to them."""
    root = Element("svg", {"width": "0", "height": "0", "class": "shapes", "aria-hidden": "true"})
    for letter in LETTER.values():
        symbol = SubElement(root, "symbol", {"id": f"flag-{letter}", "overflow": "visible"})
        _badge(symbol, 0.0, letter)
    return root


def flags(root: Element, chart: Chart) -> None:
    """Mark what changed by a letter on a line down through the break, and how long alarms stood by a bar."""
    _alarms(root, chart)
    places = [_place(chart, flag) for flag in chart.flags]
    cut = "".join(f"M{x},{TOP - 5}V{foot(chart)}" for x in places)
    path(root, cut, "cut", INK, **{"stroke-opacity": ".45", "stroke-width": ".8"})
    for x, flag in zip(places, chart.flags, strict=True):
        words = flag.letters if flag.many == 1 else f"{flag.letters}×{flag.many}"
        if words in LETTER.values():
            SubElement(root, "use", {"href": f"#flag-{words}", "x": f"{x:g}"})
        else:
            _badge(root, x, words)
    if chart.alarms:
        x = min(across(chart, sum(chart.alarms[-1]) / 2), WIDTH - ROOM / 2)
        if all(abs(x - place) > ROOM for place in places):
            write(root, (x, TOP - 7), "alarm", "middle", "tick alarm-word")


def _place(chart: Chart, flag: Flag) -> float:
    """Return where a change is marked: in the middle of the cut that it makes in the axis."""
    return round(across(chart, flag.x) - (GAP / 2 if flag.many == 1 else 0), 1)


def _alarms(root: Element, chart: Chart) -> None:
    for start, stop in chart.alarms:
        left = across(chart, start)
        right = max(across(chart, stop), left + 2)
        path(root, f"M{left},{TOP - 3}H{right}", "alarm", INK, **{"stroke-width": "2.4"})
        path(root, f"M{left},{TOP - 3}V{foot(chart)}", "alarm", INK, **{"stroke-dasharray": "1 2"})


def _badge(parent: Element, x: float, words: str) -> None:
    """Draw letters in their shape: code in a rounded one, versions in a pointed one, the rest in a box."""
    half = HALF + 3.1 * (len(words) - 1)
    x = min(max(x, half), WIDTH - half) if x else x
    left, wide = f"{x - half:g}", f"{2 * half - 2 * HALF:g}"
    box = {
        "C": f"M{left},{MIDDLE:g}a6,6,0,0,1,6,-6h{wide}a6,6,0,0,1,0,12h-{wide}a6,6,0,0,1,-6,-6Z",
        "V": f"M{x - half - 1:g},{MIDDLE:g}l5,-6.5h4l5,6.5l-5,6.5h-4Z",
    }.get(words, f"M{left},1h{2 * half:g}v12h-{2 * half:g}Z")
    SubElement(parent, "path", {"d": box, "class": "flag", **INK})
    write(parent, (x, 10.6), words, "middle", "letter")
