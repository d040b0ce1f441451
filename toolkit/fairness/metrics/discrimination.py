"""How well scores order people within each group: the area under the ROC curve, from counts per score.

DeLong, DeLong and Clarke-Pearson (1988) for the variance, in one pass over sorted scores; limits are
Newcombe's (2006, method 5) score limits, stretched to the size that DeLong's variance implies, because the
logit interval of the same variance covers 71-92 % where the area is .95 and a class has ten or fifteen people
(these cover 95-98 %; tests/fairness/test_discrimination.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics.beyond import LARGE, Z95, people, unknown, word
from toolkit.fairness.metrics.permuting import KINDS, blocks, coarsened, countable, deal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Below this many people in the smaller class the variance is never taken below that of Newcombe's model.
STEADY = 50
METHOD = "Newcombe's score limits at the size that DeLong's variance implies"


class Area(NamedTuple):
    """The area and DeLong's variance of it, with the effective sizes of both classes; one per group."""

    value: NDArray[np.float64]
    variance: NDArray[np.float64]
    positives: NDArray[np.float64]
    negatives: NDArray[np.float64]


def roc_auc(cells: Cells, partition: Partition) -> Estimates:
    """Estimate the chance that a group's positive has a higher score than its negative; ties count half.

    Parameters
    ----------
    cells : Cells
        With labels and scores.
    partition : Partition

    Returns
    -------
    Estimates
        `n` is the size of a group's smaller class, since neither class says anything without the other. With
        clusters, intervals are not shown: the pairs of rows within a cluster are not in the counts.
    """
    import numpy as np

    if cells.label is None or cells.score is None:
        return unknown("roc_auc", partition, "needs labels and scores")
    n = people(cells)[0]
    rows = np.stack([partition.total(n, cells.label == label) for label in (0, 1)])
    area = delong(cells, partition)
    both = (rows > 0).all(axis=0)
    stretch = stretched(area)
    clustered = np.full(len(partition), cells.clusters is not None)
    notes = word(
        [
            ("no positive label in the group", rows[1] == 0),
            ("no negative label in the group", rows[0] == 0),
            ("nobody of a label has a weight above 0", np.isnan(area.value)),
            (
                "no interval: an area's variance under clusters needs pairs of rows",
                both & clustered,
            ),
            ("a single person in a class: the interval leans on a model", both & (rows.min(axis=0) == 1)),
        ],
        len(partition),
    )

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return score_limits(area, stretch, z)

    low, high = limits(Z95)
    small = rows.min(axis=0) < LARGE
    permutable = not (cells.weighted or cells.clusters) and countable(n) and bool((small & both).any())
    return Estimates(
        metric="roc_auc",
        value=area.value,
        n=rows.min(axis=0),
        variance=smoothed(area),
        low=low if cells.clusters is None else np.full_like(low, np.nan),
        high=high if cells.clusters is None else np.full_like(high, np.nan),
        limits=limits,
        resample=_Reordered(cells, partition) if permutable else None,
        ratio=False,
        shown=both & ~clustered & np.isfinite(area.value),
        notes=notes,
        method=METHOD,
    )


