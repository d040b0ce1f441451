"""The jobs of a configuration file: one ``[[schedule]]`` table each, checked before anything is done with it.

    [[schedule]]
    name = "loans"
    run = "audit loans.csv --sensitive race --target deny"
    cron = "17 3 * * 1"
    timezone = "Europe/Berlin"

In pyproject.toml the table is ``[[tool.toolkit.schedule]]``. The nearest file counts, and toolkit.toml before
pyproject.toml, as for the settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from toolkit.history.home import STATE
from toolkit.records import BadInputError
from toolkit.schedule import contradictions, locating, values

__all__ = ["READERS", "STATE", "Config", "Job", "near", "read_jobs", "survey"]

ROOT = "reports"
PREVIOUS = "previous"


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes
    ----------
    run : tuple of str
        What stands after ``toolkit``: it begins with ``check`` or ``audit``.
    cron, timezone : str
        Five fields, and the zone of the IANA database in which they are read.
    jitter : int
        Each instant starts up to this many seconds late, always the same (`toolkit.schedule.due.offset`).
    timeout : int
        Seconds one attempt may take.
    retries, backoff : int
        How often a failed attempt is tried again, and after how many seconds (twice as many each time).
    keep, keep_days : int or None
        How many reports stay, and for how many days; None for all. The newest always stays.
    gate : tuple of str
        What ends a run with 1, as ``--fail-on`` has it.
    baseline : str or None
        ``"previous"``, or a run document to compare with, relative to the configuration file.
    output : str or None
        The folder of its reports, relative to the configuration file; by default ``<root>/<name>``.
    formats : tuple of str
        What is written beside run.json.
    catch_up : bool
        Whether the latest instant that was missed is run late.
    source, line : Path, int
        The configuration file, and the line where the job begins (0 if not known).
    """

    name: str
    run: tuple[str, ...]
    cron: str
    timezone: str = "UTC"
    jitter: int = 0
    timeout: int = 7200
    retries: int = 2
    backoff: int = 300
    keep: int | None = None
    keep_days: int | None = None
    gate: tuple[str, ...] = ()
    baseline: str | None = None
    output: str | None = None
    formats: tuple[str, ...] = ("html", "json")
    catch_up: bool = True
    enabled: bool = True
    source: Path = Path(locating.OWN)
    line: int = 0

    def folder(self, root: Path) -> Path:
        """Return the folder of its reports."""
        return root / self.name if self.output is None else (self.source.parent / self.output)

    @property
    def watches(self) -> bool:
        """Whether it is an audit that watches its gaps from run to run."""
        own = self.run[: self.run.index("--")] if "--" in self.run else self.run
        return any(word == "--watch" or word.startswith("--watch=") for word in own)

    @property
    def baseline_file(self) -> Path | None:
        """The document it is compared with, where it is a file."""
        if self.baseline in (None, PREVIOUS):
            return None
        return self.source.parent / str(self.baseline)


@dataclass(frozen=True)
class Config:
    """The configuration file, the folder of reports and the jobs in the order of the file."""

    path: Path | None
    root: Path
    jobs: tuple[Job, ...]

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.root / STATE

    def job(self, name: str) -> Job:
        """Return a job by name.

        Raises
        ------
        BadInputError
            If there is none of this name; the nearest is offered.
        """
        for job in self.jobs:
            if job.name == name:
                return job
        names = [job.name for job in self.jobs]
        hint = near(name, names) or (
            f"; there are {', '.join(names)}" if names else "; there are no jobs yet"
        )
        where = f"{self.path}: " if self.path else ""
        raise BadInputError(f"{where}there is no job {name!r}{hint}")


READERS: dict[str, Callable[[Any], Any]] = {
    "name": values.name,
    "run": values.run,
    "cron": values.cron,
    "timezone": values.timezone,
    "jitter": values.duration(0),
    "timeout": values.duration(1),
    "retries": values.count(0, 100),
    "backoff": values.duration(0),
    "keep": values.count(1, 1_000_000),
    "keep_days": values.count(1, 36_500),
    "gate": values.several(values.GATES),
    "baseline": values.path,
    "output": values.path,
    "formats": values.several(values.FORMATS),
    "catch_up": values.flag,
    "enabled": values.flag,
}
NEEDED = ("name", "run", "cron")


