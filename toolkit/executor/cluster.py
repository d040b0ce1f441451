"""Workers on a Dask cluster: one trial at a time on each, never twice, with a limit Dask does not have."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from toolkit.executor.worker import TimedOutError, pin_networks
from toolkit.records import BadInputError, Outcome, Trial

TOPIC = "toolkit-timeouts"
RETURN = 30.0  # seconds a nanny may take to start a new worker under the old name
GRACE = 1.0  # seconds for the word that a limit was passed to leave a worker before it ends itself


class ClusterSlots:
    """One slot for each worker thread that the cluster had when the run began.

    A trial is submitted only when a slot is free, so that no trial waits on a worker that dies: Dask counts
    a worker's death against everything assigned to it.

    Parameters
    ----------
    cluster : str, distributed.Client or distributed cluster
        Where to run: an address such as ``tcp://10.0.0.1:8786``, a client, or a cluster object.
    """

    def __init__(self, cluster: Any) -> None:
        try:
            import dask
            from distributed import Client
        except ImportError:
            raise BadInputError(
                "running on a cluster needs Dask: pip install 'misconception-toolkit[cluster]'"
            ) from None
        self._config = dask.config.set({"distributed.scheduler.allowed-failures": 0})
        self._own = not isinstance(cluster, Client)
        self._client = Client(cluster) if self._own else cluster
        workers = self._workers()
        busy = [name for name, worker in workers.items() if worker["nthreads"] > 1]
        if not workers or busy:
            self.close()
            fault = f"worker {busy[0]} has several" if busy else "it has none"
            raise BadInputError(f"a cluster needs workers of one thread each (--nthreads 1); {fault}")
        self._slots = list(workers)
        self._client.run_on_scheduler(_never_again)

    def __len__(self) -> int:
        return len(self._slots)

    def start(
        self, slot: int, function: Callable[[Trial], Outcome], trial: Trial, timeout: float | None
    ) -> Future[Outcome]:
        """Send a trial to a slot's worker."""
        address = self._address(slot)
        name = f"trial-{slot}-{'-'.join(map(str, trial.key))}-{os.urandom(4).hex()}"
        sent = self._client.submit(
            guarded,
            function,
            trial,
            timeout,
            name,
            key=name,
            pure=False,
            retries=0,
            workers=address and [address],
            allow_other_workers=bool(address),
        )
        answer: Future[Outcome] = Future()
        sent.add_done_callback(lambda done: self._pass_on(done, answer, name))
        return answer

    def close(self) -> None:
        """Let go of the cluster; what still runs there ends with its own limit."""
        with suppress(Exception):  # the scheduler may be gone, which is no fault of the run's results
            if self._own:
                self._client.close()

    def _workers(self) -> dict[Any, Any]:
        """Return the workers that are there now, by name: a nanny starts a new one under the old name."""
        found = self._client.scheduler_info(n_workers=-1)["workers"]
        return {worker["name"]: worker | {"address": address} for address, worker in found.items()}

    def _address(self, slot: int) -> str | None:
        """Return where a slot's worker is, waiting for it to come back so that no two trials share one."""
        until = time.monotonic() + RETURN
        while True:
            worker = self._workers().get(self._slots[slot])
            if worker is not None or time.monotonic() > until:
                return worker and worker["address"]
            time.sleep(0.1)

    def _pass_on(self, done: Any, answer: Future[Outcome], name: str) -> None:
        """Turn a distributed future, in whichever state it ended, into a plain one."""
        try:
            outcome = done.result()
            done.release()  # else Dask would run it again should the worker that holds it die later
            answer.set_result(outcome)
        except Exception as error:
            late = name in {text for _, text in self._client.get_events(TOPIC) or ()}
            answer.set_exception(TimedOutError() if late else error)


def _never_again(dask_scheduler: Any) -> None:
    """Tell a scheduler that a trial whose worker died is not tried on another."""
    dask_scheduler.allowed_failures = 0


def guarded(function: Callable[[Trial], Outcome], trial: Trial, timeout: float | None, name: str) -> Outcome:
    """Run a trial with a watchdog that ends the worker when the limit has passed.

    Nothing gentler stops compiled code; the worker's nanny starts a new one.
    """
    pin_networks()
    if timeout is None:
        return function(trial)
    from distributed import get_worker

    watchdog = threading.Timer(timeout, _give_up, (get_worker(), name))
    watchdog.daemon = True
    watchdog.start()
    try:
        return function(trial)
    finally:
        watchdog.cancel()


def _give_up(worker: Any, name: str) -> None:
    with suppress(Exception):  # whether or not the word gets out, the limit holds
        worker.log_event(TOPIC, name)
        threading.Event().wait(GRACE)
    os._exit(1)
