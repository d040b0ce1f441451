"""One experiment as a short article: what was said, claimed, measured, and how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from toolkit.report import words
from toolkit.report.claims import anchor, claim_view
from toolkit.report.findings import caption, finding, panel_label
from toolkit.report.panels import Panel, cut, series_of
from toolkit.report.parts import BeliefView, ClaimView, DescribedTable, Document, FigureView
from toolkit.report.tables import Table
from toolkit.report.words import clean, named, short

OWN_TABLE = ("--data", "--target", "--positive", "--sensitive", "--drop")


def belief(experiment: Document, document: Document, numbers: Iterator[int], most: int | None) -> BeliefView:
    """Compute one experiment as a short article; `numbers` counts the figures of the whole report."""
    code = clean(experiment["code"])
    figures = tuple(
        _figure(code, f, experiment, next(numbers), most) for f in experiment.get("figures") or ()
    )
    claims = tuple(claim_view(code, c, figures) for c in experiment["claims"])
    names = ("article", "what", "scope", "would_change")
    lists = ("threats", "references", "beside")
    outcomes = experiment.get("outcomes") or ()
    done = [o for o in outcomes if o.get("status") == "done"]
    return BeliefView(
        code=code,
        anchor=anchor(code),
        belief=clean(experiment["belief"]),
        ruling=str(experiment["ruling"]),
        sentence=clean(experiment.get("sentence")) or words.RULING[experiment["ruling"]] + ".",
        tally=_by_stance(claims),
        leading=_leading(claims, experiment["ruling"]),
        texts={name: clean(experiment.get(name)) for name in names},
        lists={name: tuple(clean(item) for item in experiment.get(name) or ()) for name in lists},
        claims=claims,
        figures=figures,
        measured=_measured(experiment, len(done)),
        data=tuple(_data(experiment, document["provenance"].get("datasets") or ())),
        missing=tuple(_missing(experiment)),
        tables=tuple(_described(t) for t in experiment.get("tables") or ()),
        repeat=repeat(code, document),
    )


def _measured(experiment: Document, done: int) -> str:
    datasets = {v["dataset"] for c in experiment["claims"] for v in c["verdicts"]}
    controls = {v["dataset"] for c in experiment["claims"] for v in c.get("controls") or ()}
    text = words.count(len(datasets), "dataset")
    if controls:
        text += f", and {words.count(len(controls), 'planted world')} as controls"
    return f"{text}; {words.count(done, 'trial')} measured." if done else f"{text}."


def _data(experiment: Document, described: Sequence[Document]) -> Iterator[tuple[str, str]]:
    """Yield the datasets that were ruled on, each in a few words where its card has them."""
    ruled = {v["dataset"] for c in experiment["claims"] for v in c["verdicts"]}
    said = {d["name"]: d.get("about") or d.get("title") for d in described}
    yield from ((clean(name), clean(said[name])) for name in sorted(ruled) if said.get(name))


def repeat(code: str, document: Document) -> str:
    """Return the command that measures one belief again, on the user's table if it was one."""
    provenance = document["provenance"]
    seed, effort = clean(provenance.get("seed", 0)), clean(provenance.get("effort", "standard"))
    options = ["--only", code, "--seed", seed, "--effort", effort]
    typed = shlex.split(clean(provenance.get("command"))) if _balanced(provenance) else []
    for option, value in pairwise(typed):
        if option in OWN_TABLE:
            options += [option, value]
    return shlex.join(["toolkit", "check", clean(document["name"]), *options])


def _balanced(provenance: Document) -> bool:
    """Whether the command can be split into words again."""
    try:
        shlex.split(clean(provenance.get("command")))
    except ValueError:
        return False
    return True


def _by_stance(claims: Sequence[ClaimView]) -> str:
    """Count the rulings of the belief's own claims apart from those of the answers to it."""
    found = {s: [c.ruling for c in claims if c.stance == s] for s in words.STANCE}
    return "; ".join(f"{words.CLAIMS[s]}: {words.tally(rulings)}" for s, rulings in found.items() if rulings)


def _leading(claims: Sequence[ClaimView], ruling: str) -> ClaimView | None:
    """Return the claim to show on the first page: one that carries the belief's ruling, with numbers.

    A belief is refuted by a claim of its own that is refuted, or by a counter-claim that is supported.
    """
    able = [c for c in claims if c.drawn]
    against = {"refuted": "supported", "supported": "refuted"}.get(ruling, ruling)
    own = [c for c in able if (c.stance, c.ruling) == ("belief", ruling)]
    other = [c for c in able if (c.stance, c.ruling) == ("counter", against)]
    return next(iter([*own, *other, *(c for c in able if c.stance == "belief"), *able, *claims]), None)


def _missing(experiment: Document) -> Iterator[tuple[str, str]]:
    items = experiment.get("not_applicable") or ()
    for item in items:
        trials = f" ({words.count(item['trials'], 'trial')})" if item.get("trials") else ""
        yield clean(item.get("dataset")), clean(item.get("reason")) + trials


def _described(table: Document) -> DescribedTable:
    rows = tuple(tuple(short(value) for value in row) for row in table["rows"])
    head = tuple(clean(column) for column in table["columns"])
    return DescribedTable(clean(table["title"]), clean(table.get("note")), Table(head, rows))


def _figure(code: str, figure: Document, experiment: Document, place: int, most: int | None) -> FigureView:
    panels = cut(figure)
    known = {c["id"] for c in experiment["claims"]}
    return FigureView(
        number=place,
        anchor=f"figure-{place}",
        title=clean(figure["title"]),
        x_title=clean(figure["x_title"]),
        y_title=clean(figure["y_title"]),
        caption=caption(figure, panels, len(panels[:most])),
        finding=finding(figure, panels),
        claims=tuple((anchor(code, c), clean(c)) for c in figure.get("claims") or () if c in known),
        series=series_of(figure),
        panels=panels[:most],
        labels=tuple(panel_label(figure, p) for p in panels[:most]),
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
            cells.setdefault((panel.title, named(p["x"])), {})[str(p.get("series") or "")] = cell
    head = ("Panel", clean(figure["x_title"]), *(s or y for s in series))
    return Table(
        head, tuple((t, x, *(row.get(s, words.NOTHING) for s in series)) for (t, x), row in cells.items())
    )
