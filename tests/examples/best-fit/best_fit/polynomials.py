"""Worlds for the belief: points on a known curve, with noise of a known size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.experiment import generator
from toolkit.records import Dataset

if TYPE_CHECKING:
    import numpy as np

# name: (rows to train on, curve, standard deviation of the noise)
WORLDS = {
    "noisy": (20, "cubic", 0.3),
    "tiny": (12, "cubic", 0.5),
    "wiggly": (200, "wiggly", 0.1),
    "plenty": (5000, "cubic", 0.3),
}
VARIANTS = tuple(WORLDS)


def load(variant: str) -> Dataset:
    """Return the world `variant`; every draw is fresh."""
    rows, curve, noise = WORLDS[variant]

    def draw(seed: int, wanted: int) -> Dataset:
        import numpy as np

        rng = generator(seed, "polynomials", variant)
        x = rng.uniform(-1, 1, wanted)
        y = truth(x, curve) + rng.normal(0, noise, wanted)
        return Dataset(f"polynomials:{variant}", "regression", np.c_[x], y, ("x",))

    sample = draw(0, 10)
    return Dataset(
        sample.name,
        "regression",
        sample.X,
        sample.y,
        sample.feature_names,
        draw=draw,
        params={"train": rows, "curve": curve},
    )


def truth(x: np.ndarray, curve: str) -> np.ndarray:
    """Return the curve without noise."""
    import numpy as np

    return np.sin(9 * x) if curve == "wiggly" else x**3 - x
