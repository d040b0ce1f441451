"""Outlines written short and axes drawn once: the same picture in fewer bytes."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.paths import share, short

tenths = st.integers(-4000, 4000)
steps = st.one_of(
    st.tuples(st.sampled_from("MLml"), tenths, tenths), st.tuples(st.sampled_from("HVhv"), tenths)
)


def corners(d: str) -> list[tuple[str, int, int]]:
    """Walk an outline: each move or line with where it ends, in tenths of a pixel."""
    walked = []
    x = y = left = top = 0
    for command, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", d):
        values = [round(10 * float(v)) for v in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        if command in "Zz":
            x, y = left, top
            walked.append(("Z", x, y))
        while values:
            if command in "Hh":
                x = values.pop(0) + (x if command == "h" else 0)
            elif command in "Vv":
                y = values.pop(0) + (y if command == "v" else 0)
            else:
                dx, dy = values.pop(0), values.pop(0)
                x, y = (x + dx, y + dy) if command.islower() else (dx, dy)
            if command in "Mm":
                left, top = x, y
            walked.append(("M" if command in "Mm" else "L", x, y))
    return walked


@given(tenths, tenths, st.lists(steps, max_size=12), st.booleans())
def test_a_short_outline_goes_through_the_same_points(
    x: int, y: int, more: list[tuple[str, ...]], closed: bool
) -> None:
    d = f"M{x / 10:g},{y / 10:g}"
    d += "".join(name + ",".join(f"{int(v) / 10:g}" for v in values) for name, *values in more)
    d += "Z" if closed else ""
    assert corners(short(d)) == corners(d)


def test_an_outline_of_other_commands_is_left_as_it_is() -> None:
    for d in ("M0,0A2,2,0,1,1,4,0", "M0,0C1,1,2,2,3,3", "M1e-3,0L5,5"):
        assert short(d) == d


def panel(*, height: int) -> Element:
    svg = Element("svg", {"class": "plot"})
    group = SubElement(svg, "g", {"fill": "none"})
    for top in (0.5, height + 0.5):
        axis = SubElement(group, "g", {"transform": f"translate(0.5,{top})"})
        SubElement(axis, "text", {"x": "0"}).text = "</text>"
    SubElement(group, "path", {"d": "M0,0h9"})
    return svg


def test_axes_that_panels_share_are_drawn_once_in_their_place() -> None:
    panels = [panel(height=170), panel(height=170), panel(height=90)]
    kept = share(panels, "f3")
    assert kept is not None
    assert [part.get("id") for part in kept] == ["f3-a1", "f3-a2"]
    assert [child.tag for child in panels[0][0]] == ["use", "use", "path"]
    assert [child.tag for child in panels[2][0]] == ["use", "g", "path"]
    assert tostring(kept, encoding="unicode").count("&lt;/text&gt;") == 2


def test_panels_with_nothing_in_common_are_left_alone() -> None:
    alone = panel(height=50)
    assert share([alone], "f1") is None
    assert [child.tag for child in alone[0]] == ["g", "g", "path"]
