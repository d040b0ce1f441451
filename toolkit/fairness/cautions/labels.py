"""What labels alone can do: errors in them that would explain a gap, and base rates that force one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Context, group, p_text, percent, points, warning
from toolkit.fairness.counts import rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A gap that so small a label error would remove stands on the labels' quality alone.
_SMALL_ERROR = 0.1


def label_error(context: Context) -> list[dict[str, Any]]:
    """Say how many positives of one group would have to be recorded as negatives to make each gap.

    For every gap shown in a metric that uses labels: the smallest share of one group's true positives that,
    recorded as negatives, alone would account for the gap (INFERENCE.md section 11). It is the most
    favourable case for the model: all of them are people it selected.
    """
    if not context.labelled:
        return []
    found = [tip for gap in context.widest() if gap.get("ruling") == "shown" for tip in _tips(context, gap)]
    if not found:
        return []
    possible = [tip for tip in found if tip["possible"]]
    sentences = [_tip_sentence(tip) for tip in found[:5]]
    sentences.append(
        "This assumes, in the model's favour, that all of these people had a positive decision. It is no "
        "claim that the labels are wrong: it says how wrong they would have to be."
    )
    fragile = any(tip["share"] <= _SMALL_ERROR for tip in possible)
    title = "The label error that alone would explain a gap"
    level = "warning" if fragile else "note"
    return [warning("label-error", title, sentences, {"gaps": found}, level=level)]


def _tips(context: Context, gap: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    partition = context.groups_of(gap)
    names = partition.names
    if gap["highest"] not in names or gap["lowest"] not in names:
        return
    counts = context.confusion(partition)
    high, low = (counts[names.index(gap[end])].astype(float) for end in ("highest", "lowest"))
    if gap["metric"] in ("false_positive_rate", "false_negative_rate", "false_discovery_rate"):
        changed, end, other = high, "highest", low
    elif gap["metric"] in ("true_positive_rate", "true_negative_rate", "precision", "accuracy"):
        changed, end, other = low, "lowest", high
    else:
        return
    moved = _moved(changed, float(rate(other, gap["metric"])), gap["metric"])
    if moved is None:
        return
    positives = changed[1].sum()
    yield {
        "attribute": gap["attribute"],
        "metric": gap["metric"],
        "group": gap[end],
        "value": float(gap["value"]),
        "people": moved,
        "selected_negatives": float(changed[0, 1]),
        "positives": float(positives),
        "share": moved / (positives + moved),
        "possible": bool(moved <= changed[0, 1]),
    }


def _moved(counts: NDArray[np.float64], sought: float, metric: str) -> float | None:
    """Return how many false positives must be true ones for a group's rate to become `sought`."""
    (tn, fp), (fn, tp) = counts
    n, positives, negatives = counts.sum(), tp + fn, tn + fp
    moved: float
    if metric in ("true_positive_rate", "false_negative_rate"):
        sought = sought if metric == "true_positive_rate" else 1 - sought
        moved = (sought * positives - tp) / (1 - sought) if sought < 1 else float("inf")
    elif metric in ("false_positive_rate", "true_negative_rate"):
        sought = sought if metric == "false_positive_rate" else 1 - sought
        moved = (fp - sought * negatives) / (1 - sought) if sought < 1 else float("inf")
    elif metric in ("precision", "false_discovery_rate"):
        sought = sought if metric == "precision" else 1 - sought
        moved = sought * (tp + fp) - tp
    else:
        moved = sought * n - tp - tn
    return float(moved) if moved > 0 and moved < float("inf") else None


def _tip_sentence(tip: Mapping[str, Any]) -> str:
    name = tip["metric"].replace("_", " ")
    start = f"The gap of {points(tip['value'])} in {name} by {tip['attribute']}"
    if not tip["possible"]:
        return (
            f"{start} cannot be explained by missed positives in {group(tip['attribute'], tip['group'])} "
            f"alone: it would take {tip['people']:,.0f} of them among {tip['selected_negatives']:,.0f} "
            "selected people with label 0."
        )
    return (
        f"{start} would be gone if {percent(tip['share'])} of the true positives of "
        f"{group(tip['attribute'], tip['group'])} (about {tip['people']:,.0f} people) had been recorded as "
        "negatives."
    )


def base_rates(context: Context) -> list[dict[str, Any]]:
    """Say what unequal base rates force: with equal precision, unequal error rates (Chouldechova 2017).

    From FPR = p/(1-p) (1-PPV)/PPV (1-FNR): groups with different base rates p cannot have the same precision,
    false negative rate and false positive rate unless prediction is perfect.
    """
    if not context.labelled:
        return []
    found = [entry for attribute in context.attributes if (entry := _forced(context, attribute))]
    if not found:
        return []
    sentences = [_forced_sentence(e) for e in found[:3]]
    sentences.append(
        "This is arithmetic, not a property of the model: where base rates differ and prediction is not "
        "perfect, precision, false negative and false positive rates cannot all be equal (Chouldechova "
        "2017). Which of them should be is a choice, and should be made before looking."
    )
    title = "Unequal base rates force unequal error rates"
    return [warning("base-rates", title, sentences, {"attributes": found}, level="note")]


def _forced_sentence(e: Mapping[str, Any]) -> str:
    return (
        f"By {e['attribute']}, labels are positive for {percent(e['base_first'])} of "
        f"{group(e['attribute'], e['first'])} and {percent(e['base_second'])} of "
        f"{group(e['attribute'], e['second'])} ({p_text(e['p_value'])} for no difference). With the same "
        f"precision ({percent(e['precision'])}) and the same false negative rate "
        f"({percent(e['false_negative_rate'])}) in both, the false positive rates would have to be "
        f"{percent(e['forced_first'])} and {percent(e['forced_second'])}; they are "
        f"{percent(e['measured_first'])} and {percent(e['measured_second'])}."
    )


def _forced(context: Context, attribute: str) -> dict[str, Any] | None:
    import numpy as np

    partition = context.partition(attribute)
    counts = context.confusion(partition).astype(float)
    n, positives = counts.sum(axis=(1, 2)), counts[:, 1].sum(axis=1)
    usable = ~np.array(partition.missing) & (n >= max(1, context.min_group))
    if usable.sum() < 2:
        return None
    p_value = chance.same_share(positives[usable], n[usable])
    base = np.where(usable, positives / np.maximum(n, 1), np.nan)
    first, second = int(np.nanargmax(base)), int(np.nanargmin(base))
    both = counts[[first, second]].sum(axis=0)
    precision, missed = float(rate(both, "precision")), float(rate(both, "false_negative_rate"))
    if p_value > 0.05 or not np.isfinite([precision, missed]).all() or precision in (0.0, 1.0):
        return None
    if base[second] <= 0 or base[first] >= 1:
        return None
    forced = base / (1 - base) * (1 - precision) / precision * (1 - missed)
    if max(forced[first], forced[second]) > 1:
        return None  # so unequal that equal precision and misses are impossible even in arithmetic
    if abs(forced[first] - forced[second]) < context.margin:
        return None  # in a large table even a difference of no interest has a small p-value
    measured = rate(counts, "false_positive_rate")
    return {
        "attribute": attribute,
        "first": partition.names[first],
        "second": partition.names[second],
        "base_first": float(base[first]),
        "base_second": float(base[second]),
        "p_value": p_value,
        "precision": precision,
        "false_negative_rate": missed,
        "forced_first": float(forced[first]),
        "forced_second": float(forced[second]),
        "measured_first": float(measured[first]),
        "measured_second": float(measured[second]),
    }
