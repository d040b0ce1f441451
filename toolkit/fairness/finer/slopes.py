"""How a rate changes along an ordered attribute such as age: a slope with its interval, no cut points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import MISSING_GROUP, Cells
from toolkit.fairness.counts import PROPORTIONS
from toolkit.fairness.metrics.beyond import Z95, people, student

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def slope(
    values: ArrayLike,
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    squares: tuple[ArrayLike, ArrayLike] | None = None,
    rows: int | None = None,
) -> dict[str, float | None]:
    """Fit a straight line to a yes-or-no outcome along a number, from grouped counts.

    The linear probability model: least squares over people, errors robust to unequal variances (HC3,
    MacKinnon and White 1985), Student's t on people - 2.

    Parameters
    ----------
    values : array_like, shape (m,)
        The attribute; distinct values or not.
    successes, totals : array_like, shape (m,)
        People with the outcome, and people, at each value; sums of weights where they weigh differently.
    squares : pair of array_like, shape (m,), optional
        Sums of squared weights of the same.
    rows : int, optional
        Rows, where they are not the sum of the totals.

    Returns
    -------
    dict
        "slope" (change of the share per unit of the attribute), "low", "high" (95 %) and "p_value" (of no
        slope); None where there are fewer than three people or a single value.
    """
    import numpy as np
    from scipy.special import stdtr

    x, hits, n = (np.asarray(a, np.float64) for a in (values, successes, totals))
    hits2, n2 = (hits, n) if squares is None else (np.asarray(a, np.float64) for a in squares)
    kept = n > 0
    x, hits, n, hits2, n2 = (a[kept] for a in (x, hits, n, hits2, n2))
    people_ = round(float(n.sum())) if rows is None else rows
    nothing: dict[str, float | None] = dict.fromkeys(("slope", "low", "high", "p_value"))
    if people_ < 3 or len(np.unique(x)) < 2:
        return nothing
    middle = float((n * x).sum() / n.sum())
    apart = x - middle
    spread = float((n * apart**2).sum())
    found = float((apart * hits).sum() / spread)
    fitted = float(hits.sum() / n.sum()) + found * apart
    # Leverage is of a person at that value; a single person at an extreme may have nearly all of it.
    leverage = np.minimum(n2 / n * (1 / n.sum() + apart**2 / spread), 1 - 1e-6)
    errors = (hits2 * (1 - fitted) ** 2 + (n2 - hits2) * fitted**2) / (1 - leverage) ** 2
    error = float(np.sqrt((apart**2 * errors).sum()) / spread)
    df = np.array([people_ - 2.0])
    if error <= 1e-12 * abs(found) or error == 0:
        return {**nothing, "slope": found}
    half = float(student(Z95, df)[0]) * error
    return {
        "slope": found,
        "low": found - half,
        "high": found + half,
        "p_value": float(2 * stdtr(people_ - 2.0, -abs(found) / error)),
    }


def along(cells: Cells, attribute: str, metric: str) -> dict[str, Any]:
    """Fit a proportion's slope along an attribute whose groups are numbers.

    Parameters
    ----------
    cells : Cells
    attribute : str
        People whose attribute is missing take no part.
    metric : str
        One of `counts.PROPORTIONS`; only people in its denominator take part.

    Returns
    -------
    dict
        An entry of `slopes` of the run document.

    Raises
    ------
    ValueError
        If the metric is no proportion, or a group's name is no number.
    """
    import numpy as np

    if metric not in PROPORTIONS:
        raise ValueError(f"{metric} is no proportion")
    place = cells.attributes.index(attribute)
    numbers = np.array([np.nan if name == MISSING_GROUP else float(name) for name in cells.levels[place]])
    label = np.zeros(len(cells.n), np.int64) if cells.label is None else cells.label
    decision = label if cells.decision is None else cells.decision
    above, below = (
        np.any([(label == i) & (decision == j) for i, j in of], axis=0) for of in PROPORTIONS[metric]
    )
    at = numbers[cells.code[:, place]]
    kept = below & np.isfinite(at)
    n, weight, weight2 = (values[kept] for values in people(cells))
    hit = above[kept]
    found = slope(
        at[kept],
        np.where(hit, weight, 0.0),
        weight,
        squares=(np.where(hit, weight2, 0.0), weight2),
        rows=int(n.sum()),
    )
    if cells.clusters is not None:
        found |= dict.fromkeys(("low", "high", "p_value"))
    return {"attribute": attribute, "metric": metric, **found, "unit": f"per unit of {attribute}"}
