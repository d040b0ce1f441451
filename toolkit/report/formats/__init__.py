"""Other forms of the same run document: Markdown for a pull request, JUnit XML for a CI server, JSON."""

from __future__ import annotations

from toolkit.report.formats.plain import json
from toolkit.report.formats.pull_request import markdown
from toolkit.report.formats.test_report import junit

__all__ = ["json", "junit", "markdown"]
