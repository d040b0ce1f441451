"""The one pass: a single GROUP BY over the cells as they stand; its few rows are made sense of later."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.asking import PARTS, CountSpec
from toolkit.table.columns import counted
from toolkit.table.exact import Bins, ExactSum

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.table.sources import Source

LOOK = 100_000  # rows looked at before the pass, to tell long columns from short ones
MOST_CELLS = 2_000_000
MOST_SCORES = 10_000
FEW_SCORES = 2_000
MANY_VALUES = 1_000
NEVER = {
    "no number": ("isnan({0})", "which is no number"),
    "infinite": ("isinf({0})", "which is infinite"),
    "negative": ("{0} < 0", "and a weight is never negative"),
    "fraction": ("{0} <> floor({0})", "and frequency weights are whole numbers"),
}
SIZES = {"s": "score", "w": "weight", "t": "target", "p": "prediction"}


@dataclass(frozen=True, eq=False)
class Rows:
    """What the pass returned, one entry per distinct combination of cells.

    Attributes
    ----------
    keys : dict of str to list
        By part ("sensitive 0", "target", "prediction", "within") the raw cell, None where it is NULL.
    n : ndarray of int, shape (entries,)
    numbers : dict of str to ndarray, shape (entries,)
        "score_exact", "bin" (of scores), "above" (score >= threshold), and sums by their names.
    without : dict of str to ndarray of bool, shape (entries,)
        By part, whether its number or cluster is missing.
    whole : dict of str to bool
        Whether a column cut in SQL holds whole numbers only.
    """

    keys: dict[str, list[Any]]
    n: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float64]]
    without: dict[str, NDArray[np.bool_]]
    whole: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What the first rows told: distinct cells of each key, and the largest size of each number."""

    distinct: dict[str, int]
    bound: dict[str, float]


def key_parts(spec: CountSpec) -> dict[str, str]:
    """Return the columns to group by, by part."""
    parts = {f"sensitive {i}": name for i, name in enumerate(spec.sensitive)}
    for part in () if spec.regression else ("target", "prediction"):
        if getattr(spec, part) is not None:
            parts[part] = getattr(spec, part)
    return parts | ({"within": spec.within} if spec.within is not None else {})


def number_parts(spec: CountSpec) -> dict[str, str]:
    """Return the columns to read as numbers, by alias."""
    aliases = "wtp" if spec.regression else "sw"
    return {a: name for a in aliases if (name := getattr(spec, SIZES[a])) is not None}


def aliases_of(spec: CountSpec, source: Source, cut_here: tuple[str, ...] = ()) -> str:
    """Return the inner SELECT list: every column asked for, under a plain name."""
    columns = []
    for i, (part, name) in enumerate(key_parts(spec).items()):
        expression = source.number(name) if name in cut_here and part.startswith("sens") else source.key(name)
        columns.append(f"{expression} AS k{i}")
    columns += [f"{source.number(name)} AS {alias}" for alias, name in number_parts(spec).items()]
    if spec.cluster is not None:
        columns.append(f"{source.trimmed(spec.cluster)} AS c")
    return ", ".join(columns)


def key_selects(spec: CountSpec, cut_here: tuple[str, ...]) -> list[str]:
    """Return what to group by: the aliases of the keys, those cut in SQL as their interval."""
    return [
        f"{_interval(f'k{i}', spec.cut[name])} AS k{i}" if name in cut_here else f"k{i}"
        for i, name in enumerate(key_parts(spec).values())
    ]


def look(source: Source, spec: CountSpec, *, whole: bool = False) -> Look:
    """Look at the first rows only, or at the whole table with distinct cells told to a few in a hundred."""
    keys, numbers = key_parts(spec), number_parts(spec)
    distinct_of = "approx_count_distinct({})" if whole else "count(DISTINCT {})"
    select = [f"{distinct_of.format(f'k{i}')} AS k{i}" for i, _ in enumerate(keys)]
    select += [f"max(abs({a})) FILTER (isfinite({a})) AS {a}" for a in numbers]
    select += [f"{distinct_of.format('s')} AS scores"] if "s" in numbers else []
    found = source.ask(", ".join(select), aliases_of(spec, source), first=None if whole else LOOK)
    distinct = {part: int(found[f"k{i}"][0]) for i, part in enumerate(keys)}
    if "scores" in found:
        distinct["score"] = int(found["scores"][0])
    return Look(distinct, {a: _float(found[a][0]) for a in numbers})


