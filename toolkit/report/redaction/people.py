"""Groups and their metrics: each told in the blocks that `tables` allows, the rest null with a note."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.fairness.counts import FN, FP, PROPORTIONS, TN, TP
from toolkit.report.redaction import tables
from toolkit.report.redaction.codes import Codes
from toolkit.report.redaction.tables import LEAST, Blocks

NOTE = "suppressed: a cell under 10, here or where it could be worked out from this"
_CELLS = {TN: "tn", FP: "fp", FN: "fn", TP: "tp"}
_WITH_LABELS = {
    name: tuple(tuple(_CELLS[cell] for cell in cells) for cells in parts)
    for name, parts in PROPORTIONS.items()
}
_DECISIONS = {"selection_rate": (("positive",), ("negative", "positive"))}
_NOT_APPLICABLE = "not applicable: "  # these notes speak of the whole audit, and of no group
_NAMED = 80


@dataclass(frozen=True)
class People:
    """What may be told of whom, decided once for the whole document.

    Attributes
    ----------
    whole : blocks
        In which everybody is told.
    found : mapping of attributes to (mapping of group's attributes, sorted, to blocks)
        The groups that may be told.
    """

    whole: Blocks
    cells: tuple[str, ...]
    found: Mapping[tuple[str, ...], Mapping[tuple[tuple[str, str], ...], Blocks]]
    listed: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def blocks(self, attributes: Mapping[str, str]) -> Blocks | None:
        """Return the blocks in which a group may be told; None where it may not."""
        return self.found.get(tuple(attributes), {}).get(tuple(attributes.items()))

    def tells(self, blocks: Blocks | None, metric: str) -> bool:
        """Whether a metric may be told of a group that is told in these blocks.

        Only proportions are sums of a few cells; all else, an AUC or a mean, needs every cell to be told.
        """
        if blocks is None:
            return False
        parts = _parts(self.cells).get(metric)
        return tables.tells(blocks, *parts) if parts else all(len(block) == 1 for block in blocks)

    def in_full(self, attributes: Mapping[str, str]) -> bool:
        """Whether every cell of a group is told."""
        blocks = self.blocks(attributes)
        return blocks is not None and all(len(block) == 1 for block in blocks)

    @property
    def complete(self) -> bool:
        """Whether nothing at all had to be left out."""
        every = all(len(block) == 1 for block in self.whole)
        return every and all(
            len(found) == self.listed[names] and all(len(b) == 1 for blocks in found.values() for b in blocks)
            for names, found in self.found.items()
        )


def _parts(cells: Collection[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    if "tp" in cells:
        return _WITH_LABELS
    return _DECISIONS if "positive" in cells else {}


def counts(group: Mapping[str, Any]) -> dict[str, float]:
    """Return a group's cells; its people alone where nothing is counted but them."""
    found = group.get("counts")
    return {k: float(v) for k, v in found.items()} if found else {"people": float(group["n"])}


def people(document: Mapping[str, Any], codes: Codes) -> People | None:
    """Decide what may be told; None where there are too few people to tell anything."""
    overall = counts(document["overall"])
    cells = tuple(overall)
    asked = {*(document["settings"].get("metrics") or ()), *document["overall"]["metrics"]}
    wanted = [parts for name, parts in _parts(cells).items() if name in asked]
    most = tables.finest(overall, wanted)
    if most is None or int(document["overall"]["n"]) < LEAST:
        return None
    by: dict[tuple[str, ...], dict[tuple[tuple[str, str], ...], Mapping[str, float]]] = {}
    groups = sorted(document["groups"], key=lambda g: list(codes.attributes(g["attributes"]).values()))
    for group in groups:
        by.setdefault(tuple(group["attributes"]), {})[tuple(group["attributes"].items())] = counts(group)
    found: dict[tuple[str, ...], Mapping[tuple[tuple[str, str], ...], Blocks]] = {}
    for names in sorted(by, key=len):
        rows = by[names]
        if any({*row} != {*cells} for row in rows.values()):
            found[names] = {}
        elif len(names) == 1:
            found[names] = tables.tellable(rows, overall, most, wanted)
        else:
            found[names] = _crossed(names, by, found, overall, most)
    return People(most, cells, found, {names: len(rows) for names, rows in by.items()})


def _crossed(
    names: Sequence[str],
    by: Mapping[tuple[str, ...], Mapping[tuple[tuple[str, str], ...], Mapping[str, float]]],
    found: Mapping[tuple[str, ...], Mapping[tuple[tuple[str, str], ...], Blocks]],
    overall: Mapping[str, float],
    most: Blocks,
) -> Mapping[tuple[tuple[str, str], ...], Blocks]:
    """Tell an intersection whole or not at all, and only where everything above it is told as finely."""
    above: list[tuple[Mapping[str, str], Mapping[str, float]]] = [({}, overall)]
    for attribute in names:
        rows = by.get((attribute,), {})
        told = found.get((attribute,), {})
        if not rows or any(told.get(key) != most for key in rows):
            return {}
        above += [(dict(key), row) for key, row in rows.items()]
    for smaller, rows in by.items():
        if 1 < len(smaller) < len(names) and {*smaller} < {*names} and found.get(smaller):
            above += [(dict(key), row) for key, row in rows.items()]
    rows = by[tuple(names)]
    ok = tables.crossed([(dict(key), row) for key, row in rows.items()], above, most)
    return dict.fromkeys(rows, most) if ok else {}


def group(found: Mapping[str, Any], told: People, codes: Codes) -> dict[str, Any] | None:
    """Return a group in codes, with what may be told of it; None where it must be left out."""
    blocks = told.blocks(found["attributes"])
    if blocks is None:
        return None
    metrics = {name: metric(m, told.tells(blocks, name)) for name, m in found["metrics"].items()}
    return {
        "attributes": codes.attributes(found["attributes"]),
        "n": found["n"],
        "share": found["share"],
        "counts": _told_counts(found, blocks),
        "weights": None,
        "missing": bool(found.get("missing")),
        "too_few": [m for m in found.get("too_few") or () if (metrics.get(m) or {}).get("value") is not None],
        "metrics": metrics,
    }


def overall(found: Mapping[str, Any], told: People) -> dict[str, Any]:
    """Return everybody, with what may be told of them."""
    metrics = {name: metric(m, told.tells(told.whole, name)) for name, m in found["metrics"].items()}
    return {"n": found["n"], "counts": _told_counts(found, told.whole), "weights": None, "metrics": metrics}


def _told_counts(found: Mapping[str, Any], blocks: Blocks) -> dict[str, Any] | None:
    """Return the cells that are blocks of their own, null for the others."""
    if not found.get("counts"):
        return None
    return {k: v if frozenset({k}) in blocks else None for k, v in found["counts"].items()}


def metric(found: Mapping[str, Any], told: bool) -> dict[str, Any]:
    """Return a metric as it is, or nulls with the note."""
    note = str(found.get("note") or "")
    structural = found["n"] == 0 and note.startswith(_NOT_APPLICABLE) and len(note) < _NAMED
    if structural:
        return {"value": None, "low": None, "high": None, "n": 0, "note": note}
    if told and found["n"] >= LEAST:
        return {key: found[key] for key in ("value", "low", "high", "n")} | {"note": ""}
    return {"value": None, "low": None, "high": None, "n": None, "note": NOTE}
