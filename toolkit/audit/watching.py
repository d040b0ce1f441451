"""Watch gaps from run to run: only rows not seen before add evidence, so that looking every night is free.

``table -> new and old rows (table/watching.py) -> counts by group -> evidence (fairness/watching)``. All that
the next run needs stands in the document; ids that were seen stand beside it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from toolkit import catalogue
from toolkit.audit.groups import Groups
from toolkit.audit.request import Request
from toolkit.audit.watch_before import Before, Cells, before, ids_bytes, refuse_differences
from toolkit.fairness.cells import MISSING_GROUP
from toolkit.fairness.watching import ALPHA, Evidence, watched
from toolkit.records import BadInputError
from toolkit.table.counting import Counted
from toolkit.table.watching import Split, split

METRICS = {"selection_rate": None, "true_positive_rate": 1, "false_positive_rate": 0}  # the label counted
MOST_GROUPS = 20
MOST_HISTORY = 400
LARGEST_MARGIN = 0.9
LARGEST = 700.0  # e to this is the largest e-value that is told as a number


def refuse_watch(request: Request, redact: bool) -> None:
    """Refuse, before anything is read, what cannot be watched.

    Raises
    ------
    BadInputError
        With the reason and the way out.
    """
    if request.watch is None:
        if request.watch_from is not None:
            raise BadInputError("--watch-from needs --watch COLUMN, which tells new rows from old ones")
        return
    made_here = f"--watch: the decisions of a --{request.source} made here"
    reasons = {
        f"{made_here} change with it and with the rows; watch decisions that were recorded "
        "(--prediction or --score)": request.source in ("model", "recipe"),
        "--watch counts people, and --weight makes them count differently; leave one of them out": (
            request.weight
        ),
        "--watch takes rows to be independent, and --cluster says that they are not; leave one of them out": (
            request.cluster
        ),
        "--watch is about rows that are still to come, and --census says that the table is everybody; leave "
        "one of them out": request.census,
        "--redact would leave out what the next run needs to go on from (counts of a few people); watch "
        "without it": redact,
    }
    for reason, given in reasons.items():
        if given:
            raise BadInputError(reason)


def watch(
    source: Any, request: Request, counted: Counted, found: Groups
) -> tuple[dict[str, Any] | None, bytes | None]:
    """Return the document's "watch" (None where none was asked for) and the ids seen, if it goes by ids.

    Raises
    ------
    BadInputError
        If the column or the run before cannot be used.
    """
    if request.watch is None:
        return None, None
    if counted.task != "binary":
        raise BadInputError(
            "--watch is about decisions of yes and no, and this target is a number; leave it out"
        )
    if counted.program_cuts:
        name = next(iter(counted.program_cuts))
        raise BadInputError(
            f"--watch: {name} was cut at the median of these rows, which the next rows move; declare where "
            f"with --cut {name}=..."
        )
    _refuse_nothing(found)
    old = before(request.watch_from) if request.watch_from is not None else None
    parts = split(source, counted.spec, request.watch, old.past if old else None, counted.label)
    asked = _asked(request, counted, found, parts)
    if old:
        refuse_differences(old, asked)
    section = _section(request, found, parts, old, asked)
    if parts.ids is None:
        return section, None
    held = ids_bytes(parts.ids)
    section["seen"] = {"ids": len(parts.ids), "sha256": hashlib.sha256(held).hexdigest()}
    return section, held


def _refuse_nothing(found: Groups) -> None:
    """Refuse where no gap can be watched."""
    if not {*METRICS} & {*found.metrics}:
        raise BadInputError(
            f"--watch follows {', '.join(METRICS)}, and --metrics names none of them; add one, or leave "
            "--watch out"
        )
    if found.settings.margin > LARGEST_MARGIN:
        raise BadInputError(
            f"--watch: no gap in rates can be shown to exceed a margin of {found.settings.margin:g}; give "
            f"--margin {LARGEST_MARGIN:g} or less"
        )


def _asked(request: Request, counted: Counted, found: Groups, parts: Split) -> dict[str, Any]:
    """Return what the evidence is about; it must be the same from run to run."""
    return {
        "column": parts.column,
        "alpha": ALPHA,
        "sensitive": list(counted.spec.sensitive),
        "decisions": request.source,
        "prediction": counted.spec.prediction,
        "score": counted.spec.score,
        "threshold": counted.threshold,
        "target": counted.spec.target,
        "positive": counted.positive,
        "metrics": [m for m in METRICS if m in found.metrics],
        "margin": found.settings.margin,
        "cut": {name: list(points) for name, points in counted.spec.cut.items()},
        "compare_missing": request.compare_missing,
        "labels_observed_for": request.labels_observed_for,
    }


def _section(
    request: Request, found: Groups, parts: Split, old: Before | None, asked: dict[str, Any]
) -> dict[str, Any]:
    rows = sum(parts.new.values())
    said: Mapping[str, Any] = old.watch if old else {}
    nights = int(said.get("nights", 0)) + (rows > 0)
    seen = int(said.get("rows_seen", 0)) + rows
    now = _mark(parts)
    here = {"night": nights, "at": now["text"] if now else nights, "rows": seen, "new": rows}
    gaps, notes = [], []
    for attribute, metric in _watchable(found, asked):
        new = _counts(parts, found, attribute, metric, compare_missing=request.compare_missing)
        new, left = _few(new, old.evidence.get((attribute, metric)) if old else None)
        if left:
            notes.append(f"{metric} by {attribute}: {left} more groups than {MOST_GROUPS} are not watched")
        if old and not old.gap(attribute, metric):
            notes.append(f"{metric} by {attribute} was not watched before and begins with these rows")
        gaps.append(_gap((attribute, metric), new, found.settings.margin, old, here))
    return {
        "column": parts.column,
        "kind": "ids" if parts.ids is not None else "ordered",
        "type": parts.type,
        "mark": now,
        "seen": None,
        "rows_new": rows,
        "rows_seen": seen,
        **_compared(parts, old),
        "missing": parts.missing,
        "alpha": ALPHA,
        "calibration": _calibration(),
        "nights": nights,
        "gaps": gaps,
        "notes": notes,
        "asked": asked,
        "cells": _cells(parts, found),
    }


def _watchable(found: Groups, asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the widest gaps that can be watched: each attribute alone, each metric with people of its own."""
    for attribute in found.cells.attributes:
        for metric in asked["metrics"]:
            yield attribute, metric


