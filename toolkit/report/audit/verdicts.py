"""The first page: one line per gap that is ruled on, the gate, and the warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.lookup import Document, main_gaps, rates_of
from toolkit.report.audit.parts import Gate, Track, Verdict, Warned
from toolkit.report.audit.scales import Gap, gap_marks, gap_track, scale_key
from toolkit.report.claims import anchor
from toolkit.report.tables import Table
from toolkit.report.view import facts
from toolkit.report.words import clean, count, isolated, listed, sentence

ORDER = ("shown", "not_enough_evidence", "small", "not_applicable")
EVIDENCE = 50  # rows of one table of evidence
CHECKS = (
    "scores or decisions that look inverted",
    "a positive class that looks wrong",
    "a feature that leaks the label",
    "a filter or a missing-value rule that changes a ruling",
    "a Simpson reversal under another column",
    "predictions made on training rows",
    "labels known only for the selected",
    "label errors that alone would explain a gap",
    "unequal base rates that force unequal error rates",
    "groups too small to say anything",
    "rulings that a few decisions would undo",
)


def verdicts(document: Document) -> tuple[Verdict, ...]:
    """Return one line per gap of the main family: what is shown first, then what is open."""
    gaps = main_gaps(document)
    tracks = {
        key: gap_track([g for g in gaps if scale_key(g) == key])
        for key in dict.fromkeys(map(scale_key, gaps))
    }
    ordered = sorted(gaps, key=lambda g: ORDER.index(g["ruling"]))
    return tuple(_verdict(document, g, tracks, k) for k, g in enumerate(ordered, 1))


def _verdict(document: Document, gap: Gap, tracks: Mapping[tuple[str, str], Track], place: int) -> Verdict:
    marks = gap_marks(gap)
    said = words.sentence(gap, rates_of(document, gap))
    return Verdict(
        anchor=anchor("gap", place, gap["attribute"], gap["metric"]),
        title=words.subject(gap),
        ruling=str(gap["ruling"]),
        sentence=said.partition(": ")[2],
        notes=tuple(_notes(gap)),
        track=tracks[scale_key(gap)] if marks else None,
        marks=marks,
        label=f"{words.subject(gap)}. {words.RULING[gap['ruling']]}. {said} Shaded is beyond the margin.",
    )


def _notes(gap: Gap) -> Iterator[str]:
    """Yield what a reader of one line must know besides: how to settle it, who is left out."""
    needed = gap.get("rows_needed")
    if gap.get("value") is None:
        pass  # the sentence is the reason itself
    elif gap["ruling"] == "not_enough_evidence":
        if needed and needed.get("sentence"):
            yield f"What would settle it: {clean(needed['sentence'])}"
        elif gap.get("reason"):
            yield clean(gap["reason"])
    elif gap.get("reason") and gap["ruling"] != "not_applicable" and not words.exact(gap):
        yield clean(gap["reason"])
    if gap.get("left_out"):
        who = listed([isolated(clean(name)) for name in gap["left_out"]])
        share = 100 * float(gap.get("left_out_share") or 0)
        yield f"Too few to compare: {who}, {share:.2g} % of people."


def asked(document: Document) -> str:
    """Say in one sentence or two how much was read and which groups are compared."""
    data, n = document["data"], int(document["overall"]["n"])
    used = int((data.get("read") or {}).get("rows") or data["rows"])
    rows = used if data["rows"] is None else int(data["rows"])  # a redacted copy may keep the rest to itself
    text = count(rows, "row") + (" used" if data["rows"] is None else " read")
    held = data.get("held_out")
    if held:
        text += f", {int(held['train']):,} for training, {int(held['calibration']):,} for calibration"
        text += f", {n:,} judged"
    elif used != rows or n != used:
        text += f", {n:,} judged"
    by: dict[tuple[str, ...], int] = {}
    for group in document["groups"]:
        by[tuple(group["attributes"])] = by.get(tuple(group["attributes"]), 0) + 1
    single = [f"{many:,} by {clean(names[0])}" for names, many in by.items() if len(names) == 1]
    crossed = sum(many for names, many in by.items() if len(names) > 1)
    more = f", and {count(crossed, 'intersection')}" if crossed else ""
    return f"{text}. Groups: {listed(single) or 'none'}{more}."


def tally(document: Document) -> str:
    """Count the rulings of the first page and say what a margin is here."""
    gaps = main_gaps(document)
    text = f"Of {count(len(gaps), 'gap')} between groups: {words.tally(gaps)}."
    shares = [g for g in gaps if words.in_points(g["metric"], g["kind"])]
    if shares:
        limit = f"{words.margin(shares[0])} percentage points on"
        text += f" A gap counts from {limit}, the margin of this audit."
    elif gaps:
        text += (
            f" A gap counts from {words.margin(gaps[0])} on, in the metric’s unit: the margin of this audit."
        )
    return text


def remark(document: Document) -> str:
    """Say who stays out of the comparison, and what kind of number these intervals describe."""
    unknown = [clean(g["attribute"]) for g in main_gaps(document) if g.get("missing_left_out")]
    said = []
    if unknown:
        names = listed([*dict.fromkeys(unknown)])
        said.append(f"People whose {names} is not known are shown below but not part of the widest pair.")
    settings = document["settings"]
    if settings.get("census"):
        said.append("The table is taken as the whole population (--census): gaps are facts, not estimates.")
    if settings.get("labels_observed_for"):
        who = clean(settings["labels_observed_for"])
        said.append(f"Labels are known for {who} only, which limits what can be said of error rates.")
    return " ".join(said)


def gate(document: Document) -> Gate | None:
    """Say what the gate was asked, what it answered, and the exit code that follows."""
    found = document.get("gate")
    if not found:
        return None
    members = tuple(
        (str(m["ruling"]), f"{words.metric(m['metric'])} by {clean(m['attribute'])}")
        for m in found.get("members") or ()
    )
    ruling = {"open": "not_enough_evidence"}.get(found["result"], str(found["result"]))
    text = f"{sentence(words.GATE[found['result']])}; the command ended with exit code {found['exit']}."
    return Gate(ruling, text, members)


def warnings(document: Document) -> tuple[Warned, ...]:
    """Return each warning with its evidence; warnings before notes, in the document's order."""
    found = sorted(document.get("warnings") or (), key=lambda w: w.get("level") == "note")
    return tuple(_warned(k, w) for k, w in enumerate(found, 1))


