"""What a reader hands on: named columns of numbers or text, with missing values marked one way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from toolkit.records import BadInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["number", "boolean", "date", "text", "other"]
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "#N/A", "?")
MISSING_GROUP = "(missing)"
OTHER_GROUP = "(other)"
MOST_ROWS = 200_000
SEED = 20_260_101


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Attributes
    ----------
    values : ndarray, shape (rows,)
        float64 with NaN for "number", "boolean" (0 and 1) and "date" (days since 1970); object (str or None)
        for "text"; empty for "other", which nothing can be learnt from.
    note : str
        What was done to it while reading.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    note: str = ""

    def take(self, keep: NDArray[np.bool_]) -> Column:
        """Return the rows kept."""
        return self if self.kind == "other" else replace(self, values=self.values[keep])


@dataclass(frozen=True)
class Table:
    """The columns of one table, what to call it, and what was noticed while reading."""

    label: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """Return a column that is known to be there."""
        return next(column for column in self.columns if column.name == name)


def nearest_column(name: str, table: Table) -> str:
    """Return the column's own spelling, or say which is nearest."""
    return nearest_name(name, [column.name for column in table.columns], table.label)


def nearest_name(name: str, names: Sequence[str], label: str) -> str:
    """Return one of the names as it is spelt in the table, or say which is nearest."""
    if name in names:
        return name
    folded = {n.casefold().strip(): n for n in names}
    if name.casefold().strip() in folded:
        return folded[name.casefold().strip()]
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    shown = ", ".join(repr(n) for n in names[:12]) + (", ..." if len(names) > 12 else "")
    hint = f"did you mean {folded[close[0]]!r}?" if close else f"its columns are {shown}"
    raise BadInputError(f"{label}: there is no column {name!r}; {hint}")


def refuse_repeats(label: str, names: Sequence[str]) -> None:
    """Refuse a table in which a name means two columns, or nothing."""
    if not names:
        raise BadInputError(f"{label}: there are no columns; give a table with a header line")
    repeated = [name for name, times in Counter(names).items() if times > 1 and name.strip()]
    if repeated:
        where = ", ".join(str(i) for i, name in enumerate(names, start=1) if name == repeated[0])
        raise BadInputError(
            f"{label}: the name {repeated[0]!r} stands over columns {where}; give each its own name"
        )


def refuse_near_repeats(label: str, names: Sequence[str]) -> None:
    """Refuse names that only capitals tell apart: DuckDB takes them for one."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.lower(), name)
        if other != name:
            raise BadInputError(
                f"{label}: only capitals tell the columns {other!r} and {name!r} apart; rename one of them"
            )


def sample(rows: int) -> NDArray[np.int64] | None:
    """Return which rows to read from a long table, the same every time; None for all of them."""
    import numpy as np

    if rows <= MOST_ROWS:
        return None
    return np.sort(np.random.default_rng(SEED).choice(rows, MOST_ROWS, replace=False))


def counted(number: int, what: str) -> str:
    """Say how many, in words that fit: "1 row", "2 rows"."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")
