"""Every metric in every group: small multiples with a finding each, and the numbers beneath."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.canvas import known, steps
from toolkit.report.audit.lookup import Document, attributes, group_name, groups_of, shown_name
from toolkit.report.audit.parts import Block, Figure, ForestRow, Heading, Numbers, Panel, Section, Text
from toolkit.report.audit.scales import tick
from toolkit.report.tables import Table
from toolkit.report.words import NOTHING, clean, count, isolated, listed, number, shorten

Group = Mapping[str, Any]
DRAWN = 24  # groups in one panel; more are in the table
ABREAST = 6  # groups side by side in a table
LISTED = 10  # groups said aloud in a text alternative
COUNTS = {
    "tn": "true negatives",
    "fp": "false positives",
    "fn": "false negatives",
    "tp": "true positives",
    "negative": "decided negative",
    "positive": "decided positive",
}


def groups(document: Document, numbers: Iterator[int], most: int) -> Section:
    """Compute the section on single attributes."""
    blocks: list[Block] = [
        Text(
            "Each panel is one metric on its own scale; a dot is a group’s value and the line its 95 % "
            "interval, the range of true values that the rows leave open. The long vertical line is "
            "everybody together. Two intervals that overlap may still differ: the rulings above decide "
            "that, not the eye.",
            "small",
        )
    ]
    for names in attributes(document):
        if len(names) == 1:
            found = groups_of(document, names)
            blocks.append(Heading(clean(names[0])))
            blocks.append(figure(document, found, clean(names[0]), next(numbers), most=most))
            blocks.append(counts_table(found, clean(names[0]), most))
            blocks += undefined(found, clean(names[0]))
    return Section("groups", "Groups", tuple(blocks))


def figure(
    document: Document,
    found: Sequence[Group],
    title: str,
    place: int,
    *,
    most: int,
    ticks: Mapping[tuple[str, str], float] | None = None,
) -> Figure:
    """Draw every metric of some groups; `ticks` are second values, by group's name and metric."""
    every = [*dict.fromkeys(m for g in found for m in g["metrics"])]
    names = [m for m in every if any((g["metrics"].get(m) or {}).get("value") is not None for g in found)]
    shown = sorted(found, key=lambda g: -int(g["n"]))[:DRAWN]
    kept = [g for g in found if g in shown]
    panels = tuple(p for m in names if (p := _panel(document, kept, m, title, ticks or {})))
    wide = max((len(shown_name(g)) for g in kept), default=0) > 16
    return Figure(
        number=place,
        title=f"Every metric by {title}",
        finding=_finding(found, names, title),
        caption=_caption(found, kept, every, crossed=bool(ticks)),
        panels=panels,
        table=metric_table(found, names, most),
        wide=wide,
    )


def _panel(
    document: Document,
    found: Sequence[Group],
    metric: str,
    title: str,
    ticks: Mapping[tuple[str, str], float],
) -> Panel | None:
    rows = tuple(_row(g, metric, ticks) for g in found)
    sure = [r for r in rows if not r.faint] or rows  # one tiny group must not squeeze all others
    ends = [v for r in sure for v in (r.low, r.high) if v is not None]
    ends += [v for r in rows for v in (r.value, r.tick) if v is not None]
    if not ends:
        return None
    low, high = min(ends), max(ends)
    least = 0.2 if metric in words.SHARES | words.SCORES else 0.0
    spare = max(0.0, least - (high - low)) / 2
    low, high = low - spare, high + spare
    if min(ends) >= 0:
        low = max(0.0, low)
    if metric in words.SHARES:
        low, high = (low - max(0.0, high - 1), 1.0) if high > 1 else (low, high)
    everybody = (document["overall"]["metrics"].get(metric) or {}).get("value")
    inside = float(everybody) if known(everybody) and everybody is not None else None
    finding = panel_finding(found, metric)
    spoken = "; ".join(f"{r.name} {r.text}" for r in rows[:LISTED])
    more = f"; and {len(rows) - LISTED} more in the table below" if len(rows) > LISTED else ""
    return Panel(
        title=words.metric(metric),
        finding=finding,
        label=f"{words.metric(metric)} by {title}: {spoken}{more}. {finding}",
        low=low,
        high=high,
        ticks=tuple(
            (v, tick(metric, v) + ("%" if metric in words.SHARES else "")) for v in steps(low, high, 4)
        ),
        rows=rows,
        everybody=None if inside is None or not low <= inside <= high else inside,
    )


def _row(group: Group, metric: str, ticks: Mapping[tuple[str, str], float]) -> ForestRow:
    found = group["metrics"].get(metric) or {}
    return ForestRow(
        name=shown_name(group),
        text=words.rate(metric, found.get("value")),
        said=f"{shown_name(group)}: {_cell(found, metric, metric in (group.get('too_few') or ()))}",
        value=found.get("value"),
        low=found.get("low"),
        high=found.get("high"),
        tick=ticks.get((group_name(group), metric)),
        faint=bool(group.get("missing")) or metric in (group.get("too_few") or ()),
    )


def comparable(found: Sequence[Group], metric: str) -> list[tuple[float, str]]:
    """Return value and name of each group large enough to compare, lowest first."""
    return sorted(
        (float(g["metrics"][metric]["value"]), shown_name(g))
        for g in found
        if not g.get("missing")
        and metric not in (g.get("too_few") or ())
        and (g["metrics"].get(metric) or {}).get("value") is not None
    )


