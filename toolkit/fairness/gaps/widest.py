"""Procedure W: the widest gap among k groups, as a difference or a ratio, with a ruling that is right.

Reporting max - min invites two errors: it is biased upward, and its bootstrap interval never contains 0. Here
the lower limit must hold for every pair at once, the upper limit only for the truly widest pair, the p-value
permutes people, and the corrected value finds the pair on one half of the evidence and measures it on the
other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.fairness.gaps.pairs import Side, centres, correlation, logarithm, mover, plain
from toolkit.fairness.gaps.permutation import ALPHA, equality
from toolkit.fairness.gaps.spread import Spread, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.estimates import Estimates

Z95, Z90 = 1.959963984540054, 1.6448536269514722
THINNED = 1_000
STEPS, NEAR = 80, 1e-9
# Variance of the logarithm of a share of nobody, which is as little as can be known of a logarithm.
LOOSEST = 4.0
# Beyond it the normal tail underflows.
FARTHEST = 37.0


@dataclass(frozen=True)
class Widest:
    """The widest gap of some groups.

    Attributes
    ----------
    highest, lowest : int
        Places of the two groups.
    deciding : tuple of int
        Places of the pair whose upper 90 % limit is the largest, which "small" waits for: often that of a
        small group, and not the widest.
    value, corrected : float
        Raw, and without the bias of choosing the extremes. A ratio is lowest / highest.
    low, high, low90, high90 : float
        95 and 90 % limits of the true widest gap.
    p_value, p_margin : float
        Of "no gap" and of "a gap of at most the margin" (for a ratio: of at least it).
    smallest_p : float
        The least p_value that the method could have given.
    small : bool
        Whether the gap is shown to be inside the margin.
    q : float
        Quantile that holds for all pairs at once.
    method : str
        How p_value was found.
    """

    highest: int
    lowest: int
    deciding: tuple[int, int]
    value: float
    corrected: float
    low: float
    high: float
    low90: float
    high90: float
    p_value: float
    p_margin: float
    smallest_p: float
    small: bool
    q: float
    method: str


def widest(
    estimates: Estimates,
    *,
    margin: float = 0.05,
    ratio_margin: float = 0.8,
    seed: int = 0,
    members: int = 1,
    kinds: tuple[str, ...] = ("difference", "ratio"),
) -> dict[str, Widest | None]:
    """Measure the widest difference and the widest ratio of k >= 2 groups.

    Parameters
    ----------
    estimates : Estimates
        Groups with a finite value only.
    margin, ratio_margin : float
        Smallest difference of interest, at least 0; largest ratio of interest, in (0, 1].
    seed : int
        Of the draws; the same numbers for the same seed and order of groups.
    members : int
        Size of the family for which p-values must be small enough after adjustment.
    kinds : tuple of {"difference", "ratio"}

    Returns
    -------
    dict
        By kind; None for a ratio that is undefined (the largest value is 0, or a value is below 0).
    """
    null = spread(estimates, seed)
    p = equality(estimates, null, seed, members)
    # Where all values are equal the first and the last make the pair: a group has no gap to itself.
    places = int(estimates.value.argmax()), len(estimates) - 1 - int(estimates.value[::-1].argmin())
    found: dict[str, Widest | None] = {}
    for kind in kinds:
        measured = _Measured(estimates, kind, null)
        if kind == "ratio" and not measured.defined:
            found[kind] = None
            continue
        bound = margin if kind == "difference" else -math.log(ratio_margin)
        raw = measured.numbers(p.value, seed)
        signs: dict[str, Any] = raw if kind == "difference" else _as_ratio(raw, estimates, places)
        found[kind] = Widest(
            *places,
            deciding=measured.deciding(),
            **signs,
            p_value=p.value,
            p_margin=measured.p_margin(bound, p.value),
            smallest_p=p.smallest,
            small=raw["high90"] < bound,
            q=null.quantile(ALPHA),
            method=p.method,
        )
    return found


def _as_ratio(raw: dict[str, float], estimates: Estimates, places: tuple[int, int]) -> dict[str, float]:
    """Turn a gap between logarithms into lowest / highest; its upper limits are the gap's lower ones."""
    top, bottom = (float(estimates.value[g]) for g in places)
    return {
        "value": bottom / top,
        "corrected": math.exp(-raw["corrected"]),
        "low": math.exp(-raw["high"]),
        "high": math.exp(-raw["low"]),
        "low90": math.exp(-raw["high90"]),
        "high90": math.exp(-raw["low90"]),
    }


