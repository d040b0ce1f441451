"""Markdown, for a pull request or a terminal: the verdicts, then each belief's claims as a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.report import words
from toolkit.report.words import clean, decimals, isolated, number, short

SHAPE = {"supported": "●", "refuted": "✕", "inconclusive": "◇", "not_applicable": "–", "error": "▲"}
_ACTIVE = re.compile(r"([\\`*_{}\[\]()<>#+!|~$@:=&-])")


def markdown(document: Mapping[str, Any]) -> str:
    """Return the run document's verdicts as GitHub's Markdown; names from data stay text."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def escape(text: object) -> str:
    r"""Make text inert: no markup, link, mention, table cell, formula or line break comes out of it.

    >>> escape("a|b <img> @all")
    'a\\|b &lt;img&gt; &#64;all'
    """
    flat = " ".join(clean(text).split())
    named = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;", ":": "&#58;", "=": "&#61;", "$": "&#36;"}
    return _ACTIVE.sub(lambda m: named.get(m[1], "-" if m[1] == "-" else f"\\{m[1]}"), isolated(flat))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    provenance, experiments = document["provenance"], document["experiments"]
    yield f"# {escape(document.get('name') or 'Beliefs about model parameters')}"
    yield ""
    yield f"{words.tally([e['ruling'] for e in experiments]).capitalize()}."
    yield ""
    yield "| | Belief | Ruling | In a sentence |"
    yield "|---|---|---|---|"
    for e in experiments:
        belief, said = escape(e["belief"]), escape(e.get("sentence"))
        yield f"| {escape(e['code'])} | {belief} | {_ruling(e['ruling'])} | {said} |"
    yield ""
    for e in experiments:
        yield from _belief(e)
    yield "## Provenance"
    yield ""
    for key in ("command", "seed", "effort", "toolkit", "commit"):
        if provenance.get(key) is not None:
            yield f"- {key}: {escape(provenance[key])}"


def _ruling(ruling: str) -> str:
    return f"{SHAPE[ruling]} {words.RULING[ruling]}"


def _belief(experiment: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {escape(experiment['code'])} {escape(experiment['belief'])}"
    yield ""
    for claim in experiment["claims"]:
        holds = f"{escape(claim['id'])}, holds where {escape(words.prediction(claim))}"
        yield f"**{escape(claim['statement'])}** ({holds})"
        yield ""
        yield escape(words.ruled(claim))
        yield ""
        yield "| Dataset | Ruling | Effect | 95 % interval | Trials |"
        yield "|---|---|---:|---:|---:|"
        places = decimals(claim["margin"])
        for v in (*claim["verdicts"], {**claim["pooled"], "dataset": "all together"}):
            effect = number(v.get("effect"), places, sign=True)
            ends = words.interval(v.get("low"), v.get("high"), places)
            name, trials = escape(v["dataset"]), short(v.get("replicates") or 0)
            yield f"| {name} | {_ruling(v['ruling'])} | {effect} | {ends} | {trials} |"
        yield ""
    for failure in experiment.get("failures") or ():
        status = words.STATUS.get(failure["status"], failure["status"])
        where = f"{escape(failure['dataset'])}, seed {escape(failure['seed'])}"
        yield f"- {where}: {escape(status)}: {escape(failure['reason'])}"
    if experiment.get("failures"):
        yield ""
