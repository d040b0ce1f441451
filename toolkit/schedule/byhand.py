"""Run one job because somebody asks, due or not: one attempt, with a record of its own."""

from __future__ import annotations

from itertools import count

from toolkit.history import History
from toolkit.history.instants import iso, manual_id
from toolkit.schedule.jobs import Config
from toolkit.schedule.pending import first
from toolkit.schedule.result import TickResult
from toolkit.schedule.runner import Runner
from toolkit.schedule.running import attempt
from toolkit.schedule.tick import REAL, Clock, holding, wall_clock
from toolkit.schedule.work import Terms, Work, told


def run_now(
    config: Config,
    name: str,
    *,
    anew: bool = False,
    history: History | None = None,
    runner: Runner | None = None,
    clock: Clock = wall_clock,
    terms: Terms = REAL,
    complete: bool = True,
) -> TickResult:
    """Run a job now; it answers for no due instant.

    Parameters
    ----------
    anew : bool
        Whether a job that watches begins anew: evidence of earlier runs no longer counts.
    complete : bool
        Whether all jobs of the configuration could be read; else what stands of the others is left alone.

    Raises
    ------
    BadInputError
        If there is no such job.
    """
    job = config.job(name)
    at = clock()
    result = TickResult(iso(at))

    def steps(work: Work) -> None:
        if job.name in work.busy:
            return
        with told(work, job.name):
            attempt(work, job, first(job, _free(work, name), None, home=work.home), anew=anew)

    return holding(
        config,
        steps,
        result,
        history=history,
        runner=runner,
        clock=clock,
        terms=terms,
        at=at,
        complete=complete,
    )


def _free(work: Work, name: str) -> str:
    """Return an id that no other run of the job has: several may begin in one second."""
    now = work.now
    return next(run for number in count(1) if not _taken(work, name, run := manual_id(now, number)))


def _taken(work: Work, name: str, run: str) -> bool:
    places = (
        work.history.home.record(name, run),
        work.home.attempts(name, run),
        work.home.staging(name, run),
    )
    return any(place.exists() for place in places)
