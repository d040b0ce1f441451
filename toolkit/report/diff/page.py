"""A comparison as one self-contained HTML page: no script, no request, the comparison itself inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from jinja2 import Environment
from markupsafe import Markup

from toolkit.report import markup, rulers
from toolkit.report.audit import canvas, tracks
from toolkit.report.audit.parts import Marks, Track
from toolkit.report.audit.words import CLASS
from toolkit.report.diff import words
from toolkit.report.diff.parts import RowView
from toolkit.report.diff.view import view
from toolkit.report.page import environment, unbroken

SHEETS = ("audit.css", "diff.css")
# The shapes of an audit's rulings serve the words of a comparison; their colours are the style sheet's.
TONE = {"changed": "shown", "cannot_say": "not_enough_evidence", "unchanged": "small", "same": "small"}
LEAST, MOST = 3.0, 15.0  # margins from 0 to the edge; what reaches farther is drawn with an arrow head


def render(found: Mapping[str, Any]) -> str:
    """Return a comparison (`toolkit.report.diff.compare`) as one HTML file."""
    page = _templates(found["kind"]).get_template("diff.html.j2")
    return page.render(
        view=view(found),
        diff_words=words,
        island=markup.island(found),
        style=markup.style(*SHEETS),
        policy=markup.policy(*SHEETS),
        version=found["schema"],
    )


@lru_cache
def _templates(kind: str) -> Environment:
    drawn = canvas if kind == "audit" else rulers
    templates = environment(
        shapes=lambda: markup.drawing(drawn.shapes()) + markup.drawing(_shapes()),
        mark=lambda ruling: markup.drawing(drawn.mark(ruling)),
        word_mark=lambda word: markup.drawing(_mark(word)),
        ruled=lambda ruling: words.ruling(kind, ruling),
        ruling_class=lambda ruling: CLASS[ruling] if kind == "audit" else ruling,
        scale=_scale,
        change_axis=lambda track, ground: markup.drawing(tracks.axis(track, ground)),
        change_row=_row,
    )
    templates.finalize = unbroken
    return templates


def _scale(rows: Sequence[RowView], *, short: bool = False) -> Track:
    """Choose a scale, in margins, on which the changes of some rows can be seen beside the margin."""
    values = [abs(row.scaled["value"] or 0.0) for row in rows if row.scaled]
    reach = min(MOST, max([LEAST, *(1.3 * value for value in values)]))
    below, above = ("−1", "+1") if short else ("−margin", "+margin")
    return Track(
        low=-reach,
        high=reach,
        margins=(-1.0, 1.0),
        zones=((-1.0, 1.0),),
        ticks=((0.0, "0"), (-1.0, below), (1.0, above)),
        origin=0.0,
    )


def _row(row: RowView, track: Track, ground: str) -> Markup:
    """Draw one change against its margin; a point beyond the edge is left to the arrow head."""
    assert row.scaled is not None
    at = row.scaled
    inside = at["value"] is not None and abs(at["value"]) <= track.high
    marks = Marks(
        point=at["value"] if inside else None,
        low=at["low"],
        high=at["high"],
        low90=at["low90"],
        high90=at["high90"],
        tone=TONE[row.word],
    )
    label = f"{words.WORD[row.word]}: {row.change}, margin {row.margin}"
    return markup.drawing(tracks.row(track, marks, label, ground))


def _shapes() -> Element:
    """Draw the words' shapes once, out of sight, apart from those of rulings."""
    root = canvas.svg(0, 0, kind="shapes")
    for word in words.WORD:
        symbol = SubElement(root, "symbol", {"id": f"word-{word}", "viewBox": "0 0 14 14"})
        path = canvas.shape(TONE.get(word, "not_applicable"), 7, 7, 4.5)
        path.set("class", f"shape word-{word}")
        symbol.append(path)
    return root


def _mark(word: str) -> Element:
    root = Element("svg", {"class": "mark", "aria-hidden": "true"})
    SubElement(root, "use", {"href": f"#word-{word}"})
    return root
