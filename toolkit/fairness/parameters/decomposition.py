"""A reported gap split into recorded labels, miscalibration by group, the threshold, and luck.

The parts are signed and sum exactly to the gap (INFERENCE.md 9). A part says what it accounts for on these
held-out people, never what causes it. The parts' intervals do not add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.parameters.contrasts import Measured, Pair, signed
from toolkit.fairness.parameters.differential import differential
from toolkit.fairness.parameters.fan import Ruling, fan
from toolkit.fairness.parameters.interventions import PROXY, interventions
from toolkit.fairness.parameters.problem import LEAST, Fit, Problem
from toolkit.fairness.parameters.refits import Refits, refit
from toolkit.fairness.parameters.splits import ERROR_RATES, LABELS, LUCK, MEANING, Split, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NOTES = (
    "The parts sum to the gap; their intervals do not add.",
    "A part is what it accounts for on the people judged here, not a cause.",
)


def decompose(
    problem: Problem,
    fit: Fit | None,
    *,
    pair: tuple[int, int],
    refits: int = 20,
    seed: int = 0,
    threshold: float | None = None,
    capacities: Sequence[tuple[str, Fit]] = (),
    halves: int | None = None,
    intervened: int = 10,
    proxy: float = PROXY,
    ruling: Ruling | None = None,
    step: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Split the gaps of a model between two groups, with its fan of refits and what interventions change.

    Parameters
    ----------
    problem : Problem
    fit : Fit or None
        The recipe; None for a finished model or for predictions, which leaves labels + (model minus labels).
    pair : tuple of int
        Codes of the ordered pair; gaps are of the first group minus the second.
    refits : int
        Others that differ in the seed alone; at least 20 for figures that are reported.
    seed : int
    threshold : float or None
        Decisions are scores at or above it; the model's own decisions where None.
    capacities : sequence of (name, Fit)
        The same learner smaller or larger: a choice, so rows of the fan and no part of luck.
    halves : int or None
        Refits on random halves of the training part; as many as refits where None.
    intervened : int
        Refits of each intervention, at most.
    proxy : float
        A column that tells the group with a larger area under the curve counts as its proxy.
    ruling : callable (x, n) -> str, optional
        Rules on a gap from successes and denominators of the first and second group.
    step : callable (str), optional
        Told what begins, for a progress bar.

    Returns
    -------
    dict
        The document's `decomposition`.
    """
    tell = step or (lambda _: None)
    found = _blank(problem, fit, pair)
    if found["status"] == "not_applicable":
        return found
    tell("refits")
    fits = refit(problem, fit, refits=refits, seed=seed, threshold=threshold)
    people = Pair.of(problem.y[problem.test], problem.group[problem.test], pair)
    tables, notes = _tables(fits, people, problem.pair(pair))
    found["tables"], found["notes"] = tables, [*NOTES, *notes]
    found["differential_fairness"] = _differential(problem, fits, seed)
    if fit is None or fits.others is None:
        return found
    found["refits"], found["deterministic"] = len(fits.others.decisions), fits.deterministic
    tell("interventions")
    changed = interventions(
        problem, fit, pair=pair, refits=intervened, seed=seed, threshold=threshold, proxy=proxy, fits=fits
    )
    found["interventions"] = changed["rows"]
    found["notes"] += changed["notes"]
    tell("fan")
    found["fan"] = fan(
        problem,
        fit,
        pair=pair,
        refits=refits,
        seed=seed,
        threshold=threshold,
        capacities=capacities,
        halves=halves,
        ruling=ruling,
        fits=fits,
    )
    return found


def _blank(problem: Problem, fit: Fit | None, pair: tuple[int, int]) -> dict[str, Any]:
    """Return the section before anything is measured, with what stands in the way."""
    lacking = problem.lacking(pair)
    return {
        "status": "not_applicable" if lacking else "done" if fit is not None else "partial",
        "reason": lacking or ("" if fit is not None else _WITHOUT),
        "pair": problem.pair(pair),
        "people": problem.people,
        "refits": 0,
        "deterministic": None,
        "tables": [],
        "interventions": [],
        "fan": None,
        "differential_fairness": None,
        "notes": [],
    }


