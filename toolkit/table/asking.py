"""What an audit asks of a table: which column plays which part, checked before anything is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from toolkit.records import BadInputError
from toolkit.table.columns import nearest_name

MOST_SENSITIVE = 5
PARTS = {
    "target": "the target",
    "prediction": "the prediction",
    "score": "the score",
    "weight": "the weight",
    "cluster": "the cluster",
    "within": "the --within column",
}


@dataclass(frozen=True)
class CountSpec:
    """Columns by the part they play, and the choices that turn their cells into 0 and 1.

    Attributes
    ----------
    sensitive : tuple of str
        One to five columns of group membership.
    target, positive : str, optional
        The column of labels, and its value that counts as 1, as text; all others are 0.
    prediction : str, optional
        The column of decisions, in the target's values, 0 and 1, or true and false.
    score, threshold : str and float, optional
        A column of numbers; without a prediction the decision is score >= threshold.
    weight : str, optional
        Sampling weights, or with `frequency` how many people a row stands for.
    cluster : str, optional
        Rows that share its value are not independent.
    within : str, optional
        A column of at most 50 values within which groups are compared.
    cut : mapping of str to tuple of float
        Cut points of sensitive columns of numbers; each begins an interval.
    regression : bool
        Take the target and the prediction as numbers. Decided from the data too: a target of numbers only,
        with more than 20 values or with decimals, no positive value named and no score.
    """

    sensitive: tuple[str, ...]
    target: str | None = None
    positive: str | None = None
    prediction: str | None = None
    score: str | None = None
    threshold: float | None = None
    weight: str | None = None
    frequency: bool = False
    cluster: str | None = None
    within: str | None = None
    cut: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    regression: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named, each once."""
        named = (*self.sensitive, *(getattr(self, part) for part in PARTS))
        return tuple(dict.fromkeys(name for name in named if name is not None))


def resolved(spec: CountSpec, names: tuple[str, ...], label: str) -> CountSpec:
    """Return the specification with columns spelt as in the table.

    Raises
    ------
    BadInputError
        If a column does not exist, plays two parts, or is missing.
    """
    sensitive = tuple(nearest_name(name, names, label) for name in spec.sensitive)
    parts = {
        part: nearest_name(name, names, label) for part in PARTS if (name := getattr(spec, part)) is not None
    }
    cut = {
        nearest_name(name, names, label): tuple(float(p) for p in points) for name, points in spec.cut.items()
    }
    if not sensitive:
        raise BadInputError(f"{label}: no sensitive column is named; name at least one with --sensitive")
    if len(sensitive) > MOST_SENSITIVE:
        raise BadInputError(
            f"{label}: {len(sensitive)} sensitive columns are named, more than {MOST_SENSITIVE}; their "
            "intersections would be nearly empty, so name fewer"
        )
    if len(set(sensitive)) < len(sensitive):
        raise BadInputError(f"{label}: a sensitive column is named twice; name each once")
    for part, name in parts.items():
        if name in sensitive and part != "cluster":
            raise BadInputError(
                f"{label}: {name!r} is both {PARTS[part]} and a sensitive column; name another one"
            )
    _refuse_two_parts(parts, label)
    _refuse_cuts(cut, sensitive, label)
    if not {"target", "prediction", "score"} & set(parts):
        raise BadInputError(
            f"{label}: there is nothing to compare; name a --target, a --prediction or a --score"
        )
    if spec.regression and "target" not in parts:
        raise BadInputError(f"{label}: a regression has a target; name the column of numbers with --target")
    if spec.threshold is not None and not math.isfinite(spec.threshold):
        raise BadInputError(f"--threshold {spec.threshold}: give a finite number")
    return replace(
        spec,
        sensitive=sensitive,
        cut=cut,
        threshold=None if spec.threshold is None else float(spec.threshold),
        target=parts.get("target"),
        prediction=parts.get("prediction"),
        score=parts.get("score"),
        weight=parts.get("weight"),
        cluster=parts.get("cluster"),
        within=parts.get("within"),
    )


def _refuse_two_parts(parts: Mapping[str, str], label: str) -> None:
    taken: dict[str, str] = {}
    for part, name in parts.items():
        other = taken.setdefault(name, part)
        if other != part and not {part, other} <= {"cluster", "within"}:
            raise BadInputError(f"{label}: {name!r} is both {PARTS[other]} and {PARTS[part]}; name another")


def _refuse_cuts(cut: Mapping[str, tuple[float, ...]], sensitive: tuple[str, ...], label: str) -> None:
    for name, points in cut.items():
        if name not in sensitive:
            raise BadInputError(f"{label}: --cut {name}: this is not a sensitive column; name it there too")
        if not points or not all(math.isfinite(point) for point in points):
            raise BadInputError(f"--cut {name}: give one or more finite numbers, such as {name}=25,40")
        if any(low >= high for low, high in pairwise(points)):
            raise BadInputError(f"--cut {name}: the cut points must increase")
