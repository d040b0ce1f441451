"""What is wrong with a job whose keys can each be read: with two of its keys together, or with two jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.gate.findings import refuse_misfits
from toolkit.history.home import STATE
from toolkit.records import BadInputError
from toolkit.schedule.due import MINUTE, instants, shortest_gap
from toolkit.schedule.durations import words

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Job


def within(job: Job, at: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a job, each with the key that is to be mended.

    Parameters
    ----------
    at : datetime
        The distances of the instants from here on are held against the jitter.
    """
    if "card" in job.formats and job.run[0] != "audit":
        yield "formats", "a model card describes an audit; leave 'card' out"
    try:
        refuse_misfits(job.run[0], job.gate)
    except BadInputError as error:
        yield "gate", str(error)
    if job.watches and "--redact" in job.run:
        yield "run", "--redact leaves out what a watch goes on from; leave out --watch or --redact"
    if "change" in job.gate and job.baseline is None:
        yield "gate", 'a change is one from a baseline; add baseline = "previous", or leave it out'
    if "alarm" in job.gate and job.run[0] == "audit" and not job.watches:
        yield "gate", "an alarm is one of a watched audit; add --watch COLUMN to run, or leave it out"
    if "change" not in job.gate and job.baseline is not None:
        yield "baseline", 'it is what gate = ["change"] compares with; add that, or leave baseline out'
    if next(instants(job.cron, job.timezone, at), None) is None:
        yield "cron", f"{job.cron!r} does not come within fifty years in {job.timezone}"
        return
    # No two instants are nearer than a minute, so that a jitter of a minute needs no look at a year of them.
    gap = shortest_gap(job.cron, job.timezone, at) if job.jitter > MINUTE else None
    if gap is not None and job.jitter > gap:
        yield (
            "jitter",
            f"{words(job.jitter)} is longer than the shortest distance of two instants of {job.cron!r} "
            f"({words(gap)}); they would change places; take at most {words(gap)}",
        )


def between(jobs: Sequence[Job], root: Path) -> Iterator[tuple[str, Job] | tuple[str, Job, Job]]:
    """Yield what is wrong with jobs beside each other and with their folders, each with the jobs meant."""
    names: dict[str, Job] = {}
    folders: dict[Path, Job] = {}
    state = (root / STATE).resolve()
    for job in jobs:
        before = names.setdefault(job.name, job)
        if before is not job:
            yield f"two jobs are called {job.name!r}; rename one", before, job
            continue
        folder = job.folder(root).resolve()
        if state in (folder, *folder.parents):
            where = f"{folder} is where the history is kept; take another folder"
            yield f"job {job.name!r}: output: {where}", job
        own = [place for place in (folder, *folder.parents) if not root.resolve().is_relative_to(place)]
        file = next((place for place in own if os.path.isfile(place)), None)  # noqa: PTH113
        if file:  # the root is the whole schedule's, and not one job's fault
            yield f"job {job.name!r}: output: {file} is a file; take another folder", job
        other = folders.setdefault(folder, job)
        if other is not job:
            both = f"jobs {other.name!r} and {job.name!r} write to one folder"
            yield f"{both} ({folder}); give one another output", other, job
