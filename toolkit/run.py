"""The second stage: trials become outcomes, from the journal where it has them, from workers where not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolkit import executor, provenance
from toolkit.journal import Journal
from toolkit.records import BeliefResult, Outcome, Trial

EventKind = Literal["planned", "trial", "experiment", "written"]


@dataclass(frozen=True)
class Event:
    """What a run tells whoever watches it.

    Attributes
    ----------
    kind : {"planned", "trial", "experiment", "written"}
        All trials are known; one is over; an experiment's last one is over and it is judged; the folder
        holds the results.
    done, total : int
        Trials over, and trials in all.
    experiment : str
        Code of the experiment, for "trial" and "experiment".
    outcome : Outcome or None
        For "trial".
    reused : bool
        For "trial": whether the journal had it.
    result : BeliefResult or None
        For "experiment".
    folder : str
        For "written".
    """

    kind: EventKind
    done: int
    total: int
    experiment: str = ""
    outcome: Outcome | None = None
    reused: bool = False
    result: BeliefResult | None = None
    folder: str = ""


Progress = Callable[[Event], object]


def silent(_: Event) -> None:
    """Tell nobody."""


def run(
    trials: Sequence[Trial],
    journal: Journal,
    *,
    networks: Collection[str] = (),
    jobs: int | None = None,
    timeout: float | None = None,
    cluster: Any = None,
    progress: Progress = silent,
) -> Iterator[Outcome]:
    """Yield every trial's outcome: first those the journal has, then the others as they are done.

    An outcome is in the journal before it is yielded, so whoever stops a run keeps what it measured.
    """
    families = {trial: provenance.family(trial, executor.ENVIRONMENT) for trial in trials}
    known = {trial: journal.find(family, trial) for trial, family in families.items()}
    missing = [trial for trial in trials if known[trial] is None]
    compiled = journal.folder.parent / "compiled" / provenance.processor_kind()
    if missing and cluster is None:
        executor.prepare(compiled, {trial.experiment for trial in missing})
    progress(Event("planned", 0, len(trials)))
    done = 0
    for outcome in (found for found in known.values() if found):
        done += 1
        progress(Event("trial", done, len(trials), outcome.trial.experiment, outcome, reused=True))
        yield outcome
    measured = executor.submit_all(
        missing, timeout, compiled=compiled, jobs=jobs, networks=networks, cluster=cluster
    )
    for outcome in measured:
        journal.append(_family(families, outcome), outcome)
        done += 1
        progress(Event("trial", done, len(trials), outcome.trial.experiment, outcome))
        yield outcome


def _family(families: dict[Trial, str], outcome: Outcome) -> str:
    """Return the cache key of what really ran: a worker that was not pinned made other numbers."""
    if outcome.threads == 1:
        return families[outcome.trial]
    return provenance.family(outcome.trial, executor.ENVIRONMENT | {"threads": str(outcome.threads)})


def by_experiment(
    trials: Sequence[Trial], outcomes: Iterable[Outcome]
) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Yield each experiment's outcomes, sorted by trial, as soon as its last one is there."""
    waiting: dict[str, int] = {}
    for trial in trials:
        waiting[trial.experiment] = waiting.get(trial.experiment, 0) + 1
    gathered: dict[str, list[Outcome]] = {code: [] for code in waiting}
    for outcome in outcomes:
        code = outcome.trial.experiment
        gathered[code].append(outcome)
        waiting[code] -= 1
        if not waiting[code]:
            yield code, tuple(sorted(gathered.pop(code), key=lambda o: o.trial.key))
