"""A filter or a rule for missing values that could change a ruling: bounds with everybody counted in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Context, group, listed, p_text, percent, points, warning
from toolkit.fairness.cells import Partition
from toolkit.fairness.gaps.rulings import holm

# Rulings are asked for at so many points between the bounds.
_STEPS = 17

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    End = tuple[NDArray[np.int64], NDArray[np.int64]]


def missing_rule(context: Context) -> list[dict[str, Any]]:
    """Warn where rows left out differ between groups, or could change a ruling whatever they hold.

    Two kinds of people are left out of a comparison: rows dropped for a missing label or decision, and
    people whose group is not known. For the gap in selection rates both are counted in, once all in favour
    of the gap and once all against it (Manski's worst-case bounds); if a ruling between these ends differs
    from the one given, the rule for missing values is a part of the result.
    """
    uneven = list(_uneven(context))
    bounds = list(_bounds(context))
    changed = [b for b in bounds if set(b["rulings"]) - {b["ruling"]}]
    if not uneven and not changed:
        return []
    sentences = [*(_uneven_sentence(u) for u in uneven[:4]), *(_bound_sentence(b) for b in changed[:4])]
    sentences.append(
        "Look at why these rows are incomplete before concluding: what is missing is rarely missing by "
        "chance."
    )
    evidence = {"uneven": uneven, "bounds": bounds}
    title = "Rows left out could change the result"
    return [warning("missing-rule", title, sentences, evidence)]


def _uneven(context: Context) -> Iterator[dict[str, Any]]:
    """Yield the reasons for which one group loses a larger share of its rows than another (Holm, 5 %)."""
    import numpy as np

    tests = []
    for entry in context.dropped:
        for attribute, groups in _by_attribute(entry.get("by_group") or ()).items():
            names = list(groups)
            dropped, n = (np.array([groups[name][i] for name in names]) for i in (0, 1))
            given = entry.get("p_value") if len(context.attributes) == 1 else None
            p = float(given) if given is not None else chance.same_share(dropped, n)
            tests.append((entry, attribute, names, dropped, n, p))
    adjusted = holm([test[-1] for test in tests])
    for (entry, attribute, names, dropped, n, p), p_adjusted in zip(tests, adjusted, strict=True):
        if p_adjusted > 0.05:
            continue
        rate = dropped / np.maximum(n, 1)
        most, least = int(rate.argmax()), int(rate.argmin())
        yield {
            "reason": entry.get("reason"),
            "rows": int(entry.get("rows", dropped.sum())),
            "attribute": attribute,
            "most": names[most],
            "most_share": float(rate[most]),
            "least": names[least],
            "least_share": float(rate[least]),
            "p_value": p,
            "p_adjusted": p_adjusted,
        }


def _by_attribute(groups: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Sort the groups of one reason by the attributes that form them: name -> (dropped, rows)."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for one in groups:
        attributes = one["attributes"]
        name = " & ".join(str(level) for level in attributes.values()) or "everybody"
        counted = (int(one["dropped"]), int(one["n"]))
        found.setdefault(" & ".join(attributes), {})[name] = counted
    return {attribute: named for attribute, named in found.items() if len(named) > 1}


def _uneven_sentence(u: Mapping[str, Any]) -> str:
    return (
        f"{u['rows']:,} rows were dropped ({u['reason']}), unevenly by {u['attribute']}: "
        f"{percent(u['most_share'])} of {group(u['attribute'], u['most'])} against "
        f"{percent(u['least_share'])} of {group(u['attribute'], u['least'])} "
        f"({p_text(u['p_value'])} for no difference)."
    )


def _bounds(context: Context) -> Iterator[dict[str, Any]]:
    """Yield for each attribute the least and the most the selection gap can be with all counted in."""
    import numpy as np

    for gap in context.widest("selection_rate"):
        attribute = gap["attribute"]
        partition = context.groups_of(gap)
        counts = context.confusion(partition)
        selected, n = counts[:, :, 1].sum(axis=1), counts.sum(axis=(1, 2))
        dropped = _dropped(context, attribute, partition)
        known = ~np.array(partition.missing)
        of_missing = (int(selected[~known].sum()), int((n - selected)[~known].sum()))
        unknown = int(dropped[known].sum()), sum(of_missing) + int(dropped[~known].sum())
        names = partition.names
        if not any(unknown) or gap["highest"] not in names or gap["lowest"] not in names:
            continue
        pair = names.index(gap["highest"]), names.index(gap["lowest"])
        compared = known & (n >= context.min_group)
        least, most = _ends(
            selected,
            n,
            pair,
            dropped=dropped,
            of_missing=of_missing,
            dropped_missing=int(dropped[~known].sum()),
        )
        yield {
            "attribute": attribute,
            "first": gap["highest"],
            "second": gap["lowest"],
            "value": float(gap["value"]),
            "least": _gap(least, pair),
            "most": _gap(most, pair),
            "dropped": unknown[0],
            "group_not_known": unknown[1],
            "ruling": _ruling(context, (selected, n), compared),
            "rulings": _rulings(context, least, most, compared),
        }


def _dropped(context: Context, attribute: str, partition: Partition) -> NDArray[np.int64]:
    import numpy as np

    total = np.zeros(len(partition), np.int64)
    for entry in context.dropped:
        groups = _by_attribute(entry.get("by_group") or ()).get(attribute, {})
        total += np.array([groups.get(name, (0, 0))[0] for name in partition.names])
    return total


def _ends(
    selected: NDArray[np.int64],
    n: NDArray[np.int64],
    pair: tuple[int, int],
    *,
    dropped: NDArray[np.int64],
    of_missing: tuple[int, int],
    dropped_missing: int,
) -> tuple[End, End]:
    """Return (selected, n) with the unknown people placed against the pair's gap, and in favour of it."""
    first, second = pair
    chosen, not_chosen = of_missing
    ends = []
    for gains, loses in ((second, first), (first, second)):
        x, m = selected.copy(), n.copy()
        # Known group, unknown decision: all selected in the group that gains, none in the other.
        m[[first, second]] += dropped[[first, second]]
        x[gains] += dropped[gains]
        # Known decision, unknown group: the selected belong to the one, the others to the other.
        x[gains] += chosen + dropped_missing
        m[gains] += chosen + dropped_missing
        m[loses] += not_chosen
        ends.append((x, m))
    return ends[0], ends[1]


def _gap(end: End, pair: tuple[int, int]) -> float:
    x, n = end
    return float(x[pair[0]] / n[pair[0]] - x[pair[1]] / n[pair[1]])


def _rulings(context: Context, least: End, most: End, compared: NDArray[np.bool_]) -> list[str]:
    """Return the rulings met on the way from one end to the other, in that order.

    The ends alone would not do: where the gap could turn round, both may be shown and no gap lies between.
    """
    import numpy as np

    found = []
    for t in np.linspace(0, 1, _STEPS):
        x, n = (
            np.rint((1 - t) * a + t * b).astype(np.int64)[compared] for a, b in zip(least, most, strict=True)
        )
        found.append(_ruling(context, (np.minimum(x, n), n)))
    return list(dict.fromkeys(ruling for ruling in found if ruling is not None))


def _ruling(context: Context, counts: End, compared: NDArray[np.bool_] | None = None) -> str | None:
    """Return the ruling on counts of plain rows; None without a rule, or where rows are not alike."""
    x, n = counts if compared is None else (counts[0][compared], counts[1][compared])
    if context.rule is None or len(n) < 2 or context.cells.weighted or context.cells.clusters is not None:
        return None
    return context.rule(x, n)


_RULING = {
    "shown": "a gap is shown",
    "small": "the gap is shown to be small",
    "not_enough_evidence": "there is not enough evidence",
    "not_applicable": "no ruling is possible",
}


def _bound_sentence(b: Mapping[str, Any]) -> str:
    left_out, known = [], " or ".join(b["attribute"].split(" & "))
    if b["dropped"]:
        left_out.append(f"{b['dropped']:,} dropped rows")
    if b["group_not_known"]:
        left_out.append(f"{b['group_not_known']:,} people whose {known} is not known")
    could = " or that ".join(_RULING.get(r, r) for r in b["rulings"] if r != b["ruling"])
    return (
        f"Without {listed(left_out)}, the selection rates of "
        f"{group(b['attribute'], b['first'])} and {group(b['attribute'], b['second'])} differ by "
        f"{points(b['value'])}. Counted in, the difference could be anything from {points(b['least'])} to "
        f"{points(b['most'])}, and the ruling, which is that {_RULING.get(b['ruling'], b['ruling'])}, could "
        f"be that {could}."
    )
