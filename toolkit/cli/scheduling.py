"""What the verbs of ``toolkit schedule`` share: the folder of reports, the time, how instants are written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from toolkit.cli.exits import say
from toolkit.cli.settings import SETTINGS

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Config, Job

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # whatever the locale


class Moment(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # Click before 8.5 cannot be subscripted
    """A time in ISO 8601; one without an offset is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the time."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it as 2026-11-24T03:17:00Z", param, ctx)


def root(call: Callable[..., Any]) -> Callable[..., Any]:
    """Add --root, which is None where neither it nor the environment says anything."""
    setting = SETTINGS["root"]
    return click.option("--root", envvar=setting.env, metavar="FOLDER", help=setting.help)(call)


def say_other_root(config: Config) -> None:
    """Say that a folder of reports named in the environment is this shell's only, where it is another."""
    setting = SETTINGS["root"]
    named = os.environ.get(setting.env)
    if named and config.path and (config.path.parent / named).resolve() != config.root:
        say(
            f"{setting.env} is set here and will not be where this is called: reports go to {config.root}. "
            f"To have them elsewhere, write root = ... into {config.path}"
        )


def at(call: Callable[..., Any]) -> Callable[..., Any]:
    """Add --at, which is now unless given."""
    return click.option(
        "--at",
        type=Moment(),
        default=lambda: datetime.now(UTC),
        metavar="TIME",
        help="Take this time for now (ISO 8601; UTC without an offset).",
    )(call)


def upcoming(job: Job, at: datetime, count: int) -> Iterator[datetime]:
    """Yield the next instants of a job, in UTC."""
    from toolkit.schedule.due import instants

    return islice(instants(job.cron, job.timezone, at), count)


def local(instant: datetime, zone: str) -> str:
    """Write an instant on the clock of a zone, with its offset: ``Mon 2026-11-30 03:17 +01:00``."""
    there = instant.astimezone(ZoneInfo(zone))
    offset = f"{there:%z}"
    return f"{DAYS[there.weekday()]} {there:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:5]}"


def utc(instant: datetime) -> str:
    """Write an instant in UTC, under a heading that says so."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def spoken(job: Job) -> str:
    """Say a job's cron expression in English: ``at 03:17 on Monday``."""
    from toolkit.schedule.cron import parsed

    said = parsed(job.cron).words
    return said[:1].lower() + said[1:]
