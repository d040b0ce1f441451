"""Kill ticks at random moments, let others go on, and look whether anything was lost, torn or done twice.

    python tests/stubs/killed_ticks.py FOLDER [--kills 20] [--seed 0]

Each round forks a real tick that runs a real attempt whose work is a few milliseconds long, and kills it with
KILL at a moment drawn at random: the tick alone, its process group, or it and its attempt together as a power
cut would. Half of the moments are drawn over the whole length of a tick, half from the moment the attempt has
finished, because recording takes less time than running. Prints what was found as JSON.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.history import History
from toolkit.history.instants import due_id, instant_of
from toolkit.schedule.due import instants
from toolkit.schedule.home import Home
from toolkit.schedule.jobs import Config, Job
from toolkit.schedule.process import lives
from toolkit.schedule.runner import Processes, process_of
from toolkit.schedule.tick import tick
from toolkit.schedule.work import Terms

START = datetime(2026, 3, 2, 8, 0, 30, tzinfo=UTC)
STUB = Path(__file__).with_name("stub_attempt.py")
MODES = ("the tick", "its group", "it and its attempt")
PHASES = (
    "before anything",
    "claimed",
    "running",
    "finished, no record",
    "recorded, not in place",
    "all in place",
)
PATIENCE = 30.0  # seconds for what an attempt of a killed tick needs to end
KEEP = 4


@dataclass
class Rounds:
    """A project whose ticks are killed."""

    folder: Path
    seed: int
    now: datetime = START
    phases: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.ledger = self.folder / "ledger.txt"
        source = self.folder / "toolkit.toml"
        source.write_text("", "utf-8")
        words = ("audit", "seconds=0.02", "document=kept", f"ledger={self.ledger}")
        self.jobs = tuple(
            Job(name, words, "* * * * *", retries=100, backoff=0, keep=KEEP, source=source)
            for name in ("loans", "cards")
        )
        self.config = Config(source, self.folder / "reports", self.jobs)
        self.home = Home(self.config.home)
        self.length = 0.2

    def begin(self) -> int:
        """Fork a tick and return its number."""
        child = os.fork()
        if child:
            return child
        try:
            os.setsid()
            self.tick()
            os._exit(0)
        except BaseException as error:
            print(f"a tick failed: {error!r}", file=sys.stderr, flush=True)  # noqa: T201
            os._exit(1)

    def tick(self) -> Any:
        """Do what run-due does, by this project's clock."""
        runner = Processes((sys.executable, "-S", "-E", str(STUB)))
        terms = Terms(room=0, left_behind=0.0)
        return tick(self.config, at=self.now, runner=runner, clock=lambda: self.now, terms=terms)

    def kill_one(self) -> None:
        """Begin a tick and kill it at some moment."""
        child, mode = self.begin(), self.chance.choice(MODES)
        began = time.monotonic()
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, self.length))
        else:
            while not self._finished() and time.monotonic() < began + 2 * self.length:
                time.sleep(0.0005)
            time.sleep(self.chance.uniform(0, self.length / 4))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL) if mode == MODES[0] else os.killpg(child, signal.SIGKILL)
        if mode == MODES[2]:
            self._kill_attempts()
        os.waitpid(child, 0)
        self.modes[mode] += 1
        self.phases[self._phase()] += 1
        self.settle()

    def settle(self) -> None:
        """Wait until nothing that a killed tick started keeps the folder: it was told to end."""
        until = time.monotonic() + PATIENCE
        lock = self.home.path / "lock"
        while lock.exists():
            with lock.open("rb+") as file, suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            assert time.monotonic() < until, "an attempt of a killed tick does not end"
            time.sleep(0.002)

    def measure(self) -> None:
        """Measure how long a tick takes that nobody kills."""
        self.now += timedelta(minutes=1)
        began = time.monotonic()
        os.waitpid(self.begin(), 0)
        self.length = time.monotonic() - began

    def run(self, kills: int) -> None:
        """Kill so many ticks; half of the time the clock goes on before the next."""
        os.waitpid(self.begin(), 0)
        self.measure()
        for _ in range(kills):
            if self.chance.random() < 0.6:
                self.now += timedelta(minutes=self.chance.choice((1, 1, 1, 3)))
            self.kill_one()
        for _ in range(20):
            result = self.tick()
            if result.idle:
                return
        raise AssertionError(f"the ticks do not come to rest: {result.plain()}")

    def _finished(self) -> bool:
        return any(self.home.path.glob("staging/*/*/*/exit.json"))

    def _kill_attempts(self) -> None:
        for staging in self.home.path.glob("staging/*/*/*"):
            process = process_of(staging)
            if process and lives(process):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _phase(self) -> str:
        """Say how far the tick had come, by the least that was done for an instant that it had begun."""
        pairs = self.home.unfinished()
        if not pairs:
            due = due_id(self.now.replace(second=0))
            there = [(self.home.path / "records" / job.name / f"{due}.json").exists() for job in self.jobs]
            return PHASES[5] if all(there) else PHASES[0]
        job, run = pairs[-1]
        stagings = sorted(self.home.staging(job, run).glob("*"), key=lambda path: int(path.name))
        if (self.home.path / "records" / job / f"{run}.json").exists():
            return PHASES[4]
        if stagings and (stagings[-1] / "exit.json").exists():
            return PHASES[3]
        return PHASES[2] if stagings and (stagings[-1] / "process.json").exists() else PHASES[1]