def delong(cells: Cells, partition: Partition) -> Area:
    """Compute each group's area and DeLong's variance, from cells in any order.

    Weights enter as sampling weights: the area is the weighted share of ordered pairs, a placement is taken
    over the other class's weights, and the variance is the sum of w^2 (placement - area)^2 / (sum of w)^2 for
    each class, times rows/(rows - 1); with equal weights that is DeLong's own.
    """
    import numpy as np

    assert cells.label is not None
    assert cells.score is not None
    label, group, groups = cells.label, partition.of_cell, len(partition)
    _, rank = np.unique(cells.score, return_inverse=True)
    width = int(rank.max(initial=0)) + 1
    keys, place = np.unique(group * width + rank.reshape(-1), return_inverse=True)
    place, of_bin = place.reshape(-1), (keys // width).astype(np.int64)

    def binned(values: NDArray[Any], which: int) -> NDArray[np.float64]:
        chosen = np.where(label == which, values, 0)
        return np.bincount(place, chosen, minlength=len(keys)).astype(np.float64)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(of_bin, values, minlength=groups).astype(np.float64)

    n, weight, weight2 = people(cells)
    w, w2, rows = ([binned(values, which) for which in (0, 1)] for values in (weight, weight2, n))
    whole = [total(values) for values in w]
    with np.errstate(invalid="ignore", divide="ignore"):
        above = [_midranks(w[0], of_bin) / whole[0][of_bin], 1 - _midranks(w[1], of_bin) / whole[1][of_bin]]
        area = total(w[1] * np.where(w[1] > 0, above[0], 0)) / whole[1]
        area = np.where((whole[0] > 0) & (whole[1] > 0), area, np.nan)
        variance = np.zeros(groups)
        for which in (0, 1):
            apart = np.where(w[which] > 0, above[1 - which] - area[of_bin], 0)
            count = total(rows[which])
            own = total(w2[which] * apart**2) / whole[which] ** 2
            variance += own * count / np.maximum(count - 1, 1)
        size = [whole[which] ** 2 / total(w2[which]) for which in (0, 1)]
    return Area(area, np.where(np.isnan(area), np.nan, variance), size[1], size[0])


def _midranks(w: NDArray[np.float64], of_bin: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weight below each bin within its group, and half the weight at it; bins are sorted."""
    import numpy as np

    running = np.cumsum(w) - w
    first = np.searchsorted(of_bin, np.arange(of_bin.max(initial=0) + 1))
    start = np.append(running, 0.0)[np.minimum(first, len(running))]
    return np.asarray(running - start[of_bin] + w / 2, np.float64)


def model_variance(
    area: NDArray[np.float64], positives: NDArray[np.float64], negatives: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the variance of an area in Newcombe's model (2006, method 5).

    Hanley and McNeil's (1982), smoothed. Arrays of one shape; sizes may be fractional.
    """
    middle = (positives + negatives) / 2 - 1
    shape = 1 + middle * ((1 - area) / (2 - area) + area / (1 + area))
    variance: NDArray[np.float64] = area * (1 - area) * shape / (positives * negatives)
    return variance


def stretched(area: Area) -> NDArray[np.float64]:
    """Return DeLong's variance over the model's, drawn towards 1 where there is little to tell them apart.

    1 where the area is 0 or 1; while the smaller class has fewer than STEADY people never below 1, and never
    below STEADY over its size after that. The pull is by the expected number of misordered pairs per person.
    """
    import numpy as np

    smaller = np.minimum(area.positives, area.negatives)
    with np.errstate(invalid="ignore", divide="ignore"):
        model = model_variance(area.value, area.positives, area.negatives)
        ratio = np.where((area.variance > 0) & (model > 0), area.variance / model, 1.0)
        told = area.positives * area.negatives * area.value * (1 - area.value)
        pulled = np.maximum(ratio, 0.1) ** (told / (told + smaller))
        return np.maximum(pulled, np.minimum(1.0, STEADY / smaller))


def smoothed(area: Area) -> NDArray[np.float64]:
    """Return a variance that is never 0: the model's, stretched, half a person away from 0 and 1."""
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        smaller = np.minimum(area.positives, area.negatives)
        inside = (area.value * smaller + 0.5) / (smaller + 1)
        return stretched(area) * model_variance(inside, area.positives, area.negatives)


def score_limits(
    area: Area, stretch: NDArray[np.float64], z: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the areas t with (area - t)^2 = z^2 stretch V(t) on both sides, V the model's variance.

    By bisection, to 1e-15; NaN where the area is.
    """
    import numpy as np

    found = []
    for end in (0.0, 1.0):
        inside, outside = area.value.copy(), np.full_like(area.value, end)
        for _ in range(52):
            middle = (inside + outside) / 2
            spread = z * z * stretch * model_variance(middle, area.positives, area.negatives)
            holds = (area.value - middle) ** 2 <= spread
            inside, outside = np.where(holds, middle, inside), np.where(holds, outside, middle)
        found.append(np.where(np.isnan(area.value), np.nan, (inside + outside) / 2))
    return found[0], found[1]


class _Reordered:
    """Areas and variances with people permuted among groups within their label.

    An area compares positives with negatives of a group and so says nothing about how many of each there
    are; permuting within the label keeps both numbers, whence the test is exact where groups score alike
    given the label, whatever their base rates, and the studentised statistic makes it asymptotically right
    where only the areas are equal (DiCiccio, Vasudevan, Basu, Kenthapadi and Agarwal 2020). Scores finer than
    KINDS are cut into KINDS parts of about equal size.
    """

    def __init__(self, cells: Cells, partition: Partition) -> None:
        self.cells, self.partition = cells, partition

    def __call__(
        self, rng: np.random.Generator, replicates: int, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        counts = self._counts(places)
        pooled, sizes = counts.sum(axis=1), counts.sum(axis=2)
        values, variances = [], []
        for size in blocks(replicates, counts.size):
            negative, positive = (deal(rng, pooled[label], sizes[label], size) for label in (0, 1))
            area = dense(positive, negative)
            values.append(area.value)
            variances.append(smoothed(area))
        return np.concatenate(values), np.concatenate(variances)

    def _counts(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count people by label, group and part of the score, shape (2, groups, parts)."""
        import numpy as np

        cells = self.cells
        assert cells.score is not None
        assert cells.label is not None
        where = np.full(len(self.partition), -1)
        where[places] = np.arange(len(places))
        group = where[self.partition.of_cell]
        keep = group >= 0
        n = people(cells)[0][keep]
        part = coarsened(cells.score[keep], n, KINDS)
        parts = int(part.max(initial=0)) + 1
        key = (cells.label[keep] * len(places) + group[keep]) * parts + part
        counted = np.bincount(key, n, minlength=2 * len(places) * parts)
        return np.rint(counted).astype(np.int64).reshape(2, len(places), parts)


def dense(positive: NDArray[np.int64], negative: NDArray[np.int64]) -> Area:
    """Compute areas from full tables of counts, shape (..., parts) in the order of the score."""
    import numpy as np

    m, n = positive.sum(axis=-1), negative.sum(axis=-1)
    below = np.cumsum(negative, axis=-1) - negative / 2
    above = m[..., None] - np.cumsum(positive, axis=-1) + positive / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        of_positive, of_negative = below / n[..., None], above / m[..., None]
        area = (positive * of_positive).sum(axis=-1) / m
        first = (positive * (of_positive - area[..., None]) ** 2).sum(axis=-1) / np.maximum(m - 1, 1) / m
        second = (negative * (of_negative - area[..., None]) ** 2).sum(axis=-1) / np.maximum(n - 1, 1) / n
    return Area(area, first + second, m.astype(np.float64), n.astype(np.float64))
