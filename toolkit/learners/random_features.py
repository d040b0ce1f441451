"""Random features whose first p are the same whatever the width: capacity grows by prefix.

One draw of the widest map serves every rung of a ladder, so that rungs differ in capacity and nothing else
(Rahimi and Recht 2007 for Fourier features; Belkin et al. 2019 for their use as a capacity dial).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from toolkit.experiment import generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["relu", "fourier", "columns"]


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """A drawn map from inputs to `width` features.

    Attributes
    ----------
    kind : {"relu", "fourier", "columns"}
        ``columns`` passes the inputs on in their own order: plain linear regression on the first p of them.
    weights : ndarray, shape (inputs, width)
    offsets : ndarray, shape (width,)
    """

    kind: Kind
    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @property
    def width(self) -> int:
        """The number of features of the widest rung."""
        return int(self.weights.shape[1])

    def block(self, X: NDArray[np.float64], start: int, stop: int) -> NDArray[np.float64]:
        """Return features `start` to `stop` of each row, shape (rows, stop - start)."""
        import numpy as np

        if self.kind == "columns":
            return X[:, start:stop]
        mapped: NDArray[np.float64] = X @ self.weights[:, start:stop]
        mapped += self.offsets[start:stop]  # in place: fresh pages cost more than the arithmetic
        if self.kind == "relu":
            return np.maximum(mapped, 0.0, out=mapped)
        np.cos(mapped, out=mapped)
        mapped *= 2**0.5
        return mapped


def draw(kind: Kind, inputs: int, width: int, seed: int) -> FeatureMap:
    """Draw a feature map.

    Parameters
    ----------
    kind : {"relu", "fourier", "columns"}
        Weights are N(0, 1 / inputs) for scaled inputs: projections of about unit variance, which for
        Fourier features is a Gaussian kernel whose bandwidth is the typical distance of two rows.
    inputs, width : int
    seed : int
        Feature j depends on the seed and j only, not on the width.
    """
    import numpy as np

    rng = generator(seed, "random features", kind)
    drawn = rng.standard_normal((width, inputs + 1))  # one row per feature, so that a prefix is a prefix
    weights = drawn[:, :inputs].T / np.sqrt(inputs)
    if kind == "fourier":
        return FeatureMap(kind, weights, (drawn[:, inputs] * 1e3) % (2 * np.pi))
    return FeatureMap(kind, weights, 0.5 * drawn[:, inputs])
