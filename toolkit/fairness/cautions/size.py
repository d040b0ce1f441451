"""How far the numbers carry: groups too small to say anything, and rulings that hang on few decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Context, Rule, group, percent, points, warning
from toolkit.fairness.counts import PROPORTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Metrics whose denominator stays as it is when a decision changes: what a decision becomes when the numerator
# grows by one, and when it shrinks.
_FIXED = {
    "selection_rate": ("positive", "negative"),
    "true_positive_rate": ("positive", "negative"),
    "false_positive_rate": ("positive", "negative"),
    "false_negative_rate": ("negative", "positive"),
    "true_negative_rate": ("negative", "positive"),
    "accuracy": ("right", "wrong"),
}
# So few decisions that a clerk's slip would do.
_FEW = 5


def small_groups(context: Context) -> list[dict[str, Any]]:
    """Name the groups of which too few people are known to compare them, with what can still be said."""
    found = [small for attribute in context.attributes for small in _small(context, attribute)]
    if not found:
        return []
    sentences = []
    for small in found[:6]:
        ends = small["low"], small["high"]
        sentences.append(
            f"{small['name']} ({small['attribute']}) has {small['n']:,} {_people(small)}: all that can be "
            f"said of its {small['metric'].replace('_', ' ')} is that it lies between {percent(ends[0])} and "
            f"{percent(ends[1])}."
        )
    if len(found) > 6:
        sentences.append(f"There are {len(found) - 6} more such groups or rates.")
    share = max(small["share"] for small in found)
    sentences.append(
        f"Groups with fewer than {context.min_group} people in a rate's denominator are listed but take no "
        f"part in comparisons; the largest of them is {percent(share)} of all people. That no gap is shown "
        "for a small group does not mean that there is none."
    )
    return [warning("small-groups", "Groups too small to say anything", sentences, {"groups": found})]


def _people(small: Mapping[str, Any]) -> str:
    one = small["n"] == 1
    kinds = {"true_positive_rate": "with label 1", "false_positive_rate": "with label 0"}
    return f"{'person' if one else 'people'} {kinds.get(small['metric'], '')}".strip()


def _small(context: Context, attribute: str) -> Iterator[dict[str, Any]]:
    """Yield each small group once: at the first rate for which it is too small, rows before labels."""
    partition = context.partition(attribute)
    counts = context.confusion(partition)
    total = int(counts.sum())
    metrics = ["selection_rate"] if context.cells.decision is not None else []
    metrics += ["true_positive_rate", "false_positive_rate"] if context.labelled else []
    for g, name in enumerate(partition.names):
        if partition.missing[g]:
            continue
        for metric in metrics:
            above, below = PROPORTIONS[metric]
            x, n = (int(sum(counts[g, i, j] for i, j in part)) for part in (above, below))
            if n >= context.min_group:
                continue
            low, high = chance.wilson(x, n)
            yield {
                "attribute": attribute,
                "name": name,
                "metric": metric,
                "n": n,
                "share": float(counts[g].sum() / max(1, total)),
                "low": low,
                "high": high,
            }
            break


def fragile_rulings(context: Context) -> list[dict[str, Any]]:
    """Say how many of one group's decisions would have to be different for each ruling to change.

    For every gap that was ruled on (shown, or shown to be small): the smallest number of decisions in one
    group that, turned round, give another ruling. The ruling is asked for anew at each count, without the
    adjustment for the other gaps asked for.
    """
    if context.rule is None or context.cells.weighted or context.cells.clusters is not None:
        return []
    found = []
    for gap in context.widest():
        if gap.get("ruling") in ("shown", "small") and gap["metric"] in _FIXED:
            entry = _fragility(context, gap, context.rule)
            if entry is not None:
                found.append(entry)
    if not found:
        return []
    found.sort(key=lambda entry: entry["flips"])
    sentences = [_flip_sentence(entry) for entry in found[:5]]
    if len(found) > 5:
        sentences.append(f"The other {len(found) - 5} rulings need more.")
    level = "warning" if found[0]["flips"] <= _FEW else "note"
    title = "Decisions that would change a ruling"
    return [warning("fragile-rulings", title, sentences, {"rulings": found}, level=level)]


def _fragility(context: Context, gap: Mapping[str, Any], rule: Rule) -> dict[str, Any] | None:
    import numpy as np

    partition = context.groups_of(gap)
    counts = context.confusion(partition)
    parts = PROPORTIONS[gap["metric"]]
    x, n = (np.stack([counts[:, i, j] for i, j in part]).sum(axis=0) for part in parts)
    left_out = set(gap.get("left_out") or ())
    kept = [
        g
        for g, name in enumerate(partition.names)
        if n[g] >= context.min_group and not partition.missing[g] and name not in left_out
    ]
    x, n, names = x[kept], n[kept], [partition.names[g] for g in kept]
    if len(kept) < 2 or not {gap["highest"], gap["lowest"]} <= set(names) or rule(x, n) != gap["ruling"]:
        return None
    # A gap that is shown goes by narrowing, one that is small by widening.
    narrows = -1 if gap["ruling"] == "shown" else 1
    tried = [(names.index(gap["highest"]), narrows), (names.index(gap["lowest"]), -narrows)]
    best: tuple[int, int, int, str] | None = None
    for g, step in tried:
        other = names.index(gap["lowest"] if names[g] == gap["highest"] else gap["highest"])
        most = _most(x, n, (g, other), step)
        if best is not None:
            most = min(most, best[0] - 1)
        flips, ruling = fewest(rule, x, n, g, step=step, most=most, now=gap["ruling"])
        if flips is not None:
            best = flips, g, step, ruling
    if best is None:
        return None
    flips, g, step, ruling = best
    return {
        "attribute": gap["attribute"],
        "metric": gap["metric"],
        "ruling": gap["ruling"],
        "becomes": ruling,
        "group": names[g],
        "flips": flips,
        "direction": _FIXED[gap["metric"]][0 if step > 0 else 1],
        "n": int(n[g]),
        "share": float(flips / n[g]),
        "value": float(gap["value"]),
        "groups": len(kept),
    }


def _most(x: NDArray[np.int64], n: NDArray[np.int64], pair: tuple[int, int], step: int) -> int:
    """Return how many decisions of the pair's first group can be turned round before the gap would reverse.

    Beyond that the gap grows again the other way and the old ruling may return: the search must not go on.
    """
    g, other = pair
    possible = int(x[g] if step < 0 else n[g] - x[g])
    to_equal = int(-(-(int(x[other]) * int(n[g]) - int(x[g]) * int(n[other])) * step // int(n[other])))
    return min(possible, to_equal) if to_equal > 0 else possible


def fewest(
    rule: Rule, x: NDArray[np.int64], n: NDArray[np.int64], g: int, *, step: int, most: int, now: str
) -> tuple[int | None, str]:
    """Return the fewest decisions of group `g` to turn round until the ruling is not `now`, and what it is.

    Steps double until the ruling has changed and are then halved, so the answer is the fewest wherever more
    turned decisions never bring the old ruling back in between.
    """
    seen: dict[int, str] = {}

    def ruled(k: int) -> str:
        if k not in seen:
            moved = x.copy()
            moved[g] += step * k
            seen[k] = rule(moved, n)
        return seen[k]

    # The farthest first: where even that changes nothing, nothing nearer does.
    if most < 1 or ruled(most) == now:
        return None, now
    low, high = 0, 1
    while ruled(high) == now:
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if ruled(middle) == now else (low, middle)
    return high, ruled(high)


_RULING = {
    "shown": "gap shown",
    "small": "shown to be small",
    "not_enough_evidence": "not enough evidence",
    "not_applicable": "not applicable",
}


def _flip_sentence(entry: Mapping[str, Any]) -> str:
    plural = "decision" if entry["flips"] == 1 else "decisions"
    metric = entry["metric"].replace("_", " ").capitalize()
    becomes, ruling = _RULING.get(entry["becomes"], entry["becomes"]), _RULING[entry["ruling"]]
    return (
        f'{metric} by {entry["attribute"]} ({points(entry["value"])}): the ruling would be "{becomes}" '
        f'instead of "{ruling}" if {entry["flips"]:,} {plural} in '
        f"{group(entry['attribute'], entry['group'])} ({percent(entry['share'])} of {entry['n']:,}) had been "
        f"{entry['direction']} instead."
    )
