"""``toolkit schedule doctor``: what is wrong with the schedule on this machine, and what to do about it."""

from __future__ import annotations

import json
from datetime import datetime

import click

from toolkit.cli import scheduling
from toolkit.cli.terminal import one_line


@click.command("doctor")
@scheduling.root
@scheduling.at
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(root: str | None, at: datetime, as_json: bool) -> int:
    """Say what is wrong with the schedule on this machine: exit 0 if nothing, 3 if something, 2 if a job is.

    It looks at the configuration, the state folder, the space left, who holds the folder, the last sign of
    life against the jobs' own rhythm, what is overdue, how the last runs ended, and the history.
    """
    from toolkit.schedule.doctor import examine, exit_of

    findings = examine(root=root, at=at)
    if as_json:
        click.echo(json.dumps([finding.plain() for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(one_line(f"{finding.mark} {finding.what}: {finding.text}"))
    return exit_of(findings)
