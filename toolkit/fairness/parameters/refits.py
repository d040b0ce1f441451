"""The audited model beside others that differ from it in the seed alone, all asked about the same people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.fairness.parameters.problem import Fit, Model, Problem, decided

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What models say of the calibration and the test rows; one row of each array per model.

    Attributes
    ----------
    scores : ndarray, shape (models, test rows), or None where there are only decisions
    decisions : ndarray, shape (models, test rows)
    right : ndarray of bool, shape (models, calibration rows)
        Whether the decision on a calibration row is its label.
    """

    scores: Floats | None
    decisions: NDArray[np.int64]
    right: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Refits:
    """The audited model and its refits with other seeds (none without a learner, one if seeds do nothing).

    Attributes
    ----------
    this, others : Answers
    deterministic : bool
        Whether two seeds gave one model; `others` then has a single row.
    seeds : tuple of int
        Of the others.
    probabilistic : bool
        Whether scores may stand beside labels.
    model : Model or None
        The audited model itself.
    """

    this: Answers
    others: Answers | None
    deterministic: bool
    seeds: tuple[int, ...]
    probabilistic: bool
    model: Model | None


def answers(problem: Problem, models: list[Model], threshold: float | None) -> Answers:
    """Ask models about the calibration and the test rows."""
    import numpy as np

    test, calibration = problem.X[problem.test], problem.X[problem.calibration]
    scores = np.stack([np.asarray(model.score(test), dtype=np.float64) for model in models])
    decisions = np.stack([decided(model, test, threshold) for model in models])
    known = problem.y[problem.calibration]
    right = np.stack(
        [
            decided(model, calibration, threshold) == known if len(known) else np.empty(0, dtype=bool)
            for model in models
        ]
    )
    return Answers(scores, decisions, right)


def train(problem: Problem, fit: Fit, seed: int) -> Model:
    """Fit the learner on the training part."""
    return fit(problem.X[problem.train], problem.y[problem.train], seed, None)


def refit(problem: Problem, fit: Fit | None, *, refits: int, seed: int, threshold: float | None) -> Refits:
    """Gather what the audited model says and what `refits` others say that differ in the seed alone.

    Without an audited model in the problem, the learner fitted with `seed` is the audited one. The others
    have the seeds ``seed + 1 ...``. Two seeds that give the same parameters, or the same answers, show that
    the learner is deterministic, and no more are fitted.
    """
    given = problem.model is not None or problem.decisions is not None
    if fit is None:
        return Refits(_given(problem, threshold), None, False, (), _chances(problem), problem.model)
    model = problem.model if given else train(problem, fit, seed)
    this = _given(problem, threshold) if given else answers(problem, [_certain(model)], threshold)
    one = train(problem, fit, seed + 1)
    other = train(problem, fit, seed + 2) if given else _certain(model)
    both = answers(problem, [one, other], threshold)
    probabilistic = one.probabilistic and _chances(problem)
    if one.digest() == other.digest() or _alike(both):
        single = Answers(None if both.scores is None else both.scores[:1], both.decisions[:1], both.right[:1])
        return Refits(this, single, True, (seed + 1,), probabilistic, model)
    seeds = tuple(seed + 1 + r for r in range(refits))
    known = [one, other] if given else [one]
    models = known + [train(problem, fit, s) for s in seeds[len(known) :]]
    return Refits(this, answers(problem, models, threshold), False, seeds, probabilistic, model)


def _certain(model: Model | None) -> Model:
    """Narrow a model that is there."""
    assert model is not None
    return model


def _alike(both: Answers) -> bool:
    """Whether two models say the same of everybody."""
    import numpy as np

    scores = both.scores
    return scores is not None and bool(np.array_equal(scores[0], scores[1]))


def _chances(problem: Problem) -> bool:
    """Whether the audited model's scores are chances, as far as can be told."""
    import numpy as np

    if problem.model is not None:
        return problem.model.probabilistic
    if problem.scores is None:
        return problem.decisions is None
    return bool(np.all((problem.scores >= 0) & (problem.scores <= 1)))


def _given(problem: Problem, threshold: float | None) -> Answers:
    """Return what the audited model that was handed over says of the test rows."""
    import numpy as np

    scores, decisions = problem.scores, problem.decisions
    right = np.empty((1, 0), dtype=bool)
    if problem.model is not None:
        found = answers(problem, [problem.model], threshold)
        right = found.right
        scores = found.scores[0] if scores is None and found.scores is not None else scores
        decisions = found.decisions[0] if decisions is None else decisions
    if decisions is None:
        if scores is None:
            raise ValueError("neither a learner, a model nor decisions were given: there is nothing to split")
        decisions = (scores >= (0.5 if threshold is None else threshold)).astype(np.int64)
    return Answers(None if scores is None else scores[None, :], decisions[None, :], right)
