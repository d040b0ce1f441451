"""The p-value of "all groups are equal", by permuting people among the groups: exact where counts suffice.

Within a metric's denominator, people who differ in nothing but their group are exchangeable, and permuting
them needs only counts: the successes of the groups are then multivariate hypergeometric.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.fairness.gaps.spread import LEAST_P, Spread, deviates
from toolkit.fairness.metrics.permuting import countable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.estimates import Estimates

ALPHA = 0.05
FIRST, FEW = 999, 1_000
# Stop once so many permutations were as extreme: p is then known to 15 %, and at the first look above ALPHA.
ENOUGH = 50
MOST = 400_000
PROVEN = 1e-8
SUPPORT = 200_000
# Two sums of the same shares differ by rounding; such statistics are ties.
TIE = 1 - 1e-9


class PValue(NamedTuple):
    """A p-value, the smallest that the method could have given, and how it was found."""

    value: float
    smallest: float
    method: str


def equality(estimates: Estimates, null: Spread, seed: int, members: int = 1) -> PValue:
    """Return the p-value of "the values of k >= 2 groups are equal" against any of them differing.

    The statistic is the largest |p_i - p_j| / sqrt(1/n_i + 1/n_j) for counts, which is exact at any n; the
    studentised maximum where `resample` permutes people (DiCiccio et al. 2020); otherwise the
    largest deviate against its Gaussian distribution `null`.

    Parameters
    ----------
    estimates : Estimates
    null : Spread
        Of the same groups.
    seed : int
    members : int
        Size of the family that the p-value will be adjusted in: up to 200 members / ALPHA permutations.
    """
    most = min(MOST, math.ceil(200 * members / ALPHA)) - 1
    if estimates.successes is not None:
        x, n = estimates.successes, estimates.n
        if len(estimates) == 2:
            return PValue(two_groups(x, n), LEAST_P, "exact, conditional on the totals")
        if countable(n):
            return counts(x, n, seed, most)
    elif estimates.resample is not None and estimates.covariance is None:
        return _studentised(estimates, seed, most)
    return PValue(null.tail(float(deviates(estimates).max())), LEAST_P, "Gaussian maximum")


def counts(x: NDArray[np.int64], n: NDArray[np.int64], seed: int, most: int) -> PValue:
    """Permute the successes x among groups of sizes n, in stages.

    Where a bound on the tail proves p below PROVEN nothing is drawn. Otherwise 999 permutations, then four
    times as many, up to `most`, until ENOUGH are as extreme. p = (1 + as extreme)/(1 + drawn) stays valid:
    whoever is at or below a threshold at the end was so at the first look that could stop there.
    """
    import numpy as np

    total, successes = int(n.sum()), int(x.sum())
    observed = float(_widest(x[None, :], n)[0])
    if successes in (0, total) or observed <= 0:
        return PValue(1.0, 1.0, "nothing to permute")
    bound = _bound(observed, n, successes / total)
    if bound < PROVEN:
        return PValue(max(bound, LEAST_P), LEAST_P, "bound on the permutation tail")
    rng = np.random.default_rng([seed, 1])

    def draw(size: int) -> int:
        drawn = rng.multivariate_hypergeometric(n, successes, size=size, method="marginals")
        return int((_widest(drawn, n) >= observed * TIE).sum())

    return _staged(draw, most, f"permutation of people, at most {most} times")


def _staged(draw: Callable[[int], int], most: int, method: str) -> PValue:
    """Draw in stages until enough are as extreme as what was observed, or `most` are drawn.

    `draw` makes so many and counts the extreme ones; it is asked for a few at a time, to bound memory.
    """
    drawn = extreme = 0
    size = min(FIRST, most)
    while True:
        extreme += sum(draw(min(FEW, size - start)) for start in range(0, size, FEW))
        drawn += size
        if extreme >= ENOUGH or drawn >= most:
            return PValue((1 + extreme) / (1 + drawn), 1 / (1 + most), method)
        size = min(3 * (drawn + 1), most - drawn)


def _widest(x: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return max |p_i - p_j| / sqrt(1/n_i + 1/n_j) for each row of successes, shape (rows, k)."""
    import numpy as np

    p = np.ascontiguousarray((x / n).T)
    scale = 1 / np.sqrt(1 / n[:, None] + 1 / n[None, :])
    largest = np.zeros(len(x))
    for i in range(len(n) - 1):
        apart = np.abs(p[i + 1 :] - p[i])
        apart *= scale[i, i + 1 :, None]
        np.maximum(largest, apart.max(axis=0), out=largest)
    return np.asarray(largest, np.float64)


