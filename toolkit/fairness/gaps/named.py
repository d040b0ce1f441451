"""Pairs named beforehand: groups against a reference, each group against the rest; nothing is chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.fairness.gaps.pairs import centres, correlation, koopman_at, logarithm, mover, plain, score
from toolkit.fairness.gaps.permutation import two_groups
from toolkit.fairness.gaps.spread import LEAST_P, normal_scale
from toolkit.fairness.gaps.widest import Z90, Z95, deepest

if TYPE_CHECKING:
    from toolkit.fairness.estimates import Estimates


@dataclass(frozen=True)
class Named:
    """A difference or a ratio of two named groups, signed: first minus second, or first / second.

    Attributes
    ----------
    value, low, high, low90, high90 : float
    p_value, p_margin : float
        Of "no gap" (two-sided) and of "a gap of at most the margin in either direction".
    smallest_p : float
    small : bool
    method : str
    """

    value: float
    low: float
    high: float
    low90: float
    high90: float
    p_value: float
    p_margin: float
    smallest_p: float
    small: bool
    method: str


class Two:
    """Two groups of one or of two sets of estimates.

    Parameters
    ----------
    first, second : Estimates
        Of one group each (`Estimates.only`).
    shared : float
        Correlation of the two values.
    """

    def __init__(self, first: Estimates, second: Estimates, shared: float = 0.0) -> None:
        self.first, self.second, self.shared = first, second, shared

    @classmethod
    def of(cls, estimates: Estimates, i: int, j: int) -> Two:
        """Take two groups of the same estimates."""
        import numpy as np

        shared = float(np.ravel(correlation(estimates, i, j))[0])
        return cls(estimates.only(np.array([i])), estimates.only(np.array([j])), shared)

    def difference(self, z: float) -> tuple[float, float]:
        """Return Newcombe's limits, or MOVER's where the limits of each are not Wilson's."""
        low, high = mover(plain(self.first, z), plain(self.second, z), self.shared)
        return float(low[0]), float(high[0])

    def log_ratio(self, z: float) -> tuple[float, float]:
        """Return the logarithms of MOVER's limits of the ratio."""
        low, high = mover(logarithm(self.first, z), logarithm(self.second, z), self.shared)
        return float(low[0]), float(high[0])

    def log_ratios(self, margin: float) -> tuple[list[tuple[float, float]], float]:
        """Return the 95 and 90 % limits on the log scale, and the z until which they are beyond the margin.

        Koopman's score limits for plain counts, MOVER's otherwise. Score limits are beyond a ratio as long as
        z is under its score, so that needs no search.
        """
        import numpy as np

        one, two = self.first, self.second
        if one.successes is None or two.successes is None:
            limits = [self.log_ratio(z) for z in (Z95, Z90)]
            return limits, deepest(lambda at: _excess(self.log_ratio(at), margin))
        counts = one.successes, one.n, two.successes, two.n
        with np.errstate(divide="ignore"):
            low, high = (np.log(v).tolist() for v in koopman_at(*counts, np.array([Z95, Z90])))
            point = float(np.log(one.value / two.value)[0])
        z = (
            0.0
            if abs(point) <= margin
            else float(abs(score(*counts, math.exp(math.copysign(margin, point))))[0])
        )
        return list(zip(low, high, strict=True)), z

    def p_equal(self) -> tuple[float, str]:
        """Return the two-sided p-value of "no gap" and its method."""
        import numpy as np
        from scipy.special import ndtr

        one, two = self.first, self.second
        if one.tested is not None and two.tested is not None:
            counts = np.concatenate([one.tested, two.tested]), np.concatenate([one.n, two.n])
            return two_groups(*counts, mid=True), "exact with mid-p, conditional on the totals"
        v, w = float(one.variance[0]), float(two.variance[0])
        error = math.sqrt(max(v + w - 2 * self.shared * math.sqrt(v * w), LEAST_P))
        z = np.abs(one.value - two.value) / error
        if one.df is None or two.df is None:
            return max(2 * float(ndtr(-z[0])), LEAST_P), "normal deviate"
        welch = (v + w) ** 2 / (v**2 / one.df + w**2 / two.df)
        df = np.minimum(one.df, two.df) if self.shared else welch
        return max(2 * float(ndtr(-normal_scale(z, df)[0])), LEAST_P), "Student's t"


def difference(two: Two, margin: float) -> Named:
    """Compare two named groups by their difference."""
    value = float(two.first.value[0] - two.second.value[0])
    (low, high), (low90, high90) = two.difference(Z95), two.difference(Z90)
    p_value, method = two.p_equal()
    z = deepest(lambda at: _excess(two.difference(at), margin))
    return Named(
        value=value,
        low=low,
        high=high,
        low90=low90,
        high90=high90,
        p_value=p_value,
        p_margin=_p_margin(z, _beyond((low, high), margin), p_value),
        smallest_p=LEAST_P,
        small=-margin < low90 and high90 < margin,
        method=method,
    )


def ratio(two: Two, ratio_margin: float) -> Named | None:
    """Compare two named groups by their ratio; None where it is undefined.

    That is where the second value is 0 or one is negative. Beyond the margin is below it or above its
    inverse.
    """
    first, second = float(two.first.value[0]), float(two.second.value[0])
    if second <= 0 or first < 0 or not min(centres(two.first)[0], centres(two.second)[0]) > 0:
        return None
    margin = -math.log(ratio_margin)
    ((low, high), (low90, high90)), z = two.log_ratios(margin)
    p_value, method = two.p_equal()
    return Named(
        value=first / second,
        low=math.exp(low),
        high=math.exp(high),
        low90=math.exp(low90),
        high90=math.exp(high90),
        p_value=p_value,
        p_margin=_p_margin(z, _beyond((low, high), margin), p_value),
        smallest_p=LEAST_P,
        small=-margin < low90 and high90 < margin,
        method=method,
    )


def _excess(limits: tuple[float, float], margin: float) -> float:
    """Return how far the limits are beyond the margin on either side; negative where they are not."""
    return max(limits[0] - margin, -margin - limits[1])


def _beyond(limits: tuple[float, float], margin: float) -> bool:
    return _excess(limits, margin) > 0


def _p_margin(z: float, shown: bool, p_value: float) -> float:
    """Turn the deepest z at which the interval is beyond the margin into a p-value that agrees with it.

    Never below `p_value`, for whoever cannot show a gap cannot show a large one.
    """
    from scipy.special import ndtr

    p = max(2 * float(ndtr(-z)), LEAST_P)
    return max(min(p, 0.05) if shown else max(p, math.nextafter(0.05, 1)), p_value)
