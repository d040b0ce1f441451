"""The fan of models that the same data could have given: seeds, random halves, capacities.

Seeds are luck. Random halves show the uncertainty of the training data as a spread alone, at half the size:
a model of half the data is another learner, so its mean says nothing about this one (INFERENCE.md 9).
Capacity is a choice. Who is equally accurate is settled on the calibration part, gaps and rulings on the test
part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.parameters.contrasts import Pair, around, contributions_to, denominator, signed
from toolkit.fairness.parameters.problem import Fit, Problem
from toolkit.fairness.parameters.refits import Refits, answers, refit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WITHIN = 0.01  # difference in accuracy up to which two models are equally accurate
MARGIN = 0.05
Ruling = Callable[[tuple[int, int], tuple[int, int]], str]
"""Successes and denominators of the first and the second group, to one of the three rulings."""


def fan(
    problem: Problem,
    fit: Fit,
    *,
    pair: tuple[int, int],
    refits: int = 20,
    seed: int = 0,
    threshold: float | None = None,
    capacities: Sequence[tuple[str, Fit]] = (),
    halves: int | None = None,
    ruling: Ruling | None = None,
    metric: str = "selection_rate",
    fits: Refits | None = None,
) -> dict[str, Any]:
    """Measure gap and ruling of each model of the fan, and how many people flip.

    Parameters
    ----------
    problem, fit, pair, refits, seed, threshold, capacities, halves, ruling
        As for `decomposition.decompose`.
    metric : str
        One of `contrasts.METRICS`.
    fits : Refits, optional
        Where the refits exist already.

    Returns
    -------
    dict
        The document's `decomposition.fan`.
    """
    fits = fits or refit(problem, fit, refits=refits, seed=seed, threshold=threshold)
    people = Pair.of(problem.y[problem.test], problem.group[problem.test], pair)
    rule = ruling or newcombe
    own_right = fits.this.right[0]
    rows: list[dict[str, Any]] = []
    failed: list[str] = []
    for name, kind, decisions, right in _models(
        problem,
        fit,
        fits,
        halves=refits if halves is None else halves,
        capacities=capacities,
        seed=seed,
        threshold=threshold,
        failed=failed,
    ):
        rows.append(
            {
                "name": name,
                "kind": kind,
                "accuracy": float((decisions == problem.y[problem.test]).mean()),
                "gap": people.gap(metric, decisions).value,
                "ruling": rule(*counted(people, metric, decisions)),
                "equally_accurate": equally_accurate(right, own_right),
            }
        )
    own = rule(*counted(people, metric, fits.this.decisions[0]))
    rivals = [row for row in rows if row["kind"] != "half" and row["equally_accurate"]]
    change = sum(row["ruling"] != own for row in rivals)
    return {
        "models": rows,
        "equally_accurate": len(rivals),
        "would_change": change,
        "sentence": _sentence(rows, len(rivals), change, own, fits=fits, failed=failed),
        "flips": flips(problem, fits),
    }


def _models(
    problem: Problem,
    fit: Fit,
    fits: Refits,
    *,
    halves: int,
    capacities: Sequence[tuple[str, Fit]],
    seed: int,
    threshold: float | None,
    failed: list[str],
) -> Iterator[tuple[str, str, NDArray[np.int64], NDArray[np.bool_]]]:
    """Give each model's name, kind, decisions on the test rows and hits on the calibration rows."""
    import numpy as np

    if fits.others is not None and not fits.deterministic:
        for s, decisions, right in zip(fits.seeds, fits.others.decisions, fits.others.right, strict=True):
            yield f"seed {s}", "seed", decisions, right
    rng = np.random.default_rng([seed, 2])
    size = len(problem.train) // 2
    more = [
        (f"half {h + 1} ({size} rows)", "half", fit, rng.permutation(problem.train)[:size])
        for h in range(halves)
    ]
    more += [(name, "capacity", other, problem.train) for name, other in capacities]
    for name, kind, learner, rows in more:
        try:
            model = learner(problem.X[rows], problem.y[rows], seed, None)
        except (TypeError, ValueError) as error:  # a half may hold one class only, a capacity may not suit
            failed.append(f"{name}: {error}")
            continue
        found = answers(problem, [model], threshold)
        yield name, kind, found.decisions[0], found.right[0]