def read_jobs(
    path: Path | None = None, *, root: str | Path | None = None, at: datetime | None = None
) -> Config:
    """Read the jobs of a configuration file, by default of the nearest.

    Parameters
    ----------
    root : str or Path, optional
        The folder of reports; by default the setting ``root`` of the file, else ``reports``. A relative
        one is taken from the file's folder, or from the current one where there is no file.
    at : datetime, optional
        The time from which distances are measured against the jitter, by default now.

    Raises
    ------
    BadInputError
        With every fault of every job, one a line, each with file, line, job and key.
    """
    config, troubles = survey(path, root=root, at=at)
    if troubles:
        raise BadInputError("\n".join(troubles))
    return config


def survey(
    path: Path | None = None,
    *,
    root: str | Path | None = None,
    at: datetime | None = None,
    text: str | None = None,
) -> tuple[Config, list[str]]:
    """Return the jobs that nothing is wrong with, and say what is wrong with the others.

    A file that cannot be read at all still raises BadInputError. With `text` that is read in the file's
    place.
    """
    found = path.resolve() if path is not None else locating.find()
    if found is None:
        return Config(None, (Path.cwd() / (root or ROOT)).resolve(), ()), []
    source = locating.read(found, text)
    chosen = root or source.table.get("root", ROOT)
    if not isinstance(chosen, str | Path):
        raise BadInputError(f"{found}: root must be a path, not {chosen!r}")
    where = (found.parent / chosen).resolve()
    jobs, troubles = [], []
    for place, table in enumerate(source.table.get("schedule", [])):
        job, said = _read(source, place, table, at or datetime.now(UTC))
        troubles += said
        jobs += [job] if job else []
    clashing = list(contradictions.between(jobs, where))
    troubles += [f"{found}{_lines(clash)}: {text}" for text, *clash in clashing]
    faulty = {id(job) for _, *clash in clashing for job in clash}
    return Config(found, where, tuple(job for job in jobs if id(job) not in faulty)), troubles


def near(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Offer the nearest of the known names."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _read(
    source: locating.Source, place: int, table: dict[str, Any], at: datetime
) -> tuple[Job | None, list[str]]:
    """Read one job, or say everything that is wrong with it."""
    given = [(key.replace("-", "_"), key, value) for key, value in table.items()]
    called = table.get("name")
    said = f"job {called!r}" if isinstance(called, str) else f"job {place + 1}"

    def trouble(key: str, text: str) -> str:
        line = source.line_of(place, key)
        return f"{source.path}{f', line {line}' if line else ''}: {said}: {text}"

    troubles, read = [], {}
    for key, written, value in given:
        if key not in READERS:
            hint = near(key, tuple(READERS)) or f"; known are {', '.join(READERS)}"
            troubles.append(trouble(written, f"there is no key {written!r}{hint}"))
            continue
        if key in read:
            troubles.append(trouble(written, f"{key} is given twice, with '-' and with '_'; leave one out"))
            continue
        try:
            read[key] = READERS[key](value)
        except (ValueError, BadInputError) as error:
            troubles.append(trouble(written, f"{written}: {error}"))
    troubles += [
        trouble("", f"it has no {key}; add {key} = {values.EXAMPLES[key]}")
        for key in NEEDED
        if key not in {name for name, *_ in given}
    ]
    if troubles:
        return None, troubles
    job = Job(**read, source=source.path, line=source.lines[place])
    troubles = [trouble(key, f"{key}: {text}") for key, text in contradictions.within(job, at)]
    return (None if troubles else job), troubles


def _lines(jobs: list[Job]) -> str:
    """Say in which lines jobs begin, where that is known."""
    known = [str(job.line) for job in jobs if job.line]
    return f", line{'s' if len(known) > 1 else ''} {' and '.join(known)}" if known else ""
