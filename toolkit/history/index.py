"""The index over the records: one row for each, with a checksum, brought up to what the folder holds."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

from toolkit.history import mending, records
from toolkit.history.home import Home

COLUMNS = ("job", "id", "kind", "due", "first_due", "outcome", "at", "damaged", "body", "crc")
TABLE = """CREATE TABLE IF NOT EXISTS records (
    job TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, due TEXT, first_due TEXT, outcome TEXT NOT NULL,
    at TEXT NOT NULL, damaged TEXT NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (job, id)) WITHOUT ROWID"""
# The second answers from itself which records are known, the third which instants are answered for.
ORDERS = (
    "CREATE INDEX IF NOT EXISTS records_in_time ON records (job, at, id)",
    "CREATE INDEX IF NOT EXISTS records_known ON records (job, id, damaged)",
    "CREATE INDEX IF NOT EXISTS records_answering ON records (job, kind, due, first_due)",
)
GET = "SELECT job, id, kind, due, first_due, outcome, at, damaged, body, crc FROM records "
PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class TamperedError(Exception):
    """A row is not what was written: the file is damaged where SQLite itself cannot see it."""


def row_of(record: dict[str, Any], damaged: str = "") -> tuple[Any, ...]:
    """Return the row of a record."""
    parts = [record[key] for key in ("job", "id", "kind", "due", "first_due", "outcome")]
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    row = (*parts, records.at(record), damaged, body)
    return (*row, _crc(row))


def _crc(row: tuple[Any, ...]) -> int:
    *small, body = row
    return zlib.crc32(str(body).encode("utf-8", "surrogatepass"), zlib.crc32(repr(small).encode()))


def create(connection: sqlite3.Connection) -> None:
    """Make the table and its orders."""
    for statement in (TABLE, *ORDERS):
        connection.execute(statement)


def select(connection: sqlite3.Connection, rest: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Yield whole rows, each checked."""
    for row in connection.execute(GET + rest, values):
        if _crc(tuple(row[:-1])) != row[-1]:
            raise TamperedError
        yield tuple(row)


def record_of(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the record of a row."""
    found: dict[str, Any] = json.loads(row[COLUMNS.index("body")])
    return found


def refresh(connection: sqlite3.Connection, home: Home, job: str | None = None) -> None:
    """Bring the rows of one job, or of all, up to what the folders hold.

    Records do not change, so names are enough: only what is new, and what was damaged, is read.
    """
    changes: list[tuple[Any, ...]] = []
    gone: list[tuple[str, str]] = []
    for name in [job] if job is not None else _every(connection, home):
        there = home.ids(name)
        known = dict(connection.execute("SELECT id, damaged FROM records WHERE job = ?", (name,)).fetchall())
        gone += [(name, identity) for identity in known if identity not in there]
        wanted = sorted(identity for identity in there if known.get(identity) != "")
        rows = [row_of(*mending.read(home, name, identity)) for identity in wanted]
        changes += [row for row in rows if row[1] not in known or row not in _same(connection, row)]
    if changes or gone:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(PUT, changes)
            connection.executemany("DELETE FROM records WHERE job = ? AND id = ?", gone)


def _every(connection: sqlite3.Connection, home: Home) -> list[str]:
    """Return the jobs of the folder, and those that only the index still knows."""
    known = (row[0] for row in connection.execute("SELECT DISTINCT job FROM records"))
    return sorted({*home.jobs(), *known})


def _same(connection: sqlite3.Connection, row: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return list(select(connection, "WHERE job = ? AND id = ?", row[0], row[1]))
