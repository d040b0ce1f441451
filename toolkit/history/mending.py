"""What can still be said of a run whose record is damaged or gone: by its document, or else by its id alone.

A damaged file is never removed or written over; a stand-in answers for it, so that nothing runs twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.history import documents, records
from toolkit.history.home import Home
from toolkit.history.instants import iso, moment_of
from toolkit.history.points import inputs_of, kind_of, points_of, watch_of
from toolkit.records import BadInputError, Run

OUTCOME_OF = {0: "done", 1: "gate_failed", 3: "failed", 4: "open"}


def read(home: Home, job: str, identity: str) -> tuple[dict[str, Any], str]:
    """Return a record, or what stands in for it, and what is wrong with it; "" where nothing is."""
    try:
        return records.read(home.record(job, identity)), ""
    except BadInputError as error:
        return stand_in(home, job, identity), str(error)


def stand_in(home: Home, job: str, identity: str) -> dict[str, Any]:
    """Return the record of a run as far as its document tells it, and where there is none, as its id does."""
    try:
        path = home.document(job, identity)
        data = documents.unpacked(path)
        return of_document(job, identity, documents.parsed(path, data), data)
    except (BadInputError, LookupError, TypeError, AttributeError):
        return of_id(job, identity)


def of_document(job: str, identity: str, document: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    """Return the record that a run document allows: how the command ended is known but for a check's gate."""
    kind_of(document)
    gate = document.get("gate")
    code = Run(dict(document)).exit_hint
    code = int(gate["exit"]) if gate and code == 0 else code
    by_hand = identity.startswith("m")
    return records.checked(
        {
            "job": job,
            "id": identity,
            "due": None if by_hand else iso(moment_of(identity)),
            "outcome": OUTCOME_OF.get(code, "failed"),
            "reason": "this record was made again from the run's document",
            "started": document["provenance"].get("started"),
            "document": documents.described(data),
            "inputs": inputs_of(document),
            "points": points_of(document),
            "gate": gate if isinstance(gate, dict) else None,
            "watch": watch_of(document),
        }
    )


def of_id(job: str, identity: str) -> dict[str, Any]:
    """Return a record that only answers for its due instant."""
    missed = identity.startswith("x")
    due = None if identity.startswith("m") else iso(moment_of(identity))
    return records.checked(
        {
            "job": job,
            "id": identity,
            "kind": "missed" if missed else "run",
            "due": due,
            "first_due": due if missed else None,
            "outcome": "missed" if missed else "interrupted",
            "reason": "the record of this run is damaged, and there is no document to make it again from",
        }
    )
