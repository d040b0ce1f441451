"""Letting old documents go: a record and its points stay for good, so trends outlive what is pruned."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.history import documents
from toolkit.history.home import Home
from toolkit.history.instants import instant_of, iso
from toolkit.history.records import at as moment


@dataclass(frozen=True)
class Pruned:
    """A document that goes, or would: what it takes on the disk, in bytes."""

    job: str
    id: str
    bytes: int
    path: Path


def to_prune(
    home: Home, records: Sequence[Mapping[str, Any]], *, keep: int | None, before: datetime | None
) -> Iterator[Pruned]:
    """Yield the documents of one job that every rule given lets go, oldest first; never the newest.

    Parameters
    ----------
    records : sequence of dict
        Of one job, newest first.
    keep : int or None
        How many of the newest documents stay in any case.
    before : datetime or None
        Documents of runs since then stay in any case.
    """
    files = [(record, path) for record in records if (path := kept(home, record)) is not None]
    for record, path in reversed(files[max(keep or 0, 1) :]):
        if before is None or instant_of(moment(record)) < before:
            yield Pruned(record["job"], record["id"], path.stat().st_size, path)


def kept(home: Home, record: Mapping[str, Any]) -> Path | None:
    """Return the file that holds a record's document; None where there is none."""
    if record["document"] is None:
        return None
    path = home.document(record["job"], record["id"])
    second = documents.beside(path, record["document"]["sha256"])
    return next((place for place in (second, path) if place.is_file()), None)


def prune(home: Home, going: Sequence[Pruned], at: datetime) -> None:
    """Remove documents, once it is written down that they went on purpose."""
    for one in going:
        line = json.dumps({"id": one.id, "at": iso(at)}) + "\n"
        with home.pruned(one.job).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        one.path.unlink(missing_ok=True)


def pruned(home: Home, job: str) -> dict[str, str]:
    """Return when each document of a job was pruned, by id; a torn line is no line."""
    try:
        lines = home.pruned(job).read_bytes().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        try:
            plain = json.loads(line)
            found[str(plain["id"])] = str(plain["at"])
        except (ValueError, LookupError, TypeError):
            continue
    return found


def horizon(at: datetime, older_than: timedelta | None) -> datetime | None:
    """Return the instant before which a document is old."""
    return None if older_than is None else at - older_than
