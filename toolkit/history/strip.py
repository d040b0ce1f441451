"""A strip of instants: what was expected of a job, against what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.history.instants import instant_of, iso

LACKING, AHEAD = "nothing", "ahead"  # beside the outcomes of a record


@dataclass(frozen=True)
class Cell:
    """One expected instant: its record's outcome, or "nothing" where none answers it, "ahead" if to come."""

    due: datetime
    state: str
    id: str | None = None
    report: str | None = None


@dataclass(frozen=True)
class Strip:
    """Expected instants in order, and the runs that nobody expected (by hand, or of an older schedule)."""

    cells: tuple[Cell, ...]
    others: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, expected: Iterable[datetime], records: Sequence[Mapping[str, Any]], at: datetime) -> Strip:
        """Hold what was expected against records of the same job; what lies after `at` is to come."""
        runs = {record["due"]: record for record in records if record["kind"] == "run" and record["due"]}
        ranges = [record for record in records if record["kind"] == "missed"]
        cells = tuple(_cell(due, runs, ranges, at) for due in sorted(set(expected)))
        dues = {iso(cell.due) for cell in cells}
        others = tuple(r for r in records if r["kind"] == "run" and r["due"] not in dues)
        return cls(cells, others)

    @property
    def counts(self) -> dict[str, int]:
        """How many cells are in each state."""
        return dict(Counter(cell.state for cell in self.cells))


def _cell(
    due: datetime,
    runs: Mapping[str, Mapping[str, Any]],
    ranges: Sequence[Mapping[str, Any]],
    at: datetime,
) -> Cell:
    run = runs.get(iso(due))
    if run is not None:
        return Cell(due, run["outcome"], run["id"], run["report"])
    for missed in ranges:
        if instant_of(missed["first_due"] or missed["due"]) <= due <= instant_of(missed["due"]):
            return Cell(due, "missed", missed["id"])
    return Cell(due, AHEAD if due > at else LACKING)
