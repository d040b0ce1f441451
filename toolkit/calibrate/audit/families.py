"""Whole audits of equal groups: several attributes and metrics of the same people, adjusted as one family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.audit.tally import failures, generator
from toolkit.fairness.gaps.permutation import ALPHA

if TYPE_CHECKING:
    import numpy as np

    from toolkit.fairness.cells import Cells
    from toolkit.fairness.gaps import Gap

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
    from toolkit.fairness.finer.intersections import intersections

    members = 2 * len(METRICS)
    for n in SIZES:
        rng = generator(seed, "family", n)
        counted: dict[str, list[tuple[bool, bool, bool]]] = {}
        for run in range(runs):
            cells = table(rng, n)
            by_family: dict[str, list[tuple[float | None, float | None, str]]] = {}
            for gap in whole_audit(cells, run):
                entry = gap.p_value, gap.p_adjusted, gap.ruling
                by_family.setdefault(gap.family, []).append(entry)
            crossed = intersections(cells, [(cells.attributes, metric) for metric in METRICS], seed=run)
            by_family["cells of intersections"] = [
                (cell["p_value"], cell["p_adjusted"], cell["ruling"])
                for one in crossed
                for cell in one["cells"]
            ]
            for family, entries in by_family.items():
                alone, adjusted, rulings = zip(*entries, strict=True)
                said = _any_below(adjusted), "shown" in rulings, _any_below(alone)
                counted.setdefault(family, []).append(said)
        for family, said_of in counted.items():
            alarms, shown, single = (sum(each) / len(said_of) for each in zip(*said_of, strict=True))
            what = f"{members} gaps" if family == "widest" else f"the family {family!r}"
            world: dict[str, Any] = {
                "part": "whole audits",
                "world": f"{what} of equal groups, 2 attributes, {len(METRICS)} metrics, n = {n:,}",
                "runs": len(said_of),
                "false_alarms": alarms,
                "false_shown": shown,
                "without_adjustment": single,
            }
            yield world | {"failed": failures(world)}


def whole_audit(cells: Cells, seed: int) -> list[Gap]:
    """Return every difference an audit of two attributes with a reference each would rule on, adjusted."""
    from toolkit.fairness.gaps import GapSettings, adjust, gaps
    from toolkit.fairness.metrics.proportions import complement, proportion

    reference = {name: levels[0] for name, levels in zip(cells.attributes, cells.levels, strict=True)}
    settings = GapSettings(seed=seed, reference=reference, kinds=("difference",))
    found: list[Gap] = []
    for attributes in (*((name,) for name in cells.attributes), cells.attributes):
        partition = cells.partition(attributes)
        for metric in METRICS:
            estimates = proportion(cells, partition, metric)
            members = len(METRICS) * (2 if len(attributes) == 1 else 1)
            found += gaps(estimates, partition, settings, members=members)
            if len(attributes) == 1:
                others = complement(cells, partition, metric)
                found += gaps(estimates, partition, settings, "rest", others)
                found += gaps(estimates, partition, settings, "reference")
    return adjust(found)


def _any_below(p_values: Iterable[float | None]) -> bool:
    return any(p is not None and p <= ALPHA for p in p_values)
