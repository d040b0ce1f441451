"""A planted year of nightly records: what a front page must show is known before it is drawn.

Day 0 is 2025-11-25. The audit's table changes on day 120, scikit-learn on day 200, the code on day 262. From
day 285 one gap drifts, slowly; its e-value passes 20 and the alarm stands from then on. Nights 50 and 51 were
missed, night 140 ran past its time, night 211 failed, and the gate fails once the drift is shown.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2025, 11, 25, 3, 17, tzinfo=UTC)
MISSED, TIMEOUT, FAILED = (50, 51), 140, 211
DATA, VERSIONS, CODE, DRIFT = 120, 200, 262, 285
METRICS = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy", "precision")
ATTRIBUTES = ("race", "sex", "age", "region")
DRIFTING = "gap/race/selection_rate/difference/widest"


def due(day: int) -> datetime:
    """Return the instant of a night."""
    return START + timedelta(days=day)


def iso(at: datetime) -> str:
    """Write an instant as records do."""
    return at.isoformat().replace("+00:00", "Z")


def audit_job(
    days: int = 365, *, job: str = "loans-nightly", gaps: int = 10, seed: int = 1
) -> Iterator[dict[str, Any]]:
    """Yield the records of a nightly audit, oldest first."""
    draw, wealth, alarmed = random.Random(seed), 1.0, False
    names = [f"gap/{a}/{m}/difference/widest" for m in METRICS for a in ATTRIBUTES][:gaps]
    level = {name: draw.choice((0.01, 0.02, 0.045, 0.07, 0.11)) for name in names} | {DRIFTING: 0.021}
    for day in range(days):
        if day == MISSED[0]:
            yield missed(job, MISSED)
        if day in (*MISSED, TIMEOUT, FAILED):
            if day not in MISSED:
                yield ended(
                    job,
                    day,
                    *(
                        ("timeout", None, "ran past its limit of 2 h")
                        if day == TIMEOUT
                        else ("failed", 3, "M002: 3 of 40 trials failed: worker died")
                    ),
                )
            continue
        points = [_gap(name, day, level[name], draw) for name in names]
        first = points[0]
        drifted = max(0.0, first["value"] - 0.03)
        wealth = min(
            4000.0, max(0.2, wealth * math.exp(draw.gauss(1.5 * drifted - 0.02, 0.12) + 2.2 * drifted))
        )
        alarmed = alarmed or (day >= DRIFT and wealth >= 20)
        first |= {"e_value": round(wealth, 3), "alarm": alarmed}
        gate = any(p["ruling"] == "shown" and p is first for p in points)
        yield ran(job, day, _inputs("audit", "loans", day, draw), points, gate=gate, alarm=alarmed)


def check_job(
    days: int = 365, *, job: str = "beliefs", every: int = 7, seed: int = 2
) -> Iterator[dict[str, Any]]:
    """Yield the records of a weekly check, oldest first."""
    draw = random.Random(seed)
    level = {
        "M002/interpolation": 0.034,
        "M002/never-worse": 0.012,
        "M004/useful": -0.002,
        "M009/dead-units": 0.3,
    }
    for day in range(0, days, every):
        points = [
            _claim(name, at, draw, worse=day >= VERSIONS and name == "M002/never-worse")
            for name, at in level.items()
        ]
        yield ran(job, day, _inputs("check", "misconceptions", day, draw), points)


def _gap(name: str, day: int, level: float, draw: random.Random) -> dict[str, Any]:
    _, attribute, metric, *_ = name.split("/")
    if day >= DATA:
        level *= 1.35
    if name == DRIFTING and day >= DRIFT:
        level += 0.0011 * (day - DRIFT)
    half = 0.022 + 0.004 * draw.random()
    value = level + draw.gauss(0, 0.006)
    low, high = max(0.0, value - half), value + half
    ruling = "shown" if low > 0.05 else "small" if high < 0.05 else "not_enough_evidence"
    label = f"{metric.replace('_', ' ').capitalize()} by {attribute}"
    return point(name, "gap", label, "", (value, low, high), 0.05, ruling, 2150)


def _claim(name: str, level: float, draw: random.Random, *, worse: bool) -> dict[str, Any]:
    half = 0.006 if level < 0.1 else 0.05
    value = level + draw.gauss(0, half / 5) + (0.016 if worse else 0)
    low, high = value - half, value + half
    ruling = "supported" if low > 0.01 else "refuted" if high < 0.01 else "inconclusive"
    return point(name, "claim", name.replace("/", " "), "error", (value, low, high), 0.01, ruling, 40)


def point(
    series: str,
    kind: str,
    label: str,
    unit: str,
    ends: tuple[float, float, float],
    margin: float,
    ruling: str,
    n: int,
) -> dict[str, Any]:
    """Return one point of a series as records hold it."""
    value, low, high = (round(v, 6) for v in ends)
    return {
        "series": series,
        "kind": kind,
        "label": label,
        "unit": unit,
        "value": value,
        "low": low,
        "high": high,
        "margin": margin,
        "ruling": ruling,
        "n": n,
        "ratio": False,
        "e_value": None,
        "alarm": None,
    }


def _inputs(kind: str, name: str, day: int, draw: random.Random) -> dict[str, Any]:
    grown = day != DATA
    table = "table" if kind == "audit" else "digits"
    digest = f"{day if kind == 'audit' else (day >= DATA) + 1:064x}"
    return {
        "kind": kind,
        "name": name,
        "data": {table: digest},
        "rows": {table: 2000 + 8 * day},
        "code": {"judge": f"{day >= CODE:064x}"},
        "commit": f"{int(day >= CODE):x}" * 40,
        "versions": {"numpy": "2.4.1", "scikit-learn": "1.10.0" if day >= VERSIONS else "1.9.1"},
        "seed": 0,
        "effort": "standard" if kind == "check" else None,
        "settings": "5" * 64,
        "grown": grown if kind == "audit" else None,
    }


def ran(
    job: str,
    day: int,
    inputs: dict[str, Any],
    points: list[dict[str, Any]],
    *,
    gate: bool = False,
    alarm: bool = False,
) -> dict[str, Any]:
    """Return the record of a finished run."""
    outcome, exit_code = ("gate_failed", 1) if gate else ("done", 0)
    found = ended(job, day, outcome, exit_code, "1 gap shown beyond its margin" if gate else "")
    stamp = f"{due(day):%Y%m%dT%H%M%SZ}"
    return found | {
        "report": f"{job}/{stamp}/report.html",
        "inputs": inputs,
        "points": points,
        "watch": {"alarm": alarm} if inputs["kind"] == "audit" else None,
    }


def ended(job: str, day: int, outcome: str, exit_code: int | None, reason: str) -> dict[str, Any]:
    """Return the record of a run that ended, without points."""
    at, took = due(day), timedelta(minutes=4, seconds=day % 50)
    begun, over = iso(at + timedelta(seconds=41)), iso(at + timedelta(seconds=41) + took)
    tried = {
        "number": 1,
        "host": "worker-3",
        "pid": 4000 + day,
        "started": begun,
        "ended": over,
        "exit": exit_code,
        "reason": reason,
    }
    return {
        "schema": "toolkit.record/1",
        "job": job,
        "id": f"{at:%Y%m%dT%H%M%SZ}",
        "kind": "run",
        "due": iso(at),
        "first_due": None,
        "count": 1,
        "outcome": outcome,
        "exit": exit_code,
        "reason": reason,
        "started": begun,
        "ended": over,
        "host": "worker-3",
        "attempts": [tried],
        "command": ["toolkit", "audit", "loans.csv"],
        "report": None,
        "document": None,
        "inputs": None,
        "points": [],
        "gate": None,
        "watch": None,
    }


def missed(job: str, days: tuple[int, ...]) -> dict[str, Any]:
    """Return the record of a range of nights on which nothing ran."""
    found = ended(job, days[-1], "missed", None, "the machine was off")
    return found | {
        "id": f"x{due(days[-1]):%Y%m%dT%H%M%SZ}",
        "kind": "missed",
        "first_due": iso(due(days[0])),
        "count": len(days),
        "started": None,
        "ended": None,
        "host": None,
        "attempts": [],
        "command": None,
    }


def site(root: Path, days: int = 365, *, gaps: int = 10) -> datetime:
    """Write the planted year below a root, two reports still there; return a time six hours after its end."""
    home, last = root / ".toolkit", due(days - 1)
    at = last + timedelta(hours=6)
    write(home, audit_job(days, gaps=gaps))
    write(home, check_job(days), heartbeat(at - timedelta(minutes=4), {"loans-nightly": due(days)}))
    for day in (days - 1, days - 2):
        place = root / "loans-nightly" / f"{due(day):%Y%m%dT%H%M%SZ}"
        place.mkdir(parents=True)
        (place / "report.html").write_text("<!doctype html>", encoding="utf-8")
        (place / "run.json").write_text("{}", encoding="utf-8")
    return at


def heartbeat(at: datetime, next_due: Mapping[str, datetime], *, exit_code: int = 0) -> dict[str, Any]:
    """Return the heartbeat of a tick."""
    return {
        "schema": "toolkit.heartbeat/1",
        "at": iso(at),
        "host": "worker-3",
        "pid": 4711,
        "finished": iso(at),
        "exit": exit_code,
        "next_due": {job: iso(when) for job, when in next_due.items()},
        "toolkit": "0.5.0",
    }


def write(
    home: Path, records: Iterator[dict[str, Any]] | list[dict[str, Any]], beat: dict[str, Any] | None = None
) -> None:
    """Write records into a state folder, as the history keeps them."""
    for record in records:
        place = home / "records" / record["job"] / f"{record['id']}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
    if beat is not None:
        (home / "heartbeat.json").write_text(json.dumps(beat, indent=1), encoding="utf-8")
