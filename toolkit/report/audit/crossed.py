"""Intersections: the raw rate beside the shrunk one, and each cell against everybody else at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.groups import counts_table, figure, undefined
from toolkit.report.audit.lookup import Document, attributes, group_name, groups_of, shown_name
from toolkit.report.audit.parts import Block, DrawnRow, DrawnTable, Heading, Marks, Section, Text
from toolkit.report.audit.scales import track
from toolkit.report.claims import anchor
from toolkit.report.words import NOTHING, clean

INTRODUCTION = (
    "Intersections are a family of their own. Their intervals against everybody else are simultaneous: all "
    "of them hold together in 95 of 100 audits, so each is wider than it would be alone. Small cells move by "
    "chance; beside the raw rate stands one shrunk towards what the single attributes would predict, the "
    "more the smaller the cell."
)


def intersections(document: Document, numbers: Iterator[int], most: int) -> Section | None:
    """Compute the section on intersections; None where there are none."""
    found = document.get("intersections") or ()
    crossed = [names for names in attributes(document) if len(names) > 1]
    if not found and not crossed:
        return None
    blocks: list[Block] = [Text(INTRODUCTION, "small")]
    margin = float(document["settings"]["margin"])
    for names in crossed:
        title = " & ".join(clean(n) for n in names)
        groups = groups_of(document, names)
        shrunk = {
            (group_name(c), str(i["metric"])): float(c["shrunk"])
            for i in found
            if [*i["attributes"]] == [*names]
            for c in i["cells"]
            if c.get("shrunk") is not None
        }
        blocks.append(Heading(title))
        blocks.append(figure(document, groups, title, next(numbers), most=most, ticks=shrunk))
        blocks.append(counts_table(groups, title, most))
        blocks += undefined(groups, title)
    for each in found:
        blocks += _family(each, margin, most)
    return Section("intersections", "Intersections", tuple(blocks))


def _family(found: Mapping[str, Any], margin: float, most: int) -> list[Block]:
    title = " & ".join(clean(n) for n in found["attributes"])
    metric, cells = found["metric"], list(found["cells"])
    shown = cells[:most]
    ends = [c.get(k) for c in shown for k in ("low", "high", "difference")]
    scale = track(ends, metric, margins=(margin, -margin))
    table = DrawnTable(
        anchor=anchor("cells", title, metric),
        label=f"{words.metric(metric)} of each cell of {title} against everybody else",
        first="Cell",
        head=("n", "Raw", "Shrunk", "The others", "Difference (95 %, simultaneous)", "p, adjusted"),
        track=scale,
        rows=tuple(_cell(c, metric) for c in shown),
        kind="gaps",
    )
    blocks: list[Block] = [
        Heading(f"{words.metric(metric)} by {title}: each cell against everybody else", 4),
        Text(omnibus(found)),
        table,
    ]
    if len(cells) > most:
        blocks.append(Text(f"{len(cells) - most} more cells are in the embedded run document.", "small"))
    return blocks


def omnibus(found: Mapping[str, Any]) -> str:
    """Say in one sentence how much cells differ once sampling noise is taken off."""
    whole = found.get("omnibus") or {}
    variance, metric = whole.get("variance"), found["metric"]
    if variance is None:
        return "Whether the cells differ at all could not be tested."
    if variance <= 0:
        spread = "no more than chance alone would make them"
    else:
        points = " points" if metric in words.SHARES else ""
        spread = f"by a standard deviation of {words.size(metric, variance**0.5)}{points} beyond chance"
    text = f"Taken together the cells differ {spread} (variance {_signed(variance)}"
    if whole.get("low") is not None and whole.get("high") is not None:
        text += f", 95 % interval {_signed(whole['low'])} to {_signed(whole['high'])}"
    return f"{text}; p {words.p_value(whole.get('p_value'))} for no difference at all)."


def _signed(value: float) -> str:
    return f"−{abs(value):.2g}" if value < 0 else f"{value:.2g}"


def _cell(cell: Mapping[str, Any], metric: str) -> DrawnRow:
    name, ruling = shown_name(cell), str(cell.get("ruling") or "not_applicable")
    difference = cell.get("difference")
    ends = words.sizes(metric, cell.get("low"), cell.get("high"))
    marks = None
    if difference is not None:
        marks = Marks(tone=ruling, low=cell.get("low"), high=cell.get("high"), point=difference)
    return DrawnRow(
        name=name,
        label=f"{name}: {words.size(metric, difference)} against everybody else, 95 % interval {ends}",
        marks=marks,
        cells=(
            f"{int(cell['n']):,}",
            words.rate(metric, cell.get("value")),
            words.rate(metric, cell.get("shrunk")),
            words.rate(metric, cell.get("complement")),
            NOTHING if difference is None else f"{words.size(metric, difference)} ({ends})",
            words.p_value(cell.get("p_adjusted")),
        ),
        ruling=ruling,
    )
