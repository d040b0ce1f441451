"""``toolkit schedule add``: write a job into the configuration file, and say when it is next due."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.exits import say
from toolkit.cli.settings import Names, flattened
from toolkit.cli.terminal import columns, harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Job

SHOWN = 3


def _checked(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Refuse a value that the job's key of this name would refuse, in the same words."""
    from toolkit.schedule.jobs import READERS

    if value is None or ctx.resilient_parsing:
        return value
    try:
        READERS[str(parameter.name)](value)
    except (ValueError, BadInputError) as error:
        raise click.BadParameter(str(error), ctx, parameter) from error
    return value


def _option(flag: str, text: str, **more: Any) -> Callable[[Any], Any]:
    """Return an option that is a key of the job."""
    return click.option(flag, help=text, **{"callback": _checked, **more})


OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("name", callback=_checked),
    _option("--cron", "Five fields: minute, hour, day of the month, month, day of the week.", required=True),
    _option("--run", 'What follows `toolkit`, in quotes: "audit loans.csv ...".', required=True),
    _option("--timezone", "The zone in which --cron is read; by default UTC.", metavar="ZONE"),
    _option("--jitter", "Start up to this late, always the same: 10m.", metavar="LENGTH"),
    _option("--timeout", "How long an attempt may take; by default 2h.", metavar="LENGTH"),
    _option("--retries", "How often a failed attempt is tried again; by default 2.", type=int),
    _option("--backoff", "How long to wait before that; by default 5m.", metavar="LENGTH"),
    _option("--keep", "How many reports stay; by default all.", type=int),
    _option("--keep-days", "How many days reports stay; by default for ever.", type=int),
    _option(
        "--gate",
        "End with 1 on these: refuted, supported, inconclusive, gap, change or error.",
        type=Names(),
        multiple=True,
        callback=flattened,
    ),
    _option("--baseline", 'A run to compare with: a path, or "previous".', metavar="RUN"),
    _option("--output", "Folder of its reports; by default <root>/NAME.", metavar="FOLDER"),
    click.option(
        "--format",
        "formats",
        type=Names(),
        multiple=True,
        callback=flattened,
        help="What to write beside run.json.",
    ),
    click.option("--no-catch-up", is_flag=True, help="What was missed is not run late."),
    click.option("--disabled", is_flag=True, help="Write it down, and do not run it yet."),
    scheduling.at,
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def callback(at: datetime, as_json: bool, **given: Any) -> None:
    """Write job NAME into the nearest toolkit.toml or pyproject.toml, or a new toolkit.toml here.

    Lengths of time are written 45s, 10m, 2h or 90d. The command is parsed before anything is written.
    """
    from toolkit.cli.schedule_rehearsal import missing, refusal
    from toolkit.schedule.editing import added
    from toolkit.schedule.locating import OWN, find

    edit, _config, job = added(find() or Path.cwd() / OWN, _table(given), at=at)
    said = refusal(job)
    if said:
        raise BadInputError(f"`toolkit {job.run[0]}` refuses this: {said}")
    edit.write()
    lacks = missing(job)
    if lacks:
        say(f"The job is written, but as things are it would fail: {lacks}")
    _print(job, at, as_json=as_json)


command = callback
for _decorate in reversed(OPTIONS):
    command = _decorate(command)
command = click.command("add", short_help="Write a job into the configuration file.")(command)


def _table(given: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of the job that were chosen, in the order in which they are written."""
    from toolkit.schedule.jobs import READERS

    given["catch_up"] = False if given.pop("no_catch_up") else None
    given["enabled"] = False if given.pop("disabled") else None
    chosen = {key: given[key] for key in READERS if given[key] not in (None, ())}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in chosen.items()}


def _print(job: Job, at: datetime, *, as_json: bool) -> None:
    """Say where the job was written, and the next instants."""
    ahead = list(scheduling.upcoming(job, at, SHOWN))
    if as_json:
        from toolkit.history.instants import iso

        stamps = [iso(instant) for instant in ahead]
        click.echo(json.dumps({"file": str(job.source), "name": job.name, "next": stamps}, indent=1))
        return
    click.echo(harmless(f"{job.source}, line {job.line}: job {job.name}, {scheduling.spoken(job)}"))
    rows = [(scheduling.local(instant, job.timezone), scheduling.utc(instant)) for instant in ahead]
    columns(rows, header=(f"next, {job.timezone}", "UTC"))
