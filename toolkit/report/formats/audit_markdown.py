"""Markdown of an audit, for a pull request: the gate, the verdicts, the warnings, every group in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import verdicts, watch, words
from toolkit.report.audit.lookup import attributes, groups_of, main_gaps, rates_of, shown_name
from toolkit.report.formats.pull_request import escape
from toolkit.report.words import clean

SHAPE = {"shown": "▲", "not_enough_evidence": "◇", "small": "●", "not_applicable": "–"}
MOST = 50  # rows of one table: a comment has its limits, run.json has none


def markdown(document: Mapping[str, Any]) -> str:
    """Return the audit's verdicts as GitHub's Markdown; names from data stay text."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Audit of {escape(document['data'].get('label') or document['name'])}"
    yield ""
    yield f"{escape(document['decisions'].get('sentence'))} {escape(verdicts.asked(document))}"
    yield ""
    gate = verdicts.gate(document)
    if gate:
        yield f"**Gate: {_ruling(gate.ruling)}.** {escape(gate.sentence)}"
        yield ""
    yield escape(verdicts.tally(document))
    yield ""
    yield from _verdicts(document)
    yield from _warnings(document)
    for names in attributes(document):
        if len(names) == 1:
            yield from _groups(document, names)
    yield from _parts(document)
    yield from _watched(document)
    yield "## Provenance"
    yield ""
    made = document["provenance"]
    for key in ("command", "seed", "commit"):
        if made.get(key) is not None:
            yield f"- {key}: {escape(made[key])}"
    if document["data"].get("sha256"):
        yield f"- sha256 of the data: {escape(document['data']['sha256'])}"


def _ruling(ruling: str) -> str:
    return f"{SHAPE[ruling]} {words.RULING[ruling]}"


def _verdicts(document: Mapping[str, Any]) -> Iterator[str]:
    yield "| Ruling | Gap | In a sentence |"
    yield "|---|---|---|"
    ordered = sorted(main_gaps(document), key=lambda g: verdicts.ORDER.index(g["ruling"]))
    for gap in ordered:
        said = words.sentence(gap, rates_of(document, gap)).partition(": ")[2]
        yield f"| {_ruling(gap['ruling'])} | {escape(words.subject(gap))} | {escape(said)} |"
    yield ""
    for gap in ordered:
        needed = gap.get("rows_needed")
        if needed and needed.get("sentence") and gap["ruling"] == "not_enough_evidence":
            yield f"- {escape(words.subject(gap))}, what would settle it: {escape(needed['sentence'])}"
    yield ""


def _warnings(document: Mapping[str, Any]) -> Iterator[str]:
    yield "## Before anyone concludes"
    yield ""
    yield escape(verdicts.warned(document))
    yield ""
    for warning in verdicts.warnings(document):
        silence = f" ({escape(warning.silence)})" if warning.silence else ""
        yield f"- **{warning.level}: {escape(warning.title)}.** {escape(warning.text)}{silence}"
    yield ""


def _groups(document: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    found = groups_of(document, names)
    metrics = [*dict.fromkeys(m for g in found for m in g["metrics"])]
    yield f"## Groups by {escape(names[0])}"
    yield ""
    yield "| Group | People |" + "".join(f" {escape(words.metric(m))} |" for m in metrics)
    yield "|---|---:|" + "---:|" * len(metrics)
    for group in found[:MOST]:
        cells = "".join(f" {escape(_cell(group, m))} |" for m in metrics)
        yield f"| {escape(shown_name(group))} | {int(group['n']):,} |{cells}"
    yield ""
    if len(found) > MOST:
        yield f"{len(found) - MOST} more groups are in run.json."
        yield ""


def _cell(group: Mapping[str, Any], metric: str) -> str:
    found = group["metrics"].get(metric) or {}
    text = words.rate(metric, found.get("value"))
    if found.get("low") is not None and found.get("high") is not None:
        text += f" ({words.rates(metric, found['low'], found['high'])})"
    return text


def _watched(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the evidence of the gaps that are watched from run to run."""
    found = document.get("watch")
    if not found:
        return
    yield "## Watched over time"
    yield ""
    yield escape(watch.summary(found))
    yield ""
    yield "|" + "".join(f" {head} |" for head in watch.HEAD)
    yield "|---" * len(watch.HEAD) + "|"
    for row in watch.rows(found):
        yield "|" + "".join(f" {escape(cell)} |" for cell in row)
    yield ""


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the other parts of the audit say in a sentence, or why they do not apply."""
    titles = (
        ("decomposition", "What the data and the parameters account for"),
        ("attribution", "Which features account for it"),
        ("mitigation", "What could be done"),
    )
    for key, title in titles:
        found = document.get(key)
        if not found:
            continue
        yield f"## {title}"
        yield ""
        if found["status"] == "not_applicable":
            yield f"Not applicable: {escape(found.get('reason'))}"
        for part in (*(found.get("tables") or ()), *(found.get("scales") or ()), found):
            if clean(part.get("sentence")):
                yield f"- {escape(part['sentence'])}"
        yield ""
