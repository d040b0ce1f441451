"""The runs of one job: which came of those expected, as a strip of shapes, a sentence, and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import quote

from toolkit.report.index import times
from toolkit.report.index.parts import Cell, RunRow
from toolkit.report.words import clean, count, listed

Run = Mapping[str, Any]
SHOWN = 60  # instants in a strip
ROWS = 30
TROUBLED = 4
OUTCOME = {
    "done": "done",
    "gate_failed": "gate failed",
    "open": "not enough evidence",
    "failed": "failed",
    "timeout": "timed out",
    "refused": "refused",
    "interrupted": "interrupted",
    "missed": "missed",
    "overdue": "overdue",
}
ENDED = {  # of one run, of several
    "gate_failed": ("failed its gate", "failed their gate"),
    "open": ("without enough evidence", "without enough evidence"),
    "failed": ("failed", "failed"),
    "timeout": ("ran past its time", "ran past their time"),
    "refused": ("was refused", "were refused"),
    "interrupted": ("was interrupted", "were interrupted"),
}
FINE = ("done", "open")
FRUITLESS = ("failed", "timeout", "refused", "interrupted")  # runs that left no figures


def recent(runs: Sequence[Run], most: int = SHOWN) -> list[Run]:
    """Return the newest records that answer for so many instants, newest first; at least one."""
    kept: list[Run] = []
    instants = 0
    for run in runs:
        if kept and instants + run["count"] > most:
            break
        kept.append(run)
        instants += run["count"]
    return kept


def cells(runs: Sequence[Run], overdue: str) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    """Lay records out as a strip, oldest first, cut where a month begins.

    Parameters
    ----------
    runs : sequence
        Records, newest first.
    overdue : str
        What to say of an instant that has passed without a record; empty where there is none.
    """
    laid = [(_month(run), _cell(run)) for run in reversed(runs)]
    if overdue:
        laid.append((laid[-1][0] if laid else "", Cell("overdue", overdue)))
    return tuple(
        (month, tuple(cell for _, cell in group)) for month, group in groupby(laid, key=lambda pair: pair[0])
    )


def tally(runs: Sequence[Run], *, overdue: bool) -> tuple[tuple[str, str, int], ...]:
    """Count instants by outcome."""
    found: Counter[str] = Counter()
    for run in runs:
        found[_known(run)] += run["count"]
    found["overdue"] += overdue
    return tuple((key, word, found[key]) for key, word in OUTCOME.items() if found[key])


def said(runs: Sequence[Run], now: datetime | None, *, given: bool) -> str:
    """Say in one or two sentences which runs came of those expected, and how long ago the last one was.

    Parameters
    ----------
    runs : sequence
        The records of the strip, newest first.
    now : datetime or None
        The time that ages are relative to.
    given : bool
        Whether that time was given; else it is the newest that the history names.
    """
    expected = [run for run in runs if run["due"] is not None]
    came = [run for run in expected if run["kind"] == "run"]
    whole = sum(run["count"] for run in expected)
    by_hand = sum(run["due"] is None for run in runs)
    parts = [f"{len(came)} of {count(whole, 'expected run')} came"] if whole else []
    if by_hand:
        parts.append(f"{by_hand} by hand" if whole else f"{count(by_hand, 'run')} by hand")
    elif not whole:
        parts.append("No run was expected yet")
    missed = [run for run in runs if run["kind"] == "missed"]
    if missed:
        parts.append(_missed(missed))
    parts += [_ended(runs, key) for key in ENDED if _has(runs, key)]
    return f"{'; '.join(parts)}. {_last(runs, now, given=given)}".strip()


def _missed(missed: Sequence[Run]) -> str:
    many = sum(run["count"] for run in missed)
    first, last = missed[-1]["first_due"] or missed[-1]["due"], missed[0]["due"]
    when = f"from {times.spoken(first)} to {times.spoken(last)}" if many > 1 else f"on {times.spoken(last)}"
    return f"{many} missed, {when}" + (f" (in {len(missed)} ranges)" if len(missed) > 1 else "")


def _has(runs: Sequence[Run], key: str) -> bool:
    return any(run["outcome"] == key for run in runs)


def _ended(runs: Sequence[Run], key: str) -> str:
    many = sum(run["outcome"] == key for run in runs)
    return f"{many} {ENDED[key][many > 1]}"


def _last(runs: Sequence[Run], now: datetime | None, *, given: bool) -> str:
    ended = [at for run in runs if run["kind"] == "run" for at in [when(run)] if at]
    if not ended or now is None:
        return ""
    return f"The last run was {times.ago(max(ended), now)}{'' if given else ' by the newest record'}."


def when(run: Run) -> datetime | None:
    """Return the instant a record is about: when it was due, else when it began."""
    return times.instant(run["due"]) or times.instant(run["started"])


def rows(runs: Sequence[Run], prefix: str, most: int = ROWS) -> tuple[RunRow, ...]:
    """Return the newest records as rows of a table."""
    return tuple(_row(run, prefix) for run in runs[:most])


def troubled(runs: Sequence[Run], prefix: str) -> tuple[RunRow, ...]:
    """Return the newest records that did not end well; those alike in a row are one."""
    found = []
    for (outcome, _), group in groupby(runs, key=lambda run: (run["outcome"], clean(run["reason"]))):
        if outcome not in FINE:
            same = list(group)
            row = _row(same[0], prefix)
            if len(same) > 1:
                row = replace(
                    row,
                    word=f"{row.word}, {len(same)} in a row",
                    since=times.spoken(same[-1]["due"] or same[-1]["started"]),
                )
            found.append(row)
    return tuple(found[:TROUBLED])


def _row(run: Run, prefix: str) -> RunRow:
    return RunRow(
        when=_when(run),
        day=clean(run["due"] or run["started"]),
        outcome=_known(run),
        word=_word(run),
        reason=clean(run["reason"]),
        took=_took(run),
        link=quote(prefix + run["report"]) if run["report"] else "",
    )


def _when(run: Run) -> str:
    if run["kind"] == "missed" and run["count"] > 1:
        return f"{times.said(run['first_due'])} to {times.said(run['due'])}"
    return times.said(run["due"]) if run["due"] else f"{times.said(run['started'])} by hand"


def _took(run: Run) -> str:
    """Say how long a run took, and how often it was tried."""
    start, stop = times.instant(run["started"]), times.instant(run["ended"])
    parts = [times.lasting(stop - start)] if start and stop and stop >= start else []
    if run["attempts"] > 1:
        parts.append(count(run["attempts"], "attempt"))
    return listed(parts)


def _known(run: Run) -> str:
    return run["outcome"] if run["outcome"] in OUTCOME else "failed"


def _word(run: Run) -> str:
    word = OUTCOME.get(run["outcome"], clean(run["outcome"]))
    return f"{run['count']:,} {word}" if run["count"] > 1 else word


def _month(run: Run) -> str:
    at = when(run)
    return f"{times.MONTHS[at.month - 1]} {at.year}" if at else ""


def _cell(run: Run) -> Cell:
    reason = f", {clean(run['reason'])}" if run["reason"] and run["kind"] == "run" else ""
    number = f"{run['count']:,}" if run["count"] > 1 else ""
    return Cell(_known(run), f"{_when(run)}: {_word(run)}{reason}", number)
