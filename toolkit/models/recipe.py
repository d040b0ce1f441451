"""First of models: a recipe, an allowed estimator and plain parameters, which the audit refits itself.

A recipe holds no code: the path is looked up in `ALLOWED`, never imported as given, and every value is text,
a number, true or false, nothing, or a list of those.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.models.names import nearest, one_line, shown
from toolkit.records import BadInputError

LONGEST_VALUE = 10_000

#: Why a parameter that the estimator has cannot be set here.
RESERVED: Mapping[str, str] = {
    "n_jobs": "it is always 1 here, so that the numbers repeat",
    "random_state": "it comes from the audit's own seed",
    "device": "recipes are fitted on the processor, so that the numbers repeat",
    "callbacks": "it takes code",
    "early_stopping_rounds": "it needs a second table to watch",
    "enable_categorical": "categories are one-hot columns here",
    "feature_types": "categories are one-hot columns here",
    "feature_weights": "it belongs to one fixed set of columns, and columns are dropped here",
    "verbose": "the audit prints its own progress",
    "verbosity": "the audit prints its own progress",
    "warm_start": "every refit starts anew",
}

_LINEAR = "sklearn.linear_model."
_TREE = "sklearn.tree."
_ENSEMBLE = "sklearn.ensemble."

#: Every path a recipe may name: True where the features are standardised before the fit.
ALLOWED: Mapping[str, bool] = {
    _LINEAR + "LogisticRegression": True,
    _LINEAR + "RidgeClassifier": True,
    _LINEAR + "SGDClassifier": True,
    _LINEAR + "LinearRegression": True,
    _LINEAR + "Ridge": True,
    _LINEAR + "Lasso": True,
    _LINEAR + "ElasticNet": True,
    _TREE + "DecisionTreeClassifier": False,
    _TREE + "DecisionTreeRegressor": False,
    _ENSEMBLE + "RandomForestClassifier": False,
    _ENSEMBLE + "RandomForestRegressor": False,
    _ENSEMBLE + "ExtraTreesClassifier": False,
    _ENSEMBLE + "ExtraTreesRegressor": False,
    _ENSEMBLE + "GradientBoostingClassifier": False,
    _ENSEMBLE + "GradientBoostingRegressor": False,
    _ENSEMBLE + "HistGradientBoostingClassifier": False,
    _ENSEMBLE + "HistGradientBoostingRegressor": False,
    "sklearn.neighbors.KNeighborsClassifier": True,
    "sklearn.neighbors.KNeighborsRegressor": True,
    "sklearn.naive_bayes.GaussianNB": False,
    "sklearn.svm.SVC": True,
    "sklearn.svm.LinearSVC": True,
    "sklearn.svm.SVR": True,
    "sklearn.svm.LinearSVR": True,
    "sklearn.neural_network.MLPClassifier": True,
    "sklearn.neural_network.MLPRegressor": True,
    "sklearn.dummy.DummyClassifier": False,
    "sklearn.dummy.DummyRegressor": False,
    "xgboost.XGBClassifier": False,
    "xgboost.XGBRegressor": False,
}

#: What people write for the paths above, beside the class's own name.
SHORT: Mapping[str, str] = {
    "xgboost": "xgboost.XGBClassifier",
    "xgb": "xgboost.XGBClassifier",
    "logistic": _LINEAR + "LogisticRegression",
    "randomforest": _ENSEMBLE + "RandomForestClassifier",
    "gradientboosting": _ENSEMBLE + "GradientBoostingClassifier",
    "decisiontree": _TREE + "DecisionTreeClassifier",
    "mlp": "sklearn.neural_network.MLPClassifier",
    "knn": "sklearn.neighbors.KNeighborsClassifier",
    "dummy": "sklearn.dummy.DummyClassifier",
} | {path.rpartition(".")[2].casefold(): path for path in ALLOWED}


@dataclass(frozen=True)
class Recipe:
    """An estimator to fit here.

    Attributes
    ----------
    estimator : str
        A path in `ALLOWED`.
    parameters : mapping of str to plain values
        What differs from the estimator's defaults.
    """

    estimator: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The estimator's name without its path."""
        return self.estimator.rpartition(".")[2]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for a document."""
        return {"estimator": self.estimator, "parameters": dict(self.parameters)}


def parse_recipe(estimator: str, settings: Sequence[str] = ()) -> Recipe:
    """Return the recipe for an estimator's path or short name and settings like ``C=0.1``.

    Values are read as a TOML, JSON or Python literal, and as text where they are none.

    Raises
    ------
    BadInputError
        If the estimator is not allowed, a setting has no value or comes twice, the estimator has no such
        parameter, or a value is not plain.
    """
    path = allowed_path(estimator)
    given: dict[str, Any] = {}
    for setting in settings:
        name, sign, text = setting.partition("=")
        name = name.strip()
        if not sign or not name:
            raise BadInputError(f"--set {shown(setting)}: write PARAMETER=VALUE, for example --set C=0.1")
        if name in given:
            raise BadInputError(f"--set {shown(name)} is given twice")
        given[name] = literal(text.strip())
    return checked(Recipe(path, given))


def allowed_path(estimator: str) -> str:
    """Return the path in `ALLOWED` that a name means."""
    text = estimator.strip()
    if text in ALLOWED:
        return text
    if text.casefold() in SHORT:
        return SHORT[text.casefold()]
    last = text.rpartition(".")[2]
    close = nearest(text, ALLOWED) if "." in text else None
    by_name = nearest(last, [path.rpartition(".")[2] for path in ALLOWED])
    found = SHORT[by_name.casefold()] if by_name else close
    hint = f"; the nearest is {found}" if found else ""
    raise BadInputError(
        f"--recipe {shown(text)} is not an estimator a recipe may name{hint}. "
        f"Allowed are {', '.join(path.rpartition('.')[2] for path in ALLOWED)}. "
        "Fit any other model yourself and give it with --model, or give its decisions with --prediction."
    )


def checked(recipe: Recipe) -> Recipe:
    """Return the recipe if its estimator has every parameter and every value is plain."""
    known = parameters_of(recipe.estimator)
    for name, value in recipe.parameters.items():
        if name not in known:
            close = nearest(name, known)
            raise BadInputError(
                f"{recipe.name} has no parameter {shown(name)}"
                + (f"; did you mean {shown(close)}?" if close else ".")
                + f" It has {', '.join(sorted(set(known) - set(RESERVED)))}."
            )
        if name in RESERVED:
            raise BadInputError(
                f"{recipe.name}: {shown(name)} cannot be set: {RESERVED[name]}. Leave it out."
            )
        if not is_plain(value):
            raise BadInputError(
                f"{recipe.name}: {shown(name)} takes text, a number, true, false, none or a list of "
                f"those here, not {one_line(repr(value), 60)}; a recipe holds no code, files or tables"
            )
    return recipe


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is text, a number, a truth value, nothing, or a list (of lists, at most) of those."""
    if isinstance(value, list | tuple):
        return depth < 2 and all(is_plain(v, depth + 1) for v in value)
    return value is None or isinstance(value, str | int | float | bool)


