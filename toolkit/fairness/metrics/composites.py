"""Metrics made of two proportions: F1 and balanced accuracy, in each group.

F1 = 2J/(1 + J) with J = TP / (TP + FP + FN), and J is a proportion in a denominator of its own: everybody who
is positive in label or decision. So F1 takes over J's exact interval, and an exact permutation. Balanced
accuracy is the mean of two independent proportions and takes the square-and-add limits of Newcombe (1998,
method 10). The delta method on the logit scale needs neither observation and covers worse: 61-96 % for groups
of 20, where these cover 94-98 % at nearly the same width (tests/fairness/test_composites.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics.beyond import (
    FEW_CLUSTERS,
    LARGE,
    cluster_covariance,
    clusters_in,
    of_parts,
    people,
    unknown,
    word,
)
from toolkit.fairness.metrics.permuting import blocks, countable, deal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Pair = "tuple[NDArray[np.float64], NDArray[np.float64]]"


def f1_score(cells: Cells, partition: Partition) -> Estimates:
    """Estimate 2 TP / (2 TP + FP + FN) in each group.

    Undefined (not 0, as scikit-learn has it) where nobody is positive in label or decision. `n` counts those
    who are: true negatives play no part. Weights and clusters are those of the proportion J.
    """
    import numpy as np

    from toolkit.fairness.metrics.proportions import proportion

    if cells.label is None or cells.decision is None:
        return unknown("f1_score", partition, "needs labels and decisions")
    either, both = (cells.label | cells.decision), (cells.label & cells.decision)
    # Precision is true positives among the decided; here among those positive in either way.
    share = proportion(replace(cells, label=both, decision=either), partition, "precision")
    slope = 2 / (1 + share.value) ** 2

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = share.limits(z)
        return _doubled(low), _doubled(high)

    positives = share.successes
    exact = positives is not None and countable(share.n)
    return replace(
        share,
        metric="f1_score",
        value=_doubled(share.value),
        variance=share.variance * slope**2,
        low=_doubled(share.low),
        high=_doubled(share.high),
        limits=limits,
        successes=None,
        carried=positives,
        resample=_Shares(positives, share.n) if exact else None,
        covariance=None if share.covariance is None else share.covariance * np.outer(slope, slope),
        ratio=True,
        notes=tuple(
            "nobody in the group is positive in label or decision" if np.isnan(value) else note
            for value, note in zip(share.value, share.notes, strict=True)
        ),
        method=f"{share.method}, of TP / (TP + FP + FN) carried over",
    )


def _doubled(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Carry TP / (TP + FP + FN) over to F1."""
    return 2 * share / (1 + share)


