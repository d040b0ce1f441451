"""Capacity worlds: where more parameters help, hurt or cannot matter, because it was planted so."""

from __future__ import annotations

from typing import Any

from toolkit.records import Dataset

VARIANTS = ("coin", "rise", "single", "early", "late", "anti", "switch", "linear", "slope", "blur", "teacher")
SHOWN = 50
TEACHER = (8, 20, 3)  # width, inputs, classes

# How the capacity experiments run a planted world: its sizes, its own columns as the features whose number
# is dialled, and only the families that it says something about.
PARAMS: dict[str, dict[str, Any]] = {
    "coin": {"train": 60, "test": 8000},
    "rise": {"train": 200, "test": 2000},
    "single": {"families": ("forest",), "train": 200, "test": 2000},
    "early": {"features": "columns", "families": ("features",), "train": 100, "test": 2000},
    "late": {"features": "columns", "families": ("features",), "train": 100, "test": 2000},
    "anti": {"families": ("forest",), "train": 300, "test": 2000},
    "switch": {"families": ("forest",), "train": 100, "test": 200},
    "slope": {"leaves": 4},
    "blur": {"families": ("network",), "train": 200, "test": 1000},
}


def load(variant: str) -> Dataset:
    """Return a generator of one kind, with a small sample in it."""
    return _drawn(variant, 0, SHOWN)


def _drawn(variant: str, seed: int, rows: int) -> Dataset:
    """Return fresh rows, independent between seeds."""
    from toolkit.experiment import generator
    from toolkit.worlds import capacity, tasks

    rng = generator(seed, "capacity", variant)
    if variant == "teacher":
        X, y = tasks.teacher(*TEACHER, rows, rng)
    else:
        X, y = capacity.draw(variant, rows, rng)
    number = variant in {"linear", "slope", "blur"}
    classes = () if number else ("a", "b", "c") if variant == "teacher" else ("no", "yes")
    names = tuple(f"x{i}" for i in range(X.shape[1]))
    return Dataset(
        f"capacity:{variant}",
        "regression" if number else "multiclass" if variant == "teacher" else "binary",
        X,
        y,
        names,
        columns=names,
        source_columns=tuple(range(X.shape[1])),
        classes=classes,
        draw=lambda seed, rows: _drawn(variant, seed, rows),
        params=PARAMS.get(variant, {}),
        truth={"capacity": capacity.TRUTH.get(variant, "a network of 8 units says the class, without noise")},
    )
