"""Small audits made by hand, for the tests of the warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit.fairness.cautions import Column, Context
from toolkit.fairness.cells import Cells

# group: tn, fp, fn, tp
Table = Mapping[str, tuple[int, int, int, int]]


def cells_of(table: Table, attribute: str = "race", *, labels: bool = True, **more: Any) -> Cells:
    """Return cells of one attribute, one per group, label and decision that anybody has."""
    rows = [
        (g, label, decision, counts[2 * label + decision])
        for g, counts in enumerate(table.values())
        for label in (0, 1)
        for decision in (0, 1)
        if counts[2 * label + decision]
    ]
    g, label, decision, n = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    weight = n.astype(float)
    return Cells(
        (attribute,),
        (tuple(table),),
        g[:, None],
        label if labels else None,
        decision,
        n,
        weight,
        weight,
        **more,
    )


def gap(
    metric: str, highest: str, lowest: str, value: float, ruling: str = "shown", **more: Any
) -> dict[str, Any]:
    """Return a gap with the keys that warnings read."""
    return {
        "attribute": "race",
        "attributes": ["race"],
        "metric": metric,
        "kind": "difference",
        "compare": "widest",
        "highest": highest,
        "lowest": lowest,
        "value": value,
        "ruling": ruling,
        "left_out": [],
    } | more


def context_of(table: Table, **more: Any) -> Context:
    """Return a context over one attribute, race."""
    attribute = more.pop("attribute", "race")
    labels = more.pop("labels", True)
    cells = more.pop("cells", None) or cells_of(table, attribute, labels=labels)
    return Context(cells, (attribute,), **more)


def columns_of(
    table: Mapping[str, np.ndarray], y: np.ndarray, group: np.ndarray, decision: np.ndarray | None = None
) -> list[Column]:
    """Scan a table as the reader does: counts for at most 20 levels, otherwise an area under the curve."""
    decision = y if decision is None else decision
    found = []
    for name, values in table.items():
        known = np.isfinite(values)
        levels = np.unique(values[known])
        if len(levels) <= 20:
            code = np.where(known, np.searchsorted(levels, np.where(known, values, levels[0])), len(levels))
            counts = np.zeros((int(group.max()) + 1, len(levels) + 1, 2, 2), np.int64)
            np.add.at(counts, (group, code, y, decision), 1)
            names = (*(f"{level:g}" for level in levels), "(missing)")
            found.append(Column(name, names, counts))
        else:
            found.append(Column(name, n=int(known.sum()), auc=area(values[known], y[known])))
    return found


def area(values: np.ndarray, y: np.ndarray) -> float:
    """Return the area under the curve by ranks, ties counted half."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positives = y.sum()
    return float((rank[y == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives)))
