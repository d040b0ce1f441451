"""What can be said about experiments and finished runs in plain lines; nothing numerical is imported."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from toolkit import catalogue
from toolkit.cli.terminal import RULING_WORDS, columns, harmless
from toolkit.records import Dataset

WIDTH = 96


def listing(group: str, only: Sequence[str], ignore: Sequence[str], *, as_json: bool) -> None:
    """Print every experiment of a group: code, belief, claims, where it comes from."""
    known = catalogue.experiments(group)
    kept = {catalogue.nearest(name, known, "experiment") for name in only} or set(known)
    kept -= {catalogue.nearest(name, known, "experiment") for name in ignore}
    found = [
        {
            "code": code,
            "belief": e.belief,
            "claims": [claim.id for claim in e.claims],
            "datasets": list(e.datasets),
            "module": e.measure.__module__,
        }
        for code, e in known.items()
        if code in kept
    ]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    columns([(f"{e['code']}", f"{e['belief']}") for e in found], header=("code", "belief"))


def explain(code: str, *, as_json: bool) -> None:
    """Print how one experiment works: the claims, the data, what would change our mind."""
    e = catalogue.experiment(code)
    if as_json:
        plain = {
            "code": e.code,
            "belief": e.belief,
            "article": e.article,
            "what": e.what,
            "scope": e.scope,
            "would_change": e.would_change,
            "claims": [
                {
                    "id": c.id,
                    "statement": c.statement,
                    "predicts": c.predicts,
                    "margin": c.margin,
                    "unit": c.unit,
                }
                for c in e.claims
            ],
            "datasets": list(e.datasets),
            "controls": [
                {"dataset": c.dataset, "expects": dict(c.expects), "why": c.why} for c in e.controls
            ],
            "threats": list(e.threats),
            "references": list(e.references),
        }
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    click.echo(harmless(f"{e.code}  {e.belief}\n"))
    _section("The article", e.article)
    _section("What parameter means here", e.what)
    for claim in e.claims:
        how = f"Predicts {claim.predicts.replace('_', ' ')}, margin {claim.margin:g} {claim.unit}."
        _section(f"Claim {claim.id} ({claim.stance})", f"{claim.statement} {how}")
    _section("Datasets", ", ".join(e.datasets))
    for control in e.controls:
        expected = "; ".join(
            f"{claim} is {RULING_WORDS[ruling]}" for claim, ruling in control.expects.items()
        )
        _section(f"Control {control.dataset}", f"{control.why.rstrip('.')}. There {expected}.")
    if e.needs.user_tables:
        needs = [f"{' or '.join(e.needs.tasks)} target", f"{e.needs.rows} rows"]
        _section("Your own table", "needs " + ", ".join(needs + ["a sensitive column"] * e.needs.sensitive))
    else:
        _section("Your own table", e.needs.why_not)
    _section("What would change our mind", e.would_change)
    for title, texts in (("Threats", e.threats), ("References", e.references), ("Stands beside", e.beside)):
        _section(title, *texts)
    _section("Scope", e.scope)


def _section(title: str, *texts: str) -> None:
    """Print a titled paragraph or several; nothing if there is no text."""
    if not any(texts):
        return
    click.echo(harmless(title))
    for text in texts:
        click.echo(textwrap.fill(harmless(text), WIDTH, initial_indent="  ", subsequent_indent="  "))
    click.echo()


def dry_run(group: str, selection: Mapping[str, Any], table: Dataset | None, *, as_json: bool) -> None:
    """Print what a run would measure, and what it would not and why."""
    from toolkit.plan import plan

    planned = plan(group, **selection, table=table)
    counts = Counter((trial.experiment, trial.dataset) for trial in planned.trials)
    left_out = [(code, n.dataset, n.reason) for code, items in planned.not_run.items() for n in items]
    if as_json:
        plain = {
            "effort": planned.effort.name,
            "seed": planned.seed,
            "trials": [{"code": c, "dataset": d, "replicates": n} for (c, d), n in sorted(counts.items())],
            "not_run": [{"code": c, "dataset": d, "reason": r} for c, d, r in left_out],
            "notes": list(table.notes) if table else [],
        }
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    controls = {(e.code, c.dataset) for e in planned.experiments for c in e.controls}
    rows = [
        (code, dataset, str(n), "control" if (code, dataset) in controls else "")
        for (code, dataset), n in sorted(counts.items())
    ]
    columns(rows, header=("code", "dataset", "trials", ""))
    for code, dataset, reason in left_out:
        click.echo(harmless(f"not run: {code} on {dataset}: {reason}"))
    for note in table.notes if table else ():
        click.echo(harmless(f"table: {note}"))
    click.echo(
        f"{len(planned.trials)} trials at {planned.effort.name} effort, seed {planned.seed}; none was run."
    )


def summary(document: Mapping[str, Any], paths: Sequence[Path], file: TextIO) -> None:
    """Print the rulings in a short table, what failed, and where the report is."""
    rows = [
        (e["code"], RULING_WORDS.get(e["ruling"], e["ruling"]), e["belief"]) for e in document["experiments"]
    ]
    columns(rows, header=("code", "ruling", "belief"), file=file)
    failures = [(e["code"], f) for e in document["experiments"] for f in e.get("failures", ())]
    for code, failure in failures[:10]:
        place = f"{code} on {failure.get('dataset')}, seed {failure.get('seed')}"
        print(harmless(f"failed: {place}: {failure.get('reason')}"), file=file)
    if len(failures) > 10:
        print(f"and {len(failures) - 10} more; the report has them all", file=file)
    for path in paths:
        print(harmless(str(path)), file=file)
