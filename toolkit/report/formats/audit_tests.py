"""JUnit XML of an audit, for a CI server: an attribute is a suite, a gap of the main family a test case.

``shown`` is a failure, ``not_enough_evidence`` and ``not_applicable`` are skipped with their reason,
``small`` passes. Whether the run as a whole failed is the gate's to say: see its property and exit code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from toolkit.report.audit import verdicts, words
from toolkit.report.audit.lookup import main_gaps, rates_of
from toolkit.report.words import clean

OUTCOME = {"shown": "failure", "not_enough_evidence": "skipped", "not_applicable": "skipped"}


def junit(document: Mapping[str, Any]) -> str:
    """Return the audit's run document as JUnit XML."""
    root = Element("testsuites", {"name": clean(document.get("name")) or "toolkit audit"})
    gaps = main_gaps(document)
    for attribute in dict.fromkeys(str(g["attribute"]) for g in gaps):
        _suite(root, document, [g for g in gaps if str(g["attribute"]) == attribute])
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    indent(root)
    body: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(root: Element, document: Mapping[str, Any], gaps: Sequence[Mapping[str, Any]]) -> None:
    found = [OUTCOME.get(g["ruling"], "") for g in gaps]
    counts = {
        "tests": len(found),
        "failures": found.count("failure"),
        "errors": 0,
        "skipped": found.count("skipped"),
    }
    name = clean(gaps[0]["attribute"])
    suite = SubElement(root, "testsuite", {"name": name, **{k: str(v) for k, v in counts.items()}})
    gate = verdicts.gate(document)
    if gate:
        properties = SubElement(suite, "properties")
        SubElement(properties, "property", {"name": "gate", "value": gate.sentence})
    for gap in gaps:
        case = SubElement(suite, "testcase", {"classname": name, "name": clean(gap["metric"])})
        said = f"{words.RULING[gap['ruling']]}: {words.sentence(gap, rates_of(document, gap))}"
        outcome = OUTCOME.get(gap["ruling"])
        if outcome:
            kind = {"type": str(gap["ruling"])} if outcome == "failure" else {}
            SubElement(case, outcome, {"message": said} | kind).text = said
        else:
            SubElement(case, "system-out").text = said
