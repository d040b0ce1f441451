"""Chooses how a model's scores are taken apart, on either scale, and says how it was done.

Exact where the model allows it and shows it (a linear log-odds, a booster whose chances are its own), else on
a sample of people. `contributions` turns the values into parts of a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.fairness.features.shapley import (
    CLIP,
    booster_chances,
    booster_values,
    both_scales,
    linear_values,
    logit,
    sampled,
)
from toolkit.fairness.parameters.problem import LEAST, Model, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FLOAT32, FLOAT64 = 1e-4, 1e-6
MOST_ASKED = 500_000  # rows a model is asked about by one sampled explanation, at most
LOG_ODDS, PROBABILITY = "log-odds", "probability"


@dataclass(frozen=True, eq=False)
class Explained:
    """What the table's columns add to each person's score, on one scale.

    Attributes
    ----------
    values : ndarray, shape (people, columns)
    scores : ndarray, shape (people,)
        On the scale; values sum to them but for one number that is the same for everybody.
    first : ndarray of bool, shape (people,)
    gap : float
        In mean score of all the pair's test people, whom a sample stands for.
    tolerance : float
        Relative, to which the values must sum.
    other : ndarray or None
        The parts against a second background.
    how : str
    background : int or None
        Rows of the background, where the parts depend on it.
    """

    values: Floats
    scores: Floats
    first: NDArray[np.bool_]
    gap: float
    tolerance: float
    other: Floats | None
    how: str
    background: int | None


class Explainer:
    """Chooses how a model's scores are taken apart, exactly where it can be."""

    def __init__(
        self, problem: Problem, model: Model, pair: tuple[int, int], *, seed: int, rows: int, background: int
    ) -> None:
        import numpy as np

        self.problem, self.model, self.rows = problem, model, rows
        test = problem.test[np.isin(problem.group[problem.test], pair)]
        fill: Callable[[Floats], Floats] = getattr(model, "filled", lambda X: X)
        self.X = np.asarray(fill(problem.X[test]), dtype=np.float64)
        self.first = np.asarray(problem.group[test] == pair[0])
        self.chance = np.asarray(model.score(problem.X[test]), dtype=np.float64)
        self.notes: list[str] = []
        names = problem.columns
        self.players = np.array([names.index(name) for name in problem.source], dtype=np.int64)
        self.rng = np.random.default_rng([seed, 7])
        pool = problem.train if len(problem.train) else problem.test
        drawn = self.rng.permutation(pool)[: 2 * background]
        half = max(1, len(drawn) // 2)
        self.backgrounds = [np.asarray(fill(problem.X[part])) for part in (drawn[:half], drawn[half:])]

    def explain(self) -> tuple[dict[str, Explained], str]:
        """Return what was found by scale, and why a scale is missing."""
        linear = self._linear()
        if linear is not None:
            chances, reason = self._sampled(self.model.score, (PROBABILITY,))
            return {LOG_ODDS: linear, **chances}, reason
        trees = self._trees()
        if trees is not None:
            chance = self._tree_chances()
            if chance is not None:
                return {LOG_ODDS: trees, PROBABILITY: chance}, ""
            chances, reason = self._sampled(self.model.score, (PROBABILITY,))
            return {LOG_ODDS: trees, **chances}, reason
        certain = int(((self.chance < CLIP) | (self.chance > 1 - CLIP)).sum())
        if certain:
            self.notes.append(
                f"{certain} of {len(self.chance)} scores are 0 or 1, which have no log-odds: they count as "
                f"{CLIP} away from there, and the log-odds scale depends on that."
            )
        return self._sampled(both_scales(self.model), (LOG_ODDS, PROBABILITY))

    def _linear(self) -> Explained | None:
        """Take a linear log-odds apart in closed form; None where the score is another function."""
        import numpy as np
        from scipy.special import expit

        found = self.model.linear
        if found is None or len(found[0]) != self.X.shape[1]:
            return None
        margin = self.X @ found[0] + found[1]
        if not np.allclose(expit(margin), self.chance, rtol=0, atol=1e-6):
            return None
        values = self._by_column(linear_values(found[0], self.X, self.X))
        how = "exact (closed form) on all {people} test people of the two groups; the background cancels"
        return self._of(values, margin, FLOAT64, how)

    def _trees(self) -> Explained | None:
        """Take a booster's log-odds apart; None where the score is another function (calibrated, dart)."""
        import numpy as np
        from scipy.special import expit

        booster = self.model.booster
        if booster is None or booster.num_features() != self.X.shape[1]:
            return None
        values, margin = booster_values(booster, self.X)
        if values.ndim != 2 or not np.allclose(expit(margin), self.chance, rtol=0, atol=1e-4):
            return None
        how = (
            "exact (TreeSHAP) on all {people} test people of the two groups; "
            "the background is the training rows' paths"
        )
        return self._of(self._by_column(values), margin, FLOAT32, how)

    def _tree_chances(self) -> Explained | None:
        """Take a booster's chances apart on a sample; None where shap cannot read these trees."""
        chosen = self._sample(self.rows)
        try:
            one, two = (
                self._by_column(booster_chances(self.model.booster, self.X[chosen], background))
                for background in self.backgrounds
            )
        except Exception:  # shap reads xgboost's own format and fails in many ways; sampling needs no format
            return None
        return self._of(one, self.chance, FLOAT32, _SAMPLE, chosen=chosen, other=two)

    def _sampled(
        self, output: Callable[[Floats], Floats], scales: tuple[str, ...]
    ) -> tuple[dict[str, Explained], str]:
        """Take any model's scores apart by sampled orders, or say why that cannot be afforded."""
        many = int(self.players.max()) + 1
        afforded = MOST_ASKED // (2 * len(self.backgrounds[0]) * (many + 1))
        if afforded < 4 * LEAST:
            asked = 4 * LEAST * 2 * len(self.backgrounds[0]) * (many + 1)
            return {}, f"{many} columns would need the model's answer on {asked} rows (at most {MOST_ASKED})"
        chosen = self._sample(min(self.rows, afforded))
        one, two = (
            sampled(output, self.X[chosen], background, self.players, self.rng)
            for background in self.backgrounds
        )
        on = {LOG_ODDS: logit(self.chance), PROBABILITY: self.chance}
        found = {
            scale: self._of(one[place], on[scale], FLOAT64, _SAMPLE, chosen=chosen, other=two[place])
            for place, scale in enumerate(scales)
        }
        return found, ""

    def _sample(self, rows: int) -> NDArray[np.int64]:
        """Choose people, as many of either group where there are enough, evenly over their scores.

        Every so many-th of the sorted scores from a random start: nobody is likelier than another, and the
        sample's gap is closer to everybody's than that of people drawn at random.
        """
        import numpy as np

        sides = [np.flatnonzero(side) for side in (self.first, ~self.first)]
        least = min(len(side) for side in sides)
        chosen = []
        for side in sides:
            many = min(len(side), rows // 2 if len(side) == least else max(rows // 2, rows - least))
            places = (self.rng.random() + np.arange(many)) * (len(side) / many)
            chosen.append(side[np.argsort(self.chance[side], kind="stable")[places.astype(np.int64)]])
        return np.sort(np.concatenate(chosen))

    def _by_column(self, values: Floats) -> Floats:
        """Sum features into the table's columns they were made from."""
        import numpy as np

        columns = np.zeros((self.players.max() + 1, values.shape[1]))
        columns[self.players, np.arange(values.shape[1])] = 1
        return np.asarray(values @ columns.T)

    def _of(
        self,
        values: Floats,
        scores: Floats,
        tolerance: float,
        how: str,
        *,
        chosen: NDArray[np.int64] | None = None,
        other: Floats | None = None,
    ) -> Explained:
        """Put together what was found for everybody, or for those chosen."""
        gap = float(scores[self.first].mean() - scores[~self.first].mean())
        people = len(self.first) if chosen is None else len(chosen)
        first = self.first if chosen is None else self.first[chosen]
        background = None if chosen is None else len(self.backgrounds[0])
        moved = None if other is None else parts_of(other, first)
        said = how.format(people=people, all=len(self.first), background=background)
        kept = scores if chosen is None else scores[chosen]
        return Explained(values, kept, first, gap, tolerance, moved, said, background)


_SAMPLE = (
    "on a sample of {people} of {all} test people of the two groups, even over their scores, "
    "against {background} training rows"
)


def parts_of(values: Floats, first: NDArray[np.bool_]) -> Floats:
    """Return each column's part of the gap: the first group's mean value minus the other's."""
    parts: Floats = values[first].mean(axis=0) - values[~first].mean(axis=0)
    return parts


def adds_up(found: Explained) -> bool:
    """Whether the values sum to the gap of the explained people within the tolerance."""
    import numpy as np

    gap = float(found.scores[found.first].mean() - found.scores[~found.first].mean())
    size = max(abs(gap), float(np.abs(found.scores).mean()))
    return bool(abs(float(parts_of(found.values, found.first).sum()) - gap) <= found.tolerance * size)
