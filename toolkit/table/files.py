"""From files to columns: DuckDB reads, everything else here is about saying plainly why it cannot."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.columns import (
    MISSING,
    Column,
    Kind,
    Table,
    counted,
    refuse_near_repeats,
    refuse_repeats,
    sample,
)

if TYPE_CHECKING:
    import duckdb

DELIMITERS = (",", "\t", ";", "|")
NUMBER = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|BIGNUM|DECIMAL\(\d+, ?\d+\)")
MOSTLY = 0.95
FEW_LEVELS = 20
HEADER_LINES = 100


def read_files(source: str, name: str | None) -> Table:
    """Read one file or a glob of files with the same columns."""
    paths = files_of(source)
    label = name or (paths[0].name if len(paths) == 1 else source)
    kinds = {path: format_of(path) for path in paths}
    if len(set(kinds.values())) > 1:
        raise BadInputError(
            f"{label}: the files are of different formats ({', '.join(sorted(set(kinds.values())))})"
        )
    kind = kinds[paths[0]]
    with connection() as con, safe_names(paths) as readable:
        try:
            if kind == "parquet":
                relation = parquet(con, readable, label)
            else:
                relation = delimited(readable, paths, label, packed=kind == "gzip")
            rows, read = _load(con, *relation)
            columns = tuple(_columns(con, text=kind != "parquet"))
        except errors() as error:
            raise BadInputError(explained(label, str(error))) from error
    notes = [f"{path.name}: sha256 {sha256(path)}" for path in paths]
    if read < rows:
        notes.append(f"{counted(read, 'row')} of {rows:,} were read, drawn at random, the same every time")
    return Table(label, columns, tuple(notes))


def files_of(source: str) -> list[Path]:
    """Return the files a path or a glob stands for."""
    if re.match(r"^[A-Za-z][A-Za-z0-9+.-]+://", source):
        raise BadInputError(f"{source}: tables are not read over the network; download it and give the file")
    if not source.strip():
        raise BadInputError("no table is named; give a file, a glob, or the name of a dataset")
    path = Path(source).expanduser()
    if path.is_dir():
        raise BadInputError(f"{source}: this is a folder; give a file, or a glob such as '{source}/*.csv'")
    found = [path] if path.exists() else [Path(p) for p in sorted(glob(str(path), recursive=True))]  # noqa: PTH207 - the pattern may be absolute
    if not found:
        near = _nearest_file(path)
        raise BadInputError(f"{source}: there is no such file{near}")
    for each in found:
        if not each.is_file():
            raise BadInputError(f"{each}: this is not a regular file; save the table to a file first")
        if each.stat().st_size == 0:
            raise BadInputError(f"{each}: the file is empty; give a table with a header line and rows")
    return found


def _nearest_file(path: Path) -> str:
    from difflib import get_close_matches

    try:
        close = get_close_matches(path.name, [p.name for p in path.parent.iterdir() if p.is_file()], n=1)
    except OSError:
        return "; check the path"
    return f"; did you mean {str(path.parent / close[0])!r}?" if close else "; check the path"


def format_of(path: Path) -> str:
    """Tell a file's format by its content."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise BadInputError(
            f"{path}: the file cannot be read ({error.strerror}); check its permissions"
        ) from error
    refused = {
        b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
        b"\x89HDF": "an HDF5 file; save the table as Parquet or CSV",
        b"\x80": "a pickle, which is code and is never opened; save the table as Parquet or CSV",
        b"SQLite format 3": "a database; export the table as CSV",
        b"\xff\xfe": "UTF-16 text; save it as UTF-8",
        b"\xfe\xff": "UTF-16 text; save it as UTF-8",
        b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
        b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip",
        b"(\xb5/\xfd": "packed with zstd; unpack it, or pack it with gzip",
    }
    for magic, what in refused.items():
        if head.startswith(magic):
            raise BadInputError(f"{path}: this is {what}")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if b"\0" in head:
        raise BadInputError(
            f"{path}: this is not a text table (it holds zero bytes); give CSV, TSV or Parquet"
        )
    return "text"


