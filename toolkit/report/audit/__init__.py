"""The report of an audit: verdicts first, then every group, gap, part and lens, as one page."""

from __future__ import annotations

from toolkit.report.audit.summary import HEAD, summary

__all__ = ["HEAD", "summary"]
