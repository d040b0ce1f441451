"""Whole audits of equal groups: several attributes and metrics of the same people, adjusted as one family."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.audit.tally import failures, generator

if TYPE_CHECKING:
    import numpy as np

    from toolkit.fairness.cells import Cells

# Shares of (label, decision): (0, 0), (0, 1), (1, 0), (1, 1); selection, true and false positive rates.
TABLE = (0.55, 0.15, 0.1, 0.2)
RACE, SEX = (0.5, 0.3, 0.2), (0.6, 0.4)
METRICS = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")
SIZES = (500, 4_000)


def table(rng: np.random.Generator, n: int) -> Cells:
    """Draw people whose label and decision have nothing to do with either attribute."""
    import numpy as np

    from toolkit.fairness.cells import Cells

    race, sex, label, decision = (a.reshape(-1) for a in np.indices((3, 2, 2, 2)))
    chance = np.array(RACE)[race] * np.array(SEX)[sex] * np.array(TABLE)[2 * label + decision]
    rows = rng.multinomial(n, chance / chance.sum())
    return Cells(
        attributes=("race", "sex"),
        levels=(("a", "b", "c"), ("f", "m")),
        code=np.stack([race, sex], axis=1),
        label=label,
        decision=decision,
        n=rows,
        weight=rows.astype(np.float64),
        weight2=rows.astype(np.float64),
    )


def families(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield how often an audit of equal groups flags anything, and how often a gap taken alone would."""
    from toolkit.fairness.gaps import GapSettings, adjust, gaps
    from toolkit.fairness.metrics.proportions import proportion

    members = 2 * len(METRICS)
    for n in SIZES:
        rng = generator(seed, "family", n)
        alarms = alone = shown = 0
        for run in range(runs):
            cells = table(rng, n)
            settings = GapSettings(seed=run, kinds=("difference",))
            found = []
            for attribute in cells.attributes:
                partition = cells.partition((attribute,))
                for metric in METRICS:
                    estimates = proportion(cells, partition, metric)
                    found += gaps(estimates, partition, settings, members=members)
            found = adjust(found)
            alarms += any(gap.p_adjusted is not None and gap.p_adjusted <= 0.05 for gap in found)
            alone += any(gap.p_value is not None and gap.p_value <= 0.05 for gap in found)
            shown += any(gap.ruling == "shown" for gap in found)
        world: dict[str, Any] = {
            "part": "whole audits",
            "world": f"{members} gaps of equal groups, 2 attributes, {len(METRICS)} metrics, n = {n:,}",
            "runs": runs,
            "false_alarms": alarms / runs,
            "false_shown": shown / runs,
            "without_adjustment": alone / runs,
        }
        yield world | {"failed": failures(world)}
