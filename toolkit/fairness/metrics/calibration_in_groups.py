"""How far scores are from the labels' frequencies within each group, bin by bin, without the bias of binning.

Binned calibration error is biased like a widest gap: scores of 1,000 people that are
perfectly calibrated show about .03.
The square is unbiased once each bin's own noise is taken off (Kumar, Liang and Ma 2019, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics.beyond import people, unknown
from toolkit.fairness.metrics.permuting import coarsened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 15
# A bin holds at least this many people, so fewer people have fewer bins.
IN_A_BIN = 10
DRAWS = 2000
# For the p-value in an estimate's note.
NOTED = 499
PARTS = 300
METHOD = "debiased over bins of equal mass (Kumar, Liang and Ma 2019); no interval"


@dataclass(frozen=True, eq=False)
class _Binned:
    """One group's people by distinct score, in order, with the bin each score is in.

    Attributes
    ----------
    score, rows, weight, weight2 : ndarray, shape (scores,)
    positive, positive2 : ndarray, shape (scores,)
        Weights and squared weights of positive labels.
    bin : ndarray of int, shape (scores,)
    """

    score: NDArray[np.float64]
    rows: NDArray[np.int64]
    weight: NDArray[np.float64]
    weight2: NDArray[np.float64]
    positive: NDArray[np.float64]
    positive2: NDArray[np.float64]
    bin: NDArray[np.int64]

    def squared(
        self, positive: NDArray[np.float64], positive2: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the debiased squared error and the raw error, shape (...), of labels (..., scores)."""
        import numpy as np

        into = (self.bin[:, None] == np.arange(self.bin.max() + 1)).astype(np.float64)
        rows, w, w2, promised = (
            v @ into for v in (self.rows, self.weight, self.weight2, self.weight * self.score)
        )
        share = positive @ into / w
        hits2 = positive2 @ into
        off = share - promised / w
        # Sum of w^2 (y - share)^2 / w^2, with rows/(rows - 1): share (1 - share)/(rows - 1) without weights.
        noise = (hits2 * (1 - 2 * share) + share**2 * w2) / w**2 * rows / np.maximum(rows - 1, 1)
        mass = w / w.sum()
        return (mass * (off**2 - noise)).sum(axis=-1), (mass * np.abs(off)).sum(axis=-1)


