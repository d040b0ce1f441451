"""Groups that several attributes form together, each against everybody else (INFERENCE.md 8).

Simultaneous intervals from the largest of all the standardised differences, p-values under Holm, points drawn
towards what the attributes predict without acting together, and one figure for how much the cells differ at
all, freed of sampling noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.finer.shrinking import shrunk
from toolkit.fairness.metrics.measures import complement, measure
from toolkit.fairness.metrics.permuting import deal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 10_000
PERMUTATIONS = 5_000
# Numbers held at once: many cells have fewer draws, but never under a tenth of these.
ROOM = 5_000_000
Z95, Z90 = 1.959963984540054, 1.6448536269514722


def intersections(
    cells: Cells,
    families: Sequence[tuple[Sequence[str], str]],
    *,
    margin: float = 0.05,
    min_group: int = 10,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Compare every cell of every intersection with everybody else.

    Parameters
    ----------
    cells : Cells
    families : sequence of (attributes, metric)
        Two or more attributes each, and a metric that applies.
    margin : float
        The smallest difference of interest.
    min_group : int
        Cells with fewer people in the metric's denominator are listed and not compared.
    seed : int

    Returns
    -------
    list of dict
        `intersections` of the run document. Intervals are simultaneous within one dict; Holm runs over all.

    Raises
    ------
    ValueError
        If a family has fewer than two attributes.
    """
    found = [
        compare(cells, tuple(attributes), metric, margin=margin, min_group=min_group, seed=seed)
        for attributes, metric in families
    ]
    rows = [row for one in found for row in one["cells"] if row["p_value"] is not None]
    for row, adjusted in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
        row["p_adjusted"] = adjusted
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number by Holm's step-down method (1979), in the order given."""
    ordered = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(ordered):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def compare(
    cells: Cells, attributes: Sequence[str], metric: str, *, margin: float, min_group: int, seed: int
) -> dict[str, Any]:
    """Compare the cells of one intersection on one metric; `p_adjusted` is Holm's within it.

    See `intersections`.
    """
    import numpy as np

    if len(attributes) < 2:
        raise ValueError("an intersection needs two attributes or more")
    rng = np.random.default_rng(seed)
    partition = cells.partition(attributes)
    own, rest = measure(cells, partition, metric), complement(cells, partition, metric)
    able = own.shown & rest.shown & (own.n >= min_group) & (rest.n >= min_group)
    known = able & ~np.array(partition.missing, np.bool_)
    limits = _limits(own, rest, able, rng)
    p_values = _p_values(own, rest, able)
    drawn = shrunk(partition, own)
    rows = []
    for i, group in enumerate(partition.groups):
        row: dict[str, Any] = {
            "attributes": dict(group),
            "n": int(own.n[i]),
            "value": plain(own.value[i]),
            "shrunk": plain(drawn[i]),
            "complement": plain(rest.value[i]),
        }
        row |= {
            name: plain(values[i]) for name, values in limits.items() if name in ("difference", "low", "high")
        }
        row |= {"p_value": plain(p_values[i]), "p_adjusted": None, "ruling": "not_applicable"}
        if able[i]:
            row["ruling"] = _ruling({name: float(values[i]) for name, values in limits.items()}, margin)
        rows.append(row)
    compared = [row for row in rows if row["p_value"] is not None]
    for row, adjusted in zip(compared, holm([row["p_value"] for row in compared]), strict=True):
        row["p_adjusted"] = adjusted
    return {
        "attributes": list(attributes),
        "metric": metric,
        "omnibus": omnibus(own.only(np.flatnonzero(known)), rng),
        "cells": rows,
    }


