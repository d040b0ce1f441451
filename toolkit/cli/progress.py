"""What a run shows while it works: each ruling as it falls and, on a terminal, a bar; all of it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toolkit import catalogue
from toolkit.cli.terminal import RULING_WORDS, console, harmless

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from toolkit.run import Event, Progress

STYLES = {"supported": "green", "refuted": "red", "inconclusive": "yellow", "error": "magenta"}


@contextmanager
def watching(group: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Yield what a run calls with its events; None if it is to be quiet."""
    if quiet:
        yield None
        return
    screen = console(stderr=True)
    if not sys.stderr.isatty():
        yield _Teller(group, screen, None)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    shown = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*shown, console=screen, transient=True, redirect_stdout=False, redirect_stderr=False)
    with bar:
        yield _Teller(group, screen, bar)


class _Teller:
    """Turns events into lines and a bar."""

    def __init__(self, group: str, screen: Any, bar: Bar | None) -> None:
        self.known = catalogue.experiments(group)
        self.screen = screen
        self.bar = bar
        self.task = bar.add_task("trials", total=None) if bar else None
        self.reused = 0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if event.kind == "trial":
            self.reused += event.reused
        if event.kind == "experiment" and event.result is not None:
            self._ruled(event.experiment, event.result.ruling, event.result.sentence)
        if event.kind == "written" and self.reused:
            self.screen.print(f"{self.reused} of {event.total} trials were found from earlier runs")
        if self.bar is not None and self.task is not None and event.kind in ("planned", "trial"):
            self.bar.update(
                self.task, completed=event.done, total=event.total, description=event.experiment or "trials"
            )

    def _ruled(self, code: str, ruling: str, sentence: str) -> None:
        """Print a belief's ruling as soon as it is known."""
        from rich.text import Text

        word = RULING_WORDS.get(ruling, ruling)
        line = Text(f"{code} ")
        line.append(word, STYLES.get(ruling, ""))
        line.append(f"  {harmless(self.known[code].belief)}")
        self.screen.print(line)
        self.screen.print(Text(f"     {harmless(sentence)}", "dim"))
