"""Small static SVG from numbers alone: what every drawing of an audit is made of.

Names are text of an element, so they are escaped by ElementTree and never markup.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.audit.words import CLASS
from toolkit.report.inks import inked
from toolkit.report.words import clean

Point = tuple[float, float]


def svg(width: float, height: float, label: str = "", kind: str = "") -> Element:
    """Open a drawing: named for those who cannot see it, or hidden from them."""
    named = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    size = {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}"}
    return Element("svg", {**size, **named, **inked(kind), "fill": "currentColor"})


def line(parent: Element, start: Point, stop: Point, kind: str) -> None:
    """Draw a line of a class of the style sheet."""
    ends = {"x1": start[0], "y1": start[1], "x2": stop[0], "y2": stop[1]}
    SubElement(parent, "line", {k: f"{round(v, 1):g}" for k, v in ends.items()} | inked(kind))


def rect(parent: Element, corner: Point, size: Point, kind: str) -> None:
    """Draw a rectangle."""
    box = {"x": corner[0], "y": corner[1], "width": size[0], "height": size[1]}
    SubElement(parent, "rect", {k: f"{round(v, 1):g}" for k, v in box.items()} | inked(kind))


def dot(parent: Element, at: Point, radius: float, kind: str) -> None:
    """Draw a disc."""
    disc = {"cx": at[0], "cy": at[1], "r": radius}
    SubElement(parent, "circle", {k: f"{round(v, 1):g}" for k, v in disc.items()} | inked(kind))


def text(parent: Element, at: Point, words: str, anchor: str = "start", kind: str = "") -> Element:
    """Write text; names from data too."""
    place = {"x": f"{round(at[0], 1):g}", "y": f"{round(at[1], 1):g}"}
    turned = {} if anchor == "start" else {"text-anchor": anchor}
    element = SubElement(parent, "text", place | turned | inked(kind))
    element.text = clean(words)
    return element


def tell(parent: Element, said: str, corner: Point = (0, 0), size: Point = (0, 0)) -> None:
    """Say something of a group to the pointer that rests on it, over a whole rectangle where there is a size.

    It stands first in the group, as browsers want it; no script is needed.
    """
    if not said:
        return
    SubElement(parent, "title").text = clean(said)
    if size != (0, 0):
        box = {"x": corner[0], "y": corner[1], "width": size[0], "height": size[1]}
        unseen = {"fill": "none", "pointer-events": "all"}
        SubElement(parent, "rect", {k: f"{round(v, 1):g}" for k, v in box.items()} | unseen)


def arrow(parent: Element, at: Point, direction: int, kind: str = "beyond") -> None:
    """Draw an arrow head: something reaches farther than is drawn."""
    SubElement(parent, "path", {"d": f"M{at[0]:g},{at[1]:g}l{-6 * direction},-4v8Z"} | inked(kind))


def shape(ruling: str, x: float, y: float, half: float) -> Element:
    """Draw a ruling's shape: triangle (shown), disc (small), open diamond (open), bar; else a plain disc."""
    s, w = half, 1.2 * half
    path = {
        "shown": f"M{x:g},{y - s * 1.15:g}L{x + s * 1.2:g},{y + s * 0.95:g}H{x - s * 1.2:g}Z",
        "not_enough_evidence": f"M{x:g},{y - w:g}l{w:g},{w:g}l{-w:g},{w:g}l{-w:g},{-w:g}Z",
        "not_applicable": f"M{x - s:g},{y:g}H{x + s:g}",
    }.get(ruling, f"M{x - s:g},{y:g}a{s:g},{s:g},0,1,0,{2 * s:g},0a{s:g},{s:g},0,1,0,{-2 * s:g},0Z")
    return Element("path", {"d": path} | inked(f"shape {CLASS.get(ruling, 'plain')}"))


def shapes() -> Element:
    """Draw the shapes of all rulings once, out of sight; every mark refers to one of them."""
    root = svg(0, 0, kind="shapes")
    for ruling in CLASS:
        symbol = SubElement(root, "symbol", {"id": f"shape-{CLASS[ruling]}", "viewBox": "0 0 14 14"})
        symbol.append(shape(ruling, 7, 7, 4.5))
    return root


def mark(ruling: str) -> Element:
    """Draw a ruling's shape alone, to stand before its word."""
    root = Element("svg", inked("mark") | {"aria-hidden": "true"})
    SubElement(root, "use", {"href": f"#shape-{CLASS[ruling]}"})
    return root


def steps(low: float, high: float, most: int = 4) -> tuple[float, ...]:
    """Return at most so many round numbers between two.

    >>> steps(0.5, 1.0), steps(0.0, 0.31), steps(-3, 7)
    ((0.6, 0.8, 1.0), (0.0, 0.1, 0.2, 0.3), (0.0, 5.0))
    """
    if not high - low > 1e-9 * max(abs(low), abs(high), 1e-9):  # as good as one point
        return (low,)
    for step in _round_steps((high - low) / most):
        first = math.ceil(low / step - 1e-9)
        found = tuple(round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1))
        if len(found) <= most:
            return found
    raise AssertionError("a step as wide as the range always fits")


def _round_steps(least: float) -> Iterable[float]:
    power = 10.0 ** math.floor(math.log10(least))
    yield from (f * power for f in (1, 2, 5, 10, 20, 50, 100) if f * power >= least * (1 - 1e-9))


def known(value: object) -> bool:
    """Whether a value can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e100
