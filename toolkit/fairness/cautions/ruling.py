"""The audit's own ruling on the widest difference, asked of counts alone: what fragility and bounds need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.fairness.cautions.context import Rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALPHA, Z90, Z95 = 0.05, 1.6448536269514722, 1.959963984540054
NEAR = 0.05  # how far drawing can put a quantile beyond its bounds
FAR = 6.0


def widest_ruling(margin: float = 0.05, seed: int = 0) -> Rule:
    """Return the rule for `Context.rule`: (x, n), each of shape (groups,), to a ruling.

    It is procedure W in a family of one: what the audit would say of these counts if it were asked nothing
    else, so that an adjustment for other gaps makes no ruling look frailer. It is asked many times over, so
    nothing is computed that does not bear on the ruling: people are permuted only where the limits call for
    "shown".

    Parameters
    ----------
    margin : float
        Smallest difference of interest, above 0.
    seed : int
        Of the draws; the audit's own gives the audit's own rulings.
    """

    def rule(x: NDArray[np.int64], n: NDArray[np.int64]) -> str:
        import numpy as np
        from scipy.special import ndtri

        from toolkit.fairness.gaps.pairs import difference
        from toolkit.fairness.gaps.permutation import equality
        from toolkit.fairness.gaps.spread import spread
        from toolkit.fairness.metrics.proportions import counted

        estimates = counted("selection_rate", np.asarray(x), np.asarray(n))
        i, j = np.triu_indices(len(estimates), 1)

        def ends(z: float) -> tuple[float, float]:
            """Return the largest lower and the largest upper limit over ordered pairs."""
            low, high = difference(estimates, i, j, z)
            return max(float(low.max()), -float(high.min())), max(float(high.max()), -float(low.min()))

        if ends(Z90)[1] < margin:
            return "small"
        # The quantile that holds for all pairs lies between one pair's and Bonferroni's; where both say the
        # same it is not drawn, nor are people permuted whose groups are many standard errors apart.
        if ends(Z95 - NEAR)[0] <= margin:
            return "not_enough_evidence"
        bonferroni = -float(ndtri(ALPHA / (2 * len(i))))
        if ends(bonferroni + NEAR)[0] > margin and ends(FAR)[0] > 0:
            return "shown"
        null = spread(estimates, seed)
        beyond = ends(null.quantile(ALPHA))[0] > margin
        return "shown" if beyond and equality(estimates, null, seed).value <= ALPHA else "not_enough_evidence"

    return rule
