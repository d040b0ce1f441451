"""Before anyone concludes: lenses and warnings, from the counts and a scan of the table's other columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.audit.audited import Audited
from toolkit.audit.decisions import spec
from toolkit.audit.groups import Groups, margin_of
from toolkit.audit.request import Request
from toolkit.fairness.cautions import Column, Context, raised
from toolkit.fairness.lenses import lenses
from toolkit.table.scanning import scan_columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def conclusions(audited: Audited, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document's "lenses", "warnings" and "silenced"."""
    request, found = audited.request, audited.found
    context = _context(audited)
    every = raised(context)
    binary = audited.counted.task == "binary"
    return {
        "lenses": lenses(
            found.cells,
            partitions_of=list(found.partitions),
            gaps=context.gaps,
            settings=context.settings,
            document={**parts, "gaps": context.gaps},
            seed=request.seed,
        )
        if binary
        else [],
        "warnings": [one for one in every if one["code"] not in request.silence],
        "silenced": sorted({one["code"] for one in every} & set(request.silence)),
    }


def _context(audited: Audited) -> Context:
    """Gather what the warnings look at."""
    request, found, counted, made = audited.request, audited.found, audited.counted, audited.made
    return Context(
        cells=found.cells,
        attributes=found.cells.attributes,
        gaps=[gap.to_dict() for gap in found.gaps],
        settings={
            "margin": found.settings.margin,
            "ratio_margin": request.ratio_margin,
            "min_group": request.min_group,
            "labels_observed_for": request.labels_observed_for,
            "census": request.census,
        },
        decisions={
            "source": request.source,
            "target": request.target,
            "positive": counted.positive,
            "negative": counted.negative,
            "threshold": counted.threshold,
        },
        dropped=counted.dropped,
        columns=_columns(audited),
        features=made.features if made is not None else None,
        rule=_rule(found, request),
        trained_on=True if request.trained_on else False if request.source == "recipe" else None,
        label_missing=counted.label_missing,
        cuts=counted.program_cuts,
        silence=request.silence,
    )


def _columns(audited: Audited) -> list[Column]:
    """Scan the other columns of whoever was decided about."""
    if audited.counted.task != "binary":
        return []
    request, made = audited.request, audited.made
    table = made.frame if made is not None else audited.source.table
    return [
        Column(one.column, one.levels, one.counts, one.n, one.auc)
        for one in scan_columns(table, spec(request, made))
        if one.column not in (request.within, *request.drop)
    ]


def _rule(found: Groups, request: Request) -> Callable[[NDArray[np.int64], NDArray[np.int64]], str]:
    """Return the ruling of the widest difference of k proportions from counts alone, unadjusted."""
    from toolkit.fairness.cautions.ruling import widest_ruling

    return widest_ruling(margin_of("selection_rate", request, found.cells), request.seed)
