"""SARIF 2.1.0 of the gate: its findings beside what was accepted, as a baseline and as suppressions.

Each result has a `baselineState` (OASIS SARIF 2.1.0, 3.27.24), the lock file being the baseline: "new" what
nobody accepted, "updated" what got worse, "unchanged" what is as it was accepted, "absent" what is gone. What
is accepted is suppressed (3.35): kind "external", for it stands in a file of its own, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from json import dumps, loads
from typing import Any

from toolkit.gate import words
from toolkit.gate.evaluating import Judged, Outcome, Status
from toolkit.report.formats import sarif as of_run
from toolkit.report.formats.sarif import text
from toolkit.report.words import clean

STATE: dict[Status, str] = {
    "new": "new",
    "worse": "updated",
    "expired": "unchanged",
    "open": "new",
    "accepted": "unchanged",
    "gone": "absent",
}
RULES = {
    "refuted": "A belief is refuted",
    "supported": "A belief is supported",
    "inconclusive": "The evidence is not enough for a ruling",
    "error": "A ruling is withheld",
    "gap": "A gap beyond its margin is shown",
    "change": "Something changed since the baseline",
    "alarm": "An alarm of the watch stands",
    "open": "The evidence is not enough to answer the gate",
    "gone": "An accepted finding no longer occurs",
}


def sarif(outcome: Outcome, document: Mapping[str, Any]) -> str:
    """Write an answer as one SARIF log: the run's own, with the gate's findings for results."""
    log = loads(of_run(document))
    run = log["runs"][0]
    names = [*dict.fromkeys(map(_word, outcome.judged))]
    run["tool"]["driver"]["rules"] = [_rule(name) for name in names]
    run["automationDetails"] = {"id": f"toolkit/gate/{outcome.kind}/"}
    run["invocations"][0]["exitCode"] = outcome.exit
    location = run["artifacts"][0]["location"]["uri"]
    run["results"] = [_result(judged, names, location) for judged in outcome.judged]
    run["properties"] |= {"gate": text(words.verdict(outcome)), "notes": [*map(text, outcome.notes)]}
    return dumps(log, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _word(judged: Judged) -> str:
    return judged.finding.word if judged.finding else "gone"


def _rule(name: str) -> dict[str, Any]:
    level = "none" if name in ("open", "gone") else "error"
    title = {"text": RULES[name]}
    return {
        "id": f"gate/{name}",
        "shortDescription": title,
        "fullDescription": title,
        "defaultConfiguration": {"level": level},
    }


def _result(judged: Judged, names: list[str], location: str) -> dict[str, Any]:
    kind, level = {"open": ("open", "none"), "gone": ("pass", "none")}.get(judged.status, ("fail", "error"))
    word, subject = _word(judged), judged.key.rpartition(" ")[0]
    digest = hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest()
    said = ": ".join(filter(None, (words.WORD[judged.status], words.sentence(judged), words.why(judged))))
    place = {
        "physicalLocation": {"artifactLocation": {"uri": location, "index": 0}},
        "logicalLocations": [{"name": clean(judged.key), "kind": "member"}],
    }
    numbers = judged.finding.numbers if judged.finding else {}
    return {
        "ruleId": f"gate/{word}",
        "ruleIndex": names.index(word),
        "kind": kind,
        "level": level,
        "message": {"text": text(said)},
        "locations": [place],
        "partialFingerprints": {"finding/v1": digest},
        "baselineState": STATE[judged.status],
        "suppressions": _suppressions(judged),
        "properties": {"key": clean(judged.key), "status": judged.status, **numbers},
    }


def _suppressions(judged: Judged) -> list[dict[str, Any]]:
    """Say what is suppressed; an empty list says that a result was looked at and is not (3.27.23)."""
    entry = judged.entry
    if judged.status != "accepted" or entry is None:
        return []
    facts = {"owner": clean(entry.owner), "until": entry.until.isoformat()}
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": clean(entry.reason),
            "properties": facts,
        }
    ]
