"""Small run documents for the gate, and what accepts all that they found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from toolkit.gate import Accepted, findings
from toolkit.gate.findings import Finding

TODAY = date(2026, 11, 25)
RULINGS = ("refuted", "supported", "inconclusive", "not_applicable", "error")
GAPS = ("shown", "small", "not_enough_evidence", "not_applicable")
METRICS = ("selection_rate", "true_positive_rate")


def check(*rulings: str, name: str = "misconceptions") -> dict[str, Any]:
    """Return a check of beliefs M001, M002 and so on."""
    return {
        "schema": "toolkit.check/1",
        "name": name,
        "provenance": {"started": "2026-11-24T22:00:00+00:00", "versions": {}, "datasets": []},
        "experiments": [
            {
                "code": f"M{place:03d}",
                "belief": f"Belief {place}.",
                "ruling": ruling,
                "sentence": "So it is.",
                "claims": [],
                "failures": [],
            }
            for place, ruling in enumerate(rulings, 1)
        ],
    }


def gap(attribute: str, ruling: str, value: float = 0.3, half: float = 0.05, **more: Any) -> dict[str, Any]:
    """Return a gap: by default the widest in the selection rate."""
    known = ruling != "not_applicable"
    return {
        "attribute": attribute,
        "attributes": [attribute],
        "metric": "selection_rate",
        "kind": "difference",
        "compare": "widest",
        "family": "widest",
        "highest": "A" if known else None,
        "lowest": "B" if known else None,
        "value": value if known else None,
        "corrected": None,
        "low": value - half if known else None,
        "high": value + half if known else None,
        "low90": value - 0.8 * half if known else None,
        "high90": value + 0.8 * half if known else None,
        "margin": 0.05,
        "ruling": ruling,
        "reason": "" if known else "nobody is there",
    } | more


def audit(*gaps: dict[str, Any], name: str = "loans", gate: bool = True) -> dict[str, Any]:
    """Return an audit whose gate is about all its gaps."""
    members = [{k: g[k] for k in ("attribute", "metric", "ruling")} for g in gaps]
    rulings = [g["ruling"] for g in gaps]
    result = "shown" if "shown" in rulings else "small" if {*rulings} == {"small"} else "open"
    asked = {
        "asked": ["selection_rate:*"],
        "members": members,
        "result": result,
        "exit": {"shown": 1, "small": 0, "open": 4}[result],
    }
    return {
        "schema": "toolkit.audit/1",
        "name": name,
        "provenance": {"started": "2026-11-24T22:00:00+00:00", "versions": {}},
        "data": {"sha256": None},
        "settings": {},
        "decisions": {},
        "groups": [],
        "gaps": list(gaps),
        "gate": asked if gate else None,
        "warnings": [],
    }


def entry(found: Finding, document: dict[str, Any], until: date = TODAY, **more: Any) -> Accepted:
    """Accept one finding."""
    told: dict[str, Any] = {"owner": "the owner", "reason": "known", "run": {"name": document["name"]}}
    return Accepted(
        **(told | {"key": found.key, "until": until, "groups": found.groups} | found.numbers | more)
    )


def everything(document: dict[str, Any], fail_on: Sequence[str], until: date = TODAY) -> list[Accepted]:
    """Accept all that a run found."""
    return [entry(found, document, until) for found in findings(document, fail_on).findings]


days = st.integers(-400, 400).map(lambda n: TODAY + timedelta(days=n))
_sizes = st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 4))
_gaps = st.builds(gap, st.text(max_size=6), st.sampled_from(GAPS), _sizes, st.floats(0.001, 0.3))
audits = st.lists(_gaps, max_size=5, unique_by=lambda g: g["attribute"]).map(lambda found: audit(*found))
checks = st.lists(st.sampled_from(RULINGS), max_size=6).map(lambda found: check(*found))
words_of_check = st.sets(st.sampled_from(("refuted", "supported", "inconclusive", "error")), min_size=1)
words_of_audit = st.sets(st.sampled_from(("gap", "inconclusive")), min_size=1)
runs = st.one_of(st.tuples(checks, words_of_check.map(sorted)), st.tuples(audits, words_of_audit.map(sorted)))
