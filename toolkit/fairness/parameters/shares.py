"""How much of a gap's variation goes with the data, with the learner, and with luck (INFERENCE.md 9).

The plain analysis-of-variance share is positive even where nothing matters, because noise never averages to
nothing; the estimator here subtracts what noise alone would give, so its components are unbiased and may be
negative. The interval is a jackknife over samples. Shares depend on the ranges declared, so they never
stand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPONENTS = ("data", "learner", "data x learner", "sample", "seed")


class Share(NamedTuple):
    """A ratio of variances with its 95 % jackknife interval; NaN limits where no share can be given."""

    value: float
    low: float
    high: float


class Shares(NamedTuple):
    """The variance of a gap, split.

    Attributes
    ----------
    components : dict of str to float
        Variances, in the gap's unit squared, by the names of COMPONENTS. Unbiased, so they may be negative.
    shares : dict of str to Share
        Of the total: each component, "learner and seed", and "data minus learner". Empty where the systematic
        variance is not shown to be above 0.
    systematic : Share
        Data, learner and their interaction together, in the gap's unit squared.
    """

    components: dict[str, float]
    shares: dict[str, Share]
    systematic: Share


def components(gaps: NDArray[np.float64], test_train_ratio: float | None = None) -> NDArray[np.float64]:
    """Return the five variance components of COMPONENTS.

    Parameters
    ----------
    gaps : ndarray, shape (data conditions, learners, samples, seeds)
        A complete grid: conditions, learners and samples crossed, seeds nested in each cell.
    test_train_ratio : float or None
        n_test / n_train where samples are splits of one fixed table. They overlap, so their spread is too
        small by that much (Nadeau and Bengio 2003); the result is then approximate. None for fresh samples.

    Returns
    -------
    ndarray, shape (5,)
    """
    import numpy as np

    _, _, samples, seeds = gaps.shape
    overlap = test_train_ratio or 0.0
    cell = gaps.mean(axis=3)
    seed = float(gaps.var(axis=3, ddof=1).mean()) if seeds > 1 else 0.0
    grand = cell.mean(axis=(0, 1), keepdims=True)
    by_data = cell.mean(axis=1, keepdims=True) - grand
    by_learner = cell.mean(axis=0, keepdims=True) - grand
    both = cell - grand - by_data - by_learner

    def systematic(effects: NDArray[np.float64]) -> float:
        noise = effects.var(axis=2, ddof=1)
        return float((effects.mean(axis=2) ** 2 - (1 / samples + overlap) * noise).mean())

    sample = float(cell.var(axis=2, ddof=1).mean()) * (1 + overlap) - seed / seeds
    return np.array([systematic(by_data), systematic(by_learner), systematic(both), sample, seed])


def variance_shares(gaps: NDArray[np.float64], test_train_ratio: float | None = None) -> Shares:
    """Split the variance of a gap and give each share of the total with its interval.

    Parameters
    ----------
    gaps, test_train_ratio
        As for `components`; at least three samples.
    """
    import numpy as np

    samples = gaps.shape[2]
    whole = components(gaps, test_train_ratio)
    without = np.array([components(np.delete(gaps, s, axis=2), test_train_ratio) for s in range(samples)])
    # Overlapping splits vary too little between them; the same correction as for a mean of splits.
    inflate = 1 + samples * (test_train_ratio or 0.0)
    fixed = _jackknife(whole[:3].sum(), without[:, :3].sum(axis=1), inflate)
    named = dict(zip(COMPONENTS, (float(v) for v in whole), strict=True))
    if not fixed.low > 0 or whole.sum() <= 0:
        return Shares(named, {}, fixed)
    picks = {name: np.eye(5)[i] for i, name in enumerate(COMPONENTS)}
    picks["learner and seed"] = picks["learner"] + picks["seed"]
    picks["data minus learner"] = picks["data"] - picks["learner"]
    shares = {
        name: _jackknife(whole @ pick / whole.sum(), without @ pick / without.sum(axis=1), inflate)
        for name, pick in picks.items()
    }
    return Shares(named, shares, fixed)


def _jackknife(value: float, without: NDArray[np.float64], inflate: float) -> Share:
    """Return the jackknife's t interval around `value`."""
    import numpy as np
    from scipy.special import stdtrit

    n = len(without)
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum() * inflate))
    half = float(stdtrit(n - 1, 0.975)) * error
    return Share(float(value), float(value) - half, float(value) + half)
