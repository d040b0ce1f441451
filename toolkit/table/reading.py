"""From one pass's raw cells to codes: groups, labels and decisions in one spelling, chosen and explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.asking import CountSpec
from toolkit.table.canonical import Values, values_of
from toolkit.table.columns import MISSING_GROUP
from toolkit.table.deciding import Coding, coding, decisions, is_measured, looks_like_a_score
from toolkit.table.grouped import LOOK, MOST_CELLS, Look, Rows, key_parts, look, pass_over
from toolkit.table.grouping import MOST_GROUPS, Grouped, groups_of_values, interval_names, refuse_many
from toolkit.table.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_STRATA = 50
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Reading:
    """The raw cells of one pass made sense of, before rows are dropped.

    Attributes
    ----------
    groups : tuple of Grouped
        Of each sensitive column.
    label, decision : ndarray of int, shape (entries,), or None
        0, 1, or -1 where it is missing.
    strata : ndarray of int, shape (entries,), or None
    key_codes : mapping of str to mapping of raw cell to int
        By part of `grouped.key_parts`: what each raw cell is coded as.
    """

    spec: CountSpec
    rows: Rows
    groups: tuple[Grouped, ...]
    codes: NDArray[np.int64]
    label: NDArray[np.int64] | None
    decision: NDArray[np.int64] | None
    strata: NDArray[np.int64] | None
    strata_names: tuple[str, ...]
    target: Coding | None
    values: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]
    decided_by: str
    key_codes: Mapping[str, Mapping[Any, int]]


def read_cells(table: Source, spec: CountSpec) -> Reading:
    """Run the pass and make sense of its cells; a regression has no scores and no threshold."""
    if spec.regression:
        spec = replace(spec, score=None, threshold=None, positive=None)
    seen = look(table, spec)
    if _measured(spec, lambda part: _first_values(table, spec, part)):
        return read_cells(table, replace(spec, regression=True))
    _refuse_long(table, spec, seen, lambda part: _first_values(table, spec, part))
    if spec.score is not None and spec.prediction is None and spec.threshold is None:
        reading = read_cells(table, replace(spec, threshold=_default_threshold(table, spec)))
        note = (
            f"a score {spec.score} of {DEFAULT_THRESHOLD} or more is taken as positive (--threshold chooses)"
        )
        return replace(reading, notes=(*reading.notes, note))
    rows = pass_over(table, spec, seen)
    if rows is None:
        return _too_many(table, spec)
    values = {
        part: values_of(set(cells), table.lookups.get(key_parts(spec)[part]))
        for part, cells in rows.keys.items()
    }
    if _measured(spec, values.__getitem__):
        return read_cells(table, replace(spec, regression=True))
    return _read(table, spec, rows, values)


def _measured(spec: CountSpec, values_of_part: Callable[[str], Values]) -> bool:
    """Whether target and prediction are measurements though nobody said so."""
    if spec.regression or spec.target is None or spec.positive is not None or spec.score is not None:
        return False
    if not is_measured(values_of_part("target").distinct):
        return False
    return spec.prediction is None or values_of_part("prediction").numeric


def _first_values(table: Source, spec: CountSpec, part: str) -> Values:
    """Return the distinct cells of a column in the first rows."""
    name = key_parts(spec)[part]
    found = table.ask("DISTINCT k AS k", f"{table.key(name)} AS k", first=LOOK)
    return values_of(found["k"].tolist(), table.lookups.get(name))


def _too_many(table: Source, spec: CountSpec) -> Reading:
    """Find the column whose cells are too many, though the first rows did not show it."""

    def some(part: str) -> Values:
        name = key_parts(spec)[part]
        found = table.ask("DISTINCT k AS k", f"{table.key(name)} AS k", f"LIMIT {10 * MOST_GROUPS}")
        return values_of(found["k"].tolist(), table.lookups.get(name))

    if _measured(spec, some):
        return read_cells(table, replace(spec, regression=True))
    _refuse_long(table, spec, look(table, spec, whole=True), some)
    raise BadInputError(
        f"{table.label}: the columns together have more than {MOST_CELLS:,} different combinations; name "
        "fewer sensitive columns"
    )


def _refuse_long(table: Source, spec: CountSpec, seen: Look, some: Callable[[str], Values]) -> None:
    """Refuse a column of too many values; `some` gives a part's values or enough of them to know its kind."""
    for part, name in key_parts(spec).items():
        if seen.distinct[part] <= MOST_GROUPS or name in spec.cut:
            continue
        shown = some(part)
        if part.startswith("sensitive"):
            if len(shown.distinct) > 1 and all("-" in text and text[:4].isdigit() for text in shown.distinct):
                raise BadInputError(
                    f"{table.label}: the sensitive column {name!r} holds dates; give a column "
                    "of years or ages"
                )
            refuse_many(name, seen.distinct[part], shown.numeric, table.label)
        if part == "within":
            raise BadInputError(_many_strata(table.label, name, seen.distinct[part]))
        if part == "prediction":
            way = (
                f"it looks like a score: give it with --score {name} and --threshold"
                if looks_like_a_score(shown.distinct)
                else "name another one"
            )
            raise BadInputError(
                f"{table.label}: the prediction {name!r} has {seen.distinct[part]:,} different values; {way}"
            )
        if part == "target" and (spec.positive is None or not shown.numeric):
            raise BadInputError(
                f"{table.label}: the target {name!r} has {seen.distinct[part]:,} different values, too many "
                "for classes; name another target"
            )


