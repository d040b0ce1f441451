"""The gate: a run's findings, less those that somebody accepted until a day; the rest fail it."""

from __future__ import annotations

from toolkit.gate.accepted import Accepted
from toolkit.gate.evaluating import Judged, Outcome, evaluate
from toolkit.gate.findings import Finding, findings

__all__ = ["Accepted", "Finding", "Judged", "Outcome", "evaluate", "findings"]
