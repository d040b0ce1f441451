"""Values of small cells drawn towards what their attributes predict without acting together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.fairness.cells import Partition
from toolkit.fairness.estimates import Estimates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What the prior may weigh, in people; the top is as good as no difference from the additive prediction.
PRECISIONS = (0.0, 6.0, 241)
# Added to the information of each effect, so that a level in which nobody or everybody succeeds has one.
RIDGE = 0.05


def shrunk(partition: Partition, own: Estimates) -> NDArray[np.float64]:
    """Return each cell's value drawn towards the additive prediction, as far as the cells' spread suggests.

    Counts: a beta-binomial around a logistic regression with one effect per level, its precision such that
    Pearson's statistic meets its degrees of freedom (Williams 1982; maximum likelihood forgets that the
    effects were fitted and draws twice too far with six cells). Everything else: a normal around a weighted
    regression, its variance by the same rule.

    Parameters
    ----------
    partition : Partition
        Of two attributes or more.
    own : Estimates
        In the groups of the partition.

    Returns
    -------
    ndarray, shape (k,)
        NaN where the value is not known.
    """
    import numpy as np

    known = np.isfinite(own.value) & np.isfinite(own.variance) & (own.variance > 0)
    found = np.full(len(own), np.nan)
    if not known.any():
        return found
    design = additive(partition)[known]
    if own.successes is not None:
        found[known] = _counts(design, own.successes[known], own.n[known])
    else:
        found[known] = _normal(design, own.value[known], own.variance[known])
    return found


def additive(partition: Partition) -> NDArray[np.float64]:
    """Return a column of ones and one per further level of each attribute, shape (groups, columns)."""
    import numpy as np

    columns = [np.ones(len(partition))]
    for name in partition.attributes:
        levels = [group[name] for group in partition.groups]
        columns += [np.array([float(own == level) for own in levels]) for level in sorted(set(levels))[1:]]
    return np.stack(columns, axis=1)


def _counts(design: NDArray[np.float64], x: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shrink x of n by a beta-binomial around a logistic regression."""
    import numpy as np
    from scipy.special import expit

    effects = np.zeros(design.shape[1])
    effects[0] = np.log((x.sum() + 0.5) / (n.sum() - x.sum() + 0.5))
    ridge = RIDGE * np.eye(len(effects))
    ridge[0, 0] = 1e-9
    for _ in range(50):
        share = expit(design @ effects)
        slope = design.T @ (x - n * share) - ridge @ effects
        step = np.linalg.solve((design.T * (n * share * (1 - share))) @ design + ridge, slope)
        # A full Newton step can overshoot while shares are near 0 or 1.
        effects = effects + step * min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-10:
            break
    mean = np.clip(expit(design @ effects), 1e-12, 1 - 1e-12)
    precision = np.logspace(*PRECISIONS)
    # How much more than binomially a share varies, shape (precisions, cells).
    inflation = 1 + (n - 1) / (precision[:, None] + 1)
    pearson = ((x - n * mean) ** 2 / (n * mean * (1 - mean)) / inflation).sum(axis=1)
    free = len(x) - int(np.linalg.matrix_rank(design))
    # Grows with the precision; the strongest prior where even binomial cells vary no more than they should.
    best = float(precision[min(int(np.searchsorted(pearson, free)), len(precision) - 1)])
    drawn: NDArray[np.float64] = (x + best * mean) / (n + best)
    return drawn


def _normal(
    design: NDArray[np.float64], value: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shrink values by a normal around a weighted regression; its spread by DerSimonian and Laird."""
    import numpy as np

    weight = 1 / variance
    # Attributes of which no cell combines two levels freely make the effects ambiguous, not the prediction.
    inverse = np.linalg.pinv((design.T * weight) @ design)
    mean = design @ (inverse @ (design.T @ (weight * value)))
    free = len(value) - np.linalg.matrix_rank(design)
    scale = weight.sum() - np.trace(inverse @ ((design.T * weight**2) @ design))
    spread = 0.0
    if free > 0 and scale > 0:
        spread = max(0.0, (float((weight * (value - mean) ** 2).sum()) - free) / float(scale))
    drawn: NDArray[np.float64] = mean + spread / (spread + variance) * (value - mean)
    return drawn
