"""The tables of a model card: metrics by group, gaps with their rulings, and what accounts for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.formats.pull_request import escape
from toolkit.report.words import NOTHING, number, short

RULING = {
    "shown": "gap shown",
    "small": "shown to be small",
    "not_enough_evidence": "not enough evidence",
    "not_applicable": "not applicable",
}
GATE = {"shown": "failed: a gap is shown", "small": "held: all gaps are shown to be small", "open": "open"}
# Cells of nothing but figures and an interval's "to" are inert as they are.
_FIGURES = re.compile(r"[−+–\d.,() to]+")


def groups(document: Mapping[str, Any]) -> Iterator[str]:
    """Write each group's metrics with their intervals, a table for each attribute or intersection."""
    found = document.get("groups") or ()
    if not found:
        return
    known = list(dict.fromkeys(name for group in found for name in group.get("metrics") or {}))
    asked = {*((document.get("settings") or {}).get("metrics") or known), "roc_auc"}
    metrics = [name for name in known if name in asked] or known
    overall = document.get("overall") or {}
    everybody = [
        {"attributes": {"": "everybody"}, "n": overall.get("n"), "metrics": overall.get("metrics") or {}}
    ]
    yield "Metrics by group"
    more = (
        f" {len(known) - len(metrics)} more metrics are in `run.json`." if len(known) > len(metrics) else ""
    )
    yield f"Value and 95 % interval; a dash where it is undefined or cannot be given.{more}"
    for attributes in dict.fromkeys(tuple(group["attributes"]) for group in found):
        members = [group for group in found if tuple(group["attributes"]) == attributes]
        yield from ("", f"### {text(' & '.join(attributes))}", "")
        head = ["Group", "People", *(metric_name(metric) for metric in metrics)]
        rows = [
            [" & ".join(map(str, group["attributes"].values())), short(group["n"])]
            + [_estimate((group.get("metrics") or {}).get(metric)) for metric in metrics]
            for group in (*members, *(everybody if len(attributes) == 1 else ()))
        ]
        yield from _table(head, rows)


def gaps(document: Mapping[str, Any]) -> Iterator[str]:
    """Write every gap with its interval and ruling, then what lies behind them in sentences."""
    found = document.get("gaps") or ()
    if not found:
        return
    yield "Gaps and rulings"
    yield (
        "Each gap has one of three rulings: shown (beyond the margin), shown to be small (within it), or not "
        "enough evidence. p-values are adjusted within their family."
    )
    yield ""
    head = ["By", "Metric", "Kind", "Between", "Gap", "95 % interval", "Corrected", "Adjusted p", "Ruling"]
    shown = [gap for gap in found if gap.get("compare") != "rest"]
    yield from _table(head, [_gap(gap) for gap in shown])
    if len(shown) < len(found):
        yield from ("", f"{len(found) - len(shown)} more, of each group against the rest, are in `run.json`.")
    reasons = [
        f"{g['attribute']}, {metric_name(g['metric'])}: {g['reason']}" for g in found if g.get("reason")
    ]
    needed = [
        f"{g['attribute']}, {metric_name(g['metric'])}: {g['rows_needed']['sentence']}"
        for g in shown
        if (g.get("rows_needed") or {}).get("sentence")
    ]
    yield from _bullets("", (*reasons, *needed))
    yield from _bullets("Intersections that differ beyond the margin:", _intersections(document))
    yield from _bullets("Inside another column, or along an ordered one:", _inside(document))
    gate = document.get("gate")
    if gate:
        asked = ", ".join(map(str, gate.get("asked") or ()))
        yield from ("", f"Gate ({text(asked)}): {text(GATE.get(gate.get('result'), gate.get('result')))}.")


def _intersections(document: Mapping[str, Any]) -> Iterator[str]:
    for entry in document.get("intersections") or ():
        for cell in entry["cells"]:
            if cell.get("ruling") == "shown" and cell.get("difference") is not None:
                yield (
                    f"{' & '.join(map(str, cell['attributes'].values()))}, {metric_name(entry['metric'])}: "
                    f"{_signed(cell, 'difference')} against everybody else"
                )


def _inside(document: Mapping[str, Any]) -> Iterator[str]:
    within = document.get("within") or {}
    for gap in within.get("gaps") or ():
        yield (
            f"{gap['attribute']}, {metric_name(gap['metric'])}, within {within.get('column')}: "
            f"{_signed(gap, 'pooled')} between {gap['first']} and {gap['second']}; without regard to it "
            f"{number(gap.get('crude'), 3, sign=True)}"
        )
    for slope in document.get("slopes") or ():
        yield (
            f"{slope['attribute']}, {metric_name(slope['metric'])}: {_signed(slope, 'slope', 4)} "
            f"{slope.get('unit', '')}"
        )


def _signed(found: Mapping[str, Any], key: str, places: int = 3) -> str:
    point = number(found.get(key), places, sign=True)
    ends = _ends(found.get("low"), found.get("high"), sign=True, places=places)
    return point if ends == NOTHING else f"{point} ({ends})"


def _bullets(lead: str, lines: Iterable[str]) -> Iterator[str]:
    """Write lines as a list under its lead; nothing where there are none."""
    kept = list(dict.fromkeys(lines))
    if kept:
        yield from ("", *([lead, ""] if lead else []), *(f"- {text(line)}" for line in kept))


