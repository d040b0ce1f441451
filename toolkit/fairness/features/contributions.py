"""The gap in mean score attributed to the table's columns by Shapley values, with intervals, and its proxies.

Parts sum to the gap; what a sub-sampled explainer leaves is a row of its own, never spread (INFERENCE.md 9).
Scores are attributed, decisions are not, and "accounts for" is not "causes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.fairness.features.explaining import Explained, Explainer, adds_up, parts_of
from toolkit.fairness.parameters.contrasts import signed
from toolkit.fairness.parameters.problem import Model, Problem
from toolkit.fairness.parameters.proxies import proxies

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS, BACKGROUND, REPLICATES = 500, 50, 1000


def contributions(
    problem: Problem,
    model: Model | None,
    *,
    pair: tuple[int, int],
    seed: int = 0,
    rows: int = ROWS,
    background: int = BACKGROUND,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """Attribute the gap in mean score between two groups to the table's columns.

    Parameters
    ----------
    problem : Problem
    model : Model or None
        None gives `not_applicable`, with proxies all the same.
    pair : tuple of int
    seed : int
    rows, background : int
        Sizes of the sample of people, and of each of two backgrounds from the training part, where the
        explainer is not exact.
    replicates : int
        Of the bootstrap over people.

    Returns
    -------
    dict
        The document's `attribution`.
    """
    told = proxies(problem, pair, seed)
    reason = problem.lacking(pair)
    scales: list[dict[str, Any]] = []
    notes: list[str] = []
    if model is None:
        reason = "predictions alone cannot be attributed to features: a model or a recipe is needed"
    elif not reason:
        explainer = Explainer(problem, model, pair, seed=seed, rows=rows, background=background)
        found, reason = explainer.explain()
        notes += explainer.notes
        for scale, explained in found.items():
            scales.append(_scale(problem, pair, scale, explained, seed=seed, replicates=replicates))
            if not adds_up(explained):
                notes.append(f"On the {scale} scale the values do not add up to the scores.")
        if not model.probabilistic:
            notes.append("The score is a squashed decision value and no chance; both scales are of that.")
    return {
        "status": ("partial" if reason else "done") if scales else "not_applicable",
        "reason": reason,
        "pair": problem.pair(pair),
        "scales": scales,
        "proxies": told,
        "notes": notes,
    }


def resampled(
    values: Floats, first: NDArray[np.bool_], rng: np.random.Generator, replicates: int = REPLICATES
) -> tuple[Floats, Floats]:
    """Return 95 % limits of each part from resampling people within groups.

    Percentiles, taken further out for small groups (Hesterberg 2015, the expanded percentile interval).

    Parameters
    ----------
    values : ndarray, shape (people, columns)
    first : ndarray of bool, shape (people,)
    rng : Generator
    replicates : int
    """
    import numpy as np
    from scipy.special import ndtr, stdtrit

    drawn = np.zeros((replicates, values.shape[1]))
    for side, sign in ((values[first], 1.0), (values[~first], -1.0)):
        n = len(side)
        step = max(1, 2_000_000 // n)
        for start in range(0, replicates, step):
            many = min(step, replicates - start)
            drawn[start : start + many] += sign * (rng.multinomial(n, np.full(n, 1 / n), many) / n) @ side
    n = min(int(first.sum()), int((~first).sum()))
    tail = float(ndtr(float(stdtrit(n - 1, 0.025)) * (n / (n - 1)) ** 0.5))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return low, high


def _scale(
    problem: Problem, pair: tuple[int, int], scale: str, found: Explained, *, seed: int, replicates: int
) -> dict[str, Any]:
    """Return one scale as plain data."""
    import numpy as np

    parts = parts_of(found.values, found.first)
    low, high = resampled(found.values, found.first, np.random.default_rng([seed, 8]), replicates)
    order = sorted(range(len(parts)), key=lambda j: (-abs(parts[j]), j))
    rows = [
        {
            "feature": problem.columns[j],
            "value": float(parts[j]),
            "low": float(min(low[j], parts[j])),  # a value alike for everybody differs by rounding
            "high": float(max(high[j], parts[j])),
        }
        for j in order
    ]
    residual = found.gap - float(parts.sum())
    return {
        "scale": scale,
        "gap": found.gap,
        "parts": rows,
        "residual": residual,
        "rows": len(found.first),
        "background": found.background,
        "sentence": _sentence(problem.pair(pair), scale, found, rows, residual),
    }


def _sentence(
    named: dict[str, str], scale: str, found: Explained, rows: list[dict[str, Any]], residual: float
) -> str:
    """Say the largest parts, how they were found and what they leave."""
    import numpy as np

    most = ", ".join(
        f"{row['feature']} accounts for {signed(row['value'])} "
        f"({signed(row['low'])} to {signed(row['high'])})"
        for row in rows[:3]
    )
    text = (
        f"Gap in mean {scale}, {named['first']} minus {named['second']}: {signed(found.gap)}; {most}. "
        f"Found {found.how}."
    )
    if found.other is not None:
        moved = float(np.abs(found.other - parts_of(found.values, found.first)).max())
        text += (
            f" The residual of {signed(residual)} is what the sample leaves and belongs to no column. "
            f"Against a second background no part moves by more than {moved:.3f}."
        )
    return text
