"""The parts of a report as frozen, plain data: what the view computes and the templates lay out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.report.calibration import CalibrationView
from toolkit.report.panels import Panel
from toolkit.report.rulers import Scale
from toolkit.report.tables import Table

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One verdict, ready to print, with what its ruler needs."""

    dataset: str
    ruling: str
    effect: str
    interval: str
    replicates: str
    reason: str
    settles: str
    interval90: str
    mde90: str
    p_for: str
    p_against: str
    mode: str
    effects: tuple[str, ...]
    verdict: Mapping[str, Any]


@dataclass(frozen=True)
class ControlRow:
    """What a planted world was expected to give, and gave."""

    claim: str
    dataset: str
    expects: str
    ruling: str
    effect: str
    replicates: str
    held: bool
    why: str


@dataclass(frozen=True)
class ClaimView:
    """A claim with its verdicts."""

    id: str
    anchor: str
    statement: str
    stance: str
    quantifier: str
    prediction: str
    unit: str
    scope: str
    ruling: str
    sentence: str
    pooled: Row
    rows: tuple[Row, ...]
    controls: tuple[ControlRow, ...]
    figures: tuple[tuple[str, int], ...]
    scale: Scale
    places: int
    drawn: bool


@dataclass(frozen=True)
class FigureView:
    """A figure: panels to draw, sentences, table."""

    number: int
    anchor: str
    title: str
    x_title: str
    y_title: str
    caption: str
    finding: str
    claims: tuple[tuple[str, str], ...]
    series: tuple[str, ...]
    panels: tuple[Panel, ...]
    labels: tuple[str, ...]
    table: Table


@dataclass(frozen=True)
class DescribedTable:
    """A table an experiment computed from all its trials, described and never ruled on."""

    title: str
    note: str
    table: Table


@dataclass(frozen=True)
class BeliefView:
    """One experiment as a short article."""

    code: str
    anchor: str
    belief: str
    ruling: str
    sentence: str
    tally: str
    leading: ClaimView | None
    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    claims: tuple[ClaimView, ...]
    figures: tuple[FigureView, ...]
    measured: str
    data: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    tables: tuple[DescribedTable, ...]
    repeat: str


@dataclass(frozen=True)
class Headline:
    """All rulings of a report taken together: a sentence, and the p-values raw and adjusted."""

    sentence: str
    table: Table


@dataclass(frozen=True)
class View:
    """The whole report."""

    title: str
    asked: str
    tally: str
    beliefs: tuple[BeliefView, ...]
    headline: Headline
    calibration: CalibrationView
    failures: Table
    facts: tuple[tuple[str, str], ...]
    datasets: Table
