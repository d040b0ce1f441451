"""From outcomes to verdicts: the one rule that gives every ruling (``plan -> run -> judge``).

A plug-in states and measures; nothing but this file rules. `rule` is public so that anybody can test it
with their own numbers, and `calibrate.py` measures how often it is wrong where the truth is known.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.combine import LEVEL, Answers, headline, pool, withhold
from toolkit.effects import effects_of
from toolkit.experiment import Experiment
from toolkit.intervals import Estimate, estimate, t_quantile
from toolkit.records import (
    PREDICTIONS,
    RULINGS,
    BeliefResult,
    Claim,
    ClaimResult,
    Outcome,
    Predicts,
    Ruling,
    Verdict,
)

__all__ = ["effects_of", "headline", "judge", "rule"]

LEAST = 3
MOST_SPLITS = 25

ByDataset = Mapping[str, Mapping[int, Outcome]]
Test = Callable[[Estimate, float], float]


def _above(e: Estimate, m: float) -> float:
    """Test "beyond +margin": p <= .05 where the 95 % interval lies wholly past it."""
    return min(1.0, 2 * e.p_above(m))


def _below(e: Estimate, m: float) -> float:
    """Test "beyond -margin": p <= .05 where the 95 % interval lies wholly past it."""
    return min(1.0, 2 * e.p_below(-m))


def _under(e: Estimate, m: float) -> float:
    """Test "less than +margin": p <= .05 where the 90 % interval lies below it."""
    return e.p_below(m)


def _over(e: Estimate, m: float) -> float:
    """Test "more than -margin": p <= .05 where the 90 % interval lies above it."""
    return e.p_above(-m)


def _inside(e: Estimate, m: float) -> float:
    """Test "no practical effect": two one-sided tests, both must reject."""
    return max(_under(e, m), _over(e, m))


def _beyond(e: Estimate, m: float) -> float:
    """Test "beyond the margin on either side"; both cannot hold at once, so the smaller p counts."""
    return min(_above(e, m), _below(e, m))


# What supports a claim and what refutes it, by the direction it predicts.
TESTS: dict[Predicts, tuple[Test, Test]] = {
    "increase": (_above, _under),
    "decrease": (_below, _over),
    "no_change": (_inside, _beyond),
    "no_increase": (_under, _above),
    "no_decrease": (_over, _below),
}


def judge(
    experiment: Experiment,
    outcomes: Iterable[Outcome],
    *,
    datasets: Sequence[str] | None = None,
    is_generator: Mapping[str, bool] | None = None,
) -> BeliefResult:
    """Rule on every claim of an experiment, then on its belief.

    Parameters
    ----------
    experiment : Experiment
    outcomes : iterable of Outcome
        Controls' trials among them; those of other experiments are passed over.
    datasets : sequence of str, optional
        What the claims are about in this run. By default every dataset with an outcome that is not there as
        a control only.
    is_generator : mapping of dataset to bool, optional
        Whether each trial drew fresh data. By default it did where the rows carry no n_train and n_test.

    Returns
    -------
    BeliefResult
    """
    found: dict[str, dict[int, Outcome]] = {}
    for outcome in outcomes:
        if outcome.trial.experiment == experiment.code:
            found.setdefault(outcome.trial.dataset, {})[outcome.trial.seed] = outcome
    if datasets is None:
        planted = {c.dataset for c in experiment.controls} - set(experiment.datasets)
        datasets = [name for name in found if name not in planted]
    about = {name: found[name] for name in sorted(datasets) if name in found}
    fresh = is_generator or {}
    results = tuple(_claim_result(experiment, claim, about, found, fresh) for claim in experiment.claims)
    ruling, sentence = _belief(experiment, results)
    return BeliefResult(experiment.code, ruling, sentence, results)


def _claim_result(
    experiment: Experiment, claim: Claim, about: ByDataset, found: ByDataset, fresh: Mapping[str, bool]
) -> ClaimResult:
    """Judge one claim on its datasets and on its controls."""
    names = [name for name in about if not claim.datasets or name in claim.datasets]
    verdicts = tuple(_verdict(claim, name, about[name], fresh.get(name)) for name in names)
    controls = tuple(
        (
            control,
            _verdict(claim, control.dataset, found.get(control.dataset, {}), fresh.get(control.dataset)),
        )
        for control in experiment.controls
        if claim.id in control.expects
    )
    return ClaimResult(claim, withhold(claim, pool(claim, verdicts), controls), verdicts, controls)


def _verdict(claim: Claim, name: str, outcomes: Mapping[int, Outcome], fresh: bool | None) -> Verdict:
    """Judge one claim on one dataset; what went wrong is said, never dropped."""
    if not outcomes:
        return Verdict(name, "not_applicable", reason="it was not run")
    found = effects_of(claim, outcomes)
    nothing = all(value is None for value in found.values)
    error = found.error
    if not error and nothing and 2 * found.faults >= len(outcomes):
        error = found.why_missing
    if not error and fresh is False and found.ratio is None and not nothing:
        error = "rows of a fixed table must carry n_train and n_test, or overlap cannot be allowed for"
    if error:
        kept = tuple(v if v is not None and math.isfinite(v) else None for v in found.values)
        return Verdict(name, "error", reason=error, effects=kept)
    ratio = None if fresh else found.ratio
    verdict = rule(
        found.values,
        margin=claim.margin,
        predicts=claim.predicts,
        test_train_ratio=ratio,
        trimmed=claim.trimmed and ratio is None,
        dataset=name,
    )
    if nothing:
        return replace(verdict, reason=found.why_missing)
    return replace(verdict, reason=_join([part for part in (verdict.reason, found.why_missing) if part]))


def _belief(experiment: Experiment, results: Sequence[ClaimResult]) -> tuple[Ruling, str]:
    """Let the plug-in's rule derive the belief's ruling from its claims."""
    pooled = {r.claim.id: r.pooled for r in results}
    contrasts = {
        r.claim.id: tuple(withhold(r.claim, verdict, r.controls) for verdict in r.verdicts) for r in results
    }
    try:
        ruling, sentence = experiment.rule(Answers(pooled, contrasts))
    except Exception as fault:
        return "error", f"the rule of {experiment.code} failed: {type(fault).__name__}: {fault}"
    if ruling not in RULINGS:
        return "error", f"the rule of {experiment.code} gave {ruling!r}, which is no ruling"
    return ruling, sentence


def rule(
    effects: Sequence[float | None] | NDArray[np.float64],
    *,
    margin: float,
    predicts: Predicts,
    test_train_ratio: float | None = None,
    trimmed: bool = False,
    dataset: str = "",
) -> Verdict:
    """Rule on one claim from one effect per trial.

    An effect is *beyond the margin* where the 95 % interval lies wholly past it, and *of no practical
    size* where the 90 % interval lies inside; otherwise the ruling is inconclusive.

    Parameters
    ----------
    effects : sequence of float or None, shape (trials,)
        In the claim's unit. None or NaN is a trial that gave no effect: it is left out and counted.
    margin : float
        The smallest effect of interest, same unit, not negative.
    predicts : {"increase", "decrease", "no_change", "no_increase", "no_decrease"}
    test_train_ratio : float or None
        n_test / n_train where the trials are splits of one fixed table, which overlap (Nadeau and Bengio's
        corrected t); None where every trial drew fresh data (paired t).
    trimmed : bool
        20 % trimmed mean with Yuen's t, for heavy tails; fresh data only.
    dataset : str
        Copied into the verdict.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If an argument has no meaning, such as a negative margin.

    Examples
    --------
    >>> rule([0.03, 0.05, 0.04, 0.06, 0.05], margin=0.01, predicts="increase").ruling
    'supported'
    """
    values = _checked(effects, margin, predicts, test_train_ratio, trimmed)
    known = values[~np.isnan(values)].tolist()
    verdict = Verdict(
        dataset,
        "inconclusive",
        replicates=len(known),
        effects=tuple(None if math.isnan(v) else v for v in values.tolist()),
        test_train_ratio=test_train_ratio,
    )
    notes = []
    if len(known) < len(values):
        notes.append(f"{len(values) - len(known)} of {len(values)} trials gave no effect and are left out")
    if not known:
        return replace(verdict, ruling="not_applicable", reason=_join(notes or ["no trial was given"]))
    if len(known) < LEAST:
        notes.append(f"{len(known)} of the {LEAST} effects that an interval needs at least")
        return replace(verdict, reason=_join(notes), settles=f"at least {LEAST} trials that give an effect")
    found = estimate(known, ratio=test_train_ratio, trimmed=trimmed)
    if not found.finite:
        infinite = sum(abs(v) == sys.float_info.max for v in known)
        notes.append(f"{infinite} of {len(known)} effects are infinite, so there is no mean to judge")
        settles = "a measure with a cap, so that a trial that diverges takes the cap"
        return replace(verdict, reason=_join(notes), settles=settles)
    if found.se == 0:
        notes.append(f"identical in every trial ({found.effect:.6g}), so the interval has no width")
    return _ruled(verdict, found, margin, predicts, notes)


def _ruled(verdict: Verdict, found: Estimate, margin: float, predicts: Predicts, notes: list[str]) -> Verdict:
    """Add estimate, tests, ruling and what would settle it."""
    p_for, p_against = (test(found, margin) for test in TESTS[predicts])
    ruling: Ruling = "inconclusive"
    if p_for <= LEVEL:
        ruling = "supported"
    elif p_against <= LEVEL:
        ruling = "refuted"
    else:
        notes.append("the interval neither clears the margin nor stays within it")
    (low, high), (low90, high90) = found.interval(0.95), found.interval(0.90)
    t975, t95, t90 = (t_quantile(found.df, p) for p in (0.975, 0.95, 0.90))
    return replace(
        verdict,
        ruling=ruling,
        effect=found.effect,
        low=low,
        high=high,
        low90=low90,
        high90=high90,
        p_for=p_for,
        p_against=p_against,
        mde90=margin + (t975 + t90) * found.se,
        equivalence_margin=(t95 + t95) * found.se,
        reason=_join(notes),
        settles=_settles(found, _past(found.effect, margin, predicts), verdict)
        if ruling == "inconclusive"
        else "",
    )


def _past(effect: float, margin: float, predicts: Predicts) -> float:
    """Return how far the effect lies past the margin that decides the claim; negative if within it."""
    if predicts == "no_change":
        return abs(effect) - margin
    return (effect if predicts in {"increase", "no_increase"} else -effect) - margin


def _settles(found: Estimate, past: float, verdict: Verdict) -> str:
    """Say what would settle an inconclusive ruling, if effect and spread stayed as they are."""
    gap, inside = abs(past), past < 0
    trials, ratio = verdict.replicates, verdict.test_train_ratio
    if found.se == 0 or gap < found.se / 2:
        return "the effect is too near the margin: no feasible number of trials settles it"
    spread = found.se / math.sqrt(1 / trials + (ratio or 0.0))

    def short(n: int, scale: float = 1.0) -> bool:
        reach = t_quantile(n - 1, 0.95 if inside else 0.975) + t_quantile(n - 1, 0.90)
        return reach * spread * math.sqrt((1 / n + (ratio or 0.0)) / scale) > gap

    if ratio is None:
        n = trials + 1
        while short(n):
            n += max(1, n // 50)
        return f"about {n - trials} more trials ({n} in all), if the effect stays {found.effect:.3g}"
    if trials < MOST_SPLITS and not short(MOST_SPLITS):
        return f"{MOST_SPLITS} splits of this table, if the effect stays {found.effect:.3g}"
    factor = 1.1
    while short(max(trials, MOST_SPLITS), factor):
        factor *= 1.1
    return (
        "more splits of this table do not help, since they share its rows; a table about "
        f"{factor:.2g} times as large would, if the effect stays {found.effect:.3g}"
    )


def _checked(
    effects: Any, margin: float, predicts: str, ratio: float | None, trimmed: bool
) -> NDArray[np.float64]:
    """Return the effects as floats, infinities as the largest float, or say what is wrong."""
    try:
        values = np.asarray(effects, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"effects must be one number (or None) per trial: {error}") from None
    if values.ndim != 1:
        raise ValueError(f"effects must be one number per trial, shape (trials,), not {values.shape}")
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin must be a number that is not negative, not {margin}")
    if predicts not in PREDICTIONS:
        raise ValueError(f"predicts must be one of {', '.join(PREDICTIONS)}, not {predicts!r}")
    if ratio is not None and not (math.isfinite(ratio) and ratio > 0):
        raise ValueError(f"test_train_ratio must be positive or None, not {ratio}")
    if trimmed and ratio is not None:
        raise ValueError("a trimmed mean has no corrected t: use it with fresh data per trial only")
    # JSON has no infinity; the largest float rules the same way and lets anybody repeat the ruling.
    return np.clip(values, -sys.float_info.max, sys.float_info.max)


def _join(notes: Sequence[str]) -> str:
    return "; ".join(notes)
