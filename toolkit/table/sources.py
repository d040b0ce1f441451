"""A table as DuckDB sees it, wherever it is: what to write after FROM, and how to ask for a column's cells.

Files are streamed by every query and never copied; a DataFrame's columns are lent to DuckDB as arrays.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.columns import MISSING, refuse_near_repeats, refuse_repeats
from toolkit.table.files import (
    NUMBER,
    connection,
    delimited,
    errors,
    explained,
    files_of,
    format_of,
    parquet,
    quoted,
    safe_names,
)

if TYPE_CHECKING:
    import duckdb

TEXT = re.compile(r"VARCHAR|UUID|ENUM.*|BOOLEAN|DATE|TIMESTAMP.*|FLOAT|DECIMAL.*|U?HUGEINT|BIGNUM")
DATES = ("DATE", "TIMESTAMP")
NOT_TEXT = ("CODES",)
Hashes = tuple[tuple[str, str], ...]


@dataclass(eq=False)
class Source:
    """An open table.

    Attributes
    ----------
    label : str
        What messages call it.
    format : str
        "csv", "tsv", "csv.gz", "parquet", "DataFrame", ...
    names : tuple of str
    types : dict of str to str
        DuckDB's type of each column; of a DataFrame only those lent so far.
    lookups : dict of str to list
        For a column that is lent as codes, the cell each code stands for.
    hashes : future
        Name and sha256 of each file, found while DuckDB works.
    """

    con: duckdb.DuckDBPyConnection
    label: str
    format: str
    names: tuple[str, ...]
    query: str
    parameters: list[Any]
    types: dict[str, str]
    hashes: Future[Hashes]
    frame: Any = None
    lent: dict[str, Any] = field(default_factory=dict)
    lookups: dict[str, list[Any]] = field(default_factory=dict)

    def ask(self, select: str, inner: str, after: str = "", first: int | None = None) -> dict[str, Any]:
        """Run ``SELECT select FROM (SELECT inner FROM the table) after``; return an array per column.

        With `first` only so many of the table's first rows are read.

        Raises
        ------
        OverflowError
            If a number does not fit the type it is cast to.
        BadInputError
            If the table cannot be read.
        """
        rows = f"SELECT {inner} FROM {self.query}"  # noqa: S608 - names are quoted
        rows += "" if first is None else f" LIMIT {first}"
        query = f"SELECT {select} FROM ({rows}) {after}"  # noqa: S608 - as above
        try:
            return dict(self.con.execute(query, self.parameters).fetchnumpy())
        except errors() as error:
            if type(error).__name__ in ("ConversionException", "OutOfRangeException"):
                raise OverflowError(str(error)) from error
            raise BadInputError(explained(self.label, str(error))) from error

    def lend(self, names: Iterable[str]) -> None:
        """Make columns of a DataFrame known to DuckDB; a file's are known already."""
        if self.frame is None:
            return
        from toolkit.table.lending import lend

        lend(self, [name for name in names if name not in self.types])

    def key(self, name: str) -> str:
        """Return the expression for a column's cells as values to group by: text, whole numbers, doubles."""
        kind, own = self._usable(name), quoted(name)
        # A FLOAT is written out, so that 0.1 is the same value here as in a CSV.
        if kind == "CODES":
            return f"CASE WHEN {own} < 0 THEN NULL ELSE {own} END"
        if TEXT.fullmatch(kind) and kind != "VARCHAR":
            return f"CAST({own} AS VARCHAR)"
        return f"CASE WHEN isnan({own}) THEN NULL ELSE {own} END" if kind == "DOUBLE" else own

    def trimmed(self, name: str) -> str:
        """Return the same with text trimmed and the marks of missing values as NULL."""
        key = self.key(name)
        if self._usable(name) in NOT_TEXT or NUMBER.fullmatch(self.types[name]):
            return key
        return f"CASE WHEN trim({key}) IN {MISSING} THEN NULL ELSE trim({key}) END"

    def number(self, name: str) -> str:
        """Return the expression for a column's cells as doubles: NULL is missing, NaN is not a number."""
        kind, own = self._usable(name), quoted(name)
        if kind == "CODES":
            from toolkit.table.lending import lend_numbers

            return quoted(lend_numbers(self, name))
        if kind.startswith(DATES):
            raise BadInputError(
                f"{self.label}: the column {name!r} holds dates, and numbers are needed; give a number, such "
                "as a year or an age"
            )
        if kind in ("VARCHAR", "UUID") or kind.startswith("ENUM"):
            cell = f"trim(CAST({own} AS VARCHAR))"
            return (
                f"CASE WHEN {own} IS NULL OR {cell} IN {MISSING} THEN NULL "
                f"ELSE coalesce(TRY_CAST({cell} AS DOUBLE), 'nan'::DOUBLE) END"
            )
        value = f"CAST(CAST({own} AS VARCHAR) AS DOUBLE)" if kind == "FLOAT" else f"CAST({own} AS DOUBLE)"
        return f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"

    def first_row(self, cell: str, where: str) -> tuple[int, str]:
        """Return the number (from 1) and the cell of the first row where something holds."""
        numbered = f"SELECT *, row_number() OVER () AS toolkit_row FROM {self.query}"  # noqa: S608 - fixed text
        query = (
            f"SELECT toolkit_row, CAST({quoted(cell)} AS VARCHAR) FROM ({numbered}) WHERE {where} "  # noqa: S608 - names are quoted
            "ORDER BY toolkit_row LIMIT 1"
        )
        row, text = self.con.execute(query, self.parameters).fetchall()[0]
        if cell in self.lookups:
            text = self.lookups[cell][int(text)]
        return int(row), str(text)[:60]

    def _usable(self, name: str) -> str:
        kind = self.types[name]
        if kind == "BLOB":
            raise BadInputError(
                f"{self.label}: the column {name!r} holds bytes; save it as text or numbers, or name another"
            )
        if not (NUMBER.fullmatch(kind) or TEXT.fullmatch(kind) or kind == "CODES"):
            raise BadInputError(
                f"{self.label}: the type of the column {name!r} ({kind[:40]}) is neither number nor text; "
                "name another one"
            )
        return kind


