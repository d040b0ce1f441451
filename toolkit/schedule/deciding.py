"""What is to be done for a job at a time: read from its history and state, nothing is written here.

Instants are counted from the newest that is answered for and not after now. So a clock that jumped ahead and
came back blocks nothing: what was answered for in that future counts when it comes, and not before. A range
of misses that was written down in the future counts for nothing until then, because those instants have not
been missed yet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from toolkit.history import History
from toolkit.history.instants import instant_of, iso
from toolkit.schedule.due import Misses, due_now, instants, offset
from toolkit.schedule.home import Home, read, write
from toolkit.schedule.jobs import Config, Job
from toolkit.schedule.outcomes import STOPPED
from toolkit.schedule.pending import Pending, numbers, peek
from toolkit.schedule.runner import finished

FIRST = timedelta(minutes=10)  # how far back the first tick that sees a job looks
ON_TIME = timedelta(minutes=30)  # how late a job may start that does not catch up: three ticks
BACK = [timedelta(days=days) for days in (0.05, 1, 8, 32, 400, 50 * 366)]
PAGES = (8, 64, 512, None)


@dataclass(frozen=True)
class Decision:
    """What is to be done for a job.

    Attributes
    ----------
    due : datetime or None
        The instant to run.
    pending : Pending or None
        What stands of that run already.
    missed : Misses or None
        What nobody will run any more.
    superseded : tuple of Pending
        Runs that are given up, because a newer instant is due.
    waits : str or None
        Why there is nothing to run yet though an instant is due.
    cut : bool
        Whether there may be misses more than 400 days old.
    """

    job: Job
    due: datetime | None = None
    pending: Pending | None = None
    missed: Misses | None = None
    superseded: tuple[Pending, ...] = ()
    waits: str | None = None
    cut: bool = False


def decide(
    job: Job, home: Home, history: History, *, at: datetime, now: datetime, force: bool = False
) -> Decision:
    """Decide what is to be done for a job.

    Parameters
    ----------
    at : datetime
        The time for which is decided what is due.
    now : datetime
        The time on the wall, for waits between attempts.
    force : bool
        Whether to wait for nothing: neither jitter, nor the time between attempts. Where nothing is known of
        the job, its latest instant is due.
    """
    begun = [p for p in _begun(job, home) if p.at <= at]
    last = _last(job, home, history, at, force=force)
    timed = replace(job, jitter=0) if force else job
    due = due_now(timed, last, at)
    latest = max([p.at for p in begun] + [d for d in [due.latest] if d], default=None)
    if latest is None:
        return Decision(job, cut=due.cut)
    old = tuple(p for p in begun if p.at < latest)
    tried = [p.at for p in old if p.attempts]
    if tried:  # they get records of their own, and what lies before them was counted when they began
        due = due_now(timed, max(last, *tried), at)
    pending = next((p for p in begun if p.at == latest), None)
    if pending is None and not job.catch_up and not force and at - latest - offset(timed, latest) > ON_TIME:
        return Decision(job, missed=due.given_up, superseded=old, cut=due.cut)
    if pending is not None and not force and pending.waits(now, job.backoff):
        return Decision(job, waits=f"it is tried again from {pending.next_try} on", superseded=old)
    return Decision(job, latest, pending, due.missed, old, cut=due.cut)


def see(job: Job, home: Home, history: History, at: datetime) -> None:
    """Write down that a job was seen, if that is news: its instants count from then on.

    A job with another rhythm is another job in this: what the new one names was not missed while the old one
    was in force. Where that file is damaged, they count from what is answered for.
    """
    if _seen(job, home, at) is None:
        since = _answered(job.name, history, at) if _damaged(job, home) else None
        source = str(job.source.resolve())
        first_seen = iso(since or at - FIRST)
        plain = {"first_seen": first_seen, "cron": job.cron, "timezone": job.timezone, "source": source}
        write(home.first_seen(job.name), plain)


def unsee(config: Config, home: Home) -> None:
    """Forget when jobs were seen that are gone or turned off: should they return, they missed nothing."""
    current = {job.name for job in config.jobs if job.enabled}
    for path in (home.path / "jobs").glob("*.json"):
        if path.stem not in current and (config.path is None or _source(path) == str(config.path.resolve())):
            path.unlink(missing_ok=True)


def _last(job: Job, home: Home, history: History, at: datetime, *, force: bool) -> datetime:
    """Return the instant after which counting begins."""
    answered, seen = _answered(job.name, history, at), _seen(job, home, at)
    if force and answered is None and seen is None:
        found = latest_instant(job, at)
        return found - timedelta(seconds=1) if found else at
    if seen is None and answered and _damaged(job, home):
        return answered
    floor = seen or (at - FIRST if not force else None)
    return max(moment for moment in (answered, floor) if moment)


def latest_instant(job: Job, at: datetime) -> datetime | None:
    """Return the newest instant of a job up to a time, None where there was none in fifty years."""
    for back in BACK:
        newest = deque(instants(job.cron, job.timezone, at - back, at), maxlen=1)
        if newest:
            return newest[0]
    return None


def _answered(job: str, history: History, at: datetime) -> datetime | None:
    """Return the newest instant up to `at` that a run, or a range of misses that is past, answers for."""
    found: list[datetime] = []
    for kind in ("run", "missed"):
        for page in PAGES:
            records = history.records(job, kind=kind, until=at, limit=page)
            moments = [m for record in records if (m := _moment(record, at)) is not None]
            if moments:
                found.append(max(moments))
            if moments or page is None or len(records) < page:
                break
    return max(found, default=None)


def _moment(record: dict[str, Any], at: datetime) -> datetime | None:
    if record["due"] is None:
        return None
    if record["kind"] == "missed" and record["ended"] and instant_of(record["ended"]) > at:
        return None
    return instant_of(record["due"])


def _seen(job: Job, home: Home, at: datetime) -> datetime | None:
    """Return when a job with this rhythm was first seen; a time in the future is a clock that came back."""
    try:
        plain = read(home.first_seen(job.name))
        if (plain["cron"], plain["timezone"]) != (job.cron, job.timezone):
            return None
        seen = instant_of(plain["first_seen"])
    except (ValueError, KeyError, TypeError):
        return None
    return seen if seen <= at else None


def _damaged(job: Job, home: Home) -> bool:
    """Whether the file that says when a job was first seen is there, and says nothing."""
    try:
        plain = read(home.first_seen(job.name))
        if plain is not None:
            instant_of(plain["first_seen"])
    except (ValueError, KeyError, TypeError):
        return True
    return False


def _source(path: Any) -> str | None:
    try:
        return str(read(path)["source"])
    except (ValueError, KeyError, TypeError):
        return None


def _begun(job: Job, home: Home) -> list[Pending]:
    """Return the runs of a job that began and have no record, without those by hand."""
    loaded = (peek(home, name, run) for name, run in home.unfinished() if name == job.name)
    return [pending for pending in loaded if pending is not None and not pending.by_hand]


def unfinished(home: Home) -> list[dict[str, str]]:
    """Say of every run that is not finished what a tick would find of it."""
    found = []
    for name, run in home.unfinished():
        pending = peek(home, name, run)
        tried = {one.number for one in pending.attempts} if pending else set()
        fresh = [number for number in numbers(home, name, run) if number not in tried]
        cut_off = (None, *STOPPED)
        ended = [number for number in fresh if finished(home.staging(name, run, number)) not in cut_off]
        if ended:
            state = f"attempt {ended[-1]} finished and would be recorded"
        elif fresh:
            state = f"attempt {fresh[-1]} did not finish: it runs, or was cut off"
        else:
            state = f"{len(tried)} attempt{'' if len(tried) == 1 else 's'} failed so far"
        found.append({"job": name, "id": run, "state": state})
    return found
