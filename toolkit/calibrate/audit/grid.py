"""The grid of procedure W: groups, shapes, sizes, gaps and base rates, through the audit's own code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.audit.tally import Said, generator, tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUPS = (2, 4, 10)
SIZES = (200, 1_000, 8_000, 100_000)
GAPS = (0.0, 0.05, 0.15)
BASES = (0.05, 0.3)
SKEWED: dict[int, tuple[float, ...]] = {
    2: (0.9, 0.1),
    4: (0.6, 0.2, 0.12, 0.08),
    10: (0.3, 0.2, 0.14, 0.1, 0.07, 0.06, 0.05, 0.035, 0.025, 0.02),
}
LEAST_ROWS = 10
RATIOS = (1.0, 0.8, 0.6)
QUICK = {"groups": (2, 4), "sizes": (200, 1_000), "bases": (0.3,)}


def sizes(k: int, shape: str, n: int) -> NDArray[np.int64]:
    """Return the rows of each group that is large enough to be compared, largest first."""
    import numpy as np

    shares = np.full(k, 1 / k) if shape == "balanced" else np.array(SKEWED[k])
    rows = np.rint(shares * n).astype(np.int64)
    return np.asarray(rows[rows >= LEAST_ROWS], np.int64)


def rates(k: int, base: float, gap: float, odd: str) -> NDArray[np.float64]:
    """Return true rates: the smallest group apart from equal others, or all of them evenly spread."""
    import numpy as np

    if odd == "smallest":
        p = np.full(k, base)
        p[-1] += gap
        return p
    return base + gap * np.arange(k) / (k - 1)


def worlds(quick: bool) -> Iterator[tuple[int, str, int, float, float, str]]:
    """Yield every cell of the grid: groups, shape, rows, base rate, gap, which group is odd."""
    kept = QUICK if quick else {"groups": GROUPS, "sizes": SIZES, "bases": BASES}
    for k in kept["groups"]:
        for shape in ("balanced", "skewed"):
            for n in kept["sizes"]:
                for base in kept["bases"]:
                    for gap in GAPS:
                        odds = ("smallest", "spread") if gap and k > 2 else ("smallest",)
                        for odd in odds:
                            yield int(k), shape, int(n), base, gap, odd


def grid(runs: int, seed: int, quick: bool = False) -> Iterator[dict[str, Any]]:
    """Measure procedure W for differences in every cell of the grid."""
    for k, shape, n, base, gap, odd in worlds(quick):
        rows = sizes(k, shape, n)
        p = rates(len(rows), base, gap, odd)
        rng = generator(seed, "widest", k, shape, n, base, gap, odd)
        said = simulate(rng, p, rows, runs)
        among = f"{len(rows)} of {k}" if len(rows) < k else str(k)
        how = "equal groups" if not gap else f"gap {gap:g}, {odd}"
        world = f"{among} groups, {shape}, n = {n:,}, base {base:g}, {how}"
        keys = {"k": k, "shape": shape, "n": n, "base": base, "gap": gap, "odd": odd if gap else None}
        yield tally("widest", world, float(p.max() - p.min()), said) | keys


def simulate(
    rng: np.random.Generator,
    p: NDArray[np.float64],
    rows: NDArray[np.int64],
    runs: int,
    kind: str = "difference",
) -> list[Said]:
    """Audit `runs` tables of independent people; every run has draws of its own."""
    import numpy as np

    from toolkit.fairness.gaps.widest import widest
    from toolkit.fairness.metrics.proportions import counted

    unused = np.full(len(p), np.nan)
    said = []
    for run, x in enumerate(rng.binomial(rows, p, size=(runs, len(p)))):
        # The groups' own intervals play no part in their gap.
        estimates = counted("selection_rate", x, rows, (unused, unused))
        wide = widest(estimates, seed=run, kinds=(kind,))[kind]
        if wide is not None:
            said.append(Said.of(wide))
    return said


def ratios(runs: int, seed: int, quick: bool = False) -> Iterator[dict[str, Any]]:
    """Measure the ratio form at a base rate of .3, where it gets a ruling."""
    for k in QUICK["groups"] if quick else GROUPS:
        for shape in ("balanced", "skewed"):
            for n in (1_000,) if quick else (1_000, 8_000):
                for ratio in RATIOS:
                    rows = sizes(int(k), shape, n)
                    p = rates(len(rows), 0.3, 0.0, "smallest")
                    p[-1] *= ratio
                    said = simulate(generator(seed, "ratio", k, shape, n, ratio), p, rows, runs, "ratio")
                    world = f"{k} groups, {shape}, n = {n:,}, true ratio {ratio:g}"
                    bare = sum(s.value < 0.8 for s in said) / len(said)
                    extra = {"k": k, "shape": shape, "n": n, "bare_rule": bare}
                    yield tally("ratio", world, ratio, said, "ratio") | extra
