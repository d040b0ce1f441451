"""The history of scheduled runs: publish a run once, ask what ran, what it found and how that moved."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit.history import documents, exporting, index, looking, mending, records, trend
from toolkit.history.home import Home, known_job
from toolkit.history.instants import due_id, instant_of, iso
from toolkit.history.pruning import Pruned, horizon, prune, pruned, to_prune
from toolkit.history.publishing import publish
from toolkit.history.store import Store
from toolkit.records import BadInputError


class History:
    """All that is known of the runs of a state folder.

    The records are the truth, one immutable file each; `history.sqlite` is an index over them. Nothing here
    touches the disk before it is asked.

    Parameters
    ----------
    home : Path
        The state folder, ``<root>/.toolkit``.
    patience : float
        Seconds to wait for another process that writes the index.

    Attributes
    ----------
    troubles : list of str
        One line for each thing that was wrong and did not stop us.
    """

    def __init__(self, home: Path, *, patience: float = 5.0) -> None:
        self.home = Home(Path(home))
        self.troubles: list[str] = []
        self._store = Store(self.home, patience, self._tell)

    def publish(self, record: Mapping[str, Any], document: bytes | None = None) -> bool:
        """Write a record, and the run document it means, for good: whole or not at all, and once.

        Parameters
        ----------
        record : mapping
            See `toolkit.history.records`; its ``document`` is filled in from `document`.
        document : bytes, optional
            What ``run.json`` holds.

        Returns
        -------
        bool
            False where there is a record of that job and id already: it stays as it is.

        Raises
        ------
        BadInputError
            If the record is not what it must be.
        OSError
            If it cannot be written; nothing is left of it then.
        """
        done = publish(self.home, record, document)
        if done:
            self._index(str(record["job"]))
        return done

    def records(
        self,
        job: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        limit: int | None = None,
        newest_first: bool = True,
    ) -> list[dict[str, Any]]:
        """Return records in the order of time, of one job or of all.

        Parameters
        ----------
        since, until : datetime, optional
            First and last moment: due instants, and starts of runs by hand.
        kind : {"run", "missed"}, optional
        limit : int, optional
            How many at most, from the newest, or from the oldest where these come first.
        """
        wanted = {
            "job = ?": job if job is None else known_job(job),
            "at >= ?": since and iso(since),
            "at <= ?": until and iso(until),
            "kind = ?": kind,
        }
        given = {clause: value for clause, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        way = "DESC" if newest_first else "ASC"
        rest = f"{where} ORDER BY at {way}, job, id {way} LIMIT ?"
        rows = self._ask(job, rest, *given.values(), -1 if limit is None else limit)
        return [index.record_of(row) for row in rows]

    def record(self, job: str, identity: str) -> dict[str, Any]:
        """Return one record; BadInputError where there is none."""
        self.home.record(job, identity)
        rows = self._ask(job, "WHERE job = ? AND id = ?", job, identity)
        if not rows:
            newest = ", ".join(found["id"] for found in self.records(job, limit=3))
            known = f"its newest are {newest}" if newest else f"there are no runs of {job}"
            raise BadInputError(f"{self.home.folder}: no run {identity} of {job}; {known}")
        return index.record_of(rows[0])

    def document(self, job: str, identity: str) -> dict[str, Any]:
        """Return the run document of a record, once its hash was found to be the one the record holds.

        Raises
        ------
        BadInputError
            If there never was one, or it was pruned or is damaged; the text says which.
        """
        path = self.home.document(job, identity)
        described = self.record(job, identity)["document"]
        if described is None:
            raise BadInputError(f"{job} {identity}: this run left no document")
        when = pruned(self.home, job).get(identity)
        if when and not path.exists():
            raise BadInputError(
                f"{path}: the document of {job} {identity} was pruned on {when}; its points are kept"
            )
        return documents.parsed(path, documents.found(path, described))

    def answered(self, job: str, since: datetime, until: datetime) -> set[str]:
        """Return the due instants from `since` to `until` that have a run record, as ISO texts.

        Ranges of misses are not among them: ask `has`.
        """
        rest = "WHERE job = ? AND kind = 'run' AND due >= ? AND due <= ?"
        return {row[3] for row in self._ask(job, rest, job, iso(since), iso(until))}

    def has(self, job: str, due: datetime) -> bool:
        """Say whether a due instant is answered for: by a run, or by a range of misses that it falls in."""
        if self.home.record(job, due_id(due)).exists():
            return True
        text = iso(due)
        rest = "WHERE job = ? AND kind = 'missed' AND first_due <= ? AND due >= ? LIMIT 1"
        return bool(self._ask(job, rest, job, text, text))

    def last_due(self, job: str, at: datetime) -> datetime | None:
        """Return the newest instant up to `at` that is answered for; None where nothing is.

        Within a range of misses that goes on after `at` (a clock that came back) that is `at` itself.
        """
        text = iso(at)
        straddling = "WHERE job = ? AND kind = 'missed' AND due > ? AND first_due <= ? LIMIT 1"
        if self._ask(job, straddling, job, text, text):
            return instant_of(text)
        of_kind = "WHERE job = ? AND kind = ? AND due <= ? ORDER BY due DESC LIMIT 1"
        rows = [row for kind in records.KINDS for row in self._ask(job, of_kind, job, kind, text)]
        return max((instant_of(row[3]) for row in rows), default=None)

    def series(self, job: str) -> list[trend.Series]:
        """Return how each claim or gap of a job moved, in the order of time, with its breaks."""
        return trend.series_of(self.records(job, kind="run", newest_first=False))

    def breaks(self, job: str) -> dict[str, tuple[str, ...]]:
        """Return by id what had changed since the run before, of `trend.BREAKS`."""
        return trend.breaks_of(self.records(job, kind="run"))

    def jobs(self) -> list[str]:
        """Return the jobs that have records, in order."""
        return self.home.jobs()

    def prune(
        self,
        job: str | None = None,
        *,
        keep: int | None,
        older_than: timedelta | None,
        at: datetime,
        dry_run: bool = False,
    ) -> list[Pruned]:
        """Remove run documents; records and their points stay, and so does each job's newest document.

        Parameters
        ----------
        keep : int or None
            How many of each job's newest documents stay in any case.
        older_than : timedelta or None
            Younger ones than this stay in any case; `at` is now.
        dry_run : bool
            Only say what would go.
        """
        if keep is None and older_than is None:
            return []
        before = horizon(at, older_than)
        going = [
            one
            for name in (self.jobs() if job is None else [job])
            for one in to_prune(self.home, self.records(name, kind="run"), keep=keep, before=before)
        ]
        if not dry_run:
            prune(self.home, going, at)
        return going

    def export(self, style: str, job: str | None = None) -> str:
        """Return all records, oldest first, as "csv", "json" or "jsonl"."""
        return exporting.export(self.records(job, newest_first=False), style)

    def check(self) -> list[str]:
        """Return one line for each thing that is wrong, with the way out; nothing is changed."""
        found = self._store.integrity()
        found += looking.of_records(self.home, self.records)
        return [*self.troubles, *found, *looking.of_folders(self.home)]

    def rebuild(self) -> dict[str, int]:
        """Build the index anew, and make a record for each document that has none and no attempt behind it.

        Returns
        -------
        dict
            How many ``records`` there are, how many ``damaged``, how many were ``made`` from documents.
        """
        made = sum(self._adopt(*orphan) for orphan in looking.orphans(self.home))
        self._store.ask(lambda connection: connection.execute("DELETE FROM records"))
        rows = self._ask(None, "")
        damaged = sum(bool(row[index.COLUMNS.index("damaged")]) for row in rows)
        return {"records": len(rows), "damaged": damaged, "made": made}

    def _adopt(self, job: str, identity: str) -> bool:
        """Make a record from a document without one."""
        record = mending.stand_in(self.home, job, identity)
        if record["document"] is None:
            return False
        return self.publish(record, documents.unpacked(self.home.document(job, identity)))

    def _ask(self, job: str | None, rest: str, *values: Any) -> list[tuple[Any, ...]]:
        """Bring the index up to date for one job or all, and return the rows that a question finds."""
        name = job if job is None else known_job(job)

        def question(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            index.refresh(connection, self.home, name)
            return list(index.select(connection, rest, *values))

        return self._store.ask(question)

    def _index(self, job: str) -> None:
        """Have the index know of a new record now; the record itself is safe whatever comes of that."""
        try:
            self._ask(job, "LIMIT 0")
        except BadInputError as error:
            self._tell(str(error))

    def _tell(self, line: str) -> None:
        if line not in self.troubles:
            self.troubles.append(line)
