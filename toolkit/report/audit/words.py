"""Metrics, rates, gaps and rulings of an audit in words: every format says them the same way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.report.words import NOTHING, clean, isolated, number, short, shorten

Gap = Mapping[str, Any]

RULING = {
    "shown": "Gap shown",
    "not_enough_evidence": "Not enough evidence",
    "small": "Shown to be small",
    "not_applicable": "Not applicable",
}
MEANING = {
    "shown": "the whole interval, corrected for all that was compared, lies beyond the margin",
    "not_enough_evidence": "the interval reaches both sides of the margin: these rows cannot tell",
    "small": "the 90 % interval lies inside the margin, for every pair of groups",
    "not_applicable": "this cannot be measured here, and the reason is given",
}
# Who may read a page, and what each is shown; `readers.css` does it.
READING = {
    "summary": "The verdicts and warnings alone; a link opens what it leads to. Prints on a page or two.",
    "engineer": "Also groups, gaps, accounts and options; numbers are folded, and a link opens the rest.",
    "auditor": "All tables, the method, how often it is wrong, and provenance, on screen and in print.",
}
# Class names of the style sheet; `small` alone is the small print there.
CLASS = {
    "shown": "gap-shown",
    "not_enough_evidence": "gap-open",
    "small": "gap-small",
    "not_applicable": "gap-none",
}
GATE = {
    "shown": "a gap that the gate asks about is shown",
    "small": "every gap that the gate asks about is shown to be small",
    "open": "there is not enough evidence to answer the gate",
}
METRIC = {
    "roc_auc": "AUC",
    "f1_score": "F1 score",
    "brier": "Brier score",
    "mean_prediction": "Mean prediction",
    "negative_predictive_value": "Negative predictive value",
}
SHARES = {
    "selection_rate",
    "true_positive_rate",
    "false_negative_rate",
    "false_positive_rate",
    "true_negative_rate",
    "precision",
    "false_discovery_rate",
    "negative_predictive_value",
    "false_omission_rate",
    "accuracy",
    "balanced_accuracy",
}
LONGEST = 80  # letters of a name within a sentence; the tables of groups hold it whole
PROPER = {"roc_auc", "f1_score", "brier"}  # keep their capital within a sentence
SCORES = {"roc_auc", "f1_score", "brier", "calibration", "calibration_error"}
EXPLAINED = {
    "selection_rate": "the share that gets the positive decision",
    "true_positive_rate": "of those whose label is positive, the share decided positive",
    "false_negative_rate": "of those whose label is positive, the share decided negative",
    "false_positive_rate": "of those whose label is negative, the share decided positive",
    "true_negative_rate": "of those whose label is negative, the share decided negative",
    "precision": "of those decided positive, the share whose label is positive",
    "false_discovery_rate": "of those decided positive, the share whose label is negative",
    "negative_predictive_value": "of those decided negative, the share whose label is negative",
    "false_omission_rate": "of those decided negative, the share whose label is positive",
    "accuracy": "the share decided as the label says",
    "balanced_accuracy": "the mean of the true positive and the true negative rate",
    "f1_score": "the harmonic mean of precision and true positive rate",
    "roc_auc": "how often a positive scores above a negative, of two drawn at random",
    "brier": "the mean squared distance between score and label; lower is better",
    "calibration": "mean label minus mean score",
    "calibration_error": "how far labels stray from scores, corrected for chance",
    "mean_prediction": "the mean of the predictions or scores",
}


def metric(name: object) -> str:
    """Write a metric's name as a reader would.

    >>> metric("selection_rate"), metric("roc_auc"), metric("mean_absolute_error")
    ('Selection rate', 'AUC', 'Mean absolute error')
    """
    text = clean(name)
    return METRIC.get(text) or text.replace("_", " ").strip().capitalize()


def measure(name: object) -> str:
    """Write a metric's name within a sentence.

    >>> measure("selection_rate"), measure("roc_auc"), measure("brier")
    ('selection rate', 'AUC', 'Brier score')
    """
    text = metric(name)
    return text if name in PROPER else text[:1].lower() + text[1:]


def rate(name: object, value: float | None, places: int = 1) -> str:
    """Write a metric's value: shares as percentages, the rest as numbers.

    >>> rate("selection_rate", 0.9081), rate("roc_auc", 0.71), rate("mean_prediction", 51234.0)
    ('90.8 %', '0.710', '51,234')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if name in SHARES:
        return f"{number(100 * value, places)} %"
    return number(value, 3) if name in SCORES or 0 < abs(value) < 1 else short(float(value))


