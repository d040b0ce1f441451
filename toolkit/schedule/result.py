"""What a tick did, as data; the command line only prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.schedule.outcomes import exit_of, worst

SCHEMA = "toolkit.tick/1"


@dataclass
class TickResult:
    """What a tick did.

    Attributes
    ----------
    at : str
        The time it was for, ISO.
    runs : list of dict
        Runs that got their record: job, id, due, outcome, exit, reason, report, attempts.
    missed : list of dict
        Ranges that got their record of misses: job, first_due, due, count.
    waiting : list of dict
        Runs that are tried again later: job, id, next_try, reason, log.
    skipped : list of dict
        Jobs that were passed over: job, reason.
    troubles : list of str
        What the user should know of the folder, one line each.
    held : str or None
        Who held the folder; then nothing was done.
    codes : list of int
        What each of these means for the exit code.
    bug : Exception or None
        The first that nobody had foreseen; the other jobs ran all the same.
    """

    at: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    held: str | None = None
    codes: list[int] = field(default_factory=list)
    bug: Exception | None = None

    @property
    def exit(self) -> int:
        """The worst of the jobs' exits."""
        return worst(self.codes)

    @property
    def idle(self) -> bool:
        """Whether nothing happened that anybody would want to read."""
        return not (self.runs or self.missed or self.waiting or self.skipped or self.troubles or self.held)

    def finished(self, record: Mapping[str, Any], gate: tuple[str, ...]) -> None:
        """Take a run's record in."""
        kept = ("job", "id", "due", "outcome", "exit", "reason", "report")
        self.runs.append({key: record[key] for key in kept} | {"attempts": len(record["attempts"])})
        self.codes.append(exit_of(record["outcome"], record["exit"], gate))

    def trouble(self, text: str, code: int = 0) -> None:
        """Take in something the user should know."""
        if text not in self.troubles:
            self.troubles.append(text)
        self.codes.append(code)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "schema": SCHEMA,
            "at": self.at,
            "held": self.held,
            "runs": self.runs,
            "missed": self.missed,
            "waiting": self.waiting,
            "skipped": self.skipped,
            "troubles": self.troubles,
            "exit": self.exit,
        }

    def lines(self) -> Iterator[str]:
        """Say what was done, one line each."""
        for miss in self.missed:
            yield f"{miss['job']}: {_missed(miss)}"
        for run in self.runs:
            said = f"{run['job']} {run['id']}: {run['outcome'].replace('_', ' ')}"
            said += f" ({run['reason']})" if run["reason"] else ""
            yield said + (f": {run['report']}" if run["report"] else "")
        for run in self.waiting:
            log = f"; its output is in {run['log']}" if run["log"] else ""
            yield f"{run['job']} {run['id']}: {run['reason']}; tried again from {run['next_try']} on{log}"
        for skip in self.skipped:
            yield f"{skip['job']}: {skip['reason']}"


def _missed(miss: Mapping[str, Any]) -> str:
    if miss["count"] == 1:
        return f"missed what was due {miss['due']}"
    return f"missed {miss['count']} instants from {miss['first_due']} to {miss['due']}"
