"""``toolkit schedule list``: the jobs in a table, with what comes next and how the last run ended."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.exits import say
from toolkit.cli.historical import finished, short
from toolkit.cli.terminal import columns, harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.history import History
    from toolkit.schedule.jobs import Job

HEADER = ("job", "when", "zone", "next", "last run")


@click.command("list")
@scheduling.root
@scheduling.at
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(root: str | None, at: datetime, as_json: bool) -> None:
    """List the jobs: when each is next due, and how its last run ended.

    Jobs that something is wrong with are not in the table; what is wrong is said, and the command exits 2.
    """
    from toolkit.history import History
    from toolkit.schedule.jobs import survey

    config, troubles = survey(root=root, at=at)
    history = History(config.home)
    found = [described(history, job, at) for job in config.jobs]
    finished(history)
    if as_json:
        where = str(config.path) if config.path else None
        plain = {"file": where, "root": str(config.root), "jobs": found, "troubles": troubles}
        click.echo(json.dumps(plain, indent=1))
    elif found:
        columns([_row(job, said) for job, said in zip(config.jobs, found, strict=True)], header=HEADER)
    elif not troubles:
        where = harmless(f"in {config.path}" if config.path else "and no configuration file")
        say(f'There are no jobs {where}; write one: toolkit schedule add NAME --cron "17 3 * * 1" --run ...')
    if troubles:
        raise BadInputError("\n".join(troubles))


def described(history: History, job: Job, at: datetime) -> dict[str, Any]:
    """Describe a job as plain data: its rhythm, its next instant, its last run."""
    from toolkit.history.instants import iso
    from toolkit.schedule.due import next_due

    return {
        "name": job.name,
        "enabled": job.enabled,
        "run": list(job.run),
        "cron": job.cron,
        "words": scheduling.spoken(job),
        "timezone": job.timezone,
        "next": iso(next_due(job, at)) if job.enabled else None,
        "last": _last(history, job.name),
    }


def _last(history: History, name: str) -> dict[str, Any] | None:
    """Return the newest run of a job, None where it never ran."""
    found = history.records(name, kind="run", limit=1)
    keys = ("id", "due", "ended", "outcome", "exit", "reason")
    return {key: found[0].get(key) for key in keys} if found else None


def _row(job: Job, said: dict[str, Any]) -> tuple[str, ...]:
    """Write one line of the table."""
    ahead = (
        scheduling.local(datetime.fromisoformat(said["next"]), job.timezone) if said["next"] else "(disabled)"
    )
    return (job.name, said["words"], job.timezone, ahead, ended(said["last"]))


def ended(last: dict[str, Any] | None) -> str:
    """Say how a run ended, and when."""
    if last is None:
        return "never"
    return f"{str(last['outcome']).replace('_', ' ')} {short(last['ended'] or last['due'])} UTC"
