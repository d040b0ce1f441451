"""Everything a report says, computed from the run document as plain data; templates only lay it out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counting
from typing import Any

from toolkit.report import words
from toolkit.report.findings import caption, finding, panel_label
from toolkit.report.panels import Panel, cut, series_of
from toolkit.report.rulers import Scale
from toolkit.report.words import clean, decimals, number, short

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
    label: str
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
class Table:
    """A figure's numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
    calibration: Table
    failures: Table
    facts: tuple[tuple[str, str], ...]
    datasets: Table


def view(document: Document) -> View:
    """Compute the view of a run document (``toolkit.check/1``)."""
    provenance = document["provenance"]
    numbers = counting(1)
    beliefs = tuple(_belief(e, provenance, numbers) for e in document["experiments"])
    return View(
        title=words.TITLE.get(document["name"]) or clean(document["name"]) or "A check of beliefs",
        asked=_asked(document),
        tally=words.tally([b.ruling for b in beliefs]),
        beliefs=beliefs,
        headline=_headline(document.get("headline") or {}),
        calibration=_calibration(document.get("calibration") or ()),
        failures=Table(
            ("Belief", "Dataset", "Seed", "What happened", "Reason"),
            tuple(
                (b.code, *row)
                for b, e in zip(beliefs, document["experiments"], strict=True)
                for row in _failures(e)
            ),
        ),
        facts=facts({k: v for k, v in provenance.items() if k != "datasets"}),
        datasets=_datasets(provenance.get("datasets") or ()),
    )


def _headline(headline: Document) -> Headline:
    rulings = headline.get("rulings") or ()
    sentence = ""
    if rulings:
        sentence = (
            f"This report tests {words.count(len(rulings), 'claim')}. Were none of them true, at most "
            f"{headline.get('expected_false', 0.0):.2g} could be expected to be ruled falsely; after Holm’s "
            f"correction over all of them, {sum(r['p_adjusted'] <= 0.05 for r in rulings)} remain decided."
        )
    head = ("Belief", "Claim", "Ruling", "p", "p, adjusted over the report")
    rows = tuple(
        (clean(r["code"]), clean(r["claim"]), words.RULING[r["ruling"]], _p(r["p"]), _p(r["p_adjusted"]))
        for r in rulings
    )
    return Headline(sentence, Table(head, rows))


def anchor(*parts: object) -> str:
    """Return an id for a deep link: letters, digits and hyphens only, whatever the names hold."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", clean(p)).strip("-") or "x" for p in parts)[:120]


def facts(mapping: Any, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Flatten nested plain data to name and text, in order."""
    if not isinstance(mapping, Mapping):
        return ((prefix, _fact(mapping)),)
    found: list[tuple[str, str]] = []
    for key, value in mapping.items():
        name = f"{prefix} {words.clean(key)}".strip().replace("_", " ")
        found.extend(facts(value, name) if isinstance(value, Mapping) else ((name, _fact(value)),))
    return tuple(found)


def _fact(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_fact(v) for v in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{clean(k)}: {_fact(v)}" for k, v in value.items())
    return clean(value) if isinstance(value, str | int) and not isinstance(value, bool) else short(value)


def _asked(document: Document) -> str:
    provenance, experiments = document["provenance"], document["experiments"]
    claims = sum(len(e["claims"]) for e in experiments)
    datasets = {v["dataset"] for e in experiments for c in e["claims"] for v in c["verdicts"]}
    trials = sum(o.get("status") == "done" for e in experiments for o in e.get("outcomes") or ())
    text = (
        f"{words.count(len(experiments), 'belief')} about the parameters of models, put to the test as "
        f"{words.count(claims, 'claim')} on {words.count(len(datasets), 'dataset')}"
    )
    if trials:
        text += f", in {words.count(trials, 'trial')}"
    return f"{text}, at {clean(provenance.get('effort'))} effort with seed {clean(provenance.get('seed'))}."


def _belief(experiment: Document, provenance: Document, numbers: Iterator[int]) -> BeliefView:
    code = clean(experiment["code"])
    figures = tuple(_figure(code, f, experiment, next(numbers)) for f in experiment.get("figures") or ())
    claims = tuple(_claim(code, c, figures) for c in experiment["claims"])
    names = ("article", "what", "scope", "would_change")
    lists = ("threats", "references", "beside")
    outcomes = experiment.get("outcomes") or ()
    done = [o for o in outcomes if o.get("status") == "done"]
    measured = words.tally([c.ruling for c in claims])
    return BeliefView(
        code=code,
        anchor=anchor(code),
        belief=clean(experiment["belief"]),
        ruling=str(experiment["ruling"]),
        sentence=clean(experiment.get("sentence")) or words.RULING[experiment["ruling"]] + ".",
        tally=measured,
        leading=_leading(claims),
        texts={name: clean(experiment.get(name)) for name in names},
        lists={name: tuple(clean(item) for item in experiment.get(name) or ()) for name in lists},
        claims=claims,
        figures=figures,
        measured=_measured(experiment, len(done)),
        missing=tuple(_missing(experiment)),
        tables=tuple(_described(t) for t in experiment.get("tables") or ()),
        repeat=_repeat(code, provenance),
    )


def _measured(experiment: Document, done: int) -> str:
    datasets = {v["dataset"] for c in experiment["claims"] for v in c["verdicts"]}
    controls = {v["dataset"] for c in experiment["claims"] for v in c.get("controls") or ()}
    text = words.count(len(datasets), "dataset")
    if controls:
        text += f", and {words.count(len(controls), 'planted world')} as controls"
    return f"{text}; {words.count(done, 'trial')} measured." if done else f"{text}."


def _repeat(code: str, provenance: Document) -> str:
    seed, effort = clean(provenance.get("seed", 0)), clean(provenance.get("effort", "standard"))
    return f"toolkit check misconceptions --only {code} --seed {seed} --effort {effort}"


def _leading(claims: Sequence[ClaimView]) -> ClaimView | None:
    """Return the claim to show on the first page: the belief's own, one with numbers if there is one."""
    able = [c for c in claims if any(r.verdict.get("effect") is not None for r in c.rows)]
    said = [c for c in able if c.stance == "belief"]
    return next(iter([*said, *able, *claims]), None)


def _claim(code: str, claim: Document, figures: Sequence[FigureView]) -> ClaimView:
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
        pooled=_row({**claim["pooled"], "dataset": "all together"}, claim, places),
        rows=tuple(_row(v, claim, places) for v in claim["verdicts"]),
        controls=tuple(_control(claim, c, places) for c in claim.get("controls") or ()),
        figures=tuple((f.anchor, f.number) for f in figures if any(claim["id"] == i for _, i in f.claims)),
        scale=Scale.of(claim, verdicts),
        places=places,
        drawn=any(v.get("effect") is not None for v in verdicts),
    )


