"""Layer A: the rule alone, on replicates of known truth (Gaussian, heavy-tailed, overlapping, flat)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit import catalogue
from toolkit.calibrate.counting import APPROXIMATE, INSIDE, NOMINAL, row, truth
from toolkit.intervals import t_quantile
from toolkit.judge import rule
from toolkit.records import PREDICTIONS, Predicts
from toolkit.worlds import replicates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator, int, int], NDArray[np.float64]]

COUNTS = (8, 20, 25)
NOISE = (0.5, 1.0, 2.0, 4.0)  # standard deviation of a trial's effect, in margins
HEAVY = 1.5  # about the standard deviation by which a trimmed mean of the heavy-tailed worlds varies
SPLITS = 20
TEST = 0.2
RATIO = TEST / (1 - TEST)
PLACES = ("null", "half", "boundary", "2", "2.5", "mde90", "flipped")


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a generator for one world, so that worlds can come and go without changing the others."""
    import numpy as np

    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


@dataclass(frozen=True)
class Noise:
    """Replicates around 0 in units of the margin, one group of equal length per replicate count.

    Attributes
    ----------
    groups : sequence of (noise, standard error)
        Noise of shape (runs, trials), and each run's true standard error as the rule assumes it.
    inside : float
        How often a ruling may be false where the truth lies strictly inside the margin.
    boundary : float
        The same with the truth at the margin or past it.
    power : bool
        Whether 90 % power at MDE90 is required, or only printed.
    """

    name: str
    mode: str
    groups: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
    ratio: float | None = None
    trimmed: bool = False
    inside: float = INSIDE
    boundary: float = NOMINAL
    power: bool = False


def _scaled(
    draw: Draw, rng: np.random.Generator, runs: int, *, counts: Sequence[int] = COUNTS, sd: float = 1.0
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Share the runs among replicate counts, and each count's among the noise levels."""
    import numpy as np

    groups = []
    for place, trials in enumerate(counts):
        share = len(range(place, runs, len(counts)))
        scale = np.resize(NOISE, share)
        sample = draw(rng, share, trials) * scale[:, None]
        groups.append((sample, sd * scale / np.sqrt(trials)))
    return groups


def _split_noise(rng: np.random.Generator, learner: str, runs: int, rows: int, margin: float) -> Noise:
    """Shift the real differences between two equal learners over the splits of simulated tables."""
    import numpy as np

    errors = replicates.splits(rng, learner, tables=runs, rows=rows, trials=SPLITS, test=TEST)
    effects = (errors[:, 0] - errors[:, 1]) / margin
    spread = np.sqrt((effects.var(axis=1, ddof=1)).mean() * (1 / SPLITS + RATIO))
    stable = learner == "nearest centroid"
    return Noise(
        f"splits of a table of {rows} rows, {learner}",
        "fixed table",
        [(effects, np.full(runs, spread))],
        ratio=RATIO,
        # On small tables the standard error is several margins, and "inside" is no safer than "boundary".
        inside=APPROXIMATE if not stable else INSIDE if rows > 1000 else NOMINAL,
        boundary=NOMINAL if stable else APPROXIMATE,
    )


def _noises(runs: int, seed: int) -> Iterator[Noise]:
    """Give every kind of noise the rule meets."""
    groups = _scaled(replicates.gaussian, generator(seed, "gaussian"), runs)
    yield Noise("Gaussian effects", "generator", groups, power=True)
    for name, draw, level in (
        ("Student's t, 3 degrees of freedom", replicates.heavy, NOMINAL),
        ("differences of lognormal errors", replicates.ratio_of_errors, NOMINAL),
        ("skewed lognormal effects", replicates.lognormal, APPROXIMATE),
    ):
        groups = _scaled(draw, generator(seed, name), runs, sd=HEAVY)
        yield Noise(
            name, "generator, trimmed", groups, trimmed=True, inside=max(INSIDE, level / 2), boundary=level
        )
    for learner in replicates.LEARNERS:
        yield _split_noise(generator(seed, learner), learner, runs, 300, 0.02)
    yield _split_noise(generator(seed, "large table"), "nearest centroid", runs, 1500, 0.01)


def generic(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Judge every direction a claim can predict under every kind of noise, at every true effect."""
    for noise in _noises(runs, seed):
        for predicts in PREDICTIONS:
            yield from truths(noise, predicts, predicts, 1.0, PLACES)


def truths(
    noise: Noise, claim: str, predicts: Predicts, margin: float, places: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Judge one noise around true effects from none to well past the margin, in units of `margin`."""
    side = -1.0 if predicts in {"decrease", "no_decrease"} else 1.0
    for place in places:
        power = place == "mde90"
        rulings = [
            rule(
                run * (margin or 1.0) + side * _effect(place, error, run.size) * margin,
                margin=margin,
                predicts=predicts,
                test_train_ratio=noise.ratio,
                trimmed=noise.trimmed,
            ).ruling
            for group, errors in noise.groups
            for run, error in zip(group, errors, strict=True)
        ]
        for text, past in _says(place, predicts):
            level = noise.inside if place in {"null", "half"} else noise.boundary
            yield row(
                f"{noise.name}: {text}",
                claim,
                noise.mode,
                rulings=rulings,
                truth=truth(predicts, past=past),
                rate=level,
                power=power and noise.power,
            )


def _effect(place: str, error: float, trials: int) -> float:
    """Return the true effect in margins, on the side of the margin that decides."""
    if place == "mde90":
        return 1 + (t_quantile(trials - 1, 0.975) + t_quantile(trials - 1, 0.90)) * error
    return {"null": 0.0, "half": 0.5, "boundary": 1.0, "2": 2.0, "2.5": 2.5, "flipped": -2.5}[place]


def _says(place: str, predicts: Predicts) -> list[tuple[str, bool]]:
    """Name the world and say whether its effect counts as past the margin.

    At the margin itself both sides are held to account: as an effect that reaches it (must not be called
    within) and as one that does not pass it (must not be called beyond).
    """
    return {
        "null": [("no effect", False)],
        "half": [("half the margin", False)],
        "boundary": [("at the margin, called within", True), ("at the margin, called beyond", False)],
        "2": [("twice the margin", True)],
        "2.5": [("2.5 margins", True)],
        "mde90": [("the effect it should find (MDE90)", True)],
        "flipped": [("2.5 margins the other way", predicts == "no_change")],
    }[place]


def of_catalogue(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Judge every claim of the catalogue in Gaussian worlds at its own margin, direction and replicates."""
    for group in catalogue.GROUPS:
        for code, experiment in catalogue.experiments(group).items():
            for claim in experiment.claims:
                name = f"{code}/{claim.id}"
                rng = generator(seed, name)
                groups = _scaled(replicates.gaussian, rng, runs, counts=experiment.replicates)
                noise = Noise("Gaussian effects", "generator", groups, power=not claim.trimmed)
                if claim.trimmed:
                    noise = replace(noise, mode="generator, trimmed", trimmed=True)
                places = ("null", "boundary") if claim.margin else ("boundary",)
                yield from truths(noise, name, claim.predicts, claim.margin, places)
                if claim.margin:  # so many claims are held to one limit that 400 runs each are too rough
                    groups = _scaled(replicates.gaussian, rng, 4 * runs, counts=experiment.replicates)
                    fine = replace(noise, groups=groups)
                    yield from truths(fine, name, claim.predicts, claim.margin, ("mde90",))
