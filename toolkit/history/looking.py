"""What is wrong with a state folder, in one line each, with the way out; nothing is changed by looking."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from toolkit.history import documents, mending, records
from toolkit.history.home import Home
from toolkit.history.pruning import kept, pruned
from toolkit.records import BadInputError


def of_records(home: Home, indexed: Callable[[str], list[dict[str, Any]]]) -> Iterator[str]:
    """Yield what is wrong with records and their documents, and where the index says another thing."""
    for job in home.jobs():
        rows = {record["id"]: record for record in indexed(job)}
        gone = pruned(home, job)
        for identity in sorted(home.ids(job)):
            record, damaged = mending.read(home, job, identity)
            if damaged:
                yield f"{damaged}; restore it, or leave it: {record['reason']}"
            elif json.loads(records.dumps(record)) != rows.get(identity):
                yield f"{home.store}: the index differs from the record of {job} {identity}; rebuild it"
            yield from _of_document(home, record, identity in gone)


def _of_document(home: Home, record: dict[str, Any], was_pruned: bool) -> Iterator[str]:
    if record["document"] is None or (was_pruned and kept(home, record) is None):
        return
    path = home.document(record["job"], record["id"])
    try:
        documents.parsed(path, documents.found(path, record["document"]))
    except BadInputError as error:
        yield str(error)


def of_folders(home: Home) -> Iterator[str]:
    """Yield what lies in the state folder that no record means."""
    for job, identity in orphans(home):
        yield (
            f"{home.document(job, identity)}: no record means this document; "
            "`toolkit history check --rebuild` makes one from it"
        )
    for aside in sorted(home.folder.glob(f"{home.store.name}.corrupt-*")):
        if not aside.name.endswith(("-wal", "-shm")):
            yield f"{aside}: a damaged index that was set aside; nothing needs it, it can be deleted"


def orphans(home: Home) -> list[tuple[str, str]]:
    """Return job and id of each document without a record that no unfinished attempt accounts for."""
    return [
        (job, identity)
        for job in home.jobs("documents")
        for identity in sorted(home.kept(job) - home.ids(job))
        if not home.attempt(job, identity).exists()
    ]
