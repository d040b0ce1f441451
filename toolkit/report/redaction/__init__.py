"""Redaction, before anything is written: a run document in, one that names nobody's table out.

Column names and categories become codes, and no count under 10 can be read or worked out; see the README
beside this file for what is kept and why nothing more can be derived from it. What comes out follows the
same schema, so every format, reader and terminal table is made from it as from any other document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report.redaction.tables import LEAST
from toolkit.report.validation import is_audit

__all__ = ["LEAST", "is_redacted", "redacted"]


def redacted(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document that can be shared; one that is redacted already comes back as it is.

    Parameters
    ----------
    document : mapping
        Of a check or of an audit; it is left as it was.

    Returns
    -------
    dict
        A new document of the same schema, with ``redaction``: what was done, and to how many groups.

    Raises
    ------
    BadInputError
        If there are fewer than 10 people in all, so that nothing can be told.
    """
    if is_redacted(document):
        return dict(document)
    if is_audit(document):
        from toolkit.report.redaction.audits import audit

        return audit(document)
    from toolkit.report.redaction.checks import check

    return check(document)


def is_redacted(document: Mapping[str, Any]) -> bool:
    """Whether a document was redacted."""
    return bool(document.get("redaction"))
