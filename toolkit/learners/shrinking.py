"""Small models against large ones: tuned alike, pruned, or taught by the large one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit.experiment import generator
from toolkit.learners import boosting, random_features, ridge, trees
from toolkit.learners.ladders import Problem, network_error
from toolkit.learners.networks import Network, small_tables, sweep

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.records import Dataset

Row = dict[str, Any]
SMALL, BIG = "small", "big"
RATES, DECAYS = (0.003, 0.03), (0.0, 1.0)
BATCH = 64
BOOSTING_RATES = (0.1, 0.3)
SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95)
ROUNDS = (4, 24, 48)


@dataclass(frozen=True, eq=False)
class Parts:
    """Training rows cut into a fitting and a validation part, on which settings are chosen."""

    problem: Problem
    fit: NDArray[np.int64]
    held: NDArray[np.int64]

    @classmethod
    def of(cls, problem: Problem, share: float = 0.25) -> Parts:
        """Hold out a share of the training rows at random."""
        rows = len(problem.parts.y)
        order = generator(problem.seed, "validation").permutation(rows)
        cut = round(rows * share)
        return cls(problem, order[cut:], order[:cut])


def prune(network: Network, share: float) -> Network:
    """Set the share of each layer's weights that are smallest in size to zero; biases stay.

    Layer by layer, since layers differ in scale: over all at once the layer of small weights would go first.
    """
    import numpy as np

    def cut(W: NDArray[np.float32]) -> NDArray[np.float32]:
        kept = W.ravel().copy()
        kept[np.argsort(np.abs(kept), kind="stable")[: round(share * W.size)]] = 0.0
        return kept.reshape(W.shape)

    return replace(network, weights=tuple((cut(W), b) for W, b in network.weights))


def networks(parts: Parts, *, units: int, steps: int) -> tuple[list[Row], Network]:
    """Train a large and a small network (a tenth of the units), each tuned over the same four settings.

    Returns
    -------
    rows : list
        ``family``, ``size`` ("small" or "big"), ``parameters``, ``test_error``.
    big : Network
        The large one that did best on the validation part.
    """
    problem, (X, y) = parts.problem, (parts.problem.parts.X, parts.problem.parts.y)
    arms = [
        {"width": width, "size": size, "rate": rate, "decay": decay, "seed": problem.seed, "batch": BATCH}
        for size, width in ((BIG, units), (SMALL, max(1, units // 10)))
        for rate in RATES
        for decay in DECAYS
    ]
    found = sweep(
        X[parts.fit],
        y[parts.fit],
        problem.parts.X_test,
        problem.parts.y_test,
        X_validation=X[parts.held],
        y_validation=y[parts.held],
        arms=arms,
        steps=steps,
        classes=problem.coding.classes,
        pad=small_tables(problem.coding.classes),
    )
    best = {
        size: min(
            (arm for arm in found if arm["size"] == size), key=lambda arm: float(arm["validation_error"])
        )
        for size in (BIG, SMALL)
    }
    rows = [
        _row("network", size, arm["parameters"], network_error(problem.coding, arm["test_error"]))
        for size, arm in best.items()
    ]
    return rows, best[BIG]["network"]


def pruned(problem: Problem, big: Network, shares: Sequence[float] = SHARES) -> Iterator[Row]:
    """Yield the error of the large network after each share of its weights is removed, without retraining."""
    weights = sum(W.size for W, _ in big.weights)
    for share in shares:
        error = prune(big, share).error(problem.parts.X_test, problem.parts.y_test)
        row = _row("network", BIG, weights - round(share * weights), network_error(problem.coding, error))
        yield row | {"removed": share}


def taught(data: Dataset, problem: Problem, big: Network, *, units: int, steps: int, pool: int = 700) -> Row:
    """Return the error of a student of `units` that learns what the large network says of unlabelled inputs.

    A generator gives fresh inputs; a table's are mixtures of two training rows.
    """
    import numpy as np

    parts = problem.parts
    rng = generator(problem.seed, "distillation")
    first, second = rng.integers(0, len(parts.y), (2, pool))
    mix = rng.beta(0.4, 0.4, (pool, 1))
    X = np.vstack([parts.X, mix * parts.X[first] + (1 - mix) * parts.X[second]])
    if data.draw:
        fresh = data.draw(problem.seed + 10**6, pool).X
        # Fresh inputs in the units of the split; a scaled column is linear in the raw one.
        X = np.vstack([parts.X, (fresh - fresh.mean(axis=0)) / np.maximum(fresh.std(axis=0), 1e-12)])
    arms = [{"width": units, "rate": rate, "seed": problem.seed + 1, "batch": BATCH} for rate in RATES]
    labels = big.predict(X)
    found = sweep(
        X, labels, parts.X_test, parts.y_test,
        arms=arms, steps=steps, classes=problem.coding.classes, pad=small_tables(problem.coding.classes),
    )  # fmt: skip
    best = min(found, key=lambda arm: float(arm["train_loss"]))
    return _row("network", "taught", best["parameters"], network_error(problem.coding, best["test_error"]))


def features(problem: Problem, *, width: int) -> Iterator[Row]:
    """Yield random features with the ridge tuned by leave-one-out: all of them, and the first tenth."""
    parts, coding = problem.parts, problem.coding
    drawn = random_features.draw("relu", parts.X.shape[1], width, problem.seed)
    Y = coding.encode(parts.y)
    for size, many in ((BIG, width), (SMALL, width // 10)):
        Z, Z_test = (drawn.block(X, 0, many) for X in (parts.X, parts.X_test))
        wide = many >= 2 * len(Y)
        path = ridge.RidgePath.of_gram(Z @ Z.T, Z_test @ Z.T) if wide else ridge.RidgePath.of(Z, Z_test)
        error = coding.error(path.predict(Y, path.best_penalty(Y)), parts.y_test)
        yield _row("features", size, many * coding.outputs, error)


def boosted(parts: Parts, *, leaves: int) -> Iterator[Row]:
    """Yield boosting: all rounds, the first half of them, and a small one of less than a tenth of the rounds.

    The rate is chosen on the validation part for the small and for the large; the half is the large one
    with its later trees removed.
    """
    import numpy as np

    problem, coding, split = parts.problem, parts.problem.coding, parts.problem.parts
    Y = coding.encode(split.y)
    both = np.vstack([split.X[parts.held], split.X_test])
    few, half, many = ROUNDS
    stages: dict[tuple[int, float], boosting.Stage] = {}
    for rate in BOOSTING_RATES:
        for stage in boosting.boost(
            split.X[parts.fit], Y[parts.fit], both,
            rounds=ROUNDS, leaves=leaves, seed=problem.seed, rate=rate,
        ):  # fmt: skip
            stages[stage.rounds, rate] = stage
    held, y_held = len(parts.held), split.y[parts.held]

    def best(rounds: int) -> float:
        return min(BOOSTING_RATES, key=lambda r: coding.error(stages[rounds, r].predicted[:held], y_held))

    for size, rounds, rate in ((BIG, many, best(many)), ("half", half, best(many)), (SMALL, few, best(few))):
        stage = stages[rounds, rate]
        count = trees.parameters(stage.leaves, stage.rounds, coding.outputs)
        yield _row("boosting", size, count, coding.error(stage.predicted[held:], split.y_test))


def _row(family: str, size: str, parameters: int, error: float) -> Row:
    return {"family": family, "size": size, "parameters": int(parameters), "test_error": error}
