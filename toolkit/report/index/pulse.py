"""The heartbeat that each tick leaves: when the last one was, and whether they have stopped coming."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from toolkit.report.index import times
from toolkit.report.words import clean, count, listed

Beat = Mapping[str, Any]
GRACE = timedelta(minutes=30)  # three ticks, as `toolkit schedule doctor` has it
NAMED = 3


def said(beat: Beat | None, now: datetime | None) -> str:
    """Say when the last tick was, where, and how it ended."""
    if beat is None:
        return "No tick has left a heartbeat here: runs were started by hand or by another scheduler."
    at = times.instant(beat["at"])
    host = f" on {beat['host']}" if beat["host"] else ""
    age = f" ({times.ago(at, now)})" if at and now else ""
    return f"Last tick {times.spoken(beat['at'])}{age}{host}, {_how(beat)}."


def _how(beat: Beat) -> str:
    if not beat["finished"]:
        return "still at work, or killed before its end"
    return f"exit code {beat['exit']}" if beat["exit"] else "nothing went wrong"


def stale(beat: Beat | None, now: datetime | None) -> str:
    """Say that ticks have stopped coming: the last is old, and something became due since; else nothing."""
    at = times.instant(beat["at"]) if beat else None
    if beat is None or at is None or now is None or now - at < GRACE:
        return ""
    dues = ((clean(name), times.instant(due)) for name, due in beat["next_due"].items())
    late = [name for name, due in dues if due is not None and now - due >= GRACE]
    if not late:
        return ""
    rest = [count(len(late) - NAMED, "other job")] if len(late) > NAMED else []
    became = listed([*late[:NAMED], *rest])
    return f"Nothing has ticked for {times.lasting(now - at)}, and {became} became due since."