def _gap(gap: Mapping[str, Any]) -> list[str]:
    signed = gap.get("kind") == "difference"
    widest = gap.get("compare", "widest") == "widest"
    first, second = gap.get("highest"), gap.get("lowest")
    if signed:
        between = f"{first} and {second}"
    else:
        between = f"{second} over {first}" if widest else f"{first} over {second}"
    compare = "" if widest else f" ({gap['compare']})"
    p_value = gap.get("p_adjusted")
    return [
        str(gap["attribute"]),
        metric_name(gap["metric"]),
        f"{gap.get('kind', '')}{compare}",
        between,
        number(gap.get("value"), 3, sign=signed),
        _ends(gap.get("low"), gap.get("high"), sign=signed),
        number(gap.get("corrected"), 3, sign=signed),
        NOTHING if p_value is None else "<0.001" if p_value < 0.001 else number(p_value, 3),
        RULING.get(gap.get("ruling", ""), str(gap.get("ruling") or "")),
    ]


def accounts(document: Mapping[str, Any]) -> Iterator[str]:
    """Write what the recorded labels, the parameters and the features account for."""
    decomposition = document.get("decomposition") or {}
    attribution = document.get("attribution") or {}
    yield "What the data and the parameters account for"
    yield from _section(decomposition)
    for part in decomposition.get("tables") or ():
        if part.get("sentence"):
            yield from ("", text(part["sentence"]))
        yield ""
        rows = [
            [p["name"], number(p.get("value"), 3, sign=True), _ends(p.get("low"), p.get("high"), sign=True)]
            for p in part.get("parts") or ()
        ]
        rows.append(["sum: the reported gap", number(part.get("gap"), 3, sign=True), NOTHING])
        unit = f" ({part['unit']})" if part.get("unit") else ""
        yield from _table([f"{metric_name(part['metric'])}{unit}: part", "Value", "95 % interval"], rows)
    for key in ("fan", "differential_fairness"):
        if (decomposition.get(key) or {}).get("sentence"):
            yield from ("", text(decomposition[key]["sentence"]))
    yield from _features(attribution)


def _features(attribution: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "### Features", "")
    yield from _section(attribution)
    scales = attribution.get("scales") or ()
    said = [scale["sentence"] for scale in scales if scale.get("sentence")]
    proxies = attribution.get("proxies") or {}
    said += [proxies["sentence"]] if proxies.get("sentence") else []
    yield from (f"- {text(line)}" for line in said)


def options(document: Mapping[str, Any]) -> Iterator[str]:
    """Write what could be done about the gap, each with its accuracy and what it does to the gaps."""
    mitigation = document.get("mitigation") or {}
    yield "What could be done"
    yield from _section(mitigation)
    if mitigation.get("sentence"):
        yield from (text(mitigation["sentence"]), "")
    found = mitigation.get("options") or ()
    if not found:
        return
    metrics = list(dict.fromkeys(gap["metric"] for option in found for gap in option.get("gaps") or ()))
    head = ["Option", "Accuracy", *(f"Gap in {metric_name(metric)}" for metric in metrics), "Needs the group"]
    rows = []
    for option in found:
        of = {gap["metric"]: gap for gap in option.get("gaps") or ()}
        rows.append(
            [str(option["name"]), _estimate(option.get("accuracy"))]
            + [_estimate(of.get(metric), sign=True) for metric in metrics]
            + ["yes" if option.get("needs_group") else "no"]
        )
    yield from _table(head, rows)
    failed = [f"{option['name']}: {option['failed']}" for option in found if option.get("failed")]
    yield from _bullets("", failed)


def lenses(document: Mapping[str, Any]) -> Iterator[str]:
    """Write what each lens asks, found, and is not."""
    found = document.get("lenses") or ()
    if not found:
        return
    yield "Lenses"
    for lens in found:
        yield from (f"### {text(lens['name'])}", "", text(lens["question"]), "")
        yield from _section(lens)
        yield from (f"- {text(sentence)}" for sentence in lens.get("sentences") or ())
        yield from (
            "",
            f"What it is not: {text(lens['is_not'])}",
            "",
            f"Source: {text(lens['source'])}",
            "",
        )


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    """Say why a section has nothing, or lacks something."""
    if not section:
        yield from ("Not measured in this run.", "")
    elif section.get("status") == "not_applicable":
        yield from (f"Not applicable: {text(str(section.get('reason') or '').rstrip('.'))}.", "")
    elif section.get("reason"):
        yield from (f"In part: {text(str(section['reason']).rstrip('.'))}.", "")


def _estimate(metric: Mapping[str, Any] | None, *, sign: bool = False) -> str:
    if not metric or metric.get("value") is None:
        return NOTHING
    point = number(metric["value"], 3, sign=sign)
    ends = _ends(metric.get("low"), metric.get("high"), sign=sign)
    return point if ends == NOTHING else f"{point} ({ends})"


def _ends(low: float | None, high: float | None, *, sign: bool = False, places: int = 3) -> str:
    if low is None or high is None:
        return NOTHING
    return f"{number(low, places, sign=sign)} to {number(high, places, sign=sign)}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(text(cell) for cell in head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell if _FIGURES.fullmatch(cell) else text(cell) for cell in row) + " |"


def metric_name(metric: object) -> str:
    """Return a metric's name in words."""
    return str(metric).replace("_", " ")


def text(value: object) -> str:
    """Escape text, also where it would begin a numbered list."""
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", escape(value))
