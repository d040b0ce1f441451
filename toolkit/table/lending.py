"""From a DataFrame's columns to arrays that DuckDB can scan; pandas is used by its public interface only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.canonical import as_number, canonical_text

if TYPE_CHECKING:
    from toolkit.table.sources import Source

# What a lent column of each numpy kind is to DuckDB; the rest is lent as codes.
PLAIN = {"b": "BOOLEAN", "i": "BIGINT", "u": "UBIGINT", "f": "DOUBLE"}


def lend(source: Source, names: list[str]) -> None:
    """Register some columns, with their types and, for codes, the cells they stand for."""
    for name in names:
        series = source.frame.iloc[:, source.names.index(name)]
        values, kind, cells = _lent(series)
        source.lent[name] = values
        source.types[name] = kind
        if cells is not None:
            source.lookups[name] = cells
    if names:
        source.con.register("frame", dict(source.lent))


def _lent(series: Any) -> tuple[Any, str, list[Any] | None]:
    """Return an array, DuckDB's name of its type, and the cells behind the codes if it holds codes."""
    import numpy as np

    if isinstance(series.dtype, np.dtype) and series.dtype.kind in PLAIN and series.dtype.itemsize <= 8:
        values = np.ascontiguousarray(series.to_numpy())
        if values.dtype == np.float16:
            values = values.astype(np.float32)
        return values, "FLOAT" if values.dtype == np.float32 else PLAIN[values.dtype.kind], None
    try:
        codes, cells = series.factorize(use_na_sentinel=True)
    except TypeError:  # lists and the like
        return np.zeros(len(series), np.int32), "OBJECT", None
    held = [_plain(cell) for cell in cells]
    if any(isinstance(cell, bytes | bytearray | memoryview) for cell in held):
        return codes, "BLOB", None
    place: dict[
        str, int
    ] = {}  # cells that are spelt alike share a code, and those that say "missing" have -1
    one = [-1 if (t := canonical_text(cell)) is None else place.setdefault(t, len(place)) for cell in held]
    first: dict[int, Any] = {}
    for code, cell in zip(one, held, strict=True):
        first.setdefault(code, cell)
    return np.array([*one, -1], dtype=np.int32)[codes], "CODES", [first[i] for i in range(len(place))]


def lend_numbers(source: Source, name: str) -> str:
    """Register a coded column's cells as doubles under a name of its own; return that name.

    Raises
    ------
    BadInputError
        If a cell is neither a number nor missing.
    """
    import numpy as np

    own = f"{name} (as a number)"
    if own in source.lent:
        return own
    numbers = np.full(len(source.lookups[name]) + 1, np.nan)  # the last is that of code -1, a missing cell
    for code, cell in enumerate(source.lookups[name]):
        text = canonical_text(cell)
        if text is None:
            continue
        value = {"true": 1.0, "false": 0.0}.get(text) if isinstance(cell, bool) else as_number(text)
        if value is None:
            row = int(np.flatnonzero(source.lent[name] == code)[0]) + 1
            raise BadInputError(
                f"{source.label}, row {row}: the column {name!r} holds {str(cell)[:60]!r}, and numbers are "
                "needed; mend the cell or name another column"
            )
        numbers[code] = value
    source.lent[own] = numbers[source.lent[name]]
    source.con.register("frame", dict(source.lent))
    return own


def _plain(cell: Any) -> Any:
    """Return numpy's and pandas' scalars as Python's own."""
    return cell.item() if hasattr(cell, "item") and not hasattr(cell, "isoformat") else cell
