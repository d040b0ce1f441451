"""Rows to the counts that every group metric starts from, the slow and obvious way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.fairness.cells import Cells, ClusterMoments


def cells_of(
    groups: Any,
    label: Any = None,
    decision: Any = None,
    score: Any = None,
    *,
    weight: Any = None,
    cluster: Any = None,
    strata: Any = None,
    frequencies: bool = False,
    sums: dict[str, Any] | None = None,
    names: Sequence[Sequence[str]] | None = None,
) -> Cells:
    """Count rows; `groups` is one array of codes, or one column per attribute named a, b, c."""
    codes = np.asarray(groups, np.int64)
    codes = codes[:, None] if codes.ndim == 1 else codes
    rows, attributes = codes.shape
    weight_ = np.ones(rows) if weight is None else np.asarray(weight, np.float64)
    columns = [
        codes,
        *(np.asarray(c, np.float64)[:, None] for c in (label, decision, score, strata) if c is not None),
    ]
    _, first, place = np.unique(np.hstack(columns), axis=0, return_index=True, return_inverse=True)
    place = place.reshape(-1)

    def kept(values: Any, kind: Any) -> Any:
        return None if values is None else np.asarray(values)[first].astype(kind)

    extra = {name: np.bincount(place, weight_ * np.asarray(values)) for name, values in (sums or {}).items()}
    return Cells(
        attributes=tuple("abc"[:attributes]),
        levels=tuple(tuple(n) for n in names)
        if names
        else tuple(tuple(f"{'abc'[a]}{i}" for i in range(codes[:, a].max() + 1)) for a in range(attributes)),
        code=codes[first],
        label=kept(label, np.int64),
        decision=kept(decision, np.int64),
        n=np.bincount(place).astype(np.int64),
        weight=np.bincount(place, weight_),
        weight2=np.bincount(place, weight_**2),
        score=kept(score, np.float64),
        sums=extra,
        frequencies=frequencies,
        clusters=None if cluster is None else moments(codes, label, decision, score, weight_, cluster, place),
        strata=kept(strata, np.int64),
        strata_names=() if strata is None else tuple(f"s{i}" for i in range(int(np.max(strata)) + 1)),
    )


def moments(
    codes: Any, label: Any, decision: Any, score: Any, weight: Any, cluster: Any, place: Any
) -> ClusterMoments:
    """Sum each cluster's totals by part (cells without their score) and multiply them out."""
    nothing = np.zeros(len(codes))
    key = np.column_stack(
        [codes, nothing if label is None else label, nothing if decision is None else decision]
    )
    part = np.unique(key, axis=0, return_inverse=True)[1].reshape(-1)
    _, of_row = np.unique(cluster, return_inverse=True)
    totals = np.zeros((of_row.max() + 1, part.max() + 1))
    scores = np.zeros_like(totals)
    np.add.at(totals, (of_row, part), weight)
    if score is not None:
        np.add.at(scores, (of_row, part), weight * np.asarray(score))
    of_cell = np.zeros(place.max() + 1, np.int64)
    of_cell[place] = part
    in_group = {}
    for a in range(codes.shape[1]):
        k = codes[:, a].max() + 1
        in_group["abc"[a],] = np.array([len(np.unique(of_row[codes[:, a] == g])) for g in range(k)])
    return ClusterMoments(
        clusters=len(totals),
        moments=totals.T @ totals,
        part=of_cell,
        scores=None if score is None else scores.T @ scores,
        cross=None if score is None else totals.T @ scores,
        in_group=in_group,
    )
