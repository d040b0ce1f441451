"""What a difference between two runs can be put down to; said only where it follows from what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Found = Mapping[str, Any]
NOISE = frozenset({"seed"})


def attribute(found: Found, row: Found | None = None) -> dict[str, Any]:
    """Name the kinds of input that can account for a difference.

    Parameters
    ----------
    found : mapping
        A comparison with its ``inputs``.
    row : mapping, optional
        One row of it; by default the whole.

    Returns
    -------
    dict
        ``moved``: whether anything measured differs at all. ``candidates``: kinds that changed. ``unknown``:
        kinds not known to be the same. ``follows``: the one kind it must be, "noise" where only the draw of
        the trials differs, "nothing_recorded" where nothing did, or null where that cannot be told.
    """
    states = {entry["kind"]: entry["state"] for entry in found["inputs"]}
    if row is not None:
        states = states | _of_row(found, row)
    candidates = [kind for kind, state in states.items() if state == "changed"]
    unknown = [kind for kind, state in states.items() if state == "unknown"]
    moved = _differs(row) if row is not None else any(_differs(r) for r in found["rows"]) or _other(found)
    if row is not None and _same_effects(found, row):
        # A verdict on one dataset follows from its effects, the claim and the rule, and from nothing else.
        candidates, unknown = (
            [k for k in kinds if k in {"settings", "code"}] for kinds in (candidates, unknown)
        )
    follows = _follows(candidates, unknown) if moved else None
    return {"moved": moved, "candidates": candidates, "unknown": unknown, "follows": follows}


def _follows(candidates: list[str], unknown: list[str]) -> str | None:
    if unknown or len(candidates) > 1:
        return None
    if not candidates:
        return "nothing_recorded"
    return "noise" if candidates[0] in NOISE else candidates[0]


def _of_row(found: Found, row: Found) -> dict[str, str]:
    """Narrow data and settings down to those of one row."""
    if found["kind"] == "audit":
        return {}
    states = {}
    if row["dataset"] != "pooled" and row["same_data"] is not None:
        states["data"] = "same" if row["same_data"] else "changed"
    settings = next(entry for entry in found["inputs"] if entry["kind"] == "settings")
    ends = f" of {row['code']} {row['name']}"
    if not any(change["what"].endswith(ends) for change in settings["changes"]):
        states["settings"] = "same"
    return states


def _differs(row: Found) -> bool:
    """Whether a row's ruling or any of its numbers differ."""
    return bool(row["before"] != row["after"])


def _same_effects(found: Found, row: Found) -> bool:
    """Whether a check's effects on one dataset are the same to the last digit."""
    change = row["change"]
    one = found["kind"] == "check" and row["dataset"] != "pooled"
    return one and bool(change and change["method"] == "same" and not change["partial"])


def _other(found: Found) -> bool:
    """Whether anything but a row differs."""
    listed = ("controls", "trials", "parts", "appeared", "vanished")
    gate = found["gate"]
    return any(found[key] for key in listed) or bool(gate and gate["before"] != gate["after"])
