"""The alarms of a watched audit, as findings: the only ruling on a gap that may be looked at every night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.gate.findings import Document, Finding, part
from toolkit.records import BadInputError

RAISED = "raised"


def alarms(document: Document) -> Iterator[Finding]:
    """Yield the alarms that stand.

    Raises
    ------
    BadInputError
        If the audit watches nothing.
    """
    watched = document.get("watch")
    if not watched:
        raise BadInputError(
            "--fail-on alarm: this audit watches nothing; add --watch COLUMN to it, or leave alarm out"
        )
    for gap in watched["gaps"]:
        if gap.get("alarm"):
            yield _finding(gap)


def _finding(gap: Mapping[str, Any]) -> Finding:
    from toolkit.report.audit import words
    from toolkit.report.audit.watch import alarm

    about = (gap["attribute"], gap["metric"], gap["kind"], "widest")
    said = f"Alarm: {words.subject(gap)}, past the margin of {float(gap['margin']):g}: {alarm(gap)}."
    return Finding("/".join(("alarm", *map(part, about))), RAISED, "alarm", said)
