"""What features account for, in codes: means over people, to three decimals, where both groups are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.report.redaction.codes import Codes
from toolkit.report.redaction.people import People

Document = Mapping[str, Any]
PLACES = 3
WHY = "left out of a redacted copy: the two groups are not told in full, or there was none"


def feature_names(document: Document) -> Iterator[str]:
    """Yield the names of features, which may be columns of the model's own."""
    found = document.get("attribution") or {}
    for scale in found.get("scales") or ():
        yield from (str(part["feature"]) for part in scale["parts"])


def attribution(document: Document, told: People, codes: Codes) -> dict[str, Any] | None:
    """Return the attribution without proxies, whose area under the curve is a ratio of small counts."""
    found = document.get("attribution")
    if not found:
        return None
    pair = found.get("pair") or {}
    attribute = str(pair.get("attribute"))
    ends = [{attribute: str(pair.get(end))} for end in ("first", "second")]
    if found["status"] == "not_applicable" or not all(map(told.in_full, ends)):
        return {
            "status": "not_applicable",
            "reason": WHY,
            "pair": None,
            "scales": [],
            "proxies": None,
            "notes": [],
        }
    return {
        "status": found["status"],
        "reason": "",
        "pair": {"attribute": codes.column(attribute)}
        | {end: codes.level(attribute, pair[end]) for end in ("first", "second")},
        "scales": [_scale(scale, codes) for scale in found.get("scales") or ()],
        "proxies": None,
        "notes": [],
    }


def _scale(found: Mapping[str, Any], codes: Codes) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"feature": codes.column(part["feature"])}
        | {key: _rounded(part.get(key)) for key in ("value", "low", "high")}
        for part in found["parts"]
    ]
    gap = round(float(found["gap"]), PLACES)
    return {
        "scale": found["scale"] if found["scale"] in ("log-odds", "probability") else "score",
        "gap": gap,
        "parts": parts,
        "residual": round(gap - sum(part["value"] or 0.0 for part in parts), PLACES),
        "rows": None,
        "background": None,
        "sentence": "",
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), PLACES)
