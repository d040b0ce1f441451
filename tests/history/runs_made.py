"""Records made by hand, and a small run document that they mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.history import History
from toolkit.history.instants import due_id, iso, manual_id, missed_id

START = datetime(2026, 11, 1, 3, 17, tzinfo=UTC)
DAY = timedelta(days=1)
RUNS = Path(__file__).parents[2] / "reports"


def due(day: int) -> datetime:
    """Return the instant of a day, counted from 0."""
    return START + day * DAY


def point(series: str = "M002/never-worse", value: float | None = 0.1, **more: Any) -> dict[str, Any]:
    """Return one point."""
    ends = {"low": None, "high": None} if value is None else {"low": value - 0.01, "high": value + 0.01}
    return {
        "series": series,
        "kind": "claim",
        "label": "It never gets worse.",
        "unit": "error",
        "value": value,
        **ends,
        "margin": 0.01,
        "ruling": "supported",
        "n": 20,
        "ratio": False,
        "e_value": None,
        "alarm": None,
    } | more


def inputs(**more: Any) -> dict[str, Any]:
    """Return what went into a run."""
    return {
        "kind": "check",
        "name": "misconceptions",
        "data": {"digits": "a" * 64},
        "rows": {"digits": 1797},
        "code": {"judge": "j" * 64, "M002": "m" * 64, "M004": "n" * 64},
        "commit": "0123456789",
        "versions": {"python": "3.11.7", "numpy": "2.4.6", "toolkit": "0.1.0"},
        "seed": 0,
        "effort": "standard",
        "settings": "s" * 64,
        "grown": None,
    } | more


def run(day: int = 0, job: str = "weekly", **more: Any) -> dict[str, Any]:
    """Return the record of a scheduled run."""
    return {
        "job": job,
        "id": due_id(due(day)),
        "due": iso(due(day)),
        "outcome": "done",
        "exit": 0,
        "started": iso(due(day)),
        "ended": iso(due(day) + timedelta(minutes=2)),
        "host": "box",
        "inputs": inputs(),
        "points": [point(value=day / 100)],
    } | more


def by_hand(day: int = 0, job: str = "weekly", **more: Any) -> dict[str, Any]:
    """Return the record of a run by hand, at noon or so."""
    at = due(day) + timedelta(hours=9)
    return run(day, job) | {"id": manual_id(at), "due": None, "started": iso(at)} | more


def missed(first: int, last: int, job: str = "weekly") -> dict[str, Any]:
    """Return the record of a range of misses."""
    return {
        "job": job,
        "id": missed_id(due(last)),
        "kind": "missed",
        "due": iso(due(last)),
        "first_due": iso(due(first)),
        "count": last - first + 1,
        "outcome": "missed",
        "reason": "the machine was off",
    }


def audit() -> bytes:
    """Return the document of a real audit."""
    return (RUNS / "example" / "run.json").read_bytes()


def small(text: str = "") -> bytes:
    """Return a document that holds hardly anything."""
    return json.dumps({"schema": "toolkit.check/1", "note": text}).encode()


def filled(home: Path, *records: dict[str, Any]) -> History:
    """Return a history that holds records."""
    history = History(home)
    for record in records:
        assert history.publish(record)
    return history


def ids(history: History, job: str | None = None, **asked: Any) -> list[str]:
    """Return the ids of records, in the order given."""
    return [record["id"] for record in history.records(job, **asked)]
