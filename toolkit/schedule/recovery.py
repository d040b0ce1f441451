"""First of all, what an earlier tick left: finished attempts get their record, broken ones count as broken.

A tick may have been killed at any moment, with its attempt or without. What it left says how far it came:

- a record: the run is answered for; what comes after a record is done again;
- ``exit.json`` without a record: the attempt finished, and its record is published now;
- neither: the attempt was cut off; its process is gone, or it still lives and then the job waits for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolkit.schedule import retention
from toolkit.schedule.attempt import ABOUT, EXIT
from toolkit.schedule.home import read, sweep
from toolkit.schedule.log import reason
from toolkit.schedule.outcomes import FAILED, STOPPED, Ended
from toolkit.schedule.pending import Pending, Tried, forget, load, numbers, path_of
from toolkit.schedule.process import lives
from toolkit.schedule.publishing import conclude, settle
from toolkit.schedule.runner import finished, process_of
from toolkit.schedule.running import after
from toolkit.schedule.work import Work, told

NO_JOB = "the job is no longer in the configuration"


def recover(work: Work) -> None:
    """Bring everything that an earlier tick left in order."""
    sweep(work.home, older=work.terms.left_behind)
    for job, run in work.home.unfinished():
        with told(work, job):
            _recover(work, job, run)


def give_up(work: Work, pending: Pending, why: str) -> None:
    """Record a run by its last attempt, for there will be no other; one without attempts leaves nothing."""
    if pending.attempts:
        last = pending.attempts[-1]
        reason = "; ".join(part for part in (last.reason, why) if part)
        earlier = replace(pending, attempts=pending.attempts[:-1])
        conclude(work, earlier, replace(last, reason=reason))
        return
    shutil.rmtree(work.home.staging(pending.job, pending.id), ignore_errors=True)
    forget(work.home, pending.job, pending.id)


def _ours(work: Work, name: str, source: str) -> bool:
    """Whether a run is ours to bring in order: its job is here, or was, or its configuration is gone."""
    if work.job(name):
        return True
    ours = str(work.config.path.resolve()) if work.config.path else ""
    return work.complete and (source == ours or not Path(source).is_file())


def _recover(work: Work, name: str, run: str) -> None:
    """Bring one run in order."""
    pending, said = load(work.home, name, run)
    if said:
        work.result.trouble(said)
    if pending is None:  # killed before it said what for, so nothing has run
        shutil.rmtree(work.home.staging(name, run), ignore_errors=True)
        return
    retention.sweep(path_of(work.home, pending).parent)
    if work.history.home.record(name, run).exists():
        settle(work, pending, work.history.record(name, run))
        return
    if not _ours(work, name, pending.source):
        return
    job = work.job(name)
    for number in numbers(work.home, name, run):
        if number in {tried.number for tried in pending.attempts}:
            continue
        if _alive(work, name, run, number):
            return
        tried = _found(work, pending, number)
        if job is None and tried.how.passes:
            tried = replace(tried, reason=f"{tried.reason}; {NO_JOB}")
        again = after(work, job, pending, tried)
        if again is None:
            return
        pending = again
    if job is None:
        give_up(work, pending, NO_JOB)


def _alive(work: Work, name: str, run: str, number: int) -> bool:
    """Whether an attempt goes on that nobody watches; then its job waits, and it is found again later."""
    process = process_of(work.home.staging(name, run, number))
    if process is None or not lives(process, work.held.me):
        return False
    work.busy.add(name)
    reason = f"an earlier attempt still runs (process {process.pid}), and nobody watches it"
    work.result.skipped.append({"job": name, "reason": reason})
    return True


def _found(work: Work, pending: Pending, number: int) -> Tried:
    """Say how an attempt ended that nobody waited for."""
    staging = work.home.staging(pending.job, pending.id, number)
    process = process_of(staging)
    code = finished(staging)
    if code is None or code in STOPPED:
        how = Ended(None, "the tick that ran it was killed, or the machine went down", stopped=True)
    else:
        how = Ended(code, reason(staging) if code in (2, 5, 70, FAILED) else "")
    return Tried(
        number,
        process.host if process else work.held.me.host,
        process.pid if process else None,
        _begun(staging, pending, work),
        str(_exit(staging).get("ended") or work.now_text),
        how.exit,
        how.reason,
        how.stopped,
    )


def _begun(staging: Path, pending: Pending, work: Work) -> str:
    """Return when an attempt began, as far as it said so."""
    try:
        plain = read(staging / ABOUT)
        return str(plain["started"])
    except (ValueError, KeyError, TypeError, OSError):
        return pending.due or work.now_text


def _exit(staging: Path) -> Mapping[str, Any]:
    try:
        plain = read(staging / EXIT)
    except ValueError:
        return {}
    return plain if isinstance(plain, Mapping) else {}