def counted(
    people: Pair, metric: str, decisions: NDArray[np.int64]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return successes and denominators of the pair's first and second group."""
    inside = denominator(metric, people.y)
    good = contributions_to(metric, people.y[inside], decisions[people.rows][inside])
    first = people.first[inside]
    return (
        (int(good[first].sum()), int(good[~first].sum())),
        (int(first.sum()), int((~first).sum())),
    )


def equally_accurate(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Whether the 90 % interval of a paired difference in accuracy lies within .01 of 0.

    Parameters
    ----------
    right, other : ndarray of bool, shape (calibration rows,)
        Empty where a model was not asked: then nothing is shown.
    """
    import numpy as np

    if len(right) < 2 or len(right) != len(other):
        return False
    apart = right.astype(np.float64) - other
    found = around(float(apart.mean()), [(float(apart.var(ddof=1) / len(apart)), len(apart) - 1.0)], 0.90)
    return bool(max(-found.low, found.high) < WITHIN)


def newcombe(x: tuple[int, int], n: tuple[int, int], margin: float = MARGIN) -> str:
    """Rule on the size of a difference of two proportions (Newcombe 1998, method 10; INFERENCE.md 1)."""
    if min(n) == 0:
        return "not_applicable"
    import numpy as np

    from toolkit.fairness.gaps.pairs import difference
    from toolkit.fairness.metrics.proportions import counted as proportions

    both = proportions("selection_rate", np.array(x), np.array(n))
    low, high = (float(limit) for limit in difference(both, 0, 1, 1.959964))
    if low > margin or high < -margin:
        return "shown"
    low, high = (float(limit) for limit in difference(both, 0, 1, 1.644854))
    return "small" if -margin < low and high < margin else "not_enough_evidence"


def flips(problem: Problem, fits: Refits) -> list[dict[str, Any]]:
    """Return the chance that two refits decide differently about a person, by group and for everybody.

    For a person whom a share q of R refits selects it is 2 q (1 - q) R / (R - 1), unbiased. The interval has
    the people's part and, by jackknife, the seeds'.
    """
    import numpy as np

    if fits.others is None or len(fits.others.decisions) < 3:
        return []
    decisions = fits.others.decisions.astype(np.float64)
    codes = problem.group[problem.test]
    wanted = [(name, codes == code) for code, name in enumerate(problem.groups)]
    return [
        {"group": name, **_flipped(decisions[:, inside])}
        for name, inside in [*wanted, ("everybody", np.ones(len(codes), dtype=bool))]
        if inside.any()
    ]


def _flipped(decisions: Floats) -> dict[str, float]:
    """Return the mean pairwise disagreement over people with its interval; decisions (refits, people)."""
    import numpy as np

    refits, people = decisions.shape
    chosen = decisions.sum(axis=0)

    def disagreement(count: Floats, models: int) -> Floats:
        return np.asarray(2 * count * (models - count) / (models * (models - 1)))

    each = disagreement(chosen, refits)
    share = float(each.mean())
    if share == 0:
        # Nobody flipped; as mid-p has it for 0 of n.
        return {"share": 0.0, "low": 0.0, "high": 1 - 0.05 ** (1 / people)}
    without = disagreement(chosen - decisions, refits - 1).mean(axis=1)
    seeds = float(((without - without.mean()) ** 2).sum() * (refits - 1) / refits)
    spread = float(each.var(ddof=1) / people) if people > 1 else 0.0
    found = around(share, [(spread, max(people - 1.0, 1.0)), (seeds, refits - 1.0)])
    return {"share": share, "low": max(0.0, found.low), "high": min(1.0, found.high)}


def _sentence(
    rows: list[dict[str, Any]], rivals: int, change: int, own: str, *, fits: Refits, failed: list[str]
) -> str:
    """Say what the fan shows."""
    if fits.deterministic:
        text = "The learner gives the same model for every seed: luck has no part."
    else:
        gaps = [row["gap"] for row in rows if row["kind"] == "seed"]
        text = f"{len(gaps)} refits that differ in the seed alone have gaps from {_range(gaps)}."
    compared = sum(row["kind"] != "half" for row in rows)
    if not len(fits.this.right[0]):
        text += " Without answers on a calibration part no model can be shown to be equally accurate."
    elif compared:
        text += (
            f" {rivals} of {compared} models are shown to be as accurate as this one (within {WITHIN}); "
            f"{change} of them would change its ruling ({own.replace('_', ' ')})."
        )
    halves = [row["gap"] for row in rows if row["kind"] == "half"]
    if halves:
        text += (
            " Refits on random halves of the training data, at half its size, have gaps from "
            f"{_range(halves)}: a spread, not an error of this model."
        )
    if failed:
        text += f" {len(failed)} could not be trained, the first being {failed[0]}."
    return text


def _range(gaps: list[float]) -> str:
    """Say the smallest and the largest."""
    return f"{signed(min(gaps))} to {signed(max(gaps))}"
