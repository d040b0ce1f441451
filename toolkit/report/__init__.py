"""Report: a run document in, a page people can read, sign and mail out; rendering reads only that data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report.markup import embedded
from toolkit.report.validation import is_audit, schema, validate

__all__ = ["embedded", "render", "schema", "validate"]


def render(document: Mapping[str, Any]) -> str:
    """Return the report of a run document, of a check or of an audit, as one self-contained HTML file."""
    if is_audit(document):
        from toolkit.report.audit import page as audit

        return audit.render(document)
    from toolkit.report import page

    return page.render(document)
