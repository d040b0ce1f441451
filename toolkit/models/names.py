"""Below every part of models: how a name or a library's message is shown, and which name is nearest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

LISTED = 12


def shown(name: object, longest: int = 80) -> str:
    """Return a name in quotes on one line, safe to print in a terminal.

    Examples
    --------
    >>> shown("age")
    "'age'"
    """
    return f"'{one_line(name, longest)}'"


def file_shown(path: object) -> str:
    """Return a path in quotes; its end, the file's own name, is never cut."""
    return shown(path, 4000)


def one_line(text: object, longest: int = 300) -> str:
    """Return text on one line, without control characters and cut to `longest` characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in str(text)[: 20 * longest]).split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, capitals aside, or None."""
    folded = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def listed(names: Sequence[object], most: int = LISTED) -> str:
    """Return names quoted and joined, the tail counted instead of shown."""
    head = ", ".join(shown(name) for name in names[:most])
    return head + (f" and {len(names) - most} more" if len(names) > most else "")