def _draws(most: int, k: int) -> int:
    """Return how many draws of k numbers to make."""
    return max(most // 10, min(most, ROOM // max(k, 1)))


def plain(value: Any) -> float | None:
    """Return a finite float, or None."""
    import math

    return float(value) if math.isfinite(value) else None


def _ruling(limits: dict[str, float], margin: float) -> str:
    """Rule on one cell: shown beyond the margin by the simultaneous interval, small by the 90 % one."""
    if limits["low"] > margin or limits["high"] < -margin:
        return "shown"
    return "small" if max(limits["high90"], -limits["low90"]) < margin else "not_enough_evidence"


def _limits(
    own: Estimates, rest: Estimates, able: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Return differences with simultaneous 95 % and pointwise 90 % limits; NaN where not compared."""
    import numpy as np

    from toolkit.fairness.gaps.pairs import mover
    from toolkit.fairness.gaps.pairs import plain as side

    z = largest(own, able, rng)
    correlation = 0.0 if rest.beside is None else rest.beside
    with np.errstate(invalid="ignore"):
        low, high = mover(side(own, z), side(rest, z), correlation)
        low90, high90 = mover(side(own, Z90), side(rest, Z90), correlation)
    named = {"difference": own.value - rest.value, "low": low, "high": high, "low90": low90, "high90": high90}
    return {name: np.where(able, values, np.nan) for name, values in named.items()}


def largest(own: Estimates, able: NDArray[np.bool_], rng: np.random.Generator) -> float:
    """Return the 95 % quantile of the largest standardised difference of a cell from everybody else.

    A complement is taken as the mean of the other cells by their denominators, which it is for proportions
    and means and nearly for the rest; the cells' noise is Gaussian with their own variances.
    """
    import numpy as np

    if int(able.sum()) < 2:
        return Z95
    draws = _draws(DRAWS, len(own))
    n = np.where(np.isfinite(own.variance), own.n, 0).astype(np.float64)
    variance = np.nan_to_num(own.variance)
    if own.covariance is None:
        noise = rng.standard_normal((draws, len(n))) * np.sqrt(variance)
    else:
        values, vectors = np.linalg.eigh(np.nan_to_num(own.covariance))
        noise = rng.standard_normal((draws, len(n))) * np.sqrt(np.maximum(values, 0)) @ vectors.T
    whole = noise @ n
    others = np.maximum(n.sum() - n, 1.0)
    apart = (noise - (whole[:, None] - noise * n) / others)[:, able]
    size = apart.std(axis=0)
    return max(Z95, float(np.quantile(np.abs(apart / np.where(size > 0, size, 1.0)).max(axis=1), 0.95)))


def _p_values(own: Estimates, rest: Estimates, able: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Test each cell against everybody else: exactly for counts, else by the standardised difference.

    Means with few people use Welch's degrees of freedom.
    """
    import numpy as np
    from scipy.special import ndtr, stdtr

    p = np.full(len(own), np.nan)
    if own.successes is not None and rest.successes is not None:
        for i in np.flatnonzero(able):
            p[i] = fisher(own.successes[i], own.n[i], rest.successes[i], rest.n[i])
        return p
    shared = 0.0 if rest.beside is None else rest.beside * np.sqrt(own.variance * rest.variance)
    variance = np.maximum(own.variance + rest.variance - 2 * shared, 1e-300)
    z = -np.abs(own.value - rest.value) / np.sqrt(variance)
    if own.df is None or rest.df is None:
        return np.where(able, 2 * ndtr(z), np.nan)
    if own.covariance is not None:
        df = np.minimum(own.df, rest.df)
    else:
        parts = own.variance**2 / np.maximum(own.df, 1) + rest.variance**2 / np.maximum(rest.df, 1)
        df = (own.variance + rest.variance) ** 2 / np.maximum(parts, 1e-300)
    return np.where(able, 2 * stdtr(np.maximum(df, 1), z), np.nan)


def fisher(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the chance, all margins fixed, of shares at least as far apart as those seen (exact, two-sided).

    Tables are ordered by the difference of the shares, not by their chance as in Fisher's usual two-sided
    test; both are exact. Beyond 100,000 possible tables the hypergeometric is taken as normal.
    """
    import numpy as np
    from scipy.special import gammaln, ndtr

    n, x = int(n1) + int(n2), int(x1) + int(x2)
    low, high = max(0, x - int(n2)), min(int(n1), x)
    expected = n1 * x / n
    off = abs(int(x1) - expected)
    if high - low > 100_000:
        spread = np.sqrt(n1 * (n2 / n) * (x / n) * (n - x) / (n - 1))
        return float(2 * ndtr(-max(off - 0.5, 0.0) / spread))
    at = np.arange(low, high + 1)

    def ways(of: Any, chosen: Any) -> Any:
        return gammaln(of + 1.0) - gammaln(chosen + 1.0) - gammaln(of - chosen + 1.0)

    chance = np.exp(ways(n1, at) + ways(n2, x - at) - ways(n, x))
    return float(min(1.0, chance[np.abs(at - expected) >= off - 1e-9].sum() / chance.sum()))


def omnibus(own: Estimates, rng: np.random.Generator) -> dict[str, float | None]:
    """Say how much the cells differ in all: their variance, less what sampling noise alone gives.

    The unbiased form of Lum, Zhang and Bower (2022): the variance of the values less the mean of their
    sampling variances, which may be negative. p-value for "all cells are equal": counts permuted among the
    cells where that is exact, Gaussian noise otherwise. The interval is of the true variance and so never
    below 0: all variances, spread as the observed values are, that leave the one seen out of both tails of
    2.5 %.

    Parameters
    ----------
    own : Estimates
        Of the cells that are compared.

    Returns
    -------
    dict
        "variance", "low", "high" and "p_value"; None with fewer than two cells.
    """
    import numpy as np

    if len(own) < 2:
        return dict.fromkeys(("variance", "low", "high", "p_value"))
    noise_variance, draws = own.variance, _draws(PERMUTATIONS, len(own))
    if own.successes is not None:
        noise_variance = own.value * (1 - own.value) / np.maximum(own.n - 1, 1)
    seen = float(own.value.var(ddof=1))
    noise = rng.standard_normal((draws, len(own))) * np.sqrt(own.variance)
    if own.covariance is not None:
        values, vectors = np.linalg.eigh(own.covariance)
        noise = rng.standard_normal((draws, len(own))) * np.sqrt(np.maximum(values, 0)) @ vectors.T
        noise_variance = np.full(len(own), _within(own.covariance))
    by_chance = noise.var(axis=1, ddof=1)
    if own.successes is not None:
        hits, n = int(own.successes.sum()), own.n
        by_chance_permuted = (deal(rng, np.array([hits, n.sum() - hits]), n, draws)[..., 0] / n).var(
            axis=1, ddof=1
        )
    else:
        by_chance_permuted = by_chance
    as_much = int((by_chance_permuted >= seen * (1 - 1e-12)).sum())
    low, high = _inverted(own.value, seen, noise, by_chance)
    return {
        "variance": seen - float(noise_variance.mean()),
        "low": low,
        "high": high,
        "p_value": (1 + as_much) / (draws + 1),
    }


def _within(covariance: NDArray[np.float64]) -> float:
    """Return the expected variance of values that differ by noise of this covariance alone."""
    import numpy as np

    k = len(covariance)
    return float((np.trace(covariance) - covariance.sum() / k) / (k - 1))


def _inverted(
    value: NDArray[np.float64], seen: float, noise: NDArray[np.float64], by_chance: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the true variances at which the one seen stands at the upper and the lower 2.5 % point."""
    import numpy as np

    direction = (value - value.mean()) / np.sqrt(seen) if seen > 0 else np.zeros(len(value))
    along = noise @ direction / (len(value) - 1)

    def solved(tail_above: float) -> float:
        low, high = 0.0, 1.0 + 4 * np.sqrt(seen)
        for _ in range(60):
            middle = (low + high) / 2
            share = float((middle**2 + 2 * middle * along + by_chance >= seen).mean())
            low, high = (middle, high) if share < tail_above else (low, middle)
        return float(low**2)

    return solved(0.025), solved(0.975)
