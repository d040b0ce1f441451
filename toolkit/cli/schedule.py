"""``toolkit schedule``: build reports on a schedule; one file per verb, loaded when it is called."""
# ruff: noqa: ARG002 - Click decides what this is called with

from __future__ import annotations

import importlib

import click

from toolkit.cli import LazyGroup

VERBS = {
    "add": "Write a job into the configuration file.",
    "list": "List the jobs: when each is next due, and how its last run ended.",
    "show": "Show one job, its next instants and what it runs.",
    "remove": "Take a job out of the configuration file.",
    "check": "Check every job without running any.",
    "run-due": "Run what is due, once: the tick that cron or a timer calls.",
    "run": "Run one job now, or what is due of it.",
    "serve": "Stay and run what is due, where there is no cron.",
    "doctor": "Say what is wrong with the schedule on this machine.",
    "export": "Write the jobs as a schedule of another system.",
    "install": "Have this machine call run-due every ten minutes.",
    "uninstall": "Take away what install put there.",
}
EPILOG = """\
\b
A job is one [[schedule]] table of toolkit.toml, or one [[tool.toolkit.schedule]] of pyproject.toml:
  toolkit schedule add weekly --cron "17 3 * * 1" --run "check misconceptions"
  toolkit schedule check
  toolkit schedule run-due
"""


class Verbs(LazyGroup):
    """The verbs of ``toolkit schedule``: ``run-due`` is ``toolkit.cli.schedule_run_due.command``."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one verb."""
        if name not in self.known:
            return None
        module = importlib.import_module(f"toolkit.cli.schedule_{name.replace('-', '_')}")
        found: click.Command = module.command
        return found


@click.group(cls=Verbs, known=VERBS, epilog=EPILOG, no_args_is_help=True)
def command() -> None:
    """Build reports on a schedule: jobs, the tick, exports."""
