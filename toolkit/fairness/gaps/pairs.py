"""Two groups: limits for a difference and for a ratio, from the limits of each (MOVER) or from counts.

With Wilson's limits the difference is Newcombe's square-and-add interval (1998, method 10); the ratio is the
same construction on the log scale (Zou and Donner 2008), or Koopman's score interval where counts are plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.fairness.counts import PROPORTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from toolkit.fairness.estimates import Estimates

    Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
HALVINGS = 48
FAR = 50.0  # log of a ratio nobody meets


class Side(NamedTuple):
    """One side of a comparison: the points and their limits, all of one shape."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def at(self, places: Any) -> Side:
        """Return some of the points."""
        return Side(self.value[places], self.low[places], self.high[places])


def mover(first: Side, second: Side, correlation: ArrayLike = 0.0) -> Pair:
    """Return limits of first minus second from the limits of each (Zou and Donner 2008; Newcombe 1998).

    Parameters
    ----------
    first, second : Side
    correlation : array_like, in [-1, 1]
        Of the two estimates.
    """
    import numpy as np

    d = first.value - second.value
    down, up = first.value - first.low, first.high - first.value
    below, above = second.value - second.low, second.high - second.value

    def reach(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        squares = a * a + b * b
        if np.any(correlation):
            # The logarithm of a limit of 0 is infinitely far, however the two vary together.
            with np.errstate(invalid="ignore"):
                less = np.maximum(squares - 2 * np.asarray(correlation) * a * b, 0)
            squares = np.where(np.isinf(squares), squares, less)
        return np.asarray(np.sqrt(squares), np.float64)

    return d - reach(down, above), d + reach(up, below)


def plain(estimates: Estimates, z: float) -> Side:
    """Return the values with their one-sample limits at z."""
    return Side(estimates.value, *estimates.limits(z))


def logarithm(estimates: Estimates, z: float) -> Side:
    """Return the values and limits on the log scale; a proportion is centred at (x + 1/2)/(n + 1).

    A lower limit of 0 becomes minus infinity, and so does the limit of a ratio made of it.
    """
    import numpy as np

    low, high = estimates.limits(z)
    centre = centres(estimates)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Side(np.log(centre), np.log(np.minimum(low, centre)), np.log(np.maximum(high, centre)))


def centres(estimates: Estimates) -> NDArray[np.float64]:
    """Return the points that ratios are made of: never 0 or 1 for a proportion."""
    if estimates.metric not in PROPORTIONS:
        return estimates.value
    return (estimates.value * estimates.n + 0.5) / (estimates.n + 1)


def correlation(estimates: Estimates, i: Any, j: Any) -> ArrayLike:
    """Return the correlation of the values of groups i and j; 0 where groups are independent."""
    import numpy as np

    if estimates.covariance is None:
        return 0.0
    size = np.sqrt(np.diagonal(estimates.covariance))
    return np.asarray(np.clip(estimates.covariance[i, j] / (size[i] * size[j]), -1, 1), np.float64)


def difference(estimates: Estimates, i: ArrayLike, j: ArrayLike, z: float) -> Pair:
    """Return limits of value(i) - value(j) at the standard normal quantile z; i and j may be arrays."""
    side = plain(estimates, z)
    return mover(side.at(i), side.at(j), correlation(estimates, i, j))


def ratio(estimates: Estimates, i: ArrayLike, j: ArrayLike, z: float) -> Pair:
    """Return limits of value(i) / value(j) at the standard normal quantile z; i and j may be arrays."""
    import numpy as np

    side = logarithm(estimates, z)
    low, high = mover(side.at(i), side.at(j), correlation(estimates, i, j))
    return np.exp(low), np.exp(high)


def koopman(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95) -> Pair:
    """Return the score interval of (x1/n1) / (x2/n2) (Koopman 1984, Biometrics 40:513).

    Parameters
    ----------
    x1, n1, x2, n2 : array_like
        Successes and sizes, sizes above 0.
    level : float

    Returns
    -------
    low, high : ndarray
        Low is 0 where x1 is 0 and high is infinite where x2 is 0.
    """
    from scipy.special import ndtri

    return koopman_at(x1, n1, x2, n2, float(ndtri((1 + level) / 2)))


def koopman_at(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, z: ArrayLike) -> Pair:
    """Return Koopman's limits at standard normal quantiles z, by halving on the log scale."""
    import numpy as np

    x1, n1, x2, n2, z = (np.asarray(a, np.float64) for a in np.broadcast_arrays(x1, n1, x2, n2, z))
    with np.errstate(divide="ignore", invalid="ignore"):
        point = np.log((x1 / n1) / (x2 / n2))
    # Without successes on one side only the far end is finite, and the search starts beyond the near one.
    point = np.where(np.isnan(point), 0.0, np.clip(point, -FAR, FAR))
    inside, outside = np.stack([point, point]), np.stack([point * 0 - FAR, point * 0 + FAR])
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        accepted = np.abs(score(x1, n1, x2, n2, np.exp(middle))) <= z
        inside, outside = np.where(accepted, middle, inside), np.where(accepted, outside, middle)
    low, high = np.exp(inside)
    return np.where(x1 > 0, low, 0.0), np.where(x2 > 0, high, np.inf)


def score(x1: Any, n1: Any, x2: Any, n2: Any, theta: Any) -> Any:
    """Return the score statistic of p1 = theta p2, at the restricted maximum of the likelihood."""
    import numpy as np

    a = theta * (n1 + n2)
    b = theta * (n1 + x2) + x1 + n2
    root = np.sqrt(np.maximum(b * b - 4 * a * (x1 + x2), 0))
    # Written so that nothing cancels: 2c / (b + root) is the smaller root of a p^2 - b p + c.
    p2 = 2 * (x1 + x2) / (b + root)
    p1 = np.minimum(theta * p2, 1.0)
    variance = p1 * (1 - p1) / n1 + theta**2 * p2 * (1 - p2) / n2
    distance = x1 / n1 - theta * x2 / n2
    return np.where(variance > 0, distance / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)
