"""From rows to three parts that share nobody: train, calibrate, test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARES = {"train": 0.4, "calibration": 0.2, "test": 0.4}


def parts(
    y: NDArray[Any], group: NDArray[np.int64], clusters: Sequence[str | None] | None, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Split rows at random, in the same shares within each group and label; clusters stay whole.

    Parameters
    ----------
    y, group : ndarray, shape (rows,)
    clusters : sequence of str or None, optional
        Rows of one cluster go to one part; the shares then hold for clusters only.

    Returns
    -------
    dict of str to ndarray of int
        Row numbers, rising, by part.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0x5EED])
    if clusters is None:
        _, stratum = np.unique(np.column_stack([group, y]), axis=0, return_inverse=True)
        unit = np.arange(len(y))
    else:
        _, unit = np.unique([f"{c}" for c in clusters], return_inverse=True)
        stratum = np.zeros(int(unit.max()) + 1, dtype=np.int64)
    of_unit = np.empty(len(stratum.reshape(-1)), dtype=np.int64)
    start = 0.0
    for code in np.unique(stratum):
        members = rng.permutation(np.flatnonzero(stratum.reshape(-1) == code))
        # The remainder of one stratum moves the start of the next, so that small strata fill all parts.
        places = (start + np.arange(len(members))) / max(len(members), 1) % 1.0
        of_unit[members] = np.searchsorted(np.cumsum(list(SHARES.values()))[:-1], places, side="right")
        start += 0.5
    found = {name: np.flatnonzero(of_unit[unit] == i) for i, name in enumerate(SHARES)}
    for name, rows in found.items():
        if len(np.unique(y[rows])) < 2:
            raise BadInputError(
                f"too few rows to hold out people: the part for {name} has {len(rows)} rows with one "
                "outcome; give a longer table, or audit predictions made elsewhere with --prediction"
            )
    return found


def halves(
    group: NDArray[np.int64], y: NDArray[Any], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows in two, each group and label evenly: one half to choose on, one to judge on."""
    import numpy as np

    rng = np.random.default_rng([seed, 0xA1F])
    order = rng.permutation(len(y))
    order = order[np.lexsort((y[order], group[order]))]
    return np.sort(order[::2]), np.sort(order[1::2])
