"""``toolkit schedule run-due``: the tick that cron or a timer calls."""

from __future__ import annotations

from datetime import datetime

import click

from toolkit.cli import scheduling, ticking


@click.command("run-due")
@scheduling.root
@scheduling.at
@click.option("--only", metavar="NAME", multiple=True, help="Look at this job only (may be repeated).")
@click.option("--dry-run", is_flag=True, help="Say what would run, and touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(root: str | None, at: datetime, only: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Run what is due, once: the tick that cron or a timer calls.

    Where nothing is due it prints nothing. What was missed while the machine was off is run once, late, and
    the rest is recorded as missed; what failed in passing is tried again by a later call. Two calls at a
    time cannot be: the second says who is at work, and exits 0. With --at a past or a coming time is taken
    for now: a rehearsal, in a folder of its own with --root.
    """
    from toolkit.schedule.tick import tick

    config, troubles = ticking.sound(root, at)
    if dry_run:
        return ticking.foretold(config, at, only, troubles, as_json=as_json)
    return ticking.told(tick(config, at=at, only=only, troubles=troubles), as_json=as_json)