def pass_over(source: Source, spec: CountSpec, seen: Look) -> Rows | None:
    """Group the whole table once; None if there are more than 2,000,000 combinations.

    Raises
    ------
    BadInputError
        If a number is infinite, negative where it may not be, or none at all, with its row.
    """
    cut_here = tuple(
        name
        for part, name in key_parts(spec).items()
        if name in spec.cut and seen.distinct[part] > MANY_VALUES
    )
    bins = None
    if spec.score is not None and seen.distinct["score"] > FEW_SCORES:
        bins = _bins_if_many(source, spec)
    rows = _exactly(source, spec, seen.bound if bins is None else bounds_of(source, spec), cut_here, bins)
    if spec.score is not None and bins is None and (rows is None or _scores(rows) > MOST_SCORES):
        bins = Bins.of(source, source.number(spec.score))
        rows = _exactly(source, spec, bounds_of(source, spec), cut_here, bins)
    return rows


def _exactly(
    source: Source, spec: CountSpec, bound: dict[str, float], cut_here: tuple[str, ...], bins: Bins | None
) -> Rows | None:
    """Group with sums scaled to the sizes seen first, or else to the largest there are."""
    try:
        return _grouped(source, spec, bound, cut_here, bins)
    except OverflowError:
        bound = bounds_of(source, spec)
    try:
        return _grouped(source, spec, bound, cut_here, bins)
    except OverflowError as error:
        raise BadInputError(
            f"{source.label}: the numbers are too far apart to be added exactly; rescale them"
        ) from error


def _bins_if_many(source: Source, spec: CountSpec) -> Bins | None:
    """Return bins if there are clearly too many scores; near the limit the pass itself counts them."""
    assert spec.score is not None
    inner = f"{source.number(spec.score)} AS s"
    levels = int(source.ask("approx_count_distinct(s) AS levels", inner)["levels"][0])
    return Bins.of(source, source.number(spec.score)) if levels > 2 * MOST_SCORES else None


def bounds_of(source: Source, spec: CountSpec) -> dict[str, float]:
    """Return the largest size of each number over all rows."""
    numbers = number_parts(spec)
    select = ", ".join(f"max(abs({a})) FILTER (isfinite({a})) AS {a}" for a in numbers)
    inner = ", ".join(f"{source.number(name)} AS {a}" for a, name in numbers.items())
    found = source.ask(select, inner)
    return {a: _float(found[a][0]) for a in numbers}


def _grouped(
    source: Source, spec: CountSpec, bound: dict[str, float], cut_here: tuple[str, ...], bins: Bins | None
) -> Rows | None:
    parts, numbers = key_parts(spec), number_parts(spec)
    select = key_selects(spec, cut_here)
    if "s" in numbers:
        select.append("s" if bins is None else f"{bins.sql('s')} AS s, s IS NULL AS s_none")
        if spec.threshold is not None:
            select.append(f"s >= {spec.threshold!r}::DOUBLE AS above")
    select += [f"{a} IS NULL AS {a}_none" for a in numbers if a != "s"]
    select += ["c IS NULL AS c_none"] if spec.cluster is not None else []
    sums = exact_sums(spec, bound, binned=bins is not None)
    tests = [f'count_if({test.format(a)}) AS "{n}"' for n, (a, test) in _anomalies(numbers, spec).items()]
    counts = ["count(*) AS n", *(each.sql for each in sums), *tests]
    counts += ["min(s) AS s_low", "max(s) AS s_high"] if "s" in numbers else []
    whole = {name: f"k{i}" for i, name in enumerate(parts.values()) if name in cut_here}
    counts += [f"bool_and({k} = floor({k})) AS {k}_whole" for k in whole.values()]
    found = source.ask(
        ", ".join([*select, *counts]),
        aliases_of(spec, source, cut_here),
        f"GROUP BY ALL LIMIT {MOST_CELLS + 1}",
    )
    if len(found["n"]) > MOST_CELLS:
        return None
    return _read(source, spec, found, sums, whole)


