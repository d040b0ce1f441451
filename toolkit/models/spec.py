"""Between models and the rest: a file with what it is allowed, what is known of it, and what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolkit.models.detect import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Limits:
    """What a model may use.

    Attributes
    ----------
    memory : int
        Bytes of address space.
    cpu_seconds, seconds : int
        Of processor time, and on the clock.
    """

    memory: int = 2 * 2**30
    cpu_seconds: int = 300
    seconds: float = 600.0


@dataclass(frozen=True)
class ModelSpec:
    """A model file and what its user allows.

    Attributes
    ----------
    trust : tuple of str
        Types a ``.skops`` file may hold beyond those skops trusts.
    allow_pickle : bool
        Whether a pickle may be opened; only with `sha256`.
    sha256 : str or None
        What the file must hash to.
    """

    path: str
    trust: tuple[str, ...] = ()
    allow_pickle: bool = False
    sha256: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model file.

    Attributes
    ----------
    types, untrusted : tuple of str
        All types found, and those that must be allowed by name. For a pickle: the names it would import.
    features : tuple of str, or None
        The model's own column names; None where it has none or was not opened.
    classes : tuple of str
        Empty for a regression, for a graph that was not asked, and where it was not opened.
    task : str
        "classes", "numbers" (a regression), "scores" (a number a row of unknown meaning), "" (not opened).
    """

    kind: Kind
    sha256: str
    types: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    n_features: int | None = None
    classes: tuple[str, ...] = ()
    description: str = ""
    task: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of a run document's ``decisions.model``."""
        return {
            "kind": self.kind,
            "sha256": self.sha256,
            "types": list(self.types),
            "description": self.description,
        }


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said about a table's rows.

    Attributes
    ----------
    scores : ndarray of float64, shape (rows,), or None
        The chance of the positive class where `probabilistic`, else a squashed decision value in [0, 1]; a
        regression's prediction, or a bare score as it is. None where the model only decides.
    decisions : ndarray of int64, shape (rows,), or None
        1 where the model decides for the positive class. None for a regression or a bare score.
    positive : str or None
        The model's name of the positive class.
    columns : tuple of str
        The table's columns the model was given, in its order.
    contributions : ndarray of float64, shape (rows, columns + 1), or None
        What each column adds to the log-odds (a regression: to the number), the base last; only if asked for.
    """

    scores: NDArray[np.float64] | None
    decisions: NDArray[np.int64] | None
    classes: tuple[str, ...]
    positive: str | None
    probabilistic: bool
    columns: tuple[str, ...]
    info: ModelInfo
    notes: tuple[str, ...] = ()
    contributions: NDArray[np.float64] | None = None
