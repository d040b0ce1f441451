"""Outlines written short, and axes drawn once: what keeps a page of two hundred panels small enough to mail.

Nothing a reader sees changes: places stay exact to a tenth of a pixel.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

_COMMAND = re.compile(r"([MLHVZmlhvz])([^A-Za-z]*)")
_KNOWN = re.compile(r"[MLHVZmlhvz\d.,\s-]+")
_VALUE = re.compile(r"-?[\d.]+")


def short(d: str) -> str:
    """Write an outline of straight lines with relative commands and no superfluous sign.

    >>> short("M0,149L54,149.7L135,149.8M10,10h0")
    'M0,149l54,.7,81,.1m-125-139.8h0'
    """
    if not _KNOWN.fullmatch(d):
        return d
    written: list[tuple[str, list[int]]] = []
    x = y = left = top = 0  # tenths of a pixel: here, and where the outline began
    for command, text in _COMMAND.findall(d):
        values = [round(10 * float(v)) for v in _VALUE.findall(text)]
        if command in "Zz":
            written.append(("Z", []))
            x, y = left, top
            continue
        for dx, dy in _moves(command, values, x, y):
            x, y = x + dx, y + dy
            _append(written, command.lower(), dx, dy)
        if command in "Mm":
            left, top = x, y
    text = "".join(name + _joined(values) for name, values in written)
    return "M" + text[1:]


def _moves(command: str, values: list[int], x: int, y: int) -> list[tuple[int, int]]:
    """Return the steps of one command; one that repeats itself steps on from where it came to."""
    absolute = command.isupper()
    pairs: list[tuple[int | None, int | None]]
    if command in "Hh":
        pairs = [(value, None) for value in values]
    elif command in "Vv":
        pairs = [(None, value) for value in values]
    else:
        pairs = list(zip(values[::2], values[1::2], strict=True))
    steps = []
    for first, second in pairs:
        dx = 0 if first is None else first - x if absolute else first
        dy = 0 if second is None else second - y if absolute else second
        x, y = x + dx, y + dy
        steps.append((dx, dy))
    return steps


def _append(written: list[tuple[str, list[int]]], command: str, dx: int, dy: int) -> None:
    """Add a step in the shortest way: along one axis, or joined to the step before, where it can be."""
    name, values = ("m", [dx, dy]) if command == "m" else ("l", [dx, dy])
    if command != "m" and not dy:
        name, values = "h", [dx]
    elif command != "m" and not dx:
        name, values = "v", [dy]
    if name == "l" and written and written[-1][0] == "l":
        written[-1][1].extend(values)
    else:
        written.append((name, values))


def _joined(tenths: Sequence[int]) -> str:
    """Write numbers with as few signs as tell them apart."""
    text = ""
    for value in tenths:
        one = f"{value / 10:g}".replace("0.", ".", 1) if 0 < abs(value) < 10 else f"{value / 10:g}"
        text += one if not text or one.startswith("-") else f",{one}"
    return text


def share(drawings: Sequence[Element], name: str) -> Element | None:
    """Draw once, out of sight, the axes that several panels of a figure have; the panels then refer to them.

    Returns
    -------
    Element or None
        The drawing to put before the panels, with ids that begin with `name`; None where nothing is shared.
    """
    groups = [(g, part, tostring(part)) for svg in drawings for g in svg for part in g if _axis(part)]
    seen = Counter(text for _, _, text in groups)
    kept = Element("svg", {"class": "shapes", "width": "0", "height": "0", "aria-hidden": "true"})
    ids: dict[bytes, str] = {}
    for group, part, text in groups:
        if seen[text] < 2:
            continue
        if text not in ids:
            ids[text] = f"{name}-a{len(ids) + 1}"
            SubElement(kept, "g", {"id": ids[text]}).append(part)
        place = list(group).index(part)
        group.remove(part)
        group.insert(place, Element("use", {"href": f"#{ids[text]}"}))
    for svg in drawings:
        _name_ink(svg)
    return kept if ids else None


def _name_ink(svg: Element) -> None:
    """Say the axes' ink where a panel of one series would show whoever reads its parts but its own."""
    inks = {
        ink for part in svg.iter() for key in ("fill", "stroke") if (ink := part.get(key, "none")) != "none"
    }
    axes = svg.find(".//use")
    if len(inks) == 1 and axes is not None:
        axes.set("fill", "currentColor")


def _axis(part: Element) -> bool:
    """Whether a part of a drawing is an axis or its grid, which vl-convert moves by half a pixel."""
    return part.tag == "g" and part.get("transform", "").startswith("translate(0.5,") and len(part) > 0