def _bound(observed: float, n: NDArray[np.int64], share: float) -> float:
    """Bound P(T >= observed) under permutation, whatever the counts.

    If |p_i - p_j| >= T sqrt(1/n_i + 1/n_j) then one of the two is T / sqrt(2 n_g) or more from the common
    share, and a hypergeometric share is that far off with probability at most exp(-n KL) on either side
    (Hoeffding 1963, section 6).
    """
    import numpy as np
    from scipy.special import rel_entr

    total = 0.0
    for sign in (-1, 1):
        moved = share + sign * observed / np.sqrt(2 * n)
        inside = (moved > 0) & (moved < 1)
        q = np.where(inside, moved, share)
        divergence = rel_entr(q, share) + rel_entr(1 - q, 1 - share)
        edge = share if sign < 0 else 1 - share
        # At the edge itself the share can still be reached; beyond it, never.
        at_edge = np.isclose(moved, 0 if sign < 0 else 1)
        chance = np.where(inside, np.exp(-n * divergence), np.where(at_edge, (1 - edge) ** n, 0.0))
        total += float(chance.sum())
    return min(total, 1.0)


def two_groups(x: NDArray[np.int64], n: NDArray[np.int64], mid: bool = False) -> float:
    """Return the exact p-value of "two proportions are equal", given the totals, ordered by |p_1 - p_2|.

    Parameters
    ----------
    x, n : ndarray of int, shape (2,)
    mid : bool
        Count half of the tables exactly as extreme as the observed one (mid-p), which is closer to the
        nominal level in small samples and no longer guaranteed to be below it.

    Notes
    -----
    Where the total has more than SUPPORT possible tables the normal deviate with the pooled share is used;
    it agrees with the exact value to three digits there.
    """
    import numpy as np
    from scipy.special import gammaln, logsumexp, ndtr

    n1, n2 = (int(v) for v in n)
    successes = int(x.sum())
    total = n1 + n2
    if successes in (0, total):
        return 1.0
    observed = abs(x[0] / n1 - x[1] / n2)
    lowest, highest = max(0, successes - n2), min(n1, successes)
    if highest - lowest > SUPPORT:
        share = successes / total
        z = observed / math.sqrt(share * (1 - share) * (1 / n1 + 1 / n2))
        return max(2 * float(ndtr(-z)), LEAST_P)
    first = np.arange(lowest, highest + 1, dtype=np.float64)
    second = successes - first

    def choose(size: int, taken: Any) -> Any:
        return gammaln(size + 1) - gammaln(taken + 1) - gammaln(size - taken + 1)

    log_chance = choose(n1, first) + choose(n2, second)
    log_chance -= logsumexp(log_chance)
    apart = np.abs(first / n1 - second / n2)
    extreme = apart >= observed * TIE if observed > 0 else np.ones(len(first), bool)
    p = float(np.exp(logsumexp(log_chance[extreme])))
    if mid:
        tied = extreme & (apart <= observed / TIE)
        p -= float(np.exp(logsumexp(log_chance[tied]))) / 2
    return min(max(p, LEAST_P), 1.0)


def _studentised(estimates: Estimates, seed: int, most: int) -> PValue:
    """Permute people and compare the studentised maximum (DiCiccio et al. 2020)."""
    import numpy as np

    assert estimates.resample is not None
    resample = estimates.resample
    places = np.arange(len(estimates))
    rng = np.random.default_rng([seed, 2])
    i, j = np.triu_indices(len(estimates), 1)

    def largest(value: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
        error = np.sqrt(np.maximum(variance[:, i] + variance[:, j], 1e-300))
        # A replicate where the metric is undefined in a group counts as extreme, never as evidence.
        apart = np.nan_to_num(np.abs(value[:, i] - value[:, j]) / error, nan=np.inf)
        return np.asarray(apart.max(axis=1), np.float64)

    observed = float(largest(estimates.value[None, :], estimates.variance[None, :])[0])
    if observed <= 0:
        return PValue(1.0, 1.0, "nothing to permute")

    def draw(size: int) -> int:
        return int((largest(*resample(rng, size, places)) >= observed * TIE).sum())

    return _staged(draw, most, f"studentised permutation, at most {most} times")
