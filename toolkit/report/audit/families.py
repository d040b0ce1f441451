"""All gaps in tables, family by family, each with what its family is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from toolkit.report.audit import words
from toolkit.report.audit.lookup import Document
from toolkit.report.audit.parts import Block, DrawnRow, DrawnTable, Heading, Listing, Section, Text
from toolkit.report.audit.scales import Gap, gap_marks, gap_track, scale_key
from toolkit.report.claims import anchor
from toolkit.report.words import NOTHING, clean, count, listed, sentence

INTRODUCTION = (
    "A family is a set of questions asked together; within it p-values are adjusted by Holm’s method, so "
    "that the chance of one false alarm or more stays at 5 % however many gaps were looked at. “p” tests "
    "that there is no gap at all, “p, margin” that the gap is no larger than the margin; only the second can "
    "show a gap. In brackets stands the adjusted one."
)
POWER = (
    "More groups and rarer ones need more rows than most people think. With ten groups of very unequal size, "
    "8,000 rows show a true gap of 15 points, against a margin of 5, in only four audits of ten: ten skewed "
    "groups need far more than 8,000 rows. “Not enough evidence” there says little about the decisions."
)
COMPARED = {
    "widest": "the lowest group against the highest, chosen after looking and corrected for it",
    "reference": "each group against the one that was named beforehand",
    "rest": "each group against everybody who is not in it",
}
TAIL = 1e-9  # below, a p-value comes from a Gaussian tail and has no least value to speak of
TITLES = {
    "widest": "The widest pair of each attribute",
    "reference": "Each group against the reference",
    "rest": "Each group against everybody else",
}


def families(document: Document, most: int) -> Section:
    """Compute the section of all gaps."""
    blocks: list[Block] = [Text(INTRODUCTION, "small"), Text(POWER, "small")]
    gaps: Sequence[Gap] = document["gaps"]
    if not gaps:
        blocks = [Text("No gap could be computed: there are fewer than two groups.")]
    two = _in_two(document)
    for name in dict.fromkeys(str(g.get("family") or "") for g in gaps):
        blocks += _family(name, [g for g in gaps if str(g.get("family") or "") == name], two, most)
    return Section("gaps", "All gaps", tuple(blocks))


def _in_two(document: Document) -> frozenset[str]:
    """Return the attributes of two groups: there "everybody else" is the other group, once more."""
    sizes = Counter(next(iter(g["attributes"])) for g in document["groups"] if len(g["attributes"]) == 1)
    return frozenset(attribute for attribute, groups in sizes.items() if groups == 2)


def _family(name: str, gaps: Sequence[Gap], two: frozenset[str], most: int) -> Iterator[Block]:
    title = clean(name)
    yield Heading(_title(gaps))
    again = {str(g["attribute"]) for g in gaps if g["compare"] == "rest" and g["attribute"] in two}
    if again:
        gaps = [g for g in gaps if g["attribute"] not in again]
        who = listed([clean(attribute) for attribute in sorted(again)])
        yield Text(f"By {who} there are two groups, and the widest pair above has compared them.")
    if not gaps:
        return
    how = "; ".join(COMPARED[c] for c in dict.fromkeys(str(g["compare"]) for g in gaps))
    smallest = [g["smallest_p"] for g in gaps if g.get("smallest_p") and g["compare"] == "widest"]
    least = max(smallest, default=0.0)
    reach = f" The smallest p-value that its permutations can reach is {least:.2g}." if least > TAIL else ""
    yield Text(f"{count(len(gaps), 'gap')}: {how}.{reach}")
    known = [g for g in gaps if g.get("value") is not None]
    shown = known[:most]
    for key in dict.fromkeys(map(scale_key, shown)):
        alike = [g for g in shown if scale_key(g) == key]
        yield DrawnTable(
            anchor=anchor("family", title, *key),
            label=f"{title}: {_unit(alike[0])}",
            first="Gap",
            head=_columns(alike),
            track=gap_track(alike),
            rows=tuple(_row(g, _columns(alike)) for g in alike),
            kind="gaps",
        )
    if len(known) > most:
        yield Text(f"{len(known) - most} more are in the embedded run document.", "small")
    reasons = dict.fromkeys(_reason(g) for g in gaps if g.get("reason") and not words.exact(g))
    if reasons:
        yield Listing(tuple(reasons))


def _reason(gap: Gap) -> str:
    ruling = words.RULING[gap["ruling"]].lower()
    return f"{words.subject(gap)}: {ruling}: {clean(gap['reason'])}"


def _unit(gap: Gap) -> str:
    if gap["kind"] == "ratio":
        return "ratios of rates"
    return (
        "differences in percentage points" if words.in_points(gap["metric"], gap["kind"]) else "differences"
    )


def _title(gaps: Sequence[Gap]) -> str:
    """Name a family by what it compares; one that mixes comparisons by its own name."""
    compares = {str(g["compare"]) for g in gaps}
    ratio = ", as ratios" if all(g["kind"] == "ratio" for g in gaps) else ""
    if len(compares) == 1 and compares <= set(TITLES):
        crossed = " of crossed attributes" if all(" & " in str(g["attribute"]) for g in gaps) else ""
        return f"{TITLES[compares.pop()]}{crossed}{ratio}"
    return sentence(clean(gaps[0].get("family"))) or "Gaps"


def _columns(gaps: Sequence[Gap]) -> tuple[str, ...]:
    """Return the columns that have something to say here."""
    head = ["Ratio" if gaps[0]["kind"] == "ratio" else "Gap"]
    if any(g.get("corrected") != g.get("value") for g in gaps):
        head.append("Corrected")
    if not all(words.exact(g) for g in gaps):
        head += ["95 % interval", "p (adjusted)", "p, margin (adjusted)"]
    if any(needed(g) != NOTHING for g in gaps):
        head.append("Rows needed")
    return tuple(head)


def _row(gap: Gap, columns: Sequence[str]) -> DrawnRow:
    metric, kind = gap["metric"], gap["kind"]
    ends = words.sizes(metric, gap.get("low"), gap.get("high"), kind)
    size = words.size(metric, gap.get("value"), kind)
    cells = {
        "Gap": size,
        "Ratio": size,
        "Corrected": _corrected(gap),
        "95 % interval": ends,
        "p (adjusted)": _p(gap, "p_value", "p_adjusted"),
        "p, margin (adjusted)": _p(gap, "p_margin", "p_margin_adjusted"),
        "Rows needed": needed(gap),
    }
    name = f"{words.metric(metric)} by {clean(gap['attribute'])}: {words.pair(gap)}"
    return DrawnRow(
        name=name,
        label=f"{name}: {words.size(metric, gap.get('value'), kind)}, 95 % interval {ends}",
        marks=gap_marks(gap),
        cells=tuple(cells[column] for column in columns),
        ruling=str(gap["ruling"]),
    )


def _p(gap: Gap, raw: str, adjusted: str) -> str:
    if gap.get(raw) is None:
        return NOTHING
    return f"{words.p_value(gap[raw])} ({words.p_value(gap.get(adjusted))})"


def _corrected(gap: Gap) -> str:
    """Write the corrected value; one below zero is about 0, for a widest gap cannot be negative."""
    value = gap.get("corrected")
    if value is not None and value < 0 and gap["compare"] == "widest" and gap["kind"] == "difference":
        return f"about 0 ({words.size(gap['metric'], value)})"
    return words.size(gap["metric"], value, gap["kind"])


def needed(gap: Gap) -> str:
    """Say in a few words how many more rows would settle a gap."""
    found = gap.get("rows_needed")
    if not found or gap["ruling"] != "not_enough_evidence":
        return NOTHING
    if found.get("rows") == 0:
        return "rows suffice"
    if found.get("rows") is not None:
        who = f" of {clean(found['group'])}" if found.get("group") else ""
        return f"{int(found['rows']):,} more{who}"
    if found.get("factor") is not None:
        return f"{float(found['factor']):.2g} times as many of both"
    return "no feasible number"
