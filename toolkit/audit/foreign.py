"""A finished model of somebody else's: asked in a subprocess about every row, and again to explain it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit.audit.modelled import Modelled, codes_of, cut_anew, frame_of, joined, spelt
from toolkit.audit.people import halves
from toolkit.audit.request import Request
from toolkit.fairness.parameters.problem import Problem
from toolkit.models import ModelSpec, Predictions, predict
from toolkit.records import BadInputError
from toolkit.table.columns import Column
from toolkit.table.learning import Learnable
from toolkit.table.outcome import as_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROW = "row number"


def foreign(table: Learnable, request: Request) -> Modelled:
    """Ask a model about every row of the table.

    Raises
    ------
    BadInputError
        If its columns do not fit the table's, or it gives no decisions and no threshold makes them.
    UntrustedModelError
        If its file holds what was not allowed.
    """
    spec = ModelSpec(str(request.model), request.trust, request.allow_pickle, request.sha256)
    asked = _Asked(spec, tuple(table.raw.values()), table, request)
    said = asked.about_all()
    decisions = _decided(said, request, table.task)
    usable = said.scores if said.probabilistic else None
    rows = len(decisions)
    problem = (
        _problem(table, request, decisions, usable, said.info.sha256)
        if table.task == "binary" and len(table.y)
        else None
    )
    return Modelled(
        frame=frame_of(table, request, _range(rows), decisions, usable),
        scores=usable is not None,
        task=table.task,
        problem=problem,
        fit=None,
        capacity=(),
        about={"model": said.info.to_dict(), "held_out": None},
        notes=tuple(dict.fromkeys([*table.notes, *said.notes])),
        rows=rows,
        columns=(*table.raw, *table.kept),
        features=said.columns,
        cut=cut_anew(table, request),
        explained=_explained(problem, asked, said) if problem is not None and usable is not None else None,
        remedied=_remedied(problem, request.seed) if problem is not None and usable is not None else None,
    )


def _range(rows: int) -> NDArray[np.int64]:
    import numpy as np

    return np.arange(rows)


def _decided(said: Predictions, request: Request, task: str) -> NDArray[Any]:
    """Return decisions: the model's own, or its scores against the threshold; a regression's predictions."""
    import numpy as np

    if task == "regression":
        if said.scores is None or said.info.task == "classes":
            raise BadInputError(
                f"the model decides between {', '.join(said.classes)} and the target {request.target} is a "
                "number; name another target, or one value with --positive"
            )
        return said.scores
    if request.threshold is not None:
        if said.scores is None:
            raise BadInputError("--threshold: this model gives no scores; leave the threshold out")
        return (said.scores >= request.threshold).astype(np.int64)
    if said.decisions is None:
        raise BadInputError("the model gives a score and no decision; say where to cut it with --threshold")
    return said.decisions


def _problem(
    table: Learnable,
    request: Request,
    decisions: NDArray[np.int64],
    scores: NDArray[np.float64] | None,
    sha256: str,
) -> Problem:
    """Return the table's people, all of them held out, with what the model said of them."""
    import numpy as np

    first = spelt(table, request.sensitive[0])
    group, groups = codes_of(table.groups[first])
    cell, cells = codes_of(joined(table))
    rows = np.arange(len(decisions))
    nobody = np.array([], dtype=np.int64)
    return Problem(
        X=rows[:, None].astype(np.float64),
        y=table.y.astype(np.int64),
        group=group,
        groups=groups,
        attribute=first,
        train=nobody,
        calibration=nobody,
        test=rows,
        feature_names=(ROW,),
        source=(ROW,),
        model=_Said(scores, decisions, sha256),
        scores=scores,
        decisions=decisions,
        cell=cell,
        cells=cells,
    )


def _remedied(problem: Problem, seed: int) -> Problem:
    """Choose thresholds on one half of the people and judge on the other; the model is asked no more."""
    choose, judge = halves(problem.group, problem.y, seed)
    return replace(problem, calibration=choose, test=judge, scores=None, decisions=None)


def _explained(problem: Problem, asked: _Asked, said: Predictions) -> Problem:
    """Give the explainer the model's own columns, coded as numbers, and the model behind a subprocess."""
    import numpy as np

    names = said.columns
    own = tuple(i for i, name in enumerate(names) if name == problem.attribute)
    model = replace(asked, columns=tuple(asked.table.raw[name] for name in names), info=said)
    return replace(
        problem,
        X=np.column_stack([_coded(asked.table.raw[name])[0] for name in names]),
        feature_names=names,
        source=names,
        sensitive=own,
        model=model,
        scores=None,
        decisions=None,
    )


def _coded(column: Column) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return a column as numbers, and for text what each number stands for; missing is NaN."""
    import numpy as np

    if column.kind != "text":
        return np.asarray(column.values, dtype=np.float64), ()
    texts = as_text(column)
    levels = tuple(sorted({text for text in texts if text is not None}))
    code = {text: float(i) for i, text in enumerate(levels)}
    return np.array([np.nan if text is None else code[text] for text in texts]), levels


@dataclass(frozen=True, eq=False)
class _Said:
    """What a model said already, by row number: it can be asked again only about the same people."""

    scores: NDArray[np.float64] | None
    decisions: NDArray[np.int64]
    sha256: str
    booster: Any = None
    linear: Any = None

    @property
    def probabilistic(self) -> bool:
        return self.scores is not None

    def score(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        places = X[:, 0].astype(int)
        said = self.decisions.astype(float) if self.scores is None else self.scores
        found: NDArray[np.float64] = said[places]
        return found

    def decide(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.decisions[X[:, 0].astype(int)]
        return found

    def digest(self) -> str:
        return self.sha256


@dataclass(frozen=True, eq=False)
class _Asked:
    """A model in a subprocess that answers about any rows of its own columns, coded as `_coded` does."""

    spec: ModelSpec
    columns: tuple[Column, ...]
    table: Learnable
    request: Request
    info: Predictions | None = None
    booster: Any = None
    linear: Any = None

    def about_all(self) -> Predictions:
        """Ask about the table itself."""
        return self._predict(
            {column.name: column.values for column in self.columns if column.kind != "other"}
        )

    def _predict(self, columns: dict[str, Any]) -> Predictions:
        classes = self.table.classes
        positive = classes[1] if len(classes) == 2 else self.request.positive
        negative = classes[0] if len(classes) == 2 and not classes[0].startswith("not ") else None
        return predict(self.spec, columns, positive=positive, negative=negative, features=tuple(columns))

    @property
    def probabilistic(self) -> bool:
        return self.info is not None and self.info.probabilistic

    def _decoded(self, X: NDArray[np.float64]) -> dict[str, Any]:
        import numpy as np

        found: dict[str, Any] = {}
        for i, column in enumerate(self.columns):
            _, levels = _coded(column)
            found[column.name] = (
                np.array([None if np.isnan(v) else levels[int(v)] for v in X[:, i]], dtype=object)
                if levels
                else X[:, i]
            )
        return found

    def score(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = self._predict(self._decoded(X)).scores
        assert scores is not None
        return scores

    def decide(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        decisions = self._predict(self._decoded(X)).decisions
        assert decisions is not None
        return decisions

    def digest(self) -> str:
        return "" if self.info is None else self.info.info.sha256