def _default_threshold(table: Source, spec: CountSpec) -> float:
    """Return one half where no threshold was given and the scores can be probabilities."""
    import numpy as np

    assert spec.score is not None
    found = table.ask("min(s) AS low, max(s) AS high", f"{table.number(spec.score)} AS s")
    low, high = (
        np.ma.filled(np.ma.asarray(found[side], dtype=np.float64), 0.0)[0] for side in ("low", "high")
    )
    # What is no finite number is refused by its row once the rows are read.
    if np.isfinite([low, high]).all() and not (low >= 0 and high <= 1):
        raise BadInputError(
            f"{table.label}: the score {spec.score!r} runs from {low:g} to {high:g}, so that no threshold "
            "goes without saying; give one with --threshold"
        )
    return DEFAULT_THRESHOLD


def _many_strata(label: str, name: str, levels: int) -> str:
    return (
        f"{label}: the column {name!r} has {levels:,} different values, more than {MOST_STRATA}; name one of "
        "fewer for --within"
    )


def _read(table: Source, spec: CountSpec, rows: Rows, values: Mapping[str, Values]) -> Reading:
    import numpy as np

    per_cell = {part: _rows_by_cell(cells, rows.n) for part, cells in rows.keys.items()}
    groups = tuple(
        _grouped_column(
            table, spec, rows, i, values=values[f"sensitive {i}"], per_cell=per_cell[f"sensitive {i}"]
        )
        for i in range(len(spec.sensitive))
    )
    counts = {
        part: _rows_by_text(values[part], per_cell[part])
        for part in ("target", "prediction")
        if part in values
    }
    notes = [each.note for each in groups if each.note]
    codes: dict[str, Mapping[Any, int]] = {f"sensitive {i}": each.code for i, each in enumerate(groups)}
    strata_names = _strata(table, spec, values)
    if spec.within is not None:
        codes["within"] = _codes(values["within"], {name: i for i, name in enumerate(strata_names)})
    target = None
    if spec.regression:
        notes.append(f"the target {spec.target} is taken as a number (a regression)")
    else:
        target, outcomes, more = _outcomes(table, spec, counts)
        codes |= {part: _codes(values[part], code) for part, code in outcomes.items()}
        notes += more
    coded = {part: _mapped(rows.keys[part], code) for part, code in codes.items()}
    decision = coded.get("prediction")
    if decision is None and spec.score is not None:
        above = rows.numbers["above"]
        decision = np.where(np.isfinite(above), above, -1).astype(np.int64)
    return Reading(
        spec=spec,
        rows=rows,
        groups=groups,
        codes=np.stack([coded[f"sensitive {i}"] for i in range(len(groups))], axis=1),
        label=coded.get("target"),
        decision=decision,
        strata=coded.get("within"),
        strata_names=strata_names,
        target=target,
        values=counts,
        notes=tuple(notes),
        decided_by="prediction" if spec.prediction is not None else "score" if spec.score else "labels",
        key_codes=codes,
    )


