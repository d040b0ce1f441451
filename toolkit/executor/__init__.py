"""One function over local workers or a Dask cluster: trials in, outcomes out as they are done.

Nothing here knows what a trial means. A trial that fails, runs past its limit or takes its worker down with
it is an outcome like any other, and of that trial only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, TimeoutError
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from toolkit.executor.lanes import Lanes
from toolkit.executor.needs import libraries
from toolkit.executor.worker import ENVIRONMENT, TimedOutError, perform
from toolkit.records import Outcome, Trial

__all__ = ["ENVIRONMENT", "default_jobs", "prepare", "submit_all"]

Done = tuple[int, Trial, "Future[Outcome]", float]


def default_jobs() -> int:
    """Return how many workers this process may keep busy."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def prepare(compiled: Path, experiments: Iterable[str]) -> None:
    """Start importing what experiments need in the background, where the platform can.

    Start-up is all imports; what the parent does meanwhile costs nothing.
    """
    from toolkit.executor import local

    with _environment(compiled):
        local.prepare(libraries(experiments))


def submit_all(
    trials: Sequence[Trial],
    timeout: float | None = None,
    *,
    compiled: Path,
    jobs: int | None = None,
    networks: Collection[str] = (),
    cluster: Any = None,
) -> Iterator[Outcome]:
    """Run trials and yield their outcomes in order of completion.

    Parameters
    ----------
    trials : sequence of Trial
        Earlier ones start earlier.
    timeout : float or None
        Seconds one trial may take, the start of its worker not counted.
    compiled : Path
        Folder for compiled network programs, shared by all workers of this machine.
    jobs : int, optional
        Workers; by default one for each processor this process may use.
    networks : collection of str
        Experiments whose programs are compiled: the first trial of each dataset goes ahead alone, so that
        the others find the program ready.
    cluster : str or distributed.Client, optional
        Address of a Dask scheduler, or a client.
    """
    if not trials:
        return
    lanes = Lanes(trials, networks)
    finished: SimpleQueue[Done] = SimpleQueue()
    with _environment(compiled):
        slots = _slots(cluster, min(jobs or default_jobs(), len(trials)))
        try:
            free = list(range(len(slots)))
            running = 0
            while True:
                idle = []
                for slot in free:
                    trial = lanes.take(slot)
                    if trial is None:
                        idle.append(slot)
                        continue
                    future = slots.start(slot, perform, trial, timeout)
                    future.add_done_callback(_reporter(finished, slot, trial))
                    running += 1
                if not running:
                    return
                slot, trial, future, seconds = _next(finished)
                running -= 1
                lanes.done(trial)
                free = [*idle, slot]
                yield _outcome(trial, future, seconds, timeout)
        finally:
            slots.close()


def _slots(cluster: Any, jobs: int) -> Any:
    if cluster is None:
        from toolkit.executor.local import LocalSlots

        return LocalSlots(jobs)
    from toolkit.executor.cluster import ClusterSlots

    return ClusterSlots(cluster)


def _reporter(finished: SimpleQueue[Done], slot: int, trial: Trial) -> Any:
    began = time.perf_counter()
    return lambda future: finished.put((slot, trial, future, time.perf_counter() - began))


def _next(finished: SimpleQueue[Done]) -> Done:
    """Wait in short steps: a wait without end cannot be interrupted on Windows."""
    while True:
        try:
            return finished.get(timeout=1.0)
        except Empty:
            continue


def _outcome(trial: Trial, future: Future[Outcome], seconds: float, timeout: float | None) -> Outcome:
    """Turn whatever became of a trial into its outcome."""
    try:
        return future.result()
    except (TimeoutError, TimedOutError):
        return Outcome(trial, "timeout", reason=f"ran past its limit of {timeout:g} s", seconds=seconds)
    except CancelledError:
        return Outcome(trial, "died", reason="its worker was lost", seconds=seconds)
    except Exception as error:
        code = getattr(error, "exitcode", None)
        how = f"exit code {code}" if isinstance(code, int) else type(error).__name__
        return Outcome(trial, "died", reason=f"its worker died ({how})", seconds=seconds)


@contextmanager
def _environment(compiled: Path) -> Iterator[None]:
    """Set what workers inherit: one thread each, and where compiled programs are kept."""
    wanted = dict(ENVIRONMENT)
    with suppress(OSError):  # a cache that cannot be kept costs time, and no trial
        compiled.mkdir(parents=True, exist_ok=True)
        wanted["JAX_COMPILATION_CACHE_DIR"] = str(compiled)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
