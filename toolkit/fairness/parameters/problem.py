"""What an audit of a model is about: rows in three parts, groups, and a learner that can be called again.

`audit` fills a Problem from the user's table and a Fit from a recipe; `decomposition`, `fan`,
`interventions`, `mitigation` and `contributions` take them as they are and read nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 10  # fewer people of a group in a metric's denominator give no split of its gap


class Model(Protocol):
    """A finished model; nothing here may change its parameters."""

    @property
    def probabilistic(self) -> bool:
        """Whether `score` is meant as a chance, so that it can stand beside labels."""
        ...

    @property
    def booster(self) -> Any:
        """The xgboost.Booster that takes the features as given, or None."""
        ...

    @property
    def linear(self) -> tuple[Floats, float] | None:
        """Coefficients, shape (features,), and intercept on the features as given, or None."""
        ...

    def score(self, X: Floats) -> Floats:
        """Return the chance of label 1, shape (rows,), float64."""
        ...

    def decide(self, X: Floats) -> NDArray[np.int64]:
        """Return decisions 0 or 1, shape (rows,)."""
        ...

    def digest(self) -> str:
        """Return a hash of the parameters."""
        ...


Fit = Callable[["Floats", "NDArray[np.int64]", int, "Floats | None"], Model]
"""(X, y, seed, weight) to a model. The number of columns may differ from call to call. A learner that takes
no weights raises TypeError or ValueError when it is given some."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows, groups and the parts that are for training, for choices and for figures.

    Attributes
    ----------
    X : ndarray, shape (rows, features)
        As a learner takes them; NaN where the learner may.
    y : ndarray of int, shape (rows,)
        Recorded labels, 0 or 1.
    group : ndarray of int, shape (rows,)
        Codes of the sensitive attribute.
    groups : tuple of str
    attribute : str
    train, calibration, test : ndarray of int
        Row numbers, no row in two parts. A finished model needs `test` alone; the others may be empty.
    feature_names, source : tuple of str
        Each feature's name, and the table's column that it was made from (several for a one-hot column).
    sensitive : tuple of int
        Features that state the sensitive attribute itself.
    model : Model, optional
        The audited model, where it can be called.
    scores, decisions : ndarray, shape (test rows,), optional
        What the audited model said of the test rows, where it cannot be called or was asked already.
    cell, cells : ndarray of int, shape (rows,), and tuple of str, optional
        Codes and names of the intersections of all sensitive attributes; `group` and `groups` where absent.
    """

    X: Floats
    y: NDArray[np.int64]
    group: NDArray[np.int64]
    groups: tuple[str, ...]
    attribute: str
    train: NDArray[np.int64]
    calibration: NDArray[np.int64]
    test: NDArray[np.int64]
    feature_names: tuple[str, ...]
    source: tuple[str, ...]
    sensitive: tuple[int, ...] = ()
    model: Model | None = None
    scores: Floats | None = None
    decisions: NDArray[np.int64] | None = None
    cell: NDArray[np.int64] | None = None
    cells: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        import numpy as np

        together = np.concatenate([self.train, self.calibration, self.test])
        if len(np.unique(together)) != len(together):
            raise ValueError("a row may be in only one of the parts train, calibration and test")
        if len(self.source) != self.X.shape[1] or len(self.feature_names) != self.X.shape[1]:
            raise ValueError(f"names are needed for {self.X.shape[1]} features")

    @cached_property
    def people(self) -> dict[str, int]:
        """How many rows each part has."""
        return {name: len(getattr(self, name)) for name in ("train", "calibration", "test")}

    @property
    def columns(self) -> tuple[str, ...]:
        """The table's columns behind the features, each once, in order."""
        return tuple(dict.fromkeys(self.source))

    def pair(self, pair: tuple[int, int]) -> dict[str, str]:
        """Return the pair in words, as the document has it."""
        return {"attribute": self.attribute, "first": self.groups[pair[0]], "second": self.groups[pair[1]]}

    def lacking(self, pair: tuple[int, int]) -> str:
        """Return why this pair cannot be split on the test rows; empty where it can."""
        import numpy as np

        sizes = [int(np.sum(self.group[self.test] == code)) for code in pair]
        if min(sizes) >= LEAST:
            return ""
        found = " and ".join(f"{self.groups[c]} {n}" for c, n in zip(pair, sizes, strict=True))
        return f"each group needs {LEAST} test rows; {found}"


def decided(model: Model, X: Floats, threshold: float | None) -> NDArray[np.int64]:
    """Return decisions of a model, at a threshold of one's own where one is given."""
    import numpy as np

    if threshold is None:
        return np.asarray(model.decide(X), dtype=np.int64)
    return (np.asarray(model.score(X)) >= threshold).astype(np.int64)
