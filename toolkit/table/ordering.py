"""A sensitive column of numbers counted by its numbers, so that a slope needs no cut points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.table.exact import Bins, ExactSum
from toolkit.table.grouped import aliases_of, bounds_of, exact_sums, key_parts
from toolkit.table.reading import Reading
from toolkit.table.rereading import outcome_selects, outcomes, usable
from toolkit.table.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Ordered:
    """A column of numbers counted by its numbers.

    Attributes
    ----------
    values : ndarray, shape (v,)
        In increasing order.
    counts : ndarray of int, shape (v, 2, 2)
        Rows by value, label (0 without labels) and decision.
    totals, successes : ndarray, shape (v,)
        Sums of weights (rows without them) of everybody, and of those decided positively.
    squares : pair of ndarray, shape (v,)
        Sums of squared weights, of those decided positively and of everybody.
    rows : int
    """

    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    totals: NDArray[np.float64]
    successes: NDArray[np.float64]
    squares: tuple[NDArray[np.float64], NDArray[np.float64]]
    rows: int


def ordered_of(table: Source, reading: Reading, keep: NDArray[np.bool_]) -> dict[str, Ordered]:
    """Return the counts of each sensitive column of numbers by its numbers.

    Very many of them, cut in SQL, are counted in at most 10,000 bins by another look at the table.
    """
    import numpy as np

    found: dict[str, Ordered] = {}
    if reading.spec.regression:
        return found
    n = reading.rows.n
    label, decision = _outcomes(reading)
    for place, (name, group) in enumerate(zip(reading.spec.sensitive, reading.groups, strict=True)):
        if name in reading.rows.whole:
            found[name] = _binned(table, reading, place)
        if not group.number:
            continue
        number = np.array(
            [group.number.get(cell, np.nan) for cell in reading.rows.keys[f"sensitive {place}"]]
        )
        here = keep & np.isfinite(number)
        values, of = np.unique(number[here], return_inverse=True)
        weights = [reading.rows.numbers.get(w, n.astype(np.float64))[here] for w in ("weight", "weight2")]
        cell = (of.reshape(-1) * 2 + label[here]) * 2 + decision[here]
        found[name] = _ordered(values, cell, n[here], weights[0], weights[1])
    return found


def _outcomes(reading: Reading) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return label and decision of each entry; without other decisions the recorded labels are those."""
    import numpy as np

    label = np.zeros(len(reading.rows.n), np.int64) if reading.label is None else reading.label
    return (np.zeros_like(label), label) if reading.decision is None else (label, reading.decision)


def _binned(table: Source, reading: Reading, place: int) -> Ordered:
    """Count one column by its bins; a bin's number is the mean of those in it."""
    import numpy as np

    spec = reading.spec
    key = f"k{list(key_parts(spec)).index(f'sensitive {place}')}"
    number = table.number(spec.sensitive[place])
    bins = Bins.of(table, number)
    assert bins is not None  # the column has been cut, so that it has numbers
    bound = bounds_of(table, spec) if spec.weight is not None else {}
    largest = max(abs(knot) for knot in bins.knots)
    sums = [each for each in exact_sums(spec, bound, binned=False) if each.name.startswith("weight")]
    sums.append(ExactSum.of("number", key, largest))
    selects, names = outcome_selects(reading)
    others = [(s, n) for s, n in zip(selects, names, strict=True) if n != key]
    found = table.ask(
        ", ".join(
            [f"{bins.sql(key)} AS bin", *(s for s, _ in others), "count(*) AS n", *(s.sql for s in sums)]
        ),
        aliases_of(spec, table, tuple(reading.rows.whole)),
        f"WHERE isfinite({key}) AND {usable(spec)} GROUP BY ALL",
    )
    _, label, decision = outcomes(reading, found)
    keep = (label >= 0) & (decision >= 0)
    n = np.ma.filled(found["n"], 0).astype(np.int64)[keep]
    read = {each.name: each.read(found[each.name])[keep] for each in sums}
    places, of = np.unique(np.ma.filled(found["bin"], 0)[keep], return_inverse=True)
    of = of.reshape(-1)
    order = np.lexsort((read["number"], of))
    total = np.bincount(of[order], weights=read["number"][order], minlength=len(places))
    values = total / np.bincount(of, weights=n, minlength=len(places))
    cell = (of * 2 + label[keep]) * 2 + decision[keep]
    weight = read.get("weight", n.astype(np.float64))
    return _ordered(values, cell, n, weight, read.get("weight2", n.astype(np.float64)))


def _ordered(
    values: NDArray[np.float64],
    cell: NDArray[np.int64],
    n: NDArray[np.int64],
    weight: NDArray[np.float64],
    weight2: NDArray[np.float64],
) -> Ordered:
    """Add the entries of each (value, label, decision), coded as one number."""
    import numpy as np

    order = np.lexsort((weight, n, cell))  # adding doubles depends on the order

    def total(amount: NDArray[Any]) -> NDArray[np.float64]:
        summed = np.bincount(cell[order], weights=amount[order], minlength=4 * len(values))
        return summed.astype(np.float64).reshape(len(values), 2, 2)

    weights, squares = total(weight), total(weight2)
    return Ordered(
        values=values,
        counts=total(n).round().astype(np.int64),
        totals=weights.sum(axis=(1, 2)),
        successes=weights[:, :, 1].sum(axis=1),
        squares=(squares[:, :, 1].sum(axis=1), squares.sum(axis=(1, 2))),
        rows=int(n.sum()),
    )
