"""Small tests and bounds that several warnings use, of single numbers, from the audit's own methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z95 = 1.959963984540054


def wilson(x: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's interval of a share; (0, 1) where nobody is counted."""
    from toolkit.fairness.metrics.proportions import wilson as limits

    if n <= 0:
        return 0.0, 1.0
    low, high = limits(x / n, n, z)
    return float(low), float(high)


def newcombe(x1: float, n1: float, x2: float, n2: float, z: float = Z95) -> tuple[float, float, float]:
    """Return the difference of two shares with Newcombe's interval (1998, method 10); NaN without people."""
    if min(n1, n2) <= 0:
        return float("nan"), float("nan"), float("nan")
    p1, p2 = x1 / n1, x2 / n2
    (l1, u1), (l2, u2) = wilson(x1, n1, z), wilson(x2, n2, z)
    d = p1 - p2
    return d, d - ((p1 - l1) ** 2 + (u2 - p2) ** 2) ** 0.5, d + ((u1 - p1) ** 2 + (p2 - l2) ** 2) ** 0.5


def exceptions_bound(x: NDArray[Any], n: NDArray[Any], level: float) -> NDArray[np.float64]:
    """Return the one-sided mid-p upper bound of a share of exceptions; 1 where there are no rows.

    Parameters
    ----------
    x, n : ndarray of int, same shape
        Exceptions and rows.
    level : float
        One-sided confidence, in (1/2, 1).
    """
    import numpy as np

    from toolkit.fairness.metrics.proportions import midp

    _, high = midp(x, n, 2 * level - 1)
    return np.where(np.asarray(n) > 0, high, 1.0)


def area_error(area: float, positives: float, negatives: float) -> float:
    """Return a standard error of an area under the curve known only with its numbers of people.

    Newcombe's (2006, method 5) form of Hanley and McNeil's, half a person away from 0 and 1 so that a
    perfect ranking of few people does not look certain. NaN without both labels.
    """
    import numpy as np

    from toolkit.fairness.metrics.discrimination import model_variance

    smaller = min(positives, negatives)
    if smaller < 1:
        return float("nan")
    inside = (area * smaller + 0.5) / (smaller + 1)
    return float(np.sqrt(model_variance(np.array(inside), np.array(positives), np.array(negatives))))


def same_share(x: NDArray[Any], n: NDArray[Any]) -> float:
    """Return the p-value of Pearson's test that all groups share one rate; 1 where it cannot differ."""
    import numpy as np
    from scipy.special import chdtrc

    x, n = np.asarray(x, float), np.asarray(n, float)
    x, n = x[n > 0], n[n > 0]
    if len(n) < 2 or not 0 < x.sum() < n.sum():
        return 1.0
    p = x.sum() / n.sum()
    return float(chdtrc(len(n) - 1, ((x - n * p) ** 2 / (n * p * (1 - p))).sum()))


def two_sided(z: float) -> float:
    """Return the two-sided p-value of a standard normal quantity."""
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(z)))
