"""What is predicted and who is compared: the target's classes or numbers, and the sensitive groups."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError, Task
from toolkit.table.columns import MISSING_GROUP, OTHER_GROUP, Column, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CLASSES = 50
MOST_NUMERIC_CLASSES = 20
FEWEST_IN_CLASS = 10
MOST_GROUPS = 20


@dataclass(frozen=True, eq=False)
class Outcome:
    """The target: its values, which rows have one, and what was decided about it."""

    task: Task
    y: NDArray[Any]
    classes: tuple[str, ...]
    keep: NDArray[np.bool_]
    notes: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """Rows without a usable target."""
        return int(len(self.keep) - self.keep.sum())


@dataclass(frozen=True, eq=False)
class Groups:
    """The sensitive groups: a code per row, and the groups' names."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]
    notes: tuple[str, ...]


def outcome_of(column: Column, positive: str | float | bool | None, label: str) -> Outcome:
    """Decide whether the target is binary, multiclass or a number, and code it."""
    import numpy as np

    if column.kind == "other":
        raise BadInputError(f"{label}: {column.note}; name another target")
    texts = as_text(column)
    present = np.array([text is not None for text in texts], dtype=bool)
    counts = Counter(text for text in texts if text is not None)
    notes = [column.note] if column.note else []
    if len(present) - present.sum():
        gone = counted(int(len(present) - present.sum()), "row")
        notes.append(f"{gone} left out: the target {column.name} is missing there")
    if not len(present):
        raise BadInputError(f"{label}: there is a header and no row below it; give a table with rows")
    if not counts:
        raise BadInputError(
            f"{label}: the target {column.name!r} is missing in every row; name another target"
        )
    if len(counts) == 1:
        raise BadInputError(
            f"{label}: the target {column.name!r} is {next(iter(counts))!r} in every row: nothing to "
            "learn; name another target"
        )
    if positive is not None:
        return _against_the_rest(column.name, texts, counts, _spelt(positive, column, counts, label), notes)
    if column.kind in ("number", "date") and _is_measured(column, len(counts)):
        notes.append(f"the target {column.name} is taken as a number to predict (a regression)")
        return Outcome("regression", np.asarray(column.values[present], float), (), present, tuple(notes))
    if len(counts) > MOST_CLASSES:
        raise BadInputError(
            f"{label}: the target {column.name!r} has {len(counts):,} values, too many for classes; "
            "name another target, or one value with --positive"
        )
    return _classes(column, texts, counts, notes, label)


def _is_measured(column: Column, levels: int) -> bool:
    """Whether a numeric target is a measurement rather than a code for a class."""
    import numpy as np

    known = column.values[np.isfinite(column.values)]
    return levels > MOST_NUMERIC_CLASSES or (levels > 2 and bool(np.any(known != np.round(known))))


def as_text(column: Column) -> list[str | None]:
    """Return the cells as text, whole numbers without their decimals, missing and infinite ones as None."""
    import math

    if column.kind == "text":
        return list(column.values)
    if column.kind == "boolean":
        return [None if math.isnan(v) else ("true" if v else "false") for v in column.values]
    return [number_text(v) if math.isfinite(v) else None for v in column.values.tolist()]


def number_text(value: float) -> str:
    """Write a number as people do: 1, not 1.0."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _spelt(positive: Any, column: Column, counts: Counter[str], label: str) -> str:
    """Return the target's own spelling of the positive value."""
    wanted = str(positive).strip()
    options = [wanted]
    with suppress(ValueError, OverflowError):
        options.append(number_text(float(wanted)))
    folded = {text.casefold(): text for text in counts}
    if column.kind == "boolean":
        folded |= {"1": "true", "0": "false", "yes": "true", "no": "false"}
    for option in options:
        found = option if option in counts else folded.get(option.casefold())
        if found is not None and found in counts:
            return found
    shown = ", ".join(repr(text) for text, _ in counts.most_common(8)) + (", ..." if len(counts) > 8 else "")
    raise BadInputError(f"{label}: the target {column.name!r} is never {wanted!r}; its values are {shown}")


