"""The state folder: where everything stands, how it is written whole, and what a killed tick leaves there."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.history.home import JOB
from toolkit.journal import write_atomic
from toolkit.schedule.lease import folder_clock

IDS = re.compile(r"m?\d{8}T\d{6}Z(-\d+)?")
DRAFT = re.compile(r"\..+\.\d+")  # what `write_atomic` calls a file that is not whole yet
PART = re.compile(r"\..+\.part")  # what the history calls one


@dataclass(frozen=True)
class Home:
    """The state folder ``<root>/.toolkit``."""

    path: Path

    @property
    def root(self) -> Path:
        """The folder of reports."""
        return self.path.parent

    def attempts(self, job: str, run: str) -> Path:
        """Where the state of a run that is not finished stands."""
        return self.path / "attempts" / job / f"{run}.json"

    def staging(self, job: str, run: str, number: int | None = None) -> Path:
        """Where the attempts of a run write, or one of them."""
        folder = self.path / "staging" / job / run
        return folder if number is None else folder / str(number)

    def seen(self, job: str, run: str) -> Path:
        """Where the ids are that a run which watches has seen."""
        return self.path / "seen" / job / run

    def first_seen(self, job: str) -> Path:
        """Where it stands when a job was first seen."""
        return self.path / "jobs" / f"{job}.json"

    @property
    def heartbeat(self) -> Path:
        """Where a tick says that it came."""
        return self.path / "heartbeat.json"

    def unfinished(self) -> list[tuple[str, str]]:
        """Return job and id of every unfinished run, oldest first: from its state or its staging."""
        found = {(p.parent.name, p.stem) for p in (self.path / "attempts").glob("*/*.json")}
        found |= {(p.parent.name, p.name) for p in (self.path / "staging").glob("*/*") if p.is_dir()}
        ours = [pair for pair in found if JOB.fullmatch(pair[0]) and IDS.fullmatch(pair[1])]
        return sorted(ours, key=lambda pair: (pair[1].lstrip("m"), pair[0]))

    def relative(self, path: Path) -> str:
        """Write a path as a record has it: from the root where it lies below, else whole."""
        whole = path.resolve()
        root = self.root.resolve()
        return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()

    def absolute(self, text: str) -> Path:
        """Read a path as a record has it."""
        return self.root / text


def write(path: Path, plain: Any) -> None:
    """Write a small file of the state whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(plain, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> Any:
    """Read a small file of the state: None where there is none.

    Raises
    ------
    ValueError
        If it is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def set_aside(path: Path) -> Path:
    """Move a damaged file away, under a name that nothing reads, and return that."""
    folder = path.parent
    number = 1
    while (aside := folder / f"{path.name}.damaged-{number}").exists():
        number += 1
    path.replace(aside)
    return aside


def sweep(home: Home, *, older: float) -> None:
    """Remove the drafts that a killed tick left; only who holds the folder may.

    Parameters
    ----------
    older : float
        Seconds, by the folder's clock, for drafts of the history: `toolkit history` writes there too.
    """
    own = [home.path, home.path / "jobs", *(home.path / "attempts").glob("*")]
    seen = [*(home.path / "seen").glob("*")]  # only a tick writes there, as the history does
    shared = [path for part in ("records", "documents") for path in (home.path / part).glob("*")]
    now = folder_clock(home.path / "leases")  # whose holder sweeps there
    drafts = [draft for folder in own for draft in _files(folder, DRAFT)]
    drafts += [draft for folder in seen for draft in _files(folder, PART)]
    drafts += [d for folder in shared for d in _files(folder, PART) if _age(d, now) >= older]
    for draft in drafts:
        draft.unlink(missing_ok=True)


def _files(folder: Path, name: re.Pattern[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if name.fullmatch(entry.name) and entry.is_file()]


def _age(draft: Path, now: float) -> float:
    """Return the age of a draft in seconds; one that was finished meanwhile has none."""
    try:
        return now - draft.stat().st_mtime
    except FileNotFoundError:
        return -1.0


def forget_empty(folder: Path, *, above: Path) -> None:
    """Remove folders that are empty, from one upwards, not `above` itself."""
    with suppress(OSError):
        while folder != above:
            folder.rmdir()
            folder = folder.parent
