"""Fourth of models: a table's columns on their way into the subprocess, and which of them a model wants.

Numbers travel as an ``.npz`` that needs no pickle, text and names as JSON, whatever they hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.models.names import listed, nearest, one_line, shown
from toolkit.records import BadInputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of one table: numbers (NaN for missing) or text (None for missing), all of one length."""

    names: tuple[str, ...]
    values: Mapping[str, NDArray[Any]]
    rows: int

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> Columns:
        """Take columns from a mapping or a DataFrame.

        Raises
        ------
        BadInputError
            If there is none, or two differ in length.
        """
        values = {str(name): plain_column(columns[name]) for name in columns}
        lengths = {name: len(value) for name, value in values.items()}
        if not lengths:
            raise BadInputError("the table has no columns to give to the model")
        first, rows = next(iter(lengths.items()))
        for name, length in lengths.items():
            if length != rows:
                raise BadInputError(
                    f"column {shown(name)} has {length} rows and column {shown(first)} has {rows}"
                )
        return cls(tuple(values), values, rows)

    def write(self, folder: Path) -> None:
        """Write the columns into a folder, for `read`."""
        import numpy as np

        numbers, texts = {}, {}
        for place, name in enumerate(self.names):
            column = self.values[name]
            if column.dtype == object:
                texts[str(place)] = column.tolist()
            else:
                numbers[f"c{place}"] = column
        np.savez(folder / "columns.npz", **numbers)  # type: ignore[arg-type]  # numpy's stub
        about = {"names": self.names, "texts": texts, "rows": self.rows}
        (folder / "columns.json").write_text(json.dumps(about), "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Columns:
        """Read what `write` wrote."""
        import numpy as np

        about = json.loads((folder / "columns.json").read_text("utf-8"))
        with np.load(folder / "columns.npz", allow_pickle=False) as numbers:
            values = {
                name: np.array(about["texts"][str(place)], dtype=object)
                if str(place) in about["texts"]
                else numbers[f"c{place}"]
                for place, name in enumerate(about["names"])
            }
        return cls(tuple(about["names"]), values, about["rows"])

    def part(self, start: int, stop: int) -> Columns:
        """Return the rows from `start` up to `stop`."""
        values = {name: value[start:stop] for name, value in self.values.items()}
        return Columns(self.names, values, min(stop, self.rows) - start)

    def matrix(self, names: Sequence[str], dtype: str = "float64") -> NDArray[Any]:
        """Return columns of numbers side by side, shape (rows, len(names)); text among them is an error."""
        import numpy as np

        text = [name for name in names if self.values[name].dtype == object]
        if text:
            raise BadInputError(
                f"the model takes numbers, and {'column' if len(text) == 1 else 'columns'} {listed(text)} "
                f"{'holds' if len(text) == 1 else 'hold'} text; encode the text as the model was trained"
            )
        found = np.empty((self.rows, len(names)), dtype=dtype)
        for place, name in enumerate(names):
            found[:, place] = self.values[name]
        return found

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns as a DataFrame; missing text is NaN, as pandas reads a file."""
        import numpy as np
        import pandas as pd

        columns = {}
        for name in names:
            value = self.values[name]
            if value.dtype == object:
                value = np.array([np.nan if v is None else v for v in value.tolist()], dtype=object)
            columns[name] = pd.Series(value, dtype=value.dtype)
        return pd.DataFrame(columns, columns=list(names))


def plain_column(values: Any) -> NDArray[Any]:
    """Return a column as numbers or truth values, or as an object array of text and None.

    Whole columns of missing values are numbers (NaN); numbers beside text become text.
    """
    import numpy as np

    if isinstance(values, np.ma.MaskedArray):  # DuckDB's way to say missing
        mask = np.ma.getmaskarray(values)
        values = np.asarray(values.data)
        if mask.any():
            values = values.astype(np.float64 if _holds_numbers(values) else object)
            values[mask] = np.nan if values.dtype != object else None
    found = np.asarray(values)
    if found.ndim != 1:
        raise BadInputError(f"a column has {found.ndim} dimensions, not one")
    if _holds_numbers(found):
        return np.ascontiguousarray(found)
    cells = [None if _missing(v) else v for v in found.astype(object).tolist()]
    if all(v is None or isinstance(v, int | float | np.integer | np.floating) for v in cells):
        return np.array([np.nan if v is None else float(v) for v in cells], dtype=np.float64)
    return np.array([None if v is None else str(v) for v in cells], dtype=object)


def _holds_numbers(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "biuf" and values.dtype.itemsize <= 8


def _missing(value: Any) -> bool:
    """Whether a cell is missing: None, NaN, NaT or pandas' NA, all of which are not equal to themselves."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - that is what NaN is


def wanted(
    features: Sequence[str] | None, count: int | None, table: Sequence[str], given: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the table's columns that a model takes, in the model's order.

    Parameters
    ----------
    features : sequence of str, or None
        The model's own names; None if it has none, and then `count` is how many it takes (None: any).
    table : sequence of str
        The columns there are.
    given : sequence of str, or None
        The table's feature columns in order, for a model without names; None for all columns.

    Raises
    ------
    BadInputError
        If a column is missing, with the nearest name, or the numbers differ.
    """
    if features is None:
        chosen = tuple(table if given is None else given)
        _all_there(chosen, table)
        if count is not None and len(chosen) != count:
            raise BadInputError(
                f"the model has no feature names and takes {count} columns; the table offers {len(chosen)} "
                f"as features: {listed(chosen, 40)}. Name the {count} features in the model's order."
            )
        return chosen
    _all_there(features, table)
    return tuple(features)


def _all_there(features: Sequence[str], table: Sequence[str]) -> None:
    known = set(table)
    missing = [name for name in features if name not in known]
    if not missing:
        return
    spare = [name for name in table if name not in set(features)]
    hints = [(name, nearest(name, spare)) for name in missing[:12]]
    said = ", ".join(
        shown(n) + (f" (nearest in the table: {shown(near)})" if near else "") for n, near in hints
    )
    more = f" and {len(missing) - len(hints)} more" if len(missing) > len(hints) else ""
    raise BadInputError(
        f"the model wants {len(features)} feature columns and the table lacks {len(missing)} of them: "
        f"{said}{more}. "
        + (f"The table's columns that the model does not know: {listed(spare)}. " if spare else "")
        + "Give the table as the model was trained on it."
    )


def as_text(value: Any) -> str:
    """Return a class as text: a whole float without its point, bytes decoded."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def position(
    classes: Sequence[str], positive: str | None, negative: str | None, coded: bool
) -> tuple[int, str]:
    """Return which of a model's classes is the positive one, and a note where that had to be taken.

    Parameters
    ----------
    coded : bool
        Whether the format has only numbers 0, 1, ... for classes (xgboost): 1 stands for the positive.

    Raises
    ------
    BadInputError
        If the positive value is not among the classes, or none is given and the classes are not 0 and 1.
    """
    numbers = [_number(name) for name in classes]
    if positive is None:
        if numbers == [0.0, 1.0]:
            return 1, f"{shown(classes[1])} is taken as the model's positive class"
        raise BadInputError(
            f"the model's classes are {listed(classes)}; say which is positive with --positive"
        )
    for place, name in enumerate(classes):
        if _same(name, positive):
            _check_other(classes, place, positive, negative)
            return place, ""
    if coded and numbers == [0.0, 1.0]:
        return 1, f"xgboost keeps no names of classes: its 1 is taken to be {shown(positive)}"
    raise BadInputError(
        f"the positive value {shown(positive)} is not among the model's classes {listed(classes)}; "
        "write the target in the table as the model knows it, or name another value with --positive"
    )


def _check_other(classes: Sequence[str], place: int, positive: str, negative: str | None) -> None:
    if negative is None or len(classes) != 2 or _same(classes[1 - place], negative):
        return
    raise BadInputError(
        f"the model decides between {listed(classes)}, the table's target between {shown(positive)} and "
        f"{shown(negative)}; {shown(negative)} is not among the model's classes"
    )


def _same(first: str, second: str) -> bool:
    a, b = _number(first), _number(second)
    return first == second or (a is not None and a == b)


def _number(text: str) -> float | None:
    folded = one_line(text).casefold()
    if folded in ("true", "false"):
        return float(folded == "true")
    try:
        return float(folded)
    except ValueError:
        return None
