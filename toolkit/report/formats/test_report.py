"""JUnit XML, for a CI server: a belief is a suite, a claim a test case.

``refuted`` is a failure, ``error`` an error, ``inconclusive`` and ``not_applicable`` are skipped with their
reason, ``supported`` passes. A refuted *belief* is what we hope to find, so a case says whose claim it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from toolkit.report import words
from toolkit.report.words import clean

OUTCOME = {"refuted": "failure", "error": "error", "inconclusive": "skipped", "not_applicable": "skipped"}


def junit(document: Mapping[str, Any]) -> str:
    """Return the run document as JUnit XML."""
    root = Element("testsuites", {"name": clean(document.get("name")) or "toolkit check"})
    for experiment in document["experiments"]:
        _suite(root, experiment)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    indent(root)
    body: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(root: Element, experiment: Mapping[str, Any]) -> None:
    found = [OUTCOME.get(c["pooled"]["ruling"], "") for c in experiment["claims"]]
    counts = {
        "tests": len(found),
        "failures": found.count("failure"),
        "errors": found.count("error"),
        "skipped": found.count("skipped"),
    }
    code = clean(experiment["code"])
    name = f"{code} {clean(experiment['belief'])}"
    suite = SubElement(root, "testsuite", {"name": name, **{k: str(v) for k, v in counts.items()}})
    for claim in experiment["claims"]:
        stance = words.STANCE[claim.get("stance") or "belief"]
        case = SubElement(suite, "testcase", {"classname": code, "name": f"{clean(claim['id'])} ({stance})"})
        ruling, said = claim["pooled"]["ruling"], words.ruled(claim)
        lines = [f"{clean(v['dataset'])}: {_line(v, claim)}" for v in claim["verdicts"]]
        detail = "\n".join([clean(claim["statement"]), said, *lines])
        if ruling in OUTCOME:
            attributes = {"message": said} | ({} if OUTCOME[ruling] == "skipped" else {"type": ruling})
            SubElement(case, OUTCOME[ruling], attributes).text = detail
        else:
            SubElement(case, "system-out").text = detail


def _line(verdict: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    effect = words.effect(verdict, words.decimals(claim["margin"]))
    return f"{words.RULING[verdict['ruling']].lower()} {effect} {clean(verdict.get('reason'))}".strip()
