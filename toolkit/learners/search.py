"""Searches for good settings that need no mathematics, and the staged script they are compared with.

Every search sees only validation scores. A pool of settings is evaluated once per trial and each search is
replayed from it: random search exactly (averaged over every order of the pool), successive halving from
the scores at part of the training budget, the Bayesian search by asking optuna where to look next and
answering with the nearest setting of the pool that was not yet tried. The staged script moves on its own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

Settings = Mapping[str, float]
# A dead end for every search, finite so that a surrogate can digest it.
WORST = 10.0


@dataclass(frozen=True)
class Setting:
    """One hyperparameter: its documented range, and the limits no range may pass.

    Attributes
    ----------
    low, high : float
        The range searched, in the setting's own unit.
    floor, ceiling : float
        What is legal at all; `Space.widened` stops there.
    log, whole : bool
        Drawn uniformly in the logarithm; rounded to a whole number.
    """

    name: str
    low: float
    high: float
    floor: float = 0.0
    ceiling: float = math.inf
    log: bool = True
    whole: bool = False

    def real(self, u: float) -> float:
        """Turn a place in [0, 1] into a value."""
        if self.log:
            value = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + u * (self.high - self.low)
        return float(round(value)) if self.whole else value


@dataclass(frozen=True)
class Space:
    """The ranges of a learner's settings."""

    settings: tuple[Setting, ...]

    def __len__(self) -> int:
        return len(self.settings)

    def draw(self, rng: np.random.Generator, count: int) -> Points:
        """Draw places uniformly, shape (count, settings)."""
        return rng.random((count, len(self)))

    def real(self, places: Points) -> list[dict[str, float]]:
        """Return the values at places, one mapping per row."""
        return [{s.name: s.real(float(u)) for s, u in zip(self.settings, row, strict=True)} for row in places]

    def widened(self, factor: float = 10.0) -> Space:
        """Return ranges that reach `factor` times lower and higher, up to what is legal."""
        return Space(
            tuple(
                replace(s, low=max(s.low / factor, s.floor), high=min(s.high * factor, s.ceiling))
                for s in self.settings
            )
        )


@dataclass(frozen=True, eq=False)
class Curves:
    """What settings came to: validation scores at growing shares of the budget, test error at all of it.

    Attributes
    ----------
    validation : ndarray, shape (settings, rungs)
        Lower is better; the last rung is the full budget, each before it half of the next.
    test : ndarray, shape (settings,)
        Error on the outer test rows; no search may read it.
    """

    validation: NDArray[np.float64]
    test: NDArray[np.float64]

    def __getitem__(self, chosen: slice) -> Curves:
        return Curves(self.validation[chosen], self.test[chosen])

    @property
    def full(self) -> NDArray[np.float64]:
        """Validation scores at the full budget; a run that diverged has the worst."""
        import numpy as np

        return np.nan_to_num(self.validation[:, -1], nan=WORST, posinf=WORST, neginf=WORST)


@dataclass(frozen=True)
class Found:
    """What a search chose: its validation score, its test error, and the cost in fits at the full budget."""

    score: float
    error: float
    fits: float


def best(curves: Curves) -> Found:
    """Return the setting of the best validation score."""
    import numpy as np

    winner = int(np.argmin(curves.full))
    return Found(float(curves.full[winner]), float(curves.test[winner]), float(len(curves.test)))


def chance_of_top(share: float, trials: int) -> float:
    """Return the chance that the best of independent random trials is in the top `share` of the space.

    It is 1 - (1 - share)^trials whatever the number of settings (Bergstra and Bengio 2012).
    """
    return 1 - (1 - share) ** trials


def expected_random(curves: Curves, trials: int) -> float:
    """Return the test error of the best of `trials` random settings, averaged over all orders of the pool.

    With the pool sorted by validation score, the best of a subset of size k drawn without replacement
    from N is the one of rank r (from 0) with probability C(N - 1 - r, k - 1) / C(N, k).
    """
    import numpy as np

    order = np.argsort(curves.full, kind="stable")
    count = len(order)
    chances = [math.comb(count - 1 - r, trials - 1) / math.comb(count, trials) for r in range(count)]
    return float(np.dot(chances, curves.test[order]))


