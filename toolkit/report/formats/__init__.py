"""Other forms of the same run document: Markdown for a pull request, JUnit XML, SARIF, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report.formats import audit_markdown, audit_tests, pull_request, test_report
from toolkit.report.formats.plain import json
from toolkit.report.formats.sarif import sarif
from toolkit.report.validation import is_audit

__all__ = ["json", "junit", "markdown", "sarif"]


def markdown(document: Mapping[str, Any]) -> str:
    """Return the verdicts of a check or an audit as GitHub's Markdown; names from data stay text."""
    write = audit_markdown.markdown if is_audit(document) else pull_request.markdown
    return write(document)


def junit(document: Mapping[str, Any]) -> str:
    """Return a check's or an audit's run document as JUnit XML."""
    write = audit_tests.junit if is_audit(document) else test_report.junit
    return write(document)
