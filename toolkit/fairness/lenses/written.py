"""How a lens is written down: the shape of the run document, plain numbers, groups that are counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def lens(about: Mapping[str, str], **found: Any) -> dict[str, Any]:
    """Return a lens in the run document's shape; `about` has its id, name, question, is_not and source."""
    return {
        **about,
        "status": "done",
        "reason": "",
        "sentences": [],
        "tables": [],
        "results": {},
        **found,
    }


def not_applicable(about: Mapping[str, str], reason: str) -> dict[str, Any]:
    """Return a lens that does not apply, with the reason."""
    return lens(about, status="not_applicable", reason=reason)


def people(cells: Cells) -> NDArray[np.int64]:
    """Return the people of each cell: rows, or their frequency weights; sampling weights are left out."""
    import numpy as np

    counted: NDArray[np.int64] = np.rint(cells.weight).astype(np.int64) if cells.frequencies else cells.n
    return counted


def chosen(cells: Cells, partition: Partition) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (selected, people) of each group."""
    counts = partition.confusion(cells, people(cells))
    return counts[:, :, 1].sum(axis=1), counts.sum(axis=(1, 2))


def plain(value: Any) -> Any:
    """Return a number or None where it is not finite."""
    number = float(value)
    return number if math.isfinite(number) else None


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return a table of plain values; what is not finite becomes None."""
    return {
        "title": title,
        "columns": list(columns),
        "rows": [[plain(v) if isinstance(v, float) else v for v in row] for row in rows],
    }


def percent(share: float | None) -> str:
    """Write a share of 1 in per cent with one decimal.

    >>> percent(0.543), percent(None)
    ('54.3 %', '–')
    """
    return "–" if share is None or not math.isfinite(share) else f"{share * 100:.1f} %"


def times(ratio: float | None) -> str:
    """Write a ratio with two decimals, three where two would hide on which side of .8 it lies.

    >>> times(0.586), times(0.7999), times(None)
    ('0.59', '0.7999', '–')
    """
    if ratio is None or not math.isfinite(ratio):
        return "–"
    for places in (2, 3, 4):
        if (round(ratio, places) < 0.8) == (ratio < 0.8):
            return f"{ratio:.{places}f}"
    return f"{ratio:.6f}"
