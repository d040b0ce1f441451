"""What an audit was asked for: every choice of the user in one frozen record, contradictions refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.fairness.cautions import check_codes
from toolkit.records import BadInputError

MARGIN, RATIO_MARGIN, MIN_GROUP = 0.05, 0.8, 10
MOST_ATTRIBUTES = 5
SOURCES = ("prediction", "score", "model", "recipe")


@dataclass(frozen=True)
class Request:
    """One audit, as asked for; the fields are the options of ``toolkit audit``.

    Attributes
    ----------
    table : path, glob, name of an embedded or fetched dataset, or DataFrame
    sensitive : tuple of str
        Columns of group membership.
    target, positive : str or None
        The column of recorded outcomes, and its value that counts as 1.
    prediction, score, model, recipe : str or None
        Where the decisions come from, at most one of them; none audits the recorded outcomes themselves. A
        score may stand beside a prediction: the prediction decides, the score adds its own metrics.
    threshold : float or None
        A score of this and above is a positive decision.
    parameters : mapping, or sequence of "NAME=VALUE"
        What the recipe's estimator is set to.
    trust, allow_pickle, sha256
        What a model file may hold: see `toolkit.models`.
    weight, frequency_weights, cluster, within : str or None, bool
        Columns of sampling weights (or frequencies), of clusters, and of strata.
    cut : mapping of str to tuple of float
        Declared cut points of ordered attributes.
    metrics : tuple of str
        The declared family; empty for the defaults.
    margin, ratio_margin : float or None, float
        The smallest difference of interest (None: 0.05, or 0.2 standard deviations of a numeric target),
        and the smallest acceptable ratio.
    reference : mapping of str to str
        For an attribute, the group that all others are compared with.
    gate : tuple of str
        ``metric:attribute`` pairs that must all be shown to be small.
    watch : str or None
        The column that tells new rows from those of the runs before.
    watch_from : path, Run, mapping or None
        The run before.
    """

    table: Any
    sensitive: tuple[str, ...] = ()
    target: str | None = None
    positive: str | None = None
    prediction: str | None = None
    score: str | None = None
    threshold: float | None = None
    model: str | None = None
    trust: tuple[str, ...] = ()
    allow_pickle: bool = False
    sha256: str | None = None
    recipe: str | None = None
    parameters: Mapping[str, Any] | Sequence[str] = ()
    weight: str | None = None
    frequency_weights: bool = False
    cluster: str | None = None
    within: str | None = None
    cut: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    margin: float | None = None
    ratio_margin: float = RATIO_MARGIN
    min_group: int = MIN_GROUP
    reference: Mapping[str, str] = field(default_factory=dict)
    compare_missing: bool = False
    census: bool = False
    labels_observed_for: str | None = None
    trained_on: bool = False
    gate: tuple[str, ...] = ()
    inconclusive_ok: bool = False
    constraint: str = "true_positive_rate"
    refits: int = 20
    seed: int = 0
    silence: tuple[str, ...] = ()
    name: str | None = None
    watch: str | None = None
    watch_from: Any = None

    @property
    def source(self) -> str:
        """Where the decisions come from: "prediction", "score", "model", "recipe" or "labels"."""
        asked = [name for name in SOURCES if getattr(self, name)]
        return asked[0] if asked else "labels"

    @property
    def roles(self) -> dict[str, str]:
        """The columns that are not features, by role."""
        names = ("target", "prediction", "score", "weight", "cluster")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def refuse_contradictions(request: Request) -> None:
    """Refuse what cannot be meant, before anything is read.

    Raises
    ------
    BadInputError
        Naming the options and the way out.
    """
    asked = [f"--{name}" for name in SOURCES if getattr(request, name)]
    if len(asked) > 1 and asked != [
        "--prediction",
        "--score",
    ]:  # a score beside decisions adds its own metrics
        raise BadInputError(f"{' and '.join(asked)} each say where the decisions come from; give one of them")
    if not request.sensitive:
        raise BadInputError("an audit compares groups; name their column with --sensitive COLUMN")
    if len(request.sensitive) > MOST_ATTRIBUTES:
        raise BadInputError(
            f"{len(request.sensitive)} sensitive columns, more than {MOST_ATTRIBUTES}, would form too many "
            "intersections to say anything about; audit them a few at a time"
        )
    if request.source == "labels" and not request.target:
        raise BadInputError(
            "nothing to audit: name the decisions (--prediction, --score, --model or --recipe), or the "
            "recorded outcomes (--target)"
        )
    _refuse_needless(request)
    _refuse_numbers(request)
    check_codes(request.silence)


def _refuse_needless(request: Request) -> None:
    """Refuse options that another one must give a meaning to."""
    needs = {
        "--threshold": (request.threshold is not None, ("score", "model", "recipe")),
        "--set": (bool(request.parameters), ("recipe",)),
        "--trust": (bool(request.trust), ("model",)),
        "--allow-pickle": (request.allow_pickle, ("model",)),
        "--sha256": (request.sha256 is not None, ("model",)),
        "--positive": (request.positive is not None, ("target", "prediction")),
        "--frequency-weights": (request.frequency_weights, ("weight",)),
        "--drop": (bool(request.drop), ("model", "recipe")),
        "--labels-observed-for": (request.labels_observed_for is not None, ("target",)),
    }
    for option, (given, owners) in needs.items():
        if given and not any(getattr(request, owner) for owner in owners):
            wanted = " or ".join(f"--{owner}" for owner in owners)
            raise BadInputError(f"{option} needs {wanted}; add it, or leave {option} out")
    if request.recipe and not request.target:
        raise BadInputError("--recipe trains a model, so it needs --target COLUMN, what it is to predict")
    roles = {**request.roles, **({"within": request.within} if request.within else {})}
    for role, column in roles.items():
        if column in request.sensitive:
            raise BadInputError(f"{column!r} is both --{role} and --sensitive; name another column for one")
    if len(set(roles.values())) < len(roles):
        raise BadInputError("one column is named for two roles; name each column once")
    for attribute in (*request.reference, *request.cut):
        if attribute not in request.sensitive:
            raise BadInputError(
                f"{attribute!r} is not among the sensitive columns; add --sensitive {attribute}"
            )


def _refuse_numbers(request: Request) -> None:
    if request.margin is not None and not 0 < request.margin < math.inf:
        raise BadInputError(f"--margin must be a finite number above 0, not {request.margin:g}")
    if not 0 < request.ratio_margin < 1:
        raise BadInputError(f"--ratio-margin must lie between 0 and 1, not {request.ratio_margin:g}")
    if request.min_group < 1:
        raise BadInputError(f"--min-group must be 1 or more, not {request.min_group}")
    if request.seed < 0:
        raise BadInputError(f"--seed must be 0 or more, not {request.seed}")
    if request.labels_observed_for not in (None, "selected"):
        raise BadInputError(
            f"--labels-observed-for knows only 'selected', not {request.labels_observed_for!r}"
        )