def _binned(cells: Cells, partition: Partition, group: int, bins: int) -> _Binned | None:
    """Collect one group's scores; None where no bin has two people."""
    import numpy as np

    assert cells.score is not None
    assert cells.label is not None
    mine = (partition.of_cell == group) & (cells.weight > 0)
    n, weight, weight2 = (values[mine] for values in people(cells))
    score, place = np.unique(cells.score[mine], return_inverse=True)
    place = place.reshape(-1)
    if n.sum() < 2:
        return None
    positive = cells.label[mine] == 1

    def summed(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(place, values).astype(np.float64)

    rows = summed(n)
    count = max(1, min(bins, int(rows.sum()) // IN_A_BIN))
    middle = np.cumsum(rows) - rows / 2
    part = np.minimum((middle / rows.sum() * count).astype(np.int64), count - 1)
    part = _merged(part, rows)
    return _Binned(
        score=score,
        rows=np.rint(rows).astype(np.int64),
        weight=summed(weight),
        weight2=summed(weight2),
        positive=summed(np.where(positive, weight, 0.0)),
        positive2=summed(np.where(positive, weight2, 0.0)),
        bin=part,
    )


def _merged(part: NDArray[np.int64], rows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Join a bin of a single person to the one before it (the first to the next) and number bins anew."""
    import numpy as np

    part = part.copy()
    for bin_ in np.unique(part)[::-1].tolist():
        if rows[part == bin_].sum() < 2:
            others = np.unique(part[part != bin_])
            if len(others):
                below = others[others < bin_]
                part[part == bin_] = below.max() if len(below) else others.min()
    return np.unique(part, return_inverse=True)[1].reshape(-1).astype(np.int64)


def calibration_error(cells: Cells, partition: Partition, bins: int = BINS) -> Estimates:
    """Estimate the root of the mean squared distance of scores from frequencies, per group.

    The value is the root of the debiased square, and 0 where that came out negative (`calibration_tests`
    has the signed square). No interval is shown: the usual one excludes 0 for calibrated scores; the
    note has the p-value of `calibration_tests`.
    """
    import numpy as np

    if cells.label is None or cells.score is None:
        return unknown("calibration_error", partition, "needs labels and scores")
    tests = calibration_tests(cells, partition, draws=NOTED, bins=bins)
    squared = np.array([np.nan if row["squared"] is None else row["squared"] for row in tests])
    nothing = np.full(len(partition), np.nan)
    return Estimates(
        metric="calibration_error",
        value=np.sqrt(np.maximum(squared, 0)),
        n=partition.total(people(cells)[0]),
        variance=nothing,
        low=nothing,
        high=nothing,
        limits=lambda _: (nothing, nothing),
        ratio=False,
        shown=np.zeros(len(partition), np.bool_),
        notes=tuple(
            row["note"]
            if row["p_value"] is None
            else f"no interval; p = {row['p_value']:.3g} for perfectly calibrated scores"
            for row in tests
        ),
        method=METHOD,
    )


def calibration_tests(
    cells: Cells, partition: Partition, seed: int = 0, draws: int = DRAWS, bins: int = BINS
) -> list[dict[str, Any]]:
    """Test in each group whether the labels could be drawn from the scores.

    Labels are drawn anew from the scores, each a chance of a positive label, and the debiased squared
    error is computed for each draw; the p-value is the share of draws with as much or more.

    Parameters
    ----------
    cells : Cells
        With labels and scores in [0, 1].
    partition : Partition
    seed, draws, bins : int

    Returns
    -------
    list of dict
        "group" (its attributes), "n", "bins", "squared" (debiased, may be negative), "raw" (binned error,
        biased upward), "p_value" (None with clusters or under two people) and "note".
    """
    import numpy as np

    if cells.label is None or cells.score is None:
        return []
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for group, named in enumerate(partition.groups):
        data = _binned(cells, partition, group, bins)
        row: dict[str, Any] = {"group": dict(named), "n": 0, "bins": 0, "squared": None, "raw": None}
        row |= {"p_value": None, "note": "needs two people"}
        if data is not None:
            squared, raw = (float(v) for v in data.squared(data.positive, data.positive2))
            row |= {
                "n": int(data.rows.sum()),
                "bins": int(data.bin.max()) + 1,
                "squared": squared,
                "raw": raw,
            }
            row["note"] = "no test: people of a cluster may share their luck" if cells.clusters else ""
            if cells.clusters is None:
                row["p_value"] = _chance(data, squared, rng, draws)
        found.append(row)
    return found


def _chance(data: _Binned, squared: float, rng: np.random.Generator, draws: int) -> float:
    """Return the share of redrawn labels with at least this squared error.

    All rows of a score are taken to weigh alike, which is so without weights; of more than PARTS scores
    neighbours are drawn together, at their mean.
    """
    import numpy as np

    data = _coarse(data)
    each, each2 = data.weight / data.rows, data.weight2 / data.rows
    as_much, step = 0, max(1, 500_000 // len(data.score))
    for start in range(0, draws, step):
        drawn = rng.binomial(
            data.rows, np.clip(data.score, 0, 1), (min(step, draws - start), len(data.score))
        )
        as_much += int((data.squared(drawn * each, drawn * each2)[0] >= squared - 1e-12).sum())
    return (1 + as_much) / (draws + 1)


def _coarse(data: _Binned) -> _Binned:
    """Join neighbouring scores of a bin where there are more than PARTS of them."""
    import numpy as np

    if len(data.score) <= PARTS:
        return data
    part = data.bin * PARTS + coarsened(data.score, data.rows, PARTS)
    place = np.unique(part, return_inverse=True)[1].reshape(-1)

    def summed(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(place, values).astype(np.float64)

    weight = summed(data.weight)
    return _Binned(
        score=summed(data.weight * data.score) / weight,
        rows=np.rint(summed(data.rows)).astype(np.int64),
        weight=weight,
        weight2=summed(data.weight2),
        positive=summed(data.positive),
        positive2=summed(data.positive2),
        bin=np.rint(summed(data.bin * data.rows) / summed(data.rows)).astype(np.int64),
    )
