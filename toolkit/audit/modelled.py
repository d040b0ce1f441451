"""Decisions of a model or a recipe: its rows, its people under test, and what can be called again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.audit.people import parts
from toolkit.audit.request import Request
from toolkit.audit.sources import Source
from toolkit.fairness.parameters.problem import Fit, Problem
from toolkit.records import BadInputError
from toolkit.table.learning import Learnable, learnable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.models.recipe import Recipe

# As messages put a role before a column's name: "the score of the model".
DECISION, SCORE = "by the model", "of the model"


@dataclass(frozen=True, eq=False)
class Modelled:
    """People under test with the model's decisions, ready to count, and all that a refit needs.

    Attributes
    ----------
    frame : DataFrame
        One row a person under test: groups, outcome, decision, score, and the columns kept by role.
    problem : Problem or None
        None where there is no binary outcome to learn.
    fit : callable or None
        The recipe, to train again; None for a finished model.
    capacity : sequence of (name, callable)
        The recipe at other capacities.
    columns, features : tuple of str
        The table's columns, and those of them that the model sees.
    about : mapping
        The document's "model" or "recipe", and the parts of the rows.
    explained, remedied : Problem or None
        Where attribution and remedies look at other features or other parts than the split of the gap does.
    """

    frame: Any
    scores: bool
    task: str
    problem: Problem | None
    fit: Fit | None
    capacity: Sequence[tuple[str, Fit]]
    about: Mapping[str, Any]
    notes: tuple[str, ...]
    rows: int
    columns: tuple[str, ...]
    features: tuple[str, ...]
    cut: Mapping[str, tuple[float, ...]]
    explained: Problem | None = None
    remedied: Problem | None = None


def modelled(source: Source, request: Request) -> Modelled:
    """Read the rows, train the recipe or ask the model, and return the people under test."""
    roles = [c for c in (request.weight, request.cluster, request.within) if c]
    keep = [*roles, *([request.prediction] if request.prediction else [])]
    table = learnable(
        source.table,
        target=request.target,
        positive=request.positive,
        sensitive=request.sensitive,
        keep=keep,
        drop=request.drop,
        cut=request.cut,
        name=source.origin if not isinstance(source.table, str) else None,
    )
    if request.recipe:
        return _recipe(table, request)
    from toolkit.audit.foreign import foreign

    return foreign(table, request)


def _recipe(table: Learnable, request: Request) -> Modelled:
    """Train on one part, keep one for choices, and decide about the last."""
    from toolkit.models import capacity_variants

    recipe = _asked(request)
    codes, _ = codes_of(table.groups[spelt(table, request.sensitive[0])])
    clusters = table.kept.get(request.cluster) if request.cluster else None
    held = parts(_strata(table), codes, clusters, request.seed)
    fit = _fitting(recipe)
    model = fit(table.X[held["train"]], table.y[held["train"]], request.seed, None)
    scores, decisions = _said(model, table.X[held["test"]], request.threshold, table.task)
    return Modelled(
        frame=frame_of(table, request, held["test"], decisions, scores),
        scores=scores is not None,
        task=table.task,
        problem=_problem(table, request, held, model) if table.task == "binary" else None,
        fit=fit,
        capacity=[(name, _fitting(variant)) for name, variant in capacity_variants(recipe)],
        about={"recipe": recipe.to_dict(), "held_out": {name: len(rows) for name, rows in held.items()}},
        notes=table.notes,
        rows=len(table.y),
        columns=(*table.columns, *table.kept),
        features=table.columns,
        cut=cut_anew(table, request),
    )


def _fitting(recipe: Recipe) -> Fit:
    """Return a recipe as something to train."""
    from toolkit.models import fit_recipe

    def fit(X: Any, y: Any, seed: int, weight: Any = None) -> Any:
        return fit_recipe(recipe, X, y, seed=seed, weight=weight)

    return fit


def _problem(
    table: Learnable, request: Request, held: Mapping[str, NDArray[np.int64]], model: Any
) -> Problem:
    """Return the rows, groups and parts that refits and remedies are about."""
    first = spelt(table, request.sensitive[0])
    group, groups = codes_of(table.groups[first])
    cell, cells = codes_of(joined(table))
    source = tuple(table.columns[place] for place in table.sources)
    return Problem(
        X=table.X,
        y=table.y.astype("int64"),
        group=group,
        groups=groups,
        attribute=first,
        train=held["train"],
        calibration=held["calibration"],
        test=held["test"],
        feature_names=table.names,
        source=source,
        sensitive=tuple(i for i, column in enumerate(source) if column == first),
        model=model,
        cell=cell,
        cells=cells,
    )


def cut_anew(table: Learnable, request: Request) -> dict[str, tuple[float, ...]]:
    """Return the cut points of columns that are counted by their numbers, so that groups keep their order."""
    spelled = {spelt(table, name): points for name, points in request.cut.items()}
    return {name: points for name, points in spelled.items() if name in table.raw}


def _asked(request: Request) -> Recipe:
    """Return the recipe as named: parameters as NAME=VALUE, or as the library's plain values."""
    from toolkit.models import parse_recipe
    from toolkit.models.recipe import Recipe, allowed_path, checked

    if isinstance(request.parameters, Mapping):
        return checked(Recipe(allowed_path(str(request.recipe)), dict(request.parameters)))
    return parse_recipe(str(request.recipe), request.parameters)