def _few(
    new: dict[str, tuple[int, int]], evidence: Evidence | None
) -> tuple[dict[str, tuple[int, int]], int]:
    """Keep the groups watched so far and then the largest, chosen by size alone; count those left out."""
    known = evidence.groups if evidence else ()
    others = sorted((g for g in new if g not in known), key=lambda g: (-new[g][0], g))
    kept = {*known, *others[: MOST_GROUPS - len(known)]}
    return {g: counts for g, counts in new.items() if g in kept}, len({*new} - kept)


def _counts(
    parts: Split, found: Groups, attribute: str, metric: str, *, compare_missing: bool
) -> dict[str, tuple[int, int]]:
    """Return by group the new people in a metric's denominator, and how many of them were selected."""
    place, wanted = found.cells.attributes.index(attribute), METRICS[metric]
    total: dict[str, tuple[int, int]] = {}
    for (levels, label, decision), n in parts.new.items():
        group = levels[place]
        if (group == MISSING_GROUP and not compare_missing) or (wanted is not None and label != wanted):
            continue
        people, ones = total.get(group, (0, 0))
        total[group] = (people + n, ones + n * decision)
    return dict(sorted(total.items()))


def _gap(
    named: tuple[str, str],
    new: Mapping[str, tuple[int, int]],
    margin: float,
    old: Before | None,
    here: Mapping[str, Any],
) -> dict[str, Any]:
    """Add the new rows to one gap's evidence, and raise or keep its alarm."""
    attribute, metric = named
    past: Mapping[str, Any] = old.gap(attribute, metric) if old else {}
    evidence = old.evidence[named] if old and past else Evidence(margin)
    evidence, night = watched(evidence, new)
    pair = None if night.pair is None else {"highest": night.pair[0], "lowest": night.pair[1]}
    alarm, history = past.get("alarm"), [list(each) for each in past.get("history") or ()]
    if here["new"]:
        history = [*history, [here["at"], night.log_e]][-MOST_HISTORY:]
    if alarm is None and night.log_e >= math.log(1 / ALPHA):
        told = {"at": here["at"], "night": here["night"], "rows": here["rows"]}
        alarm = {**told, "pair": pair, "e": _e(night.log_e)}
    return {
        "series": "/".join(
            name.replace("%", "%25").replace("/", "%2F")
            for name in ("gap", attribute, metric, "difference", "widest")
        ),
        "attribute": attribute,
        "metric": metric,
        "kind": "difference",
        "margin": margin,
        "pair": pair,
        "e_value": _e(night.log_e),
        "log_e": night.log_e,
        "e_values_by_pair": [
            {"highest": a, "lowest": b, "e_value": _e(value), "log_e": value}
            for (a, b), value in evidence.by_pair().items()
        ],
        "rows_new": sum(n for n, _ in new.values()),
        "alarm": alarm,
        "history": history,
        "state": evidence.to_dict(),
    }


