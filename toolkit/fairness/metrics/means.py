"""Means of scores and of their errors in each group, from sums and sums of squares, with Student's t.

Here are the mean prediction, the Brier score and calibration in the large; `regressions` has the rest. Means
of numbers in [0, 1] have their limits on the logit scale, and in small groups the variance of errors of
scores is never below what labels drawn from the scores would give: where a rare label was not drawn, the
spread of those that were says nothing of it. The plain t interval of a Brier score covers 70-92 % with ten
people and 86-93 % with twenty, these 98 % (tests/fairness/test_means.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics.beyond import (
    FEW_CLUSTERS,
    LARGE,
    Z95,
    cluster_covariance,
    clusters_in,
    of_parts,
    people,
    student,
    unknown,
    word,
)
from toolkit.fairness.metrics.permuting import KINDS, blocks, coarsened, countable, deal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METHOD = "Student's t"
# With up to this many people the variance of errors of scores is at least what drawn labels would give.
STEADY = 50
NO_CLUSTERS = "no interval: clusters need this metric's sums per cluster, which were not counted"


@dataclass(frozen=True, eq=False)
class Quantity:
    """A number each row has, as sums over the rows of each cell.

    Attributes
    ----------
    sum, square : ndarray, shape (cells,)
        Sums of w x and w x^2 over rows.
    sum2, square2 : ndarray, shape (cells,)
        Sums of w^2 x and w^2 x^2.
    value : ndarray, shape (cells,), or None
        x itself, where all rows of a cell share it (or nearly, in a bin).
    low, high : float
        What x can be at least and at most.
    drawn, drawn_square : ndarray, shape (cells,), or None
        What x and its square would be on average if the label were drawn from the score.
    """

    sum: NDArray[np.float64]
    square: NDArray[np.float64]
    sum2: NDArray[np.float64]
    square2: NDArray[np.float64]
    value: NDArray[np.float64] | None = None
    low: float = -float("inf")
    high: float = float("inf")
    drawn: NDArray[np.float64] | None = None
    drawn_square: NDArray[np.float64] | None = None


def of_score(cells: Cells, metric: str) -> Quantity:
    """Return each row's part of a metric of scores: the score, the squared error, or score minus label.

    Sums are the table's own where scores were binned; the squares of a squared error are then the bin's.
    """
    import numpy as np

    assert cells.score is not None
    _, weight, weight2 = people(cells)
    score = cells.score
    label = np.zeros(len(score)) if cells.label is None else cells.label.astype(np.float64)
    inside = bool(((score >= 0) & (score <= 1)).all())
    value, low = {
        "mean_prediction": (score, 0.0),
        "brier": ((score - label) ** 2, 0.0),
        "calibration": (score - label, -1.0),
    }[metric]
    total, square = weight * value, weight * value**2
    if not cells.exact_scores and {"score", "score2"} <= set(cells.sums):
        of_scores, of_squares = cells.sums["score"], cells.sums["score2"]
        off = of_squares - 2 * label * of_scores + label * weight
        total, square = {
            "mean_prediction": (of_scores, of_squares),
            "brier": (off, square),
            "calibration": (of_scores - label * weight, off),
        }[metric]
    found = Quantity(total, square, weight2 * value, weight2 * value**2, value)
    if not inside:
        return found
    either = score * (1 - score)
    drawn, drawn_square = {
        "mean_prediction": (None, None),
        "brier": (either, either * ((1 - score) ** 3 + score**3)),
        "calibration": (np.zeros(len(score)), either),
    }[metric]
    return replace(found, low=low, high=1.0, drawn=drawn, drawn_square=drawn_square)


def mean(cells: Cells, partition: Partition, metric: str, quantity: Quantity, ratio: bool) -> Estimates:
    """Estimate the mean of a quantity in each group.

    With weights Var = n/(n - 1) sum w^2 (x - mean)^2 / (sum w)^2 and n_eff - 1 degrees of freedom (Kish). See
    `steadied` for small groups; where an unbounded quantity does not vary at all, no interval is shown.
    """
    import numpy as np

    rows, weight, weight2 = people(cells)
    n, w, w2 = (partition.total(values) for values in (rows, weight, weight2))
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(w > 0, w, np.nan)
        value = partition.total(quantity.sum) / size
        second = partition.total(quantity.square2)
        squares = second - 2 * value * partition.total(quantity.sum2) + value**2 * w2
        # Rounding leaves about this much of the squares where all rows are alike.
        squares = np.where(squares > 1e-13 * np.abs(second), squares, 0.0)
        variance = squares / size**2 * n / np.maximum(n - 1, 1)
        df = np.where(w2 > 0, w**2 / np.where(w2 > 0, w2, 1.0), 0.0) - 1
        drawn = None if quantity.drawn is None else partition.total(weight * quantity.drawn) / size
        drawn_square = (
            None if quantity.drawn_square is None else partition.total(weight * quantity.drawn_square) / size
        )
    variance = steadied(variance, df + 1, quantity.high - quantity.low, (drawn, drawn_square))
    covariance = _clustered(cells, partition, metric, value)
    if covariance is not None:
        # Rounding leaves a little where the clusters' sums are all as expected, which says nothing of them.
        varies = np.diag(covariance) > 1e-12 * variance
        np.fill_diagonal(covariance, np.where(varies, np.diag(covariance), variance))
        variance, df = np.diag(covariance).copy(), clusters_in(cells, partition) - 1.0
    alone = (n == 1) | (df < 1)
    unclustered = np.full(len(n), cells.clusters is not None and covariance is None)
    few = np.zeros(len(n), np.bool_) if covariance is None else df + 1 < FEW_CLUSTERS
    shown = np.isfinite(value) & np.isfinite(variance) & ~alone & ~unclustered & ~few

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return around(value, student(z, df) * np.sqrt(variance), quantity)

    low, high = limits(Z95)
    plain = not cells.weighted and cells.clusters is None and quantity.value is not None and countable(rows)
    return Estimates(
        metric=metric,
        value=value,
        n=n,
        variance=variance,
        low=np.where(shown, low, np.nan),
        high=np.where(shown, high, np.nan),
        limits=limits,
        resample=_Dealt(quantity, rows, partition) if plain and bool((n < LARGE).any()) else None,
        covariance=covariance,
        df=df,
        ratio=ratio,
        shown=shown,
        notes=word(
            [
                ("nobody in the group", n == 0),
                (NO_CLUSTERS, unclustered),
                (f"fewer than {FEW_CLUSTERS} clusters in the group", few),
                ("no interval from a single row", alone),
                ("no interval: all rows are alike", ~np.isfinite(variance)),
            ],
            len(n),
        ),
        method=METHOD if quantity.low != 0 or quantity.high != 1 else f"{METHOD} on the logit scale",
    )


def steadied(
    variance: NDArray[np.float64],
    n: NDArray[Any],
    reach: float,
    drawn: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None],
) -> NDArray[np.float64]:
    """Keep the variance of a mean from being too small in small groups, or 0 in any.

    Parameters
    ----------
    variance : ndarray, any shape
    n : ndarray
        People, or their effective number, broadcast against it.
    reach : float
        How far apart two values can be. A mean of values that are all alike gets (reach / (n + 2))^2, about
        what one more person at the far end would make of it; NaN where nothing bounds them.
    drawn : pair of ndarray or None
        Mean of the values and of their squares with labels drawn from the scores: their variance is the least
        with up to STEADY people, and STEADY / n of it with more.
    """
    import numpy as np

    first, second = drawn
    if first is not None and second is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            least = (second - first**2) / n * np.minimum(1.0, STEADY / n)
        variance = np.fmax(variance, least)
    alike = (reach / (n + 2)) ** 2 if np.isfinite(reach) else np.nan
    return np.where(np.isfinite(variance) & (variance <= 0), alike, variance)


def around(
    value: NDArray[np.float64], half: NDArray[np.float64], quantity: Quantity
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return limits that are `half` a width away, on the logit scale for numbers in [0, 1]."""
    import numpy as np
    from scipy.special import expit, logit

    low, high = np.clip(value - half, quantity.low, None), np.clip(value + half, None, quantity.high)
    if quantity.low != 0 or quantity.high != 1:
        return low, high
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        inside = (value > 0) & (value < 1)
        stretch = half / (value * (1 - value))
        low = np.where(inside, expit(logit(value) - stretch), low)
        high = np.where(inside, expit(logit(value) + stretch), high)
    return low, high


