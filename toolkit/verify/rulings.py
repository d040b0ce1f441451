"""All rulings of a check again, from the effects in its document and through the one rule that gave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.combine import Answers, headline, pool, withhold
from toolkit.experiment import Experiment
from toolkit.judge import rule
from toolkit.records import BeliefResult, Claim, ClaimResult, Control, Verdict, plain
from toolkit.verify.checked import Check
from toolkit.verify.code import Installed, other_code

# A verdict's own reason also tells why trials are missing, which only the outcomes know.
RULED = (
    "ruling",
    "effect",
    "low",
    "high",
    "low90",
    "high90",
    "replicates",
    "p_for",
    "p_against",
    "mde90",
    "equivalence_margin",
    "settles",
)
CONTROL = ("ruling", "effect", "low", "high", "replicates", "held")
POOLED = (*(name for name in RULED if name not in ("mde90", "equivalence_margin")), "reason")
MEASUREMENT = "the measurement failed, which only the outcomes can show"
# Documents of earlier versions say it of datasets only.
OVERLAP = "the document does not say how much the splits of a control's table overlap"


@dataclass
class Rulings:
    """The lines of the answer that are about rulings."""

    verdicts: Check
    controls: Check
    pooled: Check
    beliefs: Check
    headline: Check
    words: bool

    @classmethod
    def blank(cls, excuse: str, *, words: bool) -> Rulings:
        """Return the lines before anything was checked; a redacted copy leaves words out."""
        return cls(
            Check("verdicts", "Verdicts, from the effects", excuse),
            Check("controls", "Controls, from the effects", excuse),
            Check("pooled", "Claims, from their verdicts and controls", excuse),
            Check("beliefs", "Beliefs, from their claims", excuse),
            Check("headline", "Rulings adjusted over the report", excuse),
            words,
        )

    @property
    def lines(self) -> list[Check]:
        """Return them in order."""
        return [self.verdicts, self.controls, self.pooled, self.beliefs, self.headline]


def rulings(document: Mapping[str, Any], installed: Callable[[str], Installed]) -> list[Check]:
    """Recompute every ruling of a check.

    Parameters
    ----------
    document : mapping
        ``toolkit.check/1``, valid.
    installed : callable (code) -> Installed
        The plug-in of an experiment here, and what may excuse that it says something else.
    """
    excuse = other_code(document["provenance"], "judge")
    lines = Rulings.blank(excuse, words=not document.get("redaction"))
    kinds = {entry["name"]: entry.get("kind") for entry in document["provenance"]["datasets"]}
    results = [_belief(lines, said, kinds, installed(said["code"])) for said in document["experiments"]]
    again = plain(headline(results))
    said = document.get("headline") or {}
    by_claim = {(entry["code"], entry["claim"]): entry for entry in again["rulings"]}
    for entry in said.get("rulings", ()):
        found = by_claim.pop((entry["code"], entry["claim"]), {})
        lines.headline.agree(f"{entry['code']} {entry['claim']}", entry, found, ("ruling", "p", "p_adjusted"))
    for code, claim in by_claim if "rulings" in said else ():
        lines.headline.hold(f"{code} {claim}", False, "it was tested and is missing from the headline")
    if "expected_false" in said:
        lines.headline.agree("all claims", said, again, ("expected_false",))
    return lines.lines


def _belief(
    lines: Rulings, said: Mapping[str, Any], kinds: Mapping[str, Any], installed: Installed
) -> BeliefResult:
    """Recompute one belief's claims, then its own ruling where its rule is here."""
    results = tuple(_claim(lines, said, claim, kinds) for claim in said["claims"])
    ruled = BeliefResult(said["code"], said["ruling"], said.get("sentence", ""), results)
    if not said["claims"] or (said["ruling"] == "not_applicable" and not any(r.verdicts for r in results)):
        lines.beliefs.hold(
            said["code"], said["ruling"] in {"not_applicable", "error"}, "a ruling without any verdict"
        )
    elif installed.experiment is None:
        lines.beliefs.skip(installed.excuse)
    else:
        ruling, sentence = by_its_rule(installed.experiment, results)
        found = {"ruling": ruling, "sentence": sentence}
        names = ("ruling", "sentence") if lines.words else ("ruling",)
        lines.beliefs.agree(said["code"], said, found, names, installed.excuse)
    return ruled


