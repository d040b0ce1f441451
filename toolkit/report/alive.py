"""What brings a page's figures to life where script may run: specifications that answer, and their bundle.

Nothing here is needed to read a report. Every panel is drawn beforehand; the script puts a drawing that
answers in its place when it comes near the window, and leaves the first one where anything goes wrong.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from toolkit.report import markup
from toolkit.report.drawing import bundle
from toolkit.report.figures import CLOSE, Spec, spec
from toolkit.report.panels import Panel
from toolkit.report.parts import FigureView
from toolkit.report.words import named

DIMMED = 0.22
_INCLUDED = re.compile(r"^ *// (\w+\.js)$", re.MULTILINE)
_INDENTED = re.compile(r"\n\s*(?://[^\n]*\n\s*)*")
# The series and the point that the reader looks at; null is none.
LOOKED_AT = [{"name": "kin", "value": None}, {"name": "spot", "value": None}]


@dataclass(frozen=True)
class Life:
    """What the page carries so that its figures can come alive, and what its policy must allow."""

    data: tuple[Markup, ...]
    script: Markup
    allowed: tuple[str, ...]


def life(figures: Iterable[FigureView]) -> Life | None:
    """Return the bundle, the specifications and the script; None where there is no panel to bring to life."""
    drawn = [f for f in figures if f.panels]
    if not drawn:
        return None
    specs = {f.anchor: [_in_columns(one) for one in specs_of(f)] for f in drawn}
    text = json.dumps(_rounded(specs), allow_nan=False, separators=(",", ":"))
    data = (markup.packed("vega", bundle()), markup.packed("specs", text))
    return Life(data, markup.script(source("alive.js")), (source("alive.js"), bundle()))


def _in_columns(drawn: Spec) -> Spec:
    """Write a specification's data by column, which packs better; `f7` counts the rows and is left out."""
    rows = drawn["data"]["values"]
    columns = {key: [row[key] for row in rows] for key in rows[0] if key != "f7"} if rows else {}
    data: Spec = {"columns": columns} if columns else {"values": []}
    return drawn | {"data": data}


def _rounded(value: Any) -> Any:
    """Leave five digits to numbers that are only drawn: what is said comes from the table."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


@lru_cache
def source(name: str) -> str:
    """Return the text of a script of ours, without its indentation and its comments on lines of their own.

    A comment that is the name of another script stands for that script.
    """
    folder = files("toolkit.report").joinpath("templates")
    text = folder.joinpath(name).read_text(encoding="utf-8").strip()
    whole = _INCLUDED.sub(lambda found: folder.joinpath(found[1]).read_text(encoding="utf-8"), text)
    return _INDENTED.sub("\n", whole)


def specs_of(figure: FigureView) -> list[Spec]:
    """Return the specifications of a figure's panels, which answer to the pointer and to keys.

    A row of data carries, beside what is drawn, `f6`, its row in the figure's table, and `f7`, its place in
    the panel: what is said about a point is read from the table in the page, which is what is printed too.
    """
    rows: dict[tuple[str, str], int] = {}
    for panel in figure.panels:
        for point in panel.points:
            rows.setdefault((panel.title, named(point["x"])), len(rows))
    return [_answering(panel, figure.series, rows) for panel in figure.panels]


def _answering(panel: Panel, series: Sequence[str], rows: dict[tuple[str, str], int]) -> Spec:
    drawn = spec(panel, series)
    places = [rows[panel.title, named(point["x"])] for point in panel.points]
    values = [
        _drawable(value, panel) | {"f6": row, "f7": i}
        for i, (value, row) in enumerate(zip(drawn["data"]["values"], places, strict=True))
    ]
    across = panel.bars or panel.x is None
    layers = [layer if "data" in layer else _lit(layer) for layer in drawn["layer"]]
    return drawn | {
        "data": {"values": values},
        "params": LOOKED_AT,
        "layer": [*layers, _target(drawn["layer"][-2 if across else -1], panel, across=across)],
        "usermeta": {"across": across},
    }


def _drawable(value: Spec, panel: Panel) -> Spec:
    """Round what is drawn along the value axis to a thousandth of it, a sixth of a pixel."""
    if panel.y.log or panel.y.high <= panel.y.low:
        return value
    places = 3 - math.floor(math.log10(panel.y.high - panel.y.low))
    along = ("f1", "f2", "f3")
    return value | {key: round(value[key], places) for key in along}


def _lit(layer: Spec) -> Spec:
    """Let a layer fade while the reader looks at another series, and a point grow while it is looked at."""
    mark = dict(layer["mark"])
    full = mark.pop("opacity", 1)
    kin = {"test": "kin === null || datum.f4 === kin", "value": full}
    more: dict[str, Any] = {"opacity": {"condition": kin, "value": round(full * DIMMED, 3)}}
    if mark["type"] == "point":
        size = mark.pop("size")
        more["size"] = {"condition": {"test": "spot === datum.f7", "value": 4 * size}, "value": size}
    return layer | {"mark": mark, "encoding": layer["encoding"] | more}


def _target(points: Spec, panel: Panel, *, across: bool) -> Spec:
    """Return what the pointer hits: an unseen disc around each point, or the whole line of an interval."""
    x, y = points["encoding"]["x"], points["encoding"]["y"]
    if not across:
        unseen: Spec = {"type": "point", "filled": True, "size": 320, "opacity": 0, "aria": False}
        return {"mark": unseen, "encoding": {"x": x, "y": y}}
    unseen = {"type": "rule", "strokeWidth": CLOSE, "opacity": 0, "aria": False}
    start = {"datum": panel.y.low, "type": "quantitative", "scale": x["scale"], "axis": x["axis"]}
    return {"mark": unseen, "encoding": {"y": y, "x": start, "x2": {"datum": panel.y.high}}}
