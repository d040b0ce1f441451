"""How a network's weights start, before `networks` trains it; drawn at true sizes, so padding is harmless."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Layer = tuple["NDArray[np.float32]", "NDArray[np.float32]"]
Weights = tuple[Layer, ...]

INITIALISERS = ("zero", "constant", "small", "unit", "lecun", "glorot", "he", "orthogonal")
CONSTANT = 0.1


def sizes(features: int, width: int, depth: int, outputs: int) -> list[tuple[int, int]]:
    """Return (inputs, units) of each layer; depth 0 is the linear model."""
    units = [features, *[width] * depth, outputs]
    return list(pairwise(units))


def count(features: int, width: int, depth: int, outputs: int) -> int:
    """Count the trainable numbers exactly: weights and biases of the true, unpadded widths."""
    return sum((inputs + 1) * units for inputs, units in sizes(features, width, depth, outputs))


def spread(init: str, inputs: int, units: int) -> tuple[float, float]:
    """Return (mean, standard deviation) of one layer's initial weights; biases always start at zero.

    ``small`` is N(0, 0.01^2), ``unit`` N(0, 1); LeCun et al. (1998), Glorot and Bengio (2010) and He et
    al. (2015) scale by the number of inputs, of inputs and units, and of inputs again.
    """
    return {
        "zero": (0.0, 0.0),
        "constant": (CONSTANT, 0.0),
        "small": (0.0, 0.01),
        "unit": (0.0, 1.0),
        "lecun": (0.0, inputs**-0.5),
        "glorot": (0.0, (2 / (inputs + units)) ** 0.5),
        "he": (0.0, (2 / inputs) ** 0.5),
        "orthogonal": (0.0, 1.0),
    }[init]


def initial(
    arms: Sequence[tuple[str, int, Sequence[tuple[int, int]]]],
    padded: Sequence[tuple[int, int]],
    gain: float,
) -> list[Weights]:
    """Draw the initial weights of several networks, padded with zeros to one shape.

    Parameters
    ----------
    arms : sequence of (initialiser, seed, true sizes)
    padded : sequence of (inputs, units)
        The shape all of them share.
    gain : float
        Factor of hidden orthogonal layers: sqrt(2) for relu, 1 otherwise (Saxe et al. 2014).

    Returns
    -------
    list of Weights
        Per network one (weights (inputs, units), biases (units,)) per layer, float32; zero beyond the
        true sizes.
    """
    import numpy as np

    networks = []
    for init, seed, true in arms:
        layers = []
        for depth, ((inputs, units), (wide, tall)) in enumerate(zip(true, padded, strict=True)):
            mean, deviation = spread(init, inputs, units)
            # Unit by unit, so that a wider layer starts with the narrower one's units. Drawing by a
            # compiled program would cost a trace per shape and save nothing.
            rng = np.random.default_rng([seed % 2**32, depth, 17])
            drawn = rng.standard_normal((units, inputs), dtype=np.float32).T
            if init == "orthogonal":
                drawn = _nearest_orthogonal(drawn) * np.float32(gain if depth < len(true) - 1 else 1.0)
            W = np.zeros((wide, tall), dtype=np.float32)
            W[:inputs, :units] = np.float32(mean) + np.float32(deviation) * drawn
            layers.append((W, np.zeros(tall, dtype=np.float32)))
        networks.append(tuple(layers))
    return networks


def _nearest_orthogonal(drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the polar factor of a Gaussian matrix, which is uniform among (semi-)orthogonal ones."""
    import numpy as np

    left, _, right = np.linalg.svd(drawn, full_matrices=False)
    return np.asarray(left @ right, dtype=np.float32)
