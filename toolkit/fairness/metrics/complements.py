"""Everybody who is not in a group, as cells of their own, so that any metric can be taken of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, ClusterMoments, Partition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Cells that complements of several groups may take up at a time.
ROOM = 1_000_000


def kinds(cells: Cells) -> NDArray[np.int64]:
    """Return which kind (label, decision, score) each cell is of, ``0 .. kinds - 1``."""
    import numpy as np

    columns = [values for values in (cells.label, cells.decision, cells.score) if values is not None]
    code = np.zeros(len(cells.n), np.int64)
    for values in columns:
        levels, place = np.unique(values, return_inverse=True)
        code = np.unique(code * len(levels) + place.reshape(-1), return_inverse=True)[1].reshape(-1)
    return code.astype(np.int64)


def outside(
    cells: Cells, partition: Partition, groups: NDArray[np.int64], beside: bool = False
) -> tuple[Cells, Partition]:
    """Make cells in which group i is everybody not in `groups[i]` of the partition.

    Parameters
    ----------
    cells : Cells
    partition : Partition
    groups : ndarray of int, shape (m,)
    beside : bool
        Put the groups themselves after their complements, 2m groups in all, so that the covariance of each
        with its own is known where they share clusters.

    Returns
    -------
    Cells, Partition
        Without strata. The cells of a complement are all cells of the table less the group's, so people stand
        in several of the new groups.
    """
    import numpy as np

    kind = kinds(cells)
    first = np.unique(kind, return_index=True)[1]
    k = len(partition)
    sides = (np.arange(k)[None] != groups[:, None]).astype(np.float64)
    if beside:
        sides = np.concatenate([sides, 1 - sides])
    place = partition.of_cell * len(first) + kind

    def summed(values: NDArray[Any]) -> NDArray[np.float64]:
        table = np.bincount(place, values, minlength=k * len(first)).reshape(k, len(first))
        return np.asarray(sides @ table)

    n = np.rint(summed(cells.n)).astype(np.int64)
    there = n > 0
    group, of_kind = np.nonzero(there)
    taken = first[of_kind]

    def kept(values: Any) -> Any:
        return None if values is None else values[taken]

    names = [f"everybody but {partition.names[g]}" for g in groups] + [
        partition.names[g] for g in groups if beside
    ]
    made = replace(
        cells,
        attributes=("group",),
        levels=(tuple(names),),
        code=group[:, None].astype(np.int64),
        label=kept(cells.label),
        decision=kept(cells.decision),
        score=kept(cells.score),
        n=n[there],
        weight=summed(cells.weight)[there],
        weight2=summed(cells.weight2)[there],
        sums={name: summed(values)[there] for name, values in cells.sums.items()},
        clusters=None,
        strata=None,
        strata_names=(),
    )
    parted = Partition(partition.attributes, tuple({"group": name} for name in names), group.astype(np.int64))
    if cells.clusters is None:
        return made, parted
    return replace(made, clusters=_moments(cells, partition, made, parted, sides)), parted


def _moments(
    cells: Cells,
    partition: Partition,
    made: Cells,
    parted: Partition,
    sides: NDArray[np.float64],
) -> ClusterMoments:
    """Carry the cluster moments over: a complement's total in a cluster is a sum of the groups' totals.

    A cluster has somebody outside a group for sure if it has nobody inside, or somebody in another group;
    the larger of both counts is used, which is never too many.
    """
    import numpy as np

    from toolkit.fairness.metrics.beyond import clusters_in, of_parts

    moments = cells.clusters
    assert moments is not None
    part = of_parts(cells, partition)
    nothing = np.zeros(len(made.n), np.int64)
    label = nothing if made.label is None else made.label
    decision = nothing if made.decision is None else made.decision
    code = part["label"] * 2 + part["decision"]
    mapped = np.zeros((len(sides), 4, len(code)))
    mapped[:, code, np.arange(len(code))] = sides[:, part["group"]]
    carry = mapped.reshape(-1, len(code))

    def carried(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if values is None else np.asarray(carry @ values @ carry.T)

    own = clusters_in(cells, partition)
    largest = (sides * own).max(axis=1)
    free = moments.clusters - np.array([own[side == 0].sum() for side in sides])
    inside = np.where(sides.sum(axis=1) > 1, np.maximum(largest, free), largest)
    square = carried(moments.moments)
    assert square is not None
    return ClusterMoments(
        moments.clusters,
        square,
        parted.of_cell * 4 + label * 2 + decision,
        carried(moments.scores),
        carried(moments.cross),
        {partition.attributes: inside.astype(np.int64)},
    )
