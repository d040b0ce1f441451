"""What a trend needs of a run document: its points, and what went into them; kept when the document is not.

Of a check, each claim pooled over datasets, and on each dataset where too few were measured for that;
of an audit, the widest gap of each single attribute, corrected for having been chosen as the widest, and the
gaps to a named reference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.records import BadInputError

Document = Mapping[str, Any]
CHECK, AUDIT = "toolkit.check/1", "toolkit.audit/1"
TABLE = "table"  # what an audit's table is called among its data: its file may have a new name every day
WATCHED = (
    *("column", "kind", "mark", "rows_new", "rows_seen", "late", "changed", "gone", "missing", "grown"),
    *("alpha", "nights"),
)
# What follows from the data, not from what was asked.
FOUND_OUT = {"sentence", "score_range", "model"}


def kind_of(document: Document) -> str:
    """Return "check" or "audit"; BadInputError for what is no run document of this version."""
    schema = document.get("schema")
    if schema not in (CHECK, AUDIT):
        raise BadInputError(f"a document of schema {schema!r} is no run: it must be {CHECK} or {AUDIT}")
    return "check" if schema == CHECK else "audit"


def points_of(document: Document) -> list[dict[str, Any]]:
    """Return the points of a run, each with the key of its series, unique in the document.

    Returns
    -------
    list of dict
        ``series``, ``kind`` ("claim" or "gap"), ``label``, ``unit``, ``value``, ``low`` and ``high`` (95 %),
        ``margin``, ``ruling``, ``n`` (replicates, or people in the metric's denominator), ``ratio``,
        ``e_value`` and ``alarm`` (of a watched gap). Figures are None where they do not exist.
    """
    found = list(_claims(document) if kind_of(document) == "check" else _gaps(document))
    seen: set[str] = set()
    for point in found:
        if point["series"] in seen:
            raise BadInputError(f"the document has two points of the series {point['series']}")
        seen.add(point["series"])
    return found


def _claims(document: Document) -> Iterator[dict[str, Any]]:
    for experiment in document["experiments"]:
        for claim in experiment["claims"]:
            pooled = claim.get("pooled") or {"ruling": experiment["ruling"]}
            yield _claim(claim, pooled, (experiment["code"], claim["id"]))
            if pooled.get("effect") is None:
                for verdict in claim["verdicts"]:
                    if verdict["effect"] is not None:
                        yield _claim(claim, verdict, (experiment["code"], claim["id"], verdict["dataset"]))


def _claim(claim: Document, verdict: Document, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "series": _key(*names),
        "kind": "claim",
        "label": " ".join((claim["statement"], *(f"On {name}." for name in names[2:]))),
        "unit": claim["unit"],
        "value": verdict.get("effect"),
        "low": verdict.get("low"),
        "high": verdict.get("high"),
        "margin": claim["margin"],
        "ruling": verdict["ruling"],
        "n": verdict.get("replicates"),
        "ratio": False,
        "e_value": None,
        "alarm": None,
    }


def _gaps(document: Document) -> Iterator[dict[str, Any]]:
    watched = _watched(document)
    for gap in document["gaps"]:
        named = gap["compare"] == "reference"
        if len(gap["attributes"]) > 1 or not (named or gap["compare"] == "widest"):
            continue
        names = ("gap", gap["attribute"], gap["metric"], gap["kind"], gap["compare"])
        pair = (gap["highest"], gap["lowest"]) if named else ()
        series = _key(*names, *(str(name) for name in pair))
        yield {
            "series": series,
            "kind": "gap",
            "label": _label(gap, pair),
            "unit": gap["kind"],
            "value": _value(gap),
            "low": gap["low"],
            "high": gap["high"],
            "margin": gap["margin"],
            "ruling": gap["ruling"],
            "n": _people(document, gap["metric"]),
            "ratio": gap["kind"] == "ratio",
            "e_value": None,
            "alarm": None,
        } | watched.get(series, {})


def _value(gap: Document) -> float | None:
    """Return a gap as reports draw it: a widest gap corrected below nothing is nothing."""
    found: float | None = gap["value"] if gap.get("corrected") is None else gap["corrected"]
    if found is None or gap["compare"] != "widest":
        return found
    return min(1.0, found) if gap["kind"] == "ratio" else max(0.0, found)


def _key(*names: str) -> str:
    """Join names into one key that no other names can make: a column may be called a/b."""
    return "/".join(str(name).replace("%", "%25").replace("/", "%2F") for name in names)


def _label(gap: Document, pair: tuple[Any, ...]) -> str:
    between = f", {pair[0]} against {pair[1]}" if pair else ", widest"
    return f"{gap['metric'].replace('_', ' ')} by {gap['attribute']}{between} {gap['kind']}"


def _people(document: Document, metric: str) -> int | None:
    overall = document.get("overall") or {}
    of_metric = (overall.get("metrics") or {}).get(metric) or {}
    found: int | None = of_metric.get("n", overall.get("n"))
    return found


def _watched(document: Document) -> dict[str, dict[str, Any]]:
    """Return the evidence of watched gaps by series, which the watch names as we do."""
    gaps = (document.get("watch") or {}).get("gaps") or ()
    return {gap["series"]: {"e_value": gap["e_value"], "alarm": gap.get("alarm") is not None} for gap in gaps}


def watch_of(document: Document) -> dict[str, Any] | None:
    """Return what a record keeps of a watch: not what the next run goes on from, which is large."""
    watch = document.get("watch")
    if not watch:
        return None
    found = {key: watch.get(key) for key in WATCHED}
    alarms = {gap["series"]: gap["alarm"] for gap in watch.get("gaps") or () if gap.get("alarm")}
    return found | {"alarms": alarms}


def inputs_of(document: Document) -> dict[str, Any]:
    """Return what went into a run, as far as a trend must say where it changed.

    Returns
    -------
    dict
        ``kind``, ``name``, ``data`` and ``rows`` by dataset, ``code`` by part, ``commit``, ``versions``,
        ``seed``, ``effort``, ``settings`` (SHA-256 of what was asked) and ``grown`` (whether the watched
        table has only gained rows; None where nothing was watched).
    """
    kind, made = kind_of(document), document["provenance"]
    data, rows = (_datasets if kind == "check" else _table)(document)
    asked = (_asked_of_check if kind == "check" else _asked_of_audit)(document)
    return {
        "kind": kind,
        "name": document["name"],
        "data": data,
        "rows": rows,
        "code": dict(made.get("code") or {}),
        "commit": made.get("commit"),
        "versions": dict(made.get("versions") or {}),
        "seed": made.get("seed"),
        "effort": made.get("effort"),
        "settings": hashlib.sha256(_canonical(asked).encode()).hexdigest(),
        "grown": (document.get("watch") or {}).get("grown"),
    }


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _datasets(document: Document) -> tuple[dict[str, str], dict[str, int]]:
    used = document["provenance"].get("datasets") or ()
    rows = {str(d["name"]): d["rows"] for d in used if d.get("rows") is not None}
    return {str(d["name"]): str(d.get("sha256") or "") for d in used}, rows


def _table(document: Document) -> tuple[dict[str, str], dict[str, int]]:
    """Return the hash and rows of an audited table, and of the model that decided, if a file of it did."""
    data, model = document["data"], document["decisions"].get("model")
    digests = {TABLE: str(data.get("sha256") or "")}
    if isinstance(model, Mapping) and model.get("sha256"):
        digests["model"] = str(model["sha256"])
    return digests, {TABLE: data["rows"]} if data.get("rows") is not None else {}


def _asked_of_check(document: Document) -> dict[str, Any]:
    """Return what was asked of a check; its claims are stated in code, whose hash stands in ``code``."""
    roles = ("name", "kind", "features", "target", "sensitive")
    used = document["provenance"].get("datasets") or ()
    tables = [{key: d.get(key) for key in roles} for d in used if d.get("kind") == "your table"]
    return {"name": document["name"], "tables": tables}


def _asked_of_audit(document: Document) -> dict[str, Any]:
    decided = {key: value for key, value in document["decisions"].items() if key not in FOUND_OUT}
    roles = {key: document["data"].get(key) for key in ("weight", "cluster", "within")}
    settings = {key: value for key, value in document["settings"].items() if key != "gate"}
    return {**settings, **decided, **roles, "silenced": list(document.get("silenced") or ())}
