"""People dealt out anew among groups, as counts: what the studentised permutation of INFERENCE.md 6 draws.

A permutation of people among groups only matters through how many of each kind (label, score, decision) every
group receives, and those counts are multivariate hypergeometric. So a replicate costs the number of kinds,
whatever the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Kinds of people a permutation tells apart; a finer score is cut into this many parts of about equal size.
KINDS = 32
# numpy's hypergeometric generator takes fewer than a thousand million people.
COUNTABLE = 10**9 - 1
# Numbers held at once while replicates are drawn.
BLOCK = 2_000_000


def deal(
    rng: np.random.Generator, kinds: NDArray[np.int64], sizes: NDArray[np.int64], replicates: int
) -> NDArray[np.int64]:
    """Deal people of several kinds to groups of fixed sizes, at random.

    Parameters
    ----------
    rng : Generator
    kinds : ndarray of int, shape (kinds,)
        How many people there are of each.
    sizes : ndarray of int, shape (groups,)
        How many each group gets; they sum to all the people.
    replicates : int

    Returns
    -------
    ndarray of int, shape (replicates, groups, kinds)
    """
    import numpy as np

    dealt = np.empty((replicates, len(sizes), len(kinds)), np.int64)
    left = np.repeat(np.asarray(kinds, np.int64)[None], replicates, axis=0)
    for group, size in enumerate(sizes[:-1].tolist()):
        wanted = np.full(replicates, size, np.int64)
        others = left.sum(axis=1)
        for kind in range(len(kinds) - 1):
            others = others - left[:, kind]
            dealt[:, group, kind] = drawn = rng.hypergeometric(left[:, kind], others, wanted)
            wanted = wanted - drawn
        dealt[:, group, -1] = wanted
        left = left - dealt[:, group]
    dealt[:, -1] = left
    return dealt


def countable(people: NDArray[np.int64]) -> bool:
    """Say whether there are few enough people to be dealt out."""
    return int(people.sum()) <= COUNTABLE


def blocks(replicates: int, numbers: int) -> list[int]:
    """Split replicates so that each block holds about BLOCK numbers, `numbers` of them per replicate."""
    size = max(1, BLOCK // max(1, numbers))
    return [min(size, replicates - start) for start in range(0, replicates, size)]


def coarsened(
    values: NDArray[np.float64], people: NDArray[np.int64], parts: int = KINDS
) -> NDArray[np.int64]:
    """Return which of at most `parts` ordered parts, of about equal numbers of people, each value is in.

    Parameters
    ----------
    values : ndarray, shape (cells,)
        Equal values share a part; where there are few enough, every value is its own.
    people : ndarray of int, shape (cells,)
    parts : int

    Returns
    -------
    ndarray of int, shape (cells,)
        Codes ``0 .. at most parts - 1``, in the order of the values, without holes.
    """
    import numpy as np

    distinct, place = np.unique(values, return_inverse=True)
    place = place.reshape(-1)
    if len(distinct) <= parts:
        return place.astype(np.int64)
    count = np.bincount(place, people)
    middle = np.cumsum(count) - count / 2
    part = np.minimum((middle / max(count.sum(), 1) * parts).astype(np.int64), parts - 1)
    return np.unique(part[place], return_inverse=True)[1].reshape(-1).astype(np.int64)
