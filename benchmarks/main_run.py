"""How much cheaper the main run's ladders are than the plain scikit-learn loop, at equal arms and trials.

    python benchmarks/main_run.py [--dataset digits] [--trials 3]

Both sides measure the same families at the same capacities and label noise on the same splits, one fit per
arm in the plain loop, as a user would write it with scikit-learn's estimators. Ours does each thing once.
CPU seconds of this process, imports and one warming trial (which compiles) excluded; ratios in one run.
Not compared: effective parameters, which scikit-learn does not give; ours computes them and still pays.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import label_binarize
from sklearn.tree import DecisionTreeClassifier

from toolkit import catalogue
from toolkit.experiment import Split, generator, split
from toolkit.learners import ladders
from toolkit.learners.networks import prepare

NOISES = (0.0, 0.1, 0.2)
WIDTHS = (1, 4, 16, 64, 256, 1024)
STEPS, BATCH = 200, 64
ALPHAS = np.logspace(-6, 6, 25)
Rows = Iterator[tuple[str, float]]


def ours(problem: ladders.Problem) -> dict[str, Callable[[], object]]:
    """Return each family's ladder as the main run measures it."""
    return {
        "random features, ridgeless and tuned": lambda: list(ladders.features(problem)),
        "tree, by leaves": lambda: list(ladders.tree(problem)),
        "forest, by leaves and by trees": lambda: list(ladders.forest(problem, axis=False)),
        "boosting, staged": lambda: list(ladders.boosted(problem)),
        "networks, by width": lambda: list(
            ladders.networks(problem, widths=WIDTHS, steps=STEPS, batch=BATCH)
        ),
    }


def plain(parts: Split, targets: Sequence[np.ndarray], seed: int) -> dict[str, Callable[[], object]]:
    """Return the same arms as one scikit-learn fit each."""
    fit_trees = [n for n in ladders.LEAVES if n < len(parts.y)] + [len(parts.y)]

    def score(model: object, y: np.ndarray) -> float:
        return float(model.fit(parts.X, y).score(parts.X_test, parts.y_test))  # type: ignore[attr-defined]

    def features() -> None:
        classes = np.unique(parts.y)
        weights = generator(seed, "peer").normal(size=(parts.X.shape[1], int(20 * len(parts.y))))
        for ratio in ladders.RATIOS:
            width = max(1, round(ratio * len(parts.y)))
            mapped, mapped_test = (np.maximum(X @ weights[:, :width], 0) for X in (parts.X, parts.X_test))
            for y in targets:
                coded = label_binarize(y, classes=classes)
                for model in (LinearRegression(), RidgeCV(alphas=ALPHAS)):
                    model.fit(mapped, coded).predict(mapped_test).argmax(axis=1)

    def tree() -> None:
        for y in targets:
            for leaves in fit_trees:
                score(DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=seed), y)

    def forest() -> None:
        for y in targets:
            for leaves, trees in [(n, ladders.TREES) for n in fit_trees] + [
                (len(parts.y), n) for n in (1, 2, 4, 8, 16, 32)
            ]:
                score(RandomForestClassifier(trees, max_leaf_nodes=leaves, random_state=seed), y)

    def boosting() -> None:
        for y in targets:
            for leaves, stages in ((2, (1, 4)), (32, ladders.ROUNDS)):
                for rounds in stages:
                    score(
                        GradientBoostingClassifier(
                            n_estimators=rounds, max_leaf_nodes=leaves, max_depth=None, random_state=seed
                        ),
                        y,
                    )

    def networks() -> None:
        epochs = STEPS * BATCH // len(parts.y)
        for y in targets:
            for width in WIDTHS:
                score(
                    MLPClassifier(
                        (width,), alpha=0.0, batch_size=BATCH, learning_rate_init=0.01, max_iter=epochs,
                        tol=0.0, n_iter_no_change=epochs, random_state=seed,
                    ),
                    y,
                )  # fmt: skip

    return dict(zip(ours_names(), (features, tree, forest, boosting, networks), strict=True))


def ours_names() -> tuple[str, ...]:
    """Return the names of the families, in order."""
    return (
        "random features, ridgeless and tuned",
        "tree, by leaves",
        "forest, by leaves and by trees",
        "boosting, staged",
        "networks, by width",
    )


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds `work` takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    """Print one line per family and the ratio of the totals."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--dataset", default="digits")
    options.add_argument("--trials", type=int, default=3)
    asked = options.parse_args()
    import warnings

    warnings.filterwarnings("ignore", module="sklearn")  # the plain loop stops networks before they converge
    prepare()
    data = catalogue.dataset(asked.dataset)
    spent: dict[str, list[float]] = {name: [0.0, 0.0] for name in ours_names()}
    for seed in range(-1, asked.trials):
        parts = split(data, max(seed, 0), train=300, test=75)
        problem = ladders.Problem.of(data, parts, NOISES, max(seed, 0))
        sides = ours(problem), plain(parts, list(problem.noisy.values()), max(seed, 0))
        for name, both in spent.items():
            for side, works in enumerate(sides):
                if seed >= 0:
                    both[side] += seconds(works[name])
                elif side == 0:
                    works[name]()
    print(f"{asked.dataset}, {asked.trials} trials, noise {NOISES}, CPU seconds on one core")
    print(f"{'family':40}{'plain loop':>12}{'ours':>10}{'ratio':>9}")
    spent["all"] = [sum(both[i] for both in spent.values()) for i in (0, 1)]
    for name, (mine, loop) in spent.items():
        print(f"{name:40}{loop:12.2f}{mine:10.2f}{loop / mine:8.1f}x")


if __name__ == "__main__":
    main()
