"""From one pass's entries to Cells: drop and count what is missing, merge what is spelt alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells
from toolkit.table.columns import counted
from toolkit.table.reading import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOT_SUMS = ("score_exact", "bin", "above", "s_low", "s_high", "plain")


def dropped_of(reading: Reading) -> tuple[NDArray[np.bool_], list[dict[str, Any]]]:
    """Return which entries are kept, and the reasons for the others with their rows by group."""
    import numpy as np

    spec, rows = reading.spec, reading.rows
    missing: dict[str, NDArray[np.bool_]] = dict(rows.without)
    if reading.label is not None:
        missing["target"] = reading.label < 0
    if spec.prediction is not None and reading.decision is not None:
        missing["prediction"] = reading.decision < 0
    drop = np.full(len(rows.n), -1, dtype=np.int64)
    dropped: list[dict[str, Any]] = []
    for part in ("target", "prediction", "score", "weight", "cluster"):
        if part not in missing:
            continue
        here = missing[part] & (drop < 0)
        if not here.any():
            continue
        drop[here] = len(dropped)
        dropped.append(
            {
                "reason": f"the {part} {getattr(spec, part)} is missing",
                "rows": int(rows.n[here].sum()),
                "by_group": _by_group(reading, here),
            }
        )
    return drop < 0, dropped


def _by_group(reading: Reading, here: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return for each single group how many of its rows are dropped."""
    import numpy as np

    found = []
    for place, (name, group) in enumerate(zip(reading.spec.sensitive, reading.groups, strict=True)):
        code, n = reading.codes[:, place], reading.rows.n
        of = np.bincount(code, weights=n, minlength=len(group.levels))
        gone = np.bincount(code[here], weights=n[here], minlength=len(group.levels))
        found += [
            {"attributes": {name: level}, "dropped": int(gone[i]), "n": int(of[i])}
            for i, level in enumerate(group.levels)
        ]
    return found


def merged(reading: Reading, keep: NDArray[np.bool_]) -> tuple[Cells, list[str]]:
    """Merge the entries kept."""
    import numpy as np

    spec, numbers = reading.spec, reading.rows.numbers
    n = reading.rows.n[keep]
    score, exact = _scores(reading, keep)
    parts = [*reading.codes[keep].T]
    parts += [part[keep] for part in (reading.label, reading.decision, reading.strata) if part is not None]
    if score is not None:
        score_values, rank = np.unique(score, return_inverse=True)
        parts.append(rank.reshape(-1))
    sums = {name: numbers[name][keep] for name in numbers if name not in NOT_SUMS}
    which, first, total = _merged(parts, n, sums)
    n_merged = np.bincount(which, weights=n, minlength=len(first)).round().astype(np.int64)
    weight = total.pop("weight", n_merged.astype(np.float64))
    weight2 = total.pop("weight2", n_merged.astype(np.float64))
    kept_score = None if score is None else score[first]
    if kept_score is not None and exact:
        total |= {"score": weight * kept_score, "score2": weight * kept_score**2}

    def at(part: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
        return None if part is None else part[keep][first]

    label, decision = at(reading.label), at(reading.decision)
    if decision is None and not spec.regression:  # the recorded labels are the decisions
        label, decision = None, label
    notes = [] if exact else [_binned_note(spec.score, score_values)]
    notes += _disagreement(reading, keep)
    return (
        Cells(
            attributes=spec.sensitive,
            levels=tuple(group.levels for group in reading.groups),
            code=reading.codes[keep][first],
            label=label,
            decision=decision,
            n=n_merged,
            weight=weight,
            weight2=weight2,
            score=kept_score,
            sums=total,
            frequencies=spec.frequency and spec.weight is not None,
            strata=at(reading.strata),
            strata_names=reading.strata_names,
            exact_scores=exact,
        ),
        notes,
    )


def _disagreement(reading: Reading, keep: NDArray[np.bool_]) -> list[str]:
    """Say where predictions are not what the score and the threshold would give."""
    spec, above = reading.spec, reading.rows.numbers.get("above")
    if spec.prediction is None or above is None or reading.decision is None:
        return []
    apart = int(reading.rows.n[keep & (above != reading.decision)].sum())
    if not apart:
        return []
    return [
        f"the prediction {spec.prediction} decides; in {counted(apart, 'row')} the score {spec.score} at the "
        f"threshold {spec.threshold:g} would decide otherwise"
    ]


def _scores(reading: Reading, keep: NDArray[np.bool_]) -> tuple[NDArray[np.float64] | None, bool]:
    """Return the score of each entry kept, the mean of its bin where scores were binned, and which it is."""
    import numpy as np

    numbers = reading.rows.numbers
    if "score_exact" in numbers:
        return numbers["score_exact"][keep] + 0.0, True
    if "bin" not in numbers:
        return None, True
    bins, place = np.unique(numbers["bin"][keep], return_inverse=True)
    order = np.lexsort((numbers["plain"][keep], place))
    total = np.bincount(place[order], weights=numbers["plain"][keep][order], minlength=len(bins))
    rows = np.bincount(place, weights=reading.rows.n[keep], minlength=len(bins))
    return np.maximum.accumulate(total / rows)[place], False


def _binned_note(score: str | None, values: NDArray[np.float64]) -> str:
    return (
        f"the score {score} has more than 10,000 values and was put into {len(values):,} bins for curves; "
        "decisions, means and squares are those of the exact scores"
    )


def _merged(
    parts: list[NDArray[np.int64]], n: NDArray[np.int64], sums: Mapping[str, NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Merge entries whose parts agree.

    Returns
    -------
    which : ndarray of int, shape (entries,)
        The cell of each entry; cells are in the order of their parts.
    first : ndarray of int, shape (cells,)
        An entry of each cell.
    total : dict of str to ndarray, shape (cells,)
    """
    import numpy as np

    key = np.zeros(len(n), dtype=np.int64)
    for part in parts:
        key = key * (int(part.max(initial=0)) + 1) + part
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    which = np.asarray(which, dtype=np.int64).reshape(-1)
    # Entries come in no fixed order and adding doubles depends on it, so that they are put in one.
    order = np.lexsort((*sums.values(), n, which))
    total = {
        name: np.bincount(which[order], weights=values[order], minlength=len(first)).astype(np.float64)
        for name, values in sums.items()
    }
    return which, np.asarray(first, dtype=np.int64), total


def score_range(reading: Reading, keep: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return the smallest and the largest score of the rows kept."""
    numbers = reading.rows.numbers
    if "s_low" not in numbers:
        return None
    return float(numbers["s_low"][keep].min()), float(numbers["s_high"][keep].max())


def label_missing(reading: Reading) -> dict[int, tuple[int, int]] | None:
    """Return by decision how many rows have no label, and of how many."""
    if reading.label is None or reading.decision is None:
        return None
    n, without = reading.rows.n, reading.label < 0
    decided = {d: reading.decision == d for d in (0, 1)}
    return {d: (int(n[here & without].sum()), int(n[here].sum())) for d, here in decided.items()}
