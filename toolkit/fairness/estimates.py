"""One metric in every group: what a gap is made of, whatever the metric and however it was estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Limits = Callable[[float], "tuple[NDArray[np.float64], NDArray[np.float64]]"]
Resample = Callable[
    ["np.random.Generator", int, "NDArray[np.int64]"], "tuple[NDArray[np.float64], NDArray[np.float64]]"
]


@dataclass(frozen=True, eq=False)
class Estimates:
    """One metric in k groups, with everything that an interval, a gap or a p-value needs.

    Attributes
    ----------
    metric : str
        fairlearn's or scikit-learn's name.
    value : ndarray, shape (k,)
        NaN where the metric is undefined in a group (nobody in its denominator), never 0.
    n : ndarray of int, shape (k,)
        Rows in the metric's denominator; the floor of `--min-group` looks at it, never at outcomes.
    variance : ndarray, shape (k,)
        Sampling variance of the value, smoothed so that it is never 0 (p~(1 - p~)/(n + 2) for proportions).
    low, high : ndarray, shape (k,)
        The 95 % interval shown beside the value.
    limits : callable (z) -> (low, high), each shape (k,)
        One-sample limits at a standard normal quantile z >= 0, from which limits of differences and ratios
        are made by MOVER; methods with Student's t turn z into the t quantile of the same tail. Wilson's
        for proportions, so that MOVER is Newcombe's method.
    successes : ndarray of int, shape (k,), or None
        Integer numerators, where the metric is an unweighted proportion of independent rows and permutation
        of counts is therefore exact.
    carried : ndarray of int, shape (k,), or None
        Where the value is no proportion but rises with one among the same `n`: that one's numerators, so that
        two equal values can be tested exactly.
    resample : callable (generator, replicates, places) -> (values, variances), or None
        Values and variances, each of shape (replicates, len(places)), with people permuted among the groups
        at `places` only, for the studentised maximum.
    covariance : ndarray, shape (k, k), or None
        Of the values, where groups share clusters; None means independent groups.
    beside : ndarray, shape (k,), or None
        Of complements (everybody not in the group): correlation of each value with that of its group, where
        they share clusters; None means independent.
    df : ndarray, shape (k,), or None
        Degrees of freedom where t is used.
    ratio : bool
        Whether a ratio of two values means anything (a share or a mean of non-negative numbers).
    shown : ndarray of bool, shape (k,)
        False where no interval can be given (too few clusters, replicates with an empty denominator).
    notes : tuple of str, length k
        Why a value or an interval is missing; empty otherwise.
    method : str
        The interval's method in a few words, with its source.
    """

    metric: str
    value: NDArray[np.float64]
    n: NDArray[np.int64]
    variance: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    limits: Limits
    successes: NDArray[np.int64] | None = None
    carried: NDArray[np.int64] | None = None
    resample: Resample | None = None
    covariance: NDArray[np.float64] | None = None
    beside: NDArray[np.float64] | None = None
    df: NDArray[np.float64] | None = None
    ratio: bool = True
    shown: NDArray[np.bool_] = field(default=None)  # type: ignore[arg-type]  # filled in below
    notes: tuple[str, ...] = ()
    method: str = ""

    def __post_init__(self) -> None:
        import numpy as np

        shown: Any = self.shown
        if shown is None:
            object.__setattr__(self, "shown", np.isfinite(self.value))
        if not self.notes:
            object.__setattr__(self, "notes", ("",) * len(self.value))

    def __len__(self) -> int:
        return len(self.value)

    @property
    def tested(self) -> NDArray[np.int64] | None:
        """Integer numerators for an exact test of two equal values, where there are any."""
        return self.carried if self.successes is None else self.successes

    def only(self, keep: NDArray[Any]) -> Estimates:
        """Return some of the groups, by index or mask; people of the others take no part in permutations."""
        import numpy as np

        places = np.arange(len(self))[keep]

        def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            low, high = self.limits(z)
            return low[places], high[places]

        def resample(rng: Any, replicates: int, kept: Any) -> Any:
            assert self.resample is not None
            return self.resample(rng, replicates, places[kept])

        return replace(
            self,
            value=self.value[places],
            n=self.n[places],
            variance=self.variance[places],
            low=self.low[places],
            high=self.high[places],
            limits=limits,
            successes=None if self.successes is None else self.successes[places],
            carried=None if self.carried is None else self.carried[places],
            resample=None if self.resample is None else resample,
            covariance=None if self.covariance is None else self.covariance[np.ix_(places, places)],
            beside=None if self.beside is None else self.beside[places],
            df=None if self.df is None else self.df[places],
            shown=self.shown[places],
            notes=tuple(self.notes[i] for i in places),
        )
