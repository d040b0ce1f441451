"""Every ridge penalty, least norm included, from one singular value decomposition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class RidgePath:
    """Least squares on features F with penalty lambda ||w||^2, for all lambda at once.

    Attributes
    ----------
    left : ndarray, shape (rows, rank)
        Left singular vectors U of F.
    values : ndarray, shape (rank,)
        Singular values s, all above `RANK_TOLERANCE` times the largest.
    test : ndarray, shape (test rows, rank)
        Test features in the right singular basis, ``F_test @ V``.
    """

    left: NDArray[np.float64]
    values: NDArray[np.float64]
    test: NDArray[np.float64]

    @classmethod
    def of(cls, features: NDArray[np.float64], test: NDArray[np.float64]) -> RidgePath:
        """Decompose the features themselves: exact to working precision at any width."""
        import numpy as np

        left, values, right = np.linalg.svd(features, full_matrices=False)
        kept = values > RANK_TOLERANCE * values[0]
        return cls(left[:, kept], values[kept], test @ right[kept].T)

    @classmethod
    def of_few(cls, features: NDArray[np.float64], test: NDArray[np.float64]) -> RidgePath:
        """Decompose F'F (features, features): cheaper where features are well below the rows.

        Squaring halves the digits, so this and `of_gram` are for widths away from the number of rows,
        where F is well conditioned.
        """
        import numpy as np

        squares, right = np.linalg.eigh(features.T @ features)
        kept = squares > RANK_TOLERANCE * squares[-1]
        values, right = np.sqrt(squares[kept]), right[:, kept]
        return cls(features @ right / values, values, test @ right)

    @classmethod
    def of_gram(cls, gram: NDArray[np.float64], test_gram: NDArray[np.float64]) -> RidgePath:
        """Decompose F F' (rows, rows) with F_test F' beside it: cheaper where features outnumber rows."""
        import numpy as np

        squares, left = np.linalg.eigh(gram)
        kept = squares > RANK_TOLERANCE * squares[-1]
        values, left = np.sqrt(squares[kept]), left[:, kept]
        return cls(left, values, test_gram @ left / values)

    @property
    def penalties(self) -> NDArray[np.float64]:
        """A grid of penalties, 1e-6 to 1e4 times the mean eigenvalue of F'F over its rank."""
        import numpy as np

        return np.asarray(np.logspace(-6, 4, 16) * np.mean(self.values**2))

    def shrinkage(self, penalty: float) -> NDArray[np.float64]:
        """Return s / (s^2 + penalty), the inverse singular values; penalty 0 is the least norm solution."""
        import numpy as np

        return np.asarray(self.values / (self.values**2 + penalty))

    def fitted(self, Y: NDArray[np.float64], penalty: float = 0.0) -> NDArray[np.float64]:
        """Predict the training rows, shape (rows, outputs)."""
        import numpy as np

        weight = self.values * self.shrinkage(penalty)
        return np.asarray((self.left * weight) @ (self.left.T @ Y))

    def predict(self, Y: NDArray[np.float64], penalty: float = 0.0) -> NDArray[np.float64]:
        """Predict the test rows, shape (test rows, outputs)."""
        import numpy as np

        return np.asarray((self.test * self.shrinkage(penalty)) @ (self.left.T @ Y))

    def smoother(self, penalty: float = 0.0) -> NDArray[np.float64]:
        """Return the matrix S with test predictions S @ Y, shape (test rows, rows)."""
        import numpy as np

        return np.asarray((self.test * self.shrinkage(penalty)) @ self.left.T)

    def effective_parameters(self, penalty: float = 0.0) -> float:
        """Return n times the mean squared length of the smoother's test rows (Curth et al. 2023)."""
        import numpy as np

        rows = self.left.shape[0]
        return float(rows * np.mean(np.sum((self.test * self.shrinkage(penalty)) ** 2, axis=1)))

    def leave_one_out(self, Y: NDArray[np.float64], penalties: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the exact mean squared leave-one-out error of each penalty and output.

        Parameters
        ----------
        Y : ndarray, shape (rows, outputs)
        penalties : ndarray, shape (penalties,)
            All positive: least norm interpolation has no residual to divide.

        Returns
        -------
        ndarray, shape (penalties, outputs)
        """
        import numpy as np

        rotated, leverages = self.left.T @ Y, self.left**2
        found = np.empty((len(penalties), Y.shape[1]))
        for i, penalty in enumerate(penalties):
            weight = self.values * self.shrinkage(penalty)
            residual = Y - (self.left * weight) @ rotated
            found[i] = np.mean((residual / (1 - leverages @ weight)[:, None]) ** 2, axis=0)
        return found

    def best_penalty(self, Y: NDArray[np.float64]) -> float:
        """Return the penalty of the grid with the least leave-one-out error summed over outputs."""
        grid = self.penalties
        return float(grid[self.leave_one_out(Y, grid).sum(axis=1).argmin()])


def ridgeless_risk(parameters: int, rows: int, signal: float, noise: float) -> float:
    """Return the expected excess risk of least norm regression on isotropic Gaussian columns.

    Parameters
    ----------
    parameters, rows : int
        Columns p, all of them carrying the signal, and training rows n.
    signal, noise : float
        Squared norm of the true coefficients; variance of the noise.

    Notes
    -----
    noise p / (n - p - 1) for p < n - 1, and signal (1 - n / p) + noise n / (p - n - 1) for p > n + 1
    (Hastie, Montanari, Rosset and Tibshirani 2022; Belkin, Hsu and Xu 2020); infinite between.
    """
    n, p = rows, parameters
    if p < n - 1:
        return noise * p / (n - p - 1)
    if p > n + 1:
        return signal * (1 - n / p) + noise * n / (p - n - 1)
    return float("inf")
