"""What can be done to a finished network without training it again; the misconception M004 does it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks_model import Network, activate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def log_loss(network: Network, X: NDArray[Any], y: NDArray[Any]) -> float:
    """Return the mean log-loss in nats; probabilities are kept above 1e-7."""
    import numpy as np

    return float(-np.log(np.maximum(network.scores(X)[np.arange(len(y)), y], 1e-7)).mean())


def pruned(network: Network, share: float) -> Network:
    """Set the given share of all weights, the smallest by magnitude, to zero; biases stay."""
    import numpy as np

    sizes = np.concatenate([np.abs(W).ravel() for W, _ in network.weights])
    limit = np.sort(sizes)[int(share * len(sizes)) - 1] if share > 0 else -1.0
    kept = tuple((np.where(np.abs(W) > limit, W, np.float32(0)), b) for W, b in network.weights)
    return replace(network, weights=kept)


def rounded(network: Network, bits: int = 8) -> Network:
    """Round each layer's weights to multiples of its largest / (2^(bits-1) - 1), as int8 storage does."""
    import numpy as np

    layers = []
    for W, b in network.weights:
        step = float(np.abs(W).max()) / (2 ** (bits - 1) - 1) or 1.0
        layers.append(((np.round(W / step) * step).astype(np.float32), b))
    return replace(network, weights=tuple(layers))


def scaled(network: Network, factor: float) -> Network:
    """Shrink (or stretch) the last layer: the answers keep their order, their confidence changes."""
    import numpy as np

    (W, b), rest = network.weights[-1], network.weights[:-1]
    return replace(network, weights=(*rest, (W * np.float32(factor), b * np.float32(factor))))


def shrunk(network: Network, X: NDArray[Any], y: NDArray[Any]) -> Network:
    """Shrink the last layer by the factor that serves held-out rows best (temperature; Guo et al. 2017)."""
    factors = [10 ** (step / 20) for step in range(-30, 11)]
    return scaled(network, min(factors, key=lambda f: log_loss(scaled(network, f), X, y)))


def recentred(network: Network, X: NDArray[Any], y: NDArray[Any]) -> Network:
    """Move the output biases until mean probabilities equal the class shares of held-out rows."""
    import numpy as np

    W, b = network.weights[-1]
    shares = (np.bincount(y, minlength=len(b)) + 0.5) / (len(y) + 0.5 * len(b))
    for _ in range(20):
        moved = replace(network, weights=(*network.weights[:-1], (W, b)))
        b = (b + np.log(shares / np.maximum(moved.scores(X).mean(axis=0), 1e-7))).astype(np.float32)
    return replace(network, weights=(*network.weights[:-1], (W, b)))


def resolved(network: Network, X: NDArray[Any], y: NDArray[Any]) -> Network:
    """Solve the last layer again by ridge regression on one-hot classes, its penalty by leave-one-out."""
    import numpy as np

    H = network.hidden(X).astype(np.float64)
    centre = H.mean(axis=0)
    Y = np.eye(network.weights[-1][0].shape[1])[y]
    U, s, Vt = np.linalg.svd(H - centre, full_matrices=False)
    best: tuple[float, Any] = (np.inf, None)
    for penalty in 10.0 ** np.arange(-3, 4):
        kept = s**2 / (s**2 + penalty)
        residual = Y - Y.mean(axis=0) - U @ (kept[:, None] * (U.T @ (Y - Y.mean(axis=0))))
        left_out = residual / (1 - 1 / len(Y) - (U**2 @ kept))[:, None]
        score = float((left_out**2).mean())
        if score < best[0]:
            best = (score, Vt.T @ ((s / (s**2 + penalty))[:, None] * (U.T @ Y)))
    W = best[1]
    last = (W.astype(np.float32), (Y.mean(axis=0) - centre @ W).astype(np.float32))
    return replace(network, weights=(*network.weights[:-1], last))


def averaged(networks: list[Network]) -> Network:
    """Average the parameters of networks that went on from one start (Wortsman et al. 2022)."""
    import numpy as np

    return networks[0].with_vector(np.mean([network.vector() for network in networks], axis=0))


def distance(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Return |after - before| / |before|; a vector that grew is compared with zeros where it was not."""
    import numpy as np

    size = max(len(before), len(after))
    first, second = (np.pad(v, (0, size - len(v))).astype(np.float64) for v in (before, after))
    return float(np.linalg.norm(second - first)) / max(float(np.linalg.norm(first)), 1e-12)


def fisher(network: Network, X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the diagonal of the Fisher information of every parameter, in the order of `Network.vector`.

    The mean over rows of sum over classes of p(class) * (d log p(class) / d parameter)^2: how much each
    parameter matters to what the network says now (Kirkpatrick et al. 2017).
    """
    import numpy as np

    if network.activation not in {"relu", "tanh", "identity"}:
        raise ValueError(f"no Fisher information for {network.activation}; use relu, tanh or identity")
    values = [np.asarray(X, dtype=np.float64)]
    for W, b in network.weights[:-1]:
        values.append(activate(network.activation, values[-1] @ W + b))
    P = network.scores(X).astype(np.float64)
    total = [(np.zeros(W.shape), np.zeros(b.shape)) for W, b in network.weights]
    for c in range(P.shape[1]):
        back = np.eye(P.shape[1])[c] - P
        for number in range(len(total) - 1, -1, -1):
            squared = P[:, [c]] * back**2
            total[number][0][...] += (values[number] ** 2).T @ squared
            total[number][1][...] += squared.sum(axis=0)
            if number:
                h = values[number]
                slope = {"relu": h > 0, "tanh": 1 - h**2, "identity": np.ones_like(h)}[network.activation]
                back = (back @ network.weights[number][0].T) * slope
    return np.concatenate([part.ravel() for layer in total for part in layer]) / len(X)
