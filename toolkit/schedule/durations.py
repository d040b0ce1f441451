"""Lengths of time as people write them: ``90s``, ``10m``, ``2h``, ``90d``, or a whole number of seconds."""

from __future__ import annotations

import re

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST = 366 * UNITS["d"]
HOW = 'write whole seconds, or a length such as "45s", "10m", "2h" or "90d"'


def seconds(value: object) -> int:
    """Return a length of time in seconds.

    Parameters
    ----------
    value : int or str
        Seconds, or numbers with units, the largest first: ``"1h30m"``.

    Raises
    ------
    ValueError
        If it is anything else, or longer than 366 days; the text says how to write it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        found = int(value)
    elif isinstance(value, str) and re.fullmatch(
        r"(?=.)([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?", value
    ):
        found = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", value))
    else:
        raise ValueError(HOW)
    if not 0 <= found <= LONGEST:
        raise ValueError("it must be between 0 and 366 days")
    return found


def words(length: int) -> str:
    """Write seconds so that `seconds` reads them back: ``5400`` is ``1h30m``."""
    parts = []
    for unit, size in UNITS.items():
        number, length = divmod(length, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
