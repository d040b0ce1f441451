"""Outcomes on disk, one line each, written as they arrive: a stopped run loses at most the line in hand.

A line is a JSON object; a torn or foreign line is no line. Each file holds one experiment on one dataset
under one cache key (code, versions, data, effort), so that a changed experiment never shows an old result
and reading touches only what this run asks for.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from toolkit.records import BadInputError, Outcome, Rows, Trial

STALE_AFTER = 30 * 24 * 3600.0  # seconds without use; old code's outcomes do not pile up for ever


class FolderError(BadInputError):
    """The output folder cannot be used: another run holds it, or it cannot be written."""


def cache_folder() -> Path:
    """Return where outcomes and compiled programs are kept: ``TOOLKIT_CACHE``, or the user's cache."""
    chosen = os.environ.get("TOOLKIT_CACHE")
    return Path(chosen) if chosen else user_cache_path("toolkit", appauthor=False)


class Journal:
    """Outcomes found again by what made them.

    Parameters
    ----------
    folder : Path
        Made when the first outcome arrives.
    reuse : bool
        Whether outcomes of earlier runs count; new ones are written either way.
    """

    def __init__(self, folder: Path, *, reuse: bool = True) -> None:
        self.folder = folder
        self.reuse = reuse
        self._warned = False
        self._read: dict[Path, dict[int, Outcome]] = {}

    def find(self, family: str, trial: Trial) -> Outcome | None:
        """Return an earlier outcome of the same trial made by the same code, data and versions.

        Failed, timed-out and died trials are told in the run they happened in and tried again in the next.
        """
        if not self.reuse:
            return None
        path = self._path(family, trial)
        if path not in self._read:
            self._read[path] = dict(_outcomes(path, trial))
            with suppress(OSError):
                os.utime(path)  # used today, so not stale
        return self._read[path].get(trial.seed)

    def append(self, family: str, outcome: Outcome) -> None:
        """Write one outcome down, for good, before anything else happens to it.

        Where the folder cannot be written the run goes on without: a warning says so once.
        """
        try:
            self._append(self._path(family, outcome.trial), outcome)
        except OSError as error:
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"outcomes are not kept in {self.folder} ({error.strerror}): a stopped run will start "
                    "from the beginning; TOOLKIT_CACHE chooses another folder",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def _append(self, path: Path, outcome: Outcome) -> None:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _forget_stale(path.parent)
        # A newline first: where an earlier run was killed in mid-line, that line stays torn and alone.
        line = "\n" + json.dumps(_to_plain(outcome), allow_nan=False, separators=(",", ":")) + "\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            view = memoryview(line.encode())
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)

    def _path(self, family: str, trial: Trial) -> Path:
        return self.folder / trial.experiment / f"{family[:40]}.jsonl"


def _to_plain(outcome: Outcome) -> dict[str, Any]:
    rest = {f.name: getattr(outcome, f.name) for f in fields(outcome)}
    # A table's path says nothing about its content; the family holds the hash of that.
    return rest | {"trial": asdict(replace(outcome.trial, table="")), "rows": list(outcome.rows)}


def _outcomes(path: Path, trial: Trial) -> Iterator[tuple[int, Outcome]]:
    """Yield what a file holds by seed, later lines last; whatever is not a whole line is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            plain = json.loads(line)
            found = Trial(**(plain.pop("trial") | {"table": trial.table}))
            outcome = Outcome(found, rows=Rows.of(plain.pop("rows")), **plain)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if replace(found, seed=trial.seed) == trial and outcome.status in {"done", "not_applicable"}:
            yield found.seed, outcome


def _forget_stale(folder: Path) -> None:
    """Remove outcomes nobody asked for in a month."""
    limit = time.time() - STALE_AFTER
    for path in folder.glob("*.jsonl"):
        with suppress(OSError):
            if path.stat().st_mtime < limit:
                path.unlink()


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder for one run; the system lets go of it however the run ends.

    Raises
    ------
    FolderError
        If another run holds it, or it cannot be written: said before the work starts.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise FolderError(f"cannot write to {folder}: {error.strerror}; choose another --output") from None
    with file:
        if not _lock(file.fileno()):
            raise FolderError(f"another run is writing to {folder}; wait, or choose another --output")
        yield  # the file stays: removing it would let two runs hold two files of one name


def write_atomic(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
