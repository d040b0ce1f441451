"""The short table of an audit for a terminal: one row per gap that the report rules on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.lookup import main_gaps, rates_of
from toolkit.report.words import NOTHING, clean

HEAD = ("attribute", "metric", "highest", "lowest", "gap (95 % interval)", "ruling")


def summary(document: Mapping[str, Any]) -> list[tuple[str, str, str, str, str, str]]:
    """Return the gaps of the main family as rows of text under `HEAD`.

    Parameters
    ----------
    document : mapping
        A run document, ``toolkit.audit/1``.

    Returns
    -------
    list of tuple of str
        Attribute, metric (fairlearn's name), highest group with its rate, lowest group with its rate, gap
        with its interval, ruling in words (with the reason where it does not apply).
    """
    return [_row(document, gap) for gap in main_gaps(document)]


def _row(document: Mapping[str, Any], gap: Mapping[str, Any]) -> tuple[str, str, str, str, str, str]:
    metric, kind = gap["metric"], gap["kind"]
    first, second = rates_of(document, gap)
    size = words.size(metric, gap.get("value"), kind)
    if gap.get("low") is not None and gap.get("high") is not None:
        size += f" ({words.sizes(metric, gap['low'], gap['high'], kind)})"
    if words.in_points(metric, kind) and gap.get("value") is not None:
        size += " points"
    ruling = words.RULING[gap["ruling"]].lower()
    if gap["ruling"] == "not_applicable" and gap.get("reason"):
        ruling = f"{ruling}: {clean(gap['reason'])}"
    return (
        clean(gap["attribute"]),
        clean(metric),
        _group(gap, "highest", first),
        _group(gap, "lowest", second),
        size,
        ruling,
    )


def _group(gap: Mapping[str, Any], end: str, value: float | None) -> str:
    if gap.get("value") is None or not gap.get(end):
        return NOTHING
    return words.valued(clean(gap[end]), words.rate(gap["metric"], value))
