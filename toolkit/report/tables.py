"""A table ready to print: what the view hands to the templates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Column heads and rows of text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
