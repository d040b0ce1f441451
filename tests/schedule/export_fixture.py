"""What the tests of exports share: a job, a configuration, and expressions of every kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import strategies as st

from toolkit.schedule.exports import export
from toolkit.schedule.jobs import Config, Job

SOURCE = Path("/srv/study/toolkit.toml")
PROGRAM = "/opt/toolkit/bin/toolkit"
INSTALL = "python -m pip install misconception-toolkit"
HOSTILE = (
    "two words",
    "it's",
    'a "quote"',
    "100%h",
    "$HOME `id` $(id)",
    "a;b&c|d",
    "--odd",
    "ünï 雪",
    "#hash",
)


def job(**changes: object) -> Job:
    """Return a job; the expression is Monday, 03:17."""
    given: dict[str, object] = {
        "name": "weekly",
        "run": ("check", "misconceptions"),
        "cron": "17 3 * * 1",
        "timezone": "Europe/Berlin",
        "source": SOURCE,
        "line": 3,
    }
    return Job(**{**given, **changes})  # type: ignore[arg-type]


def config(source: Path = SOURCE, root: Path | None = None) -> Config:
    return Config(path=source, root=root or source.parent / "reports", jobs=())


def exported(
    target: str, source: Path = SOURCE, command: str | None = None, **changes: object
) -> dict[str, str]:
    """Export a job on a machine whose zone is the job's."""
    zone = changes.pop("zone", None)
    made = job(source=source, **changes)
    return export(
        target,
        made,
        config=config(source),
        command=command or PROGRAM,
        zone=str(zone or made.timezone),
        install=INSTALL,
    )


def needed(what: str) -> None:
    """Skip where a validator is missing; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is not here")


def _field(low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> st.SearchStrategy[str]:
    """Return terms of one field: numbers, names, ranges, steps, lists, with and without a star in front."""
    number = st.integers(low, high)
    pair = st.tuples(number, number).map(sorted)
    step = st.integers(2, 12)
    term = st.one_of(
        number.map(str),
        pair.map(lambda p: f"{p[0]}-{p[1]}"),
        st.tuples(pair, step).map(lambda t: f"{t[0][0]}-{t[0][1]}/{t[1]}"),
        st.tuples(number, step).map(lambda t: f"{t[0]}/{t[1]}"),
        *([st.sampled_from(names)] if names else []),
    )
    return st.one_of(
        st.just("*"),
        step.map(lambda n: f"*/{n}"),
        st.tuples(step, term).map(lambda t: f"*/{t[0]},{t[1]}"),
        st.lists(term, min_size=1, max_size=3).map(",".join),
    )


MONTHS = ("jan", "FEB", "mar", "dec")
WEEKDAYS = ("sun", "MON", "fri", "sat")
DAY = st.one_of(st.just("*"), _field(1, 28))
WEEKDAY = st.one_of(st.just("*"), _field(0, 7, WEEKDAYS))
PLAIN = st.tuples(_field(0, 59), _field(0, 23), DAY, st.one_of(st.just("*"), _field(1, 12, MONTHS)), WEEKDAY)
ENDS = st.one_of(DAY, st.sampled_from(["L", "LW", "1,L", "LW,15", "*/9"]))
NTH = st.one_of(WEEKDAY, st.sampled_from(["1#2", "5L", "sun#1", "0L,3", "7#5", "*/3"]))
EXPRESSIONS = PLAIN.map(" ".join)
EXTENDED = st.tuples(_field(0, 59), _field(0, 23), ENDS, st.just("*"), NTH).map(" ".join)
