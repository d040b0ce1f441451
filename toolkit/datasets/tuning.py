"""Tuning worlds: a noisy classification in which tuning pays, and planted response surfaces of a search."""

from __future__ import annotations

from toolkit.records import Dataset

VARIANTS = ("learners", "flat", "bowl", "narrow", "equal", "dominant")
SHOWN = 200


def load(variant: str) -> Dataset:
    """Return the classification ("learners"), or a surface that only a search sees (same rows)."""
    return _drawn(variant, 0, SHOWN)


def _drawn(variant: str, seed: int, rows: int) -> Dataset:
    """Return fresh rows, independent between seeds."""
    from toolkit.experiment import generator
    from toolkit.worlds import tuning

    X, y = tuning.draw(rows, generator(seed, "tuning"))
    return Dataset(
        f"tuning:{variant}",
        "binary",
        X,
        y,
        tuple(f"x{i}" for i in range(X.shape[1])),
        columns=tuple(f"x{i}" for i in range(X.shape[1])),
        source_columns=tuple(range(X.shape[1])),
        classes=("low", "high"),
        draw=lambda seed, rows: _drawn(variant, seed, rows),
        params={} if variant == "learners" else {"surface": variant},
        truth={} if variant == "learners" else {"surface": variant},
    )
