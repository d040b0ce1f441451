"""Inside the subprocess: what a model says of itself and of rows, the same for every format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toolkit.models.columns import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class About:
    """What a model says of itself; ``features`` and ``n_features`` are None where it does not say.

    Attributes
    ----------
    task : str
        "classes", "numbers" (a regression), "scores" (one number a row of unknown meaning), or "" where the
        model was not opened.
    coded : bool
        Whether classes are bare numbers because the format keeps no names.
    """

    description: str
    task: str = ""
    features: tuple[str, ...] | None = None
    n_features: int | None = None
    classes: tuple[str, ...] = ()
    coded: bool = False
    parameters: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model said about rows; which fields are there depends on its task.

    Attributes
    ----------
    chances : ndarray, shape (rows, classes), or None
    values : ndarray, shape (rows,) or (rows, classes), or None
        Decision values (shape (rows,): larger means the second class), or a regression's predictions.
    decided : ndarray of int64, shape (rows,), or None
        Positions in the classes.
    classes : tuple of str
        Where only the answer tells them.
    contributions : ndarray, shape (rows, features + 1), or None
        What each feature adds to the log-odds (or the number), the base last; only where that is exact.
    """

    chances: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    decided: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    contributions: NDArray[np.float64] | None = None


class Model(Protocol):
    """An opened model."""

    about: About

    def answer(self, columns: Columns, names: Sequence[str], contributions: bool = False) -> Answer:
        """Return what the model says about every row, its features being the columns `names`.

        Raises
        ------
        BadInputError
            If the columns do not fit, or `contributions` are asked of a format that has none.
        """
        ...
