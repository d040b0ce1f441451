"""Which classes of a table a study of classifiers can use; called by experiments before they split it."""

from __future__ import annotations

from dataclasses import replace

from toolkit.records import Dataset, NotApplicable

MOST, FEWEST_ROWS = 10, 30


def common_classes(data: Dataset) -> Dataset:
    """Keep a fixed table's classes of at least thirty rows, at most the ten commonest; a world stays whole.

    Raises
    ------
    NotApplicable
        If fewer than two classes are left.
    """
    import numpy as np

    if data.is_generator:
        return data
    counts = np.bincount(data.y, minlength=len(data.classes))
    order = np.argsort(-counts, kind="stable")[:MOST]
    kept = sorted(int(c) for c in order if counts[c] >= FEWEST_ROWS)
    if len(kept) < 2:
        raise NotApplicable(f"fewer than two classes have {FEWEST_ROWS} rows")
    if len(kept) == len(data.classes):
        return data
    rows = np.isin(data.y, kept)
    return replace(
        data,
        X=data.X[rows],
        y=np.searchsorted(kept, data.y[rows]),
        classes=tuple(data.classes[c] for c in kept),
        sensitive=None if data.sensitive is None else data.sensitive[rows],
    )
