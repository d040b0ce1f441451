"""What the state folder of scheduled jobs tells a front page (``history`` of ``toolkit.index/1``).

Nothing is written and nothing here stops the page: what cannot be read is named among the troubles.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.history.home import STATE
from toolkit.records import BadInputError
from toolkit.report.audit import words as audit_words
from toolkit.report.index.breaks import differences
from toolkit.report.index.times import instant
from toolkit.report.words import RULING, clean

if TYPE_CHECKING:
    from toolkit.history import History
    from toolkit.history.trend import Point, Series

NAMED = 5  # damaged records of a job that are named
MOST = 1000  # records of a job; older ones are in the history still
TROUBLE = (BadInputError, OSError, sqlite3.Error, ValueError, KeyError, TypeError, AttributeError)

Record = Mapping[str, Any]
RULINGS: dict[str, Mapping[str, str]] = {"claim": RULING, "gap": audit_words.RULING}


def read(folder: Path, at: datetime | None = None) -> dict[str, Any] | None:
    """Read the history below a folder of reports.

    Parameters
    ----------
    folder : Path
        The root; its state folder is `.toolkit` in it.
    at : datetime, optional
        The time that ages are relative to; without it the newest time that the history itself names.

    Returns
    -------
    dict or None
        ``at``, ``heartbeat``, ``jobs`` and ``troubles``; None where the folder has no state folder.
    """
    home = folder / STATE
    if not home.is_dir():
        return None
    from toolkit.history import History

    troubles: list[str] = []
    heartbeat = _heartbeat(home, troubles)
    history = History(home)
    jobs = [_job(history, name, folder, heartbeat, troubles) for name in _names(history, troubles)]
    troubles += [clean(t) for t in getattr(history, "troubles", ())]
    newest = at or max(_times(jobs, heartbeat), default=None)
    return {
        "at": newest.isoformat() if newest else None,
        "given": at is not None,
        "heartbeat": heartbeat,
        "jobs": jobs,
        "troubles": list(dict.fromkeys(troubles)),
    }


def _job(
    history: History, name: str, folder: Path, heartbeat: Mapping[str, Any] | None, troubles: list[str]
) -> dict[str, Any]:
    """Read the newest records of one job: its runs newest first, its series oldest first."""
    try:
        records = list(history.records(name, limit=MOST, newest_first=True))
    except TROUBLE as error:
        troubles.append(f"{name} cannot be read: {_reason(error)}")
        records = []
    troubles += _stand_ins(records)
    changes = _changes(records[::-1])
    due = heartbeat["next_due"].get(name) if heartbeat else None
    return {
        "job": name,
        "next_due": due,
        "runs": [_run(record, folder, changes.get(str(record["id"]), ((), ""))) for record in records],
        "series": _all_series(name, records, troubles),
    }


def _stand_ins(records: Sequence[Record]) -> list[str]:
    """Name what stands in for damaged records: every run that was published was attempted somewhere."""
    found = [r for r in records if r["kind"] == "run" and not r["attempts"] and r["host"] is None]
    said = [
        f"{r['job']} {r['id']}: {clean(r['reason']) or 'a run that nobody attempted'}" for r in found[:NAMED]
    ]
    more = len(found) - NAMED
    return [*said, f"{found[0]['job']}: {more} more such records"] if more > 0 else said


def _all_series(name: str, records: Sequence[Record], troubles: list[str]) -> list[dict[str, Any]]:
    from toolkit.history.trend import series_of

    try:
        found = [_series(one) for one in series_of(records)]
    except TROUBLE as error:
        troubles.append(f"the trends of {name} cannot be read: {_reason(error)}")
        return []
    return [one for one in found if one is not None]


def _run(record: Record, folder: Path, changed: tuple[tuple[str, ...], str]) -> dict[str, Any]:
    """Take from a record what the page says of a run."""
    kept = ("id", "kind", "due", "first_due", "count", "outcome", "reason", "started", "ended", "host")
    return {
        **{key: record[key] for key in kept},
        "attempts": len(record["attempts"]),
        "report": _report(record["report"], folder),
        "breaks": list(changed[0]),
        "changes": changed[1],
    }


def _report(named: str | None, folder: Path) -> str | None:
    """Return the way from the folder to a report that is still there."""
    if not named or not (folder / named).is_file():
        return None
    return Path(os.path.relpath(folder / named, folder)).as_posix()


def _changes(records: Sequence[Record]) -> dict[str, tuple[tuple[str, ...], str]]:
    """Say for each run with inputs what of them is another than at the run before; records oldest first."""
    from toolkit.history.trend import break_between

    made = [record for record in records if record["inputs"]]
    found = {}
    for before, after in pairwise(made):
        kinds = tuple(break_between(before["inputs"], after["inputs"]))
        if kinds:
            found[str(after["id"])] = kinds, differences(before["inputs"], after["inputs"], kinds)
    return found


def _series(found: Series) -> dict[str, Any] | None:
    """Write one series as plain data; what is no figure is null, a point without a known ruling left out."""
    points = [_point(point) for point in found.points if point.ruling in RULINGS.get(found.kind, ())]
    if not points:
        return None
    return {
        "series": found.key,
        "kind": found.kind,
        "label": found.label,
        "unit": found.unit,
        "ratio": found.ratio,
        "points": points,
    }


def _point(point: Point) -> dict[str, Any]:
    figures = {key: getattr(point, key) for key in ("value", "low", "high", "margin", "e_value")}
    return {
        "id": point.id,
        "at": point.at.isoformat(),
        **{key: _figure(value) for key, value in figures.items()},
        "n": point.n if isinstance(point.n, int) else None,
        "ruling": point.ruling,
        "alarm": point.alarm if isinstance(point.alarm, bool) else None,
        "breaks": list(point.breaks),
    }


def _figure(value: object) -> float | None:
    """Return a number that JSON can hold; an e-value may be as large as a number can be."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None  # type: ignore[arg-type]  # a number


def _times(jobs: Sequence[Mapping[str, Any]], heartbeat: Mapping[str, Any] | None) -> Iterator[datetime]:
    texts = [heartbeat["at"]] if heartbeat else []
    texts += [run[key] for job in jobs for run in job["runs"] for key in ("ended", "started", "due")]
    yield from (at for text in texts for at in [instant(text)] if at is not None)


def _heartbeat(home: Path, troubles: list[str]) -> dict[str, Any] | None:
    """Read what the last tick left; a folder whose jobs never ran has none."""
    try:
        text = (home / "heartbeat.json").read_text(encoding="utf-8")
        found = json.loads(text)
        due = found.get("next_due") or {}
        return {
            "at": _text(found["at"]),
            "host": _text(found.get("host")),
            "finished": bool(found.get("finished")),
            "exit": found["exit"] if isinstance(found.get("exit"), int) else None,
            "next_due": {str(job): _text(when) for job, when in due.items()},
        }
    except FileNotFoundError:
        return None
    except (*TROUBLE, RecursionError) as error:
        troubles.append(f"heartbeat.json cannot be read: {type(error).__name__}")
        return None


def _names(history: History, troubles: list[str]) -> list[str]:
    try:
        return list(history.jobs())
    except TROUBLE as error:
        troubles.append(f"the history cannot be read: {_reason(error)}")
        return []


def _reason(error: Exception) -> str:
    return clean(error.args[0] if error.args else type(error).__name__).splitlines()[0]


def _text(value: object) -> str | None:
    return None if value is None else clean(value)
