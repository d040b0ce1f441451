"""Every gap of an audit again, from the counts where they suffice, else from its figures; and the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from toolkit.fairness.gaps import Gap, GapSettings, adjust
from toolkit.fairness.gaps import gaps as measured
from toolkit.fairness.gaps.gate import gate
from toolkit.fairness.gaps.rulings import SHOWN, SMALL
from toolkit.fairness.metrics.measures import complement, measure
from toolkit.verify.checked import Check, same
from toolkit.verify.code import other_versions
from toolkit.verify.counted import DRAWN_BY, HIDDEN, Counts

ADJUSTED = ("p_adjusted", "p_margin_adjusted", "ruling")
# Rows needed are told of gaps that stay open, which only the whole family shows.
FIGURES = tuple(f.name for f in fields(Gap) if f.name not in (*ADJUSTED, "small", "rows_needed"))
Key = tuple[str, ...]


def gaps(counts: Counts) -> list[Check]:
    """Recompute gaps, their adjustment and rulings, and the gate."""
    excuse = counts.excuse or other_versions(counts.document["provenance"], DRAWN_BY)
    figures = Check("gaps", "Gaps, from the counts", excuse)
    rulings = Check("gap_rulings", "Gaps adjusted within their families, and ruled on", excuse)
    said = counts.document["gaps"]
    if counts.redacted:
        for gap in said:
            _of_groups(figures, counts, gap, counts.redacted)
        rulings.skip(counts.redacted, len(said))
        return [figures, rulings]
    found, listed = _found(counts), {_key(gap) for gap in said}
    raw = []
    for gap in said:
        again = found.get(_key(gap))
        why = _why_not(counts, gap)
        if why:
            _of_groups(figures, counts, gap, why)
        elif again is None:
            figures.hold(_where(gap), False, "the counts give no such gap")
        else:
            figures.agree(_where(gap), gap, again.to_dict(), FIGURES)
        raw.append(_read(gap, counts) if why or again is None else again)
    for key, gap in found.items():
        if key not in listed:
            figures.hold(_where(gap.to_dict()), False, "the counts give this gap; it is missing")
    judged = adjust(raw)
    for gap, again in zip(said, judged, strict=True):
        names = ADJUSTED if _why_not(counts, gap) else (*ADJUSTED, "rows_needed")
        rulings.agree(_where(gap), gap, again.to_dict(), names)
    return [figures, rulings, _gate(counts, judged, excuse)]


def _where(gap: Mapping[str, Any]) -> str:
    pair = f" ({gap['highest']}, {gap['lowest']})" if gap["highest"] and gap["compare"] != "widest" else ""
    return f"{gap['metric']} by {gap['attribute']}, {gap['compare']} {gap['kind']}{pair}"


def _key(gap: Mapping[str, Any]) -> Key:
    """Return what tells a gap from all others: the pair itself only where it was named beforehand."""
    first = gap["highest"] if gap["compare"] != "widest" else None
    return (gap["attribute"], gap["metric"], gap["kind"], gap["compare"], first or "")


def _why_not(counts: Counts, gap: Mapping[str, Any]) -> str:
    why = counts.why_no_interval(gap["metric"])
    return why or ("" if counts.cells(_attributes(counts, gap)) is not None else HIDDEN)


def _of_groups(check: Check, counts: Counts, gap: Mapping[str, Any], why: str) -> None:
    """See that a gap is that of its two groups' values; its limits and p-values cannot be had from counts."""
    members = {" & ".join(g["attributes"].values()): g for g in counts.groups[_attributes(counts, gap)]}
    pair = [members.get(str(gap[side])) for side in ("highest", "lowest")]
    values = [group["metrics"].get(gap["metric"], {}).get("value") for group in pair if group]
    if gap["value"] is not None and len(values) == 2 and None not in values:
        first, second = values
        if gap["kind"] == "ratio":
            over, under = (second, first) if gap["compare"] == "widest" else (first, second)
            again = over / under if under else None
        else:
            again = first - second
        if not same(gap["value"], again):
            check.agree(_where(gap), gap, {"value": again}, ("value",))
            return
    check.skip(why)