@contextmanager
def connection(threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in memory, unable to download extensions or to write beside the user's table."""
    import duckdb

    off = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    spill = str(Path(gettempdir()) / f"toolkit-duckdb-{os.getpid()}")  # used only where memory runs out
    config: dict[str, str | bool | int | float | list[str]] = {
        **off,
        "threads": threads,
        "temp_directory": spill,
    }
    with duckdb.connect(":memory:", config=config) as con:
        con.execute("SET enable_progress_bar = false")
        yield con


def errors() -> type[Exception]:
    """Return what DuckDB raises, importing it only now."""
    import duckdb

    return duckdb.Error


@contextmanager
def safe_names(paths: list[Path]) -> Iterator[list[str]]:
    """Give files DuckDB would read as a glob a plain name for the while."""
    if not any(re.search(r"[*?\[\]{}]", str(path)) for path in paths):
        yield [str(path) for path in paths]
        return
    with TemporaryDirectory() as folder:
        links = [Path(folder) / f"{i}" for i, _ in enumerate(paths)]
        for link, path in zip(links, paths, strict=True):
            link.symlink_to(path.resolve())
        yield [str(link) for link in links]


def parquet(con: duckdb.DuckDBPyConnection, files: list[str], label: str) -> tuple[str, list[Any]]:
    """Return the query for Parquet files, once their column names are known to be distinct."""
    names = _parquet_names(con, files[0])
    refuse_repeats(label, names)
    refuse_near_repeats(label, names)
    for place, file in enumerate(files[1:], start=2):
        if _parquet_names(con, file) != names:
            raise BadInputError(
                f"{label}: file {place} has other columns than the first; give files with the same columns"
            )
    return "read_parquet(?)", [files]


def _parquet_names(con: duckdb.DuckDBPyConnection, file: str) -> list[str]:
    """Return the columns' names, without those inside nested columns."""
    names, skip = [], 0
    rows = con.execute("SELECT name, num_children FROM parquet_schema(?)", [file]).fetchall()
    for field, children in rows[1:]:
        if skip:
            skip += (children or 0) - 1
            continue
        names.append(field)
        skip = children or 0
    return names


def delimited(files: list[str], paths: list[Path], label: str, *, packed: bool) -> tuple[str, list[Any]]:
    """Return the query for delimited text: every cell as text, typed afterwards over all rows read."""
    headers = [_header(path, packed=packed) for path in paths]
    delimiter, names = headers[0]
    refuse_repeats(label, names)
    refuse_near_repeats(label, names)
    for path, header in zip(paths, headers, strict=True):
        if header != headers[0]:
            raise BadInputError(
                f"{path}: its header differs from that of {paths[0].name}; give files with the same columns"
            )
    names = [name if name.strip() else f"column {i}" for i, name in enumerate(names, start=1)]
    if len(names) == 1:
        raise BadInputError(
            f"{label}: the header has one column ({names[0][:60]!r}); separate columns by , tab ; or |"
        )
    query = (
        "read_csv(?, delim=?, quote='\"', escape='\"', header=true, skip=0, auto_detect=false, "
        "strict_mode=true, null_padding=false, columns=?, compression=?, max_line_size=16000000, "
        "buffer_size=32000000)"  # 16 times the longest line by default, for each of several buffers
    )
    types = dict.fromkeys(names, "VARCHAR")
    return query, [files, delimiter, types, "gzip" if packed else "none"]


def _header(path: Path, *, packed: bool) -> tuple[str, list[str]]:
    """Return the delimiter and the names on the first line."""
    try:
        with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
            line = file.readline(4_000_000)
            for more in islice(file, HEADER_LINES):
                if line.count('"') % 2 == 0:
                    break
                line += more  # a quoted name that holds a line break
    except UnicodeDecodeError as error:
        raise BadInputError(_encoding(path.name, error)) from error
    except (OSError, EOFError) as error:
        raise BadInputError(f"{path}: the file cannot be unpacked ({error}); it may be truncated") from error
    lines = line.splitlines(keepends=True)
    parsed = {mark: next(csv.reader(lines, delimiter=mark), []) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: len(parsed[mark]))
    return delimiter, [name.strip() for name in parsed[delimiter]]


def _encoding(label: str, error: UnicodeDecodeError) -> str:
    return (
        f"{label}: byte {error.start} is not UTF-8; save it as UTF-8, for example "
        "with: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv"
    )


def _load(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> tuple[int, int]:
    """Copy the rows wanted into a temporary table; return how many there are and how many were read."""
    rows = int(con.execute(f"SELECT count(*) FROM {query}", parameters).fetchall()[0][0])  # noqa: S608 - fixed text
    wanted = sample(rows)
    if wanted is None:
        con.execute(f"CREATE TEMP TABLE t AS SELECT * FROM {query}", parameters)  # noqa: S608 - fixed text
        return rows, rows
    con.register("wanted", {"i": wanted})
    con.execute("CREATE TEMP TABLE w AS SELECT i FROM wanted")
    numbered = f"(SELECT *, row_number() OVER () - 1 AS __toolkit_row FROM {query})"  # noqa: S608 - fixed text
    con.execute(
        f"CREATE TEMP TABLE t AS SELECT * EXCLUDE (__toolkit_row) FROM {numbered} "  # noqa: S608 - as above
        "WHERE __toolkit_row IN (SELECT i FROM w) ORDER BY __toolkit_row",
        parameters,
    )
    return rows, len(wanted)


def _columns(con: duckdb.DuckDBPyConnection, *, text: bool) -> Iterator[Column]:
    """Yield each column with its type decided over all rows read."""
    for name, kind, *_ in con.execute("DESCRIBE t").fetchall():
        yield _text_column(con, name) if text else _typed_column(con, name, kind)


def _fetch(con: duckdb.DuckDBPyConnection, expression: str) -> Any:
    """Return one expression over the rows in order, as an array with NaN or None where it is missing."""
    import numpy as np

    values = con.execute(f"SELECT {expression} AS v FROM t").fetchnumpy()["v"]  # noqa: S608 - names are quoted
    if isinstance(values, np.ma.MaskedArray):
        missing: Any = np.nan if values.dtype.kind == "f" else None  # filled(None) would mean numpy's own "?"
        return np.where(np.ma.getmaskarray(values), missing, values.data)
    return values


def _typed_column(con: duckdb.DuckDBPyConnection, name: str, kind: str) -> Column:
    own = quoted(name)
    if kind == "BOOLEAN":
        return Column(name, "boolean", _fetch(con, f"CAST({own} AS DOUBLE)"))
    if NUMBER.fullmatch(kind):
        return Column(name, "number", _fetch(con, f"CAST({own} AS DOUBLE)"))
    if kind.startswith(("DATE", "TIMESTAMP")):
        return Column(name, "date", _fetch(con, f"epoch({own}) / 86400.0"))
    if kind in ("VARCHAR", "UUID") or kind.startswith("ENUM"):
        cell = f"trim(CAST({own} AS VARCHAR))"
        return Column(name, "text", _fetch(con, f"CASE WHEN {cell} IN {MISSING} THEN NULL ELSE {cell} END"))
    import numpy as np

    return Column(
        name, "other", np.empty(0), f"{name}: left out, its type ({kind[:40]}) is neither number nor text"
    )


def _text_column(con: duckdb.DuckDBPyConnection, name: str) -> Column:
    """Decide what a column of text really is, and say which cells did not fit."""
    own = quoted(name)
    cell = f"(CASE WHEN trim({own}) IN {MISSING} THEN NULL ELSE trim({own}) END)"
    tests = {
        "number": f"TRY_CAST({cell} AS DOUBLE)",
        "boolean": f"CASE lower({cell}) WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 END",
        "date": f"epoch(TRY_CAST({cell} AS TIMESTAMP)) / 86400.0",
    }
    counts = ", ".join(f"count({test})" for test in tests.values())
    found = con.execute(f"SELECT count({cell}), {counts}, count(DISTINCT {cell}) FROM t").fetchall()  # noqa: S608
    full, numbers, booleans, dates, levels = found[0]
    kinds: tuple[tuple[Kind, int], ...] = (("number", numbers), ("boolean", booleans), ("date", dates))
    for kind, fitting in kinds:
        if full and fitting == full:
            return Column(name, kind, _fetch(con, tests[kind]))
    if full and levels > FEW_LEVELS and numbers >= MOSTLY * full:
        odd = con.execute(
            f"SELECT {cell}, i FROM (SELECT *, row_number() OVER () AS i FROM t) "  # noqa: S608 - names are quoted
            f"WHERE {cell} IS NOT NULL AND {tests['number']} IS NULL ORDER BY i LIMIT 1"
        ).fetchall()
        first = f" (first {str(odd[0][0])[:30]!r} in row {odd[0][1]})" if odd else ""
        note = f"{name}: {counted(full - numbers, 'cell')} not a number{first}, taken as missing"
        return Column(name, "number", _fetch(con, tests["number"]), note)
    return Column(name, "text", _fetch(con, cell))


def quoted(name: str) -> str:
    """Write a column's name as SQL does."""
    return '"' + name.replace('"', '""') + '"'


def explained(label: str, message: str) -> str:
    """Turn DuckDB's message into ours: file, row, way out."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{label}, line {line[1]}" if line else label
    if "unicode" in message or "utf-8" in message:
        return (
            f"{where}: not UTF-8; save it as UTF-8, for example with: "
            "iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv"
        )
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if cells:
        return (
            f"{where}: {cells[2]} cells where the header has {cells[1]}; mend the line (is a quote missing?)"
        )
    if "quote" in message.lower():
        return f"{where}: a quoted cell is not closed; mend the line"
    first = message.strip().splitlines()[0] if message.strip() else "it cannot be read"
    return f"{where}: the table cannot be read ({first[:300]}); save it anew as CSV or Parquet"


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
