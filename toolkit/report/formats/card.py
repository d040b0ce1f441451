"""A model card in Hugging Face's style: Markdown under YAML, with only what the run document holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.report.formats import card_tables
from toolkit.report.formats.card_tables import metric_name, text
from toolkit.report.words import short

_LIBRARIES = {"sklearn": "sklearn", "xgboost": "xgboost", "fairlearn": "fairlearn"}
# The Hub's names for metrics; others are left out of the index rather than given a name of ours.
_HUB = {
    "accuracy": "accuracy",
    "precision": "precision",
    "true_positive_rate": "recall",
    "roc_auc": "roc_auc",
}
_PRINTABLE = re.compile(r"[ -~]+")


def card(document: Mapping[str, Any]) -> str:
    """Return an audit's run document as a model card; names from data stay text."""
    sections = (
        _details,
        _audited,
        _data,
        card_tables.groups,
        card_tables.gaps,
        card_tables.accounts,
        card_tables.options,
        card_tables.lenses,
        _limits,
        _repeat,
    )
    lines = [*_front(document), "", f"# {text(document.get('name') or 'A fairness audit')}", ""]
    lines += ["Written by `toolkit audit` from one run; every figure is in its `run.json`.", ""]
    for section in sections:
        found = list(section(document))
        if found:
            lines += [f"## {found[0]}", "", *found[1:], ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def quoted(text: object) -> str:
    r"""Return text as a YAML scalar in double quotes that any YAML reader gives back unchanged.

    >>> print(quoted('a: "b"\n# c'))
    "a: \"b\"\x0A# c"
    """

    def safe(char: str) -> str:
        code = ord(char)
        if char in '"\\':
            return "\\" + char
        if 0x20 <= code < 0x7F:
            return char
        return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"

    return '"' + "".join(safe(char) for char in str(text)) + '"'


def _front(document: Mapping[str, Any]) -> Iterator[str]:
    decisions, data = document.get("decisions") or {}, document.get("data") or {}
    overall = document.get("overall") or {}
    task = "tabular-classification" if overall.get("counts") else "tabular-regression"
    estimator = str((decisions.get("recipe") or {}).get("estimator") or "")
    library = _LIBRARIES.get(estimator.partition(".")[0])
    yield "---"
    yield "tags:"
    yield from ("- fairness", "- audit", *([f"- {task}"] if overall else []))
    if library:
        yield f"library_name: {library}"
    metrics = overall.get("metrics") or {}
    values = {hub: (metrics.get(name) or {}).get("value") for name, hub in _HUB.items()}
    known = {hub: value for hub, value in values.items() if value is not None and math.isfinite(value)}
    if known:
        yield "metrics:"
        yield from (f"- {hub}" for hub in known)
        yield "model-index:"
        yield f"- name: {quoted(document.get('name') or '')}"
        yield "  results:"
        yield "  - task:"
        yield f"      type: {task}"
        yield "    dataset:"
        yield f"      name: {quoted(data.get('label') or data.get('path') or '')}"
        yield f"      type: {quoted(data.get('format') or 'table')}"
        yield "    metrics:"
        for hub, value in known.items():
            yield f"    - type: {hub}"
            yield f"      value: {float(value)!r}"
    yield "---"


def _details(document: Mapping[str, Any]) -> Iterator[str]:
    decisions = document.get("decisions") or {}
    yield "Model details"
    if decisions.get("sentence"):
        yield from (text(decisions["sentence"]), "")
    model, recipe = decisions.get("model") or {}, decisions.get("recipe") or {}
    yield from _facts(
        ("Predictions come from", decisions.get("source")),
        ("Column", decisions.get("column")),
        ("Model", model.get("description") or model.get("kind")),
        ("SHA-256 of the model file", model.get("sha256")),
        ("Types in the model file", ", ".join(map(str, model.get("types") or ()))),
        ("Recipe", recipe.get("estimator")),
        ("Parameters set", _settings(recipe.get("parameters") or {})),
        ("Threshold", decisions.get("threshold")),
    )


def _audited(document: Mapping[str, Any]) -> Iterator[str]:
    decisions, settings = document.get("decisions") or {}, document.get("settings") or {}
    yield "What was audited"
    yield from _facts(
        ("Target", decisions.get("target")),
        ("Positive value", decisions.get("positive")),
        ("Negative value", decisions.get("negative")),
        ("Sensitive attributes", ", ".join(_singles(document))),
        ("Metrics", ", ".join(metric_name(metric) for metric in settings.get("metrics") or ())),
        ("Margin for differences", settings.get("margin")),
        ("Margin for ratios", settings.get("ratio_margin")),
        ("Smallest group compared", settings.get("min_group")),
        ("Labels observed only for", settings.get("labels_observed_for")),
        ("The table is", "the whole population" if settings.get("census") else "a sample"),
    )


def _data(document: Mapping[str, Any]) -> Iterator[str]:
    data = document.get("data") or {}
    held_out = data.get("held_out") or {}
    yield "Evaluation data"
    yield from _facts(
        ("Table", data.get("label") or data.get("path")),
        ("SHA-256", data.get("sha256")),
        ("Rows read", data.get("rows")),
        ("Rows used", (data.get("read") or {}).get("rows")),
        ("Weights", data.get("weight")),
        ("Clusters", data.get("cluster")),
        ("Held out", ", ".join(f"{part} {short(rows)}" for part, rows in held_out.items())),
    )
    dropped = [
        f"{short(entry.get('rows'))} rows: {text(entry.get('reason'))}" for entry in data.get("dropped") or ()
    ]
    if dropped:
        yield from ("", "Dropped:", "", *(f"- {line}" for line in dropped))
    if data.get("notes"):
        yield from ("", *(f"- {text(note)}" for note in data["notes"]))


def _limits(document: Mapping[str, Any]) -> Iterator[str]:
    warnings, silenced = document.get("warnings") or (), document.get("silenced") or ()
    yield "Limitations"
    if not warnings:
        yield "No warning was raised." if not silenced else "No warning is shown."
    for warning in warnings:
        note = "" if warning.get("level") == "warning" else " (a note)"
        yield f"- **{text(warning['title'])}**{note}: {text(warning['text'])}"
    if silenced:
        yield from ("", f"Silenced by the person who ran it: {text(', '.join(map(str, silenced)))}.")
    notes = [
        note
        for section in ("decomposition", "attribution", "mitigation")
        for note in (document.get(section) or {}).get("notes") or ()
    ]
    if notes:
        yield from ("", *(f"- {text(note)}" for note in dict.fromkeys(notes)))


def _repeat(document: Mapping[str, Any]) -> Iterator[str]:
    provenance = document.get("provenance") or {}
    command = " ".join(str(provenance.get("command") or "").split())
    yield "How to repeat"
    if command:
        # In a code block nothing is active, but only plain text is sure to be read there as it is.
        yield f"    {command}" if _PRINTABLE.fullmatch(command) else text(command)
        yield ""
    versions = ", ".join(f"{name} {version}" for name, version in (provenance.get("versions") or {}).items())
    yield from _facts(
        ("Seed", provenance.get("seed")), ("Commit", provenance.get("commit")), ("Versions", versions)
    )


def _singles(document: Mapping[str, Any]) -> list[str]:
    groups = document.get("groups") or ()
    return list(dict.fromkeys(a for g in groups if len(g["attributes"]) == 1 for a in g["attributes"]))


def _settings(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in parameters.items())


def _facts(*facts: tuple[str, Any]) -> Iterator[str]:
    for name, value in facts:
        if value is not None and value != "":
            yield f"- {name}: {text(short(value))}"
