"""The gaps that an audit's gate is about: each member's ruling among the members, as findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from toolkit.gate.findings import OPEN, Document, Finding, Found, gap_subject


def guarded(document: Document, asked: Sequence[str] = (), *, inconclusive: bool) -> Found:
    """Return the members that are shown, and those that keep the gate open.

    Parameters
    ----------
    document : mapping
        An audit.
    asked : sequence of str
        ``metric:column``; by default what the audit's own gate asked, and where it had none the selection
        rate and the true positive rate by every column.
    inconclusive : bool
        Whether a member without enough evidence fails the gate, or only leaves it open.

    Raises
    ------
    BadInputError
        If the audit has no gap of something asked for.
    """
    gate = document.get("gate")
    if asked or not gate or "members" not in gate:
        gate = _asked_now(document, asked)
    found = []
    for member in gate["members"]:
        if member["ruling"] == "small":
            continue
        word = "gap" if member["ruling"] == "shown" else "inconclusive" if inconclusive else OPEN
        found.append(_finding(document, member, word))
    eased = gate["result"] == "open" and gate["exit"] == 0
    return Found(tuple(found), unanswered=not gate["members"], eased=eased)


def _finding(document: Document, member: Mapping[str, Any], word: str) -> Finding:
    from toolkit.report.audit import words
    from toolkit.report.audit.lookup import rates_of
    from toolkit.report.words import clean

    named = {"kind": "difference", "compare": "widest", **member}
    gap = next((g for g in document["gaps"] if gap_subject(g) == gap_subject(named)), None)
    said, numbers, groups = "", {}, ""
    if gap is not None:
        told = gap | {key: member[key] for key in ("ruling", "p_margin_adjusted") if key in member}
        said = words.sentence(told, rates_of(document, gap))
        value = gap.get("corrected") if gap.get("corrected") is not None else gap.get("value")
        numbers = {"value": value} | {key: gap.get(key) for key in ("low", "high", "margin")}
        groups = " and ".join(clean(gap[end]) for end in ("highest", "lowest") if gap.get(end))
    by = clean(member["attribute"])
    return Finding(
        gap_subject(named),
        member["ruling"],
        word,
        f"{words.RULING[member['ruling']]}: by {by}. {said}".strip(),
        **numbers,
        groups=groups,
    )


def _asked_now(document: Document, asked: Sequence[str]) -> dict[str, Any]:
    """Ask the gate of a finished audit; of the default members those that it has."""
    from toolkit.audit.gating import DEFAULT
    from toolkit.fairness.gaps.gate import gate

    gaps = list(_gaps(document))
    there = {gap.metric for gap in gaps if gap.compare == "widest" and gap.kind == "difference"}
    texts = asked or [text for text in DEFAULT if text.partition(":")[0] in there]
    pairs = [(metric.strip(), name.strip() or "*") for metric, _, name in (t.partition(":") for t in texts)]
    return gate(gaps, pairs)


def _gaps(document: Document) -> Iterator[Any]:
    """Read gaps back from the document; where a redacted one has no p-value, its ruling stands."""
    from toolkit.fairness.gaps.rulings import Gap

    names = {f.name for f in fields(Gap)}
    for gap in document["gaps"]:
        known = {key: gap[key] for key in gap.keys() & names}
        known |= {key: tuple(known[key]) for key in ("attributes", "left_out") if known.get(key)}
        known.setdefault("attributes", (gap["attribute"],))
        high = gap.get("high90")
        yield Gap(**({"family": ""} | known), small=high is not None and high < gap["margin"])
