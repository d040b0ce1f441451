"""The SQLite file that holds the index: opened with care, migrated with a backup, set aside when damaged.

Everything in it follows from the records, so whatever is wrong with it costs time and never a run.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from toolkit.history.home import Home
from toolkit.history.index import TamperedError, create
from toolkit.history.migrations import MIGRATIONS, VERSION
from toolkit.history.writing import swept
from toolkit.records import BadInputError

T = TypeVar("T")
ATTEMPTS = 3  # a file may be found damaged as it is opened, and the one of another process too
# What the world around does to a file, not what the file is: these say nothing against its content.
AROUND = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_AUTH,
}


class Store:
    """The index of one state folder; where the file cannot be used, the same index in memory.

    Parameters
    ----------
    home : Home
    patience : float
        Seconds to wait for another process that is writing.
    tell : callable
        Called with one line about each thing that was wrong.
    """

    def __init__(self, home: Home, patience: float, tell: Callable[[str], None]) -> None:
        self.home, self.patience, self.tell = home, patience, tell
        self._trusted: set[int] = set()  # inodes of files that were checked
        self._given_up = False
        self._memory: sqlite3.Connection | None = None

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Put a question to the index, however it can be had.

        Raises
        ------
        BadInputError
            If a newer version of the toolkit wrote the file: it is left alone.
        """
        for _ in range(ATTEMPTS):
            if self._given_up or not self.home.folder.is_dir():
                break
            try:
                with self._opened() as connection:
                    return question(connection)
            except (sqlite3.Error, TamperedError, UnicodeDecodeError) as error:  # a damaged name in its words
                if _around(error):
                    self._give_up(str(error))
                else:
                    self._given_up = not self._set_aside(error)
            except FileNotFoundError:
                continue  # another process has just set the file aside
            except OSError as error:
                self._give_up(str(error.strerror))
        return question(self._in_memory())

    def _give_up(self, why: str) -> None:
        """Read the records themselves from now on: what is in the way is not ours to mend."""
        self._given_up = True
        self.tell(f"{self.home.store}: the index cannot be used ({why}); the records are read")

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the whole file."""
        if not self.home.store.is_file():
            return []
        found = self.ask(lambda c: [str(row[0]) for row in c.execute("PRAGMA integrity_check")])
        return [f"{self.home.store}: {line}" for line in found if line != "ok"]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        path = self.home.store
        with closing(sqlite3.connect(path, timeout=self.patience, isolation_level=None)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise BadInputError(
                    f"{path}: a newer version of the toolkit wrote this index (version {version}; this one "
                    f"reads up to {VERSION}); use that version, or move the file away and it is built anew"
                )
            # A power cut may cost the index, which is built again; the records were synced on their own.
            connection.execute("PRAGMA synchronous = OFF")
            self._check(connection, path, version)
            if version < VERSION:
                self._migrate(connection, version)
            _journal(connection)
            yield connection

    def _check(self, connection: sqlite3.Connection, path: Path, version: int) -> None:
        """Have SQLite look through a file and its orders once: its last writer may have been killed."""
        inode = path.stat().st_ino
        if inode in self._trusted:
            return
        if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise TamperedError("it is another program's")
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise TamperedError(found)
        self._trusted.add(inode)

    def _migrate(self, connection: sqlite3.Connection, version: int) -> None:
        """Bring a file up to this version in one transaction, a copy of the old one kept beside it."""
        if version:
            self._backup(connection, version)
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]  # another may have been first
            if version == 0:
                create(connection)
            for step in range(version, VERSION) if version else ():
                MIGRATIONS[step](connection)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, ValueError | LookupError | TypeError):  # no record of ours
                raise TamperedError(f"version {version} cannot be brought up to date") from error
            raise

    def _backup(self, connection: sqlite3.Connection, version: int) -> None:
        path = self.home.store.with_name(f"{self.home.store.name}.v{version}.bak")
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with closing(sqlite3.connect(part)) as copy:
                connection.backup(copy)
            part.replace(path)
            swept(path)
        finally:
            part.unlink(missing_ok=True)

    def _set_aside(self, error: Exception) -> bool:
        """Rename a damaged file, with what belongs to it; False where that cannot be done."""
        store = self.home.store
        number = 1
        while (aside := store.with_name(f"{store.name}.corrupt-{number}")).exists():
            number += 1
        why = str(error) or "a row is not what was written"
        try:
            store.rename(aside)
            for ending in ("-wal", "-shm"):
                if (beside := store.with_name(store.name + ending)).exists():
                    beside.rename(aside.with_name(aside.name + ending))
        except FileNotFoundError:
            return True  # another process was first
        except OSError as refused:
            self.tell(f"{store}: the index is damaged ({why}) and cannot be set aside ({refused.strerror})")
            return False
        self.tell(f"{store}: the index was damaged ({why}); it is kept as {aside.name} and built anew")
        return True

    def _in_memory(self) -> sqlite3.Connection:
        if self._memory is None:
            self._memory = sqlite3.connect(":memory:", isolation_level=None)
            create(self._memory)
        return self._memory


def _around(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in AROUND


def _journal(connection: sqlite3.Connection) -> None:
    """Have readers and a writer side by side where the file system allows it, else one after the other."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        connection.execute("PRAGMA journal_mode = DELETE")
