"""From one number per trial to an estimate with its interval; pure statistics, below the judge.

Everything here follows the shared rule of inference: Student's t over independent trials, Nadeau and
Bengio's corrected t where trials are overlapping splits of one table, Yuen's t on a 20 % trimmed mean for
heavy tails, Holm's correction over contrasts, and random effects with Hartung and Knapp's interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scipy.special import stdtr, stdtrit

TRIM = 0.2
# Differences of equal decimals differ by rounding only; below this they are the same number.
ROUNDING = 1e-12


@lru_cache(maxsize=4096)
def t_quantile(df: float, p: float) -> float:
    """Return the p quantile of Student's t."""
    return float(stdtrit(df, p))


@dataclass(frozen=True)
class Estimate:
    """A point with its standard error and degrees of freedom; `se` 0 means identical in every trial."""

    effect: float
    se: float
    df: float

    @property
    def finite(self) -> bool:
        """Whether a mean and its standard error exist at all."""
        return math.isfinite(self.effect) and math.isfinite(self.se)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided t interval at `level`, such as 0.95."""
        reach = t_quantile(self.df, (1 + level) / 2) * self.se if self.se else 0.0
        return self.effect - reach, self.effect + reach

    def p_above(self, bound: float) -> float:
        """Return the one-sided p-value of "the true effect is at most `bound`"."""
        return self._tail(bound - self.effect)

    def p_below(self, bound: float) -> float:
        """Return the one-sided p-value of "the true effect is at least `bound`"."""
        return self._tail(self.effect - bound)

    def _tail(self, distance: float) -> float:
        if self.se == 0:
            return 0.0 if distance < -ROUNDING * abs(self.effect) else 1.0
        return float(stdtr(self.df, distance / self.se))


def estimate(values: Sequence[float], *, ratio: float | None = None, trimmed: bool = False) -> Estimate:
    """Estimate the mean effect of at least two trials, in an order-free way.

    Parameters
    ----------
    values : sequence of float
        One effect per trial.
    ratio : float or None
        n_test / n_train where trials are splits of one table: the variance of the mean is then
        s^2 (1/J + ratio) on J - 1 degrees of freedom (Nadeau and Bengio 2003).
    trimmed : bool
        Use the 20 % trimmed mean with the winsorised variance on h - 1 degrees of freedom (Yuen 1974).
    """
    ordered = sorted(values)
    n = len(ordered)
    if ordered[-1] - ordered[0] <= ROUNDING * max(abs(ordered[0]), abs(ordered[-1])):
        return Estimate(ordered[n // 2], 0.0, n - 1)
    try:
        if trimmed:
            return _yuen(ordered)
        effect, variance = _moments(ordered)
    except OverflowError:
        return Estimate(math.inf, math.inf, n - 1)
    return Estimate(effect, math.sqrt(variance * (1 / n + (ratio or 0.0))), n - 1)


def _yuen(ordered: list[float]) -> Estimate:
    n = len(ordered)
    cut = int(TRIM * n)
    kept = ordered[cut : n - cut]
    h = len(kept)
    effect = math.fsum(kept) / h
    _, variance = _moments([kept[0]] * cut + kept + [kept[-1]] * cut)
    return Estimate(effect, math.sqrt((n - 1) * variance / (h * (h - 1))), h - 1)


def _moments(values: list[float]) -> tuple[float, float]:
    """Return mean and variance (n - 1), exactly rounded so that order cannot matter."""
    mean = math.fsum(values) / len(values)
    squares = math.fsum((v - mean) * (v - mean) for v in values)
    return mean, squares / (len(values) - 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjusted p-values, in the order given (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def random_effects(estimates: Sequence[Estimate]) -> tuple[Estimate, float]:
    """Pool estimates of one effect over datasets: random effects with Hartung and Knapp's interval.

    The between-dataset variance is Paule and Mandel's (1982). The standard error is never allowed to be
    smaller than the ordinary random-effects one (Roever, Knapp and Friede 2015).

    Returns
    -------
    pooled : Estimate
        On k - 1 degrees of freedom.
    tau2 : float
        Variance of the true effects between datasets, in squared units of the effect.
    """
    effects = [e.effect for e in estimates]
    # A dataset on which every trial agreed has no spread of its own; weigh it by the smallest one seen.
    floor = min((e.se for e in estimates if e.se > 0), default=0.0)
    if floor == 0:
        return estimate(effects), _moments(effects)[1]
    variances = [max(e.se, floor) ** 2 for e in estimates]
    df = len(effects) - 1

    def pooled(tau2: float) -> tuple[float, float, float]:
        weights = [1 / (v + tau2) for v in variances]
        total = math.fsum(weights)
        mean = math.fsum(w * y for w, y in zip(weights, effects, strict=True)) / total
        spread = math.fsum(w * (y - mean) ** 2 for w, y in zip(weights, effects, strict=True))
        return mean, total, spread

    tau2 = 0.0
    if pooled(0.0)[2] > df:
        low, high = 0.0, (max(effects) - min(effects)) ** 2
        while pooled(high)[2] > df:
            high *= 2
        for _ in range(200):
            tau2 = (low + high) / 2
            low, high = (tau2, high) if pooled(tau2)[2] > df else (low, tau2)
    mean, total, spread = pooled(tau2)
    return Estimate(mean, math.sqrt(max(1.0, spread / df) / total), df), tau2
