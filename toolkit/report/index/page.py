"""The front page as one self-contained HTML file: no script, no request, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, reduce
from operator import add
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from toolkit.report import markup, rulers
from toolkit.report.audit import canvas
from toolkit.report.audit.words import CLASS
from toolkit.report.index import badges, breaks, charts, marks, strips
from toolkit.report.index.parts import Detail
from toolkit.report.index.view import view
from toolkit.report.page import LIMIT, environment

SHEETS = ("audit.css", "index.css")
AUDITED = ("audit", "gap")
DETAILS = (
    Detail(series=40, places=400, rows=30),
    Detail(series=40, places=200, rows=30),
    Detail(series=40, places=80, rows=30),
    Detail(series=40, places=70, rows=10),
    Detail(series=20, places=60, rows=3),
    Detail(series=6, places=60, rows=0),
    Detail(series=1, places=40, rows=0),
    Detail(series=0, places=40, rows=0),
)


def render(found: Mapping[str, Any], *, title: str, prefix: str = "") -> str:
    """Return the front page over what `scan` found, as one HTML file.

    A page that would grow past `LIMIT` shows less of each trend, then fewer trends, and says so; the history
    keeps all of it.

    Parameters
    ----------
    title : str
        The folder's name.
    prefix : str
        What leads from the page's folder to the folder that was read; empty where they are one.
    """
    html = ""
    likely = [detail for detail in DETAILS if _guess(found, detail) <= LIMIT]
    for detail in likely or DETAILS[-1:]:
        html = _page(found, detail, title, prefix)
        if len(html.encode()) <= LIMIT:
            break
    return html


def _guess(found: Mapping[str, Any], detail: Detail) -> int:
    """Say roughly how many bytes the trends of a page take, so that none is made only to be thrown away."""
    jobs = (found.get("history") or {"jobs": ()})["jobs"]
    lengths = (len(one["points"]) for job in jobs for one in job["series"][: detail.series])
    return sum(3000 + 75 * min(n, detail.rows) + 14 * min(n, detail.places) for n in lengths)


def _page(found: Mapping[str, Any], detail: Detail, title: str, prefix: str) -> str:
    return (
        _templates(detail.places)
        .get_template("index.html.j2")
        .render(
            view=view(found, detail, title=title, prefix=prefix),
            style=markup.style(*SHEETS),
            policy=markup.policy(*SHEETS),
        )
    )


@lru_cache
def _templates(places: int) -> Environment:
    return environment(
        shapes=_shapes,
        mark=_mark,
        ruling_class=lambda kind, ruling: CLASS[ruling] if kind in AUDITED else ruling,
        outcome_words=strips.OUTCOME,
        letters=breaks.LETTER,
        outcome=lambda key: markup.drawing(marks.mark(key)),
        cell=lambda view: markup.drawing(marks.cell(view)),
        trend=lambda chart: markup.drawing(charts.trend(chart, places)),
    )


def _shapes() -> Markup:
    """Draw every shape that the page refers to once, out of sight."""
    shapes = (rulers.shapes(), canvas.shapes(), marks.shapes(), badges.shapes())
    return reduce(add, map(markup.drawing, shapes))


def _mark(kind: str, ruling: str) -> Markup:
    drawn = (canvas if kind in AUDITED else rulers).mark(ruling)
    drawn.attrib.update(width="14", height="14")  # without a style sheet a drawing would take 300 pixels
    return markup.drawing(drawn)
