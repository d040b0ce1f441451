"""JUnit XML, for a CI server: a finding is a test case, and what is accepted is skipped with the reason."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from toolkit.gate import words
from toolkit.gate.evaluating import Judged, Outcome
from toolkit.report.words import clean


def junit(outcome: Outcome) -> str:
    """Write an answer as JUnit XML; a gate with nothing to say is one test that passes."""
    root = Element("testsuites", {"name": f"gate of {clean(outcome.name)}"})
    cases = outcome.judged
    waiting = 0 if cases or outcome.exit == 0 else 1
    counts = {
        "tests": max(1, len(cases)),
        "failures": len(outcome.failing),
        "errors": 0,
        "skipped": len(outcome.of("accepted", "open")) + waiting,
    }
    suite = SubElement(root, "testsuite", {"name": "gate", **{k: str(n) for k, n in counts.items()}})
    for key, n in counts.items():
        root.set(key, str(n))
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", {"name": "gate", "value": words.verdict(outcome)})
    for judged in cases:
        _case(suite, judged)
    if not cases:
        case = SubElement(suite, "testcase", {"classname": "gate", "name": "the gate"})
        if waiting:
            SubElement(case, "skipped", {"message": words.verdict(outcome)})
        else:
            SubElement(case, "system-out").text = words.verdict(outcome)
    SubElement(suite, "system-out").text = "\n".join(map(clean, (words.asked(outcome), *outcome.notes)))
    indent(root)
    body: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _case(suite: Element, judged: Judged) -> None:
    word = judged.finding.word if judged.finding else "gone"
    case = SubElement(suite, "testcase", {"classname": f"gate.{word}", "name": clean(judged.key)})
    said, why = clean(words.sentence(judged)), clean(words.why(judged))
    detail = "\n".join(filter(None, (said, why)))
    if judged.failing:
        message = f"{words.WORD[judged.status]}: {said}"
        SubElement(case, "failure", {"message": message, "type": judged.status}).text = detail
    elif judged.status in ("accepted", "open"):
        message = why or words.MEANING[judged.status]
        SubElement(case, "skipped", {"message": message}).text = detail
    else:
        SubElement(case, "system-out").text = detail
