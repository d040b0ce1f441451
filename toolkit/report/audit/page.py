"""Lay an audit's view out as one HTML file, with drawings put in place; no clock, no script."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment
from markupsafe import Markup

from toolkit.report import markup
from toolkit.report.audit import canvas, plots, tracks, words
from toolkit.report.audit.nights import Nights, nights
from toolkit.report.audit.parts import Document, Figure, Marks, Strip, Track
from toolkit.report.audit.view import view
from toolkit.report.page import environment, unbroken

LIMIT = 1_900_000  # bytes
FEWER = (400, 120, 40, 12)  # rows in a table; the embedded document keeps all
SHEETS = ("audit.css", "readers.css")


def render(document: Document) -> str:
    """Return the report of an audit as one self-contained HTML file.

    A page that would grow past `LIMIT` lists fewer rows in its longest tables and says so.
    """
    html = ""
    for most in FEWER:
        html = _page(document, most)
        if len(html.encode()) <= LIMIT:
            break
    return html


def _page(document: Document, most: int) -> str:
    return (
        _templates()
        .get_template("audit.html.j2")
        .render(
            view=view(document, most),
            island=markup.island(document),
            style=markup.style(*SHEETS),
            policy=markup.policy(*SHEETS),
            reading=words.READING,
            version=document["schema"],
        )
    )


@lru_cache
def _templates() -> Environment:
    templates = environment(
        shapes=lambda: markup.drawing(canvas.shapes()),
        mark=lambda ruling: markup.drawing(canvas.mark(ruling)),
        track_axis=_axis,
        track_row=_row,
        panels=_panels,
        drawn=_drawn,
        audit_words=words,
    )
    templates.finalize = unbroken
    return templates


def _axis(track: Track, ground: str = "") -> Markup:
    return markup.drawing(tracks.axis(track, ground))


def _row(track: Track, marks: Marks, label: str, ground: str = "") -> Markup:
    return markup.drawing(tracks.row(track, marks, label, ground))


def _panels(figure: Figure) -> list[tuple[str, str, Markup]]:
    return [(p.title, p.finding, markup.drawing(plots.panel(p, wide=figure.wide))) for p in figure.panels]


def _drawn(figure: Figure) -> Markup:
    assert figure.drawing is not None
    plot = figure.drawing
    if isinstance(plot, Nights):
        return markup.drawing(nights(plot))
    return markup.drawing(plots.strip(plot) if isinstance(plot, Strip) else plots.scatter(plot))
