"""Counting false rulings against what is accepted; one row per world of known truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from toolkit.records import PREDICTIONS, Predicts, Ruling

# How often a ruling may be false. At the boundary the "within" side errs 5 % by design; strictly inside it is
# rarer. Where the procedure is an approximation (unstable learners on overlapping splits, skewed effects) we
# accept up to twice the nominal level, and print what was measured.
NOMINAL, INSIDE, APPROXIMATE = 0.05, 0.015, 0.10
FULL = 400


@lru_cache
def quantile(runs: int, rate: float, level: float) -> int:
    """Return the smallest count that Binomial(runs, rate) stays within with probability `level`.

    31 of 400 and 67 of 1,000 at a rate of 5 % and a level of 99 %, 12 of 400 at 1.5 %.
    """
    from scipy.special import bdtr

    return next(k for k in range(runs + 1) if bdtr(k, runs, rate) >= level)


def row(
    world: str,
    claim: str,
    mode: str,
    *,
    rulings: Sequence[Ruling],
    truth: Ruling,
    rate: float,
    power: bool = False,
) -> dict[str, Any]:
    """Count the rulings of one world.

    Parameters
    ----------
    truth : {"supported", "refuted"}
    rate : float
        How often a ruling may be false; the bound is its one-sided 1 % limit.
    power : bool
        Whether the truth must be found: 351 of 400, the one-sided 5 % limit of 90 % power, or that share.
    """
    decided: list[Ruling] = [ruling for ruling in rulings if ruling in {"supported", "refuted"}]
    found = decided.count(truth)
    return {
        "world": world,
        "claim": claim,
        "mode": mode,
        "runs": len(rulings),
        "false_rulings": len(decided) - found,
        "found": found,
        **_accepted(len(rulings), rate, power=power),
    }


def _accepted(runs: int, rate: float, *, power: bool) -> dict[str, Any]:
    """Return the most false rulings accepted and, where power is required, the fewest findings.

    Power is printed but not required of fewer than 400 runs, whose counts are too rough over many worlds.
    """
    least = -(-351 * runs // FULL) if power and runs >= FULL else None
    return {"bound": quantile(runs, rate, 0.99), "least_found": least, "accepted_rate": rate}


def digest(worlds: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add up worlds that differ only in the direction predicted or in the claim of one experiment."""
    families: dict[tuple[str, str, str, float], list[dict[str, Any]]] = {}
    for world in worlds:
        key = (world["world"], _family(world["claim"]), world["mode"], world["accepted_rate"])
        families.setdefault(key, []).append(world)
    return [
        {
            "world": name,
            "claim": claim,
            "mode": mode,
            **{count: sum(w[count] for w in members) for count in ("runs", "false_rulings", "found")},
            **_accepted(
                sum(w["runs"] for w in members),
                rate,
                power=all(w["least_found"] is not None for w in members),
            ),
        }
        for (name, claim, mode, rate), members in families.items()
    ]


def _family(claim: str) -> str:
    code, slash, _ = claim.partition("/")
    if slash:
        return f"every claim of {code}"
    return "any direction" if claim in PREDICTIONS else claim


def truth(predicts: Predicts, *, past: bool) -> Ruling:
    """Say how a claim must be ruled if the effect is past its margin, or is not."""
    return "supported" if past == (predicts in {"increase", "decrease"}) else "refuted"
