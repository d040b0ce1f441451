"""From a request to counts: the table's own decisions in one pass, a model's once it has been asked."""

from __future__ import annotations

from dataclasses import replace

from toolkit.audit.modelled import DECISION, SCORE, Modelled, modelled
from toolkit.audit.request import Request
from toolkit.audit.sources import Source
from toolkit.table.counting import Counted, CountSpec, count


def decisions(source: Source, request: Request) -> tuple[Counted, Modelled | None]:
    """Count the rows by group, label, decision and score."""
    made = modelled(source, request) if request.source in ("model", "recipe") else None
    name = source.origin if made is not None or not isinstance(source.table, str) else None
    return count(made.frame if made else source.table, spec(request, made), name), made


def spec(request: Request, made: Modelled | None) -> CountSpec:
    """Return what to count: in the user's own table, or among the people a model decided about."""
    asked = CountSpec(
        sensitive=request.sensitive,
        target=request.target,
        positive=request.positive,
        prediction=request.prediction,
        score=request.score,
        threshold=request.threshold,
        weight=request.weight,
        frequency=request.frequency_weights,
        cluster=request.cluster,
        within=request.within,
        cut=request.cut,
    )
    if made is None:
        return asked
    return replace(
        asked,
        prediction=DECISION,
        score=SCORE if made.scores else None,
        threshold=None,
        cut=made.cut,  # other groups are formed already
        regression=made.task == "regression",
    )