def _grouped_column(
    table: Source, spec: CountSpec, rows: Rows, place: int, *, values: Values, per_cell: Mapping[Any, int]
) -> Grouped:
    """Form the groups of one sensitive column, which may have been cut in SQL already."""
    name = spec.sensitive[place]
    points = spec.cut.get(name)
    if points is None or name not in rows.whole:
        return groups_of_values(name, values, per_cell, points, table.label)
    if -1 in per_cell:
        row, cell = table.first_row(name, f"isnan({table.number(name)})")
        raise BadInputError(
            f"{table.label}, row {row}: --cut {name}: this column holds {cell!r}; only numbers can be cut"
        )
    whole = rows.whole[name] and all(point == int(point) for point in points)
    names = interval_names(points, whole=whole)
    levels = tuple(names[i] for i in range(len(names)) if i in per_cell)
    levels += (MISSING_GROUP,) if None in per_cell else ()
    code = {raw: levels.index(MISSING_GROUP if raw is None else names[raw]) for raw in per_cell}
    return Grouped(levels, code, {})


def _outcomes(
    table: Source, spec: CountSpec, counts: Mapping[str, Mapping[str, int]]
) -> tuple[Coding | None, dict[str, Mapping[str, int]], list[str]]:
    """Return how the positive value was chosen, the code of each value by part, and notes."""
    target: Coding | None = None
    notes: list[str] = []
    code: dict[str, Mapping[str, int]] = {}
    if spec.target is not None:
        target = coding("target", spec.target, counts["target"], spec.positive, table.label)
        code["target"] = target.code
        notes += target.notes
    if spec.prediction is None:
        return target, code, notes
    found = counts["prediction"]
    if target is None:
        _refuse_score(table, spec, found)
        target = coding("prediction", spec.prediction, found, spec.positive, table.label)
        code["prediction"] = target.code
        return target, code, [*notes, *target.notes]
    assert spec.target is not None
    if not found:
        raise BadInputError(
            f"{table.label}: the prediction {spec.prediction!r} is missing in every row; name another"
        )
    code["prediction"], more = decisions(spec.prediction, found, target, spec.target, table.label)
    return target, code, [*notes, *more]


def _refuse_score(table: Source, spec: CountSpec, found: Mapping[str, int]) -> None:
    """Refuse decisions that look like scores."""
    if spec.positive is None and len(found) > 2 and looks_like_a_score(list(found)):
        raise BadInputError(
            f"{table.label}: the prediction {spec.prediction!r} looks like a score; give it with --score "
            f"{spec.prediction} and --threshold"
        )


def _strata(table: Source, spec: CountSpec, values: Mapping[str, Values]) -> tuple[str, ...]:
    """Return the names of the levels of the --within column, those without one last."""
    if spec.within is None:
        return ()
    names = values["within"].distinct
    if len(names) > MOST_STRATA:
        raise BadInputError(_many_strata(table.label, spec.within, len(names)))
    return (*names, MISSING_GROUP) if None in values["within"].text.values() else names


def _rows_by_cell(cells: list[Any], n: NDArray[np.int64]) -> dict[Any, int]:
    total: Counter[Any] = Counter()
    for cell, rows in zip(cells, n.tolist(), strict=True):
        total[cell] += rows
    return dict(total)


def _rows_by_text(values: Values, per_cell: Mapping[Any, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for raw, rows in per_cell.items():
        text = values.text[raw]
        if text is not None:
            total[text] += rows
    return {text: total[text] for text in values.distinct}


def _mapped(cells: list[Any], code: Mapping[Any, int]) -> NDArray[np.int64]:
    import numpy as np

    return np.array([code[cell] for cell in cells], dtype=np.int64)


def _codes(values: Values, code: Mapping[str, int]) -> dict[Any, int]:
    """Return the code of each raw cell; that of MISSING_GROUP, or else -1, where it is missing."""
    missing = code.get(MISSING_GROUP, -1)
    return {cell: missing if text is None else code[text] for cell, text in values.text.items()}
