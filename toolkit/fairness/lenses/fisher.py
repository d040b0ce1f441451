"""Fisher's exact test of two groups' rates from the hypergeometric distribution, without scipy.stats."""

from __future__ import annotations


def fisher(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the two-sided p-value of Fisher's exact test that two groups share one rate.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Successes and people of each group, 0 <= x <= n.

    Returns
    -------
    float
        Total probability, all margins fixed, of the tables that are no more likely than the one observed
        (Fisher 1935; the convention of R and scipy). 1 where no other table is possible.
    """
    import numpy as np
    from scipy.special import gammaln

    def log_choose(n: object, k: object) -> object:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)  # type: ignore[operator]

    total = x1 + x2
    first = np.arange(max(0, total - n2), min(n1, total) + 1)
    log_p = log_choose(n1, first) + log_choose(n2, total - first) - log_choose(n1 + n2, total)  # type: ignore[operator]
    observed = log_p[x1 - first[0]]
    # Tables of equal probability differ in the last digits of their logarithm.
    return float(min(1.0, np.exp(log_p[log_p <= observed + 1e-7]).sum()))
