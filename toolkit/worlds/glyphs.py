"""Glyphs: a world of 8x8 images of the ten digits, drawn afresh for every trial, whose truth is known.

Each image is a digit of a 3x5 font, tilted, stretched and moved at random, inked more or less, and sprinkled
with noise; so fresh draws, of any number, look like scikit-learn's digits while the label is the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from toolkit.records import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FONT = (
    "111101101101111",
    "010110010010111",
    "111001111100111",
    "111001111001111",
    "101101111001001",
    "111100111001111",
    "111100111101111",
    "111001001010010",
    "111101111101111",
    "111101111001111",
)
SIDE = 8
PIXELS = tuple(f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE))


@dataclass(frozen=True)
class Glyphs:
    """How the images are drawn, and what an experiment does with them.

    Attributes
    ----------
    tilt : float
        Standard deviation of the tilt, in radians.
    move : float
        Largest shift along each axis, in pixels.
    speck : float
        Standard deviation of the noise of a pixel, where full ink is 1.
    label_noise : float
        Share of labels replaced by another digit, in every row drawn.
    plan : mapping
        Settings that an experiment reads from `Dataset.params`, to plant what it must find.
    """

    tilt: float = 0.12
    move: float = 0.6
    speck: float = 0.1
    label_noise: float = 0.0
    plan: Mapping[str, Any] | None = None


def templates() -> NDArray[np.float64]:
    """Return the ten digits with a blank margin of two cells, shape (10, 9, 7)."""
    import numpy as np

    cells = np.array([[int(bit) for bit in digit] for digit in FONT], dtype=np.float64).reshape(10, 5, 3)
    return np.pad(cells, ((0, 0), (2, 2), (2, 2)))


def draw(world: Glyphs, seed: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw images (rows, 64) of 0 to 16, like scikit-learn's digits, and their digits (rows,)."""
    import numpy as np

    rng = np.random.default_rng([seed, 808])
    y = rng.integers(0, 10, rows)
    angle = world.tilt * rng.standard_normal(rows)
    stretch = rng.uniform(0.9, 1.15, (rows, 2))
    move = rng.uniform(-world.move, world.move, (rows, 2))
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    down, across = row[None] - 3.5 - move[:, :1], column[None] - 3.5 - move[:, 1:]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    # From the pixel back to the font's cell: turn, then shrink; five cells span seven pixels.
    v = (cos * down - sin * across) * stretch[:, :1] / 1.45 + 4
    u = (sin * down + cos * across) * stretch[:, 1:] / 1.8 + 3
    ink = _between(templates(), y, v, u) * rng.uniform(0.75, 1.0, (rows, 1))
    X = np.clip(ink + world.speck * rng.standard_normal(ink.shape), 0, 1) * 16
    wrong = rng.random(rows) < world.label_noise
    return X, np.where(wrong, (y + rng.integers(1, 10, rows)) % 10, y)


def _between(
    images: NDArray[np.float64], which: NDArray[np.int64], v: NDArray[np.float64], u: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read images at fractional places (bilinear); v down and u across, shape (rows, places)."""
    import numpy as np

    height, width = images.shape[1:]
    v, u = np.clip(v, 0, height - 1.001), np.clip(u, 0, width - 1.001)
    i, j = v.astype(np.int64), u.astype(np.int64)
    dv, du, k = v - i, u - j, which[:, None]
    top = images[k, i, j] * (1 - du) + images[k, i, j + 1] * du
    bottom = images[k, i + 1, j] * (1 - du) + images[k, i + 1, j + 1] * du
    return np.asarray(top * (1 - dv) + bottom * dv)


def dataset(name: str, world: Glyphs) -> Dataset:
    """Return one setting of the world as a generator of fresh images."""

    def drawn(seed: int, rows: int) -> Dataset:
        X, y = draw(world, seed, rows)
        return Dataset(
            name,
            "multiclass",
            X,
            y,
            PIXELS,
            columns=PIXELS,
            source_columns=tuple(range(len(PIXELS))),
            classes=tuple("0123456789"),
            target="digit",
            draw=drawn,
            params=dict(world.plan or {}),
            truth={k: v for k, v in asdict(world).items() if k != "plan"},
        )

    return drawn(0, 200)