def panel_finding(found: Sequence[Group], metric: str) -> str:
    """Say in one sentence which group is lowest and which is highest."""
    known_groups = comparable(found, metric)
    if len(known_groups) < 2:
        return "Fewer than two groups are large enough to compare."
    (low, lowest), (high, highest) = known_groups[0], known_groups[-1]
    if words.rate(metric, low) == words.rate(metric, high):
        return f"All alike, at {words.rate(metric, low)}."
    lowest, highest = (isolated(shorten(name, 40)) for name in (lowest, highest))
    return f"From {words.rate(metric, low)} ({lowest}) to {words.rate(metric, high)} ({highest})."


def _finding(found: Sequence[Group], names: Sequence[str], title: str) -> str:
    ranges = []
    for metric in names:
        known_groups = comparable(found, metric)
        if metric in words.SHARES and len(known_groups) > 1:
            (low, lowest), (high, highest) = known_groups[0], known_groups[-1]
            ranges.append((high - low, metric, lowest, highest))
    if not ranges:
        able = [m for m in names if len(comparable(found, m)) > 1]
        if not able:
            return "No metric can be compared between two groups."
        said = panel_finding(found, able[0])
        return f"By {title}, the {words.measure(able[0])}: {said[:1].lower()}{said[1:]}"
    wide, metric, lowest, highest = max(ranges)
    lowest, highest = (isolated(shorten(name, 50)) for name in (lowest, highest))
    return (
        f"By {title}, groups are farthest apart in the {words.measure(metric)}: "
        f"{words.size(metric, wide)} points, {lowest} lowest, {highest} highest. "
        "A raw distance is larger than the true one on average; the rulings take that into account."
    )


def _caption(found: Sequence[Group], drawn: Sequence[Group], names: Sequence[str], *, crossed: bool) -> str:
    said = ["A dot is a group’s value, its line the 95 % interval, the long line everybody together."]
    if crossed:
        said.append("The short upright stroke is the shrunk rate.")
    if len(drawn) < len(found):
        said.append(f"The {len(drawn)} largest of {len(found)} groups are drawn.")
    faint = [g for g in drawn if g.get("missing") or g.get("too_few")]
    if faint:
        said.append("Pale and broken: too few people to be compared, or people whose group is not known.")
    absent = [m for m in names if all((g["metrics"].get(m) or {}).get("value") is None for g in found)]
    if absent:
        named = listed([words.measure(m) for m in absent]) if len(absent) <= 6 else f"{len(absent)} metrics"
        said.append(f"Not defined here: {named}; see the table of reasons.")
    return " ".join(said)


def undefined(found: Sequence[Group], title: str) -> Iterator[Block]:
    """Yield why metrics are defined in no group; every reason once."""
    rows = []
    for metric in dict.fromkeys(m for g in found for m in g["metrics"]):
        cells = [g["metrics"].get(metric) or {} for g in found]
        if all(cell.get("value") is None for cell in cells):
            why = dict.fromkeys(clean(cell.get("note")) for cell in cells if cell.get("note"))
            rows.append((words.metric(metric), "; ".join(why) or "no reason was given"))
    if rows:
        yield Numbers(
            f"Metrics that are not defined by {title}", Table(("Metric", "Why"), tuple(rows)), folded=True
        )


def metric_table(found: Sequence[Group], names: Sequence[str], most: int) -> Table:
    """Lay out every metric with its interval and denominator; a dash where it is undefined, with why.

    A few groups stand side by side, which fits a page; many stand one below the other.
    """
    head = ("Group", "People", "Share", *(words.metric(m) for m in names))
    rows: list[tuple[str, ...]] = []
    for g in found[:most]:
        few = set(g.get("too_few") or ())
        cells = tuple(_cell(g["metrics"].get(m) or {}, m, m in few) for m in names)
        rows.append((_marked(g), f"{int(g['n']):,}", f"{100 * float(g['share']):.1f} %", *cells))
    if len(found) > most:
        rest = f"{len(found) - most} more groups are in the embedded run document"
        rows.append((rest, *("" for _ in head[1:])))
    if len(rows) <= ABREAST:
        head, *rows = zip(head, *rows, strict=True)
    return Table(head, tuple(rows))


def _cell(found: Mapping[str, Any], metric: str, few: bool) -> str:
    value = found.get("value")
    if value is None:
        note = clean(found.get("note"))
        return f"{NOTHING} {note}" if note else NOTHING
    text = words.rate(metric, value)
    if found.get("low") is not None and found.get("high") is not None:
        text += f" ({words.rates(metric, found['low'], found['high'])})"
    text += f", n {int(found['n']):,}"
    return f"{text}, too few to compare" if few else text


def _marked(group: Group) -> str:
    return shown_name(group) + (", not known" if group.get("missing") else "")


def counts_table(found: Sequence[Group], title: str, most: int) -> Block:
    """Lay out the counts that every metric comes from, weighted ones beside them where there are any."""
    keys = [*dict.fromkeys(k for g in found for k in (g.get("counts") or {}))]
    weighted = any(g.get("weights") for g in found)
    head = ["Group", "People", *(COUNTS.get(k, clean(k)) for k in keys)]
    head += [f"{COUNTS.get(k, clean(k))}, weighted" for k in keys] if weighted else []
    rows = []
    for g in found[:most]:
        plain = [_count((g.get("counts") or {}).get(k)) for k in keys]
        heavy = [_count((g.get("weights") or {}).get(k)) for k in keys] if weighted else []
        rows.append((shown_name(g), f"{int(g['n']):,}", *plain, *heavy))
    note = (
        f"{count(len(found) - most, 'more group')} in the embedded run document." if len(found) > most else ""
    )
    return Numbers(f"The counts by {title}", Table(tuple(head), tuple(rows)), folded=True, note=note)


def _count(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{int(value):,}" if float(value).is_integer() else number(value, 1)
