"""A trained network as plain arrays: what `networks.sweep` returns and what post-training changes act on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks_init import Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def activate(name: str, z: Any) -> Any:
    """Apply an activation to an array, as `networks_train` does while training."""
    import numpy as np

    if name == "relu":
        return np.maximum(z, 0)
    if name == "tanh":
        return np.tanh(z)
    if name == "gelu":
        return 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
    if name == "sigmoid":
        return 0.5 * (1 + np.tanh(z / 2))
    return z


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network as plain arrays.

    Attributes
    ----------
    weights : tuple of (ndarray (inputs, units), ndarray (units,))
        float32, true widths.
    centre, scale : float
        What a regression's outputs are multiplied by and moved to, to be in the target's unit.
    """

    weights: Weights
    activation: str = "relu"
    regression: bool = False
    centre: float = 0.0
    scale: float = 1.0

    @property
    def parameters(self) -> int:
        """The number of trainable numbers."""
        return sum(W.size + b.size for W, b in self.weights)

    def vector(self) -> NDArray[np.float32]:
        """Return all parameters as one vector, weights before biases, first layer first."""
        import numpy as np

        return np.concatenate([part.ravel() for layer in self.weights for part in layer])

    def sha256(self) -> str:
        """Hash the parameters' bytes, little-endian, in the order of `vector`."""
        return hashlib.sha256(self.vector().astype("<f4").tobytes()).hexdigest()

    def with_vector(self, vector: NDArray[np.floating[Any]]) -> Network:
        """Return the same network with other parameters, in the order of `vector`."""
        import numpy as np

        layers, at = [], 0
        for W, b in self.weights:
            middle, end = at + W.size, at + W.size + b.size
            layers.append((vector[at:middle].reshape(W.shape), vector[middle:end]))
            at = end
        return replace(self, weights=tuple((W.astype(np.float32), b.astype(np.float32)) for W, b in layers))

    def hidden(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return the last hidden layer's activations, shape (rows, width)."""
        import numpy as np

        h = np.asarray(X, dtype=np.float32)
        with np.errstate(all="ignore"):  # a diverged network may overflow; its scores say so
            for W, b in self.weights[:-1]:
                h = activate(self.activation, h @ W + b)
        return h

    def scores(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Return probabilities (rows, classes), or a regression's predictions (rows,) in its unit."""
        import numpy as np

        W, b = self.weights[-1]
        with np.errstate(all="ignore"):
            outputs = self.hidden(X) @ W + b
            if self.regression:
                return np.asarray(outputs[:, 0] * self.scale + self.centre)
            raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def predict(self, X: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """Return class codes, or a regression's predictions in its unit."""
        scores = self.scores(X)
        return scores if self.regression else scores.argmax(axis=1)

    def error(self, X: NDArray[np.floating[Any]], y: NDArray[Any]) -> float:
        """Return the share of wrong classes, or the mean squared error in the target's unit."""
        wrong = (self.predict(X) - y) ** 2 if self.regression else self.predict(X) != y
        return float(wrong.mean())
