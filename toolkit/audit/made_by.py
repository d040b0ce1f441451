"""What made the numbers of an audit: versions, commit, command, seed, machine."""

from __future__ import annotations

from typing import Any

from toolkit import provenance
from toolkit.audit.request import Request


def made_by(request: Request) -> dict[str, Any]:
    """Return the document's "provenance", times aside."""
    return {
        "versions": provenance.versions("duckdb", "skops"),
        "commit": provenance.commit(),
        "command": provenance.command(),
        "code": {"fairness": provenance.part("fairness")},
        "seed": request.seed,
        "threads": 1,
        "machine": provenance.machine(),
    }
