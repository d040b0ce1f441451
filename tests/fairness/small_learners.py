"""Tiny learners in numpy that keep `fairness.problem`'s contract, and problems from the lending worlds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.fairness.parameters.problem import Problem
from toolkit.worlds.lending import FEATURES, WORLDS, Lending, people


@dataclass(frozen=True, eq=False)
class Fitted:
    """A logistic regression."""

    coefficients: Any
    intercept: float
    probabilistic: bool = True
    booster: Any = None

    @property
    def linear(self) -> Any:
        return self.coefficients, self.intercept

    def score(self, X: Any) -> Any:
        return 1 / (1 + np.exp(-(X @ self.coefficients + self.intercept)))

    def decide(self, X: Any) -> Any:
        return (self.score(X) >= 0.5).astype(np.int64)

    def digest(self) -> str:
        return hashlib.sha256(np.append(self.coefficients, self.intercept).tobytes()).hexdigest()


def logistic(X: Any, y: Any, seed: int, weight: Any = None) -> Fitted:
    """Fit by Newton's method with a slight ridge; the seed does nothing."""
    design = np.column_stack([X, np.ones(len(X))])
    weight = np.ones(len(X)) if weight is None else weight
    beta = np.zeros(design.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-design @ beta))
        curve = design.T @ (design * (weight * p * (1 - p))[:, None]) + 1e-3 * np.eye(len(beta))
        beta = beta + np.linalg.solve(curve, design.T @ (weight * (y - p)) - 1e-3 * beta)
    return Fitted(beta[:-1], float(beta[-1]))


def shaky(X: Any, y: Any, seed: int, weight: Any = None) -> Fitted:
    """Fit on a random tenth of the rows: the seed does much."""
    rows = np.random.default_rng(seed).permutation(len(X))[: len(X) // 10]
    return logistic(X[rows], y[rows], seed, None if weight is None else weight[rows])


def unweighted(X: Any, y: Any, seed: int, weight: Any = None) -> Fitted:
    """Refuse weights, as some recipes do."""
    if weight is not None:
        raise ValueError("this learner cannot be fitted with a weight per row")
    return logistic(X, y, seed)


@dataclass(frozen=True, eq=False)
class Canned:
    """Scores that were decided beforehand, by row number (the first feature)."""

    scores: Any
    cut: float = 0.5
    probabilistic: bool = True
    booster: Any = None
    linear: Any = None

    def score(self, X: Any) -> Any:
        return self.scores[X[:, 0].astype(int)]

    def decide(self, X: Any) -> Any:
        return (self.score(X) >= self.cut).astype(np.int64)

    def digest(self) -> str:
        return hashlib.sha256(self.scores.tobytes()).hexdigest()


def canned(of_seed: Callable[[int], Any], **more: Any) -> Callable[..., Canned]:
    """Return a learner that gives each seed its own scores."""

    def fit(X: Any, y: Any, seed: int, weight: Any = None) -> Canned:
        return Canned(np.asarray(of_seed(seed), dtype=np.float64), **more)

    return fit


def numbered(y: Any, group: Any, *, calibration: int = 0, **more: Any) -> Problem:
    """Return a problem whose one feature is the row's number; all rows but two are tested."""
    rows = np.arange(len(y))
    return Problem(
        X=rows[:, None].astype(np.float64),
        y=np.asarray(y),
        group=np.asarray(group),
        groups=tuple("ABCDE"[: int(np.max(group)) + 1]),
        attribute="group",
        train=rows[:2],
        calibration=rows[2 : 2 + calibration],
        test=rows[2 + calibration :],
        feature_names=("row",),
        source=("row",),
        **more,
    )


def lending(
    world: str | Lending, rows: int, seed: int = 1, *, keep_group: bool = True, **more: Any
) -> Problem:
    """Return a problem from a lending world: 3/5 train, 1/5 calibration, 1/5 test."""
    data = people(WORLDS[world] if isinstance(world, str) else world, seed, rows, recorded=True)
    order = np.random.default_rng(seed).permutation(rows)
    a, b = rows * 3 // 5, rows * 4 // 5
    many = len(FEATURES) if keep_group else len(FEATURES) - 1
    return Problem(
        X=data.X[:, :many],
        y=data.y,
        group=data.sensitive,
        groups=("A", "B"),
        attribute="group",
        train=order[:a],
        calibration=order[a:b],
        test=order[b:],
        feature_names=FEATURES[:many],
        source=(*FEATURES[:-1], "group")[:many],
        sensitive=(len(FEATURES) - 1,) if keep_group else (),
        **more,
    )
