"""An audit's document, redacted: built anew from what may be told, never copied and then cleaned.

Whatever is not named here does not come out, so a key that is added to the document later is left out until
somebody has thought about it. Sentences are written anew from the redacted parts, or left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.fairness.lenses import eu_ai_act
from toolkit.records import BadInputError
from toolkit.report.redaction import compared, people
from toolkit.report.redaction.attributed import attribution, feature_names
from toolkit.report.redaction.codes import Codes
from toolkit.report.redaction.tables import LEAST
from toolkit.report.words import count

Document = Mapping[str, Any]
LEFT_OUT = "left out of a redacted copy: it rests on counts of people that cannot be checked here"
MADE_BY = ("versions", "commit", "code", "seed", "threads", "started", "seconds", "machine")
SETTINGS = (
    *("margin", "ratio_margin", "min_group", "metrics", "confidence", "compare_missing", "census"),
    *("labels_observed_for", "frequency_weights", "trained_on"),
)
TITLES = {
    "inverted-scores": "Scores or decisions look inverted",
    "positive-class": "The positive class looks wrong",
    "label-leak": "A feature looks like the label",
    "trained-on": "Predictions on training rows flatter",
    "labels-selected": "Labels are known only for the selected",
    "missing-rule": "What is missing changes who is counted",
    "simpson-reversal": "A gap changes under another column",
    "fragile-rulings": "Decisions that would change a ruling",
    "label-error": "Errors in the labels could explain a gap",
    "base-rates": "Unequal base rates force unequal error rates",
    "small-groups": "Groups too small to say anything",
    "program-cuts": "Cut points were chosen by the program",
}
LENSES = ("four-fifths", "local-law-144")
WORDS = ("id", "name", "question", "is_not", "source")


def audit(document: Document) -> dict[str, Any]:
    """Return an audit's document without names of its table and without counts under 10."""
    codes = _codes(document)
    told = people.people(document, codes)
    if told is None:
        raise BadInputError(
            f"this audit is about fewer than {LEAST} people, so no number of it can be shared; "
            "leave --redact out"
        )
    groups = [found for g in document["groups"] if (found := people.group(g, told, codes))]
    groups.sort(key=lambda g: (len(g["attributes"]), [(len(v), v) for v in g["attributes"].values()]))
    done_here = _done(document, groups, told)
    done: dict[str, Any] = {
        "schema": document["schema"],
        "name": "redacted audit",
        "redaction": done_here,
        "provenance": {"command": "toolkit audit TABLE --redact (what else was typed is left out)"}
        | {key: document["provenance"][key] for key in MADE_BY if key in document["provenance"]},
        "data": _data(document, codes),
        "decisions": _decisions(document, codes),
        "settings": _settings(document, codes),
        "overall": people.overall(document["overall"], told),
        "groups": groups,
        "gaps": compared.gaps(document, told, codes),
        "intersections": _intersections(document, told, codes),
        "within": None,
        "slopes": [],
        "gate": compared.gate(document, codes),
        "decomposition": _absent(document.get("decomposition"), "tables", "interventions"),
        "attribution": attribution(document, told, codes),
        "mitigation": _absent(document.get("mitigation"), "options"),
        "warnings": _warnings(document, done_here["sentence"]),
        "silenced": [code for code in document.get("silenced") or () if code in TITLES],
        "calibration": document.get("calibration") or [],
    }
    done["lenses"] = _lenses(document, done)
    return done


def _codes(document: Document) -> Codes:
    """Gather every name of a column and of a group."""
    data, decisions = document["data"], document["decisions"]
    levels: dict[str, list[str]] = {}
    for group in document["groups"]:
        for attribute, level in group["attributes"].items():
            levels.setdefault(attribute, []).append(level)
    named = [data.get("weight"), data.get("cluster"), data.get("within")]
    named += [decisions.get("column"), decisions.get("target"), *feature_names(document)]
    named += [*(data.get("columns") or ()), *(document["settings"].get("cut") or ())]
    return Codes([str(name) for name in named if name is not None], levels, str(data.get("sha256") or ""))


def _done(document: Document, groups: list[dict[str, Any]], told: people.People) -> dict[str, Any]:
    """Say what was done, without saying to whom."""
    left = len(document["groups"]) - len(groups)
    partly = sum(any(m["n"] is None for m in g["metrics"].values()) for g in groups)
    return {
        "least": LEAST,
        "groups_left_out": left,
        "groups_told_in_part": partly,
        "complete": told.complete,
        "sentence": (
            f"Names of columns and groups are replaced by codes. {count(left, 'group')} left out and "
            f"{count(partly, 'group')} told in part, so that no count under {LEAST} can be read or "
            "worked out."
        ),
    }


