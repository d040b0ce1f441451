"""Wealth: what all bets have made together, begun anew each block, so that old losses hide no new gap.

At the start of each block a share of the first unit of wealth is laid out evenly over bets and ordered
pairs: after s blocks 1 / (1 + log2(1 + s / 30)) is left, so half of it is gone after a month of nights, and
there is enough after years. The shares sum to 1, and what is not laid out yet stays as it is. The wealth of a
bet, V <- (V + its share) times its factor, is then the mixture over all times of starting, in one number. It
is the recursion of Shiryaev and Roberts, an e-detector in Shin, Ramdas and Rinaldo (E-detectors, arXiv
2203.03532), but with weights that sum to 1, so that the chance of a false alarm is bounded over all time, not
the time between two of them.

A gap has two signs, so both orders of a pair are bet on. Their mean reaches 1 / alpha wherever the larger one
reaches 2 / alpha: it never alarms later than each of them at alpha / 2 would.

Every pair moves at the end of the same blocks: evidence that is valid night by night for each pair alone may
not be averaged if the pairs know different things (Choe and Ramdas, Combining evidence across filtrations,
arXiv 2402.09698).

A block is a night, however few came. To gather small nights into one block would be a little stronger (by a
few nights where five come a night), and wrong: people of one night would be compared with those of another,
whose rates may have been others for everybody, and who comes tomorrow may depend on how today went. Both
raise the expectation of a block's factor above 1 though no night's gap exceeds the margin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

from toolkit.fairness.watching.bets import BETS, log_factors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALPHA = 0.05
MONTH = 30  # blocks in which half of the wealth is laid out
MEMORY = 2_000  # rows of a group that its level is an average of, so that it follows a slow drift
Pair = tuple[str, str]
Counts = Mapping[str, tuple[int, int]]


def not_laid_out(block: int) -> float:
    """Return the share of the first wealth that is not laid out after so many blocks, 1 before the first."""
    return 1.0 / (1.0 + math.log2(1.0 + block / MONTH))


def log_share(block: int, places: int) -> float:
    """Return the logarithm of what each bet on each of so many pairs receives at the start of a block."""
    return math.log((not_laid_out(block - 1) - not_laid_out(block)) / (places * len(BETS)))


def remembered(
    past_n: NDArray[Any], past_k: NDArray[Any], n: NDArray[Any], k: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Add a block to the counts that levels are estimated from, old ones fading beyond `MEMORY` rows."""
    import numpy as np

    total = past_n + n
    keep = np.minimum(1.0, MEMORY / np.maximum(total, 1.0))
    return total * keep, (past_k + k) * keep


def grown(
    log_v: NDArray[np.float64], factors: NDArray[np.float64], block: int, live: int
) -> NDArray[np.float64]:
    """Return the wealth of bets after a block; `live` pairs, the first ones of axis -2, are laid out on."""
    import numpy as np

    return np.asarray(np.logaddexp(log_v, log_share(block, live)) + factors)


