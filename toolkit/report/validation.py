"""The published schemas of run documents and of what is made of them, and the check against them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

NAMES = ("check", "audit")  # of run documents
PUBLISHED = (*NAMES, "diff", "index")


class InvalidDocumentError(ValueError):
    """A run document does not follow its schema; the text says where and why, one line each."""


def schema(name: str) -> dict[str, Any]:
    """Return a published JSON Schema by name: ``check`` for ``toolkit.check/1``, and so on.

    Raises
    ------
    LookupError
        If there is none; the text names those there are.
    """
    if name not in PUBLISHED:
        raise LookupError(f"there is no schema {name!r}; known are {', '.join(PUBLISHED)}")
    text = files("toolkit.report").joinpath(f"schemas/{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def is_audit(document: Mapping[str, Any]) -> bool:
    """Whether a run document is of an audit; what follows no schema counts as a check."""
    return str(document.get("schema", "")).startswith("toolkit.audit/")


def validate(document: Mapping[str, Any]) -> None:
    """Check a run document against the schema it names.

    Raises
    ------
    InvalidDocumentError
        Naming the first ten places where it does not follow.
    """
    from jsonschema import Draft202012Validator

    name = str(document.get("schema", "")).removeprefix("toolkit.").partition("/")[0]
    if name not in NAMES:
        raise InvalidDocumentError(f"this is no run document: its schema is {document.get('schema')!r}")
    validator = Draft202012Validator(schema(name))
    errors = sorted(validator.iter_errors(json.loads(json.dumps(document))), key=lambda e: e.json_path)
    if errors:
        raise InvalidDocumentError("\n".join(f"{e.json_path}: {e.message[:300]}" for e in errors[:10]))
