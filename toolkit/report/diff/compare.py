"""From two run documents to what changed between them, as plain data (``toolkit.diff/1``)."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any

from toolkit.report.diff import beliefs, gaps
from toolkit.report.diff.attribution import attribute
from toolkit.report.diff.inputs import inputs
from toolkit.report.validation import is_audit

SCHEMA = "toolkit.diff/1"
# What two equal runs may differ in.
VARIES = ("started", "seconds", "command", "machine")
VARIES_BY_OUTCOME = ("seconds", "peak_memory")
WORDS = ("changed", "cannot_say", "unchanged", "same", "not_compared")

Document = Mapping[str, Any]
Path = tuple[str, ...]


def compare(old: Document, new: Document) -> dict[str, Any]:
    """Compare two checks or two audits.

    Returns
    -------
    dict
        ``kind``; ``old`` and ``new`` (who they are); ``identical``; ``inputs`` (what went in and differs);
        ``rows`` (one comparison for each claim and dataset, or for each gap); ``beliefs``, ``controls`` and
        ``trials`` of a check; ``rates``, ``gate`` and ``parts`` of an audit; ``appeared`` and ``vanished``;
        ``counts``; ``attribution``; ``change``, whether a ruling changed or anything moved beyond its margin.

    Raises
    ------
    ValueError
        If one is a check and the other an audit.
    """
    audit = is_audit(new)
    if is_audit(old) is not audit:
        raise ValueError("a check and an audit have nothing in common to compare")
    rows = gaps.rows(old, new) if audit else list(beliefs.rows(old, new))
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "audit" if audit else "check",
        "old": _side(old, audit=audit),
        "new": _side(new, audit=audit),
        "identical": _essence(old) == _essence(new),
        "inputs": inputs(old, new, audit=audit),
        "rows": rows,
        "beliefs": [] if audit else beliefs.beliefs(old, new),
        "controls": [] if audit else beliefs.controls(old, new),
        "trials": [] if audit else beliefs.trials(old, new),
        "rates": gaps.rates(old, new) if audit else [],
        "gate": gaps.gate(old, new) if audit else None,
        "parts": gaps.parts(old, new) if audit else [],
        **_come_and_gone(old, new, audit=audit),
    }
    found["counts"] = _counts(found)
    for row in rows:
        row["attribution"] = attribute(found, row)
    found["attribution"] = attribute(found)
    found["change"] = bool(found["counts"]["rulings"] or found["counts"]["changed"])
    return found


def _side(document: Document, *, audit: bool) -> dict[str, Any]:
    made = document["provenance"]
    kept = ("started", "commit", "command", "seed", "effort")
    return {
        "name": document["name"],
        **{key: made.get(key) for key in kept},
        "rulings": dict(Counter(x["ruling"] for x in document["gaps" if audit else "experiments"])),
    }


def _essence(document: Document) -> dict[str, Any]:
    """Return what two runs of the same share: the document without times, command and machine."""
    kept = copy.deepcopy(dict(document))
    for key in VARIES:
        kept["provenance"].pop(key, None)
    for experiment in kept.get("experiments") or ():
        for outcome in experiment.get("outcomes") or ():
            for key in VARIES_BY_OUTCOME:
                outcome.pop(key, None)
    return kept


def _come_and_gone(old: Document, new: Document, *, audit: bool) -> dict[str, list[dict[str, Any]]]:
    """Name what one of the two has and the other has not; what lies within something listed is left out."""
    first, second = ((gaps.names if audit else beliefs.names)(document) for document in (old, new))

    def only(these: Mapping[Path, str], those: Mapping[Path, str]) -> list[dict[str, Any]]:
        left = {path for path in these if path not in those}
        return [
            {"what": path[0], "name": list(path[1:]), "text": text}
            for path, text in these.items()
            if path in left and not any(_within(path, other) for other in left)
        ]

    return {"appeared": only(second, first), "vanished": only(first, second)}


def _within(path: Path, other: Path) -> bool:
    return len(other) < len(path) and path[1 : len(other)] == other[1:]


def _counts(found: Mapping[str, Any]) -> dict[str, int]:
    """Count rows by their word, and the rulings that changed (a belief's own among them)."""
    rows = found["rows"]
    words = Counter(row["word"] for row in rows)
    rulings = sum(row["ruling_changed"] for row in [*rows, *found["beliefs"]])
    return {"rulings": rulings, **{name: words[name] for name in WORDS}}