class _Measured:
    """A gap on one scale: values as they are, or their logarithms."""

    def __init__(self, estimates: Estimates, kind: str, null: Spread) -> None:
        import numpy as np

        self.estimates, self.null = estimates, null
        self.side: Callable[[Estimates, float], Side] = plain if kind == "difference" else logarithm
        self.i, self.j = np.triu_indices(len(estimates), 1)
        self.correlation = correlation(estimates, self.i, self.j)
        self.point, self.variance = estimates.value, estimates.variance
        self.defined = True
        if kind == "ratio":
            centre = centres(estimates)
            self.defined = bool(
                (centre > 0).all() and estimates.value.max() > 0 and estimates.value.min() >= 0
            )
            if self.defined:
                self.point = np.log(centre)
                self.variance = np.minimum(estimates.variance / centre**2, LOOSEST)

    def limits(self, z: float) -> tuple[float, float]:
        """Return the largest lower and the largest upper limit over ordered pairs, at one z."""
        side = self.side(self.estimates, z)
        low, high = mover(side.at(self.i), side.at(self.j), self.correlation)
        return max(float(low.max()), -float(high.min())), max(float(high.max()), -float(low.min()))

    def deciding(self) -> tuple[int, int]:
        """Return the ordered pair with the largest upper limit at 90 %."""
        side = self.side(self.estimates, Z90)
        low, high = mover(side.at(self.i), side.at(self.j), self.correlation)
        place = int(high.argmax()) if high.max() >= -low.min() else int(low.argmin())
        pair = int(self.i[place]), int(self.j[place])
        return pair if high.max() >= -low.min() else pair[::-1]

    def numbers(self, p_value: float, seed: int) -> dict[str, float]:
        """Return value, corrected and limits, none of the limits below 0."""
        value = float(self.point.max() - self.point.min())
        low = self.limits(self.null.quantile(ALPHA))[0] if p_value <= ALPHA else 0.0
        low90 = self.limits(self.null.quantile(2 * ALPHA))[0] if p_value <= 2 * ALPHA else 0.0
        return {
            "value": value,
            "corrected": self.corrected(seed),
            "low": max(low, 0.0),
            "high": self.limits(Z95)[1],
            "low90": max(low90, 0.0),
            "high90": self.limits(Z90)[1],
        }

    def corrected(self, seed: int) -> float:
        """Choose the pair on one half of the thinned evidence and measure it on the other, averaged.

        With e ~ N(0, C), p + e and p - e are independent halves. Two groups have the mean in closed form.
        """
        import numpy as np
        from scipy.special import ndtr

        covariance = self.estimates.covariance
        if len(self.point) == 2:
            shared = 0.0 if covariance is None else float(np.ravel(self.correlation)[0])
            v, w = (float(a) for a in self.variance)
            error = math.sqrt(max(v + w - 2 * shared * math.sqrt(v * w), 0.0))
            d = float(self.point.max() - self.point.min())
            if error == 0:
                return d
            z = d / error
            density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
            return d * (2 * float(ndtr(z)) - 1) - 2 * error * density
        rng = np.random.default_rng([seed, 3])
        drawn = rng.standard_normal((THINNED // 2, len(self.point)))
        # Each half chooses for the other: then no draw of chance can put the mean above the raw gap.
        drawn = np.concatenate([drawn, -drawn])
        if covariance is not None:
            size = np.sqrt(np.diagonal(covariance))
            values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
            drawn = drawn @ (vectors * np.sqrt(np.maximum(values, 0))).T
        e = drawn * np.sqrt(self.variance)
        chosen, measured = self.point + e, self.point - e
        rows = np.arange(THINNED)
        gaps: NDArray[np.float64] = (
            measured[rows, chosen.argmax(axis=1)] - measured[rows, chosen.argmin(axis=1)]
        )
        return float(gaps.mean())

    def p_margin(self, bound: float, p_value: float) -> float:
        """Return the smallest alpha at which the lower limit is beyond the bound.

        At most ALPHA exactly where the 95 % limit is; never below `p_value`, for whoever cannot show a gap
        cannot show a large one.
        """
        z = deepest(lambda at: self.limits(at)[0] - bound)
        p = max(self.null.tail(z), p_value)
        shown = p_value <= ALPHA and self.limits(self.null.quantile(ALPHA))[0] > bound
        return min(p, ALPHA) if shown else max(p, math.nextafter(ALPHA, 1))


def deepest(excess: Callable[[float], float]) -> float:
    """Return the largest z at which a decreasing function of z is still positive, 0 where it never is.

    By false position with halved weights (Illinois), which needs about eight evaluations; -inf is allowed.
    """
    low, high = 0.0, FARTHEST
    above, below = excess(low), excess(high)
    if not above > 0:
        return 0.0
    if below > 0:
        return high
    kept = 0
    for _ in range(STEPS):
        straight = math.isfinite(below)
        z = (low * -below + high * above) / (above - below) if straight else (low + high) / 2
        value = excess(z)
        if value >= 0:
            low, above = z, value
            below = below / 2 if kept > 0 and straight else below
            kept = 1
        else:
            high, below = z, value
            above = above / 2 if kept < 0 else above
            kept = -1
        if high - low < NEAR or value == 0:
            break
    return low
