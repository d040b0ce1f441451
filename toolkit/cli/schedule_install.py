"""``toolkit schedule install``: have this machine call the tick; what it will do is shown first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.exits import say
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.schedule.install import Plan

MANAGERS = ("systemd", "crontab")


def yes(call: Callable[..., Any]) -> Callable[..., Any]:
    """Add --yes."""
    return click.option("--yes", is_flag=True, help="Do it; otherwise a terminal is asked.")(call)


def manager(call: Callable[..., Any]) -> Callable[..., Any]:
    """Add --user."""
    return click.option(
        "--user",
        "manager",
        type=click.Choice(MANAGERS),
        help="The user's systemd manager or crontab; by default systemd where it answers.",
    )(call)


@click.command("install")
@yes
@manager
def command(yes: bool, manager: str | None) -> None:
    """Have this machine call run-due every ten minutes.

    A timer of your systemd manager, or a line of your crontab; every other line of it stays as it is. The
    zones, retries and catching up are run-due's own. (Tried against stand-ins: a live systemd timer was not
    at hand.)
    """
    from toolkit.cli.schedule_export import own_command
    from toolkit.schedule import install, install_crontab, install_timer
    from toolkit.schedule.jobs import read_jobs

    config = read_jobs()
    where = required(config.path)
    scheduling.say_other_root(config)
    if (manager or install.manager_here()) == "systemd":
        plan = install_timer.plan(where, own_command())
    else:
        plan = install_crontab.plan(where, config.root, own_command())
    if confirmed(plan, yes=yes, already="It is installed already; there is nothing to do."):
        install.carry_out(plan)
        say(f"Installed: {plan.manager} calls toolkit schedule run-due every ten minutes for {where}.")
    for note in plan.notes:
        say(note)
    other = "crontab" if plan.manager == "systemd" else "systemd"
    if install_crontab.holds(where) if other == "crontab" else install_timer.units(where)[1].exists():
        say(
            f"The user's {other} calls it too, which does no harm; "
            f"to end that: toolkit schedule uninstall --user {other}"
        )


def required(path: Path | None) -> Path:
    """Return the configuration file, or refuse: without one there is nothing to run."""
    if path is None:
        raise BadInputError(
            "there is no toolkit.toml here or above, and so no job; write one with toolkit schedule add"
        )
    return path


def confirmed(plan: Plan, *, yes: bool, already: str) -> bool:
    """Show the plan and return whether to do it.

    Raises
    ------
    BadInputError
        If nobody said yes and there is no terminal to ask.
    """
    if not plan.steps:
        say(already)
        return False
    click.echo(harmless(plan.shown()), nl=False)
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadInputError("nothing was done; that is what would be: say it with --yes")
    if click.confirm("Do this?", err=True):
        return True
    say("Nothing was done.")
    return False
