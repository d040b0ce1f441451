"""One answer of the gate in the forms that people and CI systems read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.gate.evaluating import Outcome
from toolkit.gate.formats.github import github
from toolkit.gate.formats.junit import junit
from toolkit.gate.formats.plain import json, text
from toolkit.gate.formats.pull_request import markdown
from toolkit.gate.formats.scanning import sarif

__all__ = ["FORMATS", "github", "json", "junit", "markdown", "sarif", "text", "written"]

FORMATS: dict[str, Callable[[Outcome], str]] = {
    "text": text,
    "markdown": markdown,
    "junit": junit,
    "github": github,
    "json": json,
}


def written(outcome: Outcome, style: str, document: Mapping[str, Any]) -> str:
    """Write an answer in one format; SARIF carries how the run was made besides."""
    return sarif(outcome, document) if style == "sarif" else FORMATS[style](outcome)
