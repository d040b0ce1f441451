"""Turn a specification into a small, static SVG: vl-convert, then everything a reader cannot see removed.

vl-convert is called from one thread and may load nothing. Its identifiers come from a counter of the
process, so they are renamed to figure and number; numbers are cut to one decimal. A drawing is kept in the
user's cache under the hash of its specification, because a report of an unchanged run must be instant.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

from toolkit.journal import cache_folder
from toolkit.report.inks import inked
from toolkit.report.paths import short
from toolkit.report.points import mark_lines

FORMAT = "8"
END = "\n})();\n"  # of the closure around the bundle, which otherwise leaks one-letter names
KEPT = frozenset(
    {
        *(
            "d",
            "transform",
            "x",
            "y",
            "x1",
            "y1",
            "x2",
            "y2",
            "width",
            "height",
            "viewBox",
            "id",
            "clip-path",
        ),
        *("stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill", "fill-opacity", "opacity"),
        "text-anchor",
    }
)
_SPACE = "{http://www.w3.org/2000/svg}"
_DECIMAL = re.compile(r"-?\d*\.\d{2,}(?:e-?\d+)?")
_NOWHERE = frozenset({"", "M0,0h0v0h0Z"})
_MOVED = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")
_COMMAND = re.compile(r"([MLAHVZahvlz])([^A-Za-z]*)")
_DISC = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")
_SQUARE = re.compile(r"M-([\d.]+),-\1h([\d.]+)v\2h-\2Z")
_VALUE = re.compile(r"-?[\d.]+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def draw(spec: Mapping[str, Any], name: str, label: str) -> Element:
    """Draw one specification.

    Parameters
    ----------
    name : str
        Figure and panel, such as ``f3-2``; every id in the drawing begins with it.
    label : str
        The text alternative.
    """
    svg = fromstring(_cached(json.dumps(spec, sort_keys=True, allow_nan=False)))  # noqa: S314 - vl-convert's own output
    _rename(svg, name)
    svg.attrib.update({"role": "img", "aria-label": label} | inked("plot"))
    return svg


@lru_cache(maxsize=512)
def _cached(text: str) -> str:
    """Return the tidied drawing of a specification, from the cache where it is there."""
    key = hashlib.sha256(f"{FORMAT}\n{version('vl-convert-python')}\n{text}".encode()).hexdigest()
    path = cache_folder() / "figures" / key[:2] / f"{key}.svg"
    with suppress(OSError, UnicodeDecodeError):
        kept = path.read_text(encoding="utf-8")
        if kept.endswith("</svg>"):  # a torn file is no drawing
            return kept
    drawn = _convert(text)
    with suppress(OSError):  # a cache that cannot be written costs time, nothing else
        _write(path, drawn)
    return drawn


def _convert(text: str) -> str:
    import vl_convert

    svg = fromstring(vl_convert.vegalite_to_svg(text, allowed_base_urls=[]))  # noqa: S314 - as above
    return tostring(_tidied(svg), encoding="unicode")


@lru_cache(maxsize=1)
def bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that leaves a single name, `toolkitVega`, behind.

    It costs two seconds to put together and is kept beside the drawings.
    """
    key = f"vega-{FORMAT}-{version('vl-convert-python')}"
    path = cache_folder() / "figures" / f"{key}.js"
    with suppress(OSError, UnicodeDecodeError):
        kept = path.read_text(encoding="utf-8")
        if kept.endswith(END):
            return kept
    import vl_convert

    made = f"(()=>{{{vl_convert.javascript_bundle('window.toolkitVega=vegaEmbed;')}{END}"
    with suppress(OSError):
        _write(path, made)
    return made


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).replace(path)


def _tidied(svg: Element) -> Element:
    """Keep what is seen: no frames, empty groups, roles, fonts, full opacities, nor superfluous digits."""
    root = Element(
        "svg", {k: _rounded(v) for k, v in svg.attrib.items() if k in {"viewBox", "width", "height"}}
    )
    for child in svg:
        root.extend(_kept(child))
    for element in root.iter("path"):
        element.attrib["d"] = short(element.attrib["d"])
    for group in root:
        mark_lines(group)
        _one_pen(group)
    return root


def _kept(element: Element) -> list[Element]:
    tag = element.tag.removeprefix(_SPACE)
    if element.get("display") == "none" or (tag == "path" and element.get("d", "") in _NOWHERE):
        return []
    if element.get("class") == "background" and not element.get("fill") and not element.get("stroke"):
        return []
    copy = Element(tag, {k: _rounded(v) for k, v in element.attrib.items() if k in KEPT and not _idle(k, v)})
    if tag == "text":
        copy.text = element.text
        moved = _MOVED.fullmatch(copy.get("transform", ""))
        if moved:
            del copy.attrib["transform"]
            copy.attrib.update({"x": moved[1], "y": moved[2]})
        copy.attrib["fill"] = "currentColor"  # it follows the reader's colours
    if tag == "path" and not copy.get("stroke"):
        _plain(copy)
    copy.extend(_lettered(_merged([kept for child in element for kept in _kept(child)])))
    if tag != "g":
        return [copy]
    if len(copy) == 1 and copy[0].tag == "g" and not set(copy.attrib) & set(copy[0].attrib):
        (inner,) = copy
        copy.attrib.update(inner.attrib)
        copy[:] = list(inner)
    return list(copy) if not copy.attrib else [copy] if len(copy) else []