def literal(text: str) -> Any:
    """Read a value as a TOML, JSON or Python literal, else as the text it is.

    Examples
    --------
    >>> literal("0.1"), literal("[1, 2]"), literal("(8, 4)"), literal("None"), literal("balanced")
    (0.1, [1, 2], [8, 4], None, 'balanced')
    """
    if len(text) > LONGEST_VALUE:
        raise BadInputError(f"--set: a value has {len(text)} characters; at most {LONGEST_VALUE} are read")
    for read in (_toml, json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, str | int | float | bool | list | dict | set | None):
            return value
        return text  # a date or bytes, which no estimator takes
    return text


def _toml(text: str) -> Any:
    found = tomllib.loads(f"value = {text}")
    if set(found) != {"value"}:
        raise ValueError("more than one value")
    return found["value"]


def class_of(path: str) -> Any:
    """Import the class a path in `ALLOWED` names."""
    import importlib

    if path not in ALLOWED:
        raise BadInputError(f"{shown(path)} is not an estimator a recipe may name")
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def parameters_of(path: str) -> dict[str, Any]:
    """Return an allowed estimator's parameters with their defaults."""
    return dict(class_of(path)().get_params(deep=False))


def is_classifier(recipe: Recipe) -> bool:
    """Whether the recipe decides between classes; otherwise it is a regression."""
    return recipe.name.endswith(("Classifier", "NB", "SVC")) or recipe.name == "LogisticRegression"


def is_seeded(recipe: Recipe) -> bool:
    """Whether the estimator has a seed at all; fit twice to learn whether the fit depends on it."""
    return "random_state" in parameters_of(recipe.estimator)


def takes_weights(recipe: Recipe) -> bool:
    """Whether the estimator can be fitted with a weight per row."""
    import inspect

    return "sample_weight" in inspect.signature(class_of(recipe.estimator).fit).parameters


def capacity_variants(recipe: Recipe) -> list[tuple[str, Recipe]]:
    """Return a recipe's neighbours in capacity, one below and one above, each with a name; [] if none."""
    defaults = parameters_of(recipe.estimator)
    now = defaults | dict(recipe.parameters)
    for parameter, steps in _DIALS:
        if parameter in defaults:
            values = steps(now[parameter], recipe)
            if values:
                return [
                    (
                        f"{parameter}={_short(value)}",
                        Recipe(recipe.estimator, {**recipe.parameters, parameter: value}),
                    )
                    for value in values
                ]
    return []


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value).replace(" ", "")


def _tenfold(value: Any, _: Recipe) -> list[Any]:
    return [value * 0.1, value * 10.0] if isinstance(value, int | float) and value > 0 else []


def _depth(value: Any, recipe: Recipe) -> list[Any]:
    if value is None:
        value = 6 if recipe.estimator.startswith("xgboost.") else None
    if value is None or value <= 0:
        return [4, 8]  # a tree without a limit has no deeper neighbour
    return [max(1, value // 2), value * 2] if value > 1 else [2, 4]


def _half_and_double(value: Any, _: Recipe) -> list[Any]:
    return [max(1, value // 2), value * 2] if isinstance(value, int) and value > 0 else []


def _leaves(value: Any, _: Recipe) -> list[Any]:
    return [max(2, value // 2), value * 2] if isinstance(value, int) else [15, 63]


def _units(value: Any, _: Recipe) -> list[Any]:
    layers = list(value) if isinstance(value, Iterable) else [value]
    return [[max(1, int(units) // 4) for units in layers], [int(units) * 4 for units in layers]]


#: The first parameter an estimator has is what dials its capacity.
_DIALS: tuple[tuple[str, Any], ...] = (
    ("hidden_layer_sizes", _units),
    ("C", _tenfold),
    ("n_neighbors", _half_and_double),
    ("max_leaf_nodes", lambda value, recipe: _leaves(value, recipe) if "Hist" in recipe.name else []),
    ("max_depth", _depth),
    ("alpha", _tenfold),
    ("var_smoothing", _tenfold),
)
