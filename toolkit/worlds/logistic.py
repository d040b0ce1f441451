"""Logistic: a world whose truth is a linear model, so that training one on its rows is convex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.records import Dataset

SLOPES = (1.5, -1.0, 0.8, 0.5, 0.0)


def dataset(name: str, plan: Mapping[str, Any]) -> Dataset:
    """Return a generator of rows with P(y = 1 | x) = 1 / (1 + exp(-x . SLOPES)), x standard normal.

    Parameters
    ----------
    plan : mapping
        Settings that an experiment reads from `Dataset.params`.
    """
    import numpy as np

    features = tuple(f"x{i + 1}" for i in range(len(SLOPES)))

    def drawn(seed: int, rows: int) -> Dataset:
        rng = np.random.default_rng([seed, 1958])
        X = rng.standard_normal((rows, len(SLOPES)))
        y = (rng.random(rows) < 1 / (1 + np.exp(-X @ np.array(SLOPES)))).astype(np.int64)
        return Dataset(
            name,
            "binary",
            X,
            y,
            features,
            columns=features,
            source_columns=tuple(range(len(features))),
            classes=("no", "yes"),
            draw=drawn,
            params=dict(plan),
            truth={"slopes": SLOPES},
        )

    return drawn(0, 200)
