"""The front page as one self-contained HTML file: no script, no request, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from toolkit.report import markup, rulers
from toolkit.report.audit import canvas
from toolkit.report.audit.words import CLASS
from toolkit.report.index.view import view
from toolkit.report.page import environment

SHEETS = ("audit.css", "index.css")


def render(found: Mapping[str, Any], *, title: str, prefix: str = "") -> str:
    """Return the front page over what `scan` found, as one HTML file.

    Parameters
    ----------
    title : str
        The folder's name.
    prefix : str
        What leads from the page's folder to the folder that was read; empty where they are one.
    """
    page = _templates().get_template("index.html.j2")
    return page.render(
        view=view(found, title=title, prefix=prefix),
        style=markup.style(*SHEETS),
        policy=markup.policy(*SHEETS),
    )


@lru_cache
def _templates() -> Environment:
    return environment(
        shapes=lambda: markup.drawing(rulers.shapes()) + markup.drawing(canvas.shapes()),
        mark=_mark,
        ruling_class=lambda kind, ruling: CLASS[ruling] if kind == "audit" else ruling,
    )


def _mark(kind: str, ruling: str) -> Markup:
    return markup.drawing((canvas if kind == "audit" else rulers).mark(ruling))
