"""The split of a gap that needs no refit: recorded labels, and what the decisions add; from counts alone.

For decisions of somebody else's model, of any number of rows; `decomposition` does more where a recipe can be
trained again (INFERENCE.md 9, "without refits").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells
from toolkit.fairness.parameters.contrasts import signed
from toolkit.fairness.parameters.decomposition import NOTES
from toolkit.fairness.parameters.differential import differential
from toolkit.fairness.parameters.splits import LABELS, MEANING, MODEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z95 = 1.959963984540054
WITHOUT = "predictions cannot be trained again: the gap is split into labels and model minus labels"


def split(cells: Cells, pair: Mapping[str, Any], seed: int = 0) -> dict[str, Any]:
    """Split the gaps in selection rate and in mean score into labels and model minus labels.

    Parameters
    ----------
    cells : Cells
        With labels; sampling weights count, clusters do not widen the intervals here, and a note says so.
    pair : mapping
        ``attribute``, ``first`` and ``second``: gaps are of the first group minus the second.
    seed : int
        Of the draws of differential fairness.

    Returns
    -------
    dict
        The document's `decomposition`, its status "partial", or "not_applicable" without labels.
    """
    empty: dict[str, Any] = {"pair": dict(pair), "interventions": [], "fan": None}
    empty |= {"refits": 0, "deterministic": None}
    if cells.label is None or cells.decision is None:
        reason = "there are no labels beside the decisions, so nothing can be split off"
        return {"status": "not_applicable", "reason": reason, "tables": [], "notes": [], **empty}
    partition = cells.partition([str(pair["attribute"])])
    first, second = (partition.names.index(str(pair[key])) for key in ("first", "second"))
    everybody = cells.partition(cells.attributes)
    notes = list(NOTES)
    if cells.clusters is not None:
        notes.append("These intervals take rows as independent: the clusters are not allowed for here.")
    tables = [_selection(cells, partition.of_cell, first, second, pair)]
    if "score" in cells.sums and _chances(cells):
        tables.append(_scores(cells, partition.of_cell, first, second, pair))
    else:
        notes.append("Mean scores are not split: there are none, or they are not chances.")
    return {
        "status": "partial",
        "reason": WITHOUT,
        "people": {"test": int(cells.n.sum())},
        "tables": tables,
        "differential_fairness": differential(everybody.confusion(cells), everybody.names, seed=seed),
        "notes": notes,
        **empty,
    }


def _chances(cells: Cells) -> bool:
    return cells.score is not None and float(cells.score.min()) >= 0 and float(cells.score.max()) <= 1


def _selection(
    cells: Cells, group: NDArray[np.int64], first: int, second: int, pair: Mapping[str, Any]
) -> dict[str, Any]:
    assert cells.label is not None
    assert cells.decision is not None
    label, extra = cells.label.astype(float), (cells.decision - cells.label).astype(float)

    def part(values: NDArray[np.float64]) -> tuple[float, float]:
        sums = [_moments(cells, group == g, values, values**2) for g in (first, second)]
        return sums[0][0] - sums[1][0], sums[0][1] + sums[1][1]

    return _table("selection_rate", part(label), part(extra), pair)


def _scores(
    cells: Cells, group: NDArray[np.int64], first: int, second: int, pair: Mapping[str, Any]
) -> dict[str, Any]:
    """Split the gap in mean score; within a cell the label is one and the score's moments are known."""
    import numpy as np

    assert cells.label is not None
    y = cells.label.astype(float)
    weight = np.where(cells.weight > 0, cells.weight, 1.0)
    mean = cells.sums["score"] / weight
    square = cells.sums["score2"] / weight

    def part(values: NDArray[np.float64], squares: NDArray[np.float64]) -> tuple[float, float]:
        sums = [_moments(cells, group == g, values, squares) for g in (first, second)]
        return sums[0][0] - sums[1][0], sums[0][1] + sums[1][1]

    return _table("mean_prediction", part(y, y), part(mean - y, square - 2 * y * mean + y), pair)


def _moments(
    cells: Cells, where: NDArray[np.bool_], values: NDArray[np.float64], squares: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the weighted mean of a group and its variance, sum w^2 (v - mean)^2 / (sum w)^2."""
    w, w2 = cells.weight[where], cells.weight2[where]
    if cells.frequencies:
        w2 = w  # a row of weight w is w people, each of weight 1
    total = float(w.sum())
    mean = float((w * values[where]).sum()) / total
    spread = float((w2 * (squares[where] - 2 * mean * values[where] + mean**2)).sum())
    return mean, max(spread, 0.0) / total**2


def _table(
    metric: str, labels: tuple[float, float], model: tuple[float, float], pair: Mapping[str, Any]
) -> dict[str, Any]:
    parts = []
    for name, (value, variance) in ((LABELS, labels), (MODEL, model)):
        half = Z95 * math.sqrt(variance)
        parts.append(
            {
                "name": name,
                "value": value,
                "low": value - half,
                "high": value + half,
                "meaning": MEANING[name],
            }
        )
    gap = labels[0] + model[0]
    what = metric.replace("_", " ")
    return {
        "metric": metric,
        "gap": gap,
        "unit": "difference",
        "parts": parts,
        "residual": gap - (labels[0] + model[0]),
        "sentence": (
            f"Gap in {what}, {pair['first']} minus {pair['second']}: {signed(gap)}; recorded labels account "
            f"for {signed(labels[0])}, the decisions beyond them for {signed(model[0])}."
        ),
    }
