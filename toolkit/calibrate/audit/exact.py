"""Exact coverage, without simulation: one proportion, and a named pair's difference and ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ONE = (10, 20, 50, 100, 500)
TWO = ((20, 20), (50, 50), (100, 30))
Z95 = 1.959963984540054
# INFERENCE.md 2: mean coverage over p in [.05, .95], and the least over all p.
LEAST_MEAN, MOST_MEAN, LEAST = 0.94, 0.98, 0.91
LEAST_PAIR_MEAN = 0.93


def chances(n: int, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return binomial probabilities, shape (len(p), n + 1)."""
    import numpy as np
    from scipy.special import gammaln, xlog1py, xlogy

    x = np.arange(n + 1.0)
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(np.exp(choose + xlogy(x, p[:, None]) + xlog1py(n - x, -p[:, None])), np.float64)


def one_proportion() -> Iterator[dict[str, Any]]:
    """Yield the coverage of the mid-p interval and, beside it, of Wilson's, per size."""
    import numpy as np

    from toolkit.fairness.metrics.proportions import midp, wilson

    p = np.linspace(0.002, 0.998, 499)
    middle = (p >= 0.05) & (p <= 0.95)
    for n in ONE:
        x = np.arange(n + 1.0)
        chance = chances(n, p)
        covered = {
            name: (chance * ((low <= p[:, None]) & (p[:, None] <= high))).sum(axis=1)
            for name, (low, high) in (("midp", midp(x, n)), ("wilson", wilson(x / n, n, Z95)))
        }
        mean, least = float(covered["midp"][middle].mean()), float(covered["midp"].min())
        yield {
            "part": "one proportion",
            "world": f"n = {n}",
            "n": n,
            "coverage_mean": mean,
            "coverage_least": least,
            "wilson_mean": float(covered["wilson"][middle].mean()),
            "wilson_least": float(covered["wilson"].min()),
            "failed": [] if LEAST_MEAN <= mean <= MOST_MEAN and least >= LEAST else ["coverage"],
        }


def named_pair() -> Iterator[dict[str, Any]]:
    """Yield the coverage of Newcombe's difference and Koopman's ratio over both rates in [.05, .95]."""
    import numpy as np

    from toolkit.fairness.gaps.pairs import Side, koopman, mover
    from toolkit.fairness.metrics.proportions import wilson

    p = np.linspace(0.05, 0.95, 37)
    for n1, n2 in TWO:
        x1, x2 = np.arange(n1 + 1.0)[:, None], np.arange(n2 + 1.0)[None, :]
        sides = [Side(x / n, *wilson(x / n, n, Z95)) for x, n in ((x1, n1), (x2, n2))]
        limits = {"difference": mover(*sides), "ratio": koopman(x1, n1, x2, n2)}
        first, second = chances(n1, p), chances(n2, p)
        for kind, (low, high) in limits.items():
            covered = np.array(
                [
                    a @ ((low <= _truth(kind, u, v)) & (_truth(kind, u, v) <= high)) @ b
                    for u, a in zip(p, first, strict=True)
                    for v, b in zip(p, second, strict=True)
                ]
            )
            mean = float(covered.mean())
            yield {
                "part": "named pair",
                "world": f"{kind}, n = {n1} and {n2}",
                "kind": kind,
                "coverage_mean": mean,
                "coverage_least": float(covered.min()),
                "failed": [] if mean >= LEAST_PAIR_MEAN else ["coverage"],
            }


def _truth(kind: str, first: float, second: float) -> float:
    return first - second if kind == "difference" else math.exp(math.log(first) - math.log(second))
