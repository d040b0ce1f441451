"""Flat curves with noise: what a claim that chooses finds where there is nothing to find."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from toolkit import catalogue
from toolkit.calibrate.counting import APPROXIMATE, INSIDE, NOMINAL, row, truth
from toolkit.calibrate.replicate import COUNTS, RATIO, SPLITS, TEST, generator
from toolkit.effects import effects_of
from toolkit.judge import rule
from toolkit.records import Claim, Outcome, Predicts, Rows, Ruling, Trial
from toolkit.worlds import replicates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUNGS = 8
NOISE = (0.5, 1.0, 2.0)  # standard deviation of one rung's error over trials, in margins


def _means(rows: Rows) -> list[float]:
    """Return the mean error of every rung."""
    total = [0.0] * RUNGS
    for item in rows:
        total[int(item["rung"])] += float(item["error"])  # type: ignore[arg-type]  # numbers by construction
    return [RUNGS * t / len(rows) for t in total]


def best_interior(rows: Rows) -> int:
    """Choose the rung with the lowest mean error, the top one left out."""
    means = _means(rows)[:-1]
    return means.index(min(means))


def top_against(rows: Rows, rung: int) -> float:
    """Return how much worse the top rung is than the one chosen."""
    return float(rows.items[-1]["error"]) - float(rows.items[rung]["error"])  # type: ignore[arg-type]  # numbers


def largest_step(rows: Rows) -> int:
    """Choose the step with the largest mean rise."""
    means = _means(rows)
    steps = [b - a for a, b in pairwise(means)]
    return steps.index(max(steps))


def rise(rows: Rows, step: int) -> float:
    """Return the rise at the step chosen."""
    return float(rows.items[step + 1]["error"]) - float(rows.items[step]["error"])  # type: ignore[arg-type]  # numbers


SHAPES = {
    "top against the best rung below": (best_interior, top_against),
    "the largest step": (largest_step, rise),
}


def flat(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Judge claims that choose, on flat curves: fresh data, then splits of one table."""
    for shape in SHAPES:
        for predicts in ("no_increase", "increase", "no_change"):
            claim = _claim(shape, f"{shape}: {predicts}", predicts, 1.0)
            yield _judged(claim, "generator", _fresh(generator(seed, claim.id), runs), INSIDE)
        yield from _at_the_margin(shape, runs, seed)
    for learner in replicates.LEARNERS:
        rng = generator(seed, "flat", learner)
        curves = replicates.splits(
            rng, learner, tables=runs, rows=300, trials=SPLITS, test=TEST, arms=RUNGS
        ).transpose(0, 2, 1)
        claim = _claim("top against the best rung below", f"{learner}: no_increase", "no_increase", 0.02)
        level = NOMINAL if learner == "nearest centroid" else APPROXIMATE
        yield _judged(claim, "fixed table", list(curves), level)


def _at_the_margin(shape: str, runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Judge curves on which every choice has an effect of exactly one margin.

    The two halves of a cross-fit are not quite independent: where both choose the same contrast by chance,
    both err the same way, and the interval is up to a fifth too narrow. The rate is measured here and
    accepted up to twice the nominal one.
    """
    lift = [float(rung) if shape == "the largest step" else float(rung == RUNGS - 1) for rung in range(RUNGS)]
    claim = _claim(shape, f"{shape}: no_increase", "no_increase", 1.0)
    curves = [curve + lift for curve in _fresh(generator(seed, "margin", shape), runs)]
    rulings = _rulings(claim, "generator", curves)
    for past, called in ((True, "within"), (False, "beyond")):
        yield row(
            f"a curve at the margin for every choice, called {called}",
            claim.id,
            "generator",
            rulings=rulings,
            truth=truth(claim.predicts, past=past),
            rate=APPROXIMATE,
        )


def of_catalogue(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Judge a flat curve at the margin, direction and replicates of every claim that chooses."""
    for group in catalogue.GROUPS:
        for code, experiment in catalogue.experiments(group).items():
            for claim in experiment.claims:
                if claim.choose is not None:
                    name = f"{code}/{claim.id}"
                    shape = _claim("top against the best rung below", name, claim.predicts, claim.margin)
                    curves = _fresh(generator(seed, "flat", name), runs, experiment.replicates)
                    yield _judged(shape, "generator", curves, INSIDE if claim.margin else NOMINAL)


def _claim(shape: str, name: str, predicts: Predicts, margin: float) -> Claim:
    choose, effect = SHAPES[shape]
    return Claim(name, f"{shape}, on a flat curve", effect, "error", predicts, margin, choose=choose)


def _fresh(
    rng: np.random.Generator, runs: int, counts: tuple[int, ...] = COUNTS
) -> list[NDArray[np.float64]]:
    """Draw flat curves in units of the margin, shape (trials, rungs) each."""
    return [
        rng.standard_normal((counts[run % len(counts)], RUNGS)) * NOISE[run // len(counts) % len(NOISE)]
        for run in range(runs)
    ]


def _judged(claim: Claim, mode: str, curves: list[NDArray[np.float64]], level: float) -> dict[str, Any]:
    return row(
        "a flat curve",
        claim.id,
        mode,
        rulings=_rulings(claim, mode, curves),
        truth=truth(claim.predicts, past=False),
        rate=level,
    )


def _rulings(claim: Claim, mode: str, curves: list[NDArray[np.float64]]) -> list[Ruling]:
    """Cross-fit the choice and judge the claim on each curve."""
    fixed = mode == "fixed table"
    unit = 1.0 if fixed else claim.margin or 1.0
    rulings: list[Ruling] = []
    for curve in curves:
        found = effects_of(claim, _outcomes(curve * unit))
        verdict = rule(
            found.values,
            margin=claim.margin,
            predicts=claim.predicts,
            test_train_ratio=RATIO if fixed else None,
        )
        rulings.append(verdict.ruling)
    return rulings


def _outcomes(curve: NDArray[np.float64]) -> dict[int, Outcome]:
    """Write one error per trial and rung as the rows of outcomes."""
    return {
        seed: Outcome(
            Trial("flat", "flat", seed, "standard"),
            "done",
            Rows(tuple({"rung": rung, "error": error} for rung, error in enumerate(errors))),
        )
        for seed, errors in enumerate(curve.tolist())
    }
