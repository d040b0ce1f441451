"""The parts of an audit's page as frozen, plain data: what the view computes and the templates lay out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.report.audit.nights import Nights
from toolkit.report.tables import Table

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Track:
    """A horizontal scale that the rows of a table share.

    Attributes
    ----------
    low, high : float
        Its ends; what reaches farther is cut and drawn with an arrow head.
    margins : tuple of float
        Dashed lines.
    zones : tuple of (float, float)
        Shaded stretches: where a gap lies beyond the margin.
    ticks : tuple of (float, str)
        Numbers above it, the most important first; those without room are left out.
    origin : float or None
        Where the thin line of "no difference" stands.
    """

    low: float
    high: float
    margins: tuple[float, ...] = ()
    zones: tuple[tuple[float, float], ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    origin: float | None = 0.0


@dataclass(frozen=True)
class Marks:
    """What one row draws on its track: intervals, a point, a lighter tick, a bar; any may be missing."""

    tone: str = "plain"
    low: float | None = None
    high: float | None = None
    low90: float | None = None
    high90: float | None = None
    point: float | None = None
    tick: float | None = None
    bar: tuple[float, float] | None = None


@dataclass(frozen=True)
class DrawnRow:
    """A row of a table with a drawing: its name, marks, cells of text, and a ruling where there is one."""

    name: str
    label: str
    marks: Marks | None
    cells: tuple[str, ...]
    ruling: str = ""
    strong: bool = False


@dataclass(frozen=True)
class DrawnTable:
    """Rows on one track; `head` names the columns after the drawing, a column of rulings last if any."""

    anchor: str
    label: str
    first: str
    head: tuple[str, ...]
    track: Track
    rows: tuple[DrawnRow, ...]
    kind: str = "drawn"

    @property
    def ruled(self) -> bool:
        """Whether any row carries a ruling."""
        return any(row.ruling for row in self.rows)


@dataclass(frozen=True)
class ForestRow:
    """One group in a panel: name, point, interval and the number in words; `said` is all of it at once."""

    name: str
    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    tick: float | None = None
    faint: bool = False
    said: str = ""


@dataclass(frozen=True)
class Panel:
    """One metric in every group."""

    title: str
    finding: str
    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[ForestRow, ...]
    everybody: float | None = None


@dataclass(frozen=True)
class Strip:
    """Dots on one track, in lanes: (name, ((value, filled, what to say), ...)); `here` marks this model."""

    label: str
    track: Track
    lanes: tuple[tuple[str, tuple[tuple[float, bool, str], ...]], ...]
    here: float | None


@dataclass(frozen=True)
class Spot:
    """A numbered point with both its intervals, and what to say of it."""

    number: int
    x: float
    y: float
    x_ends: tuple[float, float] | None
    y_ends: tuple[float, float] | None
    first: bool = False
    said: str = ""


@dataclass(frozen=True)
class Scatter:
    """Accuracy against gap."""

    label: str
    x: Track
    y: Track
    x_title: str
    y_title: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Figure:
    """Small multiples or one drawing, with a title, a finding, a caption and a table of its numbers."""

    number: int
    title: str
    finding: str
    caption: str
    panels: tuple[Panel, ...] = ()
    drawing: Strip | Scatter | Nights | None = None
    table: Table | None = None
    wide: bool = False
    level: int = 4
    kind: str = "figure"


@dataclass(frozen=True)
class Text:
    """A paragraph; `tone` is a class of the style sheet."""

    text: str
    tone: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Heading:
    """A heading within a section; with a ruling's mark before it where it has one."""

    text: str
    level: int = 3
    kind: str = "heading"


@dataclass(frozen=True)
class Listing:
    """A list of short texts."""

    items: tuple[str, ...]
    kind: str = "list"


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    pairs: tuple[tuple[str, str], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Numbers:
    """A table of text, folded away if it is long."""

    title: str
    table: Table
    folded: bool = False
    note: str = ""
    kind: str = "numbers"


@dataclass(frozen=True)
class Command:
    """What to type."""

    text: str
    kind: str = "command"


Block = Figure | DrawnTable | Text | Heading | Listing | Facts | Numbers | Command


@dataclass(frozen=True)
class Section:
    """A part of the page with its place in the contents; a `deep` one is for auditors, or whoever asks."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    short: str = ""
    deep: bool = False


@dataclass(frozen=True)
class Verdict:
    """One line of the first page."""

    anchor: str
    title: str
    ruling: str
    sentence: str
    notes: tuple[str, ...]
    track: Track | None
    marks: Marks | None
    label: str


@dataclass(frozen=True)
class Warned:
    """A warning or a note, with its evidence and how to silence it."""

    anchor: str
    title: str
    text: str
    level: str
    evidence: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, Table], ...]
    silence: str


@dataclass(frozen=True)
class Gate:
    """What the gate was asked and answered."""

    ruling: str
    sentence: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class View:
    """The whole page."""

    title: str
    lead: str
    asked: str
    tally: str
    remark: str
    verdicts: tuple[Verdict, ...]
    gate: Gate | None
    warnings: tuple[Warned, ...]
    warned: str
    sections: tuple[Section, ...]
