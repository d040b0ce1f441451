"""Rulers and marks: small drawings of our own, from numbers alone, so that they are the same everywhere.

A ruler shows an effect with its interval against the margin: the shaded stretch is where the claim holds.
A ruling's mark differs in shape as well as in colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from toolkit.report.inks import inked
from toolkit.report.paths import short
from toolkit.report.words import RULING, number

WIDTH, ROW, PITCH, EDGE = 240.0, 28.0, 12.0, 10.0


@dataclass(frozen=True)
class Scale:
    """What part of the effect's axis a ruler shows, in the claim's unit."""

    low: float
    high: float
    margin: float
    predicts: str

    @classmethod
    def of(cls, claim: Mapping[str, Any], verdicts: Sequence[Mapping[str, Any]]) -> Scale:
        """Choose the stretch that holds zero, both margins and every effect.

        An interval that reaches far beyond is cut, and drawn with an arrow head, so that one wild trial
        does not shrink the margin to nothing.
        """
        margin = float(claim["margin"])
        points = [float(v["effect"]) for v in verdicts if _known(v.get("effect"))]
        ends = [float(v[k]) for v in verdicts for k in ("low", "high") if _known(v.get(k))]
        reach = max([1.8 * margin, 1e-12, *(1.3 * abs(p) for p in points)])
        low = max(-1.5 * reach, min([-1.8 * margin, *ends, *points]))
        high = min(1.5 * reach, max([1.8 * margin, *ends, *points]))
        return cls(min(low, -1.8 * margin), max(high, 1.8 * margin), margin, str(claim["predicts"]))

    def at(self, value: float) -> float:
        """Return the place of a value in pixels, cut at the edges."""
        share = (value - self.low) / (self.high - self.low)
        return round(EDGE + min(1.0, max(0.0, share)) * (WIDTH - 2 * EDGE), 1)

    def holds(self) -> tuple[float, float]:
        """Return the stretch, in the claim's unit, in which the claim is true."""
        m = self.margin
        return {
            "increase": (m, math.inf),
            "decrease": (-math.inf, -m),
            "no_change": (-m, m),
            "no_increase": (-math.inf, m),
            "no_decrease": (-m, math.inf),
        }[self.predicts]

    def limits(self) -> tuple[float, ...]:
        """Return the margins that decide."""
        return tuple(v for v in self.holds() if math.isfinite(v))


def _known(value: object) -> bool:
    """Whether a value can be drawn; a diverged effect, cut to the largest float, cannot."""
    return isinstance(value, int | float) and abs(value) < 1e100


def _svg(width: float, height: float, label: str = "", **attributes: str) -> Element:
    named = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    size = {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}"}
    return Element("svg", {**size, **named, **attributes})


def _line(parent: Element, start: tuple[float, float], stop: tuple[float, float], kind: str) -> None:
    way = f"H{stop[0]:g}" if start[1] == stop[1] else f"V{stop[1]:g}"
    SubElement(parent, "path", {"d": f"M{start[0]:g},{start[1]:g}{way}"} | inked(kind))


def shape(ruling: str, x: float, y: float, size: float) -> Element:
    """Draw a ruling's shape: disc, cross, open diamond, bar or triangle; `size` is half its width."""
    s, w = size, 1.2 * size
    path = {
        "supported": f"M{x - s:g},{y:g}a{s:g},{s:g},0,1,0,{2 * s:g},0a{s:g},{s:g},0,1,0,{-2 * s:g},0Z",
        "refuted": f"M{x - s:g},{y - s:g}L{x + s:g},{y + s:g}M{x - s:g},{y + s:g}L{x + s:g},{y - s:g}",
        "inconclusive": f"M{x:g},{y - w:g}l{w:g},{w:g}l{-w:g},{w:g}l{-w:g},{-w:g}Z",
        "not_applicable": f"M{x - s:g},{y:g}H{x + s:g}",
        "error": f"M{x:g},{y - s * 1.1:g}L{x + s * 1.1:g},{y + s * 0.9:g}H{x - s * 1.1:g}Z",
    }[ruling]
    return Element("path", {"d": short(path)} | inked(f"shape {ruling}"))


def _at(ruling: str) -> str:
    """Return the id of a ruling's shape, short because there are hundreds; the five initials differ."""
    return f"at-{ruling[0]}"


