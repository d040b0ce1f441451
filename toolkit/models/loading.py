"""Inside the subprocess, first: open a model's bytes as something that answers; only ``worker`` calls it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from toolkit.models.answer import About, Answer, Model
from toolkit.models.columns import Columns, as_text
from toolkit.models.names import one_line, shown
from toolkit.records import BadInputError, UntrustedModelError


def open_model(kind: str, data: bytes) -> Model:
    """Open a model whose types are trusted already; whatever it raises is the caller's to report."""
    if kind.startswith("xgboost"):
        from toolkit.models.booster import BoosterModel, load_booster

        return BoosterModel(load_booster(data), configured=False)
    if kind == "onnx":
        from toolkit.models.graph import GraphModel

        return GraphModel(data)
    if kind == "pickle":
        import pickle

        return as_model(pickle.loads(data))  # noqa: S301 - allowed by the file's hash, and in a subprocess
    if kind == "joblib":
        import joblib  # type: ignore[import-untyped]  # it ships no types

        return as_model(joblib.load(io.BytesIO(data)))
    raise BadInputError(f"a model of kind {shown(kind)} cannot be opened")


def types_in_skops(data: bytes) -> tuple[list[str], list[str]]:
    """Return the names of all types in a ``.skops`` file and of those skops does not trust, both sorted.

    Reads the file's schema; builds nothing.
    """
    import zipfile

    from skops.io import get_untrusted_types

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    found: set[str] = set()
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if "__class__" in node and "__module__" in node:
                found.add(f"{node['__module__']}.{node['__class__']}")
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    untrusted = [str(name) for name in get_untrusted_types(data=data)]
    return sorted(found | set(untrusted)), sorted(untrusted)


def open_skops(data: bytes, trust: Sequence[str]) -> Model:
    """Open a ``.skops`` file with the types named allowed; raises UntrustedModelError if others are in it."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return as_model(skops.io.loads(data, trusted=list(trust)))
    except UntrustedTypesFoundException as error:
        raise UntrustedModelError(one_line(error)) from error


def as_model(found: Any) -> Model:
    """Wrap what a file held; anything that does not predict is an error that says what it is."""
    if type(found).__name__ == "Booster" and hasattr(found, "save_config"):
        from toolkit.models.booster import BoosterModel

        return BoosterModel(found, configured=True)
    if not hasattr(found, "predict"):
        raise BadInputError(
            f"the file holds {shown(type(found).__name__)}, which has no predict; it is no model"
        )
    return ScikitModel(found)


class ScikitModel:
    """A scikit-learn estimator, a pipeline, or anything that keeps to its rules."""

    def __init__(self, estimator: Any) -> None:
        from sklearn.base import is_regressor

        self.estimator = estimator
        _one_thread(estimator)
        classes = getattr(estimator, "classes_", None)
        if classes is None and not is_regressor(estimator):
            raise BadInputError(
                f"the model, {shown(type(estimator).__name__)}, is no fitted classifier and no regression"
            )
        self.order = [] if classes is None else list(classes)
        if any(isinstance(one, list | tuple) or getattr(one, "ndim", 0) for one in self.order):
            raise BadInputError("the model decides several things at once; give a model with one target")
        names = getattr(estimator, "feature_names_in_", None)
        count = getattr(estimator, "n_features_in_", None)
        self.about = About(
            description=_describe(estimator),
            task="numbers" if classes is None else "classes",
            features=None if names is None else tuple(str(name) for name in names),
            n_features=int(count) if count is not None else None,
            classes=tuple(as_text(one) for one in self.order),
            coded=type(estimator).__name__.startswith("XGB"),
            parameters=_parameters(estimator),
        )

    def answer(self, columns: Columns, names: Sequence[str], contributions: bool = False) -> Answer:
        """Ask the estimator: chances where it has them, else decision values, and its own decisions."""
        import numpy as np

        if contributions:
            raise BadInputError(f"{type(self.estimator).__name__} has no exact contributions of its features")
        X = columns.frame(names) if self.about.features is not None else columns.matrix(names)
        said = np.asarray(self.estimator.predict(X))
        if said.ndim > 1:
            if said.shape[1] != 1:
                raise BadInputError("the model predicts several columns; give a model with one target")
            said = said.reshape(-1)
        if self.about.task == "numbers":
            return Answer(values=said.astype(np.float64))
        place = {as_text(one): i for i, one in enumerate(self.order)}
        values, inverse = np.unique(said, return_inverse=True)
        odd = [as_text(one) for one in values.tolist() if as_text(one) not in place]
        if odd:
            raise BadInputError(f"the model decided {shown(odd[0])}, which is not among its own classes")
        decided = np.array([place[as_text(one)] for one in values.tolist()], dtype=np.int64)[inverse]
        if hasattr(self.estimator, "predict_proba"):
            return Answer(
                chances=np.asarray(self.estimator.predict_proba(X), dtype=np.float64), decided=decided
            )
        if hasattr(self.estimator, "decision_function"):
            values = np.asarray(self.estimator.decision_function(X), dtype=np.float64)
            return Answer(values=values, decided=decided)
        return Answer(decided=decided)


def _one_thread(estimator: Any) -> None:
    """Set every n_jobs in an estimator to one, where it has such a thing."""
    try:
        known = estimator.get_params(deep=True)
        estimator.set_params(
            **{name: 1 for name in known if name.split("__")[-1] == "n_jobs" and known[name]}
        )
    except Exception:  # an estimator of its own kind; the environment has pinned the threads already
        return


def _describe(estimator: Any) -> str:
    name = type(estimator).__name__
    steps = getattr(estimator, "steps", None)
    if isinstance(steps, list):
        return f"{name} of " + ", ".join(type(step).__name__ for _, step in steps)
    return name


def _parameters(estimator: Any) -> tuple[tuple[str, str], ...]:
    """Return what was set on the last step, as text: names and values for people to read."""
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if isinstance(steps, list) and steps else estimator
    try:
        return tuple((k, one_line(repr(v), 60)) for k, v in sorted(last.get_params(deep=False).items()))
    except Exception:
        return ()