def _row(verdict: Document, claim: Document, places: int) -> Row:
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
        p_for=_p(verdict.get("p_for")),
        p_against=_p(verdict.get("p_against")),
        mode="fresh data each trial" if ratio is None else f"splits of one table, test/train {short(ratio)}",
        effects=tuple(number(e, places + 1, sign=True) for e in verdict.get("effects") or ()),
        label=(
            f"{dataset}: {words.RULING[verdict['ruling']].lower()}, effect {words.effect(verdict, places)} "
            f"{clean(claim['unit'])}; the claim holds where {words.prediction(claim)}"
        ),
        verdict=verdict,
    )


def _p(value: float | None) -> str:
    if value is None:
        return words.NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _control(claim: Document, control: Document, places: int) -> ControlRow:
    return ControlRow(
        claim=clean(claim["id"]),
        dataset=clean(control["dataset"]),
        expects=str(control["expects"]),
        ruling=str(control["ruling"]),
        effect=words.effect(control, places),
        replicates=str(control.get("replicates") or 0),
        held=bool(control.get("held")),
        why=clean(control.get("why")),
    )


def _figure(code: str, figure: Document, experiment: Document, place: int) -> FigureView:
    panels = cut(figure)
    known = {c["id"] for c in experiment["claims"]}
    return FigureView(
        number=place,
        anchor=f"figure-{place}",
        title=clean(figure["title"]),
        x_title=clean(figure["x_title"]),
        y_title=clean(figure["y_title"]),
        caption=caption(figure, panels),
        finding=finding(figure, panels),
        claims=tuple((anchor(code, c), clean(c)) for c in figure.get("claims") or () if c in known),
        series=series_of(figure),
        panels=panels,
        labels=tuple(panel_label(figure, p) for p in panels),
        table=_numbers(figure, panels),
    )


def _numbers(figure: Document, panels: Sequence[Panel]) -> Table:
    """Lay a figure's points out: one row per panel and x, one column per series."""
    series = series_of(figure) or ("",)
    y = clean(figure["y_title"])
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for panel in panels:
        for p in panel.points:
            cell = short(float(p["mean"]))
            if p.get("low") is not None and p.get("high") is not None:
                cell += f" ({short(float(p['low']))} to {short(float(p['high']))})"
            name = short(p["series"]) if p.get("series") not in (None, "") else ""
            cells.setdefault((panel.title, short(p["x"])), {})[name] = cell
    head = ("Panel", clean(figure["x_title"]), *(s or y for s in series))
    return Table(
        head, tuple((t, x, *(row.get(s, words.NOTHING) for s in series)) for (t, x), row in cells.items())
    )


def _failures(experiment: Document) -> Iterator[tuple[str, str, str, str]]:
    for f in experiment.get("failures") or ():
        status = words.STATUS.get(f.get("status"), clean(f.get("status")))
        yield clean(f.get("dataset")), clean(f.get("seed")), status, clean(f.get("reason"))


def _missing(experiment: Document) -> Iterator[tuple[str, str]]:
    items = experiment.get("not_applicable") or ()
    for item in items:
        trials = f" ({words.count(item['trials'], 'trial')})" if item.get("trials") else ""
        yield clean(item.get("dataset")), clean(item.get("reason")) + trials


def _described(table: Document) -> DescribedTable:
    rows = tuple(tuple(short(value) for value in row) for row in table["rows"])
    head = tuple(clean(column) for column in table["columns"])
    return DescribedTable(clean(table["title"]), clean(table.get("note")), Table(head, rows))


def _calibration(rows: Any) -> Table:
    """Lay out how often the rule was wrong, and right, where the truth is known."""
    keys = ("world", "claim", "mode", "runs", "false_rulings", "found", "bound")
    head = ("World", "Claim", "Mode", "Runs", "False rulings", "Found", "Allowed")
    return Table(head, tuple(tuple(_fact(row.get(k)) for k in keys) for row in rows))


def _datasets(datasets: Any) -> Table:
    head = ("Dataset", "sha256 of its content", "Notes")
    return Table(
        head,
        tuple(
            (
                clean(d.get("name")),
                clean(d.get("sha256")) or "drawn by a generator",
                _fact(
                    {
                        k: v
                        for k, v in d.items()
                        if k not in {"name", "sha256"} and v not in (None, "", [], ())
                    }
                ),
            )
            for d in datasets
        ),
    )