def _clustered(
    cells: Cells, partition: Partition, metric: str, value: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the cluster-robust covariance of mean scores or calibration; None if it was not counted."""
    import numpy as np

    if cells.clusters is None or cells.clusters.scores is None or cells.clusters.cross is None:
        return None
    if metric not in ("mean_prediction", "calibration"):
        return None
    part = of_parts(cells, partition)
    mine = part["group"][None] == np.arange(len(partition))[:, None]
    total = partition.total(people(cells)[1])[:, None]
    share = np.where(mine, 1 / np.where(total > 0, total, 1.0), 0.0)
    taken = np.nan_to_num(value)[:, None] + (part["label"] if metric == "calibration" else 0)
    return cluster_covariance(cells, -share * taken, share)


class _Dealt:
    """Means and their variances with people permuted among groups, label and all.

    Quantities with more than KINDS values are cut into KINDS parts, each at its mean; the studentised
    statistic does not mind a scale.
    """

    def __init__(self, quantity: Quantity, rows: NDArray[np.int64], partition: Partition) -> None:
        self.quantity, self.rows, self.partition = quantity, rows, partition

    def __call__(
        self, rng: np.random.Generator, replicates: int, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        quantity, keep = self.quantity, np.isin(self.partition.of_cell, places)
        assert quantity.value is not None
        value, n = quantity.value[keep], self.rows[keep]
        part = coarsened(value, n, KINDS)
        kinds = np.rint(np.bincount(part, n)).astype(np.int64)

        def of_kind(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
            return None if values is None else np.bincount(part, n * values[keep]) / np.maximum(kinds, 1)

        point = of_kind(quantity.value)
        expected = [of_kind(quantity.drawn), of_kind(quantity.drawn_square)]
        assert point is not None
        sizes = np.maximum(self.partition.total(self.rows)[places], 1)
        values, variances = [], []
        for size in blocks(replicates, len(sizes) * len(kinds)):
            dealt = deal(rng, kinds, sizes, size)
            mean, second = dealt @ point / sizes, dealt @ point**2
            squares = second - sizes * mean**2
            squares = np.where(squares > 1e-13 * second, squares, 0.0)
            variance = squares / (np.maximum(sizes - 1, 1) * sizes)
            drawn = [None if e is None else dealt @ e / sizes for e in expected]
            values.append(mean)
            reach = quantity.high - quantity.low
            variances.append(steadied(variance, sizes, reach, (drawn[0], drawn[1])))
        return np.concatenate(values), np.concatenate(variances)


def mean_prediction(cells: Cells, partition: Partition) -> Estimates:
    """Estimate the mean score."""
    if cells.score is not None:
        quantity = of_score(cells, "mean_prediction")
        return mean(cells, partition, "mean_prediction", quantity, ratio=quantity.low == 0)
    return unknown("mean_prediction", partition, "needs scores")


def brier(cells: Cells, partition: Partition) -> Estimates:
    """Estimate the mean squared difference between score and label."""
    if cells.score is None or cells.label is None:
        return unknown("brier", partition, "needs labels and scores")
    return mean(cells, partition, "brier", of_score(cells, "brier"), ratio=True)


def calibration(cells: Cells, partition: Partition) -> Estimates:
    """Estimate calibration in the large: the mean score minus the share of positive labels.

    Above 0 the scores promise more positives than there are.
    """
    if cells.score is None or cells.label is None:
        return unknown("calibration", partition, "needs labels and scores")
    return mean(cells, partition, "calibration", of_score(cells, "calibration"), ratio=False)
