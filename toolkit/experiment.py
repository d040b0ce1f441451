"""The plug-in contract: what one file says about one belief, and the few tools every measurement needs.

A plug-in states and measures; it never judges. Its module imports only this file, `records` and the
standard library at top level; numerical libraries are imported inside `measure`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.records import (
    Claim,
    Control,
    Dataset,
    Effort,
    Figure,
    NotApplicable,
    Row,
    Rows,
    Ruling,
    Table,
    Task,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Claim",
    "Control",
    "Dataset",
    "Effort",
    "Experiment",
    "Figure",
    "Needs",
    "NotApplicable",
    "Rows",
    "Rulings",
    "Split",
    "Table",
    "generator",
    "split",
]


class Rulings(Protocol):
    """What a belief's rule may ask; the answers come from `judge.py`, which alone does the statistics."""

    def ruling(self, claim: str) -> Ruling:
        """Return the pooled ruling of one claim."""

    def universal(self, *claims: str) -> Ruling:
        """Combine all contrasts of the claims: one counter-example refutes (Holm), all must support."""

    def existential(self, *claims: str) -> Ruling:
        """Combine all contrasts of the claims: one example supports (Holm), all must refute."""


@dataclass(frozen=True)
class Needs:
    """What a user's table must have for this experiment to run on it."""

    tasks: tuple[Task, ...] = ("binary", "multiclass", "regression")
    rows: int = 200
    sensitive: bool = False
    user_tables: bool = True
    why_not: str = ""

    def missing(self, data: Dataset) -> str:
        """Say why the experiment cannot run on this table; empty if it can."""
        if not self.user_tables:
            return self.why_not or "this experiment runs on its own worlds only"
        if data.task not in self.tasks:
            return f"needs a {' or '.join(self.tasks)} target, this one is {data.task}"
        if len(data.y) < self.rows:
            return f"needs {self.rows} rows, the table has {len(data.y)}"
        if self.sensitive and data.sensitive is None:
            return "needs a sensitive column (--sensitive)"
        return ""


@dataclass(frozen=True)
class Experiment:
    """One belief, its claims, and the measurement that can refute them.

    Attributes
    ----------
    code : str
        Four characters, such as ``M002``.
    belief : str
        What people say, in their words.
    measure : callable (data, seed, effort) -> rows
        Measures all arms on one split and returns tidy rows (or a DataFrame). On a fixed table every row
        carries ``n_train`` and ``n_test``. Deterministic given its arguments.
    datasets, controls
        Catalogue names, ``name`` or ``name:variant``; every claim has a control in which it holds and one
        in which it does not.
    rule : callable (rulings) -> (ruling, sentence)
        How the belief's own ruling follows from the claims.
    what : str
        Which of weights (W), hyperparameters (H), architecture (A) the article's "parameters" means here.
    standard_only : tuple of str
        Of `datasets`, those that quick effort leaves out, and says so.
    seconds : float
        What all trials cost at standard effort, roughly, on one core: cheap experiments go first.
    replicates : tuple of int
        Trials per dataset at quick, standard and full effort.
    extras : callable (outcomes) -> tables, or None
        Tables described beside the claims, from all trials that were done: dataset name to seed to rows.
        Runs in the parent process, so pure Python or numpy; never part of a ruling.
    """

    code: str
    belief: str
    measure: Callable[[Dataset, int, Effort], Iterable[Row] | Any]
    datasets: tuple[str, ...]
    claims: tuple[Claim, ...]
    controls: tuple[Control, ...]
    rule: Callable[[Rulings], tuple[Ruling, str]]
    article: str = ""
    what: str = ""
    would_change: str = ""
    scope: str = ""
    threats: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    needs: Needs = Needs()
    standard_only: tuple[str, ...] = ()
    replicates: tuple[int, int, int] = (8, 20, 25)
    control_replicates: tuple[int, int, int] = (8, 12, 20)
    seconds: float = 120.0
    compiled: bool = False
    extras: Callable[[Mapping[str, Mapping[int, Rows]]], Iterable[Table]] | None = None


@dataclass(frozen=True)
class Split:
    """Training and test rows: gaps filled by training medians, columns scaled by training moments."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    X_test: NDArray[np.float64]
    y_test: NDArray[Any]
    s: NDArray[np.int64] | None = None
    s_test: NDArray[np.int64] | None = None

    @property
    def sizes(self) -> Mapping[str, int]:
        """The two columns that every row of a fixed table carries."""
        return {"n_train": len(self.y), "n_test": len(self.y_test)}


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a generator that depends on the seed and on what it is for, and on nothing else."""
    import numpy as np

    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def split(data: Dataset, seed: int, *, train: int, test: int, scale: bool = True) -> Split:
    """Draw disjoint training and test rows, stratified by class on a fixed table, fresh from a generator.

    Parameters
    ----------
    data : Dataset
    seed : int
        The same seed gives the same rows.
    train, test : int
        Rows wanted. A smaller fixed table gives as many as it has, in the same proportion.
    scale : bool
        Divide by training standard deviations after centring (constant columns become zero).
    """
    rng = generator(seed, "split")
    source = data.draw(seed, train + test) if data.draw else data
    rows = len(source.y)
    if rows < train + test:
        train, test = (int(rows * n / (train + test)) for n in (train, test))
    order = rng.permutation(rows)
    if not data.is_generator and data.task != "regression":
        order = _spread_classes(source.y, order, rng)
    first, second = order[:train], order[train : train + test]
    X, X_test = _prepared(source.X[first], source.X[second], scale=scale)
    s = source.sensitive
    return Split(
        X,
        source.y[first],
        X_test,
        source.y[second],
        None if s is None else s[first],
        None if s is None else s[second],
    )


def _spread_classes(y: NDArray[Any], order: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Order rows so that every stretch holds the classes in the table's own proportions."""
    import numpy as np

    shuffled = y[order]
    place = np.empty(len(order))
    for label in np.unique(shuffled):
        where = np.flatnonzero(shuffled == label)
        place[where] = (np.arange(len(where)) + rng.random()) / len(where)
    return order[np.argsort(place, kind="stable")]


def _prepared(
    X: NDArray[np.float64], X_test: NDArray[np.float64], *, scale: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fill and scale both parts by what the training part alone knows."""
    import numpy as np

    known = np.where(np.isfinite(X), X, np.nan)
    empty = np.isnan(known).all(axis=0)
    middle = np.zeros(X.shape[1])
    middle[~empty] = np.nanmedian(known[:, ~empty], axis=0)
    X, X_test = (np.where(np.isfinite(part), part, middle) for part in (X, X_test))
    if not scale:
        return X, X_test
    centre, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 1e-12, spread, np.inf)
    return (X - centre) / spread, (X_test - centre) / spread
