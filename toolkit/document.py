"""After the judge: outcomes and rulings become the run document, which every reader reads.

``toolkit.check/1`` is a contract. Lists are sorted by key, floats written so that they read back the same,
and no number in it is infinite or NaN.
"""

from __future__ import annotations

import copy
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.experiment import Experiment
from toolkit.intervals import estimate
from toolkit.records import BeliefResult, ClaimResult, Control, Figure, Outcome, Rows, Table, Verdict, plain

SCHEMA = "toolkit.check/1"
UNMEASURED = ("failed", "timeout", "died")
# What two equal runs may differ in.
VARIES = ("started", "seconds", "command", "machine")
VARIES_BY_OUTCOME = ("seconds", "peak_memory")


@dataclass(frozen=True)
class Finding:
    """One experiment's part of a run: what was measured, how it was ruled, what was left out."""

    experiment: Experiment
    id: str
    outcomes: tuple[Outcome, ...]
    result: BeliefResult
    left_out: tuple[Mapping[str, str], ...] = ()


def document(
    findings: Iterable[Finding],
    *,
    name: str,
    provenance: Mapping[str, Any],
    headline: Mapping[str, Any],
    calibration: Sequence[Any],
) -> dict[str, Any]:
    """Assemble the run document."""
    ordered = sorted(findings, key=lambda finding: finding.experiment.code)
    lines = outcome_lines(ordered)
    whole = {
        "schema": SCHEMA,
        "name": name,
        "provenance": provenance,
        "headline": headline,
        "experiments": [_experiment(finding) for finding in ordered],
        "calibration": calibration,
        "outcomes": {"file": "outcomes.jsonl", "sha256": _sha256(lines), "lines": lines.count("\n")},
    }
    done: dict[str, Any] = finite(plain(whole))
    return done


