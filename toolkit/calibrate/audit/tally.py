"""Counting what procedure W said in worlds of known truth, and what is accepted of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.counting import quantile
from toolkit.fairness.gaps.permutation import ALPHA

if TYPE_CHECKING:
    import numpy as np

    from toolkit.fairness.gaps.widest import Widest

LEAST_COVERAGE = 0.93
# About 270 worlds are looked at: one false complaint in a hundred runs of the whole command.
CONFIDENCE = 1 - 0.01 / 270
MARGIN, RATIO_MARGIN = 0.05, 0.8
# A simulated truth equals a margin up to rounding.
ROUNDING = 1e-9


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return a generator for one world, so that worlds can come and go without changing the others."""
    import numpy as np

    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


@dataclass(frozen=True)
class Said:
    """What one simulated audit said of one gap: its limits, value, p-value, and rulings taken alone."""

    value: float
    corrected: float
    low: float
    high: float
    p_value: float
    shown: bool
    small: bool

    @classmethod
    def of(cls, wide: Widest) -> Said:
        """Read one result of procedure W."""
        shown = wide.p_margin <= ALPHA
        return cls(
            wide.value, wide.corrected, wide.low, wide.high, wide.p_value, shown, wide.small and not shown
        )


def tally(
    part: str, world: str, truth: float, said: Sequence[Said], kind: str = "difference"
) -> dict[str, Any]:
    """Count one world.

    Parameters
    ----------
    part, world : str
        Which part of the calibration, and the world in a few words.
    truth : float
        The true widest gap: a difference, or a ratio in (0, 1].
    said : sequence of Said
    kind : {"difference", "ratio"}

    Returns
    -------
    dict
        Shares of the runs: ``coverage``; ``false_alarms`` (p <= .05; None unless all groups are equal);
        ``shown`` and ``small``, of which ``false_shown`` and ``false_small`` repeat what is false here (None
        where it would be true); means: ``width``, ``bias_raw``, ``bias_corrected``; and ``failed``, the names
        of requirements that are missed beyond Monte Carlo error.
    """
    runs = len(said)
    if kind == "difference":
        equal, inside, outside = truth <= 0, truth <= MARGIN + ROUNDING, truth >= MARGIN - ROUNDING
    else:
        equal, inside, outside = (
            truth >= 1,
            truth >= RATIO_MARGIN - ROUNDING,
            truth <= RATIO_MARGIN + ROUNDING,
        )
    covered = sum(s.low - ROUNDING <= truth <= s.high + ROUNDING for s in said)
    alarms, shown, small = (
        sum(s.p_value <= ALPHA for s in said),
        sum(s.shown for s in said),
        sum(s.small for s in said),
    )
    found: dict[str, Any] = {
        "part": part,
        "world": world,
        "truth": truth,
        "runs": runs,
        "coverage": covered / runs,
        "false_alarms": alarms / runs if equal else None,
        "shown": shown / runs,
        "small": small / runs,
        "false_shown": shown / runs if inside else None,
        "false_small": small / runs if outside else None,
        "width": round(_mean(s.high - s.low for s in said), 4),
        "bias_raw": round(_mean(s.value - truth for s in said), 4),
        "bias_corrected": round(_mean(s.corrected - truth for s in said), 4),
    }
    return found | {"failed": failures(found)}


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def failures(world: dict[str, Any]) -> list[str]:
    """Name the requirements that a world misses by more than Monte Carlo error allows."""
    runs = world["runs"]
    failed = []
    if world.get("coverage") is not None:
        missed = round((1 - world["coverage"]) * runs)
        if missed > quantile(runs, 1 - LEAST_COVERAGE, CONFIDENCE):
            failed.append("coverage")
    for name in ("false_alarms", "false_shown", "false_small"):
        share = world.get(name)
        if share is not None and round(share * runs) > quantile(runs, ALPHA, CONFIDENCE):
            failed.append(name)
    return failed
