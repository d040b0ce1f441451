"""What accounts for the gap of a model: refits, attribution, remedies; intersections, strata, slopes too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from toolkit.audit.audited import Audited
from toolkit.audit.gating import gated
from toolkit.audit.groups import Groups, margin_of
from toolkit.audit.modelled import Modelled
from toolkit.audit.request import Request
from toolkit.fairness.cells import Cells
from toolkit.fairness.gaps.rulings import Gap

NO_MODEL = "{what} alone cannot be trained again: give a --recipe, or for attribution a --model"
WHAT = {"labels": "recorded outcomes", "prediction": "predictions", "score": "scores"}


def accounts(audited: Audited, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return the document's sections on intersections, strata, slopes, the gate, and the parameters."""
    from toolkit.audit.finer import intersections, slopes, within

    found, request = audited.found, audited.request
    return {
        "intersections": intersections(found, request),
        "within": within(found, request),
        "slopes": slopes(audited.counted, request),
        "gate": gated(found, request.gate, inconclusive_ok=request.inconclusive_ok),
        **_parameters(found, audited.made, request, tell),
    }


def reported(found: Groups, attribute: str) -> Gap | None:
    """Return the gap that a split is about: an attribute's widest in selection rate, else in mean score."""
    for metric in ("selection_rate", "mean_prediction"):
        wanted = (metric, attribute, "difference", "widest")
        for gap in found.gaps:
            named = gap.highest is not None and gap.lowest is not None
            if named and (gap.metric, gap.attribute, gap.kind, gap.compare) == wanted:
                return gap
    return None


def _parameters(
    found: Groups, made: Modelled | None, request: Request, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Return decomposition, attribution and mitigation; each says why not where it cannot be had."""
    attribute = found.cells.attributes[0]
    gap = reported(found, attribute)
    if gap is None:
        return _absent("no two groups are large enough to compare in selection rate")
    named = {"attribute": attribute, "first": gap.highest, "second": gap.lowest}
    if made is None or made.problem is None:
        from toolkit.fairness.parameters.counted_split import split

        why = NO_MODEL.format(what=WHAT.get(request.source, "predictions"))
        return _absent(why, named) | {"decomposition": split(found.cells, named, request.seed)}
    return _of_model(made, found.cells, named, request, tell)


def _of_model(
    made: Modelled,
    cells: Cells,
    named: Mapping[str, str | None],
    request: Request,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    from toolkit.fairness.features.contributions import contributions
    from toolkit.fairness.mitigation.options import mitigate
    from toolkit.fairness.parameters.decomposition import decompose
    from toolkit.fairness.parameters.fan import newcombe

    problem = made.problem
    assert problem is not None
    pair = (problem.groups.index(str(named["first"])), problem.groups.index(str(named["second"])))
    tell(f"training {request.refits} times more" if made.fit else "splitting the gap")
    split_up = decompose(
        problem,
        made.fit,
        pair=pair,
        refits=request.refits,
        seed=request.seed,
        threshold=request.threshold,
        capacities=made.capacity,
        ruling=partial(newcombe, margin=margin_of("selection_rate", request, cells)),
    )
    tell("attributing the gap to features")
    explained = made.explained or problem
    attribution = contributions(explained, explained.model, pair=pair, seed=request.seed)
    tell("trying what could be done")
    mitigation = mitigate(
        made.remedied or problem,
        made.fit,
        pair=pair,
        constraint=request.constraint,
        seed=request.seed,
        threshold=request.threshold,
    )
    for part in (split_up, attribution, mitigation):
        part.setdefault("notes", []).extend(_limits(request))
    return {"decomposition": split_up, "attribution": attribution, "mitigation": mitigation}


def _limits(request: Request) -> list[str]:
    """Say what of the request does not reach refits, attribution and remedies."""
    notes = []
    if len(request.sensitive) > 1:
        notes.append(
            f"Only {request.sensitive[0]} is split here: name another attribute first to split that."
        )
    if request.weight:
        notes.append("Rows count alike here: the weights do not enter, so the gap is that of the rows.")
    if request.cluster:
        notes.append("These intervals take rows as independent: the clusters are not allowed for here.")
    return notes


def _absent(reason: str, pair: Mapping[str, Any] | None = None) -> dict[str, Any]:
    empty = {"status": "not_applicable", "reason": reason, "pair": dict(pair) if pair else None}
    return {
        "decomposition": {**empty, "tables": [], "interventions": [], "fan": None, "notes": []},
        "attribution": {**empty, "scales": [], "proxies": None, "notes": []},
        "mitigation": {**empty, "options": [], "notes": []},
    }
