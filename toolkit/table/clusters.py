"""What rows of one cluster share: second moments of its totals, from a second pass grouped by cluster."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, ClusterMoments
from toolkit.records import BadInputError
from toolkit.table.grouped import aliases_of, key_parts, key_selects

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.table.reading import Reading
    from toolkit.table.sources import Source

MOST_PARTS = 4_000


def moments_of(table: Source, reading: Reading, cells: Cells) -> ClusterMoments:
    """Return the second moments over clusters of the cells' totals, scores left out of the cells.

    Rows are added within a cluster by DuckDB; a sparse product over clusters does the rest, in a fixed order.
    """
    import numpy as np

    part, parts = _parts(cells)
    spec = reading.spec
    names = key_parts(spec)
    weight = "w" if spec.weight is not None else "1.0"
    scored = spec.score is not None
    usable = [
        f"{alias} IS NOT NULL" for alias, there in (("s", scored), ("w", spec.weight is not None)) if there
    ]
    usable += [f"{a} IS NOT NULL" for a in ("t", "p") if spec.regression and _has(spec, a)]
    cut_here = tuple(reading.rows.whole)
    select = key_selects(spec, cut_here)
    above = scored and spec.prediction is None
    select += [f"s >= {spec.threshold!r}::DOUBLE AS above"] if above else []
    order = ", ".join(["cluster", *(f"k{i}" for i in range(len(names))), *(["above"] if above else [])])
    # A sum over an ordered list adds in the order of the numbers, the same at every run.
    select += [f"list_sum(list_sort(list({weight}))) AS total" if spec.weight else "count(*) AS total"]
    select += [f"list_sum(list_sort(list({weight} * s))) AS scored"] if scored else []
    where = " AND ".join(["c IS NOT NULL", *usable])
    found = table.ask(
        f"dense_rank() OVER (ORDER BY c) AS cluster, * EXCLUDE (c) FROM (SELECT c, {', '.join(select)}",
        aliases_of(spec, table, cut_here),
        f"WHERE {where} GROUP BY ALL) ORDER BY {order}",
    )
    of_part, keep = _part_of_entry(reading, cells, parts, found, above=above)
    cluster = np.unique(np.ma.filled(found["cluster"], 0)[keep], return_inverse=True)[1].reshape(-1)
    totals = np.ma.filled(found["total"], 0.0).astype(np.float64)[keep]
    scores = np.ma.filled(found["scored"], 0.0).astype(np.float64)[keep] if scored else None
    return _moments(cells, part, parts, cluster=cluster, of_part=of_part[keep], totals=totals, scores=scores)


def _has(spec: Any, alias: str) -> bool:
    return (spec.target if alias == "t" else spec.prediction) is not None


def _keys(cells: Cells) -> NDArray[np.int64]:
    """Return what makes a cell but its score: codes, label, decision, stratum; shape (cells, columns)."""
    import numpy as np

    columns = [*cells.code.T, *(c for c in (cells.label, cells.decision, cells.strata) if c is not None)]
    return np.stack(columns, axis=1)


def _parts(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the part of each cell, and each part's keys."""
    import numpy as np

    parts, part = np.unique(_keys(cells), axis=0, return_inverse=True)
    if len(parts) > MOST_PARTS:
        raise BadInputError(
            f"the sensitive columns have {len(parts):,} combinations with labels and decisions, more than "
            f"{MOST_PARTS:,}, too many for --cluster; name fewer sensitive columns"
        )
    return part.reshape(-1).astype(np.int64), parts


def _part_of_entry(
    reading: Reading, cells: Cells, parts: NDArray[np.int64], found: Any, *, above: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which part each (cluster, cells) entry belongs to, and which entries belong to one."""
    import numpy as np

    seen = reading.key_codes
    names = list(key_parts(reading.spec))
    columns = []
    for place, name in enumerate(names):
        raw = found[f"k{place}"].tolist()
        columns.append(np.array([seen[name][cell] for cell in raw], dtype=np.int64))
    by_name = dict(zip(names, columns, strict=True))
    keys = [by_name[f"sensitive {i}"] for i in range(len(cells.attributes))]
    keys += [by_name[part] for part in ("target", "prediction") if part in by_name]
    keys += [np.ma.filled(found["above"], False).astype(np.int64)] if above else []
    keys += [by_name["within"]] if "within" in by_name else []
    stacked = np.stack(keys, axis=1)
    keep = (stacked >= 0).all(axis=1)
    place_of = {tuple(row): i for i, row in enumerate(parts.tolist())}
    of = np.array([place_of.get(tuple(row), -1) for row in stacked.tolist()], dtype=np.int64)
    return of, keep & (of >= 0)


def _moments(
    cells: Cells,
    part: NDArray[np.int64],
    parts: NDArray[np.int64],
    *,
    cluster: NDArray[np.int64],
    of_part: NDArray[np.int64],
    totals: NDArray[np.float64],
    scores: NDArray[np.float64] | None,
) -> ClusterMoments:
    import numpy as np
    from scipy.sparse import csr_matrix

    clusters = int(cluster.max()) + 1
    cluster = _in_order_of_content(cluster, of_part, totals, scores)
    shape = (clusters, len(parts))
    t = csr_matrix((totals, (cluster, of_part)), shape=shape)
    s = None if scores is None else csr_matrix((scores, (cluster, of_part)), shape=shape)
    there = csr_matrix((np.ones(len(cluster), dtype=np.int64), (cluster, of_part)), shape=shape)
    in_group = {
        attributes: _clusters_by_group(there, parts, places)
        for attributes, places in _partitions(cells.attributes)
    }
    return ClusterMoments(
        clusters=clusters,
        moments=np.asarray((t.T @ t).todense()),
        part=part,
        scores=None if s is None else np.asarray((s.T @ s).todense()),
        cross=None if s is None else np.asarray((t.T @ s).todense()),
        in_group=in_group,
    )


def _in_order_of_content(
    cluster: NDArray[np.int64],
    of_part: NDArray[np.int64],
    totals: NDArray[np.float64],
    scores: NDArray[np.float64] | None,
) -> NDArray[np.int64]:
    """Number the clusters by what they hold, so that sums over them do not depend on how they are named."""
    import numpy as np

    mixed = of_part.astype(np.uint64) + np.uint64(1)
    for values in (totals, totals if scores is None else scores):
        mixed = (mixed ^ (values + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    held = np.zeros(int(cluster.max()) + 1, dtype=np.uint64)
    np.add.at(held, cluster, mixed)
    place = np.empty(len(held), dtype=np.int64)
    place[np.argsort(held, kind="stable")] = np.arange(len(held))
    return place[cluster]


def _partitions(attributes: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Yield everybody, every attribute, and every set of them, in the table's order."""
    for size in range(len(attributes) + 1):
        for places in combinations(range(len(attributes)), size):
            yield tuple(attributes[i] for i in places), list(places)


def _clusters_by_group(there: Any, parts: NDArray[np.int64], places: list[int]) -> NDArray[np.int64]:
    """Count the clusters with a row in each group of a partition, in the order `Cells.partition` gives."""
    import numpy as np
    from scipy.sparse import csr_matrix

    groups, of_part = np.unique(parts[:, places], axis=0, return_inverse=True)
    pick = csr_matrix(
        (np.ones(len(parts), dtype=np.int64), (np.arange(len(parts)), of_part.reshape(-1))),
        shape=(len(parts), len(groups)),
    )
    return np.asarray(((there @ pick) > 0).sum(axis=0)).reshape(-1).astype(np.int64)
