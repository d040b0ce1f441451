"""From one metric's estimates to its gaps: the widest pair, pairs with a reference, each against the rest.

`adjust` then rules on all gaps of an audit together; `Gap` and `GapSettings` stand in `rulings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.fairness.gaps.comparing import Comparison
from toolkit.fairness.gaps.rulings import Compare, Gap, GapSettings, adjust, holm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.cells import Partition
    from toolkit.fairness.estimates import Estimates

__all__ = ["Compare", "Gap", "GapSettings", "adjust", "gaps", "holm"]


def gaps(
    estimates: Estimates,
    partition: Partition,
    settings: GapSettings,
    compare: Compare = "widest",
    complement: Estimates | None = None,
    *,
    members: int = 1,
    sizes: NDArray[np.int64] | None = None,
) -> list[Gap]:
    """Measure the gaps of one metric between the groups of one partition.

    Parameters
    ----------
    estimates : Estimates
        Of the metric, one value per group of the partition.
    partition : Partition
    settings : GapSettings
    compare : {"widest", "reference", "rest"}
        The widest pair (procedure W); every group against the named reference (no gap where the settings name
        none for these attributes); every group, also "(missing)", against everybody not in it.
    complement : Estimates, optional
        Of everybody not in each group; needed for "rest".
    members : int
        Number of gaps in the family they will be adjusted in: how small p-values must be able to get.
    sizes : ndarray of int, shape (groups,), optional
        Rows of the table in each group, for shares of people and rows of the table; the rows of the metric's
        denominator are taken otherwise.

    Returns
    -------
    list of Gap
        One per kind and comparison. For "widest" value = highest - lowest, or lowest / highest; otherwise
        `highest` is the named group and `lowest` the reference or "the rest", and the value is signed, or
        group / other.

    Raises
    ------
    ValueError
        If the complement is missing, or the reference is not a group of the partition.
    """
    comparison = Comparison(estimates, partition, settings, compare=compare, members=members, sizes=sizes)
    if compare == "widest":
        return comparison.widest()
    if compare == "reference":
        return comparison.reference()
    if complement is None:
        raise ValueError("comparing each group with the rest needs the rest's estimates")
    return comparison.rest(complement)
