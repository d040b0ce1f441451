"""How far apart the widest of k noisy values lie when nothing differs: one distribution for q and p-values.

Everything is on the scale of a standard normal deviate; methods with Student's t bring their statistics to
this scale first (`normal_scale`), and `Estimates.limits` goes the other way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.estimates import Estimates

# With 9,999 draws (1 + exceedances)/(1 + draws) is a whole number of ten-thousandths.
DRAWS = 9_999
# Below this p the draws say little, and the sum over pairs (Bonferroni) is close and never too small.
TAIL = 1e-3
LEAST_P = 1e-300


@dataclass(frozen=True, eq=False)
class Spread:
    """The distribution of max over pairs of |Z_i - Z_j| / sqrt(v_i + v_j - 2 c_ij), Z ~ N(0, C).

    Attributes
    ----------
    pairs : int
        Number of pairs.
    draws : ndarray, shape (DRAWS,), or None
        Sorted draws of the maximum; None for one pair, where it is |N(0, 1)| exactly.
    """

    pairs: int
    draws: NDArray[np.float64] | None = None

    def tail(self, z: float) -> float:
        """Return P(maximum >= z), at most `alpha` exactly where z is above `quantile(alpha)`."""
        from scipy.special import ndtr

        if z <= 0 or math.isnan(z):
            return 1.0
        single = 2 * float(ndtr(-z))
        if self.draws is None:
            return max(single, LEAST_P)
        bound = self.pairs * single
        if bound < TAIL:
            return max(bound, LEAST_P)
        beyond = len(self.draws) - int(self.draws.searchsorted(z, side="left"))
        return max((1 + beyond) / (1 + len(self.draws)), TAIL)

    def quantile(self, alpha: float) -> float:
        """Return the z that the maximum exceeds with probability `alpha`, at least TAIL."""
        from scipy.special import ndtri

        if self.draws is None:
            return -float(ndtri(alpha / 2))
        rank = math.ceil((1 - alpha) * (len(self.draws) + 1) - 1e-9)
        return float(self.draws[rank - 1])


def spread(estimates: Estimates, seed: int) -> Spread:
    """Draw the spread of the values of k >= 2 groups when all are equal, with their own (co)variances."""
    import numpy as np

    k = len(estimates)
    if k == 2:
        return Spread(1)
    if estimates.covariance is None:
        z = normals(seed, k) * np.sqrt(estimates.variance)
        covariance = np.diag(estimates.variance)
    else:
        covariance = estimates.covariance
        values, vectors = np.linalg.eigh(covariance)
        z = normals(seed, k) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    largest = np.zeros(len(z))
    columns = np.ascontiguousarray(z.T)
    scale = 1 / np.sqrt(np.maximum(pair_variance(covariance), 1e-300))
    for i in range(k - 1):
        apart = np.abs(columns[i + 1 :] - columns[i])
        apart *= scale[i, i + 1 :, None]
        np.maximum(largest, apart.max(axis=0), out=largest)
    largest.sort()
    return Spread(k * (k - 1) // 2, largest)


@lru_cache(maxsize=8)
def normals(seed: int, k: int) -> NDArray[np.float64]:
    """Return the standard normal draws of one seed, shape (DRAWS, k)."""
    import numpy as np

    drawn = np.random.default_rng([seed, k]).standard_normal((DRAWS, k))
    drawn.setflags(write=False)
    return drawn


def pair_variance(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of value i minus value j, shape (k, k)."""
    import numpy as np

    v = np.diagonal(covariance)
    return np.asarray(np.maximum(v[:, None] + v[None, :] - 2 * covariance, 0), np.float64)


def deviates(estimates: Estimates) -> NDArray[np.float64]:
    """Return |value i - value j| in standard errors for every pair i < j, on the normal scale."""
    import numpy as np

    i, j = np.triu_indices(len(estimates), 1)
    v = estimates.variance
    shared = 0.0 if estimates.covariance is None else estimates.covariance[i, j]
    error = np.sqrt(np.maximum(v[i] + v[j] - 2 * shared, 1e-300))
    t = np.abs(estimates.value[i] - estimates.value[j]) / error
    return t if estimates.df is None else normal_scale(t, pair_df(estimates, i, j))


def pair_df(estimates: Estimates, i: Any, j: Any) -> NDArray[np.float64]:
    """Return the degrees of freedom of a difference: Welch's if independent, else the fewer of the two."""
    import numpy as np

    assert estimates.df is not None
    one, two = estimates.df[i], estimates.df[j]
    if estimates.covariance is not None:
        return np.asarray(np.minimum(one, two), np.float64)
    v, w = estimates.variance[i], estimates.variance[j]
    return np.asarray((v + w) ** 2 / (v**2 / one + w**2 / two), np.float64)


def normal_scale(t: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard normal deviate with the same tail as a t on df degrees of freedom."""
    import numpy as np
    from scipy.special import ndtri, stdtr

    return np.asarray(-ndtri(np.maximum(stdtr(df, -t), LEAST_P)), np.float64)
