"""Second of models: a recipe fitted on rows, and what the audit asks of it: scores, decisions, a digest."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.models.names import one_line
from toolkit.models.recipe import ALLOWED, Recipe, checked, class_of, is_classifier, takes_weights
from toolkit.records import BadInputError, NotApplicable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Learnt state whose name does not end in an underscore, as scikit-learn's rule has it.
_LEARNT = frozenset({"_predictors", "_baseline_prediction", "_bin_mapper", "_fit_X", "_y"})


@dataclass(frozen=True, eq=False)
class Fitted:
    """A recipe with what it learnt.

    Attributes
    ----------
    estimator : object
        The fitted scikit-learn or xgboost estimator; it sees `prepare`d features.
    median, center, scale : ndarray of float64, shape (features,), or None
        How features are prepared: missing numbers become the training median where the estimator takes none;
        the training mean is taken off and divided by the standard deviation where the recipe standardises.
    notes : tuple of str
        What the library warned of while fitting.
    """

    recipe: Recipe
    estimator: Any
    features: int
    median: NDArray[np.float64] | None = None
    center: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()

    @property
    def classifies(self) -> bool:
        """Whether it decides between 0 and 1; otherwise it is a regression."""
        return is_classifier(self.recipe)

    @property
    def probabilistic(self) -> bool:
        """Whether `score` is a chance; a squashed decision value and a regression are not."""
        return self.classifies and hasattr(self.estimator, "predict_proba")

    def filled(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return X on the features' own scale with missing numbers as the fit saw them."""
        import numpy as np

        X = np.asarray(X, dtype=np.float64)
        return X if self.median is None else np.where(np.isnan(X), self.median, X)

    def prepare(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return X, shape (rows, features), NaN for missing, as the estimator takes it."""
        X = self.filled(X)
        return X if self.center is None or self.scale is None else (X - self.center) / self.scale

    def score(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the chance of class 1, shape (rows,), or a regression's prediction in the target's unit.

        Where `probabilistic` is false a classifier's is a squashed decision value: in [0, 1], but no chance.
        """
        import numpy as np
        from scipy.special import expit

        ready = self.prepare(X)
        if not self.classifies:
            return np.asarray(self.estimator.predict(ready), dtype=np.float64).reshape(-1)
        if self.probabilistic:
            chances = np.asarray(self.estimator.predict_proba(ready), dtype=np.float64)
            return chances[:, list(self.estimator.classes_).index(1)]
        return np.asarray(expit(np.asarray(self.estimator.decision_function(ready), dtype=np.float64)))

    def decide(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the estimator's own decisions, 0 or 1, shape (rows,).

        Raises
        ------
        NotApplicable
            For a regression.
        """
        import numpy as np

        if not self.classifies:
            raise NotApplicable("a regression decides between no classes")
        return np.asarray(self.estimator.predict(self.prepare(X))).astype(np.int64).reshape(-1)

    def digest(self) -> str:
        """Return sha256 over what was learnt: coefficients, trees, stored rows, how features are prepared.

        Parameters that were set and the seed are left out, so two fits with one digest are one model.
        """
        found = hashlib.sha256()
        for part in (self.median, self.center, self.scale, self.estimator):
            _feed(found, part)
        return found.hexdigest()

    @property
    def booster(self) -> Any | None:
        """The ``xgboost.Booster``, which takes features on their own scale, or None."""
        return self.estimator.get_booster() if self.recipe.estimator.startswith("xgboost.") else None

    @property
    def linear(self) -> tuple[NDArray[np.float64], float] | None:
        """Coefficients, shape (features,), and intercept on the features' own scale, or None.

        A classifier's score is ``expit(filled(X) @ coefficients + intercept)``; a regression's has no expit.
        """
        import numpy as np

        if getattr(self.estimator, "kernel", "linear") != "linear" or not hasattr(self.estimator, "coef_"):
            return None
        if self.probabilistic and getattr(self.estimator, "loss", "log_loss") != "log_loss":
            return None  # modified_huber: its chance is not the logistic of its decision value
        coefficients = np.asarray(self.estimator.coef_, dtype=np.float64).reshape(-1)
        intercept = float(np.asarray(self.estimator.intercept_, dtype=np.float64).reshape(-1)[0])
        if self.center is not None and self.scale is not None:
            coefficients = coefficients / self.scale
            intercept -= float(coefficients @ self.center)
        return coefficients, intercept


def fit_recipe(
    recipe: Recipe,
    X: NDArray[np.float64],
    y: NDArray[Any],
    *,
    seed: int,
    weight: NDArray[np.float64] | None = None,
) -> Fitted:
    """Fit a recipe on one thread.

    Parameters
    ----------
    X : ndarray of float64, shape (rows, features)
        NaN marks a missing number.
    y : ndarray, shape (rows,)
        0 or 1 for a classifier, numbers for a regression.
    seed : int
        In [0, 2**32); given to the estimator where it has a seed.
    weight : ndarray of float64, shape (rows,), optional
        At least 0.

    Raises
    ------
    BadInputError
        If there is one class only, the estimator takes no weights, or the library refuses the parameters or
        the data.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

    checked(recipe)
    X = np.asarray(X, dtype=np.float64)
    if is_classifier(recipe):
        y = _two_classes(recipe, y)
    if weight is not None and not takes_weights(recipe):
        raise BadInputError(f"{recipe.name} cannot be fitted with a weight per row")
    estimator = _built(recipe, seed)
    median, center, scale = _preparation(recipe, estimator, X)
    blank = Fitted(recipe, estimator, X.shape[1], median, center, scale)
    extra = {} if weight is None else {"sample_weight": np.asarray(weight, dtype=np.float64)}
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("always")
        try:
            estimator.fit(blank.prepare(X), y, **extra)
        except Exception as error:
            raise BadInputError(f"{recipe.name} could not be fitted: {one_line(error)}") from error
    notes = tuple(dict.fromkeys(one_line(warning.message) for warning in caught))
    return Fitted(recipe, estimator, X.shape[1], median, center, scale, notes)


def _two_classes(recipe: Recipe, y: NDArray[Any]) -> NDArray[np.int64]:
    import numpy as np

    found = np.unique(y)
    if len(found) < 2:
        raise BadInputError(f"{recipe.name} cannot be fitted: the {len(y)} training rows hold one class only")
    if not np.isin(found, (0, 1)).all():
        raise BadInputError(
            f"{recipe.name} decides between 0 and 1; the labels hold {len(found)} other values"
        )
    return np.asarray(y).astype(np.int64)


def _built(recipe: Recipe, seed: int) -> Any:
    """Return the estimator unfitted, on one thread and with its seed."""
    estimator = class_of(recipe.estimator)()
    known = estimator.get_params(deep=False)
    fixed = {"random_state": seed}
    if recipe.estimator.startswith("xgboost."):
        fixed["n_jobs"] = 1  # its default is every core, scikit-learn's is one
    given = {
        k: tuple(v) if k == "hidden_layer_sizes" and isinstance(v, list) else v
        for k, v in recipe.parameters.items()
    }
    return estimator.set_params(**given, **{k: v for k, v in fixed.items() if k in known})


def _preparation(recipe: Recipe, estimator: Any, X: NDArray[np.float64]) -> tuple[Any, Any, Any]:
    """Return the median, mean and standard deviation that the estimator needs, None for those it does not."""
    import numpy as np
    from sklearn.utils import get_tags

    median = center = scale = None
    filled = X
    if not get_tags(estimator).input_tags.allow_nan:
        missing = np.isnan(X)
        empty = missing.all(axis=0)
        median = np.nanmedian(np.where(empty, 0.0, X), axis=0)
        filled = np.where(missing, median, X)
    if ALLOWED[recipe.estimator]:
        center, scale = filled.mean(axis=0), filled.std(axis=0)
        # A constant column's deviation is 0 or the rounding of its mean; neither is a scale.
        scale = np.where(scale <= 1e-12 * np.maximum(1.0, np.abs(center)), 1.0, scale)
    return median, center, scale


def _feed(into: Any, value: Any) -> None:
    """Add one learnt thing to a hash: its type, then its content, in an order that does not vary."""
    import numpy as np
    from scipy.sparse import issparse

    into.update(f"<{type(value).__name__}>".encode())
    if isinstance(value, np.ndarray):
        _feed_array(into, value)
    elif issparse(value):
        _feed(into, value.toarray())
    elif value is None or isinstance(value, str | int | float | bool | np.generic):
        into.update(repr(value).encode())
    elif isinstance(value, list | tuple):
        for item in value:
            _feed(into, item)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            into.update(repr(key).encode())
            _feed(into, value[key])
    elif hasattr(value, "get_booster"):
        into.update(value.get_booster().save_raw("ubj"))
    else:
        _feed(into, _state(value))


def _feed_array(into: Any, value: NDArray[Any]) -> None:
    import numpy as np

    into.update(repr((value.dtype.descr, value.shape)).encode())
    if value.dtype.names:  # field by field: the gaps between fields are whatever memory held
        for name in value.dtype.names:
            _feed_array(into, value[name])
    elif value.dtype.hasobject:
        for item in value.ravel():
            _feed(into, item)
    else:
        into.update(np.ascontiguousarray(value).tobytes())


def _state(value: Any) -> dict[str, Any]:
    """Return what an object learnt: what an estimator names so, the whole state of anything else."""
    if hasattr(value, "get_params"):
        return {
            name: item
            for name, item in vars(value).items()
            if name in _LEARNT or (name.endswith("_") and not name.startswith("__"))
        }
    state = value.__getstate__() if hasattr(value, "__getstate__") else None
    if isinstance(state, Mapping):
        return dict(state)
    return {"state": repr(state)} if isinstance(state, tuple | str | int | float) else {}
