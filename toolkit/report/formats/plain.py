"""JSON: the run document itself, written as ``run.json`` is."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from typing import Any


def json(document: Mapping[str, Any]) -> str:
    """Write a run document: its own order, floats by repr, NaN refused."""
    return dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
