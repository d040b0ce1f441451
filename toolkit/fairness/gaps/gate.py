"""The gate: a guarded gap stands out, or all of them are shown to be small, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from toolkit.fairness.gaps.rulings import NOT_APPLICABLE, OPEN, SHOWN, SMALL, Gap, holm, ruled
from toolkit.records import BadInputError

EVERY = "*"
EXITS = {"shown": 1, "small": 0, "open": 4}


def gate(
    gaps: Sequence[Gap], asked: Sequence[tuple[str, str]], inconclusive_ok: bool = False
) -> dict[str, Any]:
    """Rule on the widest differences that were asked for, adjusted among themselves.

    Parameters
    ----------
    gaps : sequence of Gap
        All gaps of the audit; only widest differences can be members.
    asked : sequence of (metric, attribute)
        The attribute "*" stands for every single attribute.
    inconclusive_ok : bool
        Exit 0 instead of 4 where the evidence is not enough.

    Returns
    -------
    dict
        ``asked`` ("metric:attribute"), ``members``, ``result`` ("shown" if any member is shown after Holm,
        "small" if all are shown to be small, else "open"), ``exit`` (1, 0, 4) and ``reason``.

    Raises
    ------
    BadInputError
        If nothing was measured for something asked, with what there is.
    """
    members: dict[tuple[str, str], Gap] = {}
    widest = [gap for gap in gaps if gap.compare == "widest" and gap.kind == "difference"]
    for metric, attribute in asked:
        found = [
            gap
            for gap in widest
            if gap.metric == metric
            and (len(gap.attributes) == 1 if attribute == EVERY else gap.attribute == attribute)
        ]
        if not found:
            there = ", ".join(sorted({f"{gap.metric}:{gap.attribute}" for gap in widest})) or "none"
            raise BadInputError(
                f"the gate asks for {metric}:{attribute}, which this audit has not; there are {there}"
            )
        members |= {(gap.metric, gap.attribute): gap for gap in found}
    judged = _among_themselves(list(members.values()))
    result = _result(judged)
    return {
        "asked": [f"{metric}:{attribute}" for metric, attribute in asked],
        "members": [
            {
                "attribute": gap.attribute,
                "metric": gap.metric,
                "ruling": gap.ruling,
                "p_margin": gap.p_margin,
                "p_margin_adjusted": gap.p_margin_adjusted,
                "reason": gap.reason,
            }
            for gap in judged
        ],
        "result": result,
        "exit": 0 if result == "open" and inconclusive_ok else EXITS[result],
        "reason": _reason(result, judged),
    }


def _among_themselves(members: list[Gap]) -> list[Gap]:
    """Adjust for the gate's own members, however many other gaps the audit looked at."""
    places = [i for i, gap in enumerate(members) if gap.p_margin is not None and gap.ruling != NOT_APPLICABLE]
    adjusted = holm([members[i].p_margin or 0.0 for i in places])
    for i, p in zip(places, adjusted, strict=True):
        members[i] = ruled(replace(members[i], p_margin_adjusted=p))
    return members


def _result(members: list[Gap]) -> str:
    if any(gap.ruling == SHOWN for gap in members):
        return "shown"
    return "small" if members and all(gap.ruling == SMALL for gap in members) else "open"


def _reason(result: str, members: list[Gap]) -> str:
    """Name the members that decide."""

    def names(ruling: str) -> str:
        return ", ".join(f"{gap.metric} by {gap.attribute}" for gap in members if gap.ruling == ruling)

    if result == "shown":
        return f"a gap beyond the margin is shown: {names(SHOWN)}"
    if result == "small":
        return "every gap asked for is shown to be inside the margin"
    parts = []
    if names(OPEN):
        parts.append(f"not enough evidence: {names(OPEN)}")
    if names(NOT_APPLICABLE):
        parts.append(f"not applicable: {names(NOT_APPLICABLE)}")
    return "; ".join(parts) or "nothing was asked for"
