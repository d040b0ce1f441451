"""A second look at rows that were counted: the same groups, labels and decisions, beside another column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.table.asking import CountSpec
from toolkit.table.grouped import key_parts, key_selects, number_parts
from toolkit.table.reading import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def usable(spec: CountSpec) -> str:
    """Return the condition under which a row was counted, so far as SQL can tell."""
    needed = [f"{a} IS NOT NULL" for a in number_parts(spec)]
    needed += ["c IS NOT NULL"] if spec.cluster is not None else []
    return " AND ".join(needed) or "true"


def outcome_selects(reading: Reading) -> tuple[list[str], list[str]]:
    """Return what to group by besides the column, as expressions and as names: group, label, decision."""
    parts = list(key_parts(reading.spec))
    selects = key_selects(reading.spec, tuple(reading.rows.whole))
    wanted = [i for i, part in enumerate(parts) if part in ("sensitive 0", "target", "prediction")]
    chosen, names = [selects[i] for i in wanted], [f"k{i}" for i in wanted]
    if reading.spec.score is not None and reading.spec.prediction is None:
        chosen.append(f"s >= {reading.spec.threshold!r}::DOUBLE AS above")
        names.append("above")
    return chosen, names


def outcomes(
    reading: Reading, found: Mapping[str, Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return group, label and decision of fetched entries; -1 where one is missing."""
    import numpy as np

    coded: dict[str, NDArray[np.int64]] = {}
    for i, part in enumerate(key_parts(reading.spec)):
        if f"k{i}" in found:
            code = reading.key_codes[part]
            coded[part] = np.array([code[cell] for cell in found[f"k{i}"].tolist()], dtype=np.int64)
    entries = len(next(iter(found.values())))
    group = coded.get("sensitive 0", np.zeros(entries, dtype=np.int64))
    label, decision = coded.get("target"), coded.get("prediction")
    if decision is None and "above" in found:
        decision = np.ma.filled(np.ma.asarray(found["above"]).astype(np.int64), -1)
    if decision is None:
        label, decision = None, label
    assert decision is not None
    return group, np.zeros_like(group) if label is None else label, decision
