"""Lay the view out as one HTML file: templates with escaping always on, drawings put in place, no clock."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from toolkit.report import markup, points, rulers, words
from toolkit.report.alive import life, source
from toolkit.report.drawing import draw
from toolkit.report.figures import legend, spec
from toolkit.report.parts import ClaimView, Document, FigureView, Row
from toolkit.report.paths import share
from toolkit.report.view import view

LIMIT = 1_990_000  # bytes; mail servers and readers are patient up to about 2 MB
FEWER = (12, 6, 3, 1)


def render(document: Document, *, alive: bool = True, quiz: bool = False) -> str:
    """Return the report of a run document as one self-contained HTML file.

    A report that would grow past `LIMIT` first does without live figures, then draws only the first panels
    of each figure and says so; the tables keep all numbers.

    Parameters
    ----------
    alive : bool
        Whether the figures answer to pointer and keys where script may run; without script they are the same.
    quiz : bool
        Whether the reader is asked before each ruling is shown, where script may run.
    """
    html = ""
    for most, live in ((None, alive), *((most, False) for most in (None, *FEWER))):
        html = _page(document, most, alive=live, quiz=quiz)
        if len(html.encode()) <= LIMIT:
            break
    return html


def _page(document: Document, most: int | None, *, alive: bool, quiz: bool) -> str:
    shown = view(document, most)
    living = life(f for b in shown.beliefs for f in b.figures) if alive else None
    questions = source("quiz.js") if quiz else ""
    sheets = ("readers.css", *(["alive.css"] if living else []), *(["quiz.css"] if quiz else []))
    scripts = [*([questions] if quiz else []), *(living.allowed if living else ())]
    page = _templates().get_template("report.html.j2")
    return page.render(
        view=shown,
        island=markup.island(document),
        style=markup.style(*sheets),
        policy=markup.policy(*sheets, scripts=scripts),
        version=document["schema"],
        reading=words.READING,
        life=living,
        quiz=markup.script(questions) if quiz else None,
    )


@lru_cache
def _templates() -> Environment:
    return environment(shapes=_shapes, mark=_mark, ruler=_ruler, axis=_axis, plots=_plots, key=_key)


def environment(**drawings: Any) -> Environment:
    """Return the templates with escaping on, and the drawings they may put in place."""
    templates = Environment(
        loader=PackageLoader("toolkit.report"),
        autoescape=True,  # always, whatever a file is called
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals.update(drawings, words=words)
    return templates


def unbroken(value: object) -> object:
    """Keep a number and its per cent sign on one line."""
    return value.replace(" %", "\N{NO-BREAK SPACE}%") if type(value) is str else value


def _mark(ruling: str) -> Markup:
    return markup.drawing(rulers.mark(ruling))


def _shapes() -> Markup:
    return markup.drawing(rulers.shapes()) + markup.drawing(points.markers())


def _ruler(claim: ClaimView, rows: tuple[Row, ...], label: str, ground: str = "") -> Markup:
    return markup.drawing(rulers.ruler(claim.scale, [row.verdict for row in rows], label, ground))


def _axis(claim: ClaimView, ground: str = "") -> Markup:
    return markup.drawing(rulers.axis(claim.scale, claim.places, ground))


def _plots(figure: FigureView) -> list[tuple[str, Markup]]:
    """Draw the panels of a figure, each with its title."""
    labelled = zip(figure.panels, figure.labels, strict=True)
    drawn = [
        draw(spec(panel, figure.series), f"f{figure.number}-{i}", label)
        for i, (panel, label) in enumerate(labelled, 1)
    ]
    axes = share(drawn, f"f{figure.number}")
    put = [markup.drawing(element) for element in drawn]
    if axes is not None:
        put[0] = markup.drawing(axes) + put[0]
    return [(panel.title, svg) for panel, svg in zip(figure.panels, put, strict=True)]


def _key(place: int, many: int) -> Markup:
    """Draw a series' line and point, to stand before its name."""
    return markup.drawing(legend(place, many))
