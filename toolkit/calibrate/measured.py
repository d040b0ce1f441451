"""The rule on the effects of a real run, recentred to a known truth: their own spread, skew and outliers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.counting import APPROXIMATE
from toolkit.calibrate.replicate import Noise, generator, truths
from toolkit.intervals import estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_TRIALS = 8


@dataclass(frozen=True)
class _Measured:
    """One verdict of a run whose trials drew fresh data, and differ."""

    name: str
    claim: Mapping[str, Any]
    centred: NDArray[np.float64]


def of_run(document: Mapping[str, Any], runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Resample each claim's own effects around no effect and around its margin.

    Only verdicts on fresh data: splits of one table overlap, which resampling them as if they were
    independent would hide. The spread is that of the run, so the true centre is known exactly.

    Parameters
    ----------
    document : mapping
        A run document (``run.json`` of a check).
    """
    import numpy as np

    for found in _verdicts(document):
        rng = generator(seed, found.name)
        trials = len(found.centred)
        sample = found.centred[rng.integers(0, trials, (runs, trials))]
        spread = np.full(runs, found.centred.std(ddof=1) / np.sqrt(trials))
        margin = float(found.claim["margin"])
        noise = Noise(
            "effects of the run, resampled",
            "generator, trimmed" if found.claim.get("trimmed") else "generator",
            [(sample / (margin or 1.0), spread / (margin or 1.0))],
            trimmed=bool(found.claim.get("trimmed")),
            inside=APPROXIMATE,
            boundary=APPROXIMATE,
        )
        places = ("null", "boundary", "mde90") if margin else ("boundary",)
        yield from truths(noise, found.name, found.claim["predicts"], margin, places)


def _verdicts(document: Mapping[str, Any]) -> Iterator[_Measured]:
    import numpy as np

    for experiment in document["experiments"]:
        for claim in experiment["claims"]:
            for verdict in claim["verdicts"]:
                effects = [e for e in verdict["effects"] if e is not None]
                if verdict.get("test_train_ratio") is not None or len(effects) < LEAST_TRIALS:
                    continue
                found = estimate(effects, trimmed=bool(claim.get("trimmed")))
                if found.finite and found.se > 0:
                    name = f"{experiment['code']}/{claim['id']} on {verdict['dataset']}"
                    yield _Measured(name, claim, np.array(effects) - found.effect)
