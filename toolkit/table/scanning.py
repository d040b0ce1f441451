"""What the columns nobody named may hide: a reversal within their levels, or the label under another name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.table.asking import CountSpec, resolved
from toolkit.table.canonical import as_number, canonical_text, values_of
from toolkit.table.columns import MISSING_GROUP
from toolkit.table.files import NUMBER
from toolkit.table.grouped import aliases_of, key_parts
from toolkit.table.reading import Reading, read_cells
from toolkit.table.rereading import outcome_selects, outcomes, usable
from toolkit.table.sources import TEXT, Source, opened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LEVELS = 20
SAMPLE = 50_000
MOSTLY = 0.95
AT_ONCE = 60  # columns in one GROUPING SETS query: their set is told by the bits of a whole number


@dataclass(frozen=True, eq=False)
class Scanned:
    """What was found in one other column.

    Attributes
    ----------
    column : str
    kind : str
        "levels" (20 at most) or "number".
    levels : tuple of str
        In natural order, MISSING_GROUP last; empty for a column of numbers.
    groups : tuple of str
        Those of the first sensitive column, in the order of its partition.
    counts : ndarray of int, shape (groups, levels, 2, 2), or None
        Rows by group, level, label (0 without labels) and decision.
    auc : float or None
        Area under the curve of the numbers against the label, over at most about 50,000 rows drawn at
        random, the same every time.
    n : int
        Rows that have a level or, of those drawn, a number.
    missing : int
        Rows, or rows drawn, without.
    """

    column: str
    kind: str
    levels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    counts: NDArray[np.int64] | None = None
    auc: float | None = None
    n: int = 0
    missing: int = 0


def scan_columns(source: Any, spec: CountSpec, name: str | None = None, seed: int = 0) -> list[Scanned]:
    """Look at every column that plays no part, against the first sensitive column, label and decision.

    Parameters
    ----------
    source : path, glob, or pandas DataFrame
    spec : CountSpec
    name : str, optional
    seed : int
        Of the rows drawn for columns of numbers.

    Returns
    -------
    list of Scanned
        In the table's order; a column of many texts, of dates or of anything else is left out.
    """
    with opened(source, name) as table:
        spec = resolved(spec, table.names, table.label)
        table.lend(spec.columns)
        reading = read_cells(table, spec)
        spec = reading.spec
        if spec.regression:
            return []
        table.lend(table.names)
        part = {spec.sensitive[0], spec.target, spec.prediction, spec.score, spec.weight, spec.cluster}
        others = [n for n in table.names if n not in part and _readable(table, n)]
        few, numbers = _kinds(table, others)
        found: dict[str, Scanned] = {}
        for start in range(0, len(few), AT_ONCE):
            found |= _levels(table, reading, few[start : start + AT_ONCE])
        if spec.target is not None and numbers:
            found |= _numbers(table, reading, numbers, seed)
        return [found[n] for n in table.names if n in found]


def _readable(table: Source, name: str) -> bool:
    kind = table.types[name]
    return kind == "CODES" or bool(NUMBER.fullmatch(kind) or TEXT.fullmatch(kind))


def _number(table: Source, name: str) -> str | None:
    """Return the expression for a column's numbers, NULL for what is none; None where it cannot hold any."""
    kind = table.types[name]
    if kind == "CODES":
        texts = [canonical_text(cell) for cell in table.lookups[name]]
        known = all(text is None or as_number(text) is not None for text in texts)
        return table.number(name) if known and texts else None
    if kind.startswith(("DATE", "TIMESTAMP", "BOOLEAN")):
        return None
    number = table.number(name)
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _kinds(table: Source, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the columns of few levels, and of the others those of numbers."""
    if not names:
        return [], []
    select, inner = [], []
    for i, name in enumerate(names):
        number = _number(table, name)
        inner += [f"{table.trimmed(name)} AS o{i}", f"{number or 'NULL::DOUBLE'} AS x{i}"]
        select += [f"approx_count_distinct(o{i}) AS d{i}, count(o{i}) AS n{i}, count(x{i}) AS m{i}"]
    found = table.ask(", ".join(select), ", ".join(inner))
    few, numbers = [], []
    for i, name in enumerate(names):
        levels, full, fitting = (int(found[f"{a}{i}"][0]) for a in "dnm")
        if levels <= MOST_LEVELS:
            few.append(name)
        elif fitting and fitting >= MOSTLY * full:
            numbers.append(name)
    return few, numbers


def _levels(table: Source, reading: Reading, names: Sequence[str]) -> dict[str, Scanned]:
    """Count all columns of few levels in one query."""
    import numpy as np

    selects, keys = outcome_selects(reading)
    own = [f"o{i}" for i in range(len(names))]
    inner = ", ".join(
        [aliases_of(reading.spec, table, tuple(reading.rows.whole))]
        + [f"{table.trimmed(name)} AS o{i}" for i, name in enumerate(names)]
    )
    sets = ", ".join(f"({', '.join([*keys, o])})" for o in own)
    found = table.ask(
        f"{', '.join([*keys, *own])}, grouping_id({', '.join(own)}) AS which, count(*) AS n "
        f"FROM (SELECT {', '.join([*selects, *own])}",
        inner,
        f"WHERE {usable(reading.spec)}) GROUP BY GROUPING SETS ({sets})",
    )
    group, label, decision = outcomes(reading, found)
    n = np.ma.filled(found["n"], 0).astype(np.int64)
    keep = (label >= 0) & (decision >= 0)
    here, place = np.unique(group[keep], return_inverse=True)
    groups = tuple(reading.groups[0].levels[i] for i in here.tolist())
    of_group = np.zeros(len(group), dtype=np.int64)
    of_group[keep] = place.reshape(-1)
    which = np.ma.filled(found["which"], 0).astype(np.int64)
    every = (1 << len(own)) - 1
    scanned = {}
    for i, name in enumerate(names):
        mine = keep & (which == every ^ (1 << (len(own) - 1 - i)))
        raw = found[own[i]][mine].tolist()
        values = values_of(set(raw), table.lookups.get(name))
        levels = values.distinct
        if len(levels) > MOST_LEVELS:
            continue
        levels += (MISSING_GROUP,) if None in values.text.values() else ()
        code = {c: levels.index(MISSING_GROUP if t is None else t) for c, t in values.text.items()}
        level = np.array([code[cell] for cell in raw], dtype=np.int64)
        counts = np.zeros((len(groups), len(levels), 2, 2), dtype=np.int64)
        np.add.at(counts, (of_group[mine], level, label[mine], decision[mine]), n[mine])
        missing = int(counts[:, -1].sum()) if MISSING_GROUP in levels else 0
        scanned[name] = Scanned(
            name, "levels", levels, groups, counts, n=int(counts.sum()) - missing, missing=missing
        )
    return scanned


def _numbers(table: Source, reading: Reading, names: Sequence[str], seed: int) -> dict[str, Scanned]:
    """Measure how well each column of numbers tells the label, on rows drawn at random."""
    import numpy as np

    spec = reading.spec
    label_key = f"k{list(key_parts(spec)).index('target')}"
    every = max(1, math.ceil(int(reading.rows.n.sum()) / SAMPLE))
    inner = ", ".join(
        [aliases_of(spec, table, tuple(reading.rows.whole)), "row_number() OVER () AS toolkit_row"]
        + [f"{_number(table, name)} AS x{i}" for i, name in enumerate(names)]
    )
    drawn = f"hash(toolkit_row + {seed} * 1000003) % {every} = 0" if every > 1 else "true"
    found = table.ask(
        ", ".join([label_key, *(f"x{i}" for i in range(len(names)))]),
        inner,
        f"WHERE {drawn} AND {usable(spec)}",
    )
    code = reading.key_codes["target"]
    label = np.array([code[cell] for cell in found[label_key].tolist()], dtype=np.int64)
    scanned = {}
    for i, name in enumerate(names):
        x = np.ma.filled(np.ma.asarray(found[f"x{i}"], dtype=np.float64), np.nan)
        known = np.isfinite(x) & (label >= 0)
        auc = _auc(x[known], label[known])
        scanned[name] = Scanned(
            name, "number", auc=auc, n=int(known.sum()), missing=int((~np.isfinite(x)).sum())
        )
    return scanned


def _auc(x: NDArray[np.float64], label: NDArray[np.int64]) -> float | None:
    """Return the chance that a random positive has a larger number than a random negative, ties half."""
    import numpy as np

    values, place = np.unique(x, return_inverse=True)
    ones = np.bincount(place.reshape(-1), weights=label, minlength=len(values))
    zeros = np.bincount(place.reshape(-1), minlength=len(values)) - ones
    if not ones.sum() or not zeros.sum():
        return None
    below = np.cumsum(zeros) - zeros
    return float((ones * (below + zeros / 2)).sum() / (ones.sum() * zeros.sum()))