class _Shares:
    """F1 and its variance with true positives permuted among those positive in label or decision; exact."""

    def __init__(self, positives: NDArray[np.int64] | None, n: NDArray[np.int64]) -> None:
        assert positives is not None
        self.positives, self.n = positives, n

    def __call__(
        self, rng: np.random.Generator, replicates: int, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        n = self.n[places]
        hits = int(self.positives[places].sum())
        drawn = deal(rng, np.array([hits, int(n.sum()) - hits]), n, replicates)[..., 0]
        share, smooth = drawn / n, (drawn + 1) / (n + 2)
        return _doubled(share), smooth * (1 - smooth) / (n + 2) * (2 / (1 + share) ** 2) ** 2


def balanced_accuracy(cells: Cells, partition: Partition) -> Estimates:
    """Estimate the mean of the true positive and the true negative rate in each group.

    `n` is the size of a group's smaller class. Limits are square-and-add of the two rates' own, with their
    correlation where they share clusters; with weights the rates' limits are at their effective sizes.
    """
    import numpy as np

    from toolkit.fairness.metrics.proportions import proportion

    if cells.label is None or cells.decision is None:
        return unknown("balanced_accuracy", partition, "needs labels and decisions")
    rates = [proportion(cells, partition, name) for name in ("true_negative_rate", "true_positive_rate")]
    negative, positive = rates
    value = (negative.value + positive.value) / 2
    covariance = None if cells.clusters is None else _clustered(cells, partition)
    own = (negative.variance + positive.variance) / 4
    if covariance is not None:
        # Nobody wrong in a group says nothing about how far its clusters vary: then the rates' own variances.
        varies = np.diag(covariance) > 1e-12 * own
        np.fill_diagonal(covariance, np.where(varies | ~np.isfinite(own), np.diag(covariance), own))
    shared = np.zeros(len(partition)) if covariance is None else np.diag(covariance) - own
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(negative.variance * positive.variance)
        correlation = np.clip(np.nan_to_num(2 * shared / spread), -1, 1)

    def added(limits: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> list[NDArray[np.float64]]:
        found = []
        for side, sign in ((0, -1.0), (1, 1.0)):
            off = [np.abs(rate.value - limit[side]) for rate, limit in zip(rates, limits, strict=True)]
            square = off[0] ** 2 + off[1] ** 2 + 2 * correlation * off[0] * off[1]
            found.append(np.clip(value + sign * np.sqrt(np.maximum(square, 0)) / 2, 0, 1))
        return found

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = added([rate.limits(z) for rate in rates])
        return low, high

    low, high = added([(rate.low, rate.high) for rate in rates])
    defined = np.isfinite(value)
    few = defined & _few(cells, partition)
    shown = defined & ~few
    small = np.minimum(negative.n, positive.n)
    independent = cells.clusters is None and not cells.weighted
    exact = independent and countable(people(cells)[0]) and bool((small[defined] < LARGE).any())
    return Estimates(
        metric="balanced_accuracy",
        value=value,
        n=small,
        variance=own if covariance is None else np.where(defined, np.diag(covariance), np.nan),
        low=np.where(shown, low, np.nan),
        high=np.where(shown, high, np.nan),
        limits=limits,
        resample=_Rates(cells, partition) if exact else None,
        covariance=covariance,
        df=None if covariance is None else (clusters_in(cells, partition) - 1).astype(np.float64),
        ratio=False,
        shown=shown,
        notes=word(
            [
                ("no positive label in the group", positive.n == 0),
                ("no negative label in the group", negative.n == 0),
                ("nobody of a label has a weight above 0", ~defined),
                (f"fewer than {FEW_CLUSTERS} clusters in the group", few),
            ],
            len(partition),
        ),
        method="square-and-add of the two rates' limits (Newcombe 1998, method 10)",
    )


def _few(cells: Cells, partition: Partition) -> NDArray[np.bool_]:
    """Return which groups have too few clusters for an interval."""
    import numpy as np

    if cells.clusters is None:
        return np.zeros(len(partition), np.bool_)
    return clusters_in(cells, partition) < FEW_CLUSTERS


def _clustered(cells: Cells, partition: Partition) -> NDArray[np.float64]:
    """Return the cluster-robust covariance of balanced accuracies, shape (k, k)."""
    import numpy as np

    part = of_parts(cells, partition)
    totals = partition.confusion(cells, people(cells)[1])
    of_label = totals.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.stack([totals[:, 0, 0], totals[:, 1, 1]], axis=1) / of_label
        right = part["label"] == part["decision"]
        change = (right - rate[part["group"], part["label"]]) / of_label[part["group"], part["label"]] / 2
    mine = part["group"][None] == np.arange(len(partition))[:, None]
    return cluster_covariance(cells, np.where(mine, np.nan_to_num(change), 0.0))


class _Rates:
    """Balanced accuracy with people permuted among groups within their label.

    Exact where both rates are equal, whatever the base rates; asymptotically right, since studentised, where
    only their mean is (DiCiccio et al. 2020).
    """

    def __init__(self, cells: Cells, partition: Partition) -> None:
        self.cells, self.partition = cells, partition

    def __call__(
        self, rng: np.random.Generator, replicates: int, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        counts = self.partition.confusion(self.cells, people(self.cells)[0])[places]
        values, variances = [], []
        for size in blocks(replicates, counts.size):
            value, variance = 0.0, 0.0
            for label in (0, 1):
                n = counts[:, label].sum(axis=1)
                right = deal(rng, counts[:, label].sum(axis=0), n, size)[..., label]
                smooth = (right + 1) / (n + 2)
                value = value + right / np.maximum(n, 1) / 2
                variance = variance + smooth * (1 - smooth) / (n + 2) / 4
            values.append(value)
            variances.append(variance)
        return np.concatenate(values), np.concatenate(variances)
