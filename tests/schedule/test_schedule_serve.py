"""Staying where there is no cron: a loop of ticks that reads the configuration anew and can be ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal import Stage, finishes, raises, stage, swift

from toolkit.cli.exits import Terminated
from toolkit.records import BadInputError
from toolkit.schedule.jobs import Config
from toolkit.schedule.result import TickResult
from toolkit.schedule.serve import LONGEST, serve, until_next

__all__ = ["swift"]


class Enough(BaseException):
    """The test has seen what it wanted."""


class Loop:
    """What `serve` is given: time goes by exactly as long as it waits."""

    def __init__(self, loans: Stage, rounds: int) -> None:
        self.loans, self.rounds = loans, rounds
        self.waits: list[float] = []
        self.told: list[TickResult] = []
        self.said: list[str] = []
        self.read: Callable[[], tuple[Config, list[str]]] = lambda: (loans.config, [])

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) == self.rounds:
            raise Enough
        self.loans.now += timedelta(seconds=seconds)

    def run(self) -> Loop:
        with pytest.raises(Enough):
            serve(
                lambda: self.read(),
                tell=self.told.append,
                say=self.said.append,
                clock=lambda: self.loans.now,
                wait=self.wait,
                runner=self.loans.actor,
                terms=self.loans.terms,
            )
        return self


@pytest.fixture
def loans(tmp_path: Path) -> Stage:
    return stage(tmp_path)


def test_it_runs_everything_that_becomes_due_and_never_waits_more_than_a_minute(loans: Stage) -> None:
    loop = Loop(loans, 100).run()
    assert loans.outcomes() == [("20260302T081700Z", "done"), ("20260302T091700Z", "done")]
    assert max(loop.waits) == LONGEST
    assert [run["id"] for result in loop.told for run in result.runs] == [
        "20260302T081700Z",
        "20260302T091700Z",
    ]


def test_it_wakes_when_something_is_due_and_does_not_spin(loans: Stage) -> None:
    loans.later(minutes=16, seconds=50)
    assert until_next(loans.config, loans.now) == 10
    loans.later(seconds=9.999)
    assert until_next(loans.config, loans.now) == 1
    loans.jobs = ()
    assert until_next(loans.config, loans.now) == LONGEST


def test_a_configuration_that_breaks_is_told_once_and_taken_up_when_mended(loans: Stage) -> None:
    loop = Loop(loans, 40)

    def read() -> tuple[Config, list[str]]:
        if 5 < len(loop.waits) < 25:
            raise BadInputError("toolkit.toml, line 3: this is no TOML")
        return loans.config, []

    loop.read = read
    loop.run()
    assert loop.said == ["toolkit.toml, line 3: this is no TOML; it goes on when that is mended"]
    assert loans.outcomes() == [("20260302T081700Z", "done")]


def test_a_trouble_that_lasts_is_told_once(loans: Stage) -> None:
    loop = Loop(loans, 10)
    loop.read = lambda: (loans.config, ["toolkit.toml, line 9: there is no key 'cronn'"])
    loop.run()
    assert sum(len(result.troubles) for result in loop.told) == 1


def test_a_job_that_is_added_meanwhile_is_run(loans: Stage) -> None:
    jobs, loans.jobs = loans.jobs, ()
    loop = Loop(loans, 40)

    def read() -> tuple[Config, list[str]]:
        if len(loop.waits) > 5:
            loans.jobs = jobs
        return loans.config, []

    loop.read = read
    loop.run()
    assert loans.outcomes() == [("20260302T081700Z", "done")]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Terminated()])
def test_what_ends_it_ends_the_attempt_first_and_leaves_it_to_be_tried_again(
    loans: Stage, stop: BaseException
) -> None:
    loans.set(raises(stop)).later(minutes=18)
    with pytest.raises(type(stop)):
        serve(
            lambda: (loans.config, []),
            tell=print,
            say=print,
            clock=lambda: loans.now,
            wait=lambda seconds: None,
            runner=loans.actor,
            terms=loans.terms,
        )
    loans.set(finishes()).tick()
    (record,) = loans.records()
    assert [one["reason"] for one in record["attempts"]] == ["the tick was told to end", ""]