def shapes() -> Element:
    """Draw the five shapes once, out of sight: as marks, and as what a ruler puts at an effect."""
    svg = _svg(0, 0, **{"class": "shapes"})
    for ruling in RULING:
        symbol = SubElement(svg, "symbol", {"id": f"shape-{ruling}", "viewBox": "0 0 14 14"})
        symbol.append(shape(ruling, 7, 7, 4.5))
        svg.append(shape(ruling, 0, 0, 3.6))
        svg[-1].set("id", _at(ruling))
    return svg


def mark(ruling: str) -> Element:
    """Draw a ruling's shape alone, to stand before its word."""
    svg = Element("svg", inked("mark") | {"aria-hidden": "true"})
    SubElement(svg, "use", {"href": f"#shape-{ruling}"})
    return svg


def ruler(scale: Scale, verdicts: Sequence[Mapping[str, Any]], label: str, ground: str = "") -> Element:
    """Draw the intervals of some verdicts, one below the other, against the margin.

    Thick is the 90 % interval (which decides "no practical effect"), thin the 95 % one. `ground` names a
    zone drawn before (`axis`) that serves every ruler of one row on the same scale.
    """
    pitch, rim = (ROW, 0.0) if len(verdicts) == 1 else (PITCH, 5.0)
    height = pitch * max(1, len(verdicts)) + 2 * rim
    alone = f"ruler {verdicts[0]['ruling']}" if len(verdicts) == 1 else "ruler"
    svg = _svg(WIDTH, height, label, **{"class": alone, "stroke": "currentColor"})
    if ground:
        SubElement(svg, "use", {"href": f"#{ground}"})
    else:
        _zone(svg, scale, height)
    for i, verdict in enumerate(verdicts):
        group = svg if len(verdicts) == 1 else SubElement(svg, "g", {"class": str(verdict["ruling"])})
        _interval(group, scale, verdict, (i + 0.5) * pitch + rim)
    return svg


def _zone(svg: Element, scale: Scale, height: float) -> None:
    """Shade the stretch in which the claim holds, and mark zero and the margins."""
    start, stop = (scale.at(max(scale.low, min(scale.high, v))) for v in scale.holds())
    band = {"x": start, "y": 0, "width": round(stop - start, 1), "height": height}
    SubElement(svg, "rect", {k: f"{v:g}" for k, v in band.items()} | inked("holds"))
    _line(svg, (scale.at(0), 0), (scale.at(0), height), "zero")
    for limit in scale.limits():
        _line(svg, (scale.at(limit), 0), (scale.at(limit), height), "margin")


def _interval(group: Element, scale: Scale, verdict: Mapping[str, Any], y: float) -> None:
    for low, high, pen in (("low", "high", {}), ("low90", "high90", {"stroke-width": "2.8"})):
        if _known(verdict.get(low)) and _known(verdict.get(high)):
            way = f"M{scale.at(verdict[low]):g},{y:g}H{scale.at(verdict[high]):g}"
            SubElement(group, "path", {"d": way} | pen)
    if _known(verdict.get("low")) and verdict["low"] < scale.low:
        SubElement(group, "path", {"d": f"M{EDGE - 5:g},{y:g}l6,-4v8Z"} | inked("beyond"))
    if _known(verdict.get("high")) and verdict["high"] > scale.high:
        SubElement(group, "path", {"d": f"M{WIDTH - EDGE + 5:g},{y:g}l-6,-4v8Z"} | inked("beyond"))
    if _known(verdict.get("effect")):
        place = {"x": f"{scale.at(verdict['effect']):g}", "y": f"{y:g}"}
        SubElement(group, "use", {"href": f"#{_at(str(verdict['ruling']))}"} | place)


def axis(scale: Scale, places: int, ground: str = "") -> Element:
    """Draw the numbers above a column of rulers: zero, the margins, then the ends where there is room.

    With `ground`, also keep the zone of the rulers below under that id.
    """
    small = {"fill": "currentColor", "font-size": "10", "text-anchor": "middle"}
    svg = _svg(WIDTH, 16, **{"class": "ruler axis"}, **small)
    if ground:
        _zone(SubElement(SubElement(svg, "defs"), "g", {"id": ground}), scale, ROW)
    taken: list[float] = []
    for value in (0.0, *scale.limits(), scale.low, scale.high):
        text = number(value, places, sign=True) if value else "0"
        room = 6.2 * len(text) + 6
        x = min(WIDTH - room / 2 + 3, max(room / 2 - 3, scale.at(value)))
        if any(abs(x - other) < room for other in taken):
            continue
        taken.append(x)
        SubElement(svg, "text", {"x": f"{x:g}", "y": "11"}).text = text
    return svg