def _attributes(counts: Counts, gap: Mapping[str, Any]) -> tuple[str, ...]:
    given = tuple(gap.get("attributes") or (gap["attribute"],))
    return given if given in counts.groups else next(iter(counts.groups))


def _found(counts: Counts) -> dict[Key, Gap]:
    """Measure all gaps that the counts can give, as the audit does."""
    return {_key(gap.to_dict()): gap for names in counts.groups for gap in _of(counts, names)}


def _of(counts: Counts, names: tuple[str, ...]) -> Iterator[Gap]:
    """Yield the gaps of one partition: the widest, each group against the rest, and against a reference."""
    cells = counts.cells(names)
    if cells is None:
        return
    partition, settings = cells.partition(names), settings_of(counts)
    members = len(counts.metrics) * sum((len(other) > 1) == (len(names) > 1) for other in counts.groups)
    sizes = partition.total(cells.n)
    for metric in counts.metrics:
        if counts.why_no_interval(metric):
            continue
        estimates = measure(cells, partition, metric)
        kinds = settings.kinds if estimates.ratio else ("difference",)
        asked = replace(settings, kinds=kinds)
        yield from measured(estimates, partition, asked, "widest", members=members, sizes=sizes)
        if len(names) > 1:
            continue
        others = complement(cells, partition, metric)
        yield from measured(estimates, partition, asked, "rest", complement=others, sizes=sizes)
        if names[0] in settings.reference:
            yield from measured(estimates, partition, asked, "reference", sizes=sizes)


def settings_of(counts: Counts) -> GapSettings:
    """Return the settings that the document says its gaps were measured with."""
    said = counts.document["settings"]
    return GapSettings(
        margin=said["margin"],
        ratio_margin=said["ratio_margin"],
        min_group=said.get("min_group", 10),
        reference=said.get("reference") or {},
        compare_missing=bool(said.get("compare_missing")),
        census=bool(said.get("census")),
        seed=counts.document["provenance"]["seed"],
    )


def _read(gap: Mapping[str, Any], counts: Counts) -> Gap:
    """Take a gap's figures as they are; what they say about the margin follows from its limits."""
    known = {f.name: gap[f.name] for f in fields(Gap) if f.name in gap}
    known |= {name: tuple(known[name]) for name in ("attributes", "left_out") if name in known}
    known.setdefault("attributes", (gap["attribute"],))
    read = Gap(**known, small=_inside(gap))
    if counts.document["settings"].get("census") and gap["ruling"] in (SHOWN, SMALL):
        return replace(read, ruling=SMALL if read.small else SHOWN)
    return read


def _inside(gap: Mapping[str, Any]) -> bool:
    """Say whether a gap's 90 % limits lie within its margin."""
    low, high, margin = gap.get("low90"), gap.get("high90"), gap["margin"]
    if low is None or high is None:
        return False
    if gap["kind"] == "ratio":
        return bool(low > margin and (gap["compare"] == "widest" or high < 1 / margin))
    return bool(high < margin and (gap["compare"] == "widest" or low > -margin))


def _gate(counts: Counts, judged: list[Gap], excuse: str) -> Check:
    """Ask the gate again, of the gaps as recomputed."""
    check = Check("gate", "The gate, from the gaps", excuse)
    said = counts.document.get("gate")
    if not said or "asked" not in said:
        return check
    asked = [(metric, attribute) for metric, _, attribute in (t.partition(":") for t in said["asked"])]
    eased = said["exit"] == 0 and said["result"] == "open"  # only --inconclusive-ok gives that
    again = gate(judged, asked, inconclusive_ok=eased)
    check.agree("the gate", said, again, ("result", "exit", "members", "reason"))
    return check
