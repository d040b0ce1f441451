"""Importance worlds: tables whose important features are known, because they were planted."""

from __future__ import annotations

from toolkit.records import Dataset

VARIANTS = ("planted", "equal", "noise", "single", "twins", "readable", "parity", "plane", "friedman")
SHOWN = 200


def load(variant: str) -> Dataset:
    """Return a generator of one kind, with a small sample in it."""
    return _drawn(variant, 0, SHOWN)


def _drawn(variant: str, seed: int, rows: int) -> Dataset:
    """Return fresh rows, independent between seeds."""
    from toolkit.experiment import generator
    from toolkit.worlds import importance

    X, y = importance.draw(variant, rows, generator(seed, "importance", variant))
    regression = variant == "friedman"
    return Dataset(
        f"importance:{variant}",
        "regression" if regression else "binary",
        X,
        y,
        tuple(f"x{i}" for i in range(X.shape[1])),
        columns=tuple(f"x{i}" for i in range(X.shape[1])),
        source_columns=tuple(range(X.shape[1])),
        classes=() if regression else ("no", "yes"),
        draw=lambda seed, rows: _drawn(variant, seed, rows),
        truth={"carriers": importance.CARRIERS[variant]},
    )