def rates(name: object, low: float | None, high: float | None) -> str:
    """Write the interval of a metric.

    >>> rates("accuracy", 0.6, 0.75), rates("roc_auc", 0.6, 0.75), rates("accuracy", None, None)
    ('60.0 to 75.0 %', '0.600 to 0.750', '–')
    """
    if low is None or high is None:
        return NOTHING
    if name in SHARES:
        return f"{number(100 * low, 1)} to {number(100 * high, 1)} %"
    return f"{rate(name, low)} to {rate(name, high)}"


def in_points(name: object, kind: object = "difference") -> bool:
    """Whether a gap of this metric is said in percentage points."""
    return kind == "difference" and name in SHARES


def size(name: object, value: float | None, kind: object = "difference", *, places: int | None = None) -> str:
    """Write the size of a gap without its unit.

    >>> size("accuracy", 0.2331), size("accuracy", -0.012), size("roc_auc", 0.05)
    ('23.3', '−1.2', '0.050')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if in_points(name, kind):
        return number(100 * value, 1 if places is None else places)
    if kind == "ratio":
        return number(value, 2 if places is None else places)
    if name in SCORES or 0 < abs(value) < 1:
        return number(value, 3 if places is None else places)
    return short(float(value))


def sizes(name: object, low: float | None, high: float | None, kind: object = "difference") -> str:
    """Write the interval of a gap without its unit.

    >>> sizes("accuracy", 0.0, 0.1234), sizes("accuracy", None, 0.1)
    ('0.0 to 12.3', '–')
    """
    if low is None or high is None:
        return NOTHING
    return f"{size(name, low, kind)} to {size(name, high, kind)}"


def margin(gap: Gap) -> str:
    """Write the margin of a gap in its unit.

    >>> margin({"metric": "accuracy", "kind": "difference", "margin": 0.05})
    '5'
    """
    value = float(gap["margin"])
    if in_points(gap["metric"], gap["kind"]):
        return f"{100 * value:g}"
    # In the unit of a numeric target it is a share of a standard deviation, with all its digits.
    return f"{value:,g}" if gap["kind"] == "ratio" or gap["metric"] in SCORES or value < 1 else short(value)


def exact(gap: Gap) -> bool:
    """Whether a gap is a fact about everybody in the table (--census), not an estimate.

    >>> exact({"value": 0.1, "low": 0.1, "high": 0.1}), exact({"value": 0.1, "low": 0.0, "high": 0.2})
    (True, False)
    """
    return gap.get("value") is not None and gap["value"] == gap.get("low") == gap.get("high")


def apart(gap: Gap) -> str:
    """Say how far two groups are apart, with interval, unit and the side of the margin.

    Ends are written finely enough that none seems to lie on the margin when it does not.
    """
    name, kind, value = gap["metric"], gap["kind"], gap.get("value")
    if value is None:
        return ""
    places = _places(gap)
    point = size(name, value, kind, places=places)
    if kind == "ratio":
        text = f"a ratio of {point}"
    elif in_points(name, kind):
        text = f"{point.lstrip('−')} {'point' if point == '1' else 'points'} apart"
    else:
        text = f"{point.lstrip('−')} apart"
    if gap.get("low") is None or gap.get("high") is None:
        return f"{text}, without an interval"
    if exact(gap):
        return text
    low, high = gap["low"], gap["high"]
    if kind == "difference" and value < 0:  # said as a distance, like the point
        low, high = -high, -low
    ends = f"{size(name, low, kind, places=places)} to {size(name, high, kind, places=places)}"
    return f"{text}, 95 % interval {ends}"


def _places(gap: Gap) -> int | None:
    """Return the decimals at which the ends of an interval can be told from the margin."""
    factor = 100.0 if in_points(gap["metric"], gap["kind"]) else 1.0
    if factor == 1.0 and gap["kind"] != "ratio" and gap["metric"] not in SCORES:
        return None
    at = float(gap["margin"]) * factor
    ends = [abs(float(gap[k])) * factor for k in ("low", "high") if gap.get(k) is not None]
    first = 2 if gap["kind"] == "ratio" else 3
    if factor == 100:
        first = 0 if abs(gap["value"]) * factor >= 10 else 1
    for places in range(first, first + 3):
        if all(round(end, places) != round(at, places) or end == at for end in ends):
            return places
    return first + 2


def side(gap: Gap) -> str:
    """Say on which side of the margin a gap was found to lie, and by which limit."""
    low, high = gap.get("low"), gap.get("high")
    if low is None or high is None:
        return ""
    limit, m, value = margin(gap), float(gap["margin"]), float(gap.get("value") or 0)
    if gap["kind"] == "ratio":
        beyond, inside, said = high < m, low > m, ("below", "above", "lower", "low90")
    else:
        near, far = (low, high) if value >= 0 else (-high, -low)
        beyond, inside, said = near > m, far < m, ("beyond", "inside", "upper", "high90")
    if gap["ruling"] == "shown":
        return f"{said[0]} the margin of {limit}"
    if gap["ruling"] != "small":
        return _open(gap, beyond=beyond, limit=limit)
    if inside:
        return f"{said[1]} the margin of {limit}"
    end = size(gap["metric"], gap.get(said[3]), gap["kind"])
    return f"its 90 % {said[2]} limit {end} is {said[1]} the margin of {limit}"


def _open(gap: Gap, *, beyond: bool, limit: str) -> str:
    """Say why an interval decides nothing: it reaches both sides, or its family is too large."""
    if beyond:
        p = p_value(gap.get("p_margin_adjusted"))
        return f"beyond the margin of {limit} taken alone, but not among all that was compared (p {p})"
    return f"on both sides of the margin of {limit}"


def p_value(value: float | None) -> str:
    """Write a p-value.

    >>> p_value(None), p_value(0.00001), p_value(0.0312)
    ('–', '< 0.001', '0.031')
    """
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def subject(gap: Gap) -> str:
    """Name what a gap is about: ``Selection rate by race``."""
    ratio = " (ratio)" if gap["kind"] == "ratio" else ""
    return f"{metric(gap['metric'])} by {clean(gap['attribute'])}{ratio}"


def level(attribute: object, name: object) -> str:
    """Write a group's name; one that holds no letter takes its attribute along.

    >>> level("race", "Black"), level("SEX", "2"), level("age", "under 25")
    ('Black', 'SEX 2', 'under 25')
    """
    text = clean(name)
    return text if any(c.isalpha() for c in text) else f"{clean(attribute)} {text}".strip()


def valued(name: str, value: str) -> str:
    """Write a group with its rate; in brackets where the name's own digits would run into it.

    >>> valued("Black", "66.3 %"), valued("under 25", "34.8 %"), valued("Black", "")
    ('Black 66.3 %', 'under 25 (34.8 %)', 'Black')
    """
    if not value:
        return name
    return f"{name} ({value})" if any(c.isdigit() for c in name) else f"{name} {value}"


def _named(gap: Gap, end: str, longest: int | None = None) -> str:
    name = clean(gap.get(end))
    attributes, parts = gap.get("attributes") or [gap["attribute"]], name.split(" & ")
    if len(parts) == len(attributes):
        name = " & ".join(map(level, attributes, parts)) if name else ""
    return isolated(shorten(name, longest or len(name))) or NOTHING


def pair(
    gap: Gap,
    values: tuple[float | None, float | None] = (None, None),
    longest: int | None = None,
) -> str:
    """Name the two groups of a gap with their rates: the lowest first, or the named one."""
    said = [
        valued(_named(gap, end, longest), "" if value is None else rate(gap["metric"], value))
        for end, value in zip(("highest", "lowest"), values, strict=True)
    ]
    first, second = reversed(said) if gap["compare"] == "widest" else said
    return f"{first} against {second}"


def sentence(gap: Gap, values: tuple[float | None, float | None] = (None, None)) -> str:
    """Say a gap in one sentence with its numbers."""
    if gap["ruling"] == "not_applicable" or gap.get("value") is None:
        reason = clean(gap.get("reason")).rstrip(".") or "no reason was given"
        return f"{metric(gap['metric'])}: {reason}."
    said = [apart(gap), side(gap)]
    return f"{metric(gap['metric'])}: {pair(gap, values, LONGEST)}: {', '.join(s for s in said if s)}."


def tally(gaps: Sequence[Gap]) -> str:
    """Count rulings in words: ``2 shown, 1 shown to be small``."""
    said = {
        "shown": "shown",
        "not_enough_evidence": "without enough evidence",
        "small": "shown to be small",
        "not_applicable": "not applicable",
    }
    counts = [(sum(g["ruling"] == ruling for g in gaps), word) for ruling, word in said.items()]
    return ", ".join(f"{n} {word}" for n, word in counts if n) or "none"
