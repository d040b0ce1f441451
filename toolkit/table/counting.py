"""The table is read once, by DuckDB, into counts from which a whole audit follows.

``source -> one GROUP BY over the cells as they stand (grouped.py) -> one spelling for each value
(canonical.py) -> groups (grouping.py), labels and decisions (deciding.py) -> Cells``. What is dropped is
counted with its reason, by group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.fairness.cells import Cells
from toolkit.records import BadInputError
from toolkit.table.asking import CountSpec, resolved
from toolkit.table.clusters import moments_of
from toolkit.table.ordering import Ordered, ordered_of
from toolkit.table.reading import Reading, read_cells
from toolkit.table.scanning import Scanned, scan_columns
from toolkit.table.sources import Source, opened
from toolkit.table.tallying import dropped_of, label_missing, merged, score_range

__all__ = ["CountSpec", "Counted", "Ordered", "Scanned", "count", "scan_columns"]


@dataclass(frozen=True, eq=False)
class Counted:
    """Everything an audit needs to know about a table, and no rows.

    Attributes
    ----------
    cells : Cells
    label : str
        What to call the table.
    files : tuple of (name, sha256)
        Of each file's bytes; of a DataFrame's cells.
    format : str
    rows : int
        Rows read, dropped ones included.
    columns : tuple of str
        All columns of the table.
    dropped : list of dict
        ``reason``, ``rows`` and ``by_group``: for each single group ``attributes``, ``dropped`` and ``n``.
    positive, negative : str or None
        The value that counts as 1 and what the others are called; None for a regression.
    target_values, prediction_values : mapping of str to int
        Rows by value; empty where there is no such column or it was read as a number.
    threshold : float or None
        The one that made the decisions.
    score_range : tuple of float or None
        Smallest and largest score of the rows kept.
    task : str
        "binary" or "regression".
    decided_by : str
        "prediction", "score" or "labels".
    notes : tuple of str
        What was chosen or changed.
    ordered : mapping of str to Ordered
        Each sensitive column of numbers by its numbers, before it was cut.
    label_missing : mapping of int to (int, int), or None
        By decision, how many rows have no label and of how many; None where labels or decisions are not read.
    program_cuts : mapping of str to tuple of float
        Cut points that nobody declared.
    spec : CountSpec
        As resolved: columns in the table's spelling, the threshold and the task as decided.
    """

    cells: Cells
    label: str
    files: tuple[tuple[str, str], ...]
    format: str
    rows: int
    columns: tuple[str, ...]
    dropped: list[dict[str, Any]]
    positive: str | None
    negative: str | None
    target_values: Mapping[str, int]
    prediction_values: Mapping[str, int]
    threshold: float | None
    score_range: tuple[float, float] | None
    task: str
    decided_by: str
    notes: tuple[str, ...]
    ordered: Mapping[str, Ordered] = field(default_factory=dict)
    label_missing: Mapping[int, tuple[int, int]] | None = None
    program_cuts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    spec: CountSpec = field(default_factory=lambda: CountSpec(()))


def count(source: Any, spec: CountSpec, name: str | None = None) -> Counted:
    """Count a table's rows by group, label, decision and score.

    Parameters
    ----------
    source : path, glob, or pandas DataFrame
        CSV, TSV (plain or .gz) or Parquet, told by content; all give the same numbers for the same cells.
    spec : CountSpec
        Which column plays which part.
    name : str, optional
        What to call the table; by default the file's name.

    Raises
    ------
    BadInputError
        If the table or a column cannot be used; the text names the file, the column, the row where there is
        one, and the way out.
    """
    with opened(source, name) as table:
        spec = resolved(spec, table.names, table.label)
        table.lend(spec.columns)
        return _counted(table, read_cells(table, spec))


def _counted(table: Source, reading: Reading) -> Counted:
    """Drop, merge and hand over."""
    spec, rows = reading.spec, reading.rows
    keep, dropped = dropped_of(reading)
    if not rows.n[keep].sum():
        why = "; ".join(f"{each['reason']}: {each['rows']:,} rows" for each in dropped)
        raise BadInputError(f"{table.label}: no row can be used ({why}); name other columns")
    cells, notes = merged(reading, keep)
    if spec.cluster is not None:
        cells = replace(cells, clusters=moments_of(table, reading, cells))
    return Counted(
        cells=cells,
        label=table.label,
        files=table.hashes.result(),
        format=table.format,
        rows=int(rows.n.sum()),
        columns=table.names,
        dropped=dropped,
        positive=reading.target.positive if reading.target else None,
        negative=reading.target.negative if reading.target else None,
        target_values=reading.values.get("target", {}),
        prediction_values=reading.values.get("prediction", {}),
        threshold=spec.threshold,
        score_range=score_range(reading, keep),
        task="regression" if spec.regression else "binary",
        decided_by=reading.decided_by,
        notes=(*reading.notes, *notes),
        ordered=ordered_of(table, reading, keep),
        label_missing=label_missing(reading),
        program_cuts={
            name: group.cut
            for name, group in zip(spec.sensitive, reading.groups, strict=True)
            if group.cut and name not in spec.cut
        },
        spec=spec,
    )
