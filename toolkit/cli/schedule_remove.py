"""``toolkit schedule remove``: take a job out of the configuration file."""

from __future__ import annotations

import click

from toolkit.cli.exits import say
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError


@click.command("remove")
@click.argument("name")
def command(name: str) -> None:
    """Take job NAME out of the configuration file; its reports and its history stay."""
    from toolkit.schedule.editing import removed
    from toolkit.schedule.locating import find

    path = find()
    if path is None:
        raise BadInputError("there is no toolkit.toml here or above, and so no job to remove")
    removed(path, name).write()
    click.echo(harmless(str(path)))
    say(f"Job {name} is removed; its reports and its history stay.")
