"""A table to learn from whose rows keep who they are: features beside groups, weights and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError, Task
from toolkit.table import _refuse_short, _table
from toolkit.table.columns import MISSING_GROUP, Column, Table, nearest_column
from toolkit.table.features import build
from toolkit.table.outcome import Groups, as_text, groups_of, outcome_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Learnable:
    """Rows with a known outcome, as learners see them and as an audit names them.

    Attributes
    ----------
    X : ndarray of float64, shape (rows, features)
    y : ndarray, shape (rows,)
        0 or 1, or numbers for a regression.
    names, columns, sources
        Features' names; the columns they came from, and for each feature which of them.
    raw : mapping of str to Column
        Every feature column as it was read, for a model that wants them so.
    groups : mapping of str to sequence of (str or None)
        For each sensitive column the group of each row; None where it is missing.
    kept : mapping of str to sequence
        The columns asked for by role (weights, clusters, strata), as text.
    """

    label: str
    task: Task
    X: NDArray[np.float64]
    y: NDArray[Any]
    classes: tuple[str, ...]
    names: tuple[str, ...]
    columns: tuple[str, ...]
    sources: tuple[int, ...]
    raw: Mapping[str, Column]
    groups: Mapping[str, Sequence[str | None]]
    kept: Mapping[str, Sequence[str | None]]
    notes: tuple[str, ...]


def learnable(
    source: Any,
    *,
    target: str | None,
    positive: str | None,
    sensitive: Sequence[str],
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    cut: Mapping[str, Sequence[float]] | None = None,
    name: str | None = None,
) -> Learnable:
    """Read a table for a model or a recipe; long tables are sampled, and the notes say so.

    Parameters
    ----------
    keep : sequence of str
        Columns that are no features but stay with the rows.
    drop : sequence of str
        Columns that are no features; a sensitive one among them still forms groups.
    cut : mapping of str to numbers, optional
        Declared cut points of ordered sensitive columns.

    Raises
    ------
    BadInputError
        If a column is not there, the outcome cannot be learnt, or no feature is left.
    """
    table = _table(source, name)
    sensitive = [nearest_column(column, table) for column in sensitive]
    keep = [nearest_column(column, table) for column in keep]
    dropped = {nearest_column(column, table) for column in drop}
    target = nearest_column(target, table) if target else None
    outcome = outcome_of(table.column(target), positive, table.label) if target else None
    rows = _everybody(table) if outcome is None else outcome.keep
    if outcome is not None:
        _refuse_short(table, len(outcome.y), "with a target" if outcome.left_out else "in all")
        if outcome.task == "multiclass":
            raise BadInputError(
                f"{table.label}: the target {target!r} has the values "
                f"{', '.join(map(repr, outcome.classes))}; audit one against the rest: add --positive VALUE"
            )
    used = [c.take(rows) for c in table.columns if c.name not in {target, *keep}]
    features = [c for c in used if c.name not in dropped]
    built = build(features, sensitive, outcome, table.label) if outcome is not None else None
    formed = {c.name: _groups(c, (cut or {}).get(c.name)) for c in used if c.name in sensitive}
    notes = [*table.notes, *(outcome.notes if outcome else ()), *(built.notes if built else ())]
    notes += [note for groups in formed.values() for note in groups.notes]
    return Learnable(
        label=table.label,
        task="binary" if outcome is None else outcome.task,
        X=built.X if built else _nothing(rows),
        y=outcome.y if outcome else _nothing(rows)[:, 0:0].sum(axis=1),
        classes=outcome.classes if outcome else (),
        names=built.names if built else (),
        columns=built.columns if built else (),
        sources=built.sources if built else (),
        raw={c.name: c for c in features},
        groups={name: _named(formed[name]) for name in sensitive},
        kept={c: as_text(table.column(c).take(rows)) for c in keep},
        notes=tuple(dict.fromkeys(notes)),
    )


def _everybody(table: Table) -> NDArray[np.bool_]:
    import numpy as np

    return np.ones(max(len(column.values) for column in table.columns), dtype=bool)


def _nothing(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    import numpy as np

    return np.zeros((int(rows.sum()), 0))


def _groups(column: Column, points: Sequence[float] | None) -> Groups:
    """Form groups as an audit of counts does: declared cut points first, else by value."""
    if points is None:
        return groups_of(column)
    import numpy as np

    from toolkit.table.grouping import cut_names

    if column.kind != "number":
        raise BadInputError(f"--cut {column.name}: this column holds no numbers; its values are its groups")
    texts = cut_names(column.values, points)
    return groups_of(Column(column.name, "text", np.array(texts, dtype=object)))


def _named(groups: Groups) -> list[str | None]:
    return [None if (name := groups.names[code]) == MISSING_GROUP else name for code in groups.codes.tolist()]
