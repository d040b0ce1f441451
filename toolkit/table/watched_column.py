"""What a watched column is: one that orders its rows, or one of ids; decided by all its cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.records import BadInputError
from toolkit.table.columns import MISSING
from toolkit.table.files import quoted

if TYPE_CHECKING:
    from toolkit.table.sources import Source

IDS = "id"
MOST_IDS = 5_000_000
WORDS = {"whole": "whole numbers", "number": "numbers", "time": "dates or times", IDS: "ids"}
WHOLE = r"^[+-]?[0-9]{1,37}$"
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
NUMBERS = ("DOUBLE", "FLOAT", "HUGEINT", "UHUGEINT", "DECIMAL")


@dataclass(frozen=True)
class Watched:
    """A column to watch by, as expressions: `order` where it orders rows, `high` and `low` halves of ids."""

    column: str
    type: str
    order: str = ""
    high: str = ""
    low: str = ""


def watched_column(table: Source, column: str, before: str | None) -> Watched:
    """Decide how to read the column.

    Whole numbers, numbers, dates and times order their rows; texts that are none of these are ids.

    Raises
    ------
    BadInputError
        If it was read otherwise `before`, or can be read as neither.
    """
    kind = table.types[column]
    if kind in ("BOOLEAN", "BLOB", "OBJECT"):
        raise BadInputError(
            f"{table.label}: --watch {column}: a column of type {kind} tells no rows apart; name a date, a "
            "number that rises, or an id"
        )
    readings = _readings(table, column, kind)
    held = _held(table, readings)
    if not held["present"]:
        raise BadInputError(
            f"{table.label}: --watch {column}: it is missing in every row; name another column"
        )
    found = next(name for name in readings if held[name] == held["present"])
    if before is not None and found != before:
        if before in readings and held.get(before) == held["present"]:
            found = before  # a column of numbers may hold whole ones only today
        else:
            raise BadInputError(
                f"{table.label}: --watch {column}: it held {WORDS[before]} in the run before and now holds "
                f"{WORDS[found]}; mend the column, or leave --watch-from out to begin anew"
            )
    if found != IDS:
        return Watched(column, found, order=readings[found])
    return Watched(
        column,
        IDS,
        high=f"md5_number_upper({readings[IDS]})",
        low=f"md5_number_lower({readings[IDS]})",
    )


def bound(mark: str, type_: str) -> str:
    """Return a mark as a SQL literal; ValueError for what is none."""
    return f"{float(mark)!r}::DOUBLE" if type_ == "number" else f"{int(mark)}::HUGEINT"


def refuse_many_ids(label: str, column: str, ids: int) -> None:
    """Refuse more ids than can be kept beside a report."""
    if ids > MOST_IDS:
        raise BadInputError(
            f"{label}: --watch {column}: {ids:,} ids, more than {MOST_IDS:,}; name a column that orders the "
            "rows (a date, a time or a number that rises), of which only the last value is kept"
        )


def _readings(table: Source, column: str, kind: str) -> dict[str, str]:
    """Return expressions by type, NULL where a cell is missing or not of it; the first that fits is taken."""
    own = quoted(column)
    if kind in INTEGERS:
        return {"whole": f"CAST({own} AS HUGEINT)", "number": f"CAST({own} AS DOUBLE)"}
    if kind.startswith(NUMBERS):
        value = f"CAST({own} AS DOUBLE)"
        finite = f"CASE WHEN isfinite({value}) THEN {value} END"
        whole = f"CASE WHEN isfinite({value}) AND {value} = floor({value}) AND abs({value}) < 1e15 "
        return {"whole": f"{whole} THEN CAST({value} AS HUGEINT) END", "number": finite}
    if kind.startswith(("DATE", "TIMESTAMP")):
        return {"time": _time(own)}
    text = f"trim(CAST({_text(table, column, kind)} AS VARCHAR))"
    present = f"CASE WHEN {text} NOT IN {MISSING} THEN {text} END"
    return {
        "whole": f"CASE WHEN regexp_matches({text}, '{WHOLE}') THEN CAST({text} AS HUGEINT) END",
        "number": f"CASE WHEN isfinite(TRY_CAST({present} AS DOUBLE)) THEN CAST({text} AS DOUBLE) END",
        "time": _time(present),
        IDS: present,
    }


def _time(expression: str) -> str:
    """Return microseconds since 1970: a cell without an offset is taken as UTC, one with it as it says."""
    stamp = f"TRY_CAST({expression} AS TIMESTAMPTZ)"
    return f"CASE WHEN isfinite({stamp}) THEN CAST(epoch_us({stamp}) AS HUGEINT) END"


def _text(table: Source, column: str, kind: str) -> str:
    """Return the expression for a column's cells as text; a DataFrame's objects are lent as text first."""
    if kind != "CODES":
        return quoted(column)
    import numpy as np

    own = f"{column} (as text)"
    if own not in table.lent:
        cells = [str(cell) for cell in table.lookups[column]]
        table.lent[own] = np.array([*cells, None], dtype=object)[table.lent[column]]
        table.con.register("frame", dict(table.lent))
    return quoted(own)


def _held(table: Source, readings: dict[str, str]) -> dict[str, int]:
    """Count the rows that hold a value of each type, and those that hold anything."""
    table.con.execute("SET TimeZone = 'UTC'")
    last = [*readings][-1]
    selects = ", ".join(f"count({name}_) AS {name}_" for name in readings)
    found = table.ask(selects, ", ".join(f"{text} AS {name}_" for name, text in readings.items()))
    held = {name: int(found[f"{name}_"][0]) for name in readings}
    return {**held, "present": held[last]}
