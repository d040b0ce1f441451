"""The bets: by how much each multiplies its wealth, given the counts of one block of rows.

For a block with n_a and n_b people choose, before their outcomes are seen, rates (t_a, t_b) with
t_a - t_b = margin, and a stake L >= 0. The factor is

    prod over a of (1 + L / n_a (y - t_a))  times  prod over b of (1 - L / n_b (y - t_b)).

Its expectation is prod(1 + L / n_a (p_i - t_a)) prod(1 - L / n_b (p_j - t_b)), with p the people's own rates.
As 1 + x <= exp(x), it is at most exp(L (mean p_a - mean p_b - margin)), hence at most 1 wherever the mean
rates differ by no more than the margin: people may all differ, groups may be of any size, nobody is left
over, and no one has to be paired at random.

It is the likelihood ratio of (t_a + L / n_a t_a (1 - t_a), t_b - L / n_b t_b (1 - t_b)) against (t_a, t_b).
With the latter the Kullback-Leibler projection on the margin this is the E-variable for blocks of two
Bernoulli streams of Turner, Ly and Gruenwald (Generic E-variables for exact sequential k-sample tests that
allow for optional stopping, Journal of Statistical Planning and Inference 230, 2024; with a margin: Turner
and Gruenwald, Exact anytime-valid confidence intervals for contingency tables and beyond, arXiv 2203.09785).
The form above needs no projection and is a bet in the sense of Shekhar and Ramdas (Nonparametric two-sample
testing by betting, arXiv 2112.09162) and of Chugg, Cortes-Gomez, Wilder and Ramdas (Auditing fairness by
betting, NeurIPS 2023), with all people of a block in the place of random pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = tuple[NDArray[Any], NDArray[Any]]

# Each bet is best against a gap so far beyond the margin; between two of them at most a tenth of the growth
# is lost.
BETS = (0.01, 0.017, 0.029, 0.049, 0.084, 0.142, 0.242, 0.411)
MOST = 0.9  # of the stake at which one person could lose everything
EDGE = 0.002  # rates of the null keep this far from 0 and 1
YOUNG = 50  # rows of a pair before its level is known well enough to bet around
CENTRES = 16


def log_factors(now: Counts, past: Counts, pairs: NDArray[np.int64], margin: float) -> NDArray[np.float64]:
    """Return the logarithm of each bet's factor on each ordered pair.

    Parameters
    ----------
    now : (n, k), ndarrays of shape (..., groups)
        Of one block, people in the denominator and how many of them count as 1.
    past : (n, k), ndarrays of shape (..., groups)
        The same of the blocks before, as the level to bet around; it may be weighted in any way that does
        not depend on this block's outcomes.
    pairs : ndarray of int, shape (pairs, 2)
        Ordered: the first group's rate is suspected to be the higher.
    margin : float
        In (0, 0.9].

    Returns
    -------
    ndarray, shape (..., pairs, bets)
        0 where a block holds nobody of one of the groups.
    """
    import numpy as np

    sides = [(array[..., pairs[:, 0]], array[..., pairs[:, 1]]) for array in (*now, *past)]
    (na, nb), (ka, kb), (qa, qb), (ca, cb) = sides
    both = (na > 0) & (nb > 0)
    na, nb = np.where(both, na, 1.0), np.where(both, nb, 1.0)
    counts = (na, nb, np.where(both, ka, 0.0), np.where(both, kb, 0.0))
    share = na / (na + nb)
    level = share * (ca + 0.5) / (qa + 1.0) + (1 - share) * (cb + 0.5) / (qb + 1.0)
    found = _around(level[..., None], counts, margin)[..., 0, :]
    young = (qa + qb < YOUNG) & both
    if young.any():
        # Nothing is known of the level: bet around many, evenly. A mean of factors is a factor.
        several = np.sin(np.pi / 2 * (np.arange(CENTRES) + 0.5) / CENTRES) ** 2
        spread = np.broadcast_to(several, (int(young.sum()), CENTRES))
        every = _around(spread, tuple(array[young] for array in counts), margin)
        found[young] = np.logaddexp.reduce(every, axis=-2) - np.log(CENTRES)
    return np.where(both[..., None], found, 0.0)


def _around(level: Any, counts: tuple[Any, ...], margin: float) -> Any:
    """Return log factors of bets around levels; `level` has one more axis than the counts, bets another."""
    import numpy as np

    na, nb, ka, kb = (array[..., None] for array in counts)
    share = na / (na + nb)
    level = np.clip(level, share * margin + EDGE, 1 - (1 - share) * margin - EDGE)
    ta, tb = level + (1 - share) * margin, level - share * margin
    best = 1.0 / (ta * (1 - ta) / na + tb * (1 - tb) / nb)
    most = MOST * np.minimum(na / ta, nb / (1 - tb))
    stake = np.minimum(np.multiply.outer(best, np.array(BETS)), most[..., None])
    na, nb, ka, kb, ta, tb = (array[..., None] for array in (na, nb, ka, kb, ta, tb))
    sa, sb = stake / na, stake / nb
    return (
        ka * np.log1p(sa * (1 - ta))
        + (na - ka) * np.log1p(-sa * ta)
        + kb * np.log1p(-sb * (1 - tb))
        + (nb - kb) * np.log1p(sb * tb)
    )
