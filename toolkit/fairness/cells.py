"""What one pass over a table leaves: counts per distinct (groups, label, decision, score), and no rows.

Every group metric is a function of these cells, so its interval costs the same at a thousand rows and at a
hundred million. `table.counting` makes them from a user's table; everything in `fairness` starts from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING_GROUP = "(missing)"
# Sums a cell keeps besides its rows: of weights w, w squared, w times score, w times score squared; in a
# regression of w times target, prediction, error, its size and squares.
Sums = Mapping[str, "NDArray[np.float64]"]


@dataclass(frozen=True, eq=False)
class ClusterMoments:
    """Second moments over clusters (people, households), enough for any cluster-robust variance.

    Attributes
    ----------
    clusters : int
        Number of clusters.
    moments : ndarray, shape (parts, parts)
        Sum over clusters of t t', with t a cluster's sums of weights in each part.
    part : ndarray of int, shape (cells,)
        Which part each cell belongs to; parts are cells without their score, so that the matrix stays small.
    scores, cross : ndarray, shape (parts, parts), or None
        The same sum with w times score in place of w on both sides, and on the right side only.
    in_group : mapping of attributes to ndarray of int
        Clusters that have a row in each group of that partition, in the partition's order.
    """

    clusters: int
    moments: NDArray[np.float64]
    part: NDArray[np.int64]
    scores: NDArray[np.float64] | None = None
    cross: NDArray[np.float64] | None = None
    in_group: Mapping[tuple[str, ...], NDArray[np.int64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of the rows of a table by group, label, decision and score.

    Attributes
    ----------
    attributes : tuple of str
        Names of the sensitive columns.
    levels : tuple of tuple of str
        For each attribute the names of its groups; MISSING_GROUP last where a row has none.
    code : ndarray of int, shape (cells, attributes)
        Which level of each attribute.
    label : ndarray of int, shape (cells,), or None
        0 or 1; None where the table has no labels.
    decision : ndarray of int, shape (cells,), or None
        0 or 1; None for a regression.
    n : ndarray of int, shape (cells,)
        Rows.
    weight, weight2 : ndarray, shape (cells,)
        Sums of the weights and of their squares; both equal `n` without weights.
    score : ndarray, shape (cells,), or None
        The score all rows of a cell share (the mean of a bin where there are more than 10,000 of them).
    sums : mapping of str to ndarray, shape (cells,)
        Weighted sums, by the names of `table.counting`: "score", "score2" (of squares) and, for a
        regression, "target", "prediction", "error", "size" and the same with a 2 for squares.
    frequencies : bool
        Whether the weights are frequencies (a row of weight 3 is three people) rather than sampling weights.
    clusters : ClusterMoments or None
    strata : ndarray of int, shape (cells,), or None
        Level of the `--within` column; `strata_names` has the names.
    exact_scores : bool
        False where scores were binned.
    """

    attributes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    code: NDArray[np.int64]
    label: NDArray[np.int64] | None
    decision: NDArray[np.int64] | None
    n: NDArray[np.int64]
    weight: NDArray[np.float64]
    weight2: NDArray[np.float64]
    score: NDArray[np.float64] | None = None
    sums: Sums = field(default_factory=dict)
    frequencies: bool = False
    clusters: ClusterMoments | None = None
    strata: NDArray[np.int64] | None = None
    strata_names: tuple[str, ...] = ()
    exact_scores: bool = True

    @cached_property
    def weighted(self) -> bool:
        """Whether rows count differently."""
        return not self.frequencies and bool((self.weight != self.n).any())

    def partition(self, attributes: Sequence[str]) -> Partition:
        """Return the groups that some of the attributes form together; none gives one group of everybody."""
        import numpy as np

        places = [self.attributes.index(name) for name in attributes]
        chosen = self.code[:, places]
        found, of_cell = np.unique(chosen, axis=0, return_inverse=True)
        groups = tuple(
            {name: self.levels[p][level] for name, p, level in zip(attributes, places, row, strict=True)}
            for row in found.tolist()
        )
        return Partition(tuple(attributes), groups, of_cell.reshape(-1).astype(np.int64))

    def take(self, keep: NDArray[np.bool_]) -> Cells:
        """Return some of the cells; cluster moments cannot be taken apart and are dropped."""

        def cut(values: Any) -> Any:
            return None if values is None else values[keep]

        return replace(
            self,
            code=self.code[keep],
            label=cut(self.label),
            decision=cut(self.decision),
            n=self.n[keep],
            weight=self.weight[keep],
            weight2=self.weight2[keep],
            score=cut(self.score),
            sums={name: values[keep] for name, values in self.sums.items()},
            clusters=None,
            strata=cut(self.strata),
        )


@dataclass(frozen=True, eq=False)
class Partition:
    """Groups formed by some attributes: their names, and the group of each cell."""

    attributes: tuple[str, ...]
    groups: tuple[Mapping[str, str], ...]
    of_cell: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def names(self) -> tuple[str, ...]:
        """Each group in a few words: its levels, joined."""
        return tuple(" & ".join(group.values()) or "everybody" for group in self.groups)

    @property
    def missing(self) -> tuple[bool, ...]:
        """Which groups are people whose attribute is not known."""
        return tuple(MISSING_GROUP in group.values() for group in self.groups)

    def total(self, values: NDArray[Any], where: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Sum a quantity of the cells within each group, over some of the cells."""
        import numpy as np

        of_cell, values = (self.of_cell, values) if where is None else (self.of_cell[where], values[where])
        summed = np.bincount(of_cell, weights=values, minlength=len(self))
        return np.rint(summed).astype(np.int64) if values.dtype.kind == "i" else summed

    def confusion(self, cells: Cells, values: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the sum of `values` (rows by default), shape (groups, 2, 2): group, label, decision.

        Without labels everything stands under label 0; see `counts.PROPORTIONS`.
        """
        import numpy as np

        values = cells.n if values is None else values
        label = np.zeros(len(values), np.int64) if cells.label is None else cells.label
        decision = label if cells.decision is None else cells.decision
        place = (self.of_cell * 2 + label) * 2 + decision
        summed = np.bincount(place, weights=values, minlength=4 * len(self)).reshape(-1, 2, 2)
        return np.rint(summed).astype(np.int64) if values.dtype.kind == "i" else summed
