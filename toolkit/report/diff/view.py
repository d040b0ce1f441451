"""Everything a comparison says, as plain data from which text, Markdown and HTML are laid out alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from toolkit.report import words as common
from toolkit.report.audit import words as audit_words
from toolkit.report.diff import causes, words
from toolkit.report.diff.parts import DiffView, GroupView, InputView, RowView
from toolkit.report.words import NOTHING, clean, count, listed

Found = Mapping[str, Any]


def view(found: Found) -> DiffView:
    """Compute the view of a comparison (`compare`)."""
    audit = found["kind"] == "audit"
    names = dict.fromkeys(clean(found[side]["name"]) for side in ("old", "new"))
    return DiffView(
        kind=found["kind"],
        title=f"What changed: {' and '.join(names)}",
        identical=found["identical"],
        no_change=words.no_change(found),
        lead=words.summary(found),
        crossed=words.crossed(found),
        attribution=causes.attribution(found),
        sides=_sides(found),
        differing=tuple(
            _input(entry) for entry in found["inputs"] if entry["state"] != "same" or entry["changes"]
        ),
        alike=_alike(found),
        tally=tuple((word, found["counts"][word]) for word in words.WORD),
        groups=tuple(_attributes(found) if audit else _beliefs(found)),
        appeared=tuple(_listed(item) for item in found["appeared"]),
        vanished=tuple(_listed(item) for item in found["vanished"]),
        others=tuple(_others(found)),
        rates=tuple(_rate(rate) for rate in found["rates"]),
    )


def _sides(found: Found) -> tuple[tuple[str, str, str], ...]:
    """Return what each run was, as rows of a table: name, before, after."""
    old, new = found["old"], found["new"]
    wanted: dict[str, Callable[[Found], str]] = {
        "Run": lambda side: clean(side["name"]),
        "Started": lambda side: words.when(side["started"]),
        "Commit": lambda side: words.commit(side["commit"]),
        "Seed": lambda side: clean(side["seed"]),
        "Effort": lambda side: clean(side["effort"]),
        "Rulings": lambda side: _tally(found["kind"], side["rulings"]),
        "Command": lambda side: clean(side["command"]),
    }
    if found["kind"] == "audit":
        wanted.pop("Effort")
    return tuple((name, write(old), write(new)) for name, write in wanted.items())


def _tally(kind: str, rulings: Mapping[str, int]) -> str:
    known = audit_words.RULING if kind == "audit" else common.RULING
    return (
        listed([f"{rulings[key]} {word.lower()}" for key, word in known.items() if rulings.get(key)])
        or "none"
    )


def _input(entry: Found) -> InputView:
    changes = tuple(
        (
            "" if c["what"] == entry["kind"] else clean(c["what"]),
            words.value(c["what"], c["before"]),
            words.value(c["what"], c["after"]),
        )
        for c in entry["changes"]
    )
    return InputView(words.KIND[entry["kind"]], entry["state"], changes, clean(entry["note"]))


def _alike(found: Found) -> str:
    kinds = [causes.CAUSE[e["kind"]] for e in found["inputs"] if e["state"] == "same"]
    if found["kind"] == "audit":
        kinds = [kind for kind in kinds if kind != causes.CAUSE["effort"]]
    return f"The same in both: {listed(kinds)}." if kinds else ""


def _beliefs(found: Found) -> Iterable[GroupView]:
    for belief in found["beliefs"]:
        rows = tuple(
            _row(found, row, clean(row["name"]), _dataset(row["dataset"]))
            for row in found["rows"]
            if row["code"] == belief["code"]
        )
        was, now = belief["before"], belief["after"]
        code, title = clean(belief["code"]), clean(belief["belief"])
        yield GroupView(title, code, was, now, belief["ruling_changed"], rows)


def _attributes(found: Found) -> Iterable[GroupView]:
    for attribute in dict.fromkeys(row["attribute"] for row in found["rows"]):
        own = [row for row in found["rows"] if row["attribute"] == attribute]
        metrics = [*dict.fromkeys(row["metric"] for row in own)]
        own.sort(key=lambda row: (row["kind"] == "ratio", metrics.index(row["metric"])))
        rows = tuple(_row(found, row, _metric(row), _compared(row)) for row in own)
        yield GroupView(clean(attribute), "", "", "", False, rows)


def _dataset(name: str) -> str:
    return "all datasets" if name == "pooled" else clean(name)


def _metric(row: Found) -> str:
    name = audit_words.metric(row["metric"])
    return f"{name}, as a ratio" if row["kind"] == "ratio" else name


def _compared(row: Found) -> str:
    pair = row["after"] if row["after"]["highest"] else row["before"]
    if row["compare"] == "widest":
        return "widest gap"
    return f"{clean(pair['highest'])} against {clean(pair['lowest'])}"


def _row(found: Found, row: Found, name: str, where: str) -> RowView:
    stands_out = row["ruling_changed"] or row["word"] == "changed"
    told = row["attribution"]["follows"] == found["attribution"]["follows"]  # said once for all rows
    return RowView(
        name=name,
        about=clean(row.get("statement")),
        where=where,
        was=row["before"]["ruling"],
        now=row["after"]["ruling"],
        ruling_changed=row["ruling_changed"],
        before=words.size(row, row["before"]),
        after=words.size(row, row["after"]),
        change=words.moved(row),
        margin=words.margin(row),
        word=row["word"],
        how=words.how(row),
        note=words.note(row),
        because=causes.because(row["attribution"]) if stands_out and not told else "",
        scaled=_scaled(row),
    )


def _scaled(row: Found) -> dict[str, float | None] | None:
    """Write a change in units of its margin; the smaller margin, where the two runs differ."""
    change, ratio = row["change"], row["kind"] == "ratio"
    bounds = [abs(math.log(m)) if ratio and m > 0 else abs(m) for m in row["margin"].values()]
    bound = min(bounds)
    if change is None or not bound:
        return None
    keys = ("value", "low", "high", "low90", "high90")
    values = {k: change[k] for k in keys}
    if ratio:
        values = {k: None if v is None else math.log(v) for k, v in values.items()}
    return {k: None if v is None else v / bound for k, v in values.items()}


def _listed(item: Found) -> tuple[str, str, str]:
    """Return what came or went: its kind, its name, what is said of it."""
    what, path = item["what"], [clean(part) for part in item["name"]]
    if what == "gap":
        attribute, metric, kind, compare, first, second = path
        pair = "widest" if compare == "widest" else f"{first} against {second}"
        name = f"{audit_words.metric(metric)} by {attribute}, {pair}" + ", as a ratio" * (kind == "ratio")
        return words.WHAT[what], name, words.ruling("audit", item["text"]).lower()
    if what == "dataset":
        said = words.ruling("check", item["text"]).lower()
        return words.WHAT[what], f"{path[0]} {path[1]} on {path[2]}", said
    if what == "group":
        return words.WHAT[what], " & ".join(path), count(int(item["text"]), "row")
    if what == "alarm":
        return words.WHAT[what], f"{audit_words.metric(path[1])} by {path[0]}", clean(item["text"])
    if what == "warning":
        return words.WHAT[what], path[0], clean(item["text"])
    return words.WHAT[what], " ".join(path), clean(item["text"])


def _others(found: Found) -> Iterable[tuple[str, str, str]]:
    """Yield what else differs: the gate, controls, trials, parts; as what, before, after."""
    gate = found["gate"]
    if gate and gate["before"] != gate["after"]:
        yield "Gate", words.GATE[gate["before"]], words.GATE[gate["after"]]
    for control in found["controls"]:
        of = f"Control {clean(control['dataset'])} of {clean(control['code'])} {clean(control['claim'])}"
        before, after, planted = (
            words.ruling("check", control[key]).lower() for key in ("before", "after", "expects")
        )
        yield f"{of}, planted as {planted}", before, after
    for trials in found["trials"]:
        yield f"Trials of {clean(trials['code'])}", _trials(trials["before"]), _trials(trials["after"])
    for part in found["parts"]:
        before, after = (clean(part[side] or "absent").replace("_", " ") for side in ("before", "after"))
        yield common.sentence(clean(part["part"])), before, after


def _trials(counts: Mapping[str, int]) -> str:
    texts = [
        f"{n:,} {common.STATUS.get(status, status)}" for status, n in counts.items() if status != "total"
    ]
    return listed(texts) or "none"


def _rate(rate: Found) -> tuple[str, ...]:
    """Return a group's rate as a row: attribute, group, metric, before, after, change."""
    metric, change = rate["metric"], rate["change"]
    sides = []
    for side in (rate["before"], rate["after"]):
        text = audit_words.rate(metric, side["value"])
        people = f" of {side['n']:,.0f}" if side.get("n") else ""
        sides.append(text + people if side["value"] is not None else NOTHING)
    moved = NOTHING
    if change:
        row = {"change": change, "kind": "difference", "metric": metric, "margin": {"after": None}}
        moved = words.moved(row)
    return clean(rate["attribute"]), clean(rate["group"]), audit_words.metric(metric), *sides, moved
