"""Old reports go when the job says so: never the newest, and never one that somebody refers to.

What goes is the folder of a report. Its record, its figures and its document stay in the history.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from toolkit.history.instants import moment_of
from toolkit.report.markup import fingerprint
from toolkit.schedule.home import IDS
from toolkit.schedule.jobs import Job
from toolkit.schedule.work import Work

DOCUMENT = "run.json"
LOCKS = "toolkit.lock.toml"  # `toolkit gate` keeps there what was accepted, and in which run


def prune(work: Work, job: Job, *, made: str = "") -> list[Path]:
    """Remove the report folders of a job that are over its limits; return those removed.

    Parameters
    ----------
    made : str
        The name of the report just made, which stays: after a clock was ahead it may not be the newest.
    """
    if job.keep is None and job.keep_days is None:
        return []
    sweep(job.folder(work.config.root))
    reports = _reports(job.folder(work.config.root), work.history.home.ids(job.name))
    whole = [report for report in reports if (report / DOCUMENT).is_file()]
    # A run that failed leaves a log only, which must not take the place of a report.
    kinds = (whole, [report for report in reports if report not in whole])
    kept = {report for kind in kinds for report in _within(work, job, kind)} | {*reports[:1], *whole[:1]}
    spoken = _spoken_of(work)
    over = [report for report in reports if report not in kept and report.name != made]
    gone = [report for report in over if not _named(report, spoken)]
    for report in gone:
        # First out of sight: what is half removed is no report any more.
        out = report.with_name(f".{report.name}.removed")
        report.rename(out)
        shutil.rmtree(out, ignore_errors=True)
    return gone


def sweep(output: Path) -> None:
    """Finish what a killed tick was removing or copying."""
    if output.is_dir():
        for left in [*output.glob(".*.removed"), *output.glob(".*.partial")]:
            shutil.rmtree(left, ignore_errors=True)


def _reports(output: Path, ours: set[str]) -> list[Path]:
    """Return the report folders of a job's own runs, newest first; whatever else lies there stays."""
    found = [
        path
        for path in (output.iterdir() if output.is_dir() else ())
        if path.is_dir() and not path.is_symlink() and IDS.fullmatch(path.name) and path.name in ours
    ]
    return sorted(found, key=lambda path: (_moment(path), path.name), reverse=True)


def _within(work: Work, job: Job, reports: list[Path]) -> list[Path]:
    """Return those of one kind that are within the limits of the job."""
    kept = reports if job.keep is None else reports[: job.keep]
    if job.keep_days is None:
        return kept
    oldest = work.now - timedelta(days=job.keep_days)
    return [report for report in kept if _moment(report) >= oldest]


def _moment(report: Path) -> datetime:
    return moment_of(report.name)


def _spoken_of(work: Work) -> str:
    """Return the text of whatever may name a report: lock files, and the baselines of all jobs."""
    folders = {job.source.parent for job in work.config.jobs} | {work.config.root}
    texts = []
    for folder in folders:
        try:
            texts.append((folder / LOCKS).read_text("utf-8", "replace"))
        except OSError:
            continue
    texts += [os.path.abspath(b) for job in work.config.jobs if (b := job.baseline_file)]  # noqa: PTH100
    return "\n".join(texts)


def _named(report: Path, spoken: str) -> bool:
    """Whether a text speaks of a report: by its place, or by the hash under which findings were accepted."""
    if f"{report.parent.name}/{report.name}" in spoken or str(report.absolute()) in spoken:
        return True
    try:
        return bool(spoken) and fingerprint(json.loads((report / DOCUMENT).read_bytes())) in spoken
    except (OSError, ValueError):
        return False
