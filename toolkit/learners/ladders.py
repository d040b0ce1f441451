"""Every family's ladder of capacities on one split, as tidy rows; each fit is made once and read many times.

A row has ``family``, ``noise`` (share of training targets replaced), ``rung`` (0 is the smallest), ``size``
(the family's own dial), ``parameters`` (exact), ``effective`` (None where undefined), ``train_error`` and
``test_error``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.experiment import Split, generator
from toolkit.learners import boosting, forests, random_features, ridge, trees
from toolkit.learners.smoothers import effective_parameters
from toolkit.learners.targets import Coding, replace_targets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.records import Dataset

Row = dict[str, Any]
RATIOS = (0.02, 0.05, 0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
LEAVES = (2, 4, 8, 16, 32, 64, 128)
ROUNDS = (1, 4, 16, 64)
TREES = 32
POINTS = 30  # test rows on which effective parameters of trees are counted


@dataclass(frozen=True, eq=False)
class Problem:
    """A split with its training targets at every noise level, coded for all families alike.

    Attributes
    ----------
    noisy : mapping of float to ndarray, shape (rows,)
        Training targets by the share that is wrong; nested.
    """

    parts: Split
    coding: Coding
    noisy: Mapping[float, NDArray[Any]]
    seed: int

    @classmethod
    def of(cls, data: Dataset, parts: Split, noises: Sequence[float], seed: int) -> Problem:
        """Inject every noise level into the training targets; test targets stay as they are."""
        coding = Coding.of(data, parts.y)
        noisy = {
            share: replace_targets(parts.y, share, coding.classes, generator(seed, "label noise"))
            for share in noises
        }
        return cls(parts, coding, noisy, seed)

    def row(
        self,
        *,
        family: str,
        noise: float,
        rung: int,
        size: int,
        parameters: int,
        effective: float | None,
        fitted: NDArray[np.float64],
        predicted: NDArray[np.float64],
    ) -> Row:
        """Return one arm; its training error is against the targets it was given."""
        return {
            "family": family,
            "noise": noise,
            "rung": rung,
            "size": size,
            "parameters": parameters,
            "effective": effective,
            "train_error": self.coding.error(fitted, self.noisy[noise]),
            "test_error": self.coding.error(predicted, self.parts.y_test),
        }


def features(
    problem: Problem,
    *,
    name: str = "features",
    kind: random_features.Kind = "relu",
    ratios: Sequence[float] = RATIOS,
) -> Iterator[Row]:
    """Measure random features with least norm and with ridge tuned by leave-one-out, at all noise levels.

    One decomposition per width serves every penalty, noise level and class. `ratios` are widths over
    training rows; families are called "`name`, ridgeless" and "`name`, tuned ridge".
    """
    import numpy as np

    parts, coding = problem.parts, problem.coding
    rows = len(parts.y)
    widths = sorted({max(1, round(q * rows)) for q in ratios})
    drawn = random_features.draw(kind, parts.X.shape[1], widths[-1], problem.seed)
    targets = {noise: coding.encode(y) for noise, y in problem.noisy.items()}
    for rung, (width, path) in enumerate(_paths(drawn, parts, widths)):
        grid = path.penalties
        errors = path.leave_one_out(np.hstack(list(targets.values())), grid)
        for i, (noise, Y) in enumerate(targets.items()):
            mine = errors[:, i * coding.outputs : (i + 1) * coding.outputs].sum(axis=1)
            for protocol, penalty in (("ridgeless", 0.0), ("tuned ridge", float(grid[mine.argmin()]))):
                yield problem.row(
                    family=f"{name}, {protocol}",
                    noise=noise,
                    rung=rung,
                    size=width,
                    parameters=width * coding.outputs,
                    effective=path.effective_parameters(penalty),
                    fitted=path.fitted(Y, penalty),
                    predicted=path.predict(Y, penalty),
                )


def _paths(
    drawn: random_features.FeatureMap, parts: Split, widths: Sequence[int]
) -> Iterator[tuple[int, ridge.RidgePath]]:
    """Decompose each prefix of the features; far past the rows, products grow by blocks instead."""
    import numpy as np

    rows, done = len(parts.y), 0
    near = max((width for width in widths if width < 2 * rows), default=0)
    mapped, test_mapped = (drawn.block(X, 0, near) for X in (parts.X, parts.X_test))
    gram, test_gram = np.zeros((rows, rows)), np.zeros((len(parts.y_test), rows))
    for width in widths:
        if width < 2 * rows:
            whole = (mapped[:, :width], test_mapped[:, :width])
            exact = ridge.RidgePath.of if width > rows / 2 else ridge.RidgePath.of_few
            yield width, exact(*whole)
            continue
        block, test_block = (drawn.block(X, done, width) for X in (parts.X, parts.X_test))
        gram, test_gram = gram + block @ block.T, test_gram + test_block @ block.T
        done = width
        yield width, ridge.RidgePath.of_gram(gram, test_gram)


def tree(problem: Problem, *, leaves: Sequence[int] = LEAVES) -> Iterator[Row]:
    """Measure one tree at every number of leaves, up to the fully grown one (size: leaves allowed)."""
    for noise, rungs in _forests(problem, [(n, 1) for n in _capped(leaves, problem)], single=True):
        yield from _forest_rows(problem, "tree", noise, rungs)


def forest(
    problem: Problem, *, leaves: Sequence[int] = LEAVES, size: int = TREES, axis: bool = True
) -> Iterator[Row]:
    """Measure a forest by leaves per tree, by number of trees, and along the path that changes axis.

    Families: "forest" (all trees, more leaves each), "forest, more trees" (full trees, more of them) and,
    with `axis`, "tree, then forest" (one tree grows, then trees are added: the path along which a second
    descent has been shown).
    """
    full = _capped(leaves, problem)
    more = [(full[-1], n) for n in sorted({1, 2, 4, 8, 16, 32, size}) if n <= size]
    asked = [(n, size) for n in full] + more + [(n, 1) for n in full[:-1]]
    for noise, rungs in _forests(problem, asked, single=False):
        by_leaves, rest = rungs[: len(full)], rungs[len(full) :]
        by_trees, one = rest[: len(more)], rest[len(more) :]
        yield from _forest_rows(problem, "forest", noise, by_leaves)
        yield from _forest_rows(problem, "forest, more trees", noise, by_trees)
        if axis:
            yield from _forest_rows(problem, "tree, then forest", noise, one + by_trees)


def _forest_rows(problem: Problem, family: str, noise: float, rungs: Sequence[forests.Rung]) -> Iterator[Row]:
    for rung, found in enumerate(rungs):
        yield problem.row(
            family=family,
            noise=noise,
            rung=rung,
            size=found.asked,
            parameters=trees.parameters(found.leaves, found.trees, problem.coding.outputs),
            effective=found.effective,
            fitted=found.fitted,
            predicted=found.predicted,
        )


def _capped(leaves: Sequence[int], problem: Problem) -> list[int]:
    """Return the rungs below the number of rows, then the rows: as many leaves as a tree can have."""
    rows = len(problem.parts.y)
    return [n for n in leaves if n < rows] + [rows]


def _forests(
    problem: Problem, rungs: Sequence[tuple[int, int]], *, single: bool
) -> Iterator[tuple[float, list[forests.Rung]]]:
    """Grow one forest per noise level; a single tree sees all rows and all features."""
    parts = problem.parts
    for noise, y in problem.noisy.items():
        found = forests.ladder(
            parts.X,
            problem.coding.encode(y),
            parts.X_test,
            rungs=rungs,
            seed=problem.seed,
            max_features=None if single else "sqrt",
            bootstrap=not single,
            points=min(POINTS, len(parts.y_test)),
        )
        yield noise, found


def boosted(
    problem: Problem, *, rounds: Sequence[int] = ROUNDS, leaves: int = 32, count_noise: float | None = None
) -> Iterator[Row]:
    """Measure boosting from one stump to many trees: stumps first, then trees of `leaves` leaves.

    Effective parameters are counted at noise `count_noise` only (None: nowhere), as following the
    smoother costs more than the fit.
    """
    parts, coding = problem.parts, problem.coding
    for noise, y in problem.noisy.items():
        rung = 0
        for width, stages in ((2, (1, 4)), (leaves, rounds)):
            for stage in boosting.boost(
                parts.X,
                coding.encode(y),
                parts.X_test,
                rounds=stages,
                leaves=width,
                seed=problem.seed,
                points=min(POINTS, len(parts.y_test)) if noise == count_noise else 0,
            ):
                yield problem.row(
                    family="boosting",
                    noise=noise,
                    rung=rung,
                    size=width * stage.rounds,
                    parameters=trees.parameters(stage.leaves, stage.rounds, coding.outputs),
                    effective=None if stage.smoother is None else effective_parameters(stage.smoother),
                    fitted=stage.fitted,
                    predicted=stage.predicted,
                )
                rung += 1


def networks(
    problem: Problem,
    *,
    widths: Sequence[int],
    steps: int,
    rate: float = 0.01,
    batch: int = 0,
    pad: Mapping[str, int] | None = None,
) -> Iterator[Row]:
    """Measure networks of one hidden layer by width, without decay, dropout or early stopping.

    All widths and noise levels of a bucket are trained in one compiled program. Effective parameters are
    not defined: the smoother of a network changes with the targets.
    """
    from toolkit.learners.networks import sweep

    parts, coding = problem.parts, problem.coding
    arms = [
        {
            "width": width,
            "rate": rate,
            "batch": batch,
            "seed": problem.seed,
            "y": y,
            "share": noise,
            "rung": rung,
        }
        for noise, y in problem.noisy.items()
        for rung, width in enumerate(widths)
    ]
    found = sweep(
        parts.X, parts.y, parts.X_test, parts.y_test,
        arms=arms, steps=steps, classes=coding.classes, pad=pad,
    )  # fmt: skip
    for arm in found:
        yield {
            "family": "network",
            "noise": arm["share"],
            "rung": arm["rung"],
            "size": arm["width"],
            "parameters": arm["parameters"],
            "effective": None,
            "train_error": network_error(coding, arm["train_error"]),
            "test_error": network_error(coding, arm["test_error"]),
        }


def network_error(coding: Coding, error: float) -> float:
    """Put a network's error on the scale of the other families."""
    from toolkit.learners.targets import CAP

    return float(error) if coding.classes else min(float(error) / coding.scale**2, CAP)