def violations(rounds: Rounds) -> list[str]:
    """Return everything that must not be."""
    found = []
    history = History(rounds.config.home)
    ran = Counter(rounds.ledger.read_text("utf-8").splitlines())
    found += [f"{run} finished {times} times" for run, times in ran.items() if times > 1]
    for job in rounds.jobs:
        records = history.records(job.name)
        runs = [record for record in records if record["kind"] == "run"]
        found += _unanswered(rounds, job, records)
        for record in runs:
            found += _torn(history, job, record)
        found += _misplaced(rounds, job, runs)
    found += history.check()
    found += [f"left behind: {path}" for path in _left(rounds)]
    return found


def _unanswered(rounds: Rounds, job: Job, records: list[dict[str, Any]]) -> list[str]:
    """Every instant has one record: a run of its own, or a range of misses that it falls in."""
    found = []
    for due in instants(job.cron, job.timezone, START - timedelta(minutes=1), rounds.now):
        answers = [
            record["id"]
            for record in records
            if instant_of(record["first_due"] or record["due"]) <= due <= instant_of(record["due"])
        ]
        if len(answers) != 1:
            found.append(f"{job.name} {due_id(due)} is answered by {answers}")
    return found


def _torn(history: History, job: Job, record: dict[str, Any]) -> list[str]:
    """A run that is done has its document, whole, and finished once, the last time."""
    exits = [one["exit"] for one in record["attempts"]]
    numbers = [one["number"] for one in record["attempts"]]
    found = []
    if numbers != sorted(set(numbers)):
        found.append(f"{job.name} {record['id']}: attempts {numbers}")
    if record["outcome"] == "done":
        if exits.count(0) != 1 or exits[-1] != 0:
            found.append(f"{job.name} {record['id']}: exits {exits}")
        if history.document(job.name, record["id"])["said"] != "kept":
            found.append(f"{job.name} {record['id']}: another document")
    elif record["outcome"] != "interrupted" or 0 in exits:
        found.append(f"{job.name} {record['id']}: {record['outcome']}, exits {exits}")
    return found


def _misplaced(rounds: Rounds, job: Job, runs: list[dict[str, Any]]) -> list[str]:
    """The newest reports stand where their records say, each the run's own; the latest is a copy."""
    output, found = rounds.config.root / job.name, []
    reported = [run for run in runs if run["report"]]
    for run in reported[:KEEP]:
        path = rounds.home.absolute(run["report"])
        data = path.with_name("run.json").read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != run["document"]["sha256"]:
            found.append(f"{run['report']} is not there, or another's")
    folders = [path for path in output.iterdir() if path.is_dir()]
    whole = sum((folder / "run.json").is_file() for folder in folders)
    if whole > KEEP or len(folders) - whole > KEEP:
        found.append(f"{job.name}: {len(folders)} reports are kept, not {KEEP}")
    newest = rounds.home.absolute(reported[0]["report"])
    if (output / "latest.html").read_bytes() != newest.read_bytes():
        found.append(f"{job.name}: latest.html is not the newest report")
    return found


def _left(rounds: Rounds) -> list[str]:
    """Return files that should be gone: drafts, staging, states of runs."""
    root = rounds.config.root
    files = [path.relative_to(root) for path in root.rglob("*")]
    state = [path for path in files if path.parts[0] == ".toolkit"]
    drafts = [path for path in files if path.name.startswith(".") and path.name != ".toolkit"]
    rest = [
        path for path in state if path.parts[1:2] in (("staging",), ("attempts",)) and len(path.parts) > 2
    ]
    return [path.as_posix() for path in drafts + rest]


def main() -> int:
    """Kill, look, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rounds = Rounds(given.folder, given.seed)
    began = time.monotonic()
    rounds.run(given.kills)
    records = [r for job in rounds.jobs for r in History(rounds.config.home).records(job.name)]
    found = {
        "kills": given.kills,
        "modes": dict(rounds.modes),
        "phases": {phase: rounds.phases[phase] for phase in PHASES},
        "records": dict(Counter(record["outcome"] for record in records)),
        "instants": sum(record["count"] for record in records),
        "attempts": sum(len(record["attempts"]) for record in records),
        "tick_seconds": rounds.length,
        "seconds": time.monotonic() - began,
        "violations": violations(rounds),
    }
    print(json.dumps(found, indent=1))  # noqa: T201 - its answer
    return 1 if found["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
