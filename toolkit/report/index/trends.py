"""One claim or gap over time: what its newest run found, since when, where its line breaks, its chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import unquote

from toolkit.report import words
from toolkit.report.audit import words as audit_words
from toolkit.report.audit.canvas import known, steps
from toolkit.report.audit.scales import tick
from toolkit.report.index import breaks, times
from toolkit.report.index.parts import Chart, Dot, PointRow, SeriesView
from toolkit.report.words import NOTHING, clean, count, decimals, number

Series = Mapping[str, Any]
Point = Mapping[str, Any]
Span = tuple[datetime, datetime]
RECENT = 7  # runs within which a change is news
UNSEEN = 21  # runs in which a ruling must not have been seen for its coming to be news
ROWS = 30
MANY = 1e6  # beyond, an e-value's digits tell nobody anything
TOLD = 5  # breaks that a description names
RULINGS = {"claim": words.RULING, "gap": audit_words.RULING}


def trend(series: Series, span: Span, anchor: str, *, rows: int = ROWS) -> SeriesView:
    """Describe one series.

    Parameters
    ----------
    series : mapping
        One of ``series`` of ``toolkit.index/1``, its points oldest first.
    span : (datetime, datetime)
        The time that the charts of its job share.
    rows : int
        How many of the newest runs its table lists.
    """
    points = series["points"]
    last = points[-1]
    return SeriesView(
        anchor=anchor,
        kind=str(series["kind"]),
        label=_label(series)[0],
        states=_label(series)[1],
        unit=_unit(series) if known(last["value"]) else "",
        now=_now(series, last),
        ruling=str(last["ruling"]),
        word=word(series, last["ruling"]),
        said=_said(series),
        alarm=bool(last["alarm"]),
        stirred=stirred(series),
        chart=_chart(series, span),
        rows=tuple(_row(series, point) for point in reversed(points[-rows:])) if rows else (),
        more=max(0, len(points) - rows),
        watched=any(p["e_value"] is not None for p in points),
    )


def word(series: Series, ruling: object) -> str:
    """Write a ruling as the reports of its kind do."""
    return RULINGS[str(series["kind"])].get(str(ruling), clean(ruling))


def order(series: Series) -> tuple[int, float, str]:
    """Sort series: alarms first, then what changed last, then by name."""
    points = series["points"]
    alarmed = bool(points[-1]["alarm"])
    turn = next((k for k in range(len(points) - 1, 0, -1) if _turns(points, k)), None)
    at = times.instant(points[turn]["at"]) if turn is not None else None
    return (0 if alarmed else 1, -at.timestamp() if at else 0.0, str(series["label"]))


def stirred(series: Series) -> bool:
    """Whether an alarm stands or the ruling changed within the last few runs."""
    points = series["points"]
    recent = range(max(1, len(points) - RECENT), len(points))
    return bool(points[-1]["alarm"]) or any(_turns(points, k) for k in recent)


def _turns(points: Sequence[Point], k: int) -> bool:
    """Whether a run brought news: an alarm, or a ruling that none of the runs shortly before had.

    Where an interval ends close to the margin, rulings come and go by chance; that is no news.
    """
    before = points[max(0, k - UNSEEN) : k]
    return bool(points[k]["alarm"]) > bool(before[-1]["alarm"]) or all(
        point["ruling"] != points[k]["ruling"] for point in before
    )


def _when(point: Point) -> str:
    return times.said(point["at"])


def _names(series: Series) -> list[str]:
    """Return the names that a key joins: ``gap``, attribute, metric, kind, compare, and named groups."""
    return [unquote(part) for part in str(series["series"]).split("/")]


def _metric(series: Series) -> str:
    names = _names(series)
    return names[2] if len(names) > 2 else ""


def _label(series: Series) -> tuple[str, str]:
    """Name a series: a gap as its report does, a claim by its code and what it states."""
    names = _names(series)
    if series["kind"] != "gap" or len(names) < 5:
        return clean(" ".join(names)), clean(series["label"])
    gap = {"metric": names[2], "attribute": names[1], "kind": names[3]}
    between = f"{names[5]} against {names[6]}" if len(names) > 6 else ""
    return audit_words.subject(gap), clean(between)


def amount(series: Series, value: float | None) -> str:
    """Write a value of a series without its unit."""
    if value is None or not known(value):
        return NOTHING
    if series["kind"] == "gap":
        return audit_words.size(_metric(series), value, "ratio" if series["ratio"] else "difference")
    return number(value, decimals(series["points"][-1]["margin"]), sign=not series["ratio"])


def _unit(series: Series) -> str:
    if series["kind"] == "gap":
        kind = "ratio" if series["ratio"] else "difference"
        return "points" if audit_words.in_points(_metric(series), kind) else kind if series["ratio"] else ""
    return clean(series["unit"])


def _limit(series: Series, margin: float) -> str:
    if series["kind"] == "gap" and not series["ratio"] and _unit(series) == "points":
        return f"{100 * margin:g}"
    return f"{margin:g}"


def _ends(series: Series, point: Point) -> str:
    if point["low"] is None or point["high"] is None:
        return ""
    return f"{amount(series, point['low'])} to {amount(series, point['high'])}"


def _now(series: Series, point: Point) -> str:
    """Write the newest value with its interval."""
    if not known(point["value"]):
        return "no number, a ruling only"
    ends = _ends(series, point)
    return amount(series, point["value"]) + (f" ({ends})" if ends else "")


def _said(series: Series) -> str:
    """Say since when the newest ruling stands, what it was before, and since when an alarm does."""
    points = series["points"]
    runs = [list(group) for _, group in groupby(points, key=lambda p: p["ruling"])]
    held = runs[-1]
    text = f"The same in all {len(points)} runs."
    if len(runs) > 1:
        text = f"{words.sentence(_since(held))}; before, {word(series, runs[-2][-1]['ruling']).lower()}."
    if len(points) == 1:
        text = "One run so far."
    alarms = [list(group) for stands, group in groupby(points, key=lambda p: bool(p["alarm"])) if stands]
    if points[-1]["alarm"]:
        text += f" Alarm {_since(alarms[-1])}{_evidence(points[-1])}."
    elif alarms:
        text += f" An alarm stood until {_day(alarms[-1][-1])}."
    return text


def _since(points: Sequence[Point]) -> str:
    return f"since {_day(points[0])}, {count(len(points), 'run')}"


def _day(point: Point) -> str:
    at = times.instant(point["at"])
    return times.date(at) if at else clean(point["at"])


def _evidence(point: Point) -> str:
    if point["e_value"] is None:
        return ""
    return f", e-value {words.short(point['e_value']) if point['e_value'] < MANY else 'over a million'}"


def _row(series: Series, point: Point) -> PointRow:
    return PointRow(
        when=_when(point),
        value=amount(series, point["value"]),
        interval=_ends(series, point) or NOTHING,
        ruling=str(point["ruling"]),
        word=word(series, point["ruling"]),
        n=words.short(point["n"]),
        e_value=words.short(point["e_value"]),
        alarm=bool(point["alarm"]),
        changed=", ".join(clean(kind) for kind in point["breaks"]),
    )


def _chart(series: Series, span: Span) -> Chart:
    points = series["points"]
    places = [share(point["at"], span) for point in points]
    between = [(a + b) / 2 for a, b in pairwise(places)]  # something changed after one run, before the next
    marks = [(x, p["breaks"]) for x, p in zip(between, points[1:], strict=True) if p["breaks"]]
    low, high, limits = _field(series)
    metric = _metric(series) if series["kind"] == "gap" else "mean_prediction"
    kind, origin = ("ratio", 1.0) if series["ratio"] else ("difference", 0.0)
    return Chart(
        title=f"{_label(series)[0]}, {count(len(points), 'run')}",
        description=_described(series),
        low=low,
        high=high,
        dots=tuple(_dot(x, point) for x, point in zip(places, points, strict=True)),
        flags=breaks.flags(marks),
        alarms=_alarms(places, points),
        margins=tuple((limit, tick(metric, limit, kind)) for limit in limits),
        origin=origin,
        ticks=tuple((v, tick(metric, v, kind)) for v in (origin, *steps(low, high, 4))),
        ends=_dates(span),
    )


def share(at: object, span: Span) -> float:
    """Return where an instant lies within a time, from 0 to 1."""
    found = times.instant(at)
    if found is None or span[0] >= span[1]:
        return 0.5
    return (found - span[0]) / (span[1] - span[0])


def _dot(x: float, point: Point) -> Dot:
    value, low, high = (point[key] if known(point[key]) else None for key in ("value", "low", "high"))
    return Dot(x, value, low, high, str(point["ruling"]), bool(point["breaks"]), bool(point["alarm"]))


def _dates(span: Span) -> tuple[tuple[float, str], ...]:
    if span[0] >= span[1]:
        return ((0.5, times.date(span[0])),)
    if span[0].date() == span[1].date():
        return ((0.0, times.spoken(span[0].isoformat())), (1.0, f"{span[1]:%H:%M}"))
    return ((0.0, times.date(span[0])), (1.0, times.date(span[1])))


def _field(series: Series) -> tuple[float, float, tuple[float, ...]]:
    """Choose the stretch of values that a chart shows, and its margins.

    An interval that reaches far beyond is cut, so that one small run does not shrink the rest to nothing.
    """
    points = series["points"]
    margin = float(next((p["margin"] for p in reversed(points) if known(p["margin"])), 0.0))
    values = [float(p["value"]) for p in points if known(p["value"])]
    ends = [float(p[k]) for p in points for k in ("low", "high") if known(p[k])]
    if series["ratio"]:
        low, high = min([margin - 0.1, *values, *ends]), max([1.05, *values, *ends])
        return max(0.0, low), min(3.0, high), (margin,) if margin else ()
    reach = max([1.8 * margin, 1e-12, *(1.3 * abs(v) for v in values)])
    low = min(0.0, *(max(-1.5 * reach, v) for v in (*values, *ends, 0.0)))
    high = max([1.3 * margin, *(min(1.5 * reach, v) for v in (*values, *ends))])
    if low < -0.2 * margin:
        low = min(low, -1.3 * margin)
    limits = (margin, -margin) if low < -margin else (margin,)
    pad = 0.04 * (high - low)
    return (low - pad if low < 0 else low), high + pad, limits if margin else ()


def _alarms(places: Sequence[float], points: Sequence[Point]) -> tuple[tuple[float, float], ...]:
    paired = zip(places, points, strict=True)
    groups = [
        (stands, [x for x, _ in group])
        for stands, group in groupby(paired, key=lambda pair: bool(pair[1]["alarm"]))
    ]
    return tuple((group[0], group[-1]) for stands, group in groups if stands)


def _described(series: Series) -> str:
    """Tell in words what the drawing shows."""
    points = series["points"]
    values = [p["value"] for p in points if known(p["value"])]
    text = f"From {_day(points[0])} to {_day(points[-1])}."
    if values:
        least, greatest = amount(series, min(values)), amount(series, max(values))
        text += f" Least {least}, greatest {greatest}, newest {_now(series, points[-1])}."
    if known(points[-1]["margin"]):
        text += f" The margin is {_limit(series, points[-1]['margin'])}."
    changed = [f"{', '.join(p['breaks'])} on {_day(p)}" for p in points if p["breaks"]]
    if changed:
        last = "; ".join(changed[-TOLD:])
        which = "the last times at" if len(changed) > TOLD else "at"
        text += f" The line begins anew {count(len(changed), 'time')}, {which} {last}."
    return f"{text} {_said(series)}"
