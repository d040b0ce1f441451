"""Finer looks at the same counts: intersections, strata of another column, slopes along ordered ones."""

from __future__ import annotations

from typing import Any

from toolkit.audit.groups import Groups, margin_of
from toolkit.audit.request import Request
from toolkit.fairness.counts import PROPORTIONS
from toolkit.table.counting import Counted


def intersections(found: Groups, request: Request) -> list[dict[str, Any]]:
    """Compare each cell of every intersection with everybody else, in the metrics asked for."""
    from toolkit.fairness.finer.intersections import intersections as compared

    families = [(names, metric) for names in found.partitions if len(names) > 1 for metric in found.metrics]
    if not families or request.census:
        return []
    return compared(
        found.cells,
        families,
        margin={metric: margin_of(metric, request, found.cells) for metric in found.metrics},
        min_group=request.min_group,
        seed=request.seed,
    )


def within(found: Groups, request: Request) -> dict[str, Any] | None:
    """Pool the widest gaps over the values of ``--within``; None where it was not asked for."""
    if found.cells.strata is None:
        return None
    from toolkit.fairness.finer.within import within as pooled

    entries = []
    for gap in found.gaps:
        single = len(gap.attributes) == 1 and (gap.compare, gap.kind) == ("widest", "difference")
        if single and gap.metric in PROPORTIONS and gap.highest is not None and gap.lowest is not None:
            partition = found.partitions[gap.attributes]
            pair = partition.names.index(gap.highest), partition.names.index(gap.lowest)
            entries.append(
                pooled(found.cells, partition, gap.metric, pair, gap.attribute, min_group=request.min_group)
            )
    return {"column": request.within, "gaps": entries}


def slopes(counted: Counted, request: Request) -> list[dict[str, Any]]:
    """Fit selection along each ordered attribute, by its own values and not by the groups cut from them."""
    from toolkit.fairness.finer.slopes import slope

    entries: list[dict[str, Any]] = []
    for attribute, ordered in counted.ordered.items():
        if request.census or len(ordered.values) < 3:
            continue
        fitted = slope(
            ordered.values, ordered.successes, ordered.totals, squares=ordered.squares, rows=ordered.rows
        )
        if counted.cells.clusters is not None:  # rows of a cluster are not independent, as the fit takes them
            fitted |= dict.fromkeys(("low", "high", "p_value"))
        entries.append(
            {"attribute": attribute, "metric": "selection_rate", "unit": f"per 1 of {attribute}", **fitted}
        )
    return entries