def halving(curves: Curves) -> Found:
    """Return the survivor of successive halving.

    All settings of the pool get the smallest budget, the better half of them twice as much, and so on;
    each rung is charged as a fit from scratch (Jamieson and Talwalkar 2016; scikit-learn's way).
    """
    import numpy as np

    rungs = curves.validation.shape[1]
    alive = np.arange(len(curves.test))
    cost = 0.0
    for rung in range(rungs):
        cost += len(alive) * 0.5 ** (rungs - 1 - rung)
        scores = np.nan_to_num(curves.validation[alive, rung], nan=WORST, posinf=WORST)
        ranked = alive[np.argsort(scores, kind="stable")]
        alive = np.sort(ranked[: max(1, len(alive) // 2)])
    return Found(float(curves.full[ranked[0]]), float(curves.test[ranked[0]]), cost)


def bayesian(places: Points, curves: Curves, trials: int, seed: int, startup: int = 10) -> Found:
    """Return what optuna's tree-structured Parzen estimator finds in the pool with `trials` fits.

    The first `startup` are the pool's first; later each proposal is answered by the nearest setting of
    the pool not yet tried, so it is a search over the pool, weaker than one free to go anywhere.
    """
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna marks parts of its interface as experimental
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup)
        study = optuna.create_study(sampler=sampler)
        scores = curves.full
        names = [f"u{i}" for i in range(places.shape[1])]
        ranges = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
        free = np.ones(len(places), dtype=bool)
        tried: list[int] = []
        for number in range(min(trials, len(places))):
            nearest = number
            if number >= startup:
                asked = study.ask(ranges)
                study.tell(asked, state=optuna.trial.TrialState.FAIL)
                wanted = np.array([asked.params[name] for name in names])
                distance = ((places - wanted) ** 2).sum(axis=1)
                nearest = int(np.argmin(np.where(free, distance, np.inf)))
            free[nearest] = False
            tried.append(nearest)
            params = dict(zip(names, map(float, places[nearest]), strict=True))
            study.add_trial(
                optuna.trial.create_trial(params=params, distributions=ranges, value=float(scores[nearest]))
            )
    return replace(best(Curves(curves.validation[tried], curves.test[tried])), fits=float(len(tried)))


@dataclass(frozen=True)
class Stage:
    """One step of a staged script: settings to try with all others held at the best so far.

    Attributes
    ----------
    tries : tuple of mapping
        Each replaces the named settings.
    relative : bool
        The numbers are factors of the best so far instead of values.
    """

    tries: tuple[Settings, ...]
    relative: bool = False

    def around(self, best: Settings) -> list[dict[str, float]]:
        """Return the full settings to try."""
        return [
            {**best, **{k: best[k] * v if self.relative else v for k, v in change.items()}}
            for change in self.tries
        ]


def staged(
    evaluate: Callable[[Sequence[Settings]], Curves], start: Settings, stages: Sequence[Stage]
) -> Found:
    """Follow a staged script and return the setting it chose."""
    import numpy as np

    held, score, error, fits = dict(start), math.inf, math.nan, 0
    for stage in stages:
        tries = stage.around(held)
        curves = evaluate(tries)
        fits += len(tries)
        winner = int(np.argmin(curves.full))
        if curves.full[winner] < score:
            held, score = tries[winner], float(curves.full[winner])
            error = float(curves.test[winner])
    return Found(score, error, float(fits))


def grid(**levels: Sequence[float]) -> tuple[dict[str, Any], ...]:
    """Return every combination of levels, the last name varying fastest."""
    found: list[dict[str, Any]] = [{}]
    for name, values in levels.items():
        found = [{**one, name: value} for one in found for value in values]
    return tuple(found)
