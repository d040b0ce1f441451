"""Pairs of run documents with planted differences, made from the fixtures of the reports."""

from __future__ import annotations

import copy
from typing import Any

import audit_fixture
import fixture

SEEDS = range(20)
OLD_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def check() -> dict[str, Any]:
    """Return a check whose trials carry their seeds, without the belief whose names attack."""
    found = fixture.document()
    found["experiments"] = found["experiments"][:4]
    for experiment in found["experiments"]:
        _seeded(experiment)
    return found


def _seeded(experiment: dict[str, Any], start: int = 0) -> None:
    names = dict.fromkeys(v["dataset"] for c in experiment["claims"] for v in c["verdicts"])
    experiment["outcomes"] = [
        {"dataset": name, "seed": start + seed, "status": "done", "reason": ""}
        for name in names
        for seed in SEEDS
    ]


def hashed() -> dict[str, Any]:
    """Return the same check, with a hash for every dataset."""
    found = check()
    used = {v["dataset"] for e in found["experiments"] for c in e["claims"] for v in c["verdicts"]}
    used |= {v["dataset"] for e in found["experiments"] for c in e["claims"] for v in c["controls"]}
    digests = {name: f"{place:064x}" for place, name in enumerate(sorted(used), 1)}
    found["provenance"]["datasets"] = [{"name": name, "sha256": digest} for name, digest in digests.items()]
    return found


def pooled(document: dict[str, Any], code: str, claim: str) -> dict[str, Any]:
    """Return a claim's pooled verdict."""
    found: dict[str, Any] = claim_of(document, code, claim)["pooled"]
    return found


def claim_of(document: dict[str, Any], code: str, name: str) -> dict[str, Any]:
    """Return one claim."""
    experiment = next(e for e in document["experiments"] if e["code"] == code)
    found: dict[str, Any] = next(c for c in experiment["claims"] if c["id"] == name)
    return found


def verdict_of(document: dict[str, Any], code: str, name: str, dataset: str) -> dict[str, Any]:
    """Return a claim's verdict on one dataset."""
    found: dict[str, Any] = next(
        v for v in claim_of(document, code, name)["verdicts"] if v["dataset"] == dataset
    )
    return found


def shift(verdict: dict[str, Any], by: float, wobble: float = 0.0) -> None:
    """Move all of a verdict's numbers, its trials by a little more or less each."""
    for key in ("effect", "low", "high", "low90", "high90"):
        verdict[key] += by
    effects = verdict["effects"]
    verdict["effects"] = [e + by + wobble * fixture.WAVE[39 - k] for k, e in enumerate(effects)]


def changed() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two checks: another numpy moved M002 on digits far, on wine by a hair; M004 claims otherwise."""
    old, new = hashed(), hashed()
    new["provenance"] |= {"started": "2026-11-24T09:30:00+00:00"}
    new["provenance"]["versions"] = {"numpy": "2.5.0", "scikit-learn": "1.9.1"}
    moved = verdict_of(new, "M002", "never-worse", "digits")
    shift(moved, -0.119, wobble=0.004)
    moved["ruling"] = "supported"
    shift(verdict_of(new, "M002", "never-worse", "wine"), 0.001, wobble=0.001)
    pooled(new, "M002", "never-worse")["ruling"] = "inconclusive"
    new["experiments"][0]["ruling"] = "inconclusive"
    renamed = claim_of(new, "M004", "useful")
    renamed |= {"id": "harmless", "statement": "Updating the trained model costs nothing on the old target."}
    return old, new


def reseeded() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two checks that differ in the seed alone, with trials of their own."""
    old, new = hashed(), hashed()
    new["provenance"]["seed"] = 1000
    for experiment in new["experiments"]:
        _seeded(experiment, start=1000)
        for claim in experiment["claims"]:
            for verdict in claim["verdicts"]:
                if verdict["effect"] is not None:
                    shift(verdict, 0.001)
    return old, new


def audits() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two audits of different tables: the gap by race closed, a group and a warning came."""
    old, new = audit_fixture.document(), audit_fixture.document()
    new["data"]["sha256"] = "c" * 64
    new["data"]["files"][0]["sha256"] = "c" * 64
    new["data"]["rows"] = 2400
    new["data"]["columns"].remove("income")
    first = new["gaps"][0]
    for key in ("value", "corrected", "low", "high", "low90", "high90"):
        first[key] -= 0.2
    first |= {"low": 0.0, "low90": 0.0, "ruling": "not_enough_evidence", "lowest": "Hispanic"}
    extra = copy.deepcopy(new["groups"][1])
    extra["attributes"] = {"race": "Asian"}
    new["groups"].append(extra)
    new["warnings"] = [
        {"code": "small-groups", "title": "A group is small", "text": "", "evidence": {}}
        | {"silence": "--silence small-groups", "level": "warning"}
    ]
    return old, new
