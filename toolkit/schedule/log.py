"""What an attempt printed, and the line of it that says why it ended as it did."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.schedule.attempt import LOG

TAIL = 8192  # bytes of the log that are looked at
LONGEST = 300  # characters of a reason
ERROR, VERDICT = "Error: ", "The gate "  # as the command line and `toolkit gate` begin these lines


def reason(staging: Path) -> str:
    """Return the last error that was printed, else the last line; "" where nothing was."""
    lines = _lines(staging)
    errors = [line for line in lines if line.startswith(ERROR)]
    return _short((errors or lines or [""])[-1].removeprefix(ERROR))


def verdict(staging: Path) -> str:
    """Return what the gate answered and the first thing it found; "" where there was no gate."""
    lines = _lines(staging)
    begins = [place for place, line in enumerate(lines) if line.startswith(VERDICT)]
    if not begins:
        return ""
    answer, *found = lines[begins[-1] :]
    return _short(" ".join([answer, *(line.split(": ", 2)[-1] for line in found[:1])]))


def _lines(staging: Path) -> list[str]:
    """Return the last lines of a log, without what is blank."""
    try:
        with (staging / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
