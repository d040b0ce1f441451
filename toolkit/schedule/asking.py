"""What an attempt is asked to run: the job's words, where to write, what fails it, and the runs before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.records import BadInputError
from toolkit.schedule import seen
from toolkit.schedule.jobs import PREVIOUS, Job
from toolkit.schedule.pending import Pending
from toolkit.schedule.runner import Attempt
from toolkit.schedule.work import Work

BASELINE, BEFORE = "baseline.json", "before"  # the run to be compared with, and the one to go on from
LOOKED_AT = 20  # of the newest runs, for one whose document is still there; all, where there is none
Before = tuple[Mapping[str, Any], Mapping[str, Any]]


def asked(
    work: Work, job: Job, pending: Pending, staging: Path, started: str, *, anew: bool = False
) -> Attempt:
    """Put together what an attempt runs.

    Our options come right after the words of the command, before the user's, so that a ``--`` among those
    cannot turn ours into names.

    Parameters
    ----------
    anew : bool
        Whether a job that watches is to begin anew, with no run before it.
    """
    gates, more = _gate(work, job, pending, staging)
    where = ["--output", str(staging), "--format", ",".join(job.formats), "--quiet"]
    if job.watches and not anew:
        more += _gone_on_from(work, job, pending, staging)
    words = 2 if job.run[0] == "check" else 1
    return Attempt(
        int(staging.name),
        started,
        (*job.run[:words], *where, *gates, *more, *job.run[words:]),
        ("toolkit", *job.run, *gates),
        job.source.resolve().parent,
        pending.plain(),
    )


def _gate(work: Work, job: Job, pending: Pending, staging: Path) -> tuple[list[str], list[str]]:
    """Return the options of the gate, and of what a change is one from."""
    gate, more = list(job.gate), []
    if "change" in gate:
        if job.baseline_file:
            more = ["--baseline", str(job.baseline_file.resolve())]
        elif job.baseline == PREVIOUS:
            before = next(_before(work, job, pending), None)
            if before is None:
                gate.remove("change")  # the first run has nothing to be compared with
            else:
                more = ["--baseline", _laid(staging / BASELINE, before[1])]
    return (["--fail-on", ",".join(gate)] if gate else []), more


def _gone_on_from(work: Work, job: Job, pending: Pending, staging: Path) -> list[str]:
    """Lay out the newest run that watched, with the ids that it has seen, as `--watch-from` wants it."""
    watched = (pair for pair in _before(work, job, pending) if isinstance(pair[1].get("watch"), Mapping))
    before = next(watched, None)
    if before is None:
        return []
    record, document = before
    folder = staging / BEFORE
    folder.mkdir()
    _laid(folder / "run.json", document)
    report = work.home.absolute(record["report"]).parent if record["report"] else None
    seen.lay(work.home, job.name, record["id"], report, folder)  # where there are none, the command says so
    return ["--watch-from", str(folder)]


def _before(work: Work, job: Job, pending: Pending) -> Iterator[Before]:
    """Yield the records and documents of the job from before this run, newest first; some may be pruned."""
    looked = 0
    for limit in (LOOKED_AT, None):  # a job may fail for longer than anybody thought
        records = work.history.records(job.name, kind="run", until=pending.at, limit=limit)
        for record in records[looked:]:
            if record["id"] == pending.id or not record["document"]:
                continue
            try:
                yield record, work.history.document(job.name, record["id"])
            except BadInputError as error:
                work.result.trouble(f"{job.name}: the run before cannot be compared with: {error}")
        looked = len(records)


def _laid(path: Path, document: Mapping[str, Any]) -> str:
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return str(path)
