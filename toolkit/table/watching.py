"""Which rows are new since an earlier run: by a column that orders them, or by the ids seen before.

``opened table -> what the column is (watched_column.py) -> one GROUP BY over new, old and undated rows``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.asking import PARTS, CountSpec, resolved
from toolkit.table.columns import nearest_name
from toolkit.table.grouped import aliases_of, key_parts, key_selects
from toolkit.table.reading import Reading, read_cells
from toolkit.table.rereading import usable
from toolkit.table.sources import Source, opened
from toolkit.table.watched_column import IDS, MOST_IDS, Watched, bound, refuse_many_ids, watched_column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_IDS", "Past", "Split", "split"]

NEW, OLD, UNKNOWN = 0, 1, 2
Cell = tuple[tuple[str, ...], int | None, int]


@dataclass(frozen=True, eq=False)
class Past:
    """What an earlier run left: how the column was read, and its mark or its ids.

    Attributes
    ----------
    type : str
        "whole", "number", "time" or "id".
    mark : str or None
        The largest value counted, as whole number (microseconds since 1970 of a time) or double.
    ids : ndarray of uint64, shape (ids, 2), or None
        High and low half of each id's MD5, sorted.
    """

    type: str
    mark: str | None = None
    ids: NDArray[np.uint64] | None = None


@dataclass(frozen=True, eq=False)
class Split:
    """The rows that an audit counts, apart by whether they are new.

    Attributes
    ----------
    column, type : str
        As the table spells it; as in `Past`.
    new, old : mapping of (levels, label, decision) to int
        Rows by their level of each sensitive column, label (None without labels) and decision. Old ones are
        at or below the mark, or have an id that was seen; nothing is old without an earlier run.
    missing : int
        Rows that the audit counts and whose cell in the column is missing.
    mark : str or None
        The mark after these rows.
    ids : ndarray of uint64, shape (ids, 2), or None
        All ids after these rows, sorted.
    """

    column: str
    type: str
    new: Mapping[Cell, int]
    old: Mapping[Cell, int]
    missing: int
    mark: str | None = None
    ids: NDArray[np.uint64] | None = None


def split(source: Any, spec: CountSpec, column: str, past: Past | None, name: str | None = None) -> Split:
    """Count the rows that are new and those that are not.

    Parameters
    ----------
    source : path, glob, or pandas DataFrame
    spec : CountSpec
        As `Counted.spec` has it.
    column : str
        Orders the rows (a date, a time, a number) or names each (any other text).
    past : Past, optional
        Without it every row is new.
    name : str, optional
        What to call the table.

    Raises
    ------
    BadInputError
        If the column plays another part, is of another type than before, or names two rows alike.
    """
    with opened(source, name) as table:
        spec = resolved(spec, table.names, table.label)
        column = nearest_name(column, table.names, table.label)
        _refuse_parts(table, spec, column)
        table.lend((*spec.columns, column))
        # Without weights and clusters, which a watch refuses, a row is kept by its cells and score alone.
        reading = read_cells(table, spec)
        own = watched_column(table, column, past.type if past else None)
        return (_by_id if own.type == IDS else _by_mark)(table, reading, own, past)


def _refuse_parts(table: Source, spec: CountSpec, column: str) -> None:
    """Refuse a column that says what happened to a person as one that says when."""
    taken = {name: part for part, name in ((PARTS[p], getattr(spec, p)) for p in PARTS)}
    taken |= dict.fromkeys(spec.sensitive, "a sensitive column")
    if column in taken:
        raise BadInputError(
            f"{table.label}: --watch {column}: this is {taken[column]} already; name a column of dates or ids"
        )


def _by_mark(table: Source, reading: Reading, own: Watched, past: Past | None) -> Split:
    import numpy as np

    old = "false" if past is None or past.mark is None else f"o <= {bound(past.mark, own.type)}"
    select, inner = _asked(table, reading)
    part = f"CASE WHEN o IS NULL THEN {UNKNOWN} WHEN {old} THEN {OLD} ELSE {NEW} END AS part"
    found = table.ask(
        f"{', '.join([*select, part])}, count(*) AS n, CAST(max(o) AS VARCHAR) AS top",
        f"{inner}, {own.order} AS o",
        f"WHERE {usable(reading.spec)} GROUP BY ALL",
    )
    cells, n = _cells(reading, found), _whole(found["n"])
    parts = _whole(found["part"])
    tops = [
        str(top)
        for top, cell, p in zip(found["top"].tolist(), cells, parts.tolist(), strict=True)
        if cell is not None and p != UNKNOWN
    ]
    number = float if own.type == "number" else int
    marks = [*tops, *([past.mark] if past and past.mark is not None else [])]
    return Split(
        own.column,
        own.type,
        _tallied(cells, n, parts == NEW),
        _tallied(cells, n, parts == OLD),
        int(sum(_tallied(cells, n, np.asarray(parts == UNKNOWN)).values())),
        mark=max(marks, key=number) if marks else None,
    )


def _by_id(table: Source, reading: Reading, own: Watched, past: Past | None) -> Split:
    import numpy as np

    seen = np.empty((0, 2), np.uint64) if past is None or past.ids is None else past.ids
    table.con.register("toolkit_seen", {"hi": seen[:, 0].copy(), "lo": seen[:, 1].copy()})
    select, inner = _asked(table, reading)
    inner = f"{inner}, {own.high} AS hi, {own.low} AS lo"
    joined = f"r LEFT JOIN toolkit_seen t ON r.hi = t.hi AND r.lo = t.lo WHERE {usable(reading.spec)}"
    part = f"CASE WHEN r.hi IS NULL THEN {UNKNOWN} WHEN t.hi IS NULL THEN {NEW} ELSE {OLD} END AS part"
    found = table.ask(f"{', '.join([*select, part])}, count(*) AS n", inner, f"{joined} GROUP BY ALL")
    cells, n, parts = _cells(reading, found), _whole(found["n"]), _whole(found["part"])
    new = _tallied(cells, n, parts == NEW)
    refuse_many_ids(table.label, own.column, len(seen) + sum(new.values()))
    fresh = table.ask(
        "r.hi AS hi, r.lo AS lo",
        inner,
        f"{joined} AND r.hi IS NOT NULL AND t.hi IS NULL AND {_kept(reading)}",
    )
    halves = [np.ma.filled(fresh[half], 0).astype(np.uint64) for half in ("hi", "lo")]
    ids = _distinct(np.concatenate([seen, np.stack(halves, axis=1)]))
    if len(ids) < len(seen) + sum(new.values()):
        raise BadInputError(
            f"{table.label}: --watch {own.column}: some ids name more than one of the new rows, so that they "
            "tell no row apart; name a column in which every row has its own, or a date"
        )
    return Split(
        own.column,
        own.type,
        new,
        _tallied(cells, n, parts == OLD),
        int(sum(_tallied(cells, n, np.asarray(parts == UNKNOWN)).values())),
        ids=ids,
    )


def _distinct(ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort ids and keep each once; many times faster than `numpy.unique` along an axis."""
    import numpy as np

    ids = ids[np.lexsort((ids[:, 1], ids[:, 0]))]
    first = np.ones(len(ids), dtype=bool)
    first[1:] = (ids[1:] != ids[:-1]).any(axis=1)
    return np.asarray(ids[first])


