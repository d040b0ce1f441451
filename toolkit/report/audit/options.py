"""What could be done: accuracy against gap for each option, with the metric that was not constrained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.account import amount, ends, opening
from toolkit.report.audit.lookup import Document
from toolkit.report.audit.parts import (
    Block,
    DrawnRow,
    DrawnTable,
    Figure,
    Listing,
    Marks,
    Scatter,
    Section,
    Spot,
    Text,
    Track,
)
from toolkit.report.audit.scales import tick, track
from toolkit.report.claims import anchor
from toolkit.report.tables import Table
from toolkit.report.words import clean, listed

Found = Mapping[str, Any]
MEANING = (
    "Every option was trained on one part, chosen on a second and judged on a third; changes are paired, on "
    "the same people. An option that treats people by their group may be unlawful where you are: that is not "
    "a question of statistics. No option is called the best, because the best of several looks better than "
    "it is."
)


def options(document: Document, numbers: Iterator[int]) -> Section:
    """Compute the section on mitigation."""
    found = document.get("mitigation")
    blocks = opening(found, "part on mitigation")
    if found and found["status"] != "not_applicable":
        if found.get("sentence"):
            blocks.append(Text(clean(found["sentence"])))
        blocks.append(Text(MEANING, "small"))
        if found.get("constraint"):
            what = clean(found["constraint"]).replace("_", " ")
            blocks.append(Text(f"What was asked of the constrained options: {what}.", "small"))
        blocks += _figure(found.get("options") or (), float(document["settings"]["margin"]), numbers)
        blocks += _tables(found.get("options") or ())
        if found.get("notes"):
            blocks.append(Listing(tuple(clean(note) for note in found["notes"])))
    return Section("options", "What could be done", tuple(blocks))


def _constrained(option: Found) -> Found | None:
    gaps = option.get("gaps") or ()
    return next((g for g in gaps if g.get("constrained")), next(iter(gaps), None))


def _figure(options: Sequence[Found], margin: float, numbers: Iterator[int]) -> Iterator[Block]:
    drawn = [
        (k, o, g)
        for k, o in enumerate(options, 1)
        if (g := _constrained(o))
        and g.get("value") is not None
        and (o.get("accuracy") or {}).get("value") is not None
    ]
    if not drawn:
        return
    metric = drawn[0][2]["metric"]
    spots = tuple(_spot(k, o, g) for k, o, g in drawn)
    xs = track([v for s in spots for v in (s.x, *(s.x_ends or ()))], metric, margins=(margin, -margin))
    plain = track([v for s in spots for v in (s.y, *(s.y_ends or ()))], "accuracy", origin=None)
    ys = Track(plain.low, plain.high, ticks=tuple((v, f"{tick('accuracy', v)}%") for v, _ in plain.ticks))
    spoken = "; ".join(spot.said for spot in spots)
    yield Figure(
        number=next(numbers),
        title=f"Accuracy against the gap in {words.measure(metric)}",
        finding=_finding(drawn, metric),
        caption="Nearer to no gap is more alike, higher is more accurate; the filled number is the first "
        "option. Lines are 95 % intervals; dashed is the margin, shaded what lies beyond. Numbers stand "
        "before the names below.",
        drawing=Scatter(
            f"Accuracy against gap. {spoken}.",
            xs,
            ys,
            f"gap in {words.measure(metric)}{', points' if metric in words.SHARES else ''}",
            "accuracy",
            spots,
        ),
        table=Table(
            ("Option", "Gap", "95 % interval", "Accuracy", "95 % interval"),
            tuple(_numbers(k, o, g) for k, o, g in drawn),
        ),
        level=3,
    )


def _spot(place: int, option: Found, gap: Found) -> Spot:
    accuracy = option["accuracy"]
    said = (
        f"{place} {clean(option['name'])}: gap {words.size(gap['metric'], gap['value'])}, accuracy "
        f"{words.rate('accuracy', accuracy['value'])}"
    )
    at = float(gap["value"]), float(accuracy["value"])
    return Spot(place, *at, _pair(gap), _pair(accuracy), place == 1, said)


def _numbers(place: int, option: Found, gap: Found) -> tuple[str, ...]:
    metric, accuracy = gap["metric"], option["accuracy"]
    return (
        f"{place} {clean(option['name'])}",
        amount(metric, gap["value"]),
        ends(metric, *_ends(gap)),
        words.rate("accuracy", accuracy["value"]),
        words.rates("accuracy", *_ends(accuracy)),
    )


def _pair(found: Found) -> tuple[float, float] | None:
    if found.get("low") is None or found.get("high") is None:
        return None
    return float(found["low"]), float(found["high"])


def _finding(drawn: Sequence[tuple[int, Found, Found]], metric: object) -> str:
    least = min(drawn, key=lambda d: abs(float(d[2]["value"])))
    first = drawn[0]
    costs = (least[1].get("accuracy_change") or {}).get("value")
    points = " points" if metric in words.SHARES else ""
    text = f"The gap is {words.size(metric, first[2]['value'])}{points} for “{clean(first[1]['name'])}”"
    if least is first:
        return f"{text}, and no other option has a smaller one."
    text += f" and smallest, {words.size(metric, least[2]['value'])}, for “{clean(least[1]['name'])}”"
    if costs is not None:
        text += f", with accuracy changed by {amount('accuracy', costs)} points"
    return f"{text}."


def _tables(options: Sequence[Found]) -> Iterator[Block]:
    if not options:
        return
    yield Listing(tuple(_said(k, o) for k, o in enumerate(options, 1)))
    done = [(k, o) for k, o in enumerate(options, 1) if not o.get("failed")]
    yield _accuracies(done)
    for metric in dict.fromkeys(str(g["metric"]) for _, o in done for g in o.get("gaps") or ()):
        yield _gaps(done, metric)
    for option in options:
        frozen = option.get("frozen")
        if frozen:
            after = "the same after" if frozen.get("same") else f"{clean(frozen.get('after'))} after"
            meaning = "no parameter moved" if frozen.get("same") else "the parameters moved"
            yield Text(
                f"{clean(option['name'])}: the sha256 of the parameters is {clean(frozen.get('before'))} "
                f"before and {after}: {meaning}.",
                "small",
            )
    grouped = [clean(o["name"]) for o in options if o.get("needs_group")]
    if grouped:
        yield Text(f"Needs to know a person’s group when deciding: {listed(grouped)}.", "small")


def _said(place: int, option: Found) -> str:
    how = f": {clean(option['how'])}" if option.get("how") else ""
    failed = f" (failed: {clean(option['failed'])})" if option.get("failed") else ""
    return f"{place} {clean(option['name'])}{how}{failed}"


def _accuracies(done: Sequence[tuple[int, Found]]) -> DrawnTable:
    """Draw the accuracy of each option, with what it costs against the first."""
    spots = [(k, o, o.get("accuracy") or {}, o.get("accuracy_change") or {}) for k, o in done]
    return DrawnTable(
        anchor="options-accuracy",
        label="Accuracy of each option",
        first="Accuracy",
        head=("Accuracy", "95 % interval", "Changes by", "95 % interval of the change"),
        track=track(
            [s.get(k) for _, _, s, _ in spots for k in ("value", "low", "high")], "accuracy", origin=None
        ),
        rows=tuple(
            DrawnRow(
                name=f"{k} {clean(o['name'])}",
                label=f"{k} {clean(o['name'])}: accuracy {words.rate('accuracy', spot.get('value'))}",
                marks=_marks(spot),
                cells=(
                    words.rate("accuracy", spot.get("value")),
                    words.rates("accuracy", *_ends(spot)),
                    amount("accuracy", change.get("value")),
                    ends("accuracy", *_ends(change)),
                ),
            )
            for k, o, spot, change in spots
        ),
    )


def _gaps(done: Sequence[tuple[int, Found]], metric: str) -> DrawnTable:
    """Draw the gap of each option in one metric; say whether that metric was what was asked for."""
    found: list[tuple[int, Found, Found]] = [
        (k, o, next((g for g in o.get("gaps") or () if g["metric"] == metric), {})) for k, o in done
    ]
    asked = any(g.get("constrained") for _, _, g in found)
    what = "constrained" if asked else "not constrained"
    return DrawnTable(
        anchor=anchor("options-gap", metric),
        label=f"Gap in {words.measure(metric)} of each option, {what}",
        first=f"Gap in {words.measure(metric)}, {what}",
        head=("Gap", "95 % interval", "Changes by", "95 % interval of the change"),
        track=track([g.get(k) for _, _, g in found for k in ("value", "low", "high")], metric),
        rows=tuple(
            DrawnRow(
                name=f"{k} {clean(o['name'])}",
                label=f"{k} {clean(o['name'])}: gap {amount(metric, g.get('value'))}",
                marks=_marks(g),
                cells=(
                    amount(metric, g.get("value")),
                    ends(metric, *_ends(g)),
                    amount(metric, g.get("change")),
                    ends(metric, g.get("change_low"), g.get("change_high")),
                ),
            )
            for k, o, g in found
        ),
    )


def _marks(found: Found) -> Marks | None:
    if found.get("value") is None:
        return None
    return Marks(low=found.get("low"), high=found.get("high"), point=found["value"])


def _ends(found: Found) -> tuple[float | None, float | None]:
    return found.get("low"), found.get("high")