def by_its_rule(experiment: Experiment, results: Sequence[ClaimResult]) -> tuple[str, str]:
    """Return what a belief's own rule makes of its claims."""
    pooled = {r.claim.id: r.pooled for r in results}
    contrasts = {r.claim.id: tuple(withhold(r.claim, v, r.controls) for v in r.verdicts) for r in results}
    try:
        return experiment.rule(Answers(pooled, contrasts))
    except Exception as fault:  # the judge makes a ruling of it, and so must we
        return "error", f"the rule of {experiment.code} failed: {type(fault).__name__}: {fault}"


def _claim(
    lines: Rulings, belief: Mapping[str, Any], said: Mapping[str, Any], kinds: Mapping[str, Any]
) -> ClaimResult:
    """Recompute a claim: each verdict, each control, and what follows for the claim."""
    claim = claim_of(said)
    where = f"{belief['code']} {claim.id}"
    verdicts = []
    for one in said["verdicts"]:
        verdicts.append(again := _again(claim, one, one.get("test_train_ratio")))
        if one["ruling"] == "error":
            lines.verdicts.skip(MEASUREMENT)
        else:
            lines.verdicts.agree(f"{where} on {one['dataset']}", one, plain(again), RULED)
    controls = []
    for one in said.get("controls", ()):
        told = "test_train_ratio" in one
        ratio = one["test_train_ratio"] if told else _overlap(belief, one["dataset"])
        again = _again(claim, one, ratio)
        control = Control(one["dataset"], {claim.id: one["expects"]}, one.get("why", ""))
        controls.append((control, again))
        if one["ruling"] == "error":
            lines.controls.skip(MEASUREMENT)
            continue
        found = plain(again) | {"held": again.ruling == one["expects"]}
        excuse = "" if told or ratio or kinds.get(one["dataset"]) == "world" else OVERLAP
        lines.controls.agree(f"{where} on {one['dataset']} (a control)", one, found, CONTROL, excuse)
    pooled = withhold(claim, pool(claim, verdicts), controls)
    names = POOLED if lines.words else POOLED[:-1]
    lines.pooled.agree(where, said["pooled"], plain(pooled), names)
    return ClaimResult(claim, pooled, tuple(verdicts), tuple(controls))


def _again(claim: Claim, said: Mapping[str, Any], ratio: float | None) -> Verdict:
    """Rule on the effects of a verdict; a failed measurement is taken over: effects do not show it."""
    effects, name = said.get("effects") or [], said.get("dataset", "")
    if said["ruling"] == "error":
        return Verdict(name, "error", reason=said.get("reason", ""), effects=tuple(effects))
    if not effects:
        return Verdict(name, "not_applicable", reason=said.get("reason", ""))
    found = rule(
        effects,
        margin=claim.margin,
        predicts=claim.predicts,
        test_train_ratio=ratio,
        trimmed=claim.trimmed and ratio is None,
        dataset=name,
    )
    # The reason names missing trials too; a pooled reason may quote it.
    return replace(found, reason=said.get("reason", ""))


def _overlap(belief: Mapping[str, Any], dataset: str) -> float | None:
    """Return n_test / n_train of a control that is also one of the datasets; None for worlds."""
    for claim in belief["claims"]:
        for verdict in claim["verdicts"]:
            if verdict["dataset"] == dataset and verdict.get("test_train_ratio"):
                return float(verdict["test_train_ratio"])
    return None


def claim_of(said: Mapping[str, Any]) -> Claim:
    """Return the claim as the document states it; its effect is not code any more and cannot be called."""

    def gone(*_: Any) -> float:
        raise TypeError("a claim read from a document has no effect to compute")

    return Claim(
        said["id"],
        said["statement"],
        gone,
        said["unit"],
        said["predicts"],
        said["margin"],
        quantifier=said.get("quantifier", "universal"),
        stance=said.get("stance", "belief"),
        trimmed=bool(said.get("trimmed")),
    )
