"""Inside the subprocess: an ONNX graph, for prediction only, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from toolkit.models.answer import About, Answer
from toolkit.models.columns import Columns, as_text
from toolkit.models.names import listed, one_line, shown
from toolkit.records import BadInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INSTALL = "pip install 'misconception-toolkit[onnx]'"
_NUMBERS = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}
_TEXT = "tensor(string)"


class GraphModel:
    """A graph with one matrix as its input, or one named column per input."""

    def __init__(self, data: bytes) -> None:
        self.session = _session(data)
        self.inputs = self.session.get_inputs()
        for one in self.inputs:
            if one.type not in _NUMBERS and one.type != _TEXT:
                raise BadInputError(
                    f"input {shown(one.name)} of the graph takes {one.type}, not a table's columns"
                )
            if len(one.shape) > 2:
                raise BadInputError(
                    f"input {shown(one.name)} of the graph has {len(one.shape)} dimensions, not 2"
                )
        widths = [_width(one.shape) for one in self.inputs]
        self.by_column = len(self.inputs) > 1
        if self.by_column and any(width != 1 for width in widths):
            raise BadInputError(
                f"the graph has {len(self.inputs)} inputs and not all are one column: "
                f"{listed([one.name for one in self.inputs])}"
            )
        outputs = self.session.get_outputs()
        self.label = next((o.name for o in outputs if o.type in ("tensor(int64)", _TEXT)), None)
        self.chances = next((o.name for o in outputs if o.type.startswith("seq(map")), None) or next(
            (o.name for o in outputs if o.type in ("tensor(float)", "tensor(double)")), None
        )
        if self.label is None and self.chances is None:
            raise BadInputError(
                f"the graph's outputs are no labels or scores: {listed([o.name for o in outputs])}"
            )
        self.about = About(
            description=f"ONNX graph, outputs {listed([o.name for o in outputs])}",
            task="classes" if self.label is not None else "scores",
            features=tuple(one.name for one in self.inputs) if self.by_column else None,
            n_features=len(self.inputs) if self.by_column else widths[0],
        )

    def answer(self, columns: Columns, names: Sequence[str], contributions: bool = False) -> Answer:
        """Run the graph; classes are read off its labels and scores."""
        import numpy as np

        if contributions:
            raise BadInputError("an ONNX graph has no exact contributions of its features")
        wanted = [name for name in (self.label, self.chances) if name is not None]
        feed = {one.name: _feed(columns, names, one) for one in self.inputs} if not self.by_column else {
            one.name: _feed(columns, [name], one) for one, name in zip(self.inputs, names, strict=True)
        }  # fmt: skip
        said = dict(zip(wanted, self.session.run(wanted, feed), strict=True))
        scores = None if self.chances is None else said[self.chances]
        if self.label is None:
            return _scores_alone(np.asarray(scores, dtype=np.float64), columns.rows)
        labels = [as_text(one) for one in np.asarray(said[self.label]).reshape(-1).tolist()]
        table: NDArray[np.float64] | None
        if isinstance(scores, list):  # one mapping a row, class -> chance
            order = list(scores[0]) if scores else []
            classes = [as_text(one) for one in order]
            table = np.array([[row[one] for one in order] for row in scores], dtype=np.float64)
        else:
            table = None if scores is None else np.asarray(scores, dtype=np.float64).reshape(columns.rows, -1)
            classes = _classes(labels, table)
        place = {name: i for i, name in enumerate(classes)}
        decided = np.array([place[name] for name in labels], dtype=np.int64)
        if table is None or table.shape[1] != len(classes):
            return Answer(decided=decided, classes=tuple(classes))
        if not _are_chances(table):
            return Answer(values=table, decided=decided, classes=tuple(classes))
        return Answer(chances=table, decided=decided, classes=tuple(classes))


def _session(data: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise BadInputError(f"an ONNX model needs onnxruntime, which is not installed: {INSTALL}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BadInputError(f"onnxruntime cannot read it: {one_line(error, 160)}") from error


def _width(shape: Sequence[Any]) -> int | None:
    if len(shape) == 1:
        return 1
    return shape[1] if len(shape) == 2 and isinstance(shape[1], int) else None


def _feed(columns: Columns, names: Sequence[str], one: Any) -> NDArray[Any]:
    """Return the columns as an input takes them, shape (rows, columns) or (rows,)."""
    import numpy as np

    if one.type == _TEXT:
        cells = [["" if v is None else as_text(v) for v in columns.values[name].tolist()] for name in names]
        found = np.array(cells, dtype=object).T
    else:
        numbers = columns.matrix(names)
        if _NUMBERS[one.type].startswith(("int", "bool")) and np.isnan(numbers).any():
            gap = names[int(np.isnan(numbers).any(axis=0).argmax())]
            raise BadInputError(
                f"column {shown(gap)} has missing values, and the graph takes whole numbers there"
            )
        found = numbers.astype(_NUMBERS[one.type])
    return found.reshape(-1) if len(one.shape) == 1 else found


def _scores_alone(scores: NDArray[np.float64], rows: int) -> Answer:
    """Return one number a row as it is, or several as chances where they sum to one."""
    import numpy as np

    table = scores.reshape(rows, -1)
    if table.shape[1] == 1:
        return Answer(values=table[:, 0])
    if not _are_chances(table):
        raise BadInputError(
            f"the graph gives {table.shape[1]} numbers a row that are no chances, and no labels"
        )
    classes = tuple(str(code) for code in range(table.shape[1]))
    return Answer(chances=table, decided=table.argmax(axis=1).astype(np.int64), classes=classes)


def _are_chances(table: NDArray[np.float64]) -> bool:
    import numpy as np

    inside = ((table >= -1e-6) & (table <= 1 + 1e-6)).all()
    return bool(inside) and bool(np.allclose(table.sum(axis=1), 1.0, atol=1e-3))


def _classes(labels: Sequence[str], table: NDArray[np.float64] | None) -> list[str]:
    """Name the score columns by the label most rows have where the column is largest.

    A plain score matrix carries no class names. A column that is never largest keeps an empty name. Without
    scores the classes are the labels seen.
    """
    from collections import Counter

    seen = sorted(set(labels))
    if table is None or table.shape[1] < 2:
        return seen
    largest = table.argmax(axis=1).tolist()
    votes: list[Counter[str]] = [Counter() for _ in range(table.shape[1])]
    for label, column in zip(labels, largest, strict=True):
        votes[column][label] += 1
    names = [vote.most_common(1)[0][0] if vote else "" for vote in votes]
    named = [name for name in names if name]
    if len(set(named)) != len(named) or not set(seen) <= set(named):
        return seen  # the labels are not the largest score: use them alone
    codes = [str(code) for code in range(len(names))]
    if all(name in ("", code) for name, code in zip(names, codes, strict=True)):
        return codes
    return names
