"""The record, ``toolkit.record/1``: the small immutable JSON of one finished run or one range of misses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.history.home import known_id, known_job
from toolkit.history.instants import due_id, instant_of, iso, missed_id, moment_of
from toolkit.records import BadInputError

SCHEMA = "toolkit.record/1"
KINDS = ("run", "missed")
OUTCOMES = ("done", "gate_failed", "open", "failed", "timeout", "refused", "interrupted", "missed")
# In the order in which they are written: key, what may stand there, what stands there if nothing was said.
_TEXT: tuple[type, ...] = (str, type(None))
_NUMBER: tuple[type, ...] = (int, type(None))
_TABLE: tuple[type, ...] = (dict, type(None))
FIELDS: dict[str, tuple[tuple[type, ...], Any]] = {
    "schema": ((str,), SCHEMA),
    "job": ((str,), ...),
    "id": ((str,), ...),
    "kind": ((str,), "run"),
    "due": (_TEXT, None),
    "first_due": (_TEXT, None),
    "count": ((int,), 1),
    "outcome": ((str,), ...),
    "exit": (_NUMBER, None),
    "reason": ((str,), ""),
    "started": (_TEXT, None),
    "ended": (_TEXT, None),
    "host": (_TEXT, None),
    "attempts": ((list,), ()),
    "command": ((list, type(None)), None),
    "report": (_TEXT, None),
    "document": (_TABLE, None),
    "inputs": (_TABLE, None),
    "points": ((list,), ()),
    "gate": (_TABLE, None),
    "watch": (_TABLE, None),
}
FIGURES = ("value", "low", "high", "margin", "n", "e_value", "alarm")
INSTANTS = ("due", "first_due", "started", "ended")


def checked(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its keys in order and its instants in UTC, once every part is what it must be.

    Raises
    ------
    BadInputError
        If a key is unknown, missing or of another kind, or if id, kind and due do not belong together.
    """
    for key in record:
        if key not in FIELDS:
            raise BadInputError(f"a record has no {key!r}")
    found: dict[str, Any] = {}
    for key, (types, default) in FIELDS.items():
        value = record.get(key, default)
        value = list(value) if isinstance(value, tuple) else value
        if value is ... or not isinstance(value, types) or isinstance(value, bool):
            raise BadInputError(f"the record's {key!r} is missing or not what it must be")
        found[key] = _utc(key, str(value)) if key in INSTANTS and value is not None else value
    if found["schema"] != SCHEMA:
        raise BadInputError(f"this is not a record of this version (schema {SCHEMA})")
    known_job(found["job"])
    known_id(found["id"])
    _consistent(found)
    _shaped(found)
    try:
        dumps(found).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInputError(f"the record holds what a JSON file cannot ({error})") from error
    return found


def _utc(key: str, text: str) -> str:
    try:
        return iso(instant_of(text))
    except ValueError as error:
        raise BadInputError(f"the record's {key!r} is no instant with a time zone: {text!r}") from error


def _consistent(record: Mapping[str, Any]) -> None:
    """Refuse a record whose id says another thing than its due instant: the id alone must answer for it."""
    kind, due, identity = record["kind"], record["due"], record["id"]
    if kind not in KINDS or record["outcome"] not in OUTCOMES:
        raise BadInputError(f"the record's kind {kind!r} or outcome {record['outcome']!r} is not known")
    if (kind == "missed") != (record["outcome"] == "missed"):
        raise BadInputError("a record is a range of misses in both its kind and its outcome, or in neither")
    wanted = identity if due is None else (missed_id if kind == "missed" else due_id)(instant_of(due))
    by_hand = identity.startswith("m")
    if wanted != identity or by_hand != (due is None):
        raise BadInputError(f"the id {identity} does not belong to a {kind} record that is due {due}")
    if record["count"] < 1 or (record["first_due"] or due or "") > (due or ""):
        raise BadInputError("a record answers for at least one instant, the first not after the last")


def _shaped(record: Mapping[str, Any]) -> None:
    """Refuse parts of another shape than those who read them count on."""
    for point in record["points"]:
        if not isinstance(point, dict) or not isinstance(point.get("series"), str):
            raise BadInputError("each point of a record is a table that names its series")
        if not all(isinstance(point.get(name), int | float | None) for name in FIGURES):
            raise BadInputError(f"the figures of the point {point['series']} are not all numbers")
    if not all(isinstance(attempt, dict) for attempt in record["attempts"]):
        raise BadInputError("each attempt of a record is a table")
    for name in ("data", "rows", "code", "versions"):
        if not isinstance((record["inputs"] or {}).get(name), dict | None):
            raise BadInputError(f"the record's inputs have no table {name!r}")
    described = record["document"]
    if described is not None and [type(described.get(k)) for k in ("sha256", "bytes")] != [str, int]:
        raise BadInputError("the record says of its document neither hash nor size")


def at(record: Mapping[str, Any]) -> str:
    """Return when a record happened, for order: its due instant, or the start of a run by hand."""
    return str(record["due"] or record["started"] or iso(moment_of(record["id"])))


def dumps(record: Mapping[str, Any]) -> str:
    """Return the record as its file holds it."""
    return json.dumps(record, indent=1, ensure_ascii=False, sort_keys=False, allow_nan=False) + "\n"


def read(path: Path) -> dict[str, Any]:
    """Read a record file.

    Raises
    ------
    BadInputError
        If it is damaged, or is another record than its name says.
    """
    try:
        plain = json.loads(path.read_bytes())
        if not isinstance(plain, dict):
            raise BadInputError("not a JSON object")
        record = checked(plain)
    except BadInputError as error:
        raise BadInputError(f"{path}: the record is damaged ({error})") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path}: the record is damaged (not JSON: {error})") from error
    except OSError as error:
        raise BadInputError(f"{path}: the record cannot be read ({error.strerror})") from error
    if (record["job"], f"{record['id']}.json") != (path.parent.name, path.name):
        raise BadInputError(f"{path}: the record is that of {record['job']} {record['id']}")
    return record
