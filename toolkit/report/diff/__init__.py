"""Two run documents in, what changed between them out: data first, then the same words in every format."""

from __future__ import annotations

from toolkit.report.diff.compare import compare

__all__ = ["compare"]