def exact_sums(spec: CountSpec, bound: dict[str, float], *, binned: bool) -> list[ExactSum]:
    """Return the sums a cell keeps besides its rows, with a scale that fits."""
    w, size = ("w * ", bound["w"]) if spec.weight is not None else ("", 1.0)
    sums = []
    if spec.weight is not None:
        sums += [ExactSum.of("weight", "w", size), ExactSum.of("weight2", "w * w", size**2)]
    if spec.regression:
        t, p = bound.get("t", 0.0), bound.get("p")
        terms = {"target": ("t", t)}
        if p is not None:
            e = t + p
            terms |= {"prediction": ("p", p), "error": ("(p - t)", e), "size": ("abs(p - t)", e)}
        for name, (term, most) in terms.items():
            sums.append(ExactSum.of(name, f"{w}{term}", size * most))
            sums.append(ExactSum.of(f"{name}2", f"{w}{term} * {term}", size * most**2))
        if p is not None:
            sums.append(ExactSum.of("error4", f"{w}pow(p - t, 4)", size * (t + p) ** 4))
    if binned:
        most = bound["s"]
        sums += [
            ExactSum.of("score", f"{w}s", size * most),
            ExactSum.of("score2", f"{w}s * s", size * most**2),
        ]
        sums += [ExactSum.of("plain", "s", most)]
    return sums


def _anomalies(numbers: dict[str, str], spec: CountSpec) -> dict[str, tuple[str, str]]:
    """Return the tests a number must not meet, by an alias: the alias of the number, and the test."""
    tests = {f"{a} {name}": (a, NEVER[name][0]) for a in numbers for name in ("no number", "infinite")}
    if "w" in numbers:
        tests["w negative"] = ("w", NEVER["negative"][0])
    if spec.frequency:
        tests["w fraction"] = ("w", NEVER["fraction"][0])
    return tests


def _read(
    source: Source, spec: CountSpec, found: dict[str, Any], sums: list[ExactSum], whole: dict[str, str]
) -> Rows:
    """Turn the fetched columns into Rows, once nothing in them is impossible."""
    import numpy as np

    n = np.ma.filled(found["n"], 0).astype(np.int64)
    if not n.sum():
        raise BadInputError(f"{source.label}: there is a header and no row below it; give a table with rows")
    _refuse_anomalies(source, spec, found)
    keys = {part: _cells(found[f"k{i}"]) for i, part in enumerate(key_parts(spec))}
    numbers = {each.name: each.read(found[each.name]) for each in sums}
    without = {
        SIZES.get(a, "cluster"): np.ma.filled(found[f"{a}_none"], True).astype(bool)
        for a in "swtpc"
        if f"{a}_none" in found
    }
    if "s" in found:
        score = np.ma.asarray(found["s"])
        numbers["bin" if "s_none" in found else "score_exact"] = np.ma.filled(
            score.astype(np.float64), np.nan
        )
        without.setdefault("score", np.ma.getmaskarray(score))
        for name in ("s_low", "s_high", "above"):
            if name in found:
                numbers[name] = np.ma.filled(np.ma.asarray(found[name]).astype(np.float64), np.nan)
    return Rows(
        keys, n, numbers, without, {name: bool(np.all(found[f"{k}_whole"])) for name, k in whole.items()}
    )


def _refuse_anomalies(source: Source, spec: CountSpec, found: dict[str, Any]) -> None:
    """Refuse a number that cannot be one, naming its first row."""
    numbers = number_parts(spec)
    for alias, (number, test) in _anomalies(numbers, spec).items():
        times = int(found[alias].sum())
        if not times:
            continue
        column, why = numbers[number], NEVER[alias.partition(" ")[2]][1]
        row, cell = source.first_row(column, test.format(source.number(column)))
        raise BadInputError(
            f"{source.label}, row {row}: {PARTS[SIZES[number]]} {column!r} is {cell!r}, {why} "
            f"({counted(times, 'row')} in all); mend such rows or leave them out"
        )


def _interval(number: str, points: tuple[float, ...]) -> str:
    """Return the expression for the interval of a number; -1 for what is none."""
    cases = " ".join(f"WHEN {number} < {point!r}::DOUBLE THEN {i}" for i, point in enumerate(points))
    return (
        f"CASE WHEN {number} IS NULL OR isinf({number}) THEN NULL WHEN isnan({number}) THEN -1 {cases} "
        f"ELSE {len(points)} END"
    )


def _scores(rows: Rows) -> int:
    """Count the distinct scores."""
    import numpy as np

    score = rows.numbers["score_exact"]
    return len(np.unique(score[np.isfinite(score)]))


def _cells(column: Any) -> list[Any]:
    """Return a fetched column's cells, None where they are NULL."""
    return list(column.tolist())


def _float(value: Any) -> float:
    """Return a fetched number; 0 where there was none."""
    import numpy as np

    return 0.0 if value is None or np.ma.is_masked(value) or not math.isfinite(value) else float(value)
