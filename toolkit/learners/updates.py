"""Finished linear models and boosters, and every way of changing them afterwards; M004 uses them."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks_after import distance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = tuple[NDArray[Any], NDArray[Any]]

ROUNDS, PASSES = 6, 5


def parameters(model: Any) -> NDArray[np.float64]:
    """Return a fitted model's parameters as one vector: coefficients, or a booster's nodes, tree by tree."""
    import numpy as np

    if hasattr(model, "save_raw"):
        trees = json.loads(bytes(model.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
        return np.array([v for tree in trees for v in tree["split_conditions"]], dtype=np.float64)
    return np.concatenate([model.coef_.ravel(), model.intercept_.ravel()])


def sha256(model: Any) -> str:
    """Hash a fitted model's parameters: the bytes of the coefficients, or the booster's own binary form."""
    raw = bytes(model.save_raw("ubj")) if hasattr(model, "save_raw") else parameters(model).tobytes()
    return hashlib.sha256(raw).hexdigest()


def fitted(rows: Rows, classes: int, seed: int) -> dict[str, Any]:
    """Fit the three learners: a linear model by gradient descent, one by Newton's method, a booster."""
    from sklearn.linear_model import LogisticRegression, SGDClassifier

    X, y = rows
    linear = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=seed, max_iter=PASSES, tol=None).fit(
        X, y
    )
    logistic = LogisticRegression(warm_start=True, max_iter=60, tol=1e-2).fit(X, y)
    return {"sgd": linear, "logistic": logistic, "booster": boosted(rows, classes, seed)}


def boosted(rows: Rows, classes: int, seed: int, *, start: Any = None, **settings: Any) -> Any:
    """Train a booster, or go on from one; `settings` are xgboost's."""
    import xgboost

    given = {"objective": "multi:softprob", "num_class": classes, "max_depth": 3, "eta": 0.4}
    given |= {"seed": seed, "nthread": 1, "tree_method": "hist", "verbosity": 0} | settings
    return xgboost.train(given, xgboost.DMatrix(*rows, nthread=1), ROUNDS, xgb_model=start)


def error(model: Any, rows: Rows) -> float:
    """Return the share of rows a model gets wrong."""
    import xgboost

    X, y = rows
    if hasattr(model, "save_raw"):
        return float((model.predict(xgboost.DMatrix(X, nthread=1)).argmax(axis=1) != y).mean())
    return float((model.predict(X) != y).mean())


def renewed(models: dict[str, Any], rows: Rows, classes: int, seed: int) -> list[tuple[str, str, Any, Any]]:
    """Change each model by every method its library has; none touches the model it was given.

    Returns
    -------
    list of (learner, method, changed model, model trained anew at the same cost)
        The model anew is None where the method needs no training rows.
    """
    X, y = rows
    linear, logistic = copy.deepcopy(models["sgd"]), copy.deepcopy(models["logistic"])
    anew = fitted(rows, classes, seed)
    for _ in range(PASSES):
        linear.partial_fit(X, y)
    logistic.fit(X, y)
    shrunk = copy.deepcopy(models["logistic"])
    shrunk.coef_ = shrunk.coef_ * 0.5
    booster = models["booster"]
    update = {"process_type": "update", "start": booster}
    refreshed = boosted(rows, classes, seed, updater="refresh", refresh_leaf=True, **update)
    cut = boosted(rows, classes, seed, updater="refresh,prune", refresh_leaf=False, gamma=2.0, **update)
    return [
        ("sgd", "partial_fit", linear, anew["sgd"]),
        ("logistic", "warm start", logistic, anew["logistic"]),
        ("logistic", "coefficients halved", shrunk, None),
        ("booster", "continuation", boosted(rows, classes, seed, start=booster), anew["booster"]),
        ("booster", "leaves refreshed", refreshed, anew["booster"]),
        ("booster", "pruned", cut, None),
        ("booster", "last half of the rounds cut off", booster[: ROUNDS // 2], None),
    ]


def old_trees_intact(before: Any, after: Any) -> bool:
    """Tell whether a continued booster's first trees are, bit for bit, those it went on from."""
    return sha256(before) == sha256(after[: before.num_boosted_rounds()])


def read_only(models: dict[str, Any], rows: Rows, *, adapting: bool) -> list[tuple[str, str, bool]]:
    """Ask each model in every read-only way; tell (learner, action, whether its parameters changed).

    With `adapting` the linear model is deployed so that it learns from its own answers as it predicts
    (self-training): a planted system in which asking does change the parameters.
    """
    import xgboost

    X, y = rows
    matrix = xgboost.DMatrix(X, nthread=1)

    def predict(model: Any) -> Any:
        answers = model.predict(X)
        if adapting and hasattr(model, "partial_fit"):
            model.partial_fit(X, answers)
        return answers

    actions: list[tuple[str, str, Any]] = [("booster", "predict", lambda m: m.predict(matrix))]
    actions += [("booster", "SHAP", lambda m: m.predict(matrix, pred_contribs=True))]
    actions += [("booster", "score", lambda m: error(m, rows))]
    for name in ("sgd", "logistic"):
        actions += [(name, "predict", predict), (name, "score", lambda m: (predict(m) == y).mean())]
        actions += [(name, "SHAP", lambda m: (X - X.mean(axis=0)) * m.coef_[0])]
    found = []
    for name, action, ask in actions:
        before = sha256(models[name])
        ask(models[name])
        found.append((name, action, sha256(models[name]) != before))
    return found


def moved(before: Any, after: Any) -> float:
    """Return the relative distance between two models' parameters."""
    return distance(parameters(before), parameters(after))
