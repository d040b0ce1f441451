"""From columns to the matrix that learners see: numbers as they are, categories one-hot, no text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.table.columns import MISSING_GROUP, OTHER_GROUP, Column, counted
from toolkit.table.outcome import MOST_GROUPS, Outcome, as_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LEVELS = 20
MOST_FEATURES = 2_000
IDENTIFIER = re.compile(r"(?i)^(id|index|row|row_?id|unnamed.*|column 1|.*[_ ]id|uuid|guid)$")


@dataclass(frozen=True, eq=False)
class Features:
    """The matrix, and where each of its columns came from."""

    X: NDArray[np.float64]
    names: tuple[str, ...]
    columns: tuple[str, ...]
    sources: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """What one column became: features, or none and the reason."""

    names: tuple[str, ...]
    values: tuple[NDArray[Any], ...]
    note: str = ""


def build(columns: Sequence[Column], sensitive: Sequence[str], outcome: Outcome, label: str) -> Features:
    """Turn every usable column into features; notes say what was left out or changed, and why."""
    import numpy as np

    names: list[str] = []
    values: list[NDArray[Any]] = []
    used: list[str] = []
    sources: list[int] = []
    notes: list[str] = []
    for column in columns:
        part = _part(column, sensitive=column.name in sensitive)
        notes += [note for note in (column.note, part.note) if note]
        if part.names:
            sources += [len(used)] * len(part.names)
            used.append(column.name)
            names += part.names
            values += part.values
            if _gives_away(column, outcome):
                notes.append(f"{column.name} determines the target completely: does it contain the outcome?")
    if not values or all(column in sensitive for column in used):
        reasons = "; ".join(notes[:3]) + ("; ..." if len(notes) > 3 else "")
        why = f" ({reasons})" if reasons else " besides the target and the sensitive columns"
        raise BadInputError(f"{label}: no column is left to learn from{why}; give numbers or categories")
    if len(names) > MOST_FEATURES:
        raise BadInputError(
            f"{label}: {len(names):,} features, more than {MOST_FEATURES:,}; leave columns out"
        )
    return Features(np.column_stack(values), tuple(names), tuple(used), tuple(sources), tuple(notes))


def _part(column: Column, *, sensitive: bool) -> _Part:
    if column.kind == "other":
        return _Part((), ())
    if column.kind == "text":
        return _categories(column, sensitive=sensitive)
    return _numbers(column, sensitive=sensitive)


def _numbers(column: Column, *, sensitive: bool) -> _Part:
    """Keep a number; infinity is not one."""
    import numpy as np

    values = np.asarray(column.values, dtype=np.float64)
    infinite = np.isinf(values)
    note = (
        f"{column.name}: {counted(int(infinite.sum()), 'infinite value')} taken as missing"
        if infinite.any()
        else ""
    )
    values = np.where(infinite, np.nan, values)
    known = values[~np.isnan(values)]
    levels = np.unique(known)
    if not len(known):
        return _Part((), (), f"{column.name}: left out, every value is missing")
    if len(levels) == 1 and len(known) == len(values):
        return _Part((), (), f"{column.name}: left out, it is the same in every row")
    if len(levels) == 1:
        return _Part(
            (f"{column.name} is known",), ((~np.isnan(values)).astype(float),), note or _one_value(column)
        )
    if not sensitive and IDENTIFIER.match(column.name) and len(levels) == len(known):
        return _Part((), (), f"{column.name}: left out, it is an identifier (different in every row)")
    if sensitive and column.kind == "number" and 2 < len(levels) <= MOST_GROUPS:
        return _one_hot(column.name, as_text(column), note)
    if column.kind == "date":
        note = f"{column.name}: a date, taken as days since 1970" + (f"; {note}" if note else "")
    return _Part((column.name,), (values,), note)


def _one_value(column: Column) -> str:
    return f"{column.name}: has one value or none; the feature says which"


def _categories(column: Column, *, sensitive: bool) -> _Part:
    """Give each common level a feature, rare ones one together; text that is not a category is left out."""
    texts: list[str | None] = list(column.values)
    counts = Counter(text for text in texts if text is not None)
    full = sum(counts.values())
    if not counts:
        return _Part((), (), f"{column.name}: left out, every value is missing")
    if len(counts) == 1 and full == len(texts):
        return _Part((), (), f"{column.name}: left out, it is the same in every row")
    if not sensitive and len(counts) > max(MOST_LEVELS, full // 2):
        return _Part(
            (), (), f"{column.name}: left out, free text or a name ({len(counts):,} different values)"
        )
    return _one_hot(column.name, texts, "")


def _one_hot(name: str, texts: Sequence[str | None], note: str) -> _Part:
    """Return one 0/1 feature per level (one alone for two levels)."""
    import numpy as np

    counts = Counter(text for text in texts if text is not None)
    common = {t for t, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LEVELS]}
    if len(common) < len(counts):
        pooled = f"{name}: {counted(len(counts) - len(common), 'rarer level')} pooled as {OTHER_GROUP}"
        note = f"{note}; {pooled}" if note else pooled
    levels = [MISSING_GROUP if t is None else t if t in common else OTHER_GROUP for t in texts]
    shown = sorted(set(levels))
    code = {level: i for i, level in enumerate(shown)}
    coded = np.array([code[level] for level in levels])
    wanted = shown[1:] if len(shown) == 2 else shown
    return _Part(
        tuple(f"{name}={level}" for level in wanted),
        tuple((coded == code[level]).astype(np.float64) for level in wanted),
        note,
    )


def _gives_away(column: Column, outcome: Outcome) -> bool:
    """Whether a column of few values tells the class of every row."""
    if outcome.task == "regression" or column.kind == "other":
        return False
    texts = as_text(column)
    if len(set(texts)) > MOST_LEVELS:
        return False
    return len(set(zip(texts, outcome.y.tolist(), strict=True))) == len(set(texts)) > 1
