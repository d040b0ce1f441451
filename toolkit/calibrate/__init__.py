"""How often the rule is wrong where the truth is known: `toolkit calibrate`.

Layer A gives the judge's own rule replicates of known truth: Gaussian effects at the noise and the replicate
counts of real runs, heavy tails for the trimmed mean, real overlapping splits of simulated tables, and flat
curves for claims that choose. Layer B runs whole experiments, from rows to the belief. A ruling is *false*
where it says something other than inconclusive and contradicts the truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from toolkit.calibrate import curves, replicate, whole
from toolkit.calibrate.counting import digest
from toolkit.calibrate.measured import of_run

SUMMARY = Path(__file__).parent.with_name("calibration.json")
LEAST_RUNS = 50
Layer = Literal["a", "b", "all"]

__all__ = ["SUMMARY", "calibrate", "digest", "exceeded", "of_run", "summary"]


def calibrate(runs: int = 400, seed: int = 0, layer: Layer = "a") -> list[dict[str, Any]]:
    """Measure the false rulings of the judge in worlds of known truth.

    Parameters
    ----------
    runs : int
        Simulated claims per world, at least 50.
    layer : {"a", "b", "all"}
        The rule on replicates, whole experiments through the judge, or both.

    Returns
    -------
    list of dict
        One per world: ``world``, ``claim``, ``mode``, ``runs``, ``false_rulings``, ``found`` (rulings that
        say the truth), ``bound`` (the most false rulings accepted) and ``least_found`` (None where no power
        is required) and ``accepted_rate``, the share of false rulings that the bound allows for.

    Raises
    ------
    ValueError
        If there are too few runs to tell 5 % from 10 %.
    """
    if runs < LEAST_RUNS:
        raise ValueError(f"runs must be at least {LEAST_RUNS}, not {runs}: fewer cannot tell 5 % from 10 %")
    rules = (replicate.generic, curves.flat, replicate.of_catalogue, curves.of_catalogue)
    parts = {"a": rules, "b": (whole.experiments,), "all": (*rules, whole.experiments)}[layer]
    return [world for part in parts for world in part(runs, seed)]


def exceeded(worlds: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the worlds with more false rulings than accepted, or less power than required."""
    return [w for w in worlds if w["false_rulings"] > w["bound"] or w["found"] < (w["least_found"] or 0)]


def summary() -> list[dict[str, Any]]:
    """Return the committed rates: the digest of ``calibrate(layer="all")``, empty if there is none."""
    if not SUMMARY.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(SUMMARY.read_text(encoding="utf-8"))
    return found
