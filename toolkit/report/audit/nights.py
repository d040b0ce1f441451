"""The drawing of a watch: the evidence of each gap, run by run, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.audit.canvas import dot, line, svg, tell, text
from toolkit.report.inks import inked

WIDTH, HEIGHT, LEFT, TOP = 400.0, 150.0, 44.0, 8.0
NEAR = 11.0  # numbers closer than this would run into each other
TENS = (0, 1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 50, 100, 200, 300, 500, 1000)


@dataclass(frozen=True)
class Nights:
    """Lines of natural logarithms of e-values, the one in front last; `first` and `last` name the ends."""

    label: str
    lines: tuple[tuple[str, tuple[float, ...]], ...]
    threshold: float
    first: str
    last: str


def nights(view: Nights) -> Element:
    """Draw one line per gap; all end at the newest run."""
    bottom = HEIGHT - 24
    most = max([view.threshold * 1.25, *(max(values) for _, values in view.lines)])
    least = min([-0.5, *(min(values) for _, values in view.lines)])
    many = max(len(values) for _, values in view.lines)
    root = svg(WIDTH, HEIGHT, view.label, "plot nights-plot")

    def height(value: float) -> float:
        return bottom - (value - least) / (most - least) * (bottom - TOP)

    dashed = height(view.threshold)
    for power in _powers(least, most):
        y = height(power * math.log(10))
        line(root, (LEFT, y), (WIDTH, y), "grid")
        if abs(y - dashed) > NEAR:
            text(root, (LEFT - 5, y + 3.6), _power(power), "end", "tick")
    line(root, (LEFT, dashed), (WIDTH, dashed), "margin")
    text(root, (LEFT - 5, dashed + 3.6), f"{math.exp(view.threshold):.3g}", "end", "tick strong")
    for place, (name, values) in enumerate(view.lines):
        front = place == len(view.lines) - 1
        group = SubElement(root, "g", {} if front else {"class": "faint"})
        tell(group, name)
        step = (WIDTH - LEFT - 6) / max(1, many - 1)
        points = [(WIDTH - 6 - step * (len(values) - 1 - i), height(v)) for i, v in enumerate(values)]
        path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        SubElement(group, "path", {"d": path} | inked("span") | {"fill": "none"})
        dot(group, points[-1], 3.0, "point")
    text(root, (LEFT, HEIGHT - 8), view.first, kind="tick")
    text(root, (WIDTH, HEIGHT - 8), view.last, "end", "tick")
    return root


def _powers(least: float, most: float) -> Sequence[int]:
    """Return a few powers of ten that lie within."""
    inside = [p for p in TENS if least <= p * math.log(10) <= most]
    return inside if len(inside) <= 5 else inside[:: -(-len(inside) // 5)]


def _power(power: int) -> str:
    return f"{10**power:,}" if power < 4 else f"10^{power}"
