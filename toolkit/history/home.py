"""Where a history lies: the state folder, and the only names that may stand in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.history.instants import moment_of
from toolkit.records import BadInputError

JOB = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ID = re.compile(r"[mx]?\d{8}T\d{6}Z|m\d{8}T\d{6}Z-[1-9]\d{0,8}")
STATE = ".toolkit"  # the state folder, in the folder of reports
STORE = "history.sqlite"


@dataclass(frozen=True)
class Home:
    """The state folder, ``<root>/.toolkit``; nothing here touches the disk but `jobs`, `ids` and `kept`."""

    folder: Path

    @property
    def store(self) -> Path:
        """The index over the records."""
        return self.folder / STORE

    def record(self, job: str, identity: str) -> Path:
        """Return the file of a record."""
        return self.folder / "records" / known_job(job) / f"{known_id(identity)}.json"

    def document(self, job: str, identity: str) -> Path:
        """Return the file of a run document."""
        return self.folder / "documents" / known_job(job) / f"{known_id(identity)}.json.gz"

    def pruned(self, job: str) -> Path:
        """Return the list of documents that were removed on purpose."""
        return self.folder / "documents" / known_job(job) / "pruned.jsonl"

    def attempt(self, job: str, identity: str) -> Path:
        """Return the state of an instant that is not finished; the tick writes it."""
        return self.folder / "attempts" / known_job(job) / f"{known_id(identity)}.json"

    def jobs(self, part: str = "records") -> list[str]:
        """Return the jobs that have records, or documents, in order."""
        ending = ".json" if part == "records" else ".json.gz"
        names = [name for name in _names(self.folder / part) if JOB.fullmatch(name)]
        return sorted(name for name in names if any(_ids(self.folder / part / name, ending)))

    def ids(self, job: str) -> set[str]:
        """Return the ids of all records of a job, damaged ones too."""
        return set(_ids(self.folder / "records" / known_job(job), ".json"))

    def kept(self, job: str) -> set[str]:
        """Return the ids of which a document is kept under its plain name."""
        return set(_ids(self.folder / "documents" / known_job(job), ".json.gz"))


def known_job(job: str) -> str:
    """Return the name of a job, once it is one: a name from outside must not lead out of the folder."""
    if not isinstance(job, str) or not JOB.fullmatch(job):
        raise BadInputError(
            f"{job!r} cannot be the name of a job: use a to z, 0 to 9, '.', '_' and '-', "
            "starting with a letter or a digit, at most 64"
        )
    return job


def known_id(identity: str) -> str:
    """Return the id of a run, once it is one."""
    if not isinstance(identity, str) or not _is_id(identity):
        raise BadInputError(
            f"{identity!r} cannot be the id of a run: ids look like 20261124T031700Z; "
            "`toolkit history list` shows them"
        )
    return identity


def _is_id(text: str) -> bool:
    if not text.isascii() or not ID.fullmatch(text):
        return False
    try:
        moment_of(text)
    except ValueError:  # the 31st of February
        return False
    return True


def _ids(folder: Path, ending: str) -> Iterator[str]:
    for name in _names(folder):
        identity = name.removesuffix(ending)
        if identity != name and _is_id(identity):
            yield identity


def _names(folder: Path) -> list[str]:
    """Return the names in a folder, none where there is no such folder or it cannot be read."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is wanted of ten thousand files
    except (FileNotFoundError, NotADirectoryError):
        return []
