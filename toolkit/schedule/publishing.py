"""From a finished attempt to a record, a document, a report in its folder and the copy that is the latest.

The record comes first: once it is there the run is answered for, and every step after it can be done again by
whoever finds it undone. Publishing is exclusive; who comes second finds a record that is not its own, and
leaves everything as it is.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.history import inputs_of, points_of, watch_of
from toolkit.journal import write_atomic
from toolkit.schedule import retention, seen
from toolkit.schedule.asking import BASELINE, BEFORE
from toolkit.schedule.attempt import ABOUT, EXIT, LOG, PROCESS
from toolkit.schedule.home import Home, forget_empty
from toolkit.schedule.log import verdict
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.pending import Pending, Tried, forget, numbers, path_of
from toolkit.schedule.work import Work

SCHEMA = "toolkit.record/1"
REPORT, DOCUMENT, LATEST, ANSWER = "report.html", "run.json", "latest.html", "gate.json"
OURS = (ABOUT, PROCESS, EXIT, BASELINE, ".lock")  # what a reader of the report has no use for
OPEN_OR_FAILED = {"gate_failed": "the gate failed", "open": "nothing could be evaluated"}
WITH_DOCUMENT = (0, 1, 4)
LOOKED_AT = 100  # of the newest records, for one whose report is still there


def conclude(work: Work, pending: Pending, tried: Tried) -> None:
    """Publish the record of a run, and bring everything else in order."""
    staging = work.home.staging(pending.job, pending.id, tried.number)
    record, document = _record(work, pending, tried, staging)
    work.sure()
    first = work.history.publish(record, document)
    for said in work.history.troubles:
        work.result.trouble(said)
    if not first:
        work.result.skipped.append(
            {"job": pending.job, "reason": f"another has recorded {pending.id} already"}
        )
        shutil.rmtree(staging, ignore_errors=True)
        return
    work.result.finished(record, pending.gate)
    settle(work, pending, record)


def settle(work: Work, pending: Pending, record: Mapping[str, Any]) -> None:
    """Do what is still to be done for a run that has its record: report, copy, order; safe to repeat."""
    home, job, run = work.home, pending.job, pending.id
    target = path_of(home, pending)
    number = record["attempts"][-1]["number"] if record["attempts"] else 0
    staging = home.staging(job, run, number)
    if staging.is_dir() and _is_of(staging, record):
        target = _moved(work, staging, target)
    if target.is_dir():
        seen.keep(home, job, run, target)
        _tidy(home, target, staging)
    shutil.rmtree(home.staging(job, run), ignore_errors=True)
    forget_empty(home.staging(job, run).parent, above=home.path)
    latest(work, job, target.parent)
    found = work.job(job)
    if found:
        retention.prune(work, found, made=target.name)
    forget(home, job, run)


def latest(work: Work, job: str, output: Path) -> None:
    """Copy the newest report of a job to where a bookmark finds it."""
    for draft in output.glob(f".{LATEST}.*"):
        draft.unlink(missing_ok=True)
    for record in work.history.records(job, kind="run", limit=LOOKED_AT):
        report = work.home.absolute(record["report"]) if record["report"] else None
        if report is None or not report.is_file():
            continue
        draft = output / f".{LATEST}.{os.getpid()}"
        shutil.copyfile(report, draft)
        draft.replace(output / LATEST)
        return


def _record(work: Work, pending: Pending, tried: Tried, staging: Path) -> tuple[dict[str, Any], bytes | None]:
    """Build the record of a run from its last attempt."""
    data, document = _document(staging)
    how = tried.how
    if document is None and how.exit in WITH_DOCUMENT:
        how = Ended(how.exit, "it left no run document")
    outcome = "failed" if how.reason and how.exit in WITH_DOCUMENT and document is None else how.outcome
    target = path_of(work.home, pending)
    attempts = [*pending.attempts, tried]
    found = _extracted(work, document, staging)
    record = {
        "schema": SCHEMA,
        "job": pending.job,
        "id": pending.id,
        "kind": "run",
        "due": pending.due,
        "first_due": None,
        "count": 1,
        "outcome": outcome,
        "exit": tried.exit,
        "reason": _reason(work.home, how, document, staging, target),
        "started": attempts[0].started,
        "ended": tried.ended or work.now_text,
        "host": tried.host,
        "attempts": [one.told() for one in attempts],
        "command": list(pending.command),
        "report": work.home.relative(target / REPORT) if (staging / REPORT).is_file() else None,
        "document": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} if data else None,
    }
    return record | found, data


def _document(staging: Path) -> tuple[bytes | None, dict[str, Any] | None]:
    """Read the run document of an attempt, None where there is none that can be read."""
    try:
        data = (staging / DOCUMENT).read_bytes()
        plain = json.loads(data)
    except (OSError, ValueError):
        return None, None
    return (data, plain) if isinstance(plain, dict) else (None, None)


def _extracted(work: Work, document: dict[str, Any] | None, staging: Path) -> dict[str, Any]:
    """Take from a document what outlives it; one that is odd costs its points, and never its record."""
    found: dict[str, Any] = {"inputs": None, "points": [], "gate": _plain(staging / ANSWER), "watch": None}
    if document is None:
        return found
    try:
        points = list(points_of(document))
        found |= {"inputs": inputs_of(document), "points": points, "watch": watch_of(document)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        work.result.trouble(f"no figures for the trend were found in a run document ({error!r})")
    return found


def _plain(path: Path) -> dict[str, Any] | None:
    """Read a table of JSON, None where there is none."""
    try:
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return plain if isinstance(plain, dict) else None


def _reason(home: Home, how: Ended, document: Mapping[str, Any] | None, staging: Path, target: Path) -> str:
    """Say in one line why a run is not done, and where its output can be read."""
    if how.outcome == "done" and not how.reason:
        return ""
    if how.outcome in ("gate_failed", "open") and not how.reason:
        return verdict(staging) or OPEN_OR_FAILED[how.outcome]
    said = _failures(document) if how.exit == 3 else ""
    said = said or how.reason or f"exit code {how.exit}"
    log = f" (log: {home.relative(target / LOG)})" if (staging / LOG).is_file() else ""
    return f"{said}{log}"


def _failures(document: Mapping[str, Any] | None) -> str:
    """Name the first of the trials that failed."""
    experiments = (document or {}).get("experiments") or []
    failed = [(e["code"], failure) for e in experiments for failure in e.get("failures") or []]
    if not failed:
        return ""
    code, first = failed[0]
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"a trial of {code} failed: {' '.join(str(first.get('reason', '')).split())}{more}"


def _is_of(staging: Path, record: Mapping[str, Any]) -> bool:
    """Whether what an attempt left is what the record tells of."""
    data, _ = _document(staging)
    told = record["document"]["sha256"] if record["document"] else None
    return (hashlib.sha256(data).hexdigest() if data else None) == told


def _moved(work: Work, staging: Path, target: Path) -> Path:
    """Move what an attempt left to where its report belongs, whole or not at all."""
    if target.exists() and any(target.iterdir()):
        if (target / DOCUMENT).is_file() and _document(target)[0] == _document(staging)[0]:
            return target  # copied before, and then killed
        free = next(p for n in range(2, 10**6) if not (p := target.with_name(f"{target.name}-{n}")).exists())
        work.result.trouble(f"{target} was made by somebody else meanwhile; the report is in {free.name}")
        target = free
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        staging.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f".{target.name}.partial")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(staging, draft)
        draft.rename(target)
    return target


def _tidy(home: Home, target: Path, staging: Path) -> None:
    """Keep in a report's folder what a reader may ask for: the logs of earlier attempts too.

    A log names the files where they were written; it should name them where they are.
    """
    for name in OURS:
        (target / name).unlink(missing_ok=True)
    shutil.rmtree(target / BEFORE, ignore_errors=True)
    for draft in [*target.glob(".*.json.*"), *target.glob(".*.html.*")]:
        draft.unlink(missing_ok=True)
    run = staging.parent
    for earlier in numbers(home, run.parent.name, run.name):
        log = run / str(earlier) / LOG
        if str(earlier) != staging.name and log.is_file():
            shutil.copyfile(log, target / f"log-{earlier}.txt")
    log = target / LOG
    if log.is_file() and str(staging) in (text := log.read_text("utf-8", "replace")):
        write_atomic(log, text.replace(str(staging), str(target)))
