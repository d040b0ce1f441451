"""A front page over many runs: find their documents, say of each what it found, lay it out as one file."""

from __future__ import annotations

from toolkit.report.index.page import render
from toolkit.report.index.scan import scan

__all__ = ["render", "scan"]