def log_total(log_v: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Return the logarithm of all wealth, shape (...), of `log_v` with shape (..., pairs, bets)."""
    import numpy as np

    inside = log_v.reshape(*log_v.shape[:-2], -1)
    laid_out = np.logaddexp.reduce(inside, axis=-1, initial=-np.inf)
    return np.asarray(np.logaddexp(laid_out, math.log(not_laid_out(block))))


@dataclass(frozen=True)
class Night:
    """What one look at one gap brought.

    Attributes
    ----------
    log_e : float
        Natural logarithm of the e-value after it.
    pair : (str, str) or None
        The ordered pair with most evidence (highest, lowest); None before any block has ended.
    moved : bool
        Whether a block ended.
    """

    log_e: float
    pair: Pair | None
    moved: bool


@dataclass(frozen=True)
class Evidence:
    """The whole state of one watched gap: a number per ordered pair and bet, and two counts per group.

    Attributes
    ----------
    margin : float
    groups : tuple of str
        In the order in which they were first seen.
    block : int
        Blocks that have ended.
    past : mapping of group to (n, k)
        People and ones that levels are estimated from.
    log_v : mapping of (group, group) to tuple of float
        Logarithm of the wealth of each bet on the pair.
    """

    margin: float
    groups: tuple[str, ...] = ()
    block: int = 0
    past: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    log_v: Mapping[Pair, tuple[float, ...]] = field(default_factory=dict)

    @property
    def log_e(self) -> float:
        """The logarithm of the e-value: of all wealth, which began at 1."""
        return float(log_total(self._wealth(), self.block))

    def by_pair(self) -> dict[Pair, float]:
        """Return for each ordered pair the logarithm of its e-value alone; their mean is the e-value."""
        import numpy as np

        spare, many = math.log(not_laid_out(self.block)), math.log(max(1, len(self.log_v)))
        return {
            pair: float(np.logaddexp(np.logaddexp.reduce(values) + many, spare))
            for pair, values in self.log_v.items()
        }

    def leading(self) -> Pair | None:
        """Return the ordered pair that carries most evidence."""
        found = self.by_pair()
        return max(found, key=lambda pair: found[pair]) if found else None

    def _wealth(self) -> NDArray[np.float64]:
        import numpy as np

        return np.array([*self.log_v.values()], dtype=np.float64).reshape(-1, len(BETS))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for a run document; `of` reads it back."""
        return {
            "groups": list(self.groups),
            "blocks": self.block,
            "past": {g: list(v) for g, v in self.past.items()},
            "log_wealth": [
                {"highest": a, "lowest": b, "bets": list(values)} for (a, b), values in self.log_v.items()
            ],
        }

    @classmethod
    def of(cls, state: Mapping[str, Any], margin: float) -> Evidence:
        """Read what `to_dict` wrote; KeyError, TypeError or ValueError where it is something else."""
        found = {
            (str(w["highest"]), str(w["lowest"])): tuple(float(v) for v in w["bets"])
            for w in state["log_wealth"]
        }
        groups, block = tuple(map(str, state["groups"])), int(state["blocks"])
        past = {g: (float(n), float(k)) for g, (n, k) in state["past"].items()}
        if any(len(values) != len(BETS) or not all(map(math.isfinite, values)) for values in found.values()):
            raise ValueError(f"wealth is that of {len(BETS)} bets")
        if not {g for pair in found for g in pair} | {*past} <= {*groups}:
            raise ValueError("wealth and counts are those of the groups")
        if block < 0 or not all(0 <= k <= n < math.inf for n, k in past.values()):
            raise ValueError("blocks and people are counted from 0")
        return cls(margin, groups, block, past, found)


def watched(before: Evidence, new: Counts) -> tuple[Evidence, Night]:
    """Add one night's new rows to the evidence.

    Parameters
    ----------
    before : Evidence
    new : mapping of group to (n, k)
        New people in the denominator, and how many of them count as 1. A group not seen before joins: it is
        bet on from this block on.

    Returns
    -------
    tuple of Evidence and Night
        Without new people the evidence comes back as it was. A night with people of one group alone says
        only what its level is.
    """
    here = {g: (n, k) for g, (n, k) in new.items() if n}
    if not here:
        return before, Night(before.log_e, before.leading(), False)
    after = replace(before, groups=tuple(dict.fromkeys((*before.groups, *here))))
    moved = len(after.groups) > 1
    after = _ended(after, here) if moved else _remembering(after, here)
    return after, Night(after.log_e, after.leading(), moved)


def _ended(before: Evidence, here: Counts) -> Evidence:
    """Let every bet move by a block of people."""
    import numpy as np

    groups, block = before.groups, before.block + 1
    places = list(permutations(range(len(groups)), 2))
    pairs: list[Pair] = [(groups[a], groups[b]) for a, b in places]
    nothing = (-np.inf,) * len(BETS)
    log_v = np.array([before.log_v.get(pair, nothing) for pair in pairs])
    past = _arrays(before.past, groups)
    factors = log_factors(_arrays(here, groups), past, np.array(places), before.margin)
    log_v = grown(log_v, factors, block, len(pairs))
    told = {pair: tuple(values) for pair, values in zip(pairs, log_v.tolist(), strict=True)}
    return _remembering(replace(before, block=block, log_v=told), here)


def _remembering(before: Evidence, here: Counts) -> Evidence:
    """Add people to the counts that levels are estimated from."""
    n, k = remembered(*_arrays(before.past, before.groups), *_arrays(here, before.groups))
    return replace(
        before, past=dict(zip(before.groups, zip(n.tolist(), k.tolist(), strict=True), strict=True))
    )


def _arrays(
    counts: Mapping[str, tuple[float, float]], groups: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    found = np.array([counts.get(group, (0.0, 0.0)) for group in groups], dtype=np.float64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
