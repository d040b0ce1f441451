"""``toolkit schedule serve``: stay and run what is due, where there is no cron."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from toolkit.cli import scheduling, ticking
from toolkit.cli.exits import say


@click.command("serve")
@scheduling.root
@click.option("--json", "as_json", is_flag=True, help="Print each tick that did something as a line of JSON.")
def command(root: str | None, as_json: bool) -> None:
    """Stay and run what is due, where there is no cron: in a container, or in a terminal.

    It is a loop of run-due that looks at the clock every minute at least and reads the configuration anew
    each time. Ctrl-C or TERM ends it, once the attempt that runs has been ended.
    """
    from toolkit.schedule.serve import serve

    def now() -> datetime:
        return datetime.now(UTC)

    serve(
        lambda: ticking.sound(root, now()),
        tell=lambda result: ticking.told(result, as_json=as_json, one_line=True),
        say=say,
        clock=now,
        wait=time.sleep,
    )
