"""The only reader of users' tables: a file, a glob or a DataFrame becomes one Dataset, or one clear refusal.

``source -> columns (files.py or frames.py) -> outcome and groups (outcome.py) -> features (features.py)``.
Every value that is changed, pooled or left out is told in the Dataset's notes.
An audit needs counts and no rows; it comes in by `counting.count`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError, Dataset
from toolkit.table.columns import Table, counted, nearest_column
from toolkit.table.features import build
from toolkit.table.outcome import Outcome, groups_of, outcome_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BadInputError", "read"]

FEWEST_ROWS = 200


def read(
    source: Any,
    *,
    target: str,
    positive: str | float | bool | None = None,
    sensitive: Sequence[str] = (),
    name: str | None = None,
    drop: Sequence[str] = (),
) -> Dataset:
    """Read a user's table into a Dataset that every experiment can use.

    Parameters
    ----------
    source : path, glob, or pandas DataFrame
        CSV, TSV (plain or .gz) or Parquet; the format is told by the content, not by the name.
    target : str
        The column to predict.
    positive : str or number, optional
        The value of the target that counts as 1; the others become 0.
    sensitive : sequence of str
        Columns of group membership. The first one forms the groups; all stay among the features.
    name : str, optional
        What to call the table in a report; by default the file's name.
    drop : sequence of str
        Columns to leave out.

    Raises
    ------
    BadInputError
        If the table cannot be used; the text names file, column and row, and the way out.
    """
    table = _table(source, name)
    sensitive = [nearest_column(column, table) for column in sensitive]
    target = nearest_column(target, table)
    dropped = {nearest_column(column, table) for column in drop}
    _refuse_contradictions(table, target, sensitive, dropped)
    outcome = outcome_of(table.column(target), positive, table.label)
    _refuse_short(table, len(outcome.y), "with a target" if outcome.left_out else "in all")
    kept = [c.take(outcome.keep) for c in table.columns if c.name != target and c.name not in dropped]
    features = build(kept, sensitive, outcome, table.label)
    groups = groups_of(next(c for c in kept if c.name == sensitive[0])) if sensitive else None
    if groups:
        values = table.column(sensitive[0]).take(outcome.keep).values
        _refuse_same(table, sensitive[0], outcome, values if outcome.task == "regression" else groups.codes)
    notes = [*table.notes, *outcome.notes, *features.notes, *(groups.notes if groups else ())]
    if len(sensitive) > 1:
        notes.append(f"groups are those of {sensitive[0]}; run again with {' or '.join(sensitive[1:])} first")
    dataset = Dataset(
        name=table.label,
        task=outcome.task,
        X=features.X,
        y=outcome.y,
        feature_names=features.names,
        columns=features.columns,
        source_columns=features.sources,
        classes=outcome.classes,
        target=target,
        sensitive=groups.codes if groups else None,
        sensitive_name=sensitive[0] if groups else "",
        groups=groups.names if groups else (),
        notes=tuple(notes),
    )
    return _sealed(dataset)


def _table(source: Any, name: str | None) -> Table:
    """Read the columns from wherever they are."""
    if isinstance(source, str | Path):
        from toolkit.table.files import read_files

        return read_files(str(source), name)
    from toolkit.table.frames import read_frame

    return read_frame(source, name)


def _refuse_contradictions(table: Table, target: str, sensitive: Sequence[str], drop: set[str]) -> None:
    if target in sensitive:
        raise BadInputError(
            f"{table.label}: {target!r} is both the target and a sensitive column; name another one"
        )
    for column in (target, *sensitive):
        if column in drop:
            raise BadInputError(
                f"{table.label}: column {column!r} is both dropped and needed; drop it or use it"
            )
    if len(set(sensitive)) < len(sensitive):
        raise BadInputError(f"{table.label}: a sensitive column is named twice; name each once")


def _refuse_same(table: Table, sensitive: str, outcome: Outcome, column: NDArray[Any]) -> None:
    """Refuse a sensitive column that is the target under another name: within its groups nothing varies.

    Classes may be spelt in another way; numbers must be the same numbers.
    """
    y, theirs = outcome.y.tolist(), column.tolist()
    one_to_one = len(set(zip(y, theirs, strict=True))) == len(set(y)) == len(set(theirs))
    if y == theirs if outcome.task == "regression" else one_to_one:
        raise BadInputError(
            f"{table.label}: the sensitive column {sensitive!r} says the same as the target in every row; "
            "name another one"
        )


def _refuse_short(table: Table, rows: int, where: str) -> None:
    if rows < FEWEST_ROWS:
        raise BadInputError(
            f"{table.label}: {counted(rows, 'row')} {where}, and fewer than {FEWEST_ROWS} settle nothing at "
            "these margins; give a longer table"
        )


def _sealed(data: Dataset) -> Dataset:
    """Add the hash of everything a measurement can see, so that another target or group is another table."""
    from dataclasses import replace

    digest = hashlib.sha256()
    plain = [
        data.task,
        data.target,
        *data.feature_names,
        "",
        *data.classes,
        "",
        data.sensitive_name,
        *data.groups,
    ]
    digest.update(json.dumps(plain).encode())
    parts: list[NDArray[Any]] = [data.X, data.y] + ([] if data.sensitive is None else [data.sensitive])
    for part in parts:
        digest.update(_bytes(part))
    return replace(data, sha256=digest.hexdigest())


def _bytes(array: NDArray[np.generic]) -> bytes:
    """Return an array's bytes, the same on every machine."""
    import numpy as np

    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return little.tobytes()
