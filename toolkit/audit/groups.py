"""From counts to every metric of every group, and to the gaps between groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from toolkit.audit.request import MARGIN, Request
from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.gaps import Gap, GapSettings, adjust, gaps
from toolkit.fairness.metrics.measures import METRICS, applicable, complement, measure
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.fairness.estimates import Estimates

MOST_INTERSECTIONS = 500  # groups of all intersections together
SPREADS = 0.2  # Cohen's small effect, in standard deviations of a numeric target
IN_TARGETS_UNIT = (
    "mean_prediction",
    "mean_target",
    "mean_error",
    "mean_absolute_error",
    "root_mean_squared_error",
)


@dataclass(frozen=True, eq=False)
class Groups:
    """Everything measured on groups.

    Attributes
    ----------
    metrics : tuple of str
        The declared family.
    estimates : mapping of (attributes, metric) to Estimates
    partitions : mapping of attributes to Partition
        Each attribute alone, then their intersections.
    gaps : tuple of Gap
        Adjusted within their families.
    not_applicable : mapping of metric to reason
    left_out : tuple of str
        Intersections with more groups than anybody could read, each with their number.
    """

    cells: Cells
    metrics: tuple[str, ...]
    partitions: Mapping[tuple[str, ...], Partition]
    estimates: Mapping[tuple[tuple[str, ...], str], Estimates]
    gaps: tuple[Gap, ...]
    settings: GapSettings
    not_applicable: Mapping[str, str]
    left_out: tuple[str, ...] = ()


def groups(cells: Cells, request: Request) -> Groups:
    """Measure every applicable metric in every group and compare the groups."""
    reasons = {metric: applicable(cells, metric, request.labels_observed_for) for metric in METRICS}
    able = [metric for metric, reason in reasons.items() if not reason]
    asked = _asked(request, reasons)
    partitions, left_out = _partitions(cells)
    estimates = {
        (names, metric): measure(cells, partition, metric)
        for names, partition in {(): cells.partition(()), **partitions}.items()
        for metric in able
    }
    settings = GapSettings(
        margin=MARGIN if request.margin is None else request.margin,
        ratio_margin=request.ratio_margin,
        min_group=request.min_group,
        reference=_references(request, partitions),
        compare_missing=request.compare_missing,
        census=request.census,
        seed=request.seed,
    )
    found = [
        gap
        for names, partition in partitions.items()
        for metric in asked
        for gap in _compared(
            cells,
            partition,
            estimates[names, metric],
            replace(settings, margin=margin_of(metric, request, cells)),
            # How many gaps share the family decides how small its p-values must be able to get.
            len(asked) * sum((len(other) > 1) == (len(names) > 1) for other in partitions),
        )
    ]
    return Groups(
        cells,
        asked,
        partitions,
        estimates,
        tuple(adjust(found)),
        settings,
        {metric: reason for metric, reason in reasons.items() if reason},
        left_out,
    )


def _partitions(cells: Cells) -> tuple[dict[tuple[str, ...], Partition], tuple[str, ...]]:
    """Return single attributes and intersections, as long as somebody can read them all; and the others."""
    kept: dict[tuple[str, ...], Partition] = {}
    left_out, groups = [], 0
    for names in subsets(cells.attributes):
        partition = cells.partition(names)
        if len(names) > 1 and groups + len(partition) > MOST_INTERSECTIONS:
            left_out.append(f"{' & '.join(names)} ({len(partition):,} groups)")
            continue
        groups += len(partition) if len(names) > 1 else 0
        kept[names] = partition
    return kept, tuple(left_out)


def subsets(attributes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield each attribute alone, then pairs, triples and so on."""
    for size in range(1, len(attributes) + 1):
        yield from combinations(attributes, size)


def _asked(request: Request, reasons: Mapping[str, str]) -> tuple[str, ...]:
    """Return the declared family: what the user named, or the defaults that apply."""
    for metric in request.metrics:
        if metric not in METRICS:
            from toolkit.catalogue import nearest

            nearest(metric, dict.fromkeys(METRICS, ""), "metric")
        if reasons[metric]:
            raise BadInputError(f"--metrics {metric} cannot be measured here: {reasons[metric]}")
    by_default = {metric for metric, needs in METRICS.items() if needs.family_default}
    if not reasons["mean_target"]:  # of a regression it is what the selection rate is of decisions
        by_default.add("mean_prediction")
    return request.metrics or tuple(m for m in METRICS if m in by_default and not reasons[m])


