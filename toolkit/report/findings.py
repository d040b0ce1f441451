"""Sentences about a figure, computed from its points: caption, finding, and text alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.report.panels import Panel, Point, own_scales
from toolkit.report.words import clean, count, listed, named, short, shorten


def caption(figure: Mapping[str, Any], panels: Sequence[Panel], drawn: int | None = None) -> str:
    """State what a figure shows: quantities, spread, panels, trials, scales, and what is left undrawn."""
    y, x = clean(figure["y_title"]), clean(figure["x_title"])
    bars = bool(panels) and panels[0].x is None
    parts = [f"{_first_up(y)} by {_first_down(x)}." if bars else f"{_first_up(y)} against {_first_down(x)}."]
    if not panels:
        return parts[0]
    spread = "lines" if bars else "bands"
    parts.append(f"Marks are means over trials ({_trials(panels)}), {spread} their 95 % intervals.")
    if any(_cut_at_zero(panel) for panel in panels):
        parts.append("No interval is drawn below 0, where no value can lie; the table holds them whole.")
    if len(panels) > 1:
        scales = "each with its own scale" if own_scales(panels) else "on one scale"
        parts.append(f"{count(len(panels), 'panel')}, {scales}.")
    if drawn is not None and drawn < len(panels):
        parts.append(f"To keep this file small the first {drawn} are drawn; the table holds all.")
    if panels and panels[0].x is not None:
        log = ((x, panels[0].x.log), (y, panels[0].y.log))
        if any(on for _, on in log):
            parts.append(f"Logarithmic: {listed([_first_down(title) for title, on in log if on])}.")
    return " ".join(parts)


def _cut_at_zero(panel: Panel) -> bool:
    """Whether an interval of the panel reaches below an axis that begins at zero."""
    return panel.y.low == 0 and any(p.get("low") is not None and p["low"] < 0 for p in panel.points)


def finding(figure: Mapping[str, Any], panels: Sequence[Panel]) -> str:
    """Say in a sentence or two what the points of a figure show."""
    points = [(panel, point) for panel in panels for point in panel.points]
    if not points:
        return "Nothing could be measured for this figure."
    lowest = min(points, key=lambda pair: float(pair[1]["mean"]))
    highest = max(points, key=lambda pair: float(pair[1]["mean"]))
    y = _first_up(clean(figure["y_title"]))
    printed = [short(float(point["mean"])) for _, point in points]
    low, high = (short(float(end[1]["mean"])) for end in (lowest, highest))
    ends = (
        f"{y} runs from {low} ({_where(*lowest, figure)}{_ties(printed.count(low))}) "
        f"to {high} ({_where(*highest, figure)}{_ties(printed.count(high))})."
    )
    if len(points) == 1:
        ends = f"{y} is {low} ({_where(*lowest, figure)})."
    elif low == high:
        ends = f"{y} is {low} at each of {len(points)} points."
    if panels[0].x is None:
        return ends
    return f"{_course(figure, panels)} {ends}".strip()


def panel_label(figure: Mapping[str, Any], panel: Panel) -> str:
    """Describe one panel for a reader who cannot see it."""
    values = [float(p["mean"]) for p in panel.points]
    lines = {str(p.get("series")) for p in panel.points}
    title = f"{shorten(panel.title, 100)}: " if panel.title else ""
    spread = f"from {short(min(values))} to {short(max(values))}" if values else "no points"
    what = f"{clean(figure['y_title'])}, {clean(figure['x_title'])}"
    many = count(len(lines), "series", "series")
    return f"{title}{what}; {many}, {spread}."


def _course(figure: Mapping[str, Any], panels: Sequence[Panel]) -> str:
    """Count how the curves run from their first point to their last, and how many peak between."""
    curves = [c for panel in panels for c in _curves(panel) if len(c) > 1]
    if not curves:
        return ""
    up = sum(_apart(c[0], c[-1]) for c in curves)
    down = sum(_apart(c[-1], c[0]) for c in curves)
    humps = sum(any(_apart(c[0], p) and _apart(c[-1], p) for p in c[1:-1]) for c in curves)
    dips = sum(any(_apart(p, c[0]) and _apart(p, c[-1]) for p in c[1:-1]) for c in curves)
    flat = len(curves) - up - down
    verbs = ((down, "fall", "falls"), (up, "rise", "rises"))
    said = [f"{n} {one if n == 1 else several}" for n, several, one in verbs if n]
    said += [f"{flat} {'shows' if flat == 1 else 'show'} no clear change"] if flat else []
    between = [f"{n} {verb}{'s' * (n == 1)}" for n, verb in ((humps, "peak"), (dips, "dip")) if n]
    x = _first_down(clean(figure["x_title"]))
    text = (
        f"From the smallest to the largest {x}, of {count(len(curves), 'curve')} {listed(said)}"
        if len(said) > 1 or len(curves) == 1
        else f"From the smallest to the largest {x}, all {said[0].replace(' ', ' curves ', 1)}"
    )
    return f"{text}; {listed(between)} in between." if between else f"{text}."


def _curves(panel: Panel) -> list[list[Point]]:
    found: dict[str, list[Point]] = {}
    for point in panel.points:
        found.setdefault(str(point.get("series")), []).append(point)
    return list(found.values())


def _apart(lower: Point, upper: Point) -> bool:
    """Whether one point's interval lies wholly below another's."""
    high, low = lower.get("high"), upper.get("low")
    return float(lower["mean"] if high is None else high) < float(upper["mean"] if low is None else low)


def _ties(many: int) -> str:
    """Say how many more points share a value, so that one is not taken for the only one."""
    return f", and {many - 1} more" if many > 1 else ""


def _where(panel: Panel, point: Point, figure: Mapping[str, Any]) -> str:
    x = named(point["x"])
    at = x if isinstance(point["x"], str) else f"{_first_down(clean(figure['x_title']))} {x}"
    series = str(point.get("series") or "")
    return ", ".join(shorten(part, 60) for part in (series, at, panel.title) if part)


def _trials(panels: Sequence[Panel]) -> str:
    counts = sorted({int(p["n"]) for panel in panels for p in panel.points if p.get("n") is not None})
    if not counts:
        return "number not recorded"
    return f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _first_down(text: str) -> str:
    """Lower the first letter unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
