"""One coding of targets for every family, so that classes and numbers are both learned by squared error.

Squared error on indicator columns is Gini's criterion in a tree and least squares in a linear model, so each
family here is a linear smoother given its structure, and its effective parameters can be counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.records import Dataset

CAP = 3.0


@dataclass(frozen=True)
class Coding:
    """How a target becomes columns, and how predictions of the columns become an error.

    Attributes
    ----------
    classes : int
        0 for a regression.
    centre, scale : float
        Mean and standard deviation of a regression's training target.
    """

    classes: int
    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, data: Dataset, y: NDArray[Any]) -> Coding:
        """Return the coding of a dataset's target, a regression's moments taken from training rows."""
        if data.task != "regression":
            return cls(len(data.classes))
        return cls(0, float(y.mean()), float(y.std()) or 1.0)

    @property
    def outputs(self) -> int:
        """The number of columns a model must predict: one for two classes and for a number."""
        return self.classes if self.classes > 2 else 1

    def encode(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Return the columns, shape (rows, outputs): centred indicators, or the standardised number."""
        import numpy as np

        if self.classes == 0:
            return np.asarray((y - self.centre) / self.scale, dtype=np.float64)[:, None]
        if self.classes == 2:
            return np.asarray(y - 0.5, dtype=np.float64)[:, None]
        return np.asarray(np.eye(self.classes)[y] - 1 / self.classes)

    def error(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> float:
        """Return the share of wrong classes, or squared error over the training variance, at most `CAP`.

        A constant guess has an error of about 1 in the second case. The cap keeps the mean over trials
        finite where a model explodes near interpolation.
        """
        import numpy as np

        if self.classes == 0:
            with np.errstate(over="ignore"):
                squared = float(np.mean((predicted[:, 0] - (y - self.centre) / self.scale) ** 2))
            return min(squared, CAP) if np.isfinite(squared) else CAP
        guess = predicted[:, 0] > 0 if self.classes == 2 else predicted.argmax(axis=1)
        return float(np.mean(guess != y))

    def constant_error(self, y: NDArray[Any], y_test: NDArray[Any]) -> float:
        """Return the test error of the best constant guess from training rows."""
        import numpy as np

        if self.classes == 0:
            return self.error(np.zeros((len(y_test), 1)), y_test)
        return float(np.mean(y_test != np.bincount(y, minlength=self.classes).argmax()))


def replace_targets(y: NDArray[Any], share: float, classes: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return training targets of which a share is wrong.

    A class becomes another class, each as likely; a number becomes that of another row drawn at random.
    The wrong rows of a smaller share are among those of a larger one when `rng` starts alike.

    Parameters
    ----------
    y : ndarray, shape (rows,)
    share : float
        In [0, 1); rounded to whole rows.
    classes : int
        0 for a regression.
    """
    import numpy as np

    order = rng.permutation(len(y))
    other = (y + rng.integers(1, classes, len(y))) % classes if classes else y[rng.permutation(len(y))]
    wrong = order[: round(share * len(y))]
    noisy = np.array(y)
    noisy[wrong] = other[wrong]
    return noisy
