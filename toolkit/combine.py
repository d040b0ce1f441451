"""From verdicts on single datasets to what is said of a claim, a belief and a whole report.

"Holds on all" needs every contrast and falls with one counter-example; "holds somewhere" needs one example
and falls with all. Whatever one contrast out of several may decide is corrected by Holm's procedure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toolkit.intervals import estimate, holm, random_effects
from toolkit.records import BeliefResult, Claim, Control, Quantifier, Ruling, Verdict

LEVEL = 0.05
POOL_FROM = 5


@dataclass(frozen=True)
class Combined:
    """A ruling over several contrasts, with the p-values that say the same and the reason in words."""

    ruling: Ruling
    reason: str
    p_for: float | None = None
    p_against: float | None = None


def combine(verdicts: Iterable[Verdict], quantifier: Quantifier) -> Combined:
    """Combine contrasts under a quantifier.

    Parameters
    ----------
    verdicts : iterable of Verdict
        Contrasts to which the claim does not apply are left out; one that failed or has too few trials
        counts as a contrast that decides nothing.
    quantifier : {"universal", "existential"}
        Universal: refuted if one contrast refutes after Holm, supported only if all support.
        Existential: supported if one contrast supports after Holm, refuted only if all refute.
    """
    given = list(verdicts)
    contrasts = [v for v in given if v.ruling != "not_applicable"]
    if not contrasts:
        reasons = dict.fromkeys(v.reason for v in given if v.reason)
        return Combined("not_applicable", "; ".join(reasons) or "not run on any dataset that it is about")
    if all(v.ruling == "error" for v in contrasts):
        return Combined("error", "; ".join(dict.fromkeys(v.reason for v in contrasts)))
    one, every = ("p_against", "p_for") if quantifier == "universal" else ("p_for", "p_against")
    by_one: Ruling = "refuted" if quantifier == "universal" else "supported"
    by_all: Ruling = "supported" if quantifier == "universal" else "refuted"
    adjusted = holm([_p(v, one) for v in contrasts])
    together = max(_p(v, every) for v in contrasts)
    p = {one: min(adjusted), every: together}
    deciding = [v.dataset for v, a in zip(contrasts, adjusted, strict=True) if a <= LEVEL]
    skipped = len(given) - len(contrasts)
    note = f"; not applicable to {skipped} more" if skipped else ""
    k = len(contrasts)
    if deciding:
        where = ", ".join(dict.fromkeys(deciding))
        reason = f"{by_one} on {where}" + (
            f" (Holm over {k} contrasts: p = {min(adjusted):.2g})" if k > 1 else ""
        )
        return Combined(by_one, reason + note, **p)
    if together <= LEVEL:
        reason = f"{by_all} on {'each of ' * (k > 1)}{k} contrast{'s' * (k > 1)}"
        return Combined(by_all, reason + note, **p)
    return Combined("inconclusive", _tally(contrasts) + note, **p)


def _p(verdict: Verdict, side: str) -> float:
    value: float | None = getattr(verdict, side)
    return 1.0 if value is None else value


def _tally(contrasts: Sequence[Verdict]) -> str:
    """Say how many contrasts gave which ruling."""
    rulings = [v.ruling for v in contrasts]
    parts = [f"{rulings.count(r)} {r}" for r in dict.fromkeys(sorted(rulings))]
    return f"of {len(contrasts)} contrast{'s' * (len(contrasts) > 1)}: {', '.join(parts)}"


def pool(claim: Claim, verdicts: Sequence[Verdict]) -> Verdict:
    """Give a claim its ruling over datasets, with a pooled effect only where one makes sense."""
    found = combine(verdicts, claim.quantifier)
    pooled = Verdict(
        "pooled",
        found.ruling,
        replicates=sum(v.replicates for v in verdicts),
        reason=found.reason,
        p_for=found.p_for,
        p_against=found.p_against,
        settles="; ".join(f"{v.dataset}: {v.settles}" for v in verdicts if v.settles)
        if found.ruling == "inconclusive"
        else "",
    )
    measured = [v for v in verdicts if v.effect is not None]
    if not measured:
        return pooled
    why_not = ""
    if len(measured) < POOL_FROM:
        why_not = (
            f"no pooled effect, since {len(measured)} of the {POOL_FROM} datasets it needs were measured"
        )
    elif len({v.test_train_ratio is None for v in measured}) > 1:
        why_not = "no pooled effect, since fresh data and splits of fixed tables are never mixed"
    if why_not:
        return replace(pooled, reason=f"{pooled.reason}; {why_not}")
    mean, _ = random_effects(
        [
            estimate(
                [e for e in v.effects if e is not None],
                ratio=v.test_train_ratio,
                trimmed=claim.trimmed and v.test_train_ratio is None,
            )
            for v in measured
        ]
    )
    (low, high), (low90, high90) = mean.interval(0.95), mean.interval(0.90)
    return replace(pooled, effect=mean.effect, low=low, high=high, low90=low90, high90=high90)


def withhold(claim: Claim, verdict: Verdict, controls: Sequence[tuple[Control, Verdict]]) -> Verdict:
    """Take a ruling back where a control did not come out as planted.

    A control with the opposite ruling makes it an error; one that decided nothing leaves at most
    "inconclusive", because the measurement has not shown that it could have found the truth.
    """
    wrong: list[str] = []
    weak: list[str] = []
    for control, got in controls:
        expected = control.expects[claim.id]
        if got.ruling == expected:
            continue
        text = f"{control.dataset} should be {expected} and was {got.ruling}"
        if got.ruling in {"not_applicable", "error"}:
            text += f" ({got.reason})"
        (wrong if got.ruling in {"supported", "refuted"} else weak).append(text)
    if wrong:
        reason = f"withheld: a control came out wrong: {'; '.join(wrong)} (without it: {verdict.ruling})"
        return replace(verdict, ruling="error", reason=reason, p_for=None, p_against=None)
    if weak and verdict.ruling in {"supported", "refuted"}:
        reason = f"the control lacked power: {'; '.join(weak)} (without it: {verdict.ruling})"
        return replace(verdict, ruling="inconclusive", reason=reason, p_for=None, p_against=None)
    return verdict


@dataclass(frozen=True)
class Answers:
    """What a belief's rule may ask (`experiment.Rulings`); contrasts of withheld claims decide nothing."""

    pooled: Mapping[str, Verdict]
    contrasts: Mapping[str, Sequence[Verdict]]

    def ruling(self, claim: str) -> Ruling:
        """Return the pooled ruling of one claim."""
        return self.pooled[claim].ruling

    def universal(self, *claims: str) -> Ruling:
        """Combine all contrasts of the claims: one counter-example refutes, all must support."""
        return combine((v for claim in claims for v in self.contrasts[claim]), "universal").ruling

    def existential(self, *claims: str) -> Ruling:
        """Combine all contrasts of the claims: one example supports, all must refute."""
        return combine((v for claim in claims for v in self.contrasts[claim]), "existential").ruling


@dataclass(frozen=True)
class HeadlineRuling:
    """One claim's pooled ruling with its p-value, raw and adjusted over the whole report."""

    code: str
    claim: str
    ruling: Ruling
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class Headline:
    """All pooled rulings of a report, and how many of them may be expected to be false at most."""

    rulings: tuple[HeadlineRuling, ...]
    expected_false: float


def headline(results: Iterable[BeliefResult]) -> Headline:
    """Adjust the pooled rulings of a report for their number.

    The smaller of a claim's two p-values is its raw one: at most one of its two tests has a true null. Each
    claim that was tested may be ruled falsely with a probability of at most 5 %.
    """
    tested = [
        (result.code, found.claim.id, found.pooled)
        for result in results
        for found in result.claims
        if found.pooled.p_for is not None and found.pooled.p_against is not None
    ]
    raw = [min(_p(v, "p_for"), _p(v, "p_against")) for _, _, v in tested]
    rulings = tuple(
        HeadlineRuling(code, claim, v.ruling, p, adjusted)
        for (code, claim, v), p, adjusted in zip(tested, raw, holm(raw), strict=True)
    )
    return Headline(rulings, LEVEL * len(rulings))
