"""A stage on which ticks are rehearsed: a configuration, a clock that is set by hand, a runner that obeys."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.history import History
from toolkit.schedule.attempt import EXIT, LOG
from toolkit.schedule.byhand import run_now
from toolkit.schedule.home import Home
from toolkit.schedule.jobs import Config, Job
from toolkit.schedule.lock import Held
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.result import TickResult
from toolkit.schedule.runner import Attempt
from toolkit.schedule.tick import tick
from toolkit.schedule.work import Terms


@pytest.fixture(autouse=True)
def swift(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: nobody pulls the plug here; who imports this has it in every test."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
TERMS = Terms(room=0, left_behind=0.0)

Act = Callable[[Path], Ended]


def finishes(code: int = 0, *, document: Any = ..., said: str = "") -> Act:
    """Return an act that ends with an exit code, leaving what a command leaves."""

    def act(staging: Path) -> Ended:
        if document is not None:
            plain = {"made": staging.as_posix()} if document is ... else document
            (staging / "run.json").write_text(json.dumps(plain), "utf-8")
            (staging / "report.html").write_text(f"<p>{staging.parent.name}", "utf-8")
        (staging / LOG).write_text(said, "utf-8")
        (staging / EXIT).write_text(json.dumps({"exit": code, "ended": "2026-03-02T08:00:00+00:00"}), "utf-8")
        return Ended(code, said)

    return act


def breaks(reason: str = "it was killed by SIGKILL", **how: Any) -> Act:
    """Return an act that ends without an exit code."""

    def act(staging: Path) -> Ended:
        (staging / LOG).write_text("half a line", "utf-8")
        return Ended(None, reason, **how)

    return act


def raises(error: BaseException) -> Act:
    """Return an act in which the tick itself is stopped, or something breaks."""

    def act(staging: Path) -> Ended:
        raise error

    return act


@dataclass
class Actor:
    """A runner that plays its acts in order, the last again and again, and remembers what it was asked."""

    acts: list[Act] = field(default_factory=lambda: [finishes()])
    asked: list[tuple[str, Attempt]] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)

    def run(self, job: Job, attempt: Attempt, staging: Path, *, timeout: float, held: Held) -> Ended:
        """Play the next act."""
        self.asked.append((job.name, attempt))
        found = [p for p in staging.rglob("*") if p.is_file()]
        self.seen.append({p.relative_to(staging).as_posix(): p.read_text("utf-8") for p in found})
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        return act(staging)


@dataclass
class Stage:
    """A project with jobs, and the time on its clock."""

    folder: Path
    jobs: tuple[Job, ...]
    actor: Actor
    now: datetime = START
    terms: Terms = TERMS

    @property
    def config(self) -> Config:
        return Config(self.folder / "toolkit.toml", self.folder / "reports", self.jobs)

    @property
    def home(self) -> Home:
        return Home(self.config.home)

    @property
    def history(self) -> History:
        return History(self.config.home)

    def tick(self, *, at: datetime | None = None, **more: Any) -> TickResult:
        """Have one tick come."""
        given = {"runner": self.actor, "terms": self.terms, "clock": lambda: self.now} | more
        return tick(self.config, at=at or self.now, **given)

    def by_hand(self, name: str, **more: Any) -> TickResult:
        """Have somebody run a job."""
        given = {"runner": self.actor, "terms": self.terms, "clock": lambda: self.now} | more
        return run_now(self.config, name, **given)

    def later(self, **span: float) -> Stage:
        """Let time go by."""
        self.now += timedelta(**span)
        return self

    def set(self, *acts: Act) -> Stage:
        """Give the actor its acts."""
        self.actor.acts = list(acts)
        return self

    def change(self, **keys: Any) -> Stage:
        """Change the first job."""
        self.jobs = (replace(self.jobs[0], **keys), *self.jobs[1:])
        return self

    def records(self, name: str = "loans") -> list[dict[str, Any]]:
        """Return the records of a job, oldest first."""
        return self.history.records(name, newest_first=False)

    def outcomes(self, name: str = "loans") -> list[tuple[str, str]]:
        """Return id and outcome of each record of a job, oldest first."""
        return [(record["id"], record["outcome"]) for record in self.records(name)]

    def left(self) -> list[str]:
        """Return what lies in the state folder besides truth, index and signs of life."""
        whole = self.home.path
        kept = ("records", "documents", "jobs", "leases", "lock", "heartbeat.json")
        found = [p.relative_to(whole) for p in whole.rglob("*") if p.is_file()]
        drafts = [p.as_posix() for p in found if p.name.startswith(".")]
        return drafts + [
            p.as_posix() for p in found if p.parts[0] not in kept and not p.name.startswith("history.sqlite")
        ]


def stage(folder: Path, *, names: Sequence[str] = ("loans",), cron: str = "17 * * * *", **keys: Any) -> Stage:
    """Set up a project whose jobs were first seen some time ago, at `START`."""
    source = folder / "toolkit.toml"
    source.write_text("# the jobs are given by the test\n", "utf-8")
    jobs = tuple(
        Job(name, ("audit", "loans.csv", "--sensitive", "race"), cron, source=source, **keys)
        for name in names
    )
    made = Stage(folder, jobs, Actor())
    made.tick()
    return made