def _said(
    model: Any, X: NDArray[np.float64], threshold: float | None, task: str
) -> tuple[NDArray[np.float64] | None, NDArray[Any]]:
    """Return scores (None where they are no probabilities) and decisions; of a regression its predictions."""
    from toolkit.fairness.parameters.problem import decided

    if task == "regression":
        return None, model.score(X)
    if threshold is not None and not model.probabilistic:
        raise BadInputError("--threshold: this estimator gives no probabilities; leave the threshold out")
    return (model.score(X) if model.probabilistic else None), decided(model, X, threshold)


def _strata(table: Learnable) -> NDArray[Any]:
    """Return what the parts are balanced on: the outcome, or which half of a numeric one."""
    import numpy as np

    if table.task != "regression":
        return table.y
    above: NDArray[np.int64] = (table.y > np.median(table.y)).astype(np.int64)
    return above


def spelt(table: Learnable, column: str) -> str:
    """Return the table's own spelling of a sensitive column."""
    return next(name for name in table.groups if name.casefold().strip() == column.casefold().strip())


def codes_of(names: Sequence[str | None]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Code groups in the order of their names, the missing one last."""
    import numpy as np

    from toolkit.fairness.cells import MISSING_GROUP

    shown = [MISSING_GROUP if name is None else name for name in names]
    levels = sorted(set(shown), key=lambda name: (name == MISSING_GROUP, name))
    code = {name: i for i, name in enumerate(levels)}
    return np.array([code[name] for name in shown], dtype=np.int64), tuple(levels)


def joined(table: Learnable) -> list[str | None]:
    """Return each row's intersection of all sensitive attributes."""
    columns = [["(missing)" if name is None else name for name in names] for names in table.groups.values()]
    return [" & ".join(row) for row in zip(*columns, strict=True)]


def frame_of(
    table: Learnable,
    request: Request,
    rows: NDArray[np.int64],
    decisions: NDArray[Any],
    scores: NDArray[np.float64] | None,
) -> Any:
    """Lay out the people under test as a table to count."""
    import numpy as np
    import pandas as pd

    def named(values: Sequence[str | None]) -> Any:
        return np.array(values, dtype=object)[rows]

    columns: dict[str, Any] = {
        name: column.values[rows] for name, column in table.raw.items() if column.kind != "other"
    }
    groups = {name: values for name, values in table.groups.items() if name not in cut_anew(table, request)}
    columns |= {name: named(values) for name, values in (*groups.items(), *table.kept.items())}
    if table.task == "regression":
        columns[DECISION] = decisions
        columns[str(request.target)] = table.y[rows]
    else:
        labels = np.array(table.classes or ("0", "1"), dtype=object)
        columns[DECISION] = labels[np.asarray(decisions, dtype=np.int64)]
        if request.target:
            columns[request.target] = labels[np.asarray(table.y[rows], dtype=np.int64)]
    if scores is not None:
        columns[SCORE] = scores
    return pd.DataFrame(columns)