def dumps(whole: Mapping[str, Any]) -> str:
    """Return the document as JSON text, one way only."""
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def essence(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two runs of the same trials share: the document without times, command and machine."""
    kept = copy.deepcopy(dict(whole))
    for key in VARIES:
        kept["provenance"].pop(key, None)
    for experiment in kept["experiments"]:
        for outcome in experiment["outcomes"]:
            for key in VARIES_BY_OUTCOME:
                outcome.pop(key, None)
    return kept


def same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Say whether two run documents report the same run."""
    return essence(first) == essence(second)


def outcome_lines(findings: Iterable[Finding]) -> str:
    """Return every outcome with its full rows, one JSON line each, sorted by trial; times are left out."""
    outcomes = [outcome for finding in findings for outcome in finding.outcomes]
    return "".join(
        json.dumps(
            {
                "experiment": o.trial.experiment,
                "dataset": o.trial.dataset,
                "seed": o.trial.seed,
                "effort": o.trial.effort,
                "status": o.status,
                "reason": o.reason,
                "rows": list(o.rows),
            },
            ensure_ascii=False,
            allow_nan=False,
        )
        + "\n"
        for o in sorted(outcomes, key=lambda o: o.trial.key)
    )


def _experiment(finding: Finding) -> dict[str, Any]:
    e, outcomes = finding.experiment, finding.outcomes
    counts = Counter(o.status for o in outcomes)
    return {
        "code": e.code,
        "id": finding.id,
        "belief": e.belief,
        "ruling": finding.result.ruling,
        "sentence": finding.result.sentence,
        "article": e.article,
        "what": e.what,
        "scope": e.scope,
        "would_change": e.would_change,
        "threats": e.threats,
        "references": e.references,
        "beside": e.beside,
        "claims": [_claim(found) for found in finding.result.claims],
        "figures": [_figure(figure, e, outcomes) for figure in e.figures],
        "tables": _tables(e, outcomes),
        "trials": {"total": len(outcomes)} | dict(sorted(counts.items())),
        "failures": [_failure(o) for o in outcomes if o.status in UNMEASURED],
        "not_applicable": [*finding.left_out, *_not_applicable(outcomes)],
        "outcomes": [
            {
                "dataset": o.trial.dataset,
                "seed": o.trial.seed,
                "status": o.status,
                "reason": o.reason,
                "seconds": o.seconds,
                "peak_memory": o.peak_memory,
            }
            for o in outcomes
        ],
    }


def _tables(experiment: Experiment, outcomes: Iterable[Outcome]) -> list[Table]:
    """Let the plug-in describe what it computes from all trials; a fault in that is a table that says so."""
    if experiment.extras is None:
        return []
    done: dict[str, dict[int, Rows]] = {}
    for outcome in sorted(outcomes, key=lambda o: o.trial.key):
        if outcome.status == "done":
            done.setdefault(outcome.trial.dataset, {})[outcome.trial.seed] = outcome.rows
    try:
        return list(experiment.extras(done))
    except Exception as fault:
        said = f"{type(fault).__name__}: {fault}"
        return [Table("fault", "Further tables could not be computed", ("reason",), ((said,),))]


def _claim(found: ClaimResult) -> dict[str, Any]:
    claim = found.claim
    return {
        "id": claim.id,
        "statement": claim.statement,
        "unit": claim.unit,
        "margin": claim.margin,
        "predicts": claim.predicts,
        "quantifier": claim.quantifier,
        "stance": claim.stance,
        "scope": claim.scope,
        "trimmed": claim.trimmed,
        "cross_fitted": claim.choose is not None,
        "pooled": found.pooled,
        "verdicts": sorted(found.verdicts, key=lambda verdict: verdict.dataset),
        "controls": [_control(claim.id, *pair) for pair in found.controls],
    }


def _control(claim: str, control: Control, verdict: Verdict) -> dict[str, Any]:
    expects = control.expects[claim]
    return {
        "dataset": control.dataset,
        "expects": expects,
        "why": control.why,
        "ruling": verdict.ruling,
        "effect": verdict.effect,
        "low": verdict.low,
        "high": verdict.high,
        "replicates": verdict.replicates,
        "held": verdict.ruling == expects,
        "reason": verdict.reason,
        "effects": verdict.effects,
        "test_train_ratio": verdict.test_train_ratio,
    }


def _failure(outcome: Outcome) -> dict[str, Any]:
    trial = outcome.trial
    return {
        "dataset": trial.dataset,
        "seed": trial.seed,
        "status": outcome.status,
        "reason": outcome.reason,
    }


def _not_applicable(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return each dataset and reason once, with the number of trials that gave it."""
    counts = Counter((o.trial.dataset, o.reason) for o in outcomes if o.status == "not_applicable")
    return [{"dataset": d, "reason": reason, "trials": n} for (d, reason), n in sorted(counts.items())]


def _figure(figure: Figure, experiment: Experiment, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    planted = {control.dataset for control in experiment.controls} - set(experiment.datasets)
    shown = [o for o in outcomes if o.status == "done" and o.trial.dataset not in planted]
    return {
        "id": figure.id,
        "title": figure.title,
        "x_title": figure.x_title,
        "y_title": figure.y_title,
        "panel_title": figure.panel.replace("_", " "),
        "series_title": figure.series.replace("_", " "),
        "x_log": figure.x_log,
        "y_log": figure.y_log,
        "kind": figure.kind,
        "claims": figure.claims,
        "points": points(figure, shown),
    }


def points(figure: Figure, outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Average a figure's column over trials, with the interval that overlapping splits allow.

    Rows of one trial that fall on one point are averaged first: a trial counts once. The 95 % interval is
    Student's t over trials of fresh data, Nadeau and Bengio's on splits of one table, None for one trial.
    """
    gathered: dict[tuple[Any, ...], dict[int, list[float]]] = {}
    ratios: dict[str, float] = {}
    for outcome in outcomes:
        dataset, seed = outcome.trial.dataset, outcome.trial.seed
        for row in outcome.rows.where(**figure.where):
            if row.get("n_test") and row.get("n_train"):
                ratio = float(row["n_test"]) / float(row["n_train"])  # type: ignore[arg-type]  # counts
                ratios[dataset] = max(ratio, ratios.get(dataset, 0.0))
            x, y = row.get(figure.x), row.get(figure.y)
            if x is None or y is None:
                continue
            panel, series = (
                row.get(column, "") if column else "" for column in (figure.panel, figure.series)
            )
            gathered.setdefault((dataset, panel, series, x), {}).setdefault(seed, []).append(float(y))
    found = [
        dict(zip(("dataset", "panel", "series", "x"), key, strict=True))
        | _spread([sum(ys) / len(ys) for ys in by_seed.values()], ratios.get(key[0]))
        for key, by_seed in gathered.items()
    ]
    return _in_order(found)


def _spread(values: Sequence[float], ratio: float | None) -> dict[str, Any]:
    if len(values) < 2:
        return {"mean": values[0], "low": None, "high": None, "n": 1}
    found = estimate(values, ratio=ratio)
    low, high = found.interval(0.95)
    return {"mean": found.effect, "low": low, "high": high, "n": len(values)}


def _in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort numbers as numbers; names keep the order in which the rows first gave them."""
    places: dict[tuple[str, Any], int] = {}
    for point in found:
        for column in ("panel", "series", "x"):
            places.setdefault((column, point[column]), len(places))

    def place(point: Mapping[str, Any], column: str) -> tuple[int, float]:
        value = point[column]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return (0, float(value)) if number else (1, places[column, value])

    return sorted(found, key=lambda p: (p["dataset"], *(place(p, c) for c in ("panel", "series", "x"))))


def finite(value: Any) -> Any:
    """Turn what is not a finite number into null: JSON has neither infinity nor NaN."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
