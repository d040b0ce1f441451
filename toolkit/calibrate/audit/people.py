"""Tables whose people do not count alike: sampling weights, and rows that come in clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.audit.tally import Said, failures, generator, tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.cells import Cells

K, ROWS = 4, 1_000
SHARES = (0.5, 0.25, 0.15, 0.1)
BASE, GAPS = 0.3, (0.0, 0.05, 0.15)
CLUSTER, LIKENESS = 5, 0.2
LOG_SCALE = 1.2  # of heavy-tailed weights: a hundred people count as about thirty
SEVERAL = 0.5  # share of clusters whose people are in different groups


def cells_of(
    group: NDArray[np.int64],
    decision: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    cluster: NDArray[np.int64] | None = None,
) -> Cells:
    """Count rows as `table.counting` does: one cell per group and decision, and moments over clusters."""
    import numpy as np

    from toolkit.fairness.cells import Cells, ClusterMoments

    k = int(group.max()) + 1
    part = group * 2 + decision
    ones = np.ones(len(group)) if weight is None else weight.astype(np.float64)

    def summed(values: NDArray[np.float64], place: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        return np.bincount(place, values, minlength=length).astype(np.float64)

    moments = None
    if cluster is not None:
        number = int(cluster.max()) + 1
        totals = summed(ones, cluster * 2 * k + part, number * 2 * k).reshape(number, 2 * k)
        inside = (totals.reshape(number, k, 2).sum(axis=2) > 0).sum(axis=0)
        moments = ClusterMoments(
            number, totals.T @ totals, np.arange(2 * k), in_group={("group",): inside.astype(np.int64)}
        )
    return Cells(
        attributes=("group",),
        levels=(tuple(f"g{i}" for i in range(k)),),
        code=np.repeat(np.arange(k), 2)[:, None],
        label=None,
        decision=np.tile([0, 1], k),
        n=np.bincount(part, minlength=2 * k),
        weight=summed(ones, part, 2 * k),
        weight2=summed(ones**2, part, 2 * k),
        clusters=moments,
    )


def weighted(rng: np.random.Generator, p: NDArray[np.float64], informative: bool) -> Cells:
    """Draw rows of unequal weight; informative ones sample the positive four times as often."""
    import numpy as np

    group = rng.choice(K, size=ROWS, p=SHARES)
    weight = rng.choice([1.0, 2.0, 6.0], size=ROWS)
    share = p[group]
    if informative:
        # People are sampled by outcome, and their weight undoes it.
        share = 4 * share / (4 * share + 1 - share)
    decision = (rng.random(ROWS) < share).astype(np.int64)
    if informative:
        weight = np.where(decision == 1, 1.0, 4.0)
    return cells_of(group, decision, weight)


def heavy(rng: np.random.Generator, p: NDArray[np.float64]) -> Cells:
    """Draw rows of lognormal weights, unrelated to the decision: a few rows decide a small group's share."""
    import numpy as np

    group = rng.choice(K, size=ROWS, p=SHARES)
    decision = (rng.random(ROWS) < p[group]).astype(np.int64)
    return cells_of(group, decision, np.exp(LOG_SCALE * rng.standard_normal(ROWS)))


def clustered(rng: np.random.Generator, p: NDArray[np.float64]) -> Cells:
    """Draw clusters of five alike people, half of the clusters with people of different groups."""
    import numpy as np

    clusters = np.repeat(np.arange(ROWS // CLUSTER), CLUSTER)
    own = rng.choice(K, size=ROWS // CLUSTER, p=SHARES)[clusters]
    mixed = (rng.random(ROWS // CLUSTER) < SEVERAL)[clusters]
    group = np.where(mixed, rng.choice(K, size=ROWS, p=SHARES), own)
    # With probability sqrt(likeness) a person takes the cluster's common draw, at the person's own rate.
    common = rng.random(ROWS // CLUSTER)[clusters]
    copied = rng.random(ROWS) < LIKENESS**0.5
    decision = (np.where(copied, common, rng.random(ROWS)) < p[group]).astype(np.int64)
    return cells_of(group, decision, cluster=clusters)


def people(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield one group's interval and the widest gap under weights and under clusters."""
    draws: dict[str, Callable[[np.random.Generator, NDArray[np.float64]], Cells]] = {
        "weights": lambda rng, p: weighted(rng, p, False),
        "weights by outcome": lambda rng, p: weighted(rng, p, True),
        "heavy-tailed weights": heavy,
        "clusters": clustered,
    }
    for name, draw in draws.items():
        for gap in GAPS:
            yield from _world(name, draw, gap, runs, generator(seed, name, gap))


def _world(name: str, draw: Any, gap: float, runs: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    import numpy as np

    from toolkit.fairness.gaps.widest import widest
    from toolkit.fairness.metrics.proportions import proportion

    p = np.full(K, BASE)
    p[-1] += gap
    said, covered, smallest = [], 0, 0
    for run in range(runs):
        cells = draw(rng, p)
        estimates = proportion(cells, cells.partition(("group",)), "selection_rate")
        inside = (estimates.low <= p) & (p <= estimates.high)
        covered, smallest = covered + int(inside.sum()), smallest + int(inside[-1])
        wide = widest(estimates, seed=run, kinds=("difference",))["difference"]
        assert wide is not None
        said.append(Said.of(wide))
    how = "equal groups" if not gap else f"gap {gap:g}"
    world = f"{K} groups, n = {ROWS:,}, {how}"
    yield tally(name, world, gap, said)
    alone = {"part": name, "runs": runs, "world": f"the smallest group's own interval, {how}"}
    found: dict[str, Any] = alone | {"coverage": smallest / runs, "coverage_all": covered / runs / K}
    yield found | {"failed": failures(found)}
