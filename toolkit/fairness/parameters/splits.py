"""One gap as a sum of signed parts over the same people; `decomposition` puts them into the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.fairness.parameters.contrasts import Measured, Pair, measure
from toolkit.fairness.parameters.refits import Refits

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

LABELS, MISCALIBRATION, THRESHOLD, LUCK = "recorded labels", "miscalibration by group", "threshold", "luck"
MEAN, MODEL, DECISIONS = "mean over refits", "model minus labels", "model"
ERROR_RATES = ("true_positive_rate", "false_positive_rate", "accuracy")
MEANING = {
    LABELS: "the gap that the recorded labels have themselves",
    MISCALIBRATION: "mean gap of the refits' scores beyond the gap of the labels",
    THRESHOLD: "mean gap of the refits' decisions beyond the gap of their scores",
    DECISIONS: "mean gap of the refits' decisions beyond the gap of the labels",
    MODEL: "gap of this model beyond the gap of the labels; without refits it cannot be split further",
    MEAN: "mean gap of refits that differ in the seed alone",
    LUCK: "gap of this model minus the mean of refits that differ in the seed alone",
}
Split = tuple[Measured, list[tuple[str, Measured]]]


def split(fits: Refits, people: Pair, metric: str, *, log: bool = False) -> Split | None:
    """Split the gap of one metric into parts that sum to it.

    Parameters
    ----------
    fits : Refits
    people : Pair
    metric : str
        "selection_rate", "mean_prediction" or one of ERROR_RATES.
    log : bool
        Split the logarithm of the ratio in place of the difference.

    Returns
    -------
    (Measured, list of (name, Measured)) or None
        This model's gap and its parts; None where a logarithm does not exist, or for mean scores that are no
        chances.
    """
    import numpy as np

    if metric == "selection_rate":
        found: Split | None = _decisions(fits, people, log=log)
    elif metric == "mean_prediction":
        found = _scores(fits, people, log=log)
    else:
        found = _errors(fits, people, metric, log=log)
    if found is None or not all(
        np.isfinite(part.gaps).all() for part in (found[0], *dict(found[1]).values())
    ):
        return None
    return found


def _decisions(fits: Refits, people: Pair, *, log: bool) -> Split:
    """Split the gap of decisions: labels, miscalibration, threshold, luck (INFERENCE.md 9)."""

    def gap(values: NDArray[Any]) -> Measured:
        return measure(values, people.first, log=log)

    this = gap(fits.this.decisions[:, people.rows])
    labels = gap(people.y)
    parts: list[tuple[str, Measured]] = [(LABELS, labels)]
    if fits.others is None:
        return this, [*parts, (MODEL, this - labels)]
    decisions = gap(fits.others.decisions[:, people.rows])
    if fits.probabilistic and fits.others.scores is not None:
        scores = gap(fits.others.scores[:, people.rows])
        parts += [(MISCALIBRATION, scores - labels), (THRESHOLD, decisions - scores)]
    else:
        parts.append((DECISIONS, decisions - labels))
    return this, [*parts, (LUCK, this - decisions)]


def _scores(fits: Refits, people: Pair, *, log: bool) -> Split | None:
    """Split the gap of mean scores: labels, miscalibration, luck."""
    if fits.this.scores is None or not fits.probabilistic:
        return None
    this = measure(fits.this.scores[:, people.rows], people.first, log=log)
    labels = measure(people.y, people.first, log=log)
    if fits.others is None or fits.others.scores is None:
        return this, [(LABELS, labels), (MODEL, this - labels)]
    scores = measure(fits.others.scores[:, people.rows], people.first, log=log)
    return this, [(LABELS, labels), (MISCALIBRATION, scores - labels), (LUCK, this - scores)]


def _errors(fits: Refits, people: Pair, metric: str, *, log: bool) -> Split:
    """Split the gap of an error rate: mean over refits, luck."""
    this = people.gap(metric, fits.this.decisions, log=log)
    if fits.others is None:
        return this, [("this model", this)]
    mean = people.gap(metric, fits.others.decisions, log=log)
    return this, [(MEAN, mean), (LUCK, this - mean)]