@contextmanager
def opened(source: Any, name: str | None = None) -> Iterator[Source]:
    """Open a path, a glob or a DataFrame.

    Raises
    ------
    BadInputError
        If it is no table; the text names the file, and the line where there is one.
    """
    with ExitStack() as stack:
        con = stack.enter_context(connection(_cores()))
        hasher = stack.enter_context(ThreadPoolExecutor(1))
        if not isinstance(source, str | Path):
            yield _open_frame(con, source, name, hasher)
            return
        paths = files_of(str(source))
        readable = stack.enter_context(safe_names(paths))
        yield _open_files(con, str(source), paths, readable, name=name, hasher=hasher)


def _open_files(
    con: duckdb.DuckDBPyConnection,
    source: str,
    paths: Sequence[Path],
    readable: list[str],
    *,
    name: str | None,
    hasher: ThreadPoolExecutor,
) -> Source:
    label = name or (paths[0].name if len(paths) == 1 else source)
    kinds = sorted({format_of(path) for path in paths})
    if len(kinds) > 1:
        raise BadInputError(f"{label}: the files are of different formats ({', '.join(kinds)})")
    kind = kinds[0]
    try:
        if kind == "parquet":
            query, parameters = parquet(con, readable, label)
        else:
            query, parameters = delimited(readable, list(paths), label, packed=kind == "gzip")
            kind = {",": "csv", "\t": "tsv"}.get(parameters[1], "delimited text") + (
                ".gz" if kind == "gzip" else ""
            )
        described = con.execute(f"DESCRIBE SELECT * FROM {query}", parameters).fetchall()  # noqa: S608 - fixed text
    except errors() as error:
        raise BadInputError(explained(label, str(error))) from error
    types = {row[0]: row[1] for row in described}
    hashes = hasher.submit(lambda: tuple((path.name, _sha256(path)) for path in paths))
    return Source(con, label, kind, tuple(types), query, parameters, types, hashes)


def _open_frame(
    con: duckdb.DuckDBPyConnection, frame: Any, name: str | None, hasher: ThreadPoolExecutor
) -> Source:
    label = name or "DataFrame"
    if not all(hasattr(frame, part) for part in ("columns", "iloc", "isna")):
        raise BadInputError(
            f"{type(frame).__name__} is not a table; give a path, a glob or a pandas DataFrame"
        )
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise BadInputError(f"{label}: the columns have several levels of names; flatten them to one")
    names = [str(column) for column in frame.columns]
    refuse_repeats(label, names)
    refuse_near_repeats(label, names)
    if not len(frame):
        raise BadInputError(f"{label}: there are columns and no rows; give a table with rows")
    source = Source(con, label, "DataFrame", tuple(names), "frame", [], {}, hasher.submit(tuple), frame)
    source.hashes = hasher.submit(lambda: ((label, _frame_sha256(source)),))
    return source


def _sha256(path: Path) -> str:
    from toolkit.table.files import sha256

    return sha256(path)


def _frame_sha256(source: Source) -> str:
    """Hash a DataFrame's cells, column by column; a column that cannot be hashed counts by its name."""
    import numpy as np
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256()
    for place, name in enumerate(source.names):
        digest.update(name.encode("utf-8", "surrogatepass") + b"\0")
        try:
            hashed = hash_pandas_object(source.frame.iloc[:, place], index=False)
        except TypeError:
            continue
        digest.update(np.ascontiguousarray(hashed.to_numpy(), dtype="<u8").tobytes())
    return digest.hexdigest()


def _cores() -> int:
    """Return the cores this process may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, available or 1)
