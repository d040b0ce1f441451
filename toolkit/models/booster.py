"""Inside the subprocess: an xgboost booster from JSON or UBJ, asked with the rounds it would use itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.models.answer import About, Answer
from toolkit.models.columns import Columns
from toolkit.models.names import listed, one_line, shown
from toolkit.records import BadInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Objectives whose prediction is the chance of class 1.
_CHANCE = frozenset({"binary:logistic"})
_CLASSES = ("binary:", "multi:")
#: The clock and the line of source that xgboost puts before what it says.
_SOURCE = re.compile(r"^\[\d\d:\d\d:\d\d\] \S+:\d+: ")


def load_booster(data: bytes) -> Any:
    """Return the booster in JSON or UBJ bytes; raises BadInputError where xgboost refuses them."""
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except xgboost.core.XGBoostError as error:
        lines = [line for line in str(error).splitlines() if line.strip() and "Stack trace" not in line]
        said = _SOURCE.sub("", lines[0]) if lines else "no reason given"
        raise BadInputError(f"xgboost cannot read it: {one_line(said, 160)}") from error
    booster.set_param({"nthread": 1})
    return booster


class BoosterModel:
    """A booster; class names are not in the file, so classes are 0, 1, ...

    Parameters
    ----------
    configured : bool
        Whether it carries the settings it was trained with. A JSON or UBJ file does not: `save_config` of a
        booster loaded from one gives xgboost's defaults as if they were the settings (3.2).
    """

    def __init__(self, booster: Any, configured: bool) -> None:
        self.booster = booster
        learner = json.loads(booster.save_config())["learner"]
        self.objective = str(learner["objective"]["name"])
        classes = int(learner["learner_model_param"].get("num_class", 0))
        task = "classes" if self.objective.startswith(_CLASSES) else "numbers"
        if self.objective.startswith(("rank:", "survival:")):
            task = "scores"
        count = max(2, classes) if task == "classes" else 0
        rounds = int(booster.num_boosted_rounds())
        best = booster.attr("best_iteration")
        self.iterations = (0, int(best) + 1) if best is not None and best.isdigit() else (0, 0)
        notes: tuple[str, ...] = ()
        if self.iterations[1] and self.iterations[1] < rounds:
            notes = (f"early stopping chose {self.iterations[1]} of {rounds} rounds; those are used",)
        self.about = About(
            description=f"xgboost booster, {self.objective}, {rounds} rounds",
            task=task,
            features=None if booster.feature_names is None else tuple(booster.feature_names),
            n_features=int(booster.num_features()),
            classes=tuple(str(code) for code in range(count)),
            coded=True,
            parameters=_parameters(learner, rounds, configured),
            notes=notes,
        )

    def answer(self, columns: Columns, names: Sequence[str], contributions: bool = False) -> Answer:
        """Ask the booster; a chance decides at more than one half, as xgboost's own classifier does."""
        import numpy as np

        rows = self._rows(columns, names)
        answer = self._answer(rows)
        if not contributions:
            return answer
        parts = self.booster.predict(rows, pred_contribs=True, iteration_range=self.iterations)
        if parts.ndim != 2:
            raise BadInputError(f"contributions are for one output; the booster has {parts.shape[1]}")
        return replace(answer, contributions=np.asarray(parts, dtype=np.float64))

    def _answer(self, rows: Any) -> Answer:
        import numpy as np

        raw = self.objective == "binary:logitraw"
        said = np.asarray(
            self.booster.predict(rows, iteration_range=self.iterations, output_margin=raw), dtype=np.float64
        )
        if self.about.task != "classes":
            if said.ndim > 1 and said.shape[1] != 1:
                raise BadInputError("the model predicts several columns; give a model with one target")
            return Answer(values=said.reshape(-1))
        if said.ndim == 2:
            return Answer(chances=said, decided=said.argmax(axis=1).astype(np.int64))
        if self.objective in _CHANCE:
            return Answer(chances=np.column_stack([1.0 - said, said]), decided=(said > 0.5).astype(np.int64))
        if raw:
            return Answer(values=said, decided=(said > 0.0).astype(np.int64))
        return Answer(decided=said.astype(np.int64))  # binary:hinge and multi:softmax give classes

    def _rows(self, columns: Columns, names: Sequence[str]) -> Any:
        import xgboost

        kinds = self.booster.feature_types
        kinds = [] if kinds is None else list(kinds)
        categories = {n for n, kind in zip(names, kinds, strict=False) if kind == "c"}
        if categories and self._names_categories():
            frame = columns.frame(names)
            for name in names:
                frame[name] = frame[name].astype("category" if name in categories else "float64")
            frame.columns = list(self.booster.feature_names or names)
            return xgboost.DMatrix(frame, enable_categorical=True, nthread=1)
        text = [name for name in categories if columns.values[name].dtype == object]
        if text:
            raise BadInputError(
                f"the model takes {listed(sorted(text))} as numbered categories and keeps no names for them; "
                "give the codes it was trained on"
            )
        return xgboost.DMatrix(
            _matrix(columns, names),
            feature_names=self.booster.feature_names,
            feature_types=kinds or None,
            enable_categorical=bool(categories),
            nthread=1,
        )

    def _names_categories(self) -> bool:
        """Whether the file keeps the categories' names, as xgboost does from 3.1 on."""
        known = getattr(self.booster, "get_categories", None)
        return known is not None and not known().empty()


def _matrix(columns: Columns, names: Sequence[str]) -> NDArray[np.float32]:
    import numpy as np

    found = columns.matrix(names, "float32")
    for place, name in enumerate(names):
        if np.isinf(found[:, place]).any():
            raise BadInputError(f"column {shown(name)} holds numbers too large for xgboost (float32)")
    return found


def _parameters(learner: Any, rounds: int, configured: bool) -> tuple[tuple[str, str], ...]:
    """Return the hyperparameters that are known, as text; a loaded wrapper has lost even n_estimators."""
    found = {"n_estimators": str(rounds), "objective": str(learner["objective"]["name"])}
    boosting = learner.get("gradient_booster", {})
    trees = boosting.get("tree_train_param", {})
    kept = ("max_depth", "max_leaves", "learning_rate", "min_child_weight", "subsample", "colsample_bytree",
            "reg_alpha", "reg_lambda", "gamma", "grow_policy", "max_bin")  # fmt: skip
    found["booster"] = str(boosting.get("name", ""))
    if configured:
        found |= {name: str(trees[name]) for name in kept if name in trees}
    return tuple(sorted(found.items()))
