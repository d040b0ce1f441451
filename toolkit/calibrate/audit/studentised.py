"""Metrics that permuting people does not make exact: equal metrics, unequal base rates, studentised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.audit.tally import Said, generator, tally

if TYPE_CHECKING:
    import numpy as np

    from toolkit.fairness.cells import Cells

# Base rates of the three groups (INFERENCE.md 6: null worlds include .2 and .5), and sizes.
BASES = (0.2, 0.5, 0.35)
SIZES = ((300, 300, 200), (1_500, 900, 300))
SCORES = 20  # distinct scores, as a rounded risk score has
APART = 1.0  # distance of positives from negatives, in standard deviations: AUC about .76


def scored(rng: np.random.Generator, sizes: tuple[int, ...]) -> Cells:
    """Draw scores whose distribution depends on the label only: equal AUC, unequal base rates."""
    import numpy as np
    from scipy.special import ndtr

    group = np.repeat(np.arange(len(sizes)), sizes)
    label = (rng.random(len(group)) < np.array(BASES)[group]).astype(np.int64)
    score = np.floor(ndtr(rng.standard_normal(len(group)) + APART * (label - 0.5)) * SCORES)
    return _cells(group, label, (score >= SCORES // 2).astype(np.int64), score / SCORES)


def matched(rng: np.random.Generator, sizes: tuple[int, ...]) -> Cells:
    """Draw decisions with equal F1 (.6) whatever the base rate: recall .6, and as many false as missed."""
    import numpy as np

    group = np.repeat(np.arange(len(sizes)), sizes)
    base = np.array(BASES)[group]
    label = (rng.random(len(group)) < base).astype(np.int64)
    # F1 = 2 TP / (2 TP + FP + FN); recall and precision are both .6 where FP = FN = .4 of the positives.
    chance = np.where(label == 1, 0.6, 0.4 * base / (1 - base))
    decision = (rng.random(len(group)) < chance).astype(np.int64)
    return _cells(group, label, decision, None)


def _cells(group: Any, label: Any, decision: Any, score: Any) -> Cells:
    import numpy as np

    from toolkit.fairness.cells import Cells

    columns = [group, label, decision] + ([] if score is None else [score])
    found, n = np.unique(np.stack(columns, axis=1).astype(np.float64), axis=0, return_counts=True)
    code = found[:, :3].astype(np.int64)
    weight = n.astype(np.float64)
    sums = {} if score is None else {"score": weight * found[:, 3], "score2": weight * found[:, 3] ** 2}
    return Cells(
        attributes=("group",),
        levels=(tuple(f"g{i}" for i in range(int(code[:, 0].max()) + 1)),),
        code=code[:, :1],
        label=code[:, 1],
        decision=code[:, 2],
        n=n.astype(np.int64),
        weight=weight,
        weight2=weight,
        score=None if score is None else found[:, 3],
        sums=sums,
    )


def studentised(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield false alarms and coverage where the metric is equal and the base rates are not."""
    from toolkit.fairness.gaps.widest import widest
    from toolkit.fairness.metrics.measures import measure

    for metric, draw in (("roc_auc", scored), ("f1_score", matched), ("balanced_accuracy", scored)):
        for sizes in SIZES:
            rng = generator(seed, metric, *sizes)
            said = []
            for run in range(runs):
                cells = draw(rng, sizes)
                estimates = measure(cells, cells.partition(("group",)), metric)
                wide = widest(estimates, seed=run, kinds=("difference",))["difference"]
                assert wide is not None
                said.append(Said.of(wide))
            world = f"{metric}, equal; base rates {', '.join(map(str, BASES))}; n = {sizes}"
            yield tally("studentised", world, 0.0, said)
