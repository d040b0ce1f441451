"""Writing a run down, whole or not at all, and once: its document, then its record, which makes it count."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from toolkit.history import documents, records
from toolkit.history.home import Home
from toolkit.history.writing import placed, staged, swept
from toolkit.records import BadInputError


def publish(home: Home, record: Mapping[str, Any], document: bytes | None) -> bool:
    """Write a record and its document; False where there is a record of that name already.

    Both are on the disk under other names before either gets its own, so a full disk leaves nothing. Whoever
    dies between the two leaves a document that no record means; the next to publish the run uses it, or goes
    beside it if theirs is another.
    """
    described = None if document is None else documents.described(document)
    said = records.checked({**record, "document": described})
    path = home.record(said["job"], said["id"])
    if path.exists():
        return False
    with ExitStack() as parts:
        part = parts.enter_context(staged(path, records.dumps(said).encode()))
        if document is not None and described is not None:
            _keep(parts, home.document(said["job"], said["id"]), document, described["sha256"])
        if not placed(part, path):
            return False
    swept(path)
    if document is not None:
        swept(home.document(said["job"], said["id"]))
    return True


def _keep(parts: ExitStack, path: Path, document: bytes, sha256: str) -> None:
    """Place a document: under its plain name, or beside where another has taken that."""
    part = parts.enter_context(staged(path, documents.packed(document)))
    if placed(part, path):
        return
    try:
        taken = hashlib.sha256(documents.unpacked(path)).hexdigest()
    except BadInputError:
        taken = ""
    if taken != sha256:
        placed(part, documents.beside(path, sha256))
