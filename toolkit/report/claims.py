"""A claim ready to print: its verdicts as rows, its controls, and the scale of its rulers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolkit.report import words
from toolkit.report.parts import ClaimView, ControlRow, Document, FigureView, Row
from toolkit.report.rulers import Scale
from toolkit.report.words import clean, decimals, number, short


def claim_view(code: str, claim: Document, figures: Sequence[FigureView]) -> ClaimView:
    """Compute a claim with its verdicts, controls and the figures that bear on it."""
    places = decimals(claim["margin"])
    verdicts = [*claim["verdicts"], claim["pooled"]]
    return ClaimView(
        id=clean(claim["id"]),
        anchor=anchor(code, claim["id"]),
        statement=clean(claim["statement"]),
        stance=str(claim.get("stance") or "belief"),
        quantifier=str(claim.get("quantifier") or "universal"),
        prediction=words.prediction(claim),
        unit=clean(claim["unit"]),
        scope=clean(claim.get("scope")),
        ruling=str(claim["pooled"]["ruling"]),
        sentence=words.sentence(words.because(claim)),
        pooled=_row({**claim["pooled"], "dataset": "all together"}, places),
        rows=tuple(_row(v, places) for v in claim["verdicts"]),
        controls=tuple(_control(claim, c, places) for c in claim.get("controls") or ()),
        figures=tuple((f.anchor, f.number) for f in figures if any(claim["id"] == i for _, i in f.claims)),
        scale=Scale.of(claim, verdicts),
        places=places,
        drawn=any(v.get("effect") is not None for v in verdicts),
    )


def _row(verdict: Document, places: int) -> Row:
    ratio = verdict.get("test_train_ratio")
    dataset = clean(verdict.get("dataset")) or "all together"
    return Row(
        dataset=dataset,
        ruling=str(verdict["ruling"]),
        effect=number(verdict.get("effect"), places, sign=True),
        interval=words.interval(verdict.get("low"), verdict.get("high"), places),
        replicates=str(verdict.get("replicates") or 0),
        reason=clean(verdict.get("reason")),
        settles=clean(verdict.get("settles")),
        interval90=words.interval(verdict.get("low90"), verdict.get("high90"), places),
        mde90=number(verdict.get("mde90"), places),
        p_for=p_value(verdict.get("p_for")),
        p_against=p_value(verdict.get("p_against")),
        mode="fresh data each trial" if ratio is None else f"splits of one table, test/train {short(ratio)}",
        effects=tuple(number(e, places + 1, sign=True) for e in verdict.get("effects") or ()),
        verdict=verdict,
    )


def _control(claim: Document, control: Document, places: int) -> ControlRow:
    return ControlRow(
        claim=clean(claim["id"]),
        dataset=clean(control["dataset"]),
        expects=str(control["expects"]),
        ruling=str(control["ruling"]),
        effect=words.effect(control, places),
        replicates=str(control.get("replicates") or 0),
        held=bool(control.get("held")),
        why=words.sentence(clean(control.get("why"))),
    )


def p_value(value: float | None) -> str:
    """Write a p-value."""
    if value is None:
        return words.NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def anchor(*parts: object) -> str:
    """Return an id for a deep link: letters, digits and hyphens only, whatever the names hold."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", clean(p)).strip("-") or "x" for p in parts)[:120]
