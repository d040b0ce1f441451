"""SARIF 2.1.0, for code scanning and editors: gaps and warnings of an audit, claims of a check as results.

A result's *kind* says what was found and its *level* how much it matters; the standard allows a level only
where something was found (OASIS SARIF 2.1.0, 3.27.9 and 3.27.10). So a shown gap is an error, a gap shown to
be small passes, and one without enough evidence is *open*: "insufficient information to decide".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

from toolkit.report import words
from toolkit.report.audit import verdicts
from toolkit.report.audit import words as audit_words
from toolkit.report.audit.lookup import rates_of
from toolkit.report.validation import is_audit
from toolkit.report.words import clean, isolated

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LOCATION = "run.json"  # the results are about a run; it stands beside this file
GAP = {
    "shown": ("fail", "error"),
    "small": ("pass", "none"),
    "not_enough_evidence": ("open", "none"),
    "not_applicable": ("notApplicable", "none"),
}
GATE = {"shown": GAP["shown"], "small": GAP["small"], "open": GAP["not_enough_evidence"]}
CLAIM = {
    "supported": ("pass", "none"),
    "refuted": ("fail", "warning"),
    "inconclusive": ("open", "none"),
    "not_applicable": ("notApplicable", "none"),
    "error": ("fail", "error"),
}
GAP_NUMBERS = (
    *("value", "corrected", "low", "high", "low90", "high90", "p_value", "p_adjusted", "p_margin"),
    *("p_margin_adjusted", "margin"),
)
CLAIM_NUMBERS = ("effect", "low", "high", "low90", "high90", "replicates", "p_for", "p_against")
_ACTIVE = re.compile(r"([\\\[\]])")  # what could begin a link inside a message
Document = Mapping[str, Any]


def sarif(document: Document) -> str:
    """Return a run document as one SARIF log; names from data stay text."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(document)]}
    return dumps(log, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def text(said: object) -> str:
    r"""Return a message in which nothing is a link or a placeholder.

    >>> text("[a](b) {0}")
    '\\[a\\](b) {{0}}'
    """
    flat = isolated(" ".join(clean(said).split()))
    return _ACTIVE.sub(r"\\\1", flat).replace("{", "{{").replace("}", "}}")


def _run(document: Document) -> dict[str, Any]:
    audit = is_audit(document)
    found = list(_audit(document) if audit else _check(document))
    rules = {rule["id"]: rule for rule, _ in found}
    places = {name: place for place, name in enumerate(rules)}
    made = document["provenance"]
    version = (made.get("versions") or {}).get("toolkit") or made.get("toolkit")
    name = "audit" if audit else "check"
    return {
        "tool": {
            "driver": {
                "name": "toolkit",
                "organization": "misconception-toolkit",
                **({"version": clean(version)} if version else {}),
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": f"toolkit/{name}/"},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(document)],
        "artifacts": [{"location": {"uri": LOCATION}, "roles": ["resultFile"]}],
        "results": [_result(rule, result, places[rule["id"]]) for rule, result in found],
        "properties": {"name": clean(document.get("name")), "seed": made.get("seed")},
    }


def _result(rule: Mapping[str, Any], result: dict[str, Any], place: int) -> dict[str, Any]:
    """Complete a result: which rule, where, and a fingerprint that later runs of the same question share."""
    about = result.pop("about")
    digest = hashlib.sha256("\0".join(map(str, (rule["id"], *about))).encode("utf-8", "replace")).hexdigest()
    name = clean(" / ".join(map(str, about))) or rule["id"]
    return {
        "ruleId": rule["id"],
        "ruleIndex": place,
        **result,
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": LOCATION, "index": 0}},
                "logicalLocations": [{"name": name, "kind": "member"}],
            }
        ],
        "partialFingerprints": {"question/v1": digest},
    }


def _invocation(document: Document) -> dict[str, Any]:
    """Say how the run was made; trials that failed are notifications of the tool, not findings."""
    failures = [
        {
            "level": "error",
            "message": {
                "text": text(
                    f"{e['code']} on {clean(f['dataset'])}, seed {f['seed']}: "
                    f"{words.STATUS.get(f['status'], f['status'])}: {clean(f['reason'])}"
                )
            },
        }
        for e in document.get("experiments") or ()
        for f in e.get("failures") or ()
    ]
    done: dict[str, Any] = {
        "executionSuccessful": not failures,
        "commandLine": clean(document["provenance"].get("command")),
        "toolExecutionNotifications": failures,
    }
    gate = document.get("gate")
    return done | ({"exitCode": gate["exit"]} if gate else {})


def _rule(name: str, title: str, about: str, level: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": text(title)},
        "fullDescription": {"text": text(about or title)},
        "defaultConfiguration": {"level": level},
    }


Found = tuple[dict[str, Any], dict[str, Any]]


def _audit(document: Document) -> Iterator[Found]:
    gate = verdicts.gate(document)
    if gate:
        kind, level = GATE[document["gate"]["result"]]
        rule = _rule("gate", "The gate", "Gaps that were asked to be shown to be small.", "error")
        members = [f"{label}: {audit_words.RULING[ruling]}" for ruling, label in gate.members]
        said = f"{gate.sentence} {'; '.join(members)}".strip()
        numbers = {
            "result": document["gate"]["result"],
            "asked": [clean(a) for a in document["gate"]["asked"]],
        }
        yield rule, _said(kind, level, said, (), numbers)
    for gap in document["gaps"]:
        yield _gap(document, gap)
    for warning in document["warnings"]:
        level = "note" if warning.get("level") == "note" else "warning"
        rule = _rule(f"warning/{warning['code']}", warning["title"], warning["title"], level)
        numbers = {"silence": clean(warning.get("silence"))}
        yield rule, _said("fail", level, f"{warning['title']}: {warning['text']}", (), numbers)


def _gap(document: Document, gap: Mapping[str, Any]) -> Found:
    name = f"gap/{gap['metric']}/{gap['kind']}"
    about = audit_words.EXPLAINED.get(gap["metric"], "")
    title = f"{gap['kind'].capitalize()} in {audit_words.measure(gap['metric'])} between groups"
    kind, level = GAP[gap["ruling"]]
    said = audit_words.sentence(gap, rates_of(document, gap))
    numbers = {key: gap[key] for key in GAP_NUMBERS if gap.get(key) is not None}
    facts = {key: clean(gap[key]) for key in ("attribute", "compare", "highest", "lowest") if gap.get(key)}
    subject = f"{audit_words.RULING[gap['ruling']]}: by {clean(gap['attribute'])}. {said}"
    named = (gap["attribute"], gap["compare"], *((gap["highest"],) if gap["compare"] != "widest" else ()))
    return _rule(name, title, f"{title}: {about}", "error"), _said(
        kind, level, subject, named, {"ruling": gap["ruling"], **facts, **numbers}
    )


def _check(document: Document) -> Iterator[Found]:
    for e in document["experiments"]:
        for claim in e["claims"]:
            ruling = claim["pooled"]["ruling"]
            kind, level = CLAIM[ruling]
            rule = _rule(
                f"{clean(e['code'])}/{clean(claim['id'])}", e["belief"], claim["statement"], "warning"
            )
            said = f"{e['belief']} {claim['statement']} {words.ruled(claim)}"
            numbers: dict[str, Any] = {
                key: claim["pooled"][key] for key in CLAIM_NUMBERS if claim["pooled"].get(key) is not None
            }
            facts = {"ruling": ruling, "stance": claim.get("stance"), "margin": claim["margin"]}
            facts["datasets"] = {clean(v["dataset"]): v["ruling"] for v in claim["verdicts"]}
            yield rule, _said(kind, level, said, (), facts | numbers)


def _said(
    kind: str, level: str, said: str, about: tuple[Any, ...], properties: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "level": level,
        "message": {"text": text(said)},
        "about": about,
        "properties": properties,
    }
