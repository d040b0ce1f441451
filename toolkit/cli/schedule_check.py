"""``toolkit schedule check``: everything that is wrong with the jobs, all at once; nothing is run."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from toolkit.cli import scheduling
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Job


@click.command("check")
@scheduling.root
@scheduling.at
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(root: str | None, at: datetime, as_json: bool) -> None:
    """Check every job without running any: exit 0 if all are sound, 2 with all that is wrong."""
    from toolkit.cli.settings import find_config
    from toolkit.schedule.jobs import survey

    config, troubles = survey(root=root, at=at)
    if config.path is None:
        raise BadInputError("there is no toolkit.toml here or above; write a job: toolkit schedule add")
    try:
        find_config(config.path.parent)  # the other settings, which every job is run with
    except BadInputError as error:
        troubles.insert(0, str(error))
    else:
        for job in config.jobs:
            troubles += _troubles(job)
    if as_json:
        names = [job.name for job in config.jobs]
        click.echo(json.dumps({"file": str(config.path), "jobs": names, "troubles": troubles}, indent=1))
    elif not troubles:
        counted = f"{len(config.jobs)} job{'' if len(config.jobs) == 1 else 's'}"
        click.echo(harmless(f"{config.path}: {counted}, nothing wrong"))
    if troubles:
        raise BadInputError("\n".join(troubles))


def _troubles(job: Job) -> list[str]:
    """Say why a job that reads well would still fail tonight."""
    from toolkit.cli.schedule_rehearsal import missing, refusal

    said = refusal(job) or missing(job)
    line = f", line {job.line}" if job.line else ""
    return [f"{job.source}{line}: job {job.name!r}: {said}"] if said else []
