"""What an audit prints: one line a gap, the warnings by title, the gate, and where the files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from toolkit.cli.terminal import columns, harmless

HEADER = ("attribute", "metric", "highest", "lowest", "gap (95 %)", "ruling")
GATE = {"shown": "the gate failed", "small": "the gate held", "open": "the gate is open"}


def summary(document: Mapping[str, Any], paths: Sequence[Path], file: TextIO) -> None:
    """Print the short table of an audit."""
    from toolkit.report.audit import summary as rows

    lines = list(rows(document))
    if lines:
        columns(lines, header=HEADER, file=file)
    else:
        print("no two groups were large enough to compare", file=file)
    for warning in document["warnings"]:
        print(harmless(f"{warning['level']}: {warning['title']} ({warning['code']})"), file=file)
    if document.get("watch"):
        from toolkit.report.audit.watch import summary as watched

        print(harmless(f"watch: {watched(document['watch'])}"), file=file)
    gate = document.get("gate")
    if gate:
        print(harmless(": ".join(filter(None, (GATE[gate["result"]], gate.get("reason"))))), file=file)
    for path in paths:
        print(harmless(str(path)), file=file)
