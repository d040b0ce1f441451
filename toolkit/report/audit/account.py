"""What the data and the parameters account for: the gap in signed parts, the fan of refits, interventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.lookup import Document
from toolkit.report.audit.parts import (
    Block,
    DrawnRow,
    DrawnTable,
    Figure,
    Heading,
    Listing,
    Marks,
    Numbers,
    Section,
    Strip,
    Text,
)
from toolkit.report.audit.scales import track
from toolkit.report.claims import anchor
from toolkit.report.tables import Table
from toolkit.report.words import NOTHING, clean, count, interval, isolated, number

Found = Mapping[str, Any]
TITLE = "What the data and the parameters account for"
SUMS = (
    "The parts add up to the gap exactly. Their intervals do not: they describe the same people, so they "
    "must not be added or compared end to end. “Accounts for” is arithmetic, not a cause."
)
LANES = {"seed": "other seeds", "half": "random halves", "capacity": "other capacity"}


def pair_of(found: Found) -> str:
    """Name the two groups of a part of the audit, and which way its gaps are signed."""
    pair = found.get("pair")
    if not pair:
        return ""
    first, second = (isolated(clean(pair.get(k))) for k in ("first", "second"))
    return f"{clean(pair.get('attribute'))}: {first} minus {second}"


def opening(found: Found | None, what: str) -> list[Block]:
    """Return what stands first in a part that may not apply, or apply in part only."""
    if not found:
        return [Text(f"Not applicable: this run has no {what}.")]
    reason = clean(found.get("reason")).rstrip(".")
    if found["status"] == "not_applicable":
        return [Text(f"Not applicable: {reason or 'no reason was given'}.")]
    pair = pair_of(found)
    return [
        *([Text(f"Gaps here are signed, by {pair}.")] if pair else []),
        *([Text(f"Only in part: {reason}.")] if found["status"] == "partial" and reason else []),
    ]


def account(document: Document, numbers: Iterator[int]) -> Section:
    """Compute the section on data and parameters."""
    found = document.get("decomposition")
    blocks = opening(found, "decomposition")
    if found and found["status"] != "not_applicable":
        blocks += _people(found)
        margin = float(document["settings"]["margin"])
        tables = found.get("tables") or ()
        logarithms = [table for table in tables if "log" in clean(table.get("unit"))]
        for table in tables:
            if table not in logarithms:
                blocks += _waterfall(table)
        if tables:
            blocks.append(Text(SUMS, "small"))
        if logarithms:
            blocks.append(_of_ratios(logarithms))
        blocks += _fan(found.get("fan"), found, margin, numbers)
        blocks += _interventions(found.get("interventions") or ())
        blocks += _differential(found.get("differential_fairness"))
        if found.get("notes"):
            blocks.append(Listing(tuple(clean(note) for note in found["notes"])))
    return Section("account", TITLE, tuple(blocks), short="Data and parameters")


def _people(found: Found) -> list[Block]:
    people = found.get("people") or {}
    said = ", ".join(f"{int(people[k]):,} {k}" for k in ("train", "calibration", "test") if people.get(k))
    if not said:
        return []
    text = f"People: {said}."
    if found.get("refits"):
        text += f" The recipe was fitted {count(int(found['refits']), 'more time')} with other seeds."
    if found.get("deterministic"):
        text += " It always gives the same parameters, so no part of the gap is luck."
    return [Text(text, "small")]


def amount(metric: object, value: float | None) -> str:
    """Write a signed part of a gap; shares in points."""
    if value is None:
        return NOTHING
    if metric in words.SHARES:
        return number(100 * value, 1, sign=True)
    return number(value, 3, sign=True) if abs(value) < 1000 else f"{value:+,.0f}".replace("-", "−")


def ends(metric: object, low: float | None, high: float | None) -> str:
    """Write the signed interval of a part."""
    if low is None or high is None:
        return NOTHING
    if metric in words.SHARES:
        return interval(100 * low, 100 * high, 1)
    return interval(low, high, 3)


def _of_ratios(tables: Sequence[Found]) -> Block:
    """Lay out the split of ratios, which is exact for their logarithms, in one folded table."""
    rows = []
    for table in tables:
        measure = words.measure(table["metric"])
        for part in table["parts"]:
            limits = ends("", part.get("low"), part.get("high"))
            rows.append((measure, clean(part["name"]), amount("", part.get("value")), limits))
        rows.append((measure, "the gap", amount("", table["gap"]), ""))
    head = ("Ratio of", "Part", "Logarithm", "95 % interval")
    return Numbers("The same for ratios, where logarithms add up", Table(head, tuple(rows)), folded=True)


def _waterfall(table: Found) -> Iterator[Block]:
    metric, whole = table["metric"], float(table["gap"])
    title = f"The gap in {words.measure(metric)}"
    yield Heading(title)
    yield Text(clean(table.get("sentence")))
    rows, running, edges = [], 0.0, [0.0, whole]
    for part in table["parts"]:
        value = part.get("value")
        if value is None:
            rows.append(_part(part, metric, None))
            continue
        start, running = running, running + float(value)
        edges += [running, *(start + float(part[k]) for k in ("low", "high") if part.get(k) is not None)]
        rows.append(_part(part, metric, start))
    residual = float(table.get("residual") or 0.0)
    if abs(residual) > 1e-9:
        rows.append(
            _part({"name": "residual", "value": residual, "meaning": "what is left over"}, metric, running)
        )
    rows.append(
        DrawnRow(
            name="the gap",
            label=f"the gap: {amount(metric, whole)}",
            marks=Marks(tone="whole", bar=(0.0, whole)),
            cells=(amount(metric, whole), "", "what is reported"),
            strong=True,
        )
    )
    yield DrawnTable(
        anchor=anchor("parts", metric, "difference"),
        label=f"What accounts for it: {title[:1].lower()}{title[1:]}",
        first="Part",
        head=("Points" if metric in words.SHARES else "Amount", "95 % interval", "What it is"),
        track=track(edges, metric),
        rows=tuple(rows),
        kind="waterfall",
    )


def _part(part: Found, metric: object, start: float | None) -> DrawnRow:
    name, value = clean(part["name"]), part.get("value")
    low, high = part.get("low"), part.get("high")
    marks = None
    if value is not None and start is not None:
        marks = Marks(
            tone="rise" if value >= 0 else "fall",
            bar=(start, start + float(value)),
            low=None if low is None else start + float(low),
            high=None if high is None else start + float(high),
        )
    return DrawnRow(
        name=name,
        label=f"{name}: {amount(metric, value)}, 95 % interval {ends(metric, low, high)}",
        marks=marks,
        cells=(amount(metric, value), ends(metric, low, high), clean(part.get("meaning"))),
    )


def _fan(fan: Found | None, found: Found, margin: float, numbers: Iterator[int]) -> Iterator[Block]:
    if not fan or not fan.get("models"):
        return
    models: Sequence[Found] = [m for m in fan["models"] if m.get("gap") is not None]
    first = next(iter(found.get("tables") or ()), None)
    here = None if first is None else float(first["gap"])
    metric = "selection_rate" if first is None else first["metric"]
    scale = track([*(float(m["gap"]) for m in models), here], metric, margins=(margin, -margin))
    lanes = tuple(
        (f"{title} ({len(alike)})", tuple(_dot(m, metric) for m in alike))
        for kind, title in LANES.items()
        if (alike := [m for m in models if m["kind"] == kind])
    )
    low, high = (amount(metric, f(float(m["gap"]) for m in models)) for f in (min, max))
    sentence = clean(fan.get("sentence"))
    yield Heading("The fan of refits")
    yield Figure(
        number=next(numbers),
        title=f"The same gap in {words.measure(metric)} under other fits",
        finding=sentence,
        caption="Each dot is one fit: filled where it is as accurate as this model, within one point, "
        "open where it is not. The dashed line is the margin, shaded what lies beyond it. Fits on random "
        "halves show the spread that training data bring, at half the size; capacity is a choice, not luck.",
        drawing=Strip(
            f"Gaps of {count(len(models), 'refit')}, from {low} to {high}. {sentence}", scale, lanes, here
        ),
        table=Table(
            ("Fit", "Kind", "Accuracy", "Gap", "Ruling", "Equally accurate"),
            tuple(_model(m, metric) for m in fan["models"]),
        ),
    )
    if fan.get("flips"):
        yield Heading("Who is decided differently from fit to fit", 4)
        yield Text("The share of people on whom two equally accurate fits disagree.", "small")
        yield _flips(fan["flips"])


def _dot(model: Found, metric: object) -> tuple[float, bool, str]:
    said = f"{clean(model['name'])}: gap {amount(metric, model['gap'])}"
    if model.get("accuracy") is not None:
        said += f", accuracy {words.rate('accuracy', model['accuracy'])}"
    return float(model["gap"]), bool(model.get("equally_accurate")), said


def _model(model: Found, metric: object) -> tuple[str, ...]:
    equal = {True: "yes", False: "no"}.get(model.get("equally_accurate"), NOTHING)  # type: ignore[arg-type]
    ruling = words.RULING.get(str(model.get("ruling")), clean(model.get("ruling")) or NOTHING)
    return (
        clean(model["name"]),
        LANES.get(str(model["kind"]), clean(model["kind"])),
        words.rate("accuracy", model.get("accuracy")),
        amount(metric, model.get("gap")),
        ruling,
        equal,
    )


def _flips(flips: Sequence[Found]) -> DrawnTable:
    return DrawnTable(
        anchor="flips",
        label="Share of people whom two equally accurate fits decide differently, by group",
        first="Group",
        head=("Share", "95 % interval"),
        track=track([f.get(k) for f in flips for k in ("share", "low", "high")], "accuracy"),
        rows=tuple(
            DrawnRow(
                name=clean(f["group"]),
                label=f"{clean(f['group'])}: {words.rate('accuracy', f.get('share'))}",
                marks=Marks(low=f.get("low"), high=f.get("high"), point=f.get("share")),
                cells=(
                    words.rate("accuracy", f.get("share")),
                    words.rates("accuracy", f.get("low"), f.get("high")),
                ),
            )
            for f in flips
        ),
    )


def _interventions(found: Sequence[Found]) -> Iterator[Block]:
    if not found:
        return
    yield Heading("What changing the data changes")
    yield Text(
        "The recipe was fitted again on changed data and judged on the same people; a change is the gap "
        "after minus the gap before.",
        "small",
    )
    how = dict.fromkeys(f"{clean(i['name'])}: {clean(i['how'])}" for i in found if i.get("how"))
    if how:
        yield Listing(tuple(how))
    for metric in dict.fromkeys(str(i["metric"]) for i in found):
        alike = [i for i in found if i["metric"] == metric]
        yield DrawnTable(
            anchor=anchor("interventions", metric),
            label=f"Change of the gap in {words.measure(metric)}",
            first=words.metric(metric),
            head=("Before", "After", "Change", "95 % interval", "Accuracy changes by"),
            track=track([i.get(k) for i in alike for k in ("low", "high", "change")], metric),
            rows=tuple(_intervention(i, metric) for i in alike),
        )


def _intervention(found: Found, metric: object) -> DrawnRow:
    name = clean(found["name"])
    change = amount(metric, found.get("change"))
    cost = amount("accuracy", found.get("accuracy_change"))
    spread = ends("accuracy", found.get("accuracy_low"), found.get("accuracy_high"))
    return DrawnRow(
        name=name,
        label=f"{name}: change {change}, 95 % interval {ends(metric, found.get('low'), found.get('high'))}",
        marks=None
        if found.get("change") is None
        else Marks(low=found.get("low"), high=found.get("high"), point=found["change"]),
        cells=(
            amount(metric, found.get("before")),
            amount(metric, found.get("after")),
            change,
            ends(metric, found.get("low"), found.get("high")),
            cost if spread == NOTHING else f"{cost} ({spread})",
        ),
    )


def _differential(found: Found | None) -> Iterator[Block]:
    if not found:
        return
    yield Heading("Differential fairness")
    if found.get("sentence"):
        yield Text(clean(found["sentence"]))
    rows = []
    for key, name in (
        ("labels", "in the recorded labels"),
        ("predictions", "in the decisions"),
        ("amplification", "bias amplification: the second minus the first"),
    ):
        spot = found.get(key)
        if spot and spot.get("value") is not None:
            low, high = (number(spot.get(k), 2) for k in ("low", "high"))
            rows.append((name, number(spot["value"], 2), f"{low} to {high}"))
    if found.get("null_mean") is not None:
        rows.append(("mean when all groups share one rate", number(found["null_mean"], 2), NOTHING))
    groups = ", ".join(clean(n) for n in found.get("intersections") or ())
    yield Numbers(
        "Epsilon: the largest log ratio of outcome rates between any two groups",
        Table(("What", "Epsilon", "95 % interval"), tuple(rows)),
        note=f"Smoothing {found.get('smoothing', 0.5):g}; over {groups}. Epsilon is a maximum and biased "
        "upward: read it against its mean when all groups are alike.",
    )