def _warned(place: int, warning: Mapping[str, Any]) -> Warned:
    return Warned(
        anchor=anchor("warning", place, warning["code"]),
        title=clean(warning["title"]),
        text=clean(warning["text"]),
        level="Note" if warning.get("level") == "note" else "Warning",
        evidence=tuple(_evidence(warning.get("evidence") or {})),
        tables=tuple(_tables(warning.get("evidence") or {})),
        silence=clean(warning.get("silence")),
    )


def _evidence(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield names and values; p-values as everywhere else."""
    for key, value in evidence.items():
        if key == "p" or key.startswith("p_"):
            yield _head(key), words.p_value(value)
        elif not _listed(value) and value not in (None, "", [], {}):
            yield from facts({key: value})


def _listed(value: object) -> bool:
    """Whether evidence is a list of alike things, which a table holds better than a sentence."""
    return isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value)


def _tables(evidence: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Yield each list of the evidence as a table; what is nested deeper becomes text in a cell."""
    for key, value in evidence.items():
        if not _listed(value):
            continue
        items = [v for v in value if isinstance(v, Mapping)][:EVIDENCE]
        columns = [*dict.fromkeys(str(k) for item in items for k in item)]
        rows = tuple(tuple(_cell(item, column) for column in columns) for item in items)
        yield clean(key).replace("_", " "), Table(tuple(map(_head, columns)), rows)


def _head(key: str) -> str:
    if key == "p" or key.startswith("p_"):
        return clean(key).replace("_value", "").replace("_", ", ")
    return clean(key).replace("_", " ")


def _cell(item: Mapping[str, Any], column: str) -> str:
    value = item.get(column)
    if column == "p" or column.startswith("p_"):
        return words.p_value(value)
    if _listed(value):
        return "; ".join(dict(facts({"": v}))[""] for v in value or ())
    return dict(facts({"": value}))[""]


def warned(document: Document) -> str:
    """Say how many warnings fired, or that none did and what was looked for."""
    found: Sequence[Mapping[str, Any]] = document.get("warnings") or ()
    silenced = [clean(code) for code in document.get("silenced") or ()]
    hushed = f" Silenced by the user: {listed(silenced)}." if silenced else ""
    if not found:
        looked = "; ".join(_checks(document))
        return f"No warning fired. Looked for, where the table allows it: {looked}.{hushed}"
    notes = sum(w.get("level") == "note" for w in found)
    parts = [count(len(found) - notes, "warning")] if len(found) > notes else []
    parts += [count(notes, "note")] if notes else []
    return f"{listed(parts)}, to be read before anything is concluded.{hushed}"


def _checks(document: Document) -> Sequence[str]:
    listed_there = document.get("warnings_checked") or ()
    named = [
        clean(c.get("title") or c.get("code")) if isinstance(c, Mapping) else clean(c) for c in listed_there
    ]
    return named or CHECKS
