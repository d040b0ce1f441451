"""What could be done about a gap, each remedy with its cost in accuracy, judged on people it never saw.

Models are trained on the training part, thresholds chosen on the calibration part, and every figure is from
the test part, paired with the audited model on the same people. Options stand side by side: no best one is
singled out, because the best of several on one test part is flattered by it (INFERENCE.md 9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.fairness.mitigation.constrained import CONSTRAINTS, ROUNDS, train_constrained
from toolkit.fairness.mitigation.thresholds import move_thresholds
from toolkit.fairness.parameters.contrasts import Pair, contributions_to, shared, signed
from toolkit.fairness.parameters.interventions import PROXY, changes
from toolkit.fairness.parameters.problem import LEAST, Fit, Model, Problem, decided
from toolkit.fairness.parameters.refits import train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GAPS = ("selection_rate", "true_positive_rate", "false_positive_rate")
NOTES = (
    "Models are trained on the training part, thresholds chosen on the calibration part, figures are from "
    "the test part.",
    "Criteria conflict: an option that closes one gap can open another; each is shown.",
    "No option is singled out as the best: that would need people on whom none of them was judged.",
)


@dataclass(frozen=True, eq=False)
class Option:
    """One remedy carried out.

    Attributes
    ----------
    name, how : str
    chances : ndarray, shape (test rows,), or None
        Of a positive decision; 0 or 1 where nothing is drawn. None where it failed.
    needs_group : bool
        Whether a person's group must be known when deciding.
    frozen : dict or None
        Hash of the parameters before and after, where they are meant not to move.
    failed : str or None
    """

    name: str
    how: str
    chances: Floats | None
    needs_group: bool = False
    frozen: dict[str, Any] | None = None
    failed: str | None = None


def mitigate(
    problem: Problem,
    fit: Fit | None,
    *,
    pair: tuple[int, int],
    constraint: str = "true_positive_rate",
    seed: int = 0,
    threshold: float | None = None,
    proxy: float = PROXY,
    rounds: int = ROUNDS,
    step: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Carry out each remedy and measure accuracy, the constrained gap and the others on the test part.

    Parameters
    ----------
    problem : Problem
    fit : Fit or None
        Without it the parameters cannot be changed and thresholds are the only option.
    pair : tuple of int
    constraint : str
        Metric that thresholds and constrained training are to make equal: one of `constrained.CONSTRAINTS`.
    seed : int
        Of the audited model, where it is trained here, and of its remedies.
    threshold : float or None
        Decisions are scores at or above it; the model's own decisions where None.
    proxy : float
    rounds : int
        Of constrained training, at most; a round fits the learner about once.
    step : callable (str), optional
        Told what begins.

    Returns
    -------
    dict
        The document's `mitigation`. The first option is the model as it is.

    Raises
    ------
    ValueError
        If the constraint is unknown.
    """
    if constraint not in CONSTRAINTS:
        raise ValueError(f"constraint {constraint!r} is none of {', '.join(CONSTRAINTS)}")
    tell = step or (lambda _: None)
    named = problem.pair(pair)
    empty = {"pair": named, "constraint": constraint, "options": [], "sentence": "", "notes": []}
    lacking = problem.lacking(pair)
    model = problem.model
    if not lacking and model is None and fit is None:
        lacking = "decisions alone cannot be changed: a model or a recipe is needed"
    if lacking:
        return {"status": "not_applicable", "reason": lacking, **empty}
    model = model or train(problem, _there(fit), seed)
    base = decided(model, problem.X[problem.test], threshold).astype("float64")
    options = [Option("as it is", "the audited model, unchanged", base)]
    tell("thresholds by group")
    options.append(_thresholds(problem, model, pair, constraint, base))
    notes = list(NOTES)
    if fit is not None:
        found, more = _retrained(
            problem,
            fit,
            pair,
            constraint=constraint,
            seed=seed,
            threshold=threshold,
            proxy=proxy,
            rounds=rounds,
            tell=tell,
        )
        options += found
        notes += more
    people = Pair.of(problem.y[problem.test], problem.group[problem.test], pair)
    rows = [_judged(problem, people, option, base, constraint) for option in options]
    return {
        "status": "done" if fit is not None else "partial",
        "reason": "" if fit is not None else "without a recipe the parameters cannot be trained anew",
        **empty,
        "options": rows,
        "sentence": _sentence(rows, named, constraint),
        "notes": notes,
    }


def _there(fit: Fit | None) -> Fit:
    """Narrow a learner that is there."""
    assert fit is not None
    return fit


def _aim(constraint: str) -> str:
    """Say what is to be made equal."""
    return " and ".join(metric.replace("_", " ") for metric in CONSTRAINTS[constraint].metrics)