def _kept(reading: Reading) -> str:
    """Return the condition under which a row has a label and a decision."""
    conditions = ["true"]
    for i, part in enumerate(key_parts(reading.spec)):
        if part not in ("target", "prediction"):
            continue
        conditions.append(f"k{i} IS NOT NULL")
        gone = [cell for cell, code in reading.key_codes[part].items() if code < 0 and cell is not None]
        conditions += [f"k{i} <> {_literal(cell)}" for cell in gone]
    return " AND ".join(conditions)


def _literal(cell: Any) -> str:
    if isinstance(cell, str):
        return "'" + cell.replace("'", "''") + "'"
    return f"'{cell!r}'::DOUBLE" if isinstance(cell, float) else str(int(cell))


def _asked(table: Source, reading: Reading) -> tuple[list[str], str]:
    """Return what to group by, and the inner SELECT list."""
    spec, cut_here = reading.spec, tuple(reading.rows.whole)
    select = key_selects(spec, cut_here)
    if spec.score is not None and spec.prediction is None:
        select.append(f"s >= {spec.threshold!r}::DOUBLE AS above")
    return select, aliases_of(spec, table, cut_here)


def _cells(reading: Reading, found: Mapping[str, Any]) -> list[Cell | None]:
    """Return each entry's levels, label and decision; None where the audit does not count it."""
    parts = list(key_parts(reading.spec))
    coded = {part: [reading.key_codes[part][c] for c in found[f"k{i}"].tolist()]
             for i, part in enumerate(parts)}  # fmt: skip
    many = len(found["n"])
    labels = coded.get("target")
    decisions = coded.get("prediction")
    if decisions is None and "above" in found:
        decisions = [-1 if a is None else int(a) for a in found["above"].tolist()]
    if decisions is None:  # the recorded labels are the decisions
        labels, decisions = None, labels
    assert decisions is not None
    levels = [
        [group.levels[code] for code in coded[f"sensitive {i}"]] for i, group in enumerate(reading.groups)
    ]
    return [
        None
        if decisions[row] < 0 or (labels is not None and labels[row] < 0)
        else (
            tuple(level[row] for level in levels),
            None if labels is None else int(labels[row]),
            int(decisions[row]),
        )
        for row in range(many)
    ]


def _tallied(cells: list[Cell | None], n: NDArray[np.int64], here: NDArray[np.bool_]) -> dict[Cell, int]:
    total: Counter[Cell] = Counter()
    for cell, rows, counts in zip(cells, n.tolist(), here.tolist(), strict=True):
        if counts and cell is not None:
            total[cell] += rows
    return dict(sorted(total.items(), key=lambda item: (item[0][0], item[0][1] or 0, item[0][2])))


def _whole(column: Any) -> NDArray[np.int64]:
    import numpy as np

    return np.ma.filled(column, 0).astype(np.int64)
