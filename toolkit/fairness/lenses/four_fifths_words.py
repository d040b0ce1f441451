"""What the four-fifths lens says: sentences and tables made from its results alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.fairness.cells import Cells
from toolkit.fairness.lenses.written import percent, table, times

RULE = 0.8
_RULED = {
    "shown": "that the true ratio is below 0.8 is shown",
    "small": "that the true ratio is above 0.8 is shown",
    "not_enough_evidence": "there is not enough evidence on which side of 0.8 the true ratio is",
    "not_applicable": "no ruling is given on the true ratio",
}


def sentences(entry: Mapping[str, Any]) -> list[str]:
    """Say what one attribute's ratios are, as a test, by chance, and with one person changed."""
    groups = {group["name"]: group for group in entry["groups"]}
    smallest, test = entry["minimum"], entry["minimum"]["test"]
    lowest, top = groups[smallest["group"]], groups[entry["highest"]]
    known = test["low"] is not None and test["high"] is not None
    ends = f" (95 % interval {times(test['low'])} to {times(test['high'])})" if known else ""
    said = [
        f"{entry['attribute']}: the smallest impact ratio is {times(smallest['ratio'])}{ends}, "
        f"{lowest['name']} at {percent(lowest['rate'])} against {top['name']} at {percent(top['rate'])}: "
        f"{'below' if smallest['ratio'] < RULE else 'not below'} four fifths."
    ]
    why = f" ({test['reason']})" if test["reason"] else ""
    said.append(f"As a test: {_RULED.get(test['ruling'], test['ruling'])}{why}.")
    for group in entry["groups"]:
        if group["below"] and group["p_value"] is not None:
            verdict = (
                "which chance alone could give" if group["p_adjusted"] > 0.05 else "more than chance gives"
            )
            said.append(
                f"{group['name']}: ratio {times(group['ratio'])}, Fisher's exact test p "
                f"{_p(group['p_value'])}{_adjusted(group)}, {verdict}."
            )
        if group["flip"] and group["flip"]["crosses"]:
            said.append(_flip(group, entry["highest"]))
    others = entry["others"]
    if others:
        said.append(
            f"All other groups together against {top['name']}: ratio {times(others['ratio'])}, Fisher's "
            f"exact test p {_p(others['p_value'])}. The highest group was chosen after looking, so each "
            "p-value against it is somewhat too small; the test of the smallest ratio allows for the choice."
        )
    said.append(
        f"If all these groups had the same true rate ({percent(entry['overall_rate'])}), the bare rule would "
        f"still find a ratio below 0.8 in {percent(entry['fires_by_chance'])} of audits of groups of these "
        "sizes."
    )
    return said


def _p(value: float) -> str:
    return f"= {value:.3f}" if value >= 0.001 else f"= {value:.1e}" if value >= 1e-15 else "< 1e-15"


def _adjusted(group: Mapping[str, Any]) -> str:
    same = group["p_adjusted"] == group["p_value"]
    return "" if same else f" (p {_p(group['p_adjusted'])} adjusted for the groups compared)"


def _flip(group: Mapping[str, Any], top: str) -> str:
    turned = "which is not below 0.8" if group["below"] else "which is below 0.8"
    one, exchanged = group["flip"]["one_decision"], group["flip"]["one_exchange"]
    if one is not None and (one < RULE) != group["below"]:
        return (
            f"{group['name']}: had one person's decision been the other way, the ratio would be {times(one)} "
            f"instead of {times(group['ratio'])}, {turned}."
        )
    return (
        f"{group['name']}: had one person of it and one of {top} changed places, the ratio would be "
        f"{times(exchanged)} instead of {times(group['ratio'])}, {turned}."
    )


def notes(cells: Cells, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what was not compared or tested, and why."""
    said = [f"Not looked at: {entry['reason']}." for entry in found if entry["reason"]]
    said += [
        f"{entry['attribute']}: not compared, too few or not known: {', '.join(entry['left_out'])}."
        for entry in found
        if entry.get("left_out")
    ]
    if cells.weighted:
        said.append("Sampling weights are not used here: the rule counts people.")
    if cells.clusters is not None:
        said.append("No interval or exact test: rows share clusters and are not independent people.")
    return said


def table_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return one attribute's groups as a table."""
    columns = ["group", "people", "selected", "rate", "impact ratio", "low", "high", "Fisher p", "adjusted p"]
    keys = ("name", "n", "selected", "rate", "ratio", "low", "high", "p_value", "p_adjusted")
    rows = [[group[key] for key in keys] for group in entry["groups"]]
    return table(f"Selection by {entry['attribute']}, against {entry['highest']}", columns, rows)
