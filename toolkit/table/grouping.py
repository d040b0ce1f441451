"""From a sensitive column's values to its groups: as they are, at declared cut points, or at the median."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.canonical import Values, natural
from toolkit.table.columns import MISSING_GROUP
from toolkit.table.outcome import number_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_GROUPS = 200
MOST_NUMERIC_GROUPS = 20


@dataclass(frozen=True)
class Grouped:
    """The groups of one column.

    Attributes
    ----------
    levels : tuple of str
        Names in their order, MISSING_GROUP last where a row has none.
    code : mapping of raw cell to int
        Which group each distinct cell is in.
    number : mapping of raw cell to float
        Its number, where the column is one of numbers.
    note : str
    cut : tuple of float
        Where it was cut.
    """

    levels: tuple[str, ...]
    code: Mapping[Any, int]
    number: Mapping[Any, float]
    note: str = ""
    cut: tuple[float, ...] = ()


def groups_of_values(
    name: str, values: Values, rows: Mapping[Any, int], points: Sequence[float] | None, label: str
) -> Grouped:
    """Form the groups of a sensitive column.

    Parameters
    ----------
    name : str
    values : Values
        Its distinct cells.
    rows : mapping of raw cell to int
        How many rows hold each.
    points : sequence of float, optional
        Declared cut points, in increasing order.
    label : str
        What messages call the table.

    Raises
    ------
    BadInputError
        If cut points are declared for what is no number, or there are too many values.
    """
    distinct, note = values.distinct, ""
    if not distinct:
        raise BadInputError(f"{label}: the sensitive column {name!r} is missing in every row; name another")
    if points is not None and not values.numeric:
        odd = next((text for text in distinct if natural(text)[0]), distinct[0])
        raise BadInputError(f"{label}: --cut {name}: this column holds {odd!r}; only numbers can be cut")
    if points is None and len(distinct) > MOST_GROUPS:
        refuse_many(name, len(distinct), values.numeric, label)
    number = {raw: float(t) for raw, t in values.text.items() if t is not None} if values.numeric else {}
    if points is None and not (values.numeric and len(distinct) > MOST_NUMERIC_GROUPS):
        named = {raw: MISSING_GROUP if text is None else text for raw, text in values.text.items()}
        return _coded(named, distinct, number, "")
    if points is None:
        middle = _median(number, rows)
        note = (
            f"{name} has {len(distinct):,} values and was cut at its median, {number_text(middle)}; that cut "
            "point was chosen by the program, not by anyone who knows the subject (--cut declares others)"
        )
        sides = (f"up to {number_text(middle)}", f"above {number_text(middle)}")
        named = {raw: sides[value > middle] for raw, value in number.items()}
        order: Sequence[str] = sides
    else:
        whole = all(value == int(value) for value in (*number.values(), *points))
        order = interval_names(points, whole=whole)
        named = {raw: order[_interval(value, points)] for raw, value in number.items()}
    named |= {raw: MISSING_GROUP for raw in values.text if raw not in number}
    return replace(_coded(named, order, number, note), cut=(middle,) if points is None else tuple(points))


def refuse_many(name: str, distinct: int, numeric: bool, label: str) -> None:
    """Refuse a sensitive column whose values are too many to be groups."""
    way = f"declare cut points, as in --cut {name}=25,40" if numeric else "name one of groups"
    raise BadInputError(
        f"{label}: the sensitive column {name!r} has {distinct:,} different values, more than {MOST_GROUPS}; "
        f"{way}"
    )


def cut_names(values: NDArray[np.float64], points: Sequence[float]) -> list[str | None]:
    """Return the interval each number falls into; None where it is missing or infinite.

    Parameters
    ----------
    values : ndarray, shape (rows,)
    points : sequence of float
        Cut points in increasing order; each begins an interval.
    """
    import numpy as np

    known = np.isfinite(values)
    whole = bool(np.all(values[known] == np.round(values[known]))) and all(p == int(p) for p in points)
    names = interval_names(points, whole=whole)
    place = np.searchsorted(np.asarray(points, dtype=np.float64), values, side="right")
    return [names[i] if k else None for i, k in zip(place.tolist(), known.tolist(), strict=True)]


def interval_names(points: Sequence[float], *, whole: bool) -> list[str]:
    """Name the intervals that cut points make: "under 25", "25 to 39", "40 and over".

    Parameters
    ----------
    points : sequence of float
        In increasing order; each begins an interval.
    whole : bool
        Whether all values are whole numbers, so that "25 to 39" says the same as "25 to under 40".
    """
    names = [f"under {number_text(points[0])}"]
    for low, high in pairwise(points):
        if whole:
            last = high - 1
            names.append(number_text(low) + ("" if last == low else f" to {number_text(last)}"))
        else:
            names.append(f"{number_text(low)} to under {number_text(high)}")
    return [*names, f"{number_text(points[-1])} and over"]


def _interval(value: float, points: Sequence[float]) -> int:
    return sum(value >= point for point in points)


def _median(number: Mapping[Any, float], rows: Mapping[Any, int]) -> float:
    """Return the median over rows of a column counted by its values."""
    ordered = sorted((value, rows[raw]) for raw, value in number.items())
    total = sum(times for _, times in ordered)

    def at(rank: int) -> float:
        seen = 0
        for value, times in ordered:
            seen += times
            if seen > rank:
                return value
        return ordered[-1][0]

    return (at((total - 1) // 2) + at(total // 2)) / 2


def _coded(named: Mapping[Any, str], order: Iterable[str], number: Mapping[Any, float], note: str) -> Grouped:
    present = set(named.values())
    kept = [name for name in order if name in present and name != MISSING_GROUP]
    levels = (*kept, MISSING_GROUP) if MISSING_GROUP in present else tuple(kept)
    place = {name: i for i, name in enumerate(levels)}
    return Grouped(levels, {raw: place[name] for raw, name in named.items()}, number, note)
