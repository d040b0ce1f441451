"""From one dataset's outcomes to one effect per trial, before anything is judged.

A claim that must first choose (the best width, the best rung) is cross-fitted: the choice is made on one half
of the trials and measured on the other, then the halves swap, so that no maximum is judged on the data that
picked it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.records import Claim, NotApplicable, Outcome, Rows

FAULTS = frozenset({"failed", "timeout", "died"})


@dataclass(frozen=True)
class Effects:
    """One number per trial, or why there is none; in the order of the seeds.

    Attributes
    ----------
    reasons : tuple of str
        Empty where there is a number.
    ratio : float or None
        The largest n_test / n_train of any row; None where rows carry no sizes (fresh data per trial).
    faults : int
        Trials that failed, ran out of time or lost their worker.
    error : str
        What the claim's own code raised; empty if nothing.
    """

    values: tuple[float | None, ...]
    reasons: tuple[str, ...]
    ratio: float | None = None
    faults: int = 0
    error: str = ""

    @property
    def why_missing(self) -> str:
        """Say why trials gave no number, the commonest reason first."""
        counts = Counter(reason for reason in self.reasons if reason)
        if len(counts) == 1 and not any(v is not None for v in self.values):
            return next(iter(counts))
        shown = [f"{n} x {reason}" for reason, n in counts.most_common(3)]
        return "; ".join(shown + ["and others"] * (len(counts) > 3))


def effects_of(claim: Claim, outcomes: Mapping[int, Outcome]) -> Effects:
    """Compute a claim's effect for every trial of one dataset.

    Parameters
    ----------
    claim : Claim
    outcomes : mapping of seed to Outcome
        The trials of one experiment on one dataset.

    Returns
    -------
    Effects
        What the claim's code raises becomes `error`, never a crash of the run.
    """
    seeds = sorted(outcomes)
    choices = _choices(claim, [outcomes[seed] for seed in seeds])
    values: list[float | None] = []
    reasons: list[str] = []
    error = ""
    for place, seed in enumerate(seeds):
        value, reason = None, outcomes[seed].reason or outcomes[seed].status
        if outcomes[seed].status == "done":
            try:
                value, reason = _effect(claim, outcomes[seed].rows, choices[place % 2]), ""
            except NotApplicable as why:
                reason = str(why)
            except Exception as fault:
                reason = f"{type(fault).__name__}: {fault}"
                error = error or f"the effect of {claim.id} failed on seed {seed}: {reason}"
        values.append(value)
        reasons.append(reason)
    faults = sum(outcome.status in FAULTS for outcome in outcomes.values())
    return Effects(tuple(values), tuple(reasons), _ratio(outcomes), faults, error)


def _effect(claim: Claim, rows: Rows, choice: Any) -> float:
    if claim.choose is None:
        value = claim.effect(rows)
    elif isinstance(choice, Exception):
        raise choice
    else:
        value = claim.effect(rows, choice)
    if value is None:
        raise NotApplicable("the effect is not defined on this trial")
    if math.isnan(value):
        raise NotApplicable("the effect is not a number")
    return float(value)


def _choices(claim: Claim, outcomes: list[Outcome]) -> tuple[Any, Any]:
    """Return what each half of the trials (even, odd) must use: the choice made by the other half."""
    if claim.choose is None:
        return None, None
    halves = [[o.rows for o in outcomes[half::2] if o.status == "done"] for half in (1, 0)]
    return _choice(claim, halves[0]), _choice(claim, halves[1])


def _choice(claim: Claim, trials: list[Rows]) -> Any:
    """Let the claim choose from one half; what it raises is kept for the trials that need the choice."""
    assert claim.choose is not None
    if not trials:
        return NotApplicable("no trial of the other half to choose from")
    try:
        return claim.choose(Rows(tuple(row for rows in trials for row in rows)))
    except Exception as why:
        return why


def _ratio(outcomes: Mapping[int, Outcome]) -> float | None:
    """Return the largest n_test / n_train of any row: the most overlap, hence the widest interval."""
    ratios = [
        float(row["n_test"]) / float(row["n_train"])  # type: ignore[arg-type]  # row counts by contract
        for outcome in outcomes.values()
        for row in outcome.rows
        if row.get("n_test") and row.get("n_train")
    ]
    return max(ratios, default=None)
