"""One tick: bring in order what the last one left, then run what is due, once, and leave.

A tick never waits and never stays: what is to be tried again later is tried by a later tick. Two ticks at a
time cannot be: who comes second says who holds the folder, and leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from toolkit.history import History
from toolkit.history.instants import due_id, iso, missed_id
from toolkit.schedule import heartbeat
from toolkit.schedule.deciding import Decision, decide, see, unsee
from toolkit.schedule.due import Misses
from toolkit.schedule.home import Home
from toolkit.schedule.jobs import Config, Job
from toolkit.schedule.lock import HeldError, LostError, held
from toolkit.schedule.pending import first
from toolkit.schedule.publishing import SCHEMA
from toolkit.schedule.recovery import give_up, recover
from toolkit.schedule.result import TickResult
from toolkit.schedule.runner import Processes, Runner
from toolkit.schedule.running import attempt
from toolkit.schedule.work import Terms, Work, told

Clock = Callable[[], datetime]
REAL = Terms()
CONFIGURATION = 2
NEWER = "a newer instant is due"
TURNED_OFF = "it is turned off (enabled = false)"
OFF = "no tick came in time: the machine was off, nothing called run-due, or other runs held the folder"


def wall_clock() -> datetime:
    """Return the time on the wall."""
    return datetime.now(UTC)


def tick(
    config: Config,
    *,
    at: datetime,
    history: History | None = None,
    runner: Runner | None = None,
    only: Sequence[str] = (),
    force: bool = False,
    clock: Clock = wall_clock,
    terms: Terms = REAL,
    troubles: Sequence[str] = (),
) -> TickResult:
    """Run what is due.

    Parameters
    ----------
    at : datetime
        The time for which is decided what is due.
    only : sequence of str
        Names of jobs; by default all. One that is turned off is not run by its name either.
    force : bool
        Wait for neither jitter nor the time between attempts; where nothing is known of a job, its latest
        instant is due.
    clock : callable
        The time on the wall, for what is written down.
    troubles : sequence of str
        What is wrong with the jobs that are not in `config`.

    Raises
    ------
    BadInputError
        If there is no job of a name.
    OSError
        If the state folder cannot be written at all.
    """
    named = [config.job(name) for name in only]
    jobs = [job for job in named or config.jobs if job.enabled]
    result = TickResult(iso(at))
    result.skipped += [{"job": job.name, "reason": TURNED_OFF} for job in named if not job.enabled]
    for trouble in troubles:
        result.trouble(trouble, CONFIGURATION)

    def steps(work: Work) -> None:
        for decision in _decided(work, jobs, at, force=force):
            _carry_out(work, decision, at)

    return holding(
        config,
        steps,
        result,
        history=history,
        runner=runner,
        clock=clock,
        terms=terms,
        at=at,
        complete=not troubles,
    )


def holding(
    config: Config,
    steps: Callable[[Work], None],
    result: TickResult,
    *,
    history: History | None,
    runner: Runner | None,
    clock: Clock,
    terms: Terms,
    at: datetime,
    complete: bool = True,
) -> TickResult:
    """Hold the folder, bring it in order, take some steps, and leave a sign of life."""
    home = Home(config.home)
    try:
        with held(home.path, me=terms.me, flock=terms.flock, stale=terms.stale) as mine:
            work = Work(
                config,
                home,
                history or History(config.home),
                runner or Processes(),
                mine,
                clock,
                terms,
                result,
                complete,
            )
            with heartbeat.beating(work, at):
                _steps(work, steps)
    except HeldError as error:
        result.held = str(error)
    return result


def _steps(work: Work, steps: Callable[[Work], None]) -> None:
    try:
        recover(work)
        if work.complete:
            unsee(work.config, work.home)
        steps(work)
    except LostError as error:
        work.result.trouble(str(error))
    for said in work.history.troubles:
        work.result.trouble(said)


def _decided(work: Work, jobs: Sequence[Job], at: datetime, *, force: bool) -> list[Decision]:
    """Decide for every job, and put what is to be run in the order in which it became due."""
    decisions = []
    for job in jobs:
        if job.name in work.busy:
            continue
        with told(work, job.name):
            decision = decide(job, work.home, work.history, at=at, now=work.now, force=force)
            see(job, work.home, work.history, at)
            decisions.append(decision)
    return sorted(decisions, key=lambda decision: decision.due or at)


def _carry_out(work: Work, decision: Decision, at: datetime) -> None:
    """Do what was decided for one job."""
    job = decision.job
    with told(work, job.name):
        if decision.cut:
            work.result.trouble(f"{job.name}: what was missed more than 400 days ago is not counted")
        for pending in decision.superseded:
            give_up(work, pending, NEWER)
        if decision.missed:
            _miss(work, job, decision.missed, at)
        if decision.due:
            run = decision.pending or first(job, due_id(decision.due), decision.due, home=work.home)
            attempt(work, job, run)


def _miss(work: Work, job: Job, missed: Misses, at: datetime) -> None:
    """Record a range of instants that nobody will run any more.

    Its end is the time for which that was decided: should the clock turn out to have been ahead, the range
    counts for nothing until then.
    """
    work.sure()
    first_due, due = iso(missed.first), iso(missed.last)
    record = {
        "schema": SCHEMA,
        "job": job.name,
        "id": missed_id(missed.last),
        "kind": "missed",
        "due": due,
        "first_due": first_due,
        "count": missed.count,
        "outcome": "missed",
        "reason": OFF,
        "ended": iso(at),
        "host": work.held.me.host,
    }
    if work.history.publish(record):
        told_of = {"job": job.name, "first_due": first_due, "due": due, "count": missed.count}
        work.result.missed.append(told_of)
