"""What would settle an open gap: how many more rows, of which group."""

from __future__ import annotations

import math
from typing import Any

Z90, Z95, POWER = 1.6448536269514722, 1.959963984540054, 0.8416212335729143
SHOWN, SMALL = "shown", "small"


def rows_needed(
    gap: float,
    margin: float,
    *,
    names: tuple[str, str],
    rows: tuple[int, int],
    variances: tuple[float, float],
    q: float = Z95,
    denominator_shares: tuple[float, float] | None = None,
    noun: str = "rows",
    others: bool = False,
) -> dict[str, Any]:
    """Say how many more rows of which group give a ruling with 80 % power, were the corrected gap the truth.

    With b = ((margin - gap)/(z + z.80))^2 - the other group's variance, a group whose values vary by u a row
    needs u/b rows in all. Where b is not positive both groups must grow.

    Parameters
    ----------
    gap : float
        The corrected gap, on the scale of the margin (a ratio: -log of both), not negative beyond noise.
    margin : float
    names : tuple of str
        The two groups.
    rows : tuple of int
        Their rows in the metric's denominator.
    variances : tuple of float
        Of their two values.
    q : float
        Quantile that showing a gap needs (above 1.96 with more than two groups).
    denominator_shares : tuple of float, optional
        Share of each group's rows in the table that are in the denominator: the answer is then also in rows
        of the table, which is what somebody can collect.
    noun : str
        What a row of the denominator is, in the sentence.
    others : bool
        Whether there are further groups, whose gaps must be shown to be small too before the widest is.

    Returns
    -------
    dict
        ``ruling_sought``, ``group`` (None where both must grow or nothing helps), ``rows`` more of it in the
        metric's denominator, ``table_rows`` (None unless the shares were given), ``factor`` (both groups
        times this; None otherwise) and ``sentence``.
    """
    sought = SHOWN if gap > margin else SMALL
    distance = abs(margin - gap)
    error = math.sqrt(sum(variances))
    if distance < error / 2 or distance == 0:
        return _answer(sought, sentence="It is too near the margin: no feasible number of rows settles it.")
    target = (distance / ((q if sought == SHOWN else Z90) + POWER)) ** 2
    if target >= sum(variances):
        sentence = (
            "By this reckoning the rows suffice (80 % power): chance, or the other gaps, stand in the way."
        )
        return _answer(sought, rows=0, sentence=sentence)
    # The pair that stands farthest from small need not be the one with the widest gap: name it.
    pair = f", as far as {names[0]} and {names[1]} go" if others and sought == SMALL else ""
    goal = _goal(sought) + pair
    # The group with the noisier value is the one whose growth helps most.
    place = int(variances[1] > variances[0])
    left = target - variances[1 - place]
    if left <= 0:
        factor = sum(variances) / target
        return _answer(
            sought,
            factor=factor,
            sentence=f"Both groups would need {_times(factor)} as many rows to {goal}.",
        )
    more = max(1, math.ceil(variances[place] * rows[place] / left - rows[place]))
    share = None if denominator_shares is None else denominator_shares[place]
    table = math.ceil(more / share) if share else None
    also = f" (about {table:,} rows of the table)" if table is not None and table > more else ""
    return _answer(
        sought,
        group=names[place],
        rows=more,
        table_rows=table,
        sentence=f"About {more:,} more {noun} of {names[place]}{also} would {goal}.",
    )


def _goal(sought: str) -> str:
    what = "show the gap" if sought == SHOWN else "show that the gap is small"
    return f"probably (80 %) {what}, if the corrected gap is the true one"


def _times(factor: float) -> str:
    return f"{factor:.1f} times" if factor < 10 else f"{factor:,.0f} times"


def _answer(sought: str, *, sentence: str, **known: Any) -> dict[str, Any]:
    empty = {"group": None, "rows": None, "table_rows": None, "factor": None}
    return {"ruling_sought": sought, **empty, **known, "sentence": sentence}