def _thresholds(
    problem: Problem, model: Model, pair: tuple[int, int], constraint: str, base: Floats
) -> Option:
    """Move thresholds by group on the calibration part; a hash shows that the parameters did not move."""
    import numpy as np

    name = "thresholds by group"
    how = (
        "parameters frozen; thresholds chosen on the calibration part to make the "
        f"{_aim(constraint)} equal (Hardt, Price and Srebro 2016)"
    )
    rows = problem.calibration
    both = [
        code
        for code in range(len(problem.groups))
        if min(int(np.sum(problem.y[rows[problem.group[rows] == code]] == label)) for label in (0, 1)) > 0
    ]
    missing = [problem.groups[code] for code in pair if code not in both]
    if missing:
        failed = f"the calibration part has not both labels in {' and '.join(missing)}"
        return Option(name, how, None, needs_group=True, failed=failed)
    chosen = rows[np.isin(problem.group[rows], both)]
    before = model.digest()
    decide = move_thresholds(
        model.score,
        problem.X[chosen],
        problem.y[chosen],
        problem.group[chosen],
        constraint=CONSTRAINTS[constraint].thresholds,
    )
    inside = np.isin(problem.group[problem.test], both)
    tested = problem.test[inside]
    chances = base.copy()
    chances[inside] = decide(problem.X[tested], problem.group[tested])
    after = model.digest()
    frozen = {"before": before, "after": after, "same": before == after}
    if before != after:
        failed = (
            "the parameters moved while thresholds were chosen, so this is no remedy with frozen parameters"
        )
        return Option(name, how, None, needs_group=True, frozen=frozen, failed=failed)
    left = [name for code, name in enumerate(problem.groups) if code not in both]
    if left:
        how += f"; unchanged for {', '.join(left)}, too few to choose for"
    return Option(name, how, chances, needs_group=True, frozen=frozen)


def _retrained(
    problem: Problem,
    fit: Fit,
    pair: tuple[int, int],
    *,
    constraint: str,
    seed: int,
    threshold: float | None,
    proxy: float,
    rounds: int,
    tell: Callable[[str], None],
) -> tuple[list[Option], list[str]]:
    """Train anew with changed data, and under the constraint."""
    possible, notes = changes(problem, pair, proxy)
    options = []
    for change in possible:
        tell(change.name)
        try:
            model = change.train(problem, fit, seed)
        except (TypeError, ValueError) as error:
            options.append(Option(change.name, change.how, None, failed=str(error)))
            continue
        decisions = decided(model, problem.X[problem.test][:, change.columns], threshold)
        options.append(Option(change.name, change.how, decisions.astype("float64")))
    tell("constrained training")
    under = _constrained(problem, fit, constraint, seed=seed, threshold=threshold, rounds=rounds)
    return [*options, under], notes


def _constrained(
    problem: Problem, fit: Fit, constraint: str, *, seed: int, threshold: float | None, rounds: int
) -> Option:
    """Train under the constraint."""
    name = "constrained training"
    how = f"exponentiated gradient towards equal {_aim(constraint)} (Agarwal et al. 2018)"
    rows = problem.train
    try:
        decide, fits = train_constrained(
            fit,
            problem.X[rows],
            problem.y[rows],
            problem.group[rows],
            constraint=constraint,
            seed=seed,
            rounds=rounds,
        )
    except (TypeError, ValueError) as error:
        return Option(name, how, None, failed=str(error))
    how += f"; a mixture from {fits} fits, which decides some people by chance"
    if threshold is not None:
        how += "; its models decide by the learner's own cut, not by the threshold given"
    return Option(name, how, decide(problem.X[problem.test]))


def _judged(problem: Problem, people: Pair, option: Option, base: Floats, constraint: str) -> dict[str, Any]:
    """Measure one option on the test part, paired with the model as it is."""
    row: dict[str, Any] = {
        "name": option.name,
        "how": option.how,
        "accuracy": None,
        "accuracy_change": None,
        "gaps": [],
        "frozen": option.frozen,
        "needs_group": option.needs_group,
        "failed": option.failed,
    }
    if option.chances is None:
        return row
    y = problem.y[problem.test]
    right, before = (contributions_to("accuracy", y, values) for values in (option.chances, base))
    changed = option.chances is not base
    row["accuracy"] = shared(right).named()
    row["accuracy_change"] = shared(right - before, few=changed).named()
    for metric in GAPS:
        if people.size(metric) < LEAST:
            continue
        now = people.gap(metric, option.chances)
        change = (now - people.gap(metric, base)).interval(few=changed)
        row["gaps"].append(
            {
                "metric": metric,
                "constrained": metric in CONSTRAINTS[constraint].metrics,
                **now.interval().named(),
                "change": change.value,
                "change_low": change.low,
                "change_high": change.high,
            }
        )
    return row


def _sentence(rows: list[dict[str, Any]], named: dict[str, str], constraint: str) -> str:
    """Say what each option does to the constrained gap and to accuracy."""
    what = CONSTRAINTS[constraint].metrics[0].replace("_", " ")
    parts = []
    for row in rows[1:]:
        gap = next((g for g in row["gaps"] if g["constrained"]), None)
        if gap is None:
            continue
        cost = row["accuracy_change"]["value"]
        parts.append(f"{row['name']}: gap {signed(gap['value'])}, accuracy {signed(cost)}")
    start = next((g["value"] for g in rows[0]["gaps"] if g["constrained"]), None)
    if start is None:
        return f"The {what} has too few people in a group to be compared."
    opening = f"Gap in {what}, {named['first']} minus {named['second']}, as it is: {signed(start)}"
    return f"{opening}; {'; '.join(parts)}." if parts else f"{opening}; no option could be carried out."