def _data(document: Document, codes: Codes) -> dict[str, Any]:
    found = document["data"]
    used = (found.get("read") or {}).get("rows")
    dropped = found.get("dropped") or ()
    few = any(0 < int(entry["rows"]) < LEAST for entry in dropped)
    gone = sum(int(entry["rows"]) for entry in dropped)
    held = found.get("held_out") or {}
    few_held = any(0 < int(rows) < LEAST for rows in held.values())
    rows: int | None = int(found["rows"])
    if 0 < gone < LEAST or few_held:
        rows = None  # the difference to the rows used would tell it
    return {
        "path": "a table",
        "label": "a redacted table",
        "files": [
            {"name": f"file {place}", "sha256": file.get("sha256")}
            for place, file in enumerate(found.get("files") or (), 1)
        ],
        "sha256": found.get("sha256"),
        "format": found.get("format") if found.get("format") in FORMATS else None,
        "rows": rows,
        "columns": codes.columns(found.get("columns") or ()),
        "read": {"rows": used},
        "dropped": [
            {
                "reason": "the reason may name a column and is left out of a redacted copy",
                "rows": None if few else entry["rows"],
                "by_group": None,
                "p_value": None,
            }
            for entry in dropped
        ],
        "notes": [],
        **{
            role: codes.column(found[role]) if found.get(role) else None
            for role in ("weight", "cluster", "within")
        },
        "held_out": dict(held) if held and not few_held else None,
    }


FORMATS = ("csv", "tsv", "parquet", "DataFrame")


def _decisions(document: Document, codes: Codes) -> dict[str, Any]:
    found = document["decisions"]
    model, recipe = found.get("model") or {}, found.get("recipe") or {}
    column, target = (codes.column(found[k]) if found.get(k) else None for k in ("column", "target"))
    n = f"{int(document['overall']['n']):,} rows"
    said = {
        "labels": f"The recorded outcomes themselves, {target}, of {n}; no model took part.",
        "prediction": f"The decisions in {column}, of {n}.",
        "score": f"The scores in {column}, of {n}.",
        "model": f"The decisions of a model about {n}.",
        "recipe": f"The decisions of a model trained here, about {n} that it was not trained on.",
    }[found["source"]]
    public = str(recipe.get("estimator") or "").partition(".")[0] in ("sklearn", "xgboost")
    return {
        "source": found["source"],
        "column": column,
        "target": target,
        "positive": "the positive value" if found.get("positive") is not None else None,
        "negative": "the negative value" if found.get("negative") is not None else None,
        "threshold": found.get("threshold"),
        "score_range": None,
        "task": found.get("task") if found.get("task") in ("binary", "regression", "multiclass") else None,
        "model": {"sha256": model.get("sha256")} if model else None,
        "recipe": {"estimator": recipe["estimator"] if public else "an estimator"} if recipe else None,
        "sentence": said,
    }


def _settings(document: Document, codes: Codes) -> dict[str, Any]:
    found = document["settings"]
    reference = {
        codes.column(a): codes.level(a, level) for a, level in (found.get("reference") or {}).items()
    }
    kept = {key: found[key] for key in SETTINGS if key in found}
    gate = compared.gate(document, codes) or {}
    return kept | {
        "reference": reference,
        "cut": {codes.column(name): [] for name in found.get("cut") or {}},
        "gate": gate.get("asked", []),
    }


def _intersections(document: Document, told: people.People, codes: Codes) -> list[dict[str, Any]]:
    """Keep the intersections all of whose groups are told."""
    kept = []
    for entry in document.get("intersections") or ():
        if not all(told.tells(told.blocks(cell["attributes"]), entry["metric"]) for cell in entry["cells"]):
            continue
        if not entry["cells"]:
            continue
        kept.append(
            {
                "attributes": [codes.column(name) for name in entry["attributes"]],
                "metric": entry["metric"],
                "omnibus": entry.get("omnibus"),
                "cells": [
                    {
                        key: codes.attributes(value) if key == "attributes" else value
                        for key, value in cell.items()
                        if key == "attributes" or not isinstance(value, str) or key == "ruling"
                    }
                    for cell in entry["cells"]
                ],
            }
        )
    return kept


def _absent(part: Mapping[str, Any] | None, *lists: str) -> dict[str, Any] | None:
    """Return a part that is not told: what it was stays unsaid, but for why it never applied."""
    if not part:
        return None
    empty: dict[str, Any] = {name: [] for name in lists}
    return {"status": "not_applicable", "reason": LEFT_OUT, "pair": None, "notes": [], **empty}


def _warnings(document: Document, said: str) -> list[dict[str, Any]]:
    """Keep that a warning fired; what it saw names columns, groups and counts."""
    first: dict[str, Any] = {
        "code": "redacted",
        "title": "This is a redacted copy",
        "text": f"{said} A dash or “suppressed” is not a finding.",
        "evidence": {},
        "silence": None,
        "level": "note",
    }
    text = "What it saw names columns, groups and counts, and is left out of a redacted copy."
    return [
        first,
        *(
            {
                "code": found["code"],
                "title": TITLES[found["code"]],
                "text": text,
                "evidence": {},
                "silence": f"--silence {found['code']}",
                "level": found.get("level", "warning"),
            }
            for found in document.get("warnings") or ()
            if found["code"] in TITLES
        ),
    ]


def _lenses(document: Document, done: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Draw the evidence map anew from the redacted document; the lenses that count people are left out."""
    kept: list[dict[str, Any]] = []
    for lens in document.get("lenses") or ():
        if lens["id"] in LENSES:
            about = {key: lens.get(key, "") for key in WORDS}
            nothing: dict[str, Any] = {"sentences": [], "tables": [], "results": {}}
            kept.append({**about, "status": "not_applicable", "reason": LEFT_OUT, **nothing})
    if any(lens["id"] == "eu-ai-act" for lens in document.get("lenses") or ()):
        kept.append(eu_ai_act(done))
    return kept
