"""One attempt from beginning to end: claim, prepare, run, and either a record or the time of the next try."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from toolkit.schedule.asking import asked
from toolkit.schedule.attempt import LOG
from toolkit.schedule.jobs import Job
from toolkit.schedule.lock import LostError
from toolkit.schedule.outcomes import STOPPED, Ended
from toolkit.schedule.pending import Pending, Tried, numbers, save
from toolkit.schedule.publishing import conclude
from toolkit.schedule.runner import finished, process_of
from toolkit.schedule.work import Work

CANNOT_TELL = 2  # the exit of bad input, and of a disk that is full


def attempt(work: Work, job: Job, pending: Pending, *, anew: bool = False) -> None:
    """Make one attempt at a run; `anew` as in `toolkit.schedule.asking.asked`."""
    if not _room(work, job):
        return
    work.sure()
    save(work.home, pending)
    staging = _claimed(work, pending)
    started = work.now_text
    try:
        todo = asked(work, job, pending, staging, started, anew=anew)
        how = work.runner.run(job, todo, staging, timeout=job.timeout, held=work.held)
    except LostError:
        raise
    except Exception:  # of the folder, or of ours: nothing has run, and the tick says what is wrong
        if finished(staging) is None:
            shutil.rmtree(staging, ignore_errors=True)
        raise
    except BaseException:
        if finished(staging) in (None, *STOPPED):  # else the next tick finds it finished
            stop = Ended(None, "the tick was told to end", stopped=True)
            after(work, job, pending, _tried(work, staging, started, stop))
        raise
    if how.exit == CANNOT_TELL and "--watch-from" in how.reason:  # which a job cannot leave out
        how = replace(how, reason=f"{how.reason} (toolkit schedule run {job.name} --anew)")
    if how.exit == CANNOT_TELL and not _has_room(work):
        how = Ended(None, how.reason, stopped=True)  # it was not the data that was bad
    after(work, job, pending, _tried(work, staging, started, how))


def after(work: Work, job: Job | None, pending: Pending, tried: Tried) -> Pending | None:
    """Write down when a run is tried again, or its record; a job that is gone is not tried again.

    Returns
    -------
    Pending or None
        What stands of the run now; None once it has its record.
    """
    again = job and pending.ended(tried, retries=job.retries, backoff=job.backoff, now=work.now)
    if not again:
        conclude(work, pending, tried)
        return None
    work.sure()
    save(work.home, again)
    log = work.home.staging(pending.job, pending.id, tried.number) / LOG
    work.result.waiting.append(
        {
            "job": pending.job,
            "id": pending.id,
            "next_try": again.next_try,
            "reason": tried.reason or f"exit code {tried.exit}",
            "log": str(log) if log.is_file() else None,
        }
    )
    return again


def _tried(work: Work, staging: Path, started: str, how: Ended) -> Tried:
    process = process_of(staging)
    return Tried(
        int(staging.name),
        work.held.me.host,
        process.pid if process else None,
        started,
        work.now_text,
        how.exit,
        how.reason,
        how.stopped,
        how.timed_out,
    )


def _claimed(work: Work, pending: Pending) -> Path:
    """Make the staging folder of the next attempt, under a number nobody has used."""
    used = [one.number for one in pending.attempts] + numbers(work.home, pending.job, pending.id)
    number = max(used, default=0) + 1
    staging = work.home.staging(pending.job, pending.id, number)
    staging.mkdir(parents=True)
    return staging


def _has_room(work: Work) -> bool:
    return shutil.disk_usage(work.home.path).free >= work.terms.room


def _room(work: Work, job: Job) -> bool:
    """Say that there is no room, where there is none; the run is not touched and comes when there is."""
    if _has_room(work):
        return True
    free = shutil.disk_usage(work.home.path).free
    work.result.trouble(
        f"{job.name}: {free / 2**20:.0f} MiB are free at {work.home.path} and {work.terms.room // 2**20} are "
        "needed; it is run when there is room",
        3,
    )
    return False
