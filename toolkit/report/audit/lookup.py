"""Find in a run document what a sentence about a gap needs: the groups' rates, the main family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.words import clean

Document = Mapping[str, Any]


def group_name(group: Mapping[str, Any]) -> str:
    """Name a group by its levels, as gaps do."""
    return " & ".join(clean(level) for level in group["attributes"].values())


def shown_name(group: Mapping[str, Any]) -> str:
    """Name a group for readers: a level that is only a code takes its attribute along."""
    return " & ".join(words.level(attribute, level) for attribute, level in group["attributes"].items())


def rate_of(document: Document, attributes: Sequence[str], name: object, metric: object) -> float | None:
    """Return a metric's value in a named group; None where the group or the value is not there."""
    for group in document["groups"]:
        if [*group["attributes"]] == [*attributes] and group_name(group) == clean(name):
            value = (group["metrics"].get(metric) or {}).get("value")
            return None if value is None else float(value)
    return None


def rates_of(document: Document, gap: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the rates of a gap's two groups; everybody else's follows from the gap."""
    attributes = gap.get("attributes") or [gap["attribute"]]
    first = rate_of(document, attributes, gap.get("highest"), gap["metric"])
    second = rate_of(document, attributes, gap.get("lowest"), gap["metric"])
    value = gap.get("value")
    if second is None and first is not None and value is not None and gap["compare"] == "rest":
        if gap["kind"] == "difference":
            second = first - value
        elif value:
            second = first / value
    return first, second


def main_gaps(document: Document) -> list[Mapping[str, Any]]:
    """Return the gaps that the first page rules on: the widest pair of each single attribute.

    Differences where there are any, ratios otherwise; in the document's order.
    """
    widest = [
        g for g in document["gaps"] if g["compare"] == "widest" and len(g.get("attributes") or [1]) == 1
    ]
    differences = [g for g in widest if g["kind"] == "difference"]
    return differences or widest or list(document["gaps"])


def attributes(document: Document) -> list[tuple[str, ...]]:
    """Return the sets of attributes that form groups, in the document's order."""
    return list(dict.fromkeys(tuple(map(str, g["attributes"])) for g in document["groups"]))


def groups_of(document: Document, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the groups that some attributes form together."""
    return [g for g in document["groups"] if [*g["attributes"]] == [*names]]
