"""Learners that score people for a yes-or-no decision: six specifications, weighted rows, hashed parameters.

Small and large of each kind, so that capacity can be crossed with the data. A scorer, once trained, is only
ever called; its fingerprint proves that nothing changed inside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks import sweep

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PENALTIES = {"logistic, strong penalty": 0.003, "logistic, weak penalty": 1.0}
NEWTON, RIDGE = 50, 1e-9
BINS = 32
BOOSTING = {
    "boosting, small": (20, {"max_depth": 2, "eta": 0.3}),
    "boosting, large": (40, {"max_depth": 5, "eta": 0.15}),
}
NETWORKS = {"network, small": 3, "network, large": 16}  # one padded width, hence one compiled program
STEPS, RATE = 60, 0.05
MANY, BATCH = 2000, 512  # beyond so many rows networks learn from batches, in twice the steps
LEARNERS = (*PENALTIES, *BOOSTING, *NETWORKS)
SEEDED = (*BOOSTING, *NETWORKS)


@dataclass(frozen=True, eq=False)
class Scorer:
    """A finished model.

    Attributes
    ----------
    score : callable (rows, features) -> (rows,)
        The chance of label 1, float64.
    content : callable () -> bytes
        The parameters themselves: coefficients, the booster in UBJ, a network's weights in order.
    parameters : callable () -> int
        How many numbers training set: coefficients, leaves, weights.
    model : object
        The library's own model.
    """

    learner: str
    score: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    content: Callable[[], bytes]
    parameters: Callable[[], int]
    model: Any

    def fingerprint(self) -> str:
        """Return the SHA-256 of the parameters."""
        return hashlib.sha256(self.content()).hexdigest()


@dataclass(frozen=True, eq=False)
class Job:
    """One model to train: which learner, on which rows, with which weights and seed."""

    learner: str
    X: NDArray[np.float64]
    y: NDArray[Any]
    weight: NDArray[np.float64] | None = None
    seed: int = 0


def train(jobs: Sequence[Job]) -> list[Scorer]:
    """Train every job; all networks together, in one compiled program.

    Boosting takes a random 80 % of the rows for each tree and networks start from random weights, both by the
    job's seed; logistic regression has no chance in it.
    """
    found: dict[int, Scorer] = {}
    binned: dict[tuple[int, int, int], Any] = {}
    for number, job in enumerate(jobs):
        if job.learner in PENALTIES:
            found[number] = _logistic(job)
        elif job.learner in BOOSTING:
            key = (id(job.X), id(job.y), id(job.weight))  # alive as long as the jobs are
            if key not in binned:
                binned[key] = _binned(job)
            found[number] = _boosting(job, binned[key])
    members = [n for n, job in enumerate(jobs) if job.learner in NETWORKS]
    if members:
        found |= zip(members, _networks([jobs[n] for n in members]), strict=True)
    return [found[number] for number in range(len(jobs))]


def _logistic(job: Job) -> Scorer:
    """Fit penalised logistic regression by Newton's method, as scikit-learn defines it (intercept free).

    Own code because scikit-learn's Newton solver takes about ten times as long on tables this small.
    """
    import numpy as np

    X = np.column_stack([job.X, np.ones(len(job.y))])
    weight = np.ones(len(job.y)) if job.weight is None else job.weight
    penalty = np.full(X.shape[1], 1 / PENALTIES[job.learner])
    penalty[-1] = 0.0
    share = min(max(float(weight @ job.y) / float(weight.sum()), 1e-6), 1 - 1e-6)
    beta = np.zeros(X.shape[1])
    beta[-1] = np.log(share / (1 - share))
    for _ in range(NEWTON):
        chance = _sigmoid(X @ beta)
        slope = X.T @ (weight * (chance - job.y)) + penalty * beta
        bend = (X * (weight * chance * (1 - chance))[:, None]).T @ X + np.diag(penalty + RIDGE)
        step = np.linalg.solve(bend, slope)
        # A long first step can overshoot; no coefficient of a scaled column moves by more than this at once.
        beta = beta - step * min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-8:
            break
    coefficients = beta.copy()

    def score(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return _sigmoid(rows @ coefficients[:-1] + coefficients[-1])

    return Scorer(job.learner, score, coefficients.tobytes, lambda: len(coefficients), coefficients)


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    half: NDArray[np.float64] = 0.5 * (1 + np.tanh(z / 2))
    return half


def _binned(job: Job) -> Any:
    """Sort the rows into bins once for every booster that learns from them."""
    import xgboost

    return xgboost.QuantileDMatrix(job.X, job.y, weight=job.weight, max_bin=BINS, nthread=1)


def _boosting(job: Job, rows: Any) -> Scorer:
    import numpy as np
    import xgboost

    rounds, settings = BOOSTING[job.learner]
    fixed = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_bin": BINS,
        "subsample": 0.8,
        "nthread": 1,
        "seed": job.seed % 2**31,
        "base_score": 0.5,
    }
    booster = xgboost.train(fixed | settings, rows, num_boost_round=rounds)

    def score(X: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(booster.inplace_predict(X), dtype=np.float64)

    def leaves() -> int:
        return sum(tree.count("leaf=") for tree in booster.get_dump())

    return Scorer(job.learner, score, lambda: bytes(booster.save_raw("ubj")), leaves, booster)


def _networks(jobs: Sequence[Job]) -> list[Scorer]:
    """Train networks together; weights on rows become rows drawn by weight (seeded)."""
    import numpy as np

    few = jobs[0].X[:8], jobs[0].y[:8]
    many = max(len(job.y) for job in jobs) > MANY
    arms = []
    for job in jobs:
        X, y = job.X, job.y
        if job.weight is not None:
            chosen = _by_weight(job.weight, np.random.default_rng([job.seed % 2**32, 11]))
            X, y = X[chosen], y[chosen]
        arms.append(
            {"X": X, "y": y, "X_test": X[:8], "y_test": y[:8], "seed": job.seed, "rate": RATE}
            | {"width": NETWORKS[job.learner], "batch": BATCH if many else 0, "decay": 1e-3}
        )
    trained = sweep(*few, *few, arms=arms, steps=STEPS * (1 + many), classes=2)
    return [_network(job, row["network"]) for job, row in zip(jobs, trained, strict=True)]


def _network(job: Job, network: Any) -> Scorer:
    import numpy as np

    def score(X: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(network.scores(X)[:, 1], dtype=np.float64)

    return Scorer(
        job.learner,
        score,
        lambda: network.vector().astype("<f4").tobytes(),
        lambda: network.parameters,
        network,
    )


def _by_weight(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw as many rows as there are, each in proportion to its weight, as evenly as chance allows.

    Systematic sampling: a row of weight w (of mean 1) is taken floor(w) or ceil(w) times.
    """
    import numpy as np

    n = len(weight)
    edges = np.cumsum(weight) / weight.sum() * n
    return np.minimum(np.searchsorted(edges, np.arange(n) + rng.random(), side="right"), n - 1)
