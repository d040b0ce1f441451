"""Strings as JSON writes them: YAML reads them the same, and so does Python."""

from __future__ import annotations

import json
from collections.abc import Iterable


def string(text: str) -> str:
    """Return text in double quotes; letters of all scripts stay as they are, so that a path can be read.

    What JSON would escape in a way of its own (controls, halves of characters) no export lets in.
    """
    return json.dumps(text, ensure_ascii=False)


def strings(texts: Iterable[str]) -> str:
    """Return a list of strings."""
    return "[" + ", ".join(string(text) for text in texts) + "]"
