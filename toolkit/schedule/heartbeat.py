"""A sign of life at the start and the end of each tick, for otherwise nobody would see that cron is dead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from toolkit.history.instants import iso
from toolkit.records import BadInputError
from toolkit.schedule.due import next_due
from toolkit.schedule.home import Home, read, write
from toolkit.schedule.jobs import Config
from toolkit.schedule.work import Work

SCHEMA = "toolkit.heartbeat/1"
BUG, INTERRUPTED, TERMINATED = 70, 130, 143


@contextmanager
def beating(work: Work, at: datetime) -> Iterator[None]:
    """Write the heartbeat before and after; a disk that cannot take it is told, and stops nothing."""
    began = work.now_text
    _beat(work, began, at, None)
    try:
        yield
    except BaseException as error:
        _beat(work, began, at, _code(error))
        raise
    _beat(work, began, at, work.result.exit)


def last(home: Home) -> dict[str, Any] | None:
    """Return the last heartbeat, None where there was none or it cannot be read."""
    try:
        found = read(home.heartbeat)
    except (ValueError, OSError):
        return None
    return found if isinstance(found, dict) else None


def upcoming(config: Config, at: datetime) -> dict[str, str]:
    """Return when each enabled job is next due."""
    found = {}
    for job in config.jobs:
        if job.enabled:
            try:
                found[job.name] = iso(next_due(job, at))
            except BadInputError:  # not within fifty years, which `schedule check` says better
                continue
    return found


def _beat(work: Work, began: str, at: datetime, code: int | None) -> None:
    done = code is not None
    plain = {
        "schema": SCHEMA,
        "at": began,
        "host": work.held.me.host,
        "pid": work.held.me.pid,
        "finished": work.now_text if done else None,
        "exit": code,
        "next_due": upcoming(work.config, at),
        "toolkit": _version(),
    }
    try:
        write(work.home.heartbeat, plain)
    except OSError as error:
        work.result.trouble(f"{work.home.heartbeat}: the heartbeat cannot be written ({error.strerror})", 3)


def _code(error: BaseException) -> int:
    """Return the exit code that the command line will make of it."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return BUG if isinstance(error, Exception) else TERMINATED


@lru_cache(maxsize=1)
def _version() -> str | None:
    try:
        return version("misconception-toolkit")
    except PackageNotFoundError:
        return None