def _calibration() -> dict[str, Any] | None:
    """Return what the committed simulation says of false alarms, in a few numbers."""
    path = catalogue.ROOT / "watch_calibration.json"
    if not path.is_file():
        return None
    worlds = [w for w in json.loads(path.read_text(encoding="utf-8")) if w["part"] == "false alarms"]
    return {
        "worlds": len(worlds),
        "years": sum(w["years"] for w in worlds),
        "false_alarms_worst": max(w["false_alarms"] for w in worlds),
        "peeking_worst": max(w["peeking"] or 0.0 for w in worlds),
    }


def _e(log_e: float) -> float:
    return math.exp(min(log_e, LARGEST))


def _mark(parts: Split) -> dict[str, Any] | None:
    """Return the mark, with a time as people write it."""
    if parts.mark is None:
        return None
    text = parts.mark
    if parts.type == "time":
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(parts.mark))
        except OverflowError as error:
            raise BadInputError(
                f"--watch {parts.column}: its last time lies beyond the year 9999; mend such cells, for no "
                "row could ever be newer"
            ) from error
        text = moment.isoformat().removesuffix("T00:00:00+00:00")  # a date alone
    return {"value": parts.mark, "text": text}


def _compared(parts: Split, old: Before | None) -> dict[str, Any]:
    """Compare the rows that are not new with those that the run before had seen.

    A cell that lost rows beside one that gained some is told as changed; what only gained came late.
    """
    if old is None:
        return {"late": 0, "changed": 0, "gone": 0, "grown": None}
    cells = {*old.cells, *parts.old}
    apart = [parts.old.get(cell, 0) - old.cells.get(cell, 0) for cell in cells]
    more, fewer = sum(a for a in apart if a > 0), -sum(a for a in apart if a < 0)
    changed = min(more, fewer)
    return {"late": more - changed, "changed": changed, "gone": fewer - changed, "grown": fewer == 0}


def _cells(parts: Split, found: Groups) -> dict[str, Any]:
    """Return the counts of all rows up to the mark, or with an id that was seen, after this run."""
    total: Cells = dict(parts.old)
    for cell, n in parts.new.items():
        total[cell] = total.get(cell, 0) + n
    rows = [
        {"levels": list(levels), "label": label, "decision": decision, "n": n}
        for (levels, label, decision), n in total.items()
    ]
    rows.sort(key=lambda row: (row["levels"], row["label"] or 0, row["decision"]))
    return {"attributes": list(found.cells.attributes), "rows": rows}
