"""What changed since a baseline, as findings: a ruling, or a size beyond its margin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.gate.findings import Document, Finding, Found, gap_subject, kind_of, part
from toolkit.records import BadInputError

MOST = 5  # names in one note
CHANGED = "changed"


def changes(baseline: Document | None, document: Document) -> Found:
    """Compare a run with its baseline.

    Returns
    -------
    Found
        A finding for each row of `toolkit.report.diff.compare` that moved beyond its margin (``changed``) or
        whose ruling is another one (``became_shown``); what could not be compared is in the notes.

    Raises
    ------
    BadInputError
        If there is no baseline, or one of another kind.
    """
    from toolkit.report.diff import compare

    if baseline is None:
        raise BadInputError("--fail-on change needs a run to compare with; name it with --baseline PATH")
    kinds = [f"{'an' if k == 'audit' else 'a'} {k}" for k in (kind_of(baseline), kind_of(document))]
    if kinds[0] != kinds[1]:
        raise BadInputError(
            f"the baseline is {kinds[0]} and the run is {kinds[1]}: they have nothing in common to compare; "
            "give a baseline of the same kind"
        )
    found = compare(baseline, document)
    moved = [_row(found["kind"], r) for r in found["rows"] if r["word"] == CHANGED or r["ruling_changed"]]
    ruled = [_belief(b) for b in found["beliefs"] if b["ruling_changed"]]
    return Found((*ruled, *moved), tuple(_notes(found)))


def _belief(row: Mapping[str, Any]) -> Finding:
    from toolkit.report.diff import words
    from toolkit.report.words import clean

    before, after = (words.ruling("check", row[side]).lower() for side in ("before", "after"))
    said = f"{clean(row['belief'])} Was {before}, is now {after}."
    return Finding(f"change/{part(row['code'])}", f"became_{row['after']}", "change", said)


def _row(kind: str, row: Mapping[str, Any]) -> Finding:
    from toolkit.report.diff import words

    beyond = row["word"] == CHANGED
    said = f"{_name(row)}: {words.WORD[row['word']].lower()}"
    if row["change"]:
        said += f", by {words.moved(row)} {words.unit(row)}".rstrip() + f" against {words.margin(row)}"
    if row["ruling_changed"]:
        before, after = (words.ruling(kind, row[side]["ruling"]).lower() for side in ("before", "after"))
        said += f"; was {before}, is now {after}"
    ruling = CHANGED if beyond else f"became_{row['after']['ruling']}"
    change = row["change"] or {}
    numbers: dict[str, Any] = {key: change.get(key) for key in ("value", "low", "high")}
    margin = row["margin"]["after"]
    return Finding(
        f"change/{_subject(row)}",
        ruling,
        "change",
        f"{said}.",
        **numbers,
        margin=margin,
        ratio=row["kind"] == "ratio",
    )


def _subject(row: Mapping[str, Any]) -> str:
    if "metric" not in row:
        return "/".join(map(part, (row["code"], row["name"], row["dataset"])))
    pair = row["after"] if row["after"]["highest"] else row["before"]
    return gap_subject({**row, "highest": pair["highest"], "lowest": pair["lowest"]})


def _name(row: Mapping[str, Any]) -> str:
    from toolkit.report.audit import words as audit_words
    from toolkit.report.words import clean

    if "metric" not in row:
        where = "all datasets" if row["dataset"] == "pooled" else clean(row["dataset"])
        return f"{clean(row['code'])} {clean(row['name'])} on {where}"
    pair = row["after"] if row["after"]["highest"] else row["before"]
    groups = f", {clean(pair['highest'])} against {clean(pair['lowest'])}"
    return audit_words.subject(row) + ("" if row["compare"] == "widest" else groups)


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what the comparison could not speak about; nothing of it fails the gate."""
    left = [row for row in found["rows"] if row["word"] == "not_compared" and not row["ruling_changed"]]
    if left:
        names = [f"{_name(row)} ({row['why']})" if row["why"] else _name(row) for row in left[:MOST]]
        more = f", and {len(left) - MOST:,} more" if len(left) > MOST else ""
        yield f"Not compared with the baseline: {', '.join(names)}{more}."
    for key, said in (("appeared", "Not in the baseline"), ("vanished", "Only in the baseline")):
        counts = Counter(item["what"] for item in found[key])
        listed = ", ".join(f"{n:,} {what}{'s' * (n > 1)}" for what, n in counts.items())
        if listed:
            yield f"{said}, so not compared: {listed}."
