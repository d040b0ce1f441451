"""New York City's Local Law 144: impact ratios of selection and scoring rates, as its rules compute them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import MISSING_GROUP, Cells, Partition
from toolkit.fairness.lenses.written import (
    chosen,
    lens,
    not_applicable,
    people,
    percent,
    plain,
    table,
    times,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL = 0.02
ABOUT = {
    "id": "local-law-144",
    "name": "NYC Local Law 144 impact ratios",
    "question": (
        "What are the selection and scoring rates, and their ratios to the highest, of each category of sex, "
        "of race or ethnicity, and of both together?"
    ),
    "is_not": (
        "A bias audit: these are only its figures. The law asks for an independent auditor, a published "
        "summary and notices, and sets no ratio that passes. It concerns automated employment decision tools "
        "in New York City; elsewhere it is a way of counting. The ratios make no allowance for chance; the "
        "four-fifths lens does."
    ),
    "source": (
        "NYC Administrative Code 20-870 to 20-874; Rules of the City of New York, title 6, 5-300 to 5-304 "
        "(final rule of April 2023)"
    ),
}


def local_law_144(
    cells: Cells, *, partitions_of: Sequence[Sequence[str]], settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the lens: rates and impact ratios by attribute and intersection.

    The scoring rate is the share of a category above the median score of the full sample, people of unknown
    category included. Unknowns are counted and compared with nobody. Categories under 2 % of the people are
    left out of the ratios, which the rule allows if it is said, and their people and rates are shown; with
    `settings["keep_small_categories"]` true they stay in.
    """
    if cells.decision is None and cells.score is None:
        return not_applicable(ABOUT, "there are neither decisions nor scores")
    if not partitions_of:
        return not_applicable(ABOUT, "no attribute was audited")
    keep = bool((settings or {}).get("keep_small_categories", False))
    kinds = _rates(cells)
    entries = [
        {"attribute": " & ".join(attributes), "kind": kind}
        | category_ratios(cells.partition(attributes), x, n, keep)
        for kind, counted in kinds.items()
        for attributes in partitions_of
        for x, n in [counted(cells.partition(attributes))]
    ]
    middle = median(cells)
    return lens(
        ABOUT,
        sentences=[s for entry in entries for s in _sentences(entry)] + _notes(cells, kinds, middle),
        tables=[_table(entry) for entry in entries],
        results={"median_score": middle, "rates": entries, "small": SMALL},
    )


def median(cells: Cells) -> float | None:
    """Return the median score of everybody, halfway between the middle two; None without scores."""
    import numpy as np

    if cells.score is None:
        return None
    n, known = people(cells), np.isfinite(cells.score)
    order = np.argsort(cells.score[known], kind="stable")
    score, upto = cells.score[known][order], np.cumsum(n[known][order])
    if not len(upto) or upto[-1] == 0:
        return None
    total = int(upto[-1])
    lower, upper = (score[np.searchsorted(upto, rank)] for rank in ((total + 1) // 2, total // 2 + 1))
    return float((lower + upper) / 2)


def category_ratios(
    partition: Partition, x: NDArray[np.int64], n: NDArray[np.int64], keep_small: bool = False
) -> dict[str, Any]:
    """Return the categories of one partition with their rates and ratios, and how many people are unknown.

    Parameters
    ----------
    partition : Partition
    x, n : ndarray of int, shape (groups,)
        People selected, or above the median, and all people.
    keep_small : bool
        Whether categories under 2 % of the people keep their ratio.
    """
    import numpy as np

    unknown = np.array(partition.missing, bool)
    total = int(n.sum())
    small = (n < SMALL * total) & ~unknown & (not keep_small)
    compared = ~unknown & ~small & (n > 0)
    rates = x / np.maximum(n, 1)
    highest = rates[compared].max() if compared.any() else 0.0
    categories = [
        {
            "name": name,
            "n": int(n[g]),
            "share": plain(n[g] / total) if total else None,
            "count": int(x[g]),
            "rate": plain(rates[g]) if n[g] else None,
            "ratio": plain(rates[g] / highest) if compared[g] and highest > 0 else None,
            "left_out": bool(small[g]),
        }
        for g, name in enumerate(partition.names)
        if not unknown[g]
    ]
    return {"categories": categories, "people": total, "unknown": int(n[unknown].sum())}


def _rates(cells: Cells) -> dict[str, Any]:
    """Return how to count the rates that can be had here: partition -> (x, n)."""
    import numpy as np

    found: dict[str, Any] = {}
    if cells.decision is not None:
        found["selection rate"] = lambda partition: chosen(cells, partition)
    middle = median(cells)
    if cells.score is not None and middle is not None:
        scored = np.where(np.isfinite(cells.score), people(cells), 0)
        above = np.where(cells.score > middle, scored, 0)
        found["scoring rate"] = lambda partition: (partition.total(above), partition.total(scored))
    return found


def _sentences(entry: Mapping[str, Any]) -> list[str]:
    known = [c for c in entry["categories"] if c["ratio"] is not None]
    said = f"{entry['attribute']}, {entry['kind']}: "
    if known:
        lowest, highest = min(known, key=lambda c: c["ratio"]), max(known, key=lambda c: c["ratio"])
        said += (
            f"the smallest impact ratio is {times(lowest['ratio'])} ({lowest['name']}, "
            f"{percent(lowest['rate'])}; highest {highest['name']}, {percent(highest['rate'])})."
        )
    else:
        said += "no ratio exists, because no category has a rate above 0."
    out = [c for c in entry["categories"] if c["left_out"]]
    if out:
        named = ", ".join(f"{c['name']} ({c['n']:,}, {percent(c['rate'])})" for c in out)
        said += f" Left out of the ratios, each under 2 % of the people: {named}."
    if entry["unknown"]:
        said += f" {entry['unknown']:,} people are in no category because {entry['attribute']} is not known."
    return [said]


def _notes(cells: Cells, kinds: Mapping[str, Any], middle: float | None) -> list[str]:
    notes = []
    if middle is not None:
        binned = "" if cells.exact_scores else ", taken from binned scores"
        notes.append(
            f"The scoring rate is the share above the median score of everybody, {middle:.6g}{binned}."
        )
    elif "selection rate" in kinds:
        notes.append("There are no scores, so no scoring rates.")
    if cells.weighted:
        notes.append("Sampling weights are not used here: the rule counts people.")
    return notes


def _table(entry: Mapping[str, Any]) -> dict[str, Any]:
    columns = ["category", "people", "share of people", entry["kind"], "impact ratio", "left out (under 2 %)"]
    rows: list[list[Any]] = [
        [c["name"], c["n"], c["share"], c["rate"], c["ratio"], "yes" if c["left_out"] else ""]
        for c in entry["categories"]
    ]
    if entry["unknown"]:
        rows.append(
            [MISSING_GROUP, entry["unknown"], entry["unknown"] / max(1, entry["people"]), None, None, ""]
        )
    return table(f"{entry['kind'].capitalize()} by {entry['attribute']}", columns, rows)
