"""The audit's run document, ``toolkit.audit/1``: what was asked, read, measured and found, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit import catalogue
from toolkit.audit.audited import Audited
from toolkit.audit.groups import Groups, section
from toolkit.audit.modelled import Modelled
from toolkit.audit.request import Request
from toolkit.document import finite
from toolkit.fairness.lenses import evidenced
from toolkit.records import plain
from toolkit.table.counting import Counted

SCHEMA = "toolkit.audit/1"
CALIBRATION = catalogue.ROOT / "audit_calibration.json"


def document(audited: Audited, parts: Mapping[str, Any], provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Assemble the document; `parts` are the sections that come ready made."""
    request, source, found = audited.request, audited.source, audited.found
    counted, made = audited.counted, audited.made
    overall, groups = section(found)
    whole = {
        "schema": SCHEMA,
        "name": source.name,
        "provenance": provenance,
        "data": _data(audited),
        "decisions": _decisions(request, counted, made),
        "settings": _settings(request, found),
        "overall": overall,
        "groups": groups,
        "gaps": [gap.to_dict() for gap in found.gaps],
        **parts,
        "silenced": sorted(request.silence),
        "calibration": _calibration(),
    }
    whole["lenses"] = evidenced(whole)
    done: dict[str, Any] = finite(plain(whole))
    return done


def _data(audited: Audited) -> dict[str, Any]:
    request, source, counted, made = audited.request, audited.source, audited.counted, audited.made
    files = [{"name": name, "sha256": digest} for name, digest in counted.files]
    digests = [file["sha256"] for file in files]
    whole = source.sha256 or (digests[0] if len(digests) == 1 else _joined(digests))
    return {
        "path": source.origin,
        "label": source.origin,
        "files": files,
        "sha256": whole,
        "format": counted.format,
        "rows": made.rows if made else counted.rows,
        "columns": list(made.columns if made else counted.columns),
        "read": {"rows": int(found_rows(counted))},
        "dropped": [entry | {"p_value": uneven(entry)} for entry in counted.dropped],
        "notes": _notes(audited),
        "weight": request.weight,
        "cluster": request.cluster,
        "within": request.within,
        "held_out": made.about["held_out"] if made else None,
    }


def _notes(audited: Audited) -> list[str]:
    """Return what was chosen or changed on the way, each once."""
    made, left_out = audited.made, audited.found.left_out
    notes = [*audited.source.notes, *(made.notes if made else ()), *audited.counted.notes]
    if left_out:
        notes.append(f"intersections left out, because nobody could read so many: {'; '.join(left_out)}")
    return list(dict.fromkeys(notes))


def uneven(entry: Mapping[str, Any]) -> float | None:
    """Return the p-value of "the same share of every group was dropped", the attributes allowed for."""
    import numpy as np

    from toolkit.fairness.cautions.chance import same_share

    counts: dict[str, list[tuple[int, int]]] = {}
    for group in entry.get("by_group") or ():
        counts.setdefault(next(iter(group["attributes"])), []).append((group["dropped"], group["n"]))
    found = [same_share(*np.array(pairs).T) for pairs in counts.values() if len(pairs) > 1]
    return min(1.0, len(found) * min(found)) if found else None


def found_rows(counted: Counted) -> int:
    """Return how many rows the counts stand for."""
    return int(counted.cells.n.sum())


def _joined(digests: Sequence[str]) -> str | None:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else None


def _decisions(request: Request, counted: Counted, made: Modelled | None) -> dict[str, Any]:
    about = made.about if made else {}
    return {
        "source": request.source,
        "column": request.prediction or request.score,
        "target": request.target,
        "positive": counted.positive,
        "negative": counted.negative,
        "threshold": counted.threshold if counted.task == "binary" else None,
        "score_range": counted.score_range,
        "task": counted.task,
        "model": about.get("model"),
        "recipe": about.get("recipe"),
        "sentence": sentence(request, counted),
    }


def sentence(request: Request, counted: Counted) -> str:
    """Say in one plain sentence what was audited."""
    positive = (
        f" Positive means {request.target or request.prediction} is {counted.positive}."
        if counted.positive
        else ""
    )
    people = f"{found_rows(counted):,} rows"
    said = "predictions" if counted.task == "regression" else "decisions"
    if counted.task == "regression":
        positive = ""
    what = {
        "labels": f"The recorded outcomes themselves, {request.target}, of {people}; no model took part.",
        "prediction": f"The {said} in column {request.prediction}, of {people}.",
        "score": f"The scores in column {request.score}, of {people}"
        + (
            f"; {counted.threshold:g} and above is a positive decision."
            if counted.threshold is not None
            else "."
        ),
        "model": f"The {said} of the model {request.model} about {people}.",
        "recipe": (
            f"The {said} of {request.recipe}, trained here, about {people} that it was not trained on."
        ),
    }[request.source]
    outcome = (
        ""
        if request.target or request.source == "labels"
        else " No outcomes are known: only who is selected is audited."
    )
    return what + positive + outcome


def _settings(request: Request, found: Groups) -> dict[str, Any]:
    return {
        "margin": found.settings.margin,
        "ratio_margin": request.ratio_margin,
        "min_group": request.min_group,
        "metrics": list(found.metrics),
        "confidence": 0.95,
        "reference": dict(request.reference),
        "compare_missing": request.compare_missing,
        "census": request.census,
        "labels_observed_for": request.labels_observed_for,
        "cut": {name: list(points) for name, points in request.cut.items()},
        "frequency_weights": request.frequency_weights,
        "trained_on": request.trained_on,
        "gate": list(request.gate),
    }


def _calibration() -> list[dict[str, Any]]:
    """Return the committed coverage, false alarms and power of the procedures."""
    if not CALIBRATION.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return found
