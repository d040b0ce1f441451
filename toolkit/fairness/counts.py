"""Group metrics from counts: one pass over the rows, then every metric is a ratio of cells.

Names are fairlearn's and scikit-learn's. An empty denominator gives NaN, never 0 (fairlearn gives a group
without positives both a true and a false negative rate of 0).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Each proportion as (numerator cells, denominator cells); a cell is (label, decision).
TN, FP, FN, TP = (0, 0), (0, 1), (1, 0), (1, 1)
Cells = tuple[tuple[int, int], ...]
PROPORTIONS: dict[str, tuple[Cells, Cells]] = {
    "selection_rate": ((FP, TP), (TN, FP, FN, TP)),
    "true_positive_rate": ((TP,), (FN, TP)),
    "false_negative_rate": ((FN,), (FN, TP)),
    "false_positive_rate": ((FP,), (TN, FP)),
    "true_negative_rate": ((TN,), (TN, FP)),
    "precision": ((TP,), (FP, TP)),
    "false_discovery_rate": ((FP,), (FP, TP)),
    "negative_predictive_value": ((TN,), (TN, FN)),
    "false_omission_rate": ((FN,), (TN, FN)),
    "accuracy": ((TN, TP), (TN, FP, FN, TP)),
}


def confusion(
    y: NDArray[Any],
    decision: NDArray[Any],
    group: NDArray[np.int64],
    groups: int,
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Count labels against decisions within groups.

    Parameters
    ----------
    y : ndarray, shape (rows,)
        True labels, 0 or 1.
    decision : ndarray, shape (rows,)
        Decisions, 0 or 1; or the chance of a positive decision in [0, 1], which gives expected counts.
    group : ndarray of int, shape (rows,)
        Codes ``0 .. groups - 1``.
    groups : int
    weight : ndarray, shape (rows,), optional

    Returns
    -------
    ndarray, shape (groups, 2, 2)
        Indexed by group, label, decision.
    """
    import numpy as np

    weight = np.ones(len(y)) if weight is None else weight
    chance = np.asarray(decision, dtype=np.float64)
    place = np.asarray(group) * 2 + np.asarray(y)
    positive = np.bincount(place, weight * chance, minlength=2 * groups)
    total = np.bincount(place, weight, minlength=2 * groups)
    return np.stack([total - positive, positive], axis=-1).reshape(groups, 2, 2)


def rate(counts: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Return one proportion of PROPORTIONS per group; NaN where nobody is in its denominator.

    Parameters
    ----------
    counts : ndarray, shape (..., 2, 2)
        As `confusion` gives; leading axes are kept.
    metric : str
    """
    import numpy as np

    above, below = (sum(counts[..., i, j] for i, j in cells) for cells in PROPORTIONS[metric])
    denominator = np.asarray(below, dtype=np.float64)
    full = denominator > 0
    share: NDArray[np.float64] = np.where(full, above / np.where(full, denominator, 1.0), np.nan)
    return share


def gap(counts: NDArray[np.float64], metric: str, pair: tuple[int, int]) -> float:
    """Return the signed difference of one metric, the pair's first group minus its second.

    Signed, because the size of a difference is biased upward: two equal groups never differ by exactly 0.
    """
    values = rate(counts, metric)
    return float(values[pair[0]] - values[pair[1]])


def pair(
    y: NDArray[Any],
    group: NDArray[np.int64],
    *,
    rows: int = 50,
    positives: int = 0,
    apart: Collection[int] = (),
) -> tuple[int, int]:
    """Return the two largest groups, larger first, among those with enough rows and positives.

    Chosen by size alone and on the whole table, so the comparison is fixed before any outcome is compared.
    Groups kept `apart` (people whose group is not known) are never one of the two.

    Raises
    ------
    ValueError
        If fewer than two groups are large enough; the text has the counts.
    """
    import numpy as np

    size = np.bincount(group)
    good = np.bincount(group, weights=np.asarray(y) == 1, minlength=len(size)).astype(int)
    large = [g for g in np.argsort(-size, kind="stable") if size[g] >= rows and good[g] >= positives]
    enough = [g for g in large if g not in apart]
    if len(enough) < 2:
        found = ", ".join(f"{size[g]} rows with {good[g]} positives" for g in range(len(size)))
        raise ValueError(f"needs two groups of {rows} rows with {positives} positives; found {found}")
    return int(enough[0]), int(enough[1])
