"""What our drawings look like where no style sheet may apply: presentation attributes by class.

A server may forbid the page's own style sheet (Jenkins does, for what a build leaves behind). Any rule of a
style sheet goes before a presentation attribute, so that nothing here is seen where styles do apply. `Canvas`
is the reader's own paper, light or dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

ACCENT, SOFT = "#4779b3", "#8a8478"  # seen on white and on black
HOLLOW = {"fill": "Canvas", "stroke": "currentColor", "stroke-width": "1.6"}
STROKE = {"fill": "none", "stroke": "currentColor", "stroke-width": "2.2", "stroke-linecap": "round"}
SOLID = {"fill": "currentColor", "stroke": "currentColor", "stroke-width": "1.6", "stroke-linejoin": "round"}
PLAIN: Mapping[str, Mapping[str, str]] = {
    "holds": {"fill": ACCENT, "opacity": ".15", "stroke": "none"},
    "zero": {"stroke": SOFT},
    "margin": {"stroke": ACCENT, "stroke-dasharray": "3 2"},
    "wide": {"stroke": "currentColor", "stroke-width": "1.2"},
    "narrow": {"stroke": "currentColor", "stroke-width": "2.8"},
    "raw": {"stroke": SOFT, "stroke-width": "1.6"},
    "bar": {"fill": "currentColor", "opacity": ".45"},
    "beyond": {"fill": "currentColor", "stroke": "none"},
    "grid": {"stroke": SOFT, "stroke-width": ".5", "opacity": ".6"},
    "everybody": {"stroke": SOFT},
    "span": {"stroke": ACCENT, "stroke-width": "1.6"},
    "point": {"fill": ACCENT},
    "here": {"stroke": "currentColor", "stroke-width": "1.4"},
    "filled": {"fill": ACCENT, "opacity": ".8"},
    "open": {"fill": "Canvas", "stroke": SOFT, "stroke-width": "1.2"},
    "badge": {"fill": "Canvas", "stroke": ACCENT, "stroke-width": "1.4"},
    "numeral": {"fill": ACCENT, "font-weight": "600"},
    "plot": {"font-size": "10"},
    "mark": {"width": "18", "height": "14"},  # a little room beside the word
}
SHAPES: Mapping[str, Mapping[str, str]] = {
    "inconclusive": HOLLOW,
    "gap-open": HOLLOW,
    "refuted": STROKE,
    "not_applicable": STROKE,
    "gap-none": STROKE,
}


def inked(kind: str) -> dict[str, str]:
    """Return the class `kind`, or classes, with what stands in for its rules where there are none.

    >>> inked("margin")
    {'class': 'margin', 'stroke': '#4779b3', 'stroke-dasharray': '3 2'}
    >>> inked("shape refuted")["fill"], inked("")
    ('none', {})
    """
    if not kind:
        return {}
    first, _, second = kind.partition(" ")
    found = SHAPES.get(second, SOLID) if first == "shape" else PLAIN.get(first, {})
    return {"class": kind, **found}


def ink(element: Element, kind: str) -> Element:
    """Give an element its class and what stands in for it."""
    element.attrib.update(inked(kind))
    return element
