"""Which trial a free worker takes next: in order, but programs are compiled once."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from toolkit.records import Trial

Lane = tuple[str, str]


class Lanes:
    """Trials waiting, grouped by experiment and dataset.

    A lane of a network experiment belongs to the worker that took its first trial: its programs are traced
    and compiled there. Others help only when they have nothing else to do, and only once that first trial
    is done and its programs are in the cache.
    """

    def __init__(self, trials: Sequence[Trial], networks: Collection[str] = ()) -> None:
        self._waiting: dict[Lane, deque[Trial]] = {}
        for trial in trials:
            self._waiting.setdefault((trial.experiment, trial.dataset), deque()).append(trial)
        self._networks = frozenset(networks)
        self._owner: dict[Lane, int] = {}
        self._ready: set[Lane] = set()

    def take(self, slot: int) -> Trial | None:
        """Return the next trial for a worker; None if there is nothing it should start now."""
        for lane in self._waiting:
            if lane[0] not in self._networks or self._owner.setdefault(lane, slot) == slot:
                return self._pop(lane)
        open_lanes = [lane for lane in self._waiting if lane in self._ready]
        return self._pop(max(open_lanes, key=lambda lane: len(self._waiting[lane]))) if open_lanes else None

    def done(self, trial: Trial) -> None:
        """Note that a trial is over, whatever became of it."""
        self._ready.add((trial.experiment, trial.dataset))

    def _pop(self, lane: Lane) -> Trial:
        trial = self._waiting[lane].popleft()
        if not self._waiting[lane]:
            del self._waiting[lane]
        return trial
