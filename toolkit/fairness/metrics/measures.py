"""Every metric by its name: what it needs, when it applies, and its estimates in each group.

Proportions are `proportions`' part; the others are in `discrimination`, `composites`, `means`,
`regressions` and `calibration_in_groups`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.counts import PROPORTIONS
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics import calibration_in_groups, composites, discrimination, means, regressions
from toolkit.fairness.metrics.beyond import joined
from toolkit.fairness.metrics.complements import ROOM, kinds, outside

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Needs:
    """What a metric needs of a table, and how a report speaks of it.

    Attributes
    ----------
    labels, decisions, scores : bool
    probabilities : bool
        Scores in [0, 1].
    regression : bool
        Only where the target is a number; everything else only where it is not.
    ratio : bool
        Whether a ratio of two groups' values means anything.
    higher_is : str
        What a higher value means, in a few plain words.
    family_default : bool
        Whether an audit reports it without being asked.
    """

    labels: bool = False
    decisions: bool = False
    scores: bool = False
    probabilities: bool = False
    regression: bool = False
    ratio: bool = True
    higher_is: str = ""
    family_default: bool = False


def _rate(higher_is: str, default: bool = False) -> Needs:
    return Needs(labels=True, decisions=True, higher_is=higher_is, family_default=default)


METRICS: dict[str, Needs] = {
    "selection_rate": Needs(decisions=True, higher_is="more people selected", family_default=True),
    "true_positive_rate": _rate("more of the positives found", True),
    "false_positive_rate": _rate("more of the negatives selected by mistake", True),
    "true_negative_rate": _rate("more of the negatives left out"),
    "false_negative_rate": _rate("more of the positives missed"),
    "precision": _rate("more of the selected are positive", True),
    "negative_predictive_value": _rate("more of those not selected are negative"),
    "false_discovery_rate": _rate("more of the selected are negative"),
    "false_omission_rate": _rate("more of those not selected are positive"),
    "accuracy": _rate("more decisions equal to the label", True),
    "balanced_accuracy": replace(_rate("positives and negatives told apart better"), ratio=False),
    "f1_score": _rate("selected and positive people are more often the same"),
    "mean_prediction": Needs(scores=True, higher_is="higher scores"),
    "roc_auc": Needs(
        labels=True,
        scores=True,
        ratio=False,
        higher_is="positives ranked above negatives more often",
        family_default=True,
    ),
    "brier": Needs(labels=True, scores=True, probabilities=True, higher_is="scores farther from the labels"),
    "calibration": Needs(
        labels=True,
        scores=True,
        probabilities=True,
        ratio=False,
        higher_is="scores promise more than there is",
        family_default=True,
    ),
    "calibration_error": Needs(
        labels=True, scores=True, probabilities=True, ratio=False, higher_is="scores farther from frequencies"
    ),
    "mean_target": Needs(regression=True, ratio=False, higher_is="higher targets", family_default=True),
    "mean_error": Needs(
        regression=True, ratio=False, higher_is="predictions too high on average", family_default=True
    ),
    "mean_absolute_error": Needs(regression=True, higher_is="larger errors", family_default=True),
    "root_mean_squared_error": Needs(regression=True, higher_is="larger errors, large ones counting more"),
}
# Known where labels are known only for those selected (INFERENCE.md 11): they look at the selected alone, or
# at no label.
KNOWN_FOR_SELECTED = ("selection_rate", "precision", "false_discovery_rate", "mean_prediction")
BEYOND: dict[str, Callable[[Cells, Partition], Estimates]] = {
    "roc_auc": discrimination.roc_auc,
    "f1_score": composites.f1_score,
    "balanced_accuracy": composites.balanced_accuracy,
    "mean_prediction": means.mean_prediction,
    "brier": means.brier,
    "calibration": means.calibration,
    "calibration_error": calibration_in_groups.calibration_error,
    "root_mean_squared_error": regressions.root_mean_squared_error,
}


def applicable(cells: Cells, metric: str, labels_observed_for: str | None = None) -> str:
    """Say why a metric cannot be had from a table; empty where it can.

    Parameters
    ----------
    cells : Cells
    metric : str
        A name of METRICS.
    labels_observed_for : str, optional
        "selected" where labels are known only for people with a positive decision.

    Raises
    ------
    KeyError
        If there is no such metric.
    """
    needs = METRICS[metric]
    numeric = "target" in cells.sums or "prediction" in cells.sums
    if numeric:
        return _of_numbers(cells, metric)
    low, high = (0.0, 0.0) if cells.score is None else (float(cells.score.min()), float(cells.score.max()))
    reasons = (
        (needs.regression, "the target is not a number"),
        (needs.labels and cells.label is None, "there are no labels"),
        (needs.decisions and cells.decision is None, "there are no decisions"),
        (needs.scores and cells.score is None, "there are no scores"),
        (
            needs.probabilities and (low < 0 or high > 1),
            f"scores run from {low:g} to {high:g} and are no probabilities, which lie in [0, 1]",
        ),
        (
            labels_observed_for == "selected" and metric not in KNOWN_FOR_SELECTED,
            "labels are known only for the selected, so this is not identified",
        ),
    )
    return next((reason for true, reason in reasons if true), "")


def _of_numbers(cells: Cells, metric: str) -> str:
    """Say why a metric cannot be had of a regression; empty where it can."""
    wanted = {"mean_prediction": ("prediction",), "mean_target": ("target",)}.get(
        metric, ("target", "prediction")
    )
    if not (METRICS[metric].regression or metric == "mean_prediction"):
        return "the target is a number"
    return next((f"there is no {name}" for name in wanted if name not in cells.sums), "")


def measure(cells: Cells, partition: Partition, metric: str) -> Estimates:
    """Estimate a metric in every group of a partition.

    Parameters
    ----------
    cells : Cells
    partition : Partition
    metric : str
        A name of METRICS that `applicable` finds nothing against.

    Raises
    ------
    KeyError
        If there is no such metric.
    """
    if metric in PROPORTIONS:
        from toolkit.fairness.metrics.proportions import proportion

        return proportion(cells, partition, metric)
    if metric in regressions.MEANS and cells.score is None:
        return regressions.regression(cells, partition, metric)
    return BEYOND[metric](cells, partition)


def complement(cells: Cells, partition: Partition, metric: str) -> Estimates:
    """Estimate a metric among everybody who is not in the group, for every group of a partition.

    Complements share people, so they cannot be permuted and have no covariance among them; where groups share
    clusters, `beside` is the correlation of each with its own group.
    """
    import numpy as np

    if metric in PROPORTIONS:
        from toolkit.fairness.metrics.proportions import complement as of_proportion

        return of_proportion(cells, partition, metric)
    k = len(partition)
    if cells.clusters is not None:
        return _clustered(cells, partition, metric)
    step = max(1, ROOM // (int(kinds(cells).max(initial=0)) + 1))
    found = [
        measure(*outside(cells, partition, np.arange(start, min(start + step, k))), metric)
        for start in range(0, k, step)
    ]
    return replace(joined(found), resample=None, successes=None)


def _clustered(cells: Cells, partition: Partition, metric: str) -> Estimates:
    """Estimate complements beside their groups, for the correlation of the two."""
    import numpy as np

    k = len(partition)
    both = measure(*outside(cells, partition, np.arange(k), beside=True), metric)
    found = both.only(np.arange(k))
    correlation: NDArray[np.float64] | None = None
    if both.covariance is not None:
        shared, size = (
            both.covariance[np.arange(k), np.arange(k) + k],
            np.sqrt(np.maximum(np.diag(both.covariance), 0)),
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = np.clip(np.nan_to_num(shared / (size[:k] * size[k:])), -1, 1)
    return replace(found, resample=None, successes=None, covariance=None, beside=correlation)
