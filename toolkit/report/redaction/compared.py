"""Gaps: told where every group they compare is told; the ruling alone otherwise, and the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.report.redaction.codes import KEPT, Codes
from toolkit.report.redaction.people import People
from toolkit.report.redaction.tables import LEAST

NUMBERS = ("value", "corrected", "low", "high", "low90", "high90", "p_value", "p_margin", "smallest_p")
HIDDEN = "its numbers are suppressed: a cell under 10 could be read or worked out from them"
ADJUSTED = ("p_adjusted", "p_margin_adjusted")
FAMILIES = {name + of for name in ("widest", "reference", "rest", "intersections") for of in ("", " ratios")}
Gap = Mapping[str, Any]
Document = Mapping[str, Any]


def gaps(document: Document, told: People, codes: Codes) -> list[dict[str, Any]]:
    """Return every gap in codes. Adjusted p-values go where a gap of the family is not told: they mix."""
    found = [_gap(document, gap, told, codes) for gap in document["gaps"]]
    open_families = {
        _family(document, gap)
        for gap, (_, told_here) in zip(document["gaps"], found, strict=True)
        if not told_here
    }
    none = dict.fromkeys(ADJUSTED)
    return [gap | none if gap["family"] in open_families else gap for gap, _ in found if gap]


def _gap(document: Document, gap: Gap, told: People, codes: Codes) -> tuple[dict[str, Any], bool]:
    names = list(map(str, gap.get("attributes") or [gap["attribute"]]))
    compared = _compared(document, gap, names)
    absent = gap.get("value") is None
    shown = not absent and bool(compared) and all(told.tells(told.blocks(g), gap["metric"]) for g in compared)
    if gap["compare"] != "widest" and any(told.blocks(group) is None for group in compared):
        return {}, absent  # a named group that is not told; an absent gap has no p-value to mix
    numbers: dict[str, Any] = dict.fromkeys((*NUMBERS, *ADJUSTED))
    if shown:
        numbers |= {key: gap.get(key) for key in numbers}
    ruling = str(gap["ruling"])
    if not shown and not absent and not _large(document, compared):
        ruling = "not_applicable"  # which side of a margin a tiny group lies on says too much of it
    done = {
        "attribute": codes.joined(names),
        "attributes": [codes.column(name) for name in names],
        "metric": gap["metric"],
        "kind": gap["kind"],
        "compare": gap["compare"],
        "family": _family(document, gap),
        "margin": gap["margin"],
        **numbers,
        **_ends(document, gap, names, codes, shown=shown, told=told),
        "ruling": ruling,
        "reason": _reason(gap, shown=shown, absent=absent),
        "left_out": [],
        "left_out_share": None,
        "missing_left_out": bool(gap.get("missing_left_out")),
        "groups_compared": gap.get("groups_compared", 0),
        "rows_needed": None,
    }
    if shown:
        done["rows_needed"] = _needed(document, gap, names, codes)
    return done, shown or absent


def _compared(document: Document, gap: Gap, names: Sequence[str]) -> list[Mapping[str, str]]:
    """Return the attributes of every group whose counts are in a gap's numbers."""
    groups = [g for g in document["groups"] if [*g["attributes"]] == [*names]]
    if gap["compare"] != "widest":
        ends = {str(gap.get(end)) for end in ("highest", "lowest")} - KEPT | (
            {str(gap.get("highest"))} if str(gap.get("highest")) in KEPT else set()
        )
        found = [g["attributes"] for g in groups if _named(g) in ends]
        return found if len(found) == len(ends) else []
    out = {*(gap.get("left_out") or ())}
    return [
        g["attributes"]
        for g in groups
        if _named(g) not in out and not (gap.get("missing_left_out") and g.get("missing"))
    ]


def _named(group: Mapping[str, Any]) -> str:
    return " & ".join(map(str, group["attributes"].values()))


def _large(document: Document, compared: Sequence[Mapping[str, str]]) -> bool:
    sizes = [int(g["n"]) for g in document["groups"] if g["attributes"] in compared]
    return bool(sizes) and min(sizes) >= LEAST


def _ends(
    document: Document, gap: Gap, names: Sequence[str], codes: Codes, *, shown: bool, told: People
) -> dict[str, str | None]:
    """Name the two groups; of a widest pair that is not told the names would say who comes first."""
    if gap.get("highest") is None or (not shown and gap["compare"] == "widest"):
        return {"highest": None, "lowest": None}
    return {end: name_of(document, names, gap.get(end), codes, told=told) for end in ("highest", "lowest")}


def name_of(
    document: Document, names: Sequence[str], name: object, codes: Codes, *, told: People | None = None
) -> str | None:
    """Return a group's name in codes; "a group" for one that is not told."""
    if name is None:
        return None
    for group in document["groups"]:
        if [*group["attributes"]] == [*names] and _named(group) == str(name):
            if told is not None and told.blocks(group["attributes"]) is None:
                return "a group"
            return " & ".join(codes.attributes(group["attributes"]).values())
    return str(name) if str(name) in KEPT else "a group"


def _family(document: Document, gap: Gap) -> str:
    """Return the family's name, which is one of ours; any other is numbered."""
    name = str(gap.get("family") or "")
    if name in FAMILIES or not name:
        return name
    known = list(dict.fromkeys(str(g.get("family") or "") for g in document["gaps"]))
    return f"family {known.index(name) + 1}"


def _reason(gap: Gap, *, shown: bool, absent: bool) -> str:
    if absent:
        return "it cannot be measured here; the reason names groups and is left out of a redacted copy"
    if not shown:
        return HIDDEN
    return "groups too small to compare are left out, and not named in a redacted copy" * bool(
        gap.get("left_out")
    )


def _needed(document: Document, gap: Gap, names: Sequence[str], codes: Codes) -> dict[str, Any] | None:
    """Return what would settle a gap, its sentence written anew."""
    found = gap.get("rows_needed")
    if not found:
        return None
    who = name_of(document, names, found.get("group"), codes)
    goal = "show the gap" if found.get("ruling_sought") == "shown" else "show that it is small"
    rows, factor = found.get("rows"), found.get("factor")
    if rows:
        said = f"About {int(rows):,} more rows of {who} that count in this metric would probably {goal}."
    elif rows == 0:
        said = "By this reckoning the rows suffice: chance, or the other gaps, stand in the way."
    elif factor is not None:
        said = f"Both groups would need {float(factor):.2g} times as many rows to {goal}."
    else:
        said = "It is too near the margin: no feasible number of rows settles it."
    keys = ("ruling_sought", "rows", "table_rows", "factor")
    return {key: found.get(key) for key in keys} | {"group": who, "sentence": said}


def gate(document: Document, codes: Codes) -> dict[str, Any] | None:
    """Return the gate: its answer and its members' rulings, without the sentences that name groups."""
    found = document.get("gate")
    if not found:
        return None

    def asked(text: str) -> str:
        metric, _, attribute = str(text).partition(":")
        return f"{metric}:{codes.column(attribute)}" if metric in _metrics(document) else "a gap"

    return {
        "asked": [asked(text) for text in found.get("asked") or ()],
        "members": [
            {"attribute": _attribute(m["attribute"], codes), "metric": m["metric"], "ruling": m["ruling"]}
            for m in found.get("members") or ()
        ],
        "result": found["result"],
        "exit": found["exit"],
    }


def _attribute(name: str, codes: Codes) -> str:
    code = codes.column(name)
    return codes.joined(str(name).split(" & ")) if code == "a column" else code


def _metrics(document: Document) -> set[str]:
    return {*document["overall"]["metrics"], *(g["metric"] for g in document["gaps"])}
