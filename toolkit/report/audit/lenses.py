"""Lenses, gaps within another column, and slopes along an ordered one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.account import amount, ends
from toolkit.report.audit.lookup import Document
from toolkit.report.audit.parts import Block, DrawnRow, DrawnTable, Heading, Marks, Numbers, Section, Text
from toolkit.report.audit.scales import track
from toolkit.report.claims import anchor
from toolkit.report.tables import Table
from toolkit.report.words import clean, interval, number, short

Found = Mapping[str, Any]


def lenses(document: Document, most: int) -> Section:
    """Compute the section on lenses: each asks one question of law or custom, and says what it is not."""
    blocks: list[Block] = [
        Text(
            "A lens puts the same numbers to a question that a law or a custom asks. It is a test and not a "
            "label: passing one proves nothing beyond its question.",
            "small",
        )
    ]
    found = document.get("lenses") or ()
    for lens in found:
        blocks += _lens(lens, most)
    if not found:
        blocks = [Text("No lens was asked for.")]
    return Section("lenses", "Lenses", tuple(blocks))


def _lens(lens: Found, most: int) -> Iterator[Block]:
    yield Heading(clean(lens["name"]))
    if lens.get("question"):
        yield Text(clean(lens["question"]), "question")
    if lens.get("status") == "not_applicable":
        yield Text(f"Not applicable: {clean(lens.get('reason')).rstrip('.') or 'no reason was given'}.")
    for sentence in lens.get("sentences") or ():
        yield Text(clean(sentence))
    for table in lens.get("tables") or ():
        rows = tuple(tuple(short(value) for value in row) for row in table["rows"][:most])
        head = tuple(clean(column) for column in table["columns"])
        left = len(table["rows"]) - len(rows)
        note = f"{left:,} more rows are in the embedded run document." if left else ""
        yield Numbers(clean(table["title"]), Table(head, rows), folded=len(rows) > 20, note=note)
    if lens.get("is_not"):
        yield Text(f"What it is not: {_lowered(clean(lens['is_not']))}", "is-not")
    if lens.get("source"):
        yield Text(f"Source: {clean(lens['source'])}", "small")


def _lowered(text: str) -> str:
    """Begin with a small letter unless the first word is a name."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def within(document: Document, most: int) -> Section | None:
    """Compute the section on gaps within another column and on slopes; None where there is neither."""
    found, slopes = document.get("within"), document.get("slopes") or ()
    if not found and not slopes:
        return None
    blocks: list[Block] = []
    if found:
        column = clean(found["column"])
        blocks.append(
            Text(
                f"The same pair compared within each level of {column} and then pooled (Mantel and "
                "Haenszel). If the pooled gap differs from the crude one, the column accounts for a part of "
                "it; whether it should is a question about the column, not about the numbers.",
                "small",
            )
        )
        for gap in found.get("gaps") or ():
            blocks += _within(gap, column, most)
    if slopes:
        blocks += _slopes(slopes)
    title = f"Within {clean(found['column'])}" if found else "Along an ordered attribute"
    return Section("within", title, tuple(blocks), short="Within and along")


def _within(gap: Found, column: str, most: int) -> Iterator[Block]:
    metric = gap["metric"]
    first, second = clean(gap["first"]), clean(gap["second"])
    points = " points" if metric in words.SHARES else ""
    yield Heading(f"{words.metric(metric)} by {clean(gap['attribute'])}: {first} minus {second}")
    if gap.get("pooled") is not None and gap.get("crude") is not None:
        yield Text(
            f"Within {column} the gap is {amount(metric, gap['pooled'])}{points} "
            f"({ends(metric, gap.get('low'), gap.get('high'))}); without regard to it, "
            f"{amount(metric, gap['crude'])}. That the gap is the same in every level: "
            f"p {words.p_value(gap.get('p_heterogeneity'))}."
        )
    strata = (gap.get("strata") or ())[:most]
    values = [s.get("difference") for s in strata]
    rows = [_stratum(clean(s["name"]), s.get("difference"), f"{int(s['n']):,}", metric) for s in strata]
    pooled = Marks(tone="whole", low=gap.get("low"), high=gap.get("high"), point=gap.get("pooled"))
    cells = ("", amount(metric, gap.get("pooled")), ends(metric, gap.get("low"), gap.get("high")))
    rows.append(DrawnRow("pooled", f"pooled: {cells[1]}", pooled, cells, strong=True))
    rows.append(_stratum("crude", gap.get("crude"), "", metric))
    yield DrawnTable(
        anchor=anchor("within", gap["attribute"], metric),
        label=f"Gap within each level of {column}",
        first="Level",
        head=("n", "Difference", "95 % interval"),
        track=track([*values, gap.get("low"), gap.get("high"), gap.get("crude")], metric),
        rows=tuple(rows),
    )


def _stratum(name: str, value: float | None, n: str, metric: object) -> DrawnRow:
    text = amount(metric, value)
    marks = None if value is None else Marks(point=value)
    return DrawnRow(name, f"{name}: {text}", marks, (n, text, ""))


def _slopes(slopes: Any) -> Iterator[Block]:
    rows = tuple(
        (
            f"{words.metric(s['metric'])} along {clean(s['attribute'])}",
            number(s.get("slope"), 4, sign=True),
            interval(s.get("low"), s.get("high"), 4),
            words.p_value(s.get("p_value")),
            clean(s.get("unit")),
        )
        for s in slopes
    )
    yield Numbers(
        "Slopes along an ordered attribute", Table(("Slope", "Value", "95 % interval", "p", "Unit"), rows)
    )
