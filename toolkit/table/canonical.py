"""One spelling for a cell, whatever held it: "1.0" in a CSV and 1 in Parquet are the same.

It runs over the few distinct values that a GROUP BY returns, never over rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.table.columns import MISSING
from toolkit.table.outcome import number_text

NUMBER_TEXT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,300}", re.ASCII)
CODE = re.compile(r"[+-]?0\d", re.ASCII)  # leading zeros: a code such as a postal one, not a number
MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]00:00:00(\.0+)?")


@dataclass(frozen=True)
class Values:
    """The distinct cells of a column.

    Attributes
    ----------
    text : mapping of raw cell to str or None
        The one spelling; None where it is missing.
    numeric : bool
        Whether all that are not missing are numbers.
    """

    text: Mapping[Any, str | None]
    numeric: bool

    @property
    def distinct(self) -> tuple[str, ...]:
        """The values that are not missing, in natural order."""
        return tuple(sorted({text for text in self.text.values() if text is not None}, key=natural))


def values_of(raw: Iterable[Any], lookup: list[Any] | None = None) -> Values:
    """Decide over all distinct cells of a column how each is written.

    A column of numbers only is written as numbers are ("1", not "1.0" or "+1"), one of true and false in
    small letters; leading zeros make a column of codes, which stay as they are.

    Parameters
    ----------
    raw : iterable of str, int, float, bool or None
    lookup : list, optional
        Where the raw cells are codes, the cells they stand for; a negative code is a missing cell.
    """
    cells = {
        code: code if lookup is None else (lookup[code] if code is not None and code >= 0 else None)
        for code in raw
    }
    text = {code: canonical_text(cell) for code, cell in cells.items()}
    present = [t for t in text.values() if t is not None]
    if present and all(t.lower() in ("true", "false") for t in present):
        return Values({code: None if t is None else t.lower() for code, t in text.items()}, False)
    numeric = bool(present) and all(_is_number(t) for t in present)
    if numeric:
        text = {code: None if t is None else _number_text(t) for code, t in text.items()}
    return Values(text, numeric)


def canonical_text(cell: Any) -> str | None:
    """Write one cell as text; None where it is missing."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return number_text(cell) if math.isfinite(cell) else None if math.isnan(cell) else str(cell)
    text = str(cell).strip()
    midnight = MIDNIGHT.fullmatch(text)
    return None if text in MISSING else midnight[1] if midnight else text


def as_number(text: str) -> float | None:
    """Return the number a text spells, infinities too, or None."""
    if NUMBER_TEXT.fullmatch(text) or text.lower().lstrip("+-") in ("inf", "infinity"):
        return float(text)
    return None


def natural(text: str) -> tuple[int, float, str]:
    """Sort numbers by size, then text by its letters."""
    number = as_number(text)
    return (1, 0.0, text) if number is None else (0, number, text)


def _is_number(text: str) -> bool:
    return as_number(text) is not None and not CODE.match(text)


def _number_text(text: str) -> str | None:
    """Write a number in one way; an infinite one is no value."""
    if WHOLE.fullmatch(text):
        return str(int(text))
    number = float(text)
    return number_text(number) if math.isfinite(number) else None
