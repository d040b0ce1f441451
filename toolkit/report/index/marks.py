"""The shapes of a strip: how a run ended, one shape and one ink for each way."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from toolkit.report.index.parts import Cell
from toolkit.report.words import clean

SIDE = 14
_SOLID = {"fill": "currentColor", "stroke": "currentColor", "stroke-width": "1.2", "stroke-linejoin": "round"}
_LINE = {"fill": "none", "stroke": "currentColor", "stroke-width": "2", "stroke-linecap": "round"}
_THIN = {"fill": "none", "stroke": "currentColor", "stroke-width": "1.4", "stroke-linejoin": "round"}
SHAPE = {
    "done": ("M5,2.5h4v9h-4Z", _SOLID),  # a plain upright bar: what is as it should be is quiet
    "gate_failed": ("M7,12.2L1.8,2.8h10.4Z", _SOLID),  # a triangle on its point
    "open": ("M7,1.6l5.4,5.4l-5.4,5.4l-5.4,-5.4Z", _THIN),  # an open diamond, as an open ruling
    "failed": ("M3,3l8,8m0,-8l-8,8", _LINE),
    "timeout": ("M3,2h8l-8,10h8Z", _THIN),  # an hourglass
    "refused": ("M7,2a5,5,0,1,0,.01,0M3.5,10.5l7,-7", _THIN),  # a circle struck through
    "interrupted": ("M4,2.5v9m6,-9v9", _LINE),  # a pause
    "missed": ("M2.5,2.5h9v9h-9Z", {**_THIN, "stroke-dasharray": "2 1.6"}),  # an empty place
    "alarm": ("M1.5,3.6h11M2.6,4v8", _LINE),  # as in a trend: a bar from where it stands
    "overdue": ("M7,1.8a5.2,5.2,0,1,0,.01,0M7,4v3.2l2.2,1.6", _THIN),  # a clock
}


def shapes() -> Element:
    """Draw the shapes once, out of sight; every mark and every cell refers to one of them."""
    root = Element("svg", {"width": "0", "height": "0", "class": "shapes", "aria-hidden": "true"})
    for outcome, (d, ink) in SHAPE.items():
        symbol = SubElement(root, "symbol", {"id": f"run-{outcome}"})
        SubElement(symbol, "path", {"d": d, **ink})
    return root


def mark(outcome: str) -> Element:
    """Draw an outcome's shape alone, to stand before its word."""
    root = Element(
        "svg", {"width": str(SIDE), "height": str(SIDE), "class": "cell-mark", "aria-hidden": "true"}
    )
    SubElement(root, "use", {"href": f"#run-{outcome}"})
    return root


def cell(view: Cell) -> Element:
    """Draw one place of a strip; the words are its name, and shown where the pointer rests."""
    wide = SIDE if not view.number else SIDE + 2 + 7 * len(view.number)
    size = {"width": str(wide), "height": str(SIDE)}
    root = Element("svg", {**size, "class": f"cell {view.outcome}", "role": "img"})
    SubElement(root, "title").text = clean(view.said)
    SubElement(root, "use", {"href": f"#run-{view.outcome}"})
    if view.number:
        place = {"x": str(SIDE + 1), "y": "11", "font-size": "11", "fill": "currentColor"}
        SubElement(root, "text", place).text = view.number
    return root
