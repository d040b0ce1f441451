"""What the verbs that run jobs share: sound jobs in, what a tick did out."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.exits import USAGE, say, worst
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.schedule.deciding import Decision
    from toolkit.schedule.jobs import Config
    from toolkit.schedule.result import TickResult


def sound(root: str | None, at: datetime) -> tuple[Config, list[str]]:
    """Return the jobs that can be run, and what is wrong with the others: one fault does not stop them all.

    Raises
    ------
    BadInputError
        If there is no configuration file, or it cannot be read at all.
    """
    from toolkit.schedule.jobs import survey

    config, troubles = survey(root=root, at=at)
    if config.path is None:
        raise BadInputError(
            "there is no toolkit.toml here or above; call this in the folder of your project, or write a "
            "job: toolkit schedule add"
        )
    named = Counter(job.name for job in config.jobs)
    return replace(config, jobs=tuple(job for job in config.jobs if named[job.name] == 1)), troubles


def told(result: TickResult, *, as_json: bool, one_line: bool = False) -> int:
    """Print what a tick did, and return its exit code; what went wrong goes to stderr."""
    for trouble in result.troubles:
        say(trouble)
    if result.held:
        say(f"{result.held} is at work here; nothing was done")
    if as_json and not (one_line and result.idle):
        click.echo(json.dumps(result.plain(), ensure_ascii=False, indent=None if one_line else 1))
    elif not as_json:
        for line in result.lines():
            click.echo(harmless(line))
    if result.bug is not None:
        raise result.bug  # whose traceback the command line saves
    return result.exit


def foretold(
    config: Config, at: datetime, only: tuple[str, ...], troubles: list[str], *, as_json: bool
) -> int:
    """Say what a tick would do; nothing is held, and nothing is written."""
    from toolkit.history import History
    from toolkit.schedule.deciding import decide, unfinished
    from toolkit.schedule.home import Home

    for trouble in troubles:
        say(trouble)
    jobs = [job for job in [config.job(name) for name in only] or config.jobs if job.enabled]
    home, history = Home(config.home), History(config.home)
    decisions = [decide(job, home, history, at=at, now=at) for job in jobs]
    left = unfinished(home)
    if as_json:
        plain = {"at": at.isoformat(), "unfinished": left, "jobs": [_plain(d) for d in decisions]}
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1))
    else:
        for run in left:
            click.echo(harmless(f"{run['job']} {run['id']}: {run['state']}"))
        for decision in decisions:
            click.echo(harmless(f"{decision.job.name}: {_said(decision)}"))
    return worst([USAGE] if troubles else [])


def _plain(decision: Decision) -> dict[str, Any]:
    from toolkit.history.instants import iso

    missed = decision.missed
    return {
        "job": decision.job.name,
        "due": iso(decision.due) if decision.due else None,
        "missed": {"first_due": iso(missed.first), "due": iso(missed.last), "count": missed.count}
        if missed
        else None,
        "superseded": [pending.id for pending in decision.superseded],
        "waits": decision.waits,
    }


def _said(decision: Decision) -> str:
    """Say in one line what would be done for a job."""
    from toolkit.history.instants import iso

    parts = [f"{pending.id} would be given up" for pending in decision.superseded]
    if decision.missed:
        many = f"{decision.missed.count} instant{'' if decision.missed.count == 1 else 's'}"
        parts.append(f"{many} up to {iso(decision.missed.last)} would be recorded as missed")
    if decision.due:
        again = ", once more" if decision.pending and decision.pending.attempts else ""
        parts.append(f"would run what is due {iso(decision.due)}{again}")
    return "; ".join([*parts, *filter(None, [decision.waits])]) or "nothing is due"
