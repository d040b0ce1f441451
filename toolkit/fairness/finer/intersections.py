"""Groups that several attributes form together, each against everybody else (INFERENCE.md 8).

Simultaneous intervals from the largest of all the standardised differences, p-values under Holm, points drawn
towards what the attributes predict without acting together, and one figure for how much the cells differ at
all, freed of sampling noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.finer.shrinking import shrunk
from toolkit.fairness.gaps.pairs import mover
from toolkit.fairness.gaps.pairs import plain as side
from toolkit.fairness.gaps.permutation import two_groups
from toolkit.fairness.gaps.rulings import holm
from toolkit.fairness.gaps.widest import Z90, Z95
from toolkit.fairness.metrics.measures import complement, measure
from toolkit.fairness.metrics.permuting import countable, deal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALPHA = 0.05
DRAWS = 10_000
PERMUTATIONS = 5_000
# Normal quantiles between which a cell's own is interpolated.
LADDER = (*(z / 4 for z in range(25)), *(float(z) for z in range(7, 38, 2)))
# Numbers held at once: many cells have fewer draws, but never under a tenth of these.
ROOM = 5_000_000


def intersections(
    cells: Cells,
    families: Sequence[tuple[Sequence[str], str]],
    *,
    margin: float | Mapping[str, float] = 0.05,
    min_group: int = 10,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Compare every cell of every intersection with everybody else.

    Parameters
    ----------
    cells : Cells
    families : sequence of (attributes, metric)
        Two or more attributes each, and a metric that applies.
    margin : float, or mapping of metric to float
        The smallest difference of interest.
    min_group : int
        Cells with fewer people in the metric's denominator are listed and not compared.
    seed : int

    Returns
    -------
    list of dict
        `intersections` of the run document. Intervals are simultaneous within one dict; Holm runs over all,
        for "no difference" and for "within the margin", and a cell is "shown" only if the second says so too.

    Raises
    ------
    ValueError
        If a family has fewer than two attributes.
    """
    own = [margin if isinstance(margin, float) else margin[metric] for _, metric in families]
    found = [
        compare(cells, tuple(attributes), metric, margin=its, min_group=min_group, seed=seed)
        for (attributes, metric), its in zip(families, own, strict=True)
    ]
    _adjust([(row, its) for one, its in zip(found, own, strict=True) for row in one["cells"]])
    return found


def _adjust(rows: Sequence[tuple[dict[str, Any], float]]) -> None:
    """Adjust both p-values over these cells and rule on each by its margin."""
    compared = [row for row, _ in rows if row["p_value"] is not None]
    for name in ("p_value", "p_margin"):
        for row, adjusted in zip(compared, holm([row[name] for row in compared]), strict=True):
            row["p_adjusted" if name == "p_value" else "p_margin_adjusted"] = adjusted
    for row, margin in rows:
        if row["p_value"] is not None:
            row["ruling"] = _ruling(row, margin)


def _ruling(row: dict[str, Any], margin: float) -> str:
    """Rule on one cell: shown by the simultaneous interval and by Holm, small by the pointwise 90 % one."""
    if (row["low"] > margin or row["high"] < -margin) and row["p_margin_adjusted"] <= ALPHA:
        return "shown"
    return "small" if max(row["high90"], -row["low90"]) < margin else "not_enough_evidence"


def compare(
    cells: Cells, attributes: Sequence[str], metric: str, *, margin: float, min_group: int, seed: int
) -> dict[str, Any]:
    """Compare the cells of one intersection on one metric; p-values are adjusted within it.

    See `intersections`.
    """
    import numpy as np

    if len(attributes) < 2:
        raise ValueError("an intersection needs two attributes or more")
    rng = np.random.default_rng(seed)
    partition = cells.partition(attributes)
    own, rest = measure(cells, partition, metric), complement(cells, partition, metric)
    large = (own.n >= min_group) & (rest.n >= min_group)
    able = own.shown & rest.shown & large & np.isfinite(own.value) & np.isfinite(rest.value)
    known = able & ~np.array(partition.missing, np.bool_)
    limits = _limits(own, rest, able, rng)
    p_values = _p_values(own, rest, able)
    p_margins = np.maximum(_p_margins(own, rest, able, margin), p_values)
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
        row |= {name: plain(values[i]) for name, values in limits.items()}
        row |= {"p_value": plain(p_values[i]), "p_adjusted": None}
        row |= {"p_margin": plain(p_margins[i]), "p_margin_adjusted": None, "ruling": "not_applicable"}
        rows.append(row)
    _adjust([(row, margin) for row in rows])
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


def _limits(
    own: Estimates, rest: Estimates, able: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Return differences with simultaneous 95 % and pointwise 90 % limits; NaN where not compared."""
    import numpy as np

    low, high = _apart(own, rest, largest(own, able, rng))
    low90, high90 = _apart(own, rest, Z90)
    named = {"difference": own.value - rest.value, "low": low, "high": high, "low90": low90, "high90": high90}
    return {name: np.where(able, values, np.nan) for name, values in named.items()}


def _apart(own: Estimates, rest: Estimates, z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return limits of each cell's difference from everybody else at one z."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        return mover(side(own, z), side(rest, z), 0.0 if rest.beside is None else rest.beside)


def _p_margins(
    own: Estimates, rest: Estimates, able: NDArray[np.bool_], margin: float
) -> NDArray[np.float64]:
    """Return two-sided p-values of "within the margin": of the deepest z whose limits are beyond it."""
    import numpy as np
    from scipy.special import ndtr

    # The limits of all cells at one z cost the same as those of one cell, so z is the outer loop.
    excess = []
    for z in LADDER:
        low, high = _apart(own, rest, z)
        excess.append(np.fmax(low - margin, -margin - high))
    deepest = np.zeros(len(own))
    for i in np.flatnonzero(able):
        steps = np.minimum.accumulate([one[i] for one in excess])
        # `interp` wants rising numbers: from the last rung, where limits are within the margin, to the first.
        deepest[i] = np.interp(0.0, steps[::-1], LADDER[::-1], left=LADDER[-1], right=LADDER[0])
    return np.where(able, 2 * ndtr(-deepest), np.nan)


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
    if own.tested is not None and rest.tested is not None:
        for i in np.flatnonzero(able):
            x, n = (np.array([of[i], other[i]]) for of, other in ((own.tested, rest.tested), (own.n, rest.n)))
            p[i] = two_groups(x, n)
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
    dealt = own.successes is not None and countable(own.n)
    if own.successes is not None:
        noise_variance = own.value * (1 - own.value) / np.maximum(own.n - 1, 1)
    seen = float(own.value.var(ddof=1))
    noise = rng.standard_normal((draws, len(own))) * np.sqrt(own.variance)
    if own.covariance is not None:
        values, vectors = np.linalg.eigh(own.covariance)
        noise = rng.standard_normal((draws, len(own))) * np.sqrt(np.maximum(values, 0)) @ vectors.T
        noise_variance = np.full(len(own), _within(own.covariance))
    by_chance = noise.var(axis=1, ddof=1)
    if own.successes is not None and dealt:
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
