"""Report: a run document in, a page people can read, sign and mail out; rendering reads only that data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report.markup import embedded
from toolkit.report.validation import is_audit, schema, validate

__all__ = ["embedded", "render", "schema", "validate"]


def render(document: Mapping[str, Any], *, alive: bool = True, quiz: bool = False) -> str:
    """Return the report of a run document, of a check or of an audit, as one self-contained HTML file.

    Parameters
    ----------
    alive : bool
        Whether a check's figures answer to pointer and keys where script may run.
    quiz : bool
        Whether the reader guesses each ruling of a check before it is shown, where script may run.

    Raises
    ------
    ValueError
        If a quiz is asked of an audit, which rules on no beliefs.
    """
    if is_audit(document):
        if quiz:
            raise ValueError("an audit rules on no beliefs, so there is nothing to guess; leave the quiz out")
        from toolkit.report.audit import page as audit

        return audit.render(document)
    from toolkit.report import page

    return page.render(document, alive=alive, quiz=quiz)
