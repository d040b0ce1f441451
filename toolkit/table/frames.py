"""From a pandas DataFrame to columns, by its public interface; pandas itself is never imported here."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.columns import MISSING, Column, Table, counted, refuse_repeats, sample

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_frame(frame: Any, name: str | None) -> Table:
    """Read a DataFrame's columns; text cells are trimmed and missing values marked as in a file."""
    label = name or "DataFrame"
    if not all(hasattr(frame, part) for part in ("columns", "iloc", "isna")):
        raise BadInputError(
            f"{type(frame).__name__} is not a table; give a path, a glob or a pandas DataFrame"
        )
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise BadInputError(f"{label}: the columns have several levels of names; flatten them to one")
    names = [str(column) for column in frame.columns]
    refuse_repeats(label, names)
    rows = len(frame)
    wanted = sample(rows)
    notes = (
        () if wanted is None else (f"{counted(len(wanted), 'row')} of {rows:,} were read, drawn at random",)
    )
    frame = frame if wanted is None else frame.iloc[wanted]
    return Table(label, tuple(_column(n, frame.iloc[:, i]) for i, n in enumerate(names)), notes)


def _column(name: str, series: Any) -> Column:
    """Read one column by the kind of its type."""
    import numpy as np

    kind = getattr(series.dtype, "kind", "O")
    if kind == "b":
        return Column(name, "boolean", series.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind in "iuf":
        return Column(name, "number", series.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind == "M":
        return Column(name, "date", _days(series))
    cells = [
        None if empty else cell for cell, empty in zip(series.tolist(), series.isna().tolist(), strict=True)
    ]
    present = [cell for cell in cells if cell is not None]
    if present and all(isinstance(cell, bool | np.bool_) for cell in present):
        return Column(name, "boolean", _numbers(cells))
    if present and all(isinstance(cell, Real | Decimal) for cell in present):
        return Column(name, "number", _numbers(cells))
    texts = [None if cell is None else str(cell).strip() for cell in cells]
    values = np.array([None if text in MISSING else text for text in texts] or [None], dtype=object)[
        : len(texts)
    ]
    return Column(name, "text", values)


def _numbers(cells: list[Any]) -> NDArray[Any]:
    import numpy as np

    return np.array([np.nan if cell is None else float(cell) for cell in cells])


def _days(series: Any) -> NDArray[Any]:
    """Return days since 1970 (of UTC where there is a zone)."""
    import numpy as np

    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert(None)
    stamps = series.to_numpy(dtype="datetime64[us]")
    days = stamps.astype(np.int64) / 86_400e6
    return np.where(np.isnat(stamps), np.nan, days)
