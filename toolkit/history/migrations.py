"""From an older index to this one, a step for each version; an index that no step fits is built anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from toolkit.history import index, records

VERSION = 2


def _checksums(connection: sqlite3.Connection) -> None:
    """Go to version 2: when each record happened, which are stand-ins, whether a row is what was written."""
    bodies = [row[0] for row in connection.execute("SELECT body FROM records ORDER BY job, id")]
    connection.execute("DROP TABLE records")
    index.create(connection)
    rows = [index.row_of(records.checked(json.loads(body))) for body in bodies]
    connection.executemany(index.PUT, rows)


# By the version that a step starts from.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _checksums}
