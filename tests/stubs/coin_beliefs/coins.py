"""Coins of known bias, drawn anew for every trial."""

from __future__ import annotations

from toolkit.records import Dataset

VARIANTS = ("fair", "loaded", "reversed")
CHANCE = {"fair": 0.5, "loaded": 0.8, "reversed": 0.2}


def load(variant: str) -> Dataset:
    """Return a coin."""
    import numpy as np

    def draw(seed: int, rows: int) -> Dataset:
        heads = np.random.default_rng(seed).random(rows) < CHANCE[variant]
        return _coin(variant, heads.astype(np.int64), draw)

    return _coin(variant, np.empty(0, dtype=np.int64), draw)


def _coin(variant, y, draw):  # type: ignore[no-untyped-def]
    import numpy as np

    return Dataset(
        name=f"coins:{variant}",
        task="binary",
        X=np.zeros((len(y), 1)),
        y=y,
        feature_names=("nothing",),
        classes=("tails", "heads"),
        draw=draw,
        params={"chance": CHANCE[variant]},
    )
