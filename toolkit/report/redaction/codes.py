"""Codes in place of the names of a user's table: ``column 3``, and ``C1`` for a group of it.

Columns are numbered in the order of a hash of their name, groups within a column likewise; the hash is
salted with the table's own. So the order tells neither the place in the file, nor the alphabet, nor a size,
and reports of one table agree without a key as long as they name the same columns and groups. A hash as the
code itself would be stabler still, and anybody could find the name behind it by guessing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

MISSING = "(missing)"
KEPT = {MISSING, "the rest"}  # our own words, not the table's


def letters(place: int) -> str:
    """Write a number in letters, as spreadsheets do.

    >>> letters(1), letters(26), letters(27), letters(703)
    ('A', 'Z', 'AA', 'AAA')
    """
    text = ""
    while place:
        place, digit = divmod(place - 1, 26)
        text = chr(65 + digit) + text
    return text


class Codes:
    """The codes of one document's names.

    Parameters
    ----------
    columns : iterable of str
        Every column named anywhere.
    levels : mapping
        For each attribute its groups.
    salt : str
        The hash of the table's content.
    """

    def __init__(self, columns: Iterable[str], levels: Mapping[str, Iterable[str]], salt: str) -> None:
        self._salt = salt
        self._columns = {name: place for place, name in enumerate(self._ordered({*columns, *levels}), 1)}
        self._levels = {
            (attribute, name): f"{letters(self._columns[attribute])}{place}"
            for attribute, names in levels.items()
            for place, name in enumerate(self._ordered({*names} - KEPT, attribute), 1)
        }

    def _ordered(self, names: Iterable[str], of: str = "") -> list[str]:
        def key(name: str) -> tuple[str, str]:
            text = "\0".join((self._salt, of, name))
            return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), name

        return sorted(names, key=key)

    def column(self, name: object) -> str:
        """Return the code of a column; one that was not named before is only called so."""
        place = self._columns.get(str(name))
        return f"column {place}" if place else "a column"

    def columns(self, names: Iterable[str]) -> list[str]:
        """Return the codes of columns in the order of their numbers."""
        return [f"column {place}" for place in sorted(self._columns[n] for n in names if n in self._columns)]

    def level(self, attribute: object, name: object) -> str:
        """Return the code of a group of one attribute."""
        text = str(name)
        return text if text in KEPT else self._levels.get((str(attribute), text), "a group")

    def attributes(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return a group's attributes in codes."""
        return {self.column(a): self.level(a, name) for a, name in found.items()}

    def joined(self, names: Iterable[str]) -> str:
        """Return the code of attributes as gaps join them."""
        return " & ".join(map(self.column, names))
