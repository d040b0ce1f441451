"""What the data contribute, measured by changing them: weights, balance, columns left out.

Each intervention retrains the learner and is compared with the plain refits on the same held-out people and
the same seeds. `mitigation` uses the same trained models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.fairness.parameters.contrasts import METRICS, Pair, contributions_to, shared
from toolkit.fairness.parameters.problem import LEAST, Fit, Model, Problem, decided
from toolkit.fairness.parameters.proxies import alone
from toolkit.fairness.parameters.refits import Refits, refit
from toolkit.fairness.parameters.remedies import balancing, reweighing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PROXY = 0.65


@dataclass(frozen=True, eq=False)
class Change:
    """One change of the training data: which columns stay, and how rows weigh.

    Attributes
    ----------
    name, how : str
    columns : ndarray of int
    weight : ndarray, shape (train rows,), or None
    """

    name: str
    how: str
    columns: NDArray[np.int64]
    weight: Floats | None = None

    def train(self, problem: Problem, fit: Fit, seed: int) -> Model:
        """Fit the learner on the changed training part."""
        X = problem.X[problem.train][:, self.columns]
        return fit(X, problem.y[problem.train], seed, self.weight)


def proxies(problem: Problem, pair: tuple[int, int], bound: float = PROXY) -> list[str]:
    """Return the table's columns that tell the pair's groups apart by more than a bound, on training rows.

    The sensitive attribute's own columns are not among them.
    """
    return [name for name, found in alone(problem, pair).items() if found.value > bound]


def changes(problem: Problem, pair: tuple[int, int], bound: float = PROXY) -> tuple[list[Change], list[str]]:
    """Return the changes that can be made to this problem's training part, and why others cannot."""
    import numpy as np

    every = np.arange(problem.X.shape[1])
    y, group = problem.y[problem.train], problem.group[problem.train]
    found = [
        Change(
            "reweighing",
            "training rows weighed so that label and group are independent (Kamiran and Calders 2012)",
            every,
            reweighing(y, group),
        ),
        Change(
            "balancing",
            "training rows weighed so that every group has as many of either label",
            every,
            balancing(y, group),
        ),
    ]
    notes = []
    own = set(problem.sensitive)
    without = np.array([j for j in every if j not in own], dtype=np.int64)
    names = ", ".join(dict.fromkeys(problem.source[j] for j in problem.sensitive))
    if own and len(without):
        found.append(Change("without the sensitive column", f"trained without {names}", without))
    else:
        notes.append("The sensitive column is not among the features, so it cannot be dropped.")
    close = proxies(problem, pair, bound)
    fewer = np.array([j for j in without if problem.source[j] not in close], dtype=np.int64)
    if not close:
        notes.append(f"No column tells the groups by an area above {bound}: there are no proxies to drop.")
    elif not len(fewer):
        notes.append(f"Every column tells the groups by an area above {bound}: without them none is left.")
    else:
        listed = ", ".join([names, *close] if own else close)
        how = f"trained without {listed} (telling the groups by an area above {bound} on training rows)"
        found.append(Change("without the sensitive column and its proxies", how, fewer))
    return found, notes


def interventions(
    problem: Problem,
    fit: Fit,
    *,
    pair: tuple[int, int],
    refits: int = 10,
    seed: int = 0,
    threshold: float | None = None,
    proxy: float = PROXY,
    fits: Refits | None = None,
) -> dict[str, Any]:
    """Retrain with each change and measure what it does to every gap and to accuracy.

    Parameters
    ----------
    problem, fit, pair, seed, threshold
        As for `decomposition.decompose`.
    refits : int
        Seeds of each change, at most; the same seeds before and after. One where the seed has no part.
    proxy : float
        Bound on the area under the curve above which a column counts as a proxy.
    fits : Refits, optional
        Where the plain refits exist already.

    Returns
    -------
    dict
        `rows`, the document's `decomposition.interventions`, and `notes`.
    """
    import numpy as np

    fits = fits or refit(problem, fit, refits=refits, seed=seed, threshold=threshold)
    assert fits.others is not None
    seeds = fits.seeds[:refits]
    before = fits.others.decisions[: len(seeds)]
    people = Pair.of(problem.y[problem.test], problem.group[problem.test], pair)
    possible, notes = changes(problem, pair, proxy)
    rows: list[dict[str, Any]] = []
    for change in possible:
        X = problem.X[problem.test][:, change.columns]
        try:
            after = np.stack([decided(change.train(problem, fit, s), X, threshold) for s in seeds])
        except (TypeError, ValueError) as error:
            notes.append(f"{change.name} could not be trained: {error}")
            continue
        rows += compared(change, problem.y[problem.test], people, before, after)
    return {"rows": rows, "notes": notes}


def compared(
    change: Change, y: NDArray[np.int64], people: Pair, before: NDArray[Any], after: NDArray[Any]
) -> list[dict[str, Any]]:
    """Compare decisions before and after, shape (seeds, test rows), paired on people and on seeds."""
    cost = shared(contributions_to("accuracy", y, after) - contributions_to("accuracy", y, before), few=True)
    rows = []
    for metric in METRICS:
        if people.size(metric) < LEAST:
            continue
        plain, changed = people.gap(metric, before), people.gap(metric, after)
        difference = (changed - plain).interval(few=True)
        rows.append(
            {
                "name": change.name,
                "how": change.how,
                "metric": metric,
                "before": plain.value,
                "after": changed.value,
                "change": difference.value,
                "low": difference.low,
                "high": difference.high,
                "accuracy_change": cost.value,
                "accuracy_low": cost.low,
                "accuracy_high": cost.high,
            }
        )
    return rows
