"""``toolkit schedule run``: one job, because somebody or another scheduler asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from toolkit.cli import scheduling, ticking
from toolkit.cli.exits import DONE, FAILED, say, worst
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Config
    from toolkit.schedule.result import TickResult


@click.command("run")
@click.argument("name")
@scheduling.root
@scheduling.at
@click.option("--if-due", is_flag=True, help="Run its latest instant that was not run yet, if there is one.")
@click.option("--anew", is_flag=True, help="Of a job that watches: begin anew, whatever was seen before.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(name: str, root: str | None, at: datetime, *, if_due: bool, anew: bool, as_json: bool) -> int:
    """Run one job now, or what is due of it.

    Without --if-due the job is run once, whatever its schedule says, with a record of its own. With --if-due
    the latest instant that has no run yet is run, without its jitter: that is what other schedulers call.
    Where nothing is known of the job, as on a fresh machine, its latest instant counts as not run. It exits 3
    where an attempt failed in passing, or what is due had to be left because another run is at work, so that
    the other scheduler tries again; `run-due` does so by itself.
    """
    from toolkit.schedule.byhand import run_now
    from toolkit.schedule.tick import tick

    config, troubles = ticking.sound(root, at)
    if name not in {job.name for job in config.jobs} and troubles:
        raise BadInputError("\n".join(troubles))
    if if_due and anew:
        raise click.UsageError("--anew is for a run by hand; leave out --if-due")
    if if_due and not config.job(name).enabled:
        say(f"{name}: it is turned off (enabled = false)")
        return DONE
    if if_due:
        result = tick(config, at=at, only=(name,), force=True, troubles=troubles)
        if result.idle:
            say(f"{name}: nothing is due")
        code = ticking.told(result, as_json=as_json)
        # Whoever calls this tries again by its own rules, and must know that this attempt came to nothing.
        return worst([code, FAILED]) if result.waiting or _left(config, name, at, result) else code
    _refuse_time(click.get_current_context())
    result = run_now(config, name, anew=anew, complete=not troubles)
    code = ticking.told(result, as_json=as_json)
    if result.held:
        raise BadInputError(f"{name} was not run: {result.held} is at work here; wait until it is done")
    return code


def _left(config: Config, name: str, at: datetime, result: TickResult) -> bool:
    """Whether something is due that has no record yet, and had to be left because another is at work.

    That other may have begun it; but it may also be a machine that is gone, whose lease is not stale yet.
    """
    from toolkit.history import History
    from toolkit.schedule.deciding import decide
    from toolkit.schedule.home import Home

    if not result.held:
        return False
    home, history = Home(config.home), History(config.home)
    decision = decide(config.job(name), home, history, at=at, now=at, force=True)
    if decision.due is None:
        return False
    say(f"{name}: what was due {decision.due.isoformat()} is left; ask again when that is done")
    return True


def _refuse_time(ctx: click.Context) -> None:
    """Refuse --at where it would mean nothing."""
    if ctx.get_parameter_source("at") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--at says which instant is due; add --if-due, or leave it out")
