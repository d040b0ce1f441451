"""Workers on this machine: one pebble pool of one process per slot.

One process per pool, so that a trial can be sent to the worker that compiled its program, and a worker that
dies takes exactly one trial with it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import connection, process
from types import ModuleType
from typing import Any

from pebble import ProcessPool

from toolkit.records import Outcome, Trial

PRELOAD = "toolkit.executor.preload"
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_starting = threading.RLock()
_started_as: Any = multiprocessing.get_context(METHOD)


class Worker(_started_as.Process):  # type: ignore[misc]  # the platform decides which class that is
    """A process that does not run the caller's script again.

    Workers import what they need by name. Otherwise a script that calls `check` outside of
    ``if __name__ == "__main__"`` would start itself over in every worker.
    """

    def start(self) -> None:
        """Start the process with the caller's script out of sight."""
        with _unnamed_main():
            super().start()


class Context:
    """How processes are started here, as pebble wants it: a multiprocessing context with our own process."""

    Process = Worker

    def __getattr__(self, name: str) -> Any:
        return getattr(_started_as, name)


def prepare(libraries: Sequence[str] = ()) -> None:
    """Start the fork server, which imports the libraries while the parent goes on.

    One that is running already stays as it is: its workers then import what they miss.
    """
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        with _unnamed_main():
            os.environ["TOOLKIT_PRELOAD"] = ",".join(libraries)
            _started_as.set_forkserver_preload([PRELOAD])
            forkserver.ensure_running()
            del os.environ["TOOLKIT_PRELOAD"]


class LocalSlots:
    """A fixed number of workers, each started when its first trial comes and again when it has died."""

    def __init__(self, jobs: int) -> None:
        prepare()
        self._context = Context()
        self._pools: list[ProcessPool | None] = [None] * jobs
        self._doing: list[str] = [""] * jobs
        self._left: list[threading.Thread] = []

    def __len__(self) -> int:
        return len(self._pools)

    def start(
        self, slot: int, function: Callable[[Trial], Outcome], trial: Trial, timeout: float | None
    ) -> Future[Outcome]:
        """Send a trial to a slot's worker, a fresh one where another experiment begins.

        Compiled programs are of no use to the next experiment and would fill the memory; a forked worker
        has its libraries already.
        """
        pool = self._pools[slot]
        if METHOD == "forkserver" and pool is not None and self._doing[slot] != trial.experiment:
            self._left.append(threading.Thread(target=_finish, args=[pool]))
            self._left[-1].start()
            pool = None
        self._doing[slot] = trial.experiment
        if pool is None or not pool.active:
            pool = self._pools[slot] = ProcessPool(
                max_workers=1, context=self._context, initializer=begin, initargs=[dict(os.environ)]
            )
        future: Future[Outcome] = pool.schedule(function, args=[trial], timeout=timeout)
        return future

    def close(self) -> None:
        """Stop every worker, whatever it is doing."""
        pools = [pool for pool in self._pools if pool is not None]
        for pool in pools:
            pool.stop()
        for pool in pools:
            pool.join()
        for leaving in self._left:
            leaving.join()


def _finish(pool: ProcessPool) -> None:
    """Let an idle worker go, and its memory; nobody waits for it."""
    pool.close()
    pool.join()


def begin(environment: Mapping[str, str]) -> None:
    """Get a fresh worker ready: the parent's settings, and an end of its own should the parent vanish."""
    os.environ.update(environment)  # the fork server may have been started under another
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End at once when the parent is gone: a killed run must leave nothing running."""
    parent = process.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _unnamed_main() -> Iterator[None]:
    """Hide the caller's script while a process is started."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
