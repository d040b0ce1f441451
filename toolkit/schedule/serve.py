"""A loop of ticks, where there is no cron: it looks at the clock, runs what is due, and waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from toolkit.history.instants import instant_of
from toolkit.records import BadInputError
from toolkit.schedule.heartbeat import upcoming
from toolkit.schedule.jobs import Config
from toolkit.schedule.result import TickResult
from toolkit.schedule.runner import Runner
from toolkit.schedule.tick import REAL, Clock, tick
from toolkit.schedule.work import Terms

LONGEST, SHORTEST = 60.0, 1.0  # seconds between two looks at the clock


def serve(
    read: Callable[[], tuple[Config, list[str]]],
    *,
    tell: Callable[[TickResult], object],
    say: Callable[[str], object],
    clock: Clock,
    wait: Callable[[float], object],
    runner: Runner | None = None,
    terms: Terms = REAL,
) -> None:
    """Tick for ever; whoever stops this process ends it.

    Parameters
    ----------
    read : callable
        Returns the jobs and what is wrong with the others; asked before every tick, so that changes count.
    tell, say : callable
        Told what each tick did, and what kept one from being done.
    """
    said: list[str] = []
    while True:
        pause = LONGEST
        try:
            config, troubles = read()
            result = tick(config, at=clock(), runner=runner, clock=clock, terms=terms, troubles=troubles)
            heard, said = said, [*result.troubles, *filter(None, [result.held])]
            tell(_without(result, heard))
            pause = until_next(config, clock())
        except (BadInputError, OSError) as error:
            if [str(error)] != said:
                said = [str(error)]
                say(f"{error}; it goes on when that is mended")
        wait(pause)


def until_next(config: Config, now: datetime) -> float:
    """Return how many seconds to wait: until something is due, and never so long that changes go unseen."""
    due = min(upcoming(config, now).values(), default=None)
    left = (instant_of(due) - now).total_seconds() if due else LONGEST
    return min(LONGEST, max(SHORTEST, left))


def _without(result: TickResult, heard: Sequence[str]) -> TickResult:
    """Return what a tick did without the troubles that were told a minute ago: once is enough."""
    troubles = [trouble for trouble in result.troubles if trouble not in heard]
    return replace(result, troubles=troubles, held=None if result.held in heard else result.held)