_SAME = "The learner gives the same model for every seed, so luck is 0 and one refit is enough."
_OTHER = (
    "The learner gives the same model for every seed, and the audited model is another one: what is called "
    "luck is that difference and no luck."
)
_ZERO = "a rate is 0 in one of the groups"
_WITHOUT = "without a recipe nothing can be refitted: the gap is split into labels and model minus labels"


def _differs(fits: Refits) -> bool:
    """Whether the audited model decides or scores otherwise than the recipe's own."""
    import numpy as np

    if fits.others is None:
        return False
    one, other = fits.this, fits.others
    if not np.array_equal(one.decisions, other.decisions):
        return True
    return one.scores is not None and other.scores is not None and not np.allclose(one.scores, other.scores)


def _tables(fits: Refits, people: Pair, named: dict[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Split every metric that has enough people; say which have not."""
    tables: list[dict[str, Any]] = []
    notes: list[str] = []
    for log in (False, True):
        for metric in ("selection_rate", "mean_prediction", *ERROR_RATES):
            said = f"The ratio of {metric}" if log else metric
            if metric in ERROR_RATES and people.size(metric) < LEAST:
                why = f"a group has fewer than {LEAST} people in its denominator"
            elif metric == "mean_prediction" and (fits.this.scores is None or not fits.probabilistic):
                why = "there are no scores that are chances, so they have no label gap"
            else:
                found = split(fits, people, metric, log=log)
                if found is not None:
                    tables.append(_table(metric, found, fits, named, log=log))
                    continue
                why = _ZERO
            if not log or why is _ZERO:  # the other reasons were given with the difference
                notes.append(f"{said} is not split: {why}.")
    if fits.deterministic:
        notes.append(_OTHER if _differs(fits) else _SAME)
    notes.append(
        "Error rates have no label part: labels repeated as predictions have no gap. What the data "
        "contribute there is measured by intervention."
    )
    return tables, notes


def _table(
    metric: str, measured: Split, fits: Refits, named: dict[str, str], *, log: bool = False
) -> dict[str, Any]:
    """Return one split as plain data, with a sentence."""
    this, parts = measured
    gap = this.value
    rows: list[dict[str, Any]] = []
    for name, part in parts:
        changed = name == LUCK and not (fits.deterministic or log or metric == "mean_prediction")
        found = part.interval(few=changed)
        rows.append({"name": name, **found.named(), "meaning": MEANING.get(name, "")})
    luck: Measured | None = next((part for name, part in parts if name == LUCK), None)
    if luck is not None and not fits.deterministic:
        # luck's gaps are this model's minus each refit's, so a refit with a smaller gap leaves it positive.
        rank = 1 + sum(bool(value > 0) for value in luck.gaps)
        rows[-1]["meaning"] += f"; this model is number {rank} of {len(luck.gaps) + 1} from the smallest gap"
    sentence = _sentence(metric, gap, rows, named, log=log)
    return {
        "metric": metric,
        "gap": gap,
        "unit": "log ratio" if log else "difference",
        "parts": rows,
        "residual": gap - sum(part.value for _, part in parts),
        "sentence": sentence,
    }


def _sentence(
    metric: str, gap: float, rows: list[dict[str, Any]], named: dict[str, str], *, log: bool
) -> str:
    """Say a split in one sentence."""
    what = metric.replace("_", " ")
    pair = f"{named['first']} minus {named['second']}"
    opening = f"Gap in {what}, {pair}: {signed(gap)}"
    if log:
        several = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
        pair = f"{named['first']} to {named['second']}"
        opening = f"Logarithm of the ratio of {several}, {pair}: {signed(gap)}"
    parts = ", ".join(
        f"{row['name']} {'account' if row['name'] == LABELS else 'accounts'} for {signed(row['value'])}"
        f" ({signed(row['low'])} to {signed(row['high'])})"
        for row in rows
    )
    return f"{opening}; {parts}."


def _differential(problem: Problem, fits: Refits, seed: int) -> dict[str, Any]:
    """Return differential fairness of the audited model on the test rows, over all intersections."""
    import numpy as np

    code = problem.group if problem.cell is None else problem.cell
    names = problem.groups if problem.cell is None else problem.cells
    place = (code[problem.test] * 2 + problem.y[problem.test]) * 2 + fits.this.decisions[0]
    counts = np.bincount(place, minlength=4 * len(names)).reshape(-1, 2, 2)
    return differential(counts, names, seed=seed)
