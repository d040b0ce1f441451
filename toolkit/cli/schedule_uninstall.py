"""``toolkit schedule uninstall``: take away what install put there, and nothing else."""

from __future__ import annotations

import click

from toolkit.cli.exits import say
from toolkit.cli.schedule_install import confirmed, manager, required, yes
from toolkit.records import BadInputError


@click.command("uninstall")
@yes
@manager
def command(yes: bool, manager: str | None) -> None:
    """Take away what install put there.

    Jobs, reports and the history stay. The timer and the crontab are both looked at, unless --user names one.
    """
    from toolkit.schedule import install, install_crontab, install_timer
    from toolkit.schedule.locating import find

    config = required(find())
    plans = []
    if manager != "crontab":
        plans.append(install_timer.plan_away(config))
    if manager != "systemd":
        try:
            plans.append(install_crontab.plan_away(config))
        except BadInputError:
            if manager == "crontab" or not plans[0].steps:
                raise
    steps = tuple(step for plan in plans for step in plan.steps)
    plan = install.Plan(" and ".join(plan.manager for plan in plans if plan.steps), steps)
    if confirmed(plan, yes=yes, already=f"Nothing is installed for {config}."):
        install.carry_out(plan)
        say(f"Removed; nothing calls toolkit schedule run-due for {config} any more.")
