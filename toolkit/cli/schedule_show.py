"""``toolkit schedule show``: one job, its next instants in its zone and in UTC, and what it runs."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.historical import finished
from toolkit.cli.schedule_list import described, ended
from toolkit.cli.terminal import columns, one_line
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Config, Job

SHOWN = 5


@click.command("show")
@click.argument("name")
@scheduling.root
@scheduling.at
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str, root: str | None, at: datetime, as_json: bool) -> None:
    """Show job NAME, its next instants and what it runs."""
    from toolkit.history import History
    from toolkit.schedule.jobs import survey

    config, troubles = survey(root=root, at=at)
    if troubles and name not in [job.name for job in config.jobs]:
        raise BadInputError("\n".join(troubles))  # it may be the one that something is wrong with
    job, history = config.job(name), History(config.home)
    found = described(history, job, at) | _settings(config, job) | {"instants": _instants(job, at)}
    finished(history)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for label, value in _lines(job, found):
        click.echo(one_line(f"{label:<10}{value}"))
    click.echo()
    ahead = [datetime.fromisoformat(instant["due"]) for instant in found["instants"]]
    rows = [(scheduling.local(due, job.timezone), scheduling.utc(due)) for due in ahead]
    columns(rows, header=(f"next, {job.timezone}", "UTC"))


def _settings(config: Config, job: Job) -> dict[str, Any]:
    """Return what a job says beside its rhythm, as plain data."""
    return {
        "file": str(job.source),
        "line": job.line,
        "jitter": job.jitter,
        "timeout": job.timeout,
        "retries": job.retries,
        "backoff": job.backoff,
        "keep": job.keep,
        "keep_days": job.keep_days,
        "gate": list(job.gate),
        "baseline": job.baseline,
        "formats": list(job.formats),
        "catch_up": job.catch_up,
        "output": str(job.folder(config.root)),
    }


def _instants(job: Job, at: datetime) -> list[dict[str, str]]:
    """Return the next instants: when each is due, and when its jitter lets it start."""
    from toolkit.history.instants import iso
    from toolkit.schedule.due import offset

    return [
        {"due": iso(due), "start": iso(due + offset(job, due))} for due in scheduling.upcoming(job, at, SHOWN)
    ]


def _lines(job: Job, found: dict[str, Any]) -> list[tuple[str, str]]:
    """Say a job in words, a line for each thing that was chosen."""
    from toolkit.schedule.durations import words

    again = f"{job.retries} times, first after {words(job.backoff)}" if job.retries else "no"
    stays = [f"the newest {job.keep}"] if job.keep else []
    stays += [f"{job.keep_days} days"] if job.keep_days else []
    reason = f": {found['last']['reason']}" if found["last"] and found["last"]["reason"] else ""
    where = f"{found['file']}, line {job.line}" if job.line else found["file"]
    return [
        ("job", f"{job.name} ({where}){'' if job.enabled else ', disabled'}"),
        ("runs", shlex.join(("toolkit", *job.run))),
        ("when", f"{found['words']}, {job.timezone} ({job.cron})"),
        *([("jitter", f"starts up to {words(job.jitter)} late")] if job.jitter else []),
        ("limit", f"{words(job.timeout)} an attempt; tried again: {again}"),
        *([] if job.catch_up else [("missed", "what was missed is not run late")]),
        ("gate", ", ".join(job.gate) or "none"),
        *([("baseline", job.baseline)] if job.baseline else []),
        ("reports", f"{found['output']} ({', '.join(job.formats)})"),
        ("keeps", " and ".join(stays) or "every report"),
        ("last run", ended(found["last"]) + reason),
    ]
