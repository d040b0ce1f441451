"""A feature that tells the label: a level that all but decides it, or a number that ranks it too well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Column, Context, listed, percent, warning

# A level leaks if at most 1 % of its rows are exceptions, at most a twentieth of the share elsewhere, and it
# is beyond doubt (alpha shared among all levels looked at) that it is at most a quarter. It must also raise
# the share by ten points: where one person in fifty has an outcome, a common level with one in a thousand
# is an honest predictor. On the embedded tables every column that holds the outcome is found but `inson`,
# which tells nothing, and no honest one; see tests/fairness/test_caution_leaks.py.
_EXCEPTIONS, _FEWER, _SURELY_FEWER, _RAISED, _ALPHA = 0.01, 20, 4, 0.1, 0.05
# A number leaks if even the lower limit of its area under the curve (either way round) is above this; the
# best honest column of the embedded tables reaches .76.
_AREA = 0.95


def label_leak(context: Context) -> list[dict[str, Any]]:
    """Warn of columns that decide the label: they are the outcome itself, or were recorded after it."""
    if context.outcome is None:
        return []
    looked = [
        column
        for column in context.columns
        if column.name not in context.cells.attributes
        and column.name != context.decisions.get("target")
        and (context.features is None or column.name in context.features)
    ]
    found = [*_levels(context, looked), *_numbers(context, looked)]
    if not found:
        return []
    known = context.features is not None
    names = list(dict.fromkeys(leak["column"] for leak in found))
    several = len(names) > 1
    where = "the model uses" if known else "the table has"
    which = (
        f"{where} {'columns' if several else 'a column'} that all but {'decide' if several else 'decides'}"
    )
    sentences = [
        f"{which[0].upper()}{which[1:]} the label: {listed(names)}.",
        *(_sentence(leak) for leak in _one_each(found)[:6]),
        "That is usually the outcome under another name, or something recorded after it. "
        + (
            "Fit without that: accuracy and error rates measured with it say nothing about new people."
            if known
            else "If what made the predictions could see that, its error rates say nothing about new people."
        ),
    ]
    level = "warning" if known else "note"
    return [warning("label-leak", "A column gives the label away", sentences, {"leaks": found}, level=level)]


def leaking(context: Context, columns: Sequence[Column]) -> set[str]:
    """Return the names of those columns that give the label away; none without labels."""
    if context.outcome is None:
        return set()
    looked = list(columns)
    return {leak["column"] for leak in (*_levels(context, looked), *_numbers(context, looked))}


def _one_each(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the largest level of each column."""
    best: dict[str, dict[str, Any]] = {}
    for leak in found:
        if leak["column"] not in best or leak["n"] > best[leak["column"]]["n"]:
            best[leak["column"]] = leak
    return list(best.values())


def _sentence(leak: dict[str, Any]) -> str:
    if "auc" in leak:
        return (
            f"{leak['column']} ranks the label with an area under the curve of {leak['auc']:.3f} "
            f"(95 % interval {leak['low']:.3f} to {leak['high']:.3f})."
        )
    return (
        f"Of the {leak['n']:,} rows with {leak['column']} = {leak['level']}, {percent(leak['purity'])} have "
        f"label {leak['label']} (with confidence shared among {leak['levels_tried']:,} levels at least "
        f"{percent(leak['purity_low'])}), against {percent(leak['base'])} of all rows."
    )


def _levels(context: Context, columns: list[Column]) -> Iterator[dict[str, Any]]:
    import numpy as np

    tables = [(c, table) for c in columns if (table := context.by_label(c)) is not None]
    tried = sum(int((table.sum(axis=1) > 0).sum()) for _, table in tables)
    for column, table in tables:
        n = table.sum(axis=1)
        base = table.sum(axis=0) / max(1, table.sum())
        if min(base) == 0 or (n > 0).sum() < 2:
            continue
        label = table.argmax(axis=1)
        rare = base[1 - label]
        exceptions = table.min(axis=1)
        bound = chance.exceptions_bound(exceptions, n, 1 - _ALPHA / tried)
        few = (exceptions <= _EXCEPTIONS * n) & (exceptions * _FEWER <= rare * n) & (rare >= _RAISED)
        for i in np.flatnonzero((n > 0) & few & (bound * _SURELY_FEWER <= rare)):
            yield {
                "column": column.name,
                "level": column.levels[i],
                "n": int(n[i]),
                "label": int(label[i]),
                "purity": float(1 - exceptions[i] / n[i]),
                "purity_low": float(1 - bound[i]),
                "base": float(base[label[i]]),
                "levels_tried": tried,
            }


def _numbers(context: Context, columns: list[Column]) -> Iterator[dict[str, Any]]:
    """Yield the columns of numbers whose ranking of the label leaves next to nothing to learn."""
    import numpy as np
    from scipy.special import ndtri

    cells = context.cells
    assert context.outcome is not None
    base = float((cells.n * context.outcome).sum() / max(1, cells.n.sum()))
    numbers = [column for column in columns if column.auc is not None and np.isfinite(column.auc)]
    z = float(ndtri(1 - _ALPHA / max(1, len(numbers))))
    for column in numbers:
        assert column.auc is not None
        n = column.n or int(cells.n.sum())
        error = chance.area_error(max(column.auc, 1 - column.auc), n * base, n * (1 - base))
        low, high = column.low, column.high
        if low is None or high is None:
            low, high = max(0.0, column.auc - chance.Z95 * error), min(1.0, column.auc + chance.Z95 * error)
        else:
            error = max((high - low) / (2 * chance.Z95), 1e-9)
        if max(column.auc, 1 - column.auc) - z * error > _AREA:
            yield {
                "column": column.name,
                "n": n,
                "auc": column.auc,
                "low": low,
                "high": high,
                "tried": len(numbers),
            }