def _plain(filled: Element) -> None:
    """Write a disc or a square as the dot of a pen, a fifth as long; leave out a pen that draws nothing."""
    filled.attrib.pop("stroke-width", None)
    disc, square = _DISC.fullmatch(filled.get("d", "")), _SQUARE.fullmatch(filled.get("d", ""))
    if "fill" in filled.attrib and (disc or square):
        cap, width = ("round", 2 * float(disc[1])) if disc else ("square", float(square[2]) if square else 0)
        pen = {"stroke": filled.attrib.pop("fill"), "stroke-width": f"{width:g}"}
        filled.attrib.update({"d": "M0,0h0", "stroke-linecap": cap} | pen)


def _merged(siblings: list[Element]) -> list[Element]:
    """Join symbols that differ only in their place, and straight lines of one pen, into one path each."""
    found: dict[object, Element] = {}
    for element in siblings:
        moved = _MOVED.fullmatch(element.get("transform", "translate(0,0)"))
        corners = element.get("d", "").count("L")
        if (
            element.tag not in {"path", "line"}
            or moved is None
            or corners > (12 if "fill" in element.attrib else 4)
        ):
            found[id(element)] = element
            continue
        rest = {k: v for k, v in element.attrib.items() if k not in {"transform", "d", "x2", "y2"}}
        d = _shifted(_path(element), float(moved[1]), float(moved[2]))
        outline = _path(element) if "fill" in rest else ""  # strokes of one pen need not be alike
        first = found.setdefault((outline, *sorted(rest.items())), Element("path", {"d": ""} | rest))
        first.attrib["d"] += d
    return list(found.values())


def _lettered(siblings: list[Element]) -> list[Element]:
    """Put neighbouring texts of one ink and one anchor into a group that says both once."""
    found: list[Element] = []
    for element in siblings:
        if element.tag != "text":
            found.append(element)
            continue
        said = [name for name in ("fill", "text-anchor") if name in element.attrib]
        alike: dict[str, str] = {name: element.attrib.pop(name) for name in said}
        if not found or found[-1].tag != "g" or found[-1].attrib != alike:
            found.append(Element("g", alike))
        found[-1].append(element)
    return found


def _one_pen(group: Element) -> None:
    """Name the width of most pens once, for the whole drawing."""
    widths = Counter(w for path in group if (w := path.get("stroke-width")))
    if not widths:
        return
    most = widths.most_common(1)[0][0]
    group.set("stroke-width", most)
    for child in group:
        if child.get("stroke-width") == most:
            del child.attrib["stroke-width"]
        elif "stroke-width" not in child.attrib and any("stroke" in part.attrib for part in child.iter()):
            child.set("stroke-width", "1")


def _path(element: Element) -> str:
    """Return the outline of a path, or of a line that begins at its origin."""
    if element.tag == "path":
        return element.get("d", "")
    return f"M0,0l{element.get('x2', '0')},{element.get('y2', '0')}"


def _shifted(d: str, x: float, y: float) -> str:
    """Move a path of absolute M, L, A, H and V commands, relative ones left alone, by (x, y)."""
    parts = []
    for command, text in _COMMAND.findall(d):
        values = [float(v) for v in _VALUE.findall(text)]
        if command in "MLA":
            values[-2:] = [values[-2] + x, values[-1] + y]
        elif command in "HV":
            values[-1] += x if command == "H" else y
        parts.append(command + ",".join(f"{round(v, 1) + 0.0:g}" for v in values))
    return "".join(parts)


def _idle(name: str, value: str) -> bool:
    """Whether an attribute says what holds without it."""
    return (name, value) in {
        ("opacity", "1"),
        ("transform", "translate(0,0)"),
        ("stroke-dasharray", "1,0"),
        ("stroke-width", "1"),
        ("x2", "0"),
        ("y2", "0"),
    }


def _rounded(value: str) -> str:
    return _DECIMAL.sub(lambda m: f"{round(float(m[0]), 1) + 0.0:g}", value)


def _rename(svg: Element, name: str) -> None:
    """Give every id the figure's name and a number in order of appearance, references alike."""
    names = {e.attrib["id"]: "" for e in svg.iter() if "id" in e.attrib}
    names = {old: f"{name}-{i}" for i, old in enumerate(names, 1)}
    for element in svg.iter():
        if "id" in element.attrib:
            element.attrib["id"] = names[element.attrib["id"]]
        for key, value in element.attrib.items():
            if "url(#" in value:
                element.attrib[key] = _REFERENCE.sub(lambda m: f"url(#{names.get(m[1], m[1])})", value)
