"""Finer looks of an audit again, from the counts: intersections, lenses, the split of recorded decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.document import finite
from toolkit.fairness.cells import Cells
from toolkit.fairness.finer.intersections import intersections as compared
from toolkit.fairness.gaps import holm
from toolkit.fairness.lenses import evidenced, four_fifths, local_law_144
from toolkit.fairness.parameters.counted_split import WITHOUT, split
from toolkit.records import plain
from toolkit.verify.checked import Check, attempted
from toolkit.verify.code import other_versions
from toolkit.verify.counted import DRAWN_BY, HIDDEN, ROWS, Counts

ALPHA = 0.05
# Holm runs over all cells of all intersections, so these three follow last.
OVER_ALL = ("p_adjusted", "p_margin_adjusted", "ruling")
SECTIONS = {
    "within": "its strata are not in the document",
    "slopes": "it needs the values of the ordered column",
    "interventions": "it needs the model trained again",
    "fan": "it needs the model trained again",
    "attribution": "its parts need the model and its rows",
    "mitigation": "it needs the model and its rows",
    "warnings": "it looks at the table's other columns too",
}


def finer(counts: Counts) -> list[Check]:
    """Recompute what stands beside metrics and gaps, as far as counts go, and count the rest."""
    excuse = counts.excuse or other_versions(counts.document["provenance"], DRAWN_BY)
    parts = (
        (_intersections, "intersections", "Cells of intersections, from the counts"),
        (_split, "counted_split", "Split of recorded decisions, from the counts"),
        (_lenses, "lenses", "Lenses, from the counts"),
        (_others, "others", "What only the table or the model can show"),
    )
    return [
        check
        for part, name, title in parts
        for check in attempted(name, title, lambda: [part(counts, Check(name, title, excuse))])  # noqa: B023 - called at once
    ]


def _finest(counts: Counts) -> Cells | None:
    """Return everybody's cells, by all attributes at once."""
    whole = counts.attributes in counts.groups and not counts.redacted
    return counts.cells(counts.attributes) if whole else None


def _intersections(counts: Counts, check: Check) -> Check:
    """Compare every cell with everybody else again; Holm over all of them."""
    said = counts.document.get("intersections") or []
    if counts.redacted:
        check.skip(counts.redacted, sum(len(one["cells"]) for one in said))
        return check
    cells = _finest(counts) if said else None
    settings = counts.document["settings"]
    asked = [one for one in said if cells is not None and not counts.why_no_interval(one["metric"])]
    found = (
        compared(
            cells,
            [(tuple(one["attributes"]), one["metric"]) for one in asked],
            margin=settings["margin"],
            min_group=settings.get("min_group", 10),
            seed=counts.document["provenance"]["seed"],
        )
        if cells is not None and asked
        else []
    )
    again = {(tuple(one["attributes"]), one["metric"]): one for one in found}
    for one in said:
        where = f"{one['metric']} by {' & '.join(one['attributes'])}"
        mine = finite(plain(again.get((tuple(one["attributes"]), one["metric"]), {})))
        if not mine:
            why = counts.why_no_interval(one["metric"]) or counts.redacted or HIDDEN
            check.skip(why, len(one["cells"]) + 1)
            continue
        if one.get("omnibus"):
            check.agree(f"{where}, all cells", one["omnibus"], mine["omnibus"], mine["omnibus"])
        if len(mine["cells"]) != len(one["cells"]):
            check.hold(where, False, f"{len(one['cells'])} cells, recomputed {len(mine['cells'])}")
            continue
        for cell, row in zip(one["cells"], mine["cells"], strict=True):
            names = [name for name in row if name not in OVER_ALL]
            check.agree(f"{where}, {' & '.join(cell['attributes'].values())}", cell, row, names)
    _adjusted(check, [cell for one in said for cell in one["cells"]], settings["margin"])
    return check


def _adjusted(check: Check, cells: Sequence[Mapping[str, Any]], margin: float) -> None:
    """Adjust the p-values that the document has, and rule on every cell again."""
    tested = [cell for cell in cells if cell.get("p_value") is not None]
    if any("p_margin" not in cell for cell in tested):
        check.skip("cells without a p-value of their margin", len(tested))
        return
    equal, beyond = (holm([cell[name] for cell in tested]) for name in ("p_value", "p_margin"))
    for cell, p, q in zip(tested, equal, beyond, strict=True):
        outside = (cell["low"] > margin or cell["high"] < -margin) and q <= ALPHA
        inside = max(cell["high90"], -cell["low90"]) < margin
        ruling = "shown" if outside else "small" if inside else "not_enough_evidence"
        found = {"p_adjusted": p, "p_margin_adjusted": q, "ruling": ruling}
        check.agree(f"{' & '.join(cell['attributes'].values())}, adjusted", cell, found, OVER_ALL)


def _split(counts: Counts, check: Check) -> Check:
    """Split recorded decisions into labels and what the decisions add, once more."""
    said = counts.document.get("decomposition") or {}
    if said.get("reason") != WITHOUT or not said.get("tables"):
        return check
    cells = _finest(counts)
    why = counts.why_no_interval("selection_rate")
    if cells is None or why:
        check.skip(why or counts.redacted or HIDDEN, len(said["tables"]))
        return check
    found = finite(plain(split(cells, said["pair"], counts.document["provenance"]["seed"])))
    again = {table["metric"]: table for table in found["tables"]}
    for table in said["tables"]:
        if table["metric"] in again:
            names = ("gap", "parts", "residual", "sentence")
            check.agree(f"split of {table['metric']}", table, again[table["metric"]], names)
        else:
            check.skip("it needs the scores")
    check.agree("differential fairness", said, found, ("differential_fairness",))
    return check


def _lenses(counts: Counts, check: Check) -> Check:
    """Look through every lens again."""
    said = {one["id"]: one for one in counts.document.get("lenses") or ()}
    cells, why = _finest(counts), counts.why_no_interval("selection_rate")
    again = {one["id"]: one for one in evidenced(counts.document) if one["id"] == "eu-ai-act"}
    if cells is not None and not why:
        of, settings = list(counts.groups), counts.document["settings"]
        seed = counts.document["provenance"]["seed"]
        gaps = counts.document["gaps"]
        first = four_fifths(cells, partitions_of=of, gaps=gaps, settings=settings, seed=seed)
        second = local_law_144(cells, partitions_of=of, settings=settings)
        again[first["id"]] = first
        if counts.document["decisions"].get("score_range") is None:
            again[second["id"]] = second
    for name, one in said.items():
        if name in again:
            found = finite(plain(again[name]))
            check.agree(str(one["name"]), one, found, found)
        else:
            check.skip(why or (counts.redacted or HIDDEN if cells is None else ROWS))
    return check


def _others(counts: Counts, check: Check) -> Check:
    """Count what counts cannot give."""
    document = counts.document
    split_up = document.get("decomposition") or {}
    many = {
        "within": len((document.get("within") or {}).get("gaps") or ()),
        "slopes": len(document.get("slopes") or ()),
        "interventions": len(split_up.get("interventions") or ()),
        "fan": len((split_up.get("fan") or {}).get("models") or ()),
        "attribution": len((document.get("attribution") or {}).get("scales") or ()),
        "mitigation": len((document.get("mitigation") or {}).get("options") or ()),
        "warnings": len(document["warnings"]),
    }
    for section, reason in SECTIONS.items():
        check.skip(f"{section}: {reason}", many[section])
    return check
