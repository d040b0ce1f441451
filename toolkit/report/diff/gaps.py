"""Two audits, gap by gap: rulings and sizes before and after, the change, and the groups behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from toolkit.report.audit.lookup import group_name
from toolkit.report.audit.watch import alarm
from toolkit.report.diff.change import Change, apart, none, quotient, word
from toolkit.report.diff.inputs import same_rows

Document = Mapping[str, Any]
Key = tuple[str, ...]
KEPT = ("ruling", "value", "corrected", "low", "high", "low90", "high90", "highest", "lowest", "reason")
PARTS = ("decomposition", "attribution", "mitigation")


def rows(old: Document, new: Document) -> list[dict[str, Any]]:
    """Return one comparison for each gap that both audits have."""
    first, second = _gaps(old), _gaps(new)
    same = same_rows(old, new)
    return [_row((gap, second[key]), same) for key, gap in first.items() if key in second]


def rates(old: Document, new: Document) -> list[dict[str, Any]]:
    """Return each single group's rates before and after, for the metrics that gaps are about."""
    first, second = _groups(old), _groups(new)
    asked = dict.fromkeys(gap["metric"] for gap in new["gaps"])
    same = same_rows(old, new)
    found = []
    for key, group in first.items():
        if key not in second or len(group["attributes"]) > 1:
            continue
        for metric in asked:
            sides = [g["metrics"].get(metric) or {} for g in (group, second[key])]
            if any(side.get("value") is not None for side in sides):
                found.append(_rate(group, metric, sides, same))
    return found


def gate(old: Document, new: Document) -> dict[str, Any] | None:
    """Return what the gate answered before and after, where either had one."""
    answers = [(document.get("gate") or {}).get("result") for document in (old, new)]
    return {"before": answers[0], "after": answers[1]} if any(answers) else None


def parts(old: Document, new: Document) -> list[dict[str, Any]]:
    """Return the parts and lenses that apply in one audit and not in the other."""
    first, second = _parts(old), _parts(new)
    return [
        {"part": name, "before": status, "after": second.get(name)}
        for name, status in {**dict.fromkeys(second), **first}.items()
        if status != second.get(name)
    ]


def names(document: Document) -> dict[tuple[str, ...], str]:
    """Return what can appear and vanish: gaps, groups, alarms, warnings (a code's second is another)."""
    found: dict[tuple[str, ...], str] = {}
    for gap in document["gaps"]:
        found["gap", *_key(gap)] = gap["ruling"]
    for group in document["groups"]:
        found["group", *(f"{name}: {level}" for name, level in group["attributes"].items())] = str(group["n"])
    seen: Counter[str] = Counter()
    for warning in document.get("warnings") or ():
        seen[warning["code"]] += 1
        found["warning", warning["code"], str(seen[warning["code"]])] = warning["title"]
    for watched in (document.get("watch") or {}).get("gaps") or ():
        if watched.get("alarm"):
            found["alarm", str(watched["attribute"]), str(watched["metric"])] = alarm(watched)
    return found


def _key(gap: Document) -> Key:
    """Name a gap by what it compares; the widest pair's groups are a finding, not its name."""
    named = gap["compare"] != "widest"
    pair = (str(gap.get("highest") or ""), str(gap.get("lowest") or "")) if named else ("", "")
    return (str(gap["attribute"]), str(gap["metric"]), str(gap["kind"]), str(gap["compare"]), *pair)


def _gaps(document: Document) -> dict[Key, Document]:
    return {_key(gap): gap for gap in document["gaps"]}


def _groups(document: Document) -> dict[Key, Document]:
    return {tuple(f"{k}={v}" for k, v in g["attributes"].items()): g for g in document["groups"]}


def _parts(document: Document) -> dict[str, str]:
    found = {name: (document.get(name) or {}).get("status") for name in PARTS}
    return found | {f"lens {lens['name']}": lens["status"] for lens in document.get("lenses") or ()}


def _row(gaps: tuple[Document, Document], same: bool | None) -> dict[str, Any]:
    before, after = ({key: gap.get(key) for key in KEPT} for gap in gaps)
    new = gaps[1]
    ratio = new["kind"] == "ratio"
    change = _moved(before, after, same=same, ratio=ratio, widest=new["compare"] == "widest")
    margins = [float(gap["margin"]) for gap in gaps]
    words = {word(change, margin, ratio=ratio) for margin in margins}
    pairs = [(side["highest"], side["lowest"]) for side in (before, after)]
    return {
        "attribute": new["attribute"],
        "metric": new["metric"],
        "kind": new["kind"],
        "compare": new["compare"],
        "margin": {"before": margins[0], "after": margins[1]},
        "before": before,
        "after": after,
        "ruling_changed": before["ruling"] != after["ruling"],
        "other_pair": None not in (*pairs[0], *pairs[1]) and pairs[0] != pairs[1],
        "change": change.to_dict() if change else None,
        "word": words.pop() if len(words) == 1 else "cannot_say",
        "why": "" if change else _why(before, after),
        "same_data": same,
    }


def _why(before: Document, after: Document) -> str:
    sides = [side for side, gap in (("before", before), ("after", after)) if gap.get("low") is None]
    return f"no gap with an interval {' and '.join(sides) or 'above 0'}"


def _moved(
    before: Document, after: Document, *, same: bool | None, ratio: bool, widest: bool
) -> Change | None:
    """Compare two gaps; the widest of several by its value corrected for having been picked.

    On the same rows equal gaps are the same, and unequal ones hang together in a way nobody knows.
    """
    if before["value"] is None or after["value"] is None:
        return None
    if same and before["value"] == after["value"]:
        return none(value=1.0 if ratio else 0.0)
    both = all(side.get("corrected") is not None for side in (before, after))
    point = "corrected" if widest and both else "value"
    compared = quotient if ratio else apart
    return compared(before, after, point=point, related=bool(same))


def _rate(group: Document, metric: str, sides: list[Mapping[str, Any]], same: bool | None) -> dict[str, Any]:
    before, after = ({key: side.get(key) for key in ("value", "low", "high", "n")} for side in sides)
    if same and before["value"] is not None and before["value"] == after["value"]:
        change: Change | None = none()
    else:
        change = apart(before, after, point="value", related=bool(same))
    return {
        "attribute": " & ".join(group["attributes"]),
        "group": group_name(group),
        "metric": metric,
        "before": before,
        "after": after,
        "change": change.to_dict() if change else None,
    }
