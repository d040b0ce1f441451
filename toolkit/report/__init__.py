"""Report: a run document in, a page people can read, sign and mail out; rendering reads only that data."""

from __future__ import annotations

from toolkit.report.markup import embedded
from toolkit.report.page import render
from toolkit.report.validation import schema, validate

__all__ = ["embedded", "render", "schema", "validate"]