def _against_the_rest(
    name: str,
    texts: list[str | None],
    counts: Counter[str],
    positive: str,
    notes: list[str],
) -> Outcome:
    """Code one value as 1 and every other as 0."""
    import numpy as np

    others = sorted(set(counts) - {positive})
    rest = others[0] if len(others) == 1 else f"not {positive}"
    if len(others) > 1:
        notes.append(f"the target {name} has {len(counts):,} values; {positive} is 1 and all others are 0")
    present = np.array([text is not None for text in texts], dtype=bool)
    y = np.array([int(text == positive) for text in texts if text is not None], dtype=np.int64)
    fewest = min(int(y.sum()), int(len(y) - y.sum()))
    if fewest < FEWEST_IN_CLASS:
        raise BadInputError(
            f"the target {name!r}: one class has {counted(fewest, 'row')}, fewer than {FEWEST_IN_CLASS}; "
            "give a table with more of them"
        )
    return Outcome("binary", y, (rest, positive), present, tuple(notes))


def _classes(
    column: Column, texts: list[str | None], counts: Counter[str], notes: list[str], label: str
) -> Outcome:
    """Code the classes in the order of their names; too rare ones are left out."""
    import numpy as np

    rare = {text: times for text, times in counts.items() if times < FEWEST_IN_CLASS}
    classes = sorted(set(counts) - set(rare), key=_natural)
    if len(classes) < 2:
        raise BadInputError(
            f"{label}: fewer than two classes of the target {column.name!r} have {FEWEST_IN_CLASS} rows; "
            "give a longer table, or one value with --positive"
        )
    if rare:
        notes.append(
            f"{counted(sum(rare.values()), 'row')} left out: {counted(len(rare), 'value')} of the target "
            f"{column.name} in fewer than {FEWEST_IN_CLASS} rows each"
        )
    code = {text: i for i, text in enumerate(classes)}
    keep = np.array([text in code for text in texts], dtype=bool)
    y = np.array([code[text] for text in texts if text in code], dtype=np.int64)
    if len(classes) == 2:
        notes.append(f"class 1 of the target {column.name} is {classes[1]} (--positive chooses)")
    return Outcome("binary" if len(classes) == 2 else "multiclass", y, tuple(classes), keep, tuple(notes))


def _natural(text: str) -> tuple[int, float, str]:
    """Sort numbers by size, then text by its letters."""
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)


def groups_of(column: Column) -> Groups:
    """Form the sensitive groups; a missing value is a group, a number of many values is cut in two."""
    import numpy as np

    notes: list[str] = []
    texts = as_text(column)
    counts = Counter(text for text in texts if text is not None)
    if not counts:
        raise BadInputError(f"the sensitive column {column.name!r} is missing in every row; name another")
    if column.kind in ("number", "date") and len(counts) > MOST_GROUPS:
        middle = float(np.median(column.values[np.isfinite(column.values)]))
        texts = [_side(value, middle) for value in column.values.tolist()]
        notes.append(
            f"{column.name} has {len(counts):,} values and was cut at its median, {number_text(middle)}; "
            "that cut point was chosen by the program, not by anyone who knows the subject"
        )
        counts = Counter(text for text in texts if text is not None)
    common = [text for text, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_GROUPS]]
    if len(common) < len(counts):
        notes.append(f"{column.name}: {len(counts) - len(common)} rarer groups pooled as {OTHER_GROUP}")
    named = [MISSING_GROUP if text is None else text if text in common else OTHER_GROUP for text in texts]
    names = sorted(set(named), key=lambda text: (text in (OTHER_GROUP, MISSING_GROUP), _natural(text)))
    if len(names) < 2:
        raise BadInputError(
            f"the sensitive column {column.name!r} is {names[0]!r} in every row: there are no groups to "
            "compare; name another"
        )
    code = {name: i for i, name in enumerate(names)}
    return Groups(np.array([code[name] for name in named], dtype=np.int64), tuple(names), tuple(notes))


def _side(value: float, middle: float) -> str | None:
    """Return which half a number falls into."""
    import math

    if not math.isfinite(value):
        return None
    return f"above {number_text(middle)}" if value > middle else f"up to {number_text(middle)}"
