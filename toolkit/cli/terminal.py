"""What reaches the terminal: results on stdout alone, progress on stderr, names from data as plain text."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

KEPT = {"\n", "\t"}
PIPED_WIDTH = 120
LONG = 24  # a column that is wider may be folded where the table is too wide
GUTTER = 2
SHOWN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}  # controls, bidirectional overrides, private use, surrogates
RULING_WORDS = {
    "supported": "supported",
    "refuted": "refuted",
    "inconclusive": "inconclusive",
    "not_applicable": "not applicable",
    "error": "withheld",
}


def harmless(text: str) -> str:
    """Return text that cannot move the cursor, colour the screen or turn the line round."""
    return "".join(
        c if c in KEPT or unicodedata.category(c) not in SHOWN else f"\\u{ord(c):04x}" for c in text
    )


def one_line(text: str) -> str:
    """Return harmless text without line breaks and tabs, so that a name cannot lay out a table of its own."""
    return harmless(text).replace("\n", "\\n").replace("\t", "\\t")


def console(*, stderr: bool = False, file: TextIO | None = None) -> Console:
    """Return a console that reads no markup; Rich itself honours NO_COLOR."""
    from rich.console import Console

    class Patient(Console):
        """A console whose reader may leave: Rich would end the run with exit 1, the code of the gate."""

        def on_broken_pipe(self) -> None:
            self.quiet = True

    screen = Patient(stderr=stderr, file=file, markup=False, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = PIPED_WIDTH
    return screen


@contextmanager
def owned_stdout() -> Iterator[TextIO]:
    """Keep stdout for results: whatever libraries and workers print meanwhile goes to stderr.

    Done at the level of file descriptors where stdout has one, so that compiled code and children obey too.
    """
    original = sys.stdout
    original.flush()
    try:
        number = original.fileno()
        ours = os.dup(number)
    except (OSError, ValueError):  # captured by a test or a notebook
        with redirect_stdout(sys.stderr):
            yield original
        return
    with os.fdopen(ours, "w", encoding="utf-8", errors="backslashreplace") as results:
        sys.stderr.flush()
        os.dup2(sys.stderr.fileno(), number)
        try:
            yield results
            results.flush()
        finally:
            original.flush()
            os.dup2(ours, number)


def columns(rows: Iterable[Sequence[str]], *, header: Sequence[str], file: TextIO | None = None) -> None:
    """Print a small table that stays readable when piped."""
    from rich.table import Table
    from rich.text import Text

    screen = console(file=file)
    cells = [[Text(one_line(cell)) for cell in row] for row in rows]
    widths = [
        max(cell.cell_len for cell in (Text(title), *(row[n] for row in cells)))
        for n, title in enumerate(header)
    ]
    # Rich drops columns where those that stand whole are too wide together: then a long name is folded too.
    needed = sum(widths[:-1]) + GUTTER * len(widths) + min(widths[-1], LONG)
    fits = needed <= screen.width
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    for place, title in enumerate(header):
        last = place == len(header) - 1
        table.add_column(title, overflow="fold", no_wrap=not last and (fits or widths[place] <= LONG))
    for row in cells:
        table.add_row(*row)
    with screen.capture() as captured:
        screen.print(table)
    screen.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
