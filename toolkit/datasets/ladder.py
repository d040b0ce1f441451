"""Tasks of dialled complexity, one or a whole ladder, to ask how much capacity a task needs."""

from __future__ import annotations

from typing import Any

from toolkit.records import Dataset

INPUTS = 6
SHOWN = 50

# A ladder's tasks in order of complexity: (kind, dial). A trial measures all of them.
LADDERS: dict[str, tuple[tuple[str, int], ...]] = {
    "varied": (("parity", 1), ("teacher", 1), ("parity", 2), ("teacher", 8), ("parity", 3), ("parity", 4)),
    "copies": (("parity", 2),) * 3,
    "planted": (("parity", 1), ("parity", 2), ("parity", 4)),
}
SINGLES: dict[str, tuple[str, int]] = {"line": ("parity", 1), "parity": ("parity", 4)}
VARIANTS = (*LADDERS, *SINGLES)

# How the experiments run the single tasks: in "parity" the large model is only as large as the task needs,
# so that nothing in it is surplus.
PARAMS: dict[str, dict[str, Any]] = {
    "line": {"test": 2000},
    "parity": {"test": 2000, "units": 16, "features": 200, "leaves": 4},
}


def load(variant: str) -> Dataset:
    """Return a generator: of one task, or of a ladder's first task with the ladder in its `params`."""
    tasks = LADDERS.get(variant)
    return _drawn(variant, (tasks or (SINGLES[variant],))[0], 0, SHOWN)


def _drawn(variant: str, task: tuple[str, int], seed: int, rows: int) -> Dataset:
    from toolkit.experiment import generator
    from toolkit.worlds import tasks

    X, y = tasks.draw(*task, INPUTS, rows, generator(seed, "ladder", variant))
    names = tuple(f"x{i}" for i in range(INPUTS))
    return Dataset(
        f"ladder:{variant}",
        "binary",
        X,
        y,
        names,
        columns=names,
        source_columns=tuple(range(INPUTS)),
        classes=("no", "yes"),
        draw=lambda seed, rows: _drawn(variant, task, seed, rows),
        params={"tasks": LADDERS[variant]} if variant in LADDERS else PARAMS[variant],
        truth={"best error": 0.0},
    )