def _references(request: Request, partitions: Mapping[tuple[str, ...], Partition]) -> Mapping[str, str]:
    """Return the reference groups, once each is known to exist; its own spelling counts."""
    found = {}
    for attribute, group in request.reference.items():
        names = partitions[(attribute,)].names
        folded = {name.casefold(): name for name in names}
        if group.casefold() not in folded:
            raise BadInputError(
                f"--reference {attribute}={group}: there is no such group; there are "
                f"{', '.join(repr(name[:40]) for name in names[:12])}{', ...' if len(names) > 12 else ''}"
            )
        found[attribute] = folded[group.casefold()]
    return found


def _compared(
    cells: Cells, partition: Partition, estimates: Estimates, settings: GapSettings, members: int
) -> Iterator[Gap]:
    """Yield the widest pair, each group against the rest, and against the reference where there is one."""
    import numpy as np

    if not estimates.ratio:
        settings = replace(settings, kinds=("difference",))
    people = np.rint(cells.weight).astype(np.int64) if cells.frequencies else cells.n
    sizes = partition.total(people)
    yield from gaps(estimates, partition, settings, "widest", members=members, sizes=sizes)
    if len(partition.attributes) > 1:
        return
    others = complement(cells, partition, estimates.metric)
    yield from gaps(estimates, partition, settings, "rest", complement=others, sizes=sizes)
    if partition.attributes[0] in settings.reference:
        yield from gaps(estimates, partition, settings, "reference", sizes=sizes)


def margin_of(metric: str, request: Request, cells: Cells) -> float:
    """Return a metric's margin: what was declared, else the default, in the metric's own unit."""
    if request.margin is not None:
        return request.margin
    if "target" not in cells.sums or metric not in IN_TARGETS_UNIT:
        return MARGIN
    total = float(cells.weight.sum())
    mean = float(cells.sums["target"].sum()) / total
    return SPREADS * math.sqrt(max(0.0, float(cells.sums["target2"].sum()) / total - mean**2))


def section(found: Groups) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the document's "overall" and "groups"."""
    everybody = found.cells.partition(())
    whole = _group(found, everybody, (), 0, int(found.cells.n.sum()))
    rows = [
        _group(found, partition, names, place, whole["n"])
        for names, partition in found.partitions.items()
        for place in range(len(partition))
    ]
    return {key: whole[key] for key in ("n", "counts", "weights", "metrics")}, rows


def _group(
    found: Groups, partition: Partition, names: tuple[str, ...], place: int, total: int
) -> dict[str, Any]:
    cells = found.cells
    mine = {m: e for (attributes, m), e in found.estimates.items() if attributes == names}
    rows = int(partition.total(cells.n)[place])
    return {
        "attributes": dict(partition.groups[place]),
        "n": rows,
        "share": rows / total if total else None,
        "counts": _counts(cells, partition, place, cells.n),
        "weights": _counts(cells, partition, place, cells.weight)
        if (cells.weight != cells.n).any()
        else None,
        "missing": partition.missing[place],
        "too_few": [m for m in found.metrics if int(mine[m].n[place]) < found.settings.min_group],
        "metrics": {
            **{
                metric: _value(estimates, place, census=found.settings.census)
                for metric, estimates in mine.items()
            },
            **{m: _absent(reason) for m, reason in found.not_applicable.items()},
        },
    }


def _counts(cells: Cells, partition: Partition, place: int, values: Any) -> dict[str, Any] | None:
    if cells.decision is None:
        return None
    (tn, fp), (fn, tp) = partition.confusion(cells, values)[place].tolist()
    return (
        {"negative": tn, "positive": fp} if cells.label is None else {"tn": tn, "fp": fp, "fn": fn, "tp": tp}
    )


def _value(estimates: Estimates, place: int, *, census: bool) -> dict[str, Any]:
    def plain(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    shown = bool(estimates.shown[place])
    value = plain(estimates.value[place])
    low, high = (value, value) if census else (plain(estimates.low[place]), plain(estimates.high[place]))
    return {
        "value": value,
        "low": low if shown else None,
        "high": high if shown else None,
        "n": int(estimates.n[place]),
        "note": estimates.notes[place],
    }


def _absent(reason: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "n": 0, "note": f"not applicable: {reason}"}
