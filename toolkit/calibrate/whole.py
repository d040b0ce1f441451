"""Layer B: whole experiments of known truth, from rows through controls and datasets to the belief."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.counting import NOMINAL, row
from toolkit.calibrate.curves import best_interior, top_against
from toolkit.calibrate.replicate import TEST, generator
from toolkit.experiment import Experiment, Rulings
from toolkit.judge import judge
from toolkit.records import Claim, Control, Outcome, Rows, Ruling, Trial
from toolkit.worlds import replicates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARMS = 8
ROWS = 300
TRIALS = 20
MARGIN = 0.02
LEARNER = "nearest centroid"
HARM = 0.12  # the planted effect, at a trial's standard deviation of about 0.06
CONTROLS = 20
SIZES = {"n_train": round(ROWS * (1 - TEST)), "n_test": round(ROWS * TEST)}


def _harm(rows: Rows) -> float:
    """Return how much worse the last arm is than the first."""
    return float(rows.items[-1]["error"]) - float(rows.items[0]["error"])  # type: ignore[arg-type]  # numbers


def _belief(rulings: Rulings) -> tuple[Ruling, str]:
    return rulings.universal("never-worse", "never-worse-than-the-best"), "follows from both claims"


EXPERIMENT = Experiment(
    code="CAL1",
    belief="The last learner is never worse than another.",
    measure=lambda *_: (),
    datasets=("first", "second"),
    claims=(
        Claim("never-worse", "It is not worse than the first.", _harm, "error", "no_increase", MARGIN),
        Claim("always-worse", "It is worse than the first.", _harm, "error", "increase", MARGIN),
        Claim("somewhere-worse", "Somewhere it is worse.", _harm, "error", "increase", MARGIN, "existential"),
        Claim(
            "never-worse-than-the-best",
            "It is not worse than the best of the others, chosen on other trials.",
            top_against,
            "error",
            "no_increase",
            MARGIN,
            choose=best_interior,
        ),
    ),
    controls=(
        Control(
            "harmed",
            {
                "never-worse": "refuted",
                "always-worse": "supported",
                "somewhere-worse": "supported",
                "never-worse-than-the-best": "refuted",
            },
            "the last learner errs more often by construction",
        ),
    ),
    rule=_belief,
)

# The truth of every claim where all learners are equal, and where the last is worse on the second dataset.
TRUTHS: dict[str, tuple[float, dict[str, Ruling]]] = {
    "all learners are equal": (
        0.0,
        {
            "never-worse": "supported",
            "always-worse": "refuted",
            "somewhere-worse": "refuted",
            "never-worse-than-the-best": "supported",
            "the belief": "supported",
        },
    ),
    "one is worse on one of two datasets": (
        HARM,
        {
            "never-worse": "refuted",
            "always-worse": "refuted",
            "somewhere-worse": "supported",
            "never-worse-than-the-best": "refuted",
            "the belief": "refuted",
        },
    ),
}


def experiments(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Judge whole experiments on fresh data and on splits of fixed tables."""
    planted = [
        _outcomes("harmed", errors, HARM, fixed=False)
        for errors in _errors(generator(seed, "controls"), CONTROLS, fixed=False)
    ]
    for mode in ("generator", "fixed table"):
        fixed = mode == "fixed table"
        tables = [_errors(generator(seed, mode, name), runs, fixed=fixed) for name in EXPERIMENT.datasets]
        for world, (harm, truths) in TRUTHS.items():
            rulings: dict[str, list[Ruling]] = {name: [] for name in truths}
            for run, (first, second) in enumerate(zip(*tables, strict=True)):
                result = judge(
                    EXPERIMENT,
                    [
                        *_outcomes("first", first, 0.0, fixed=fixed),
                        *_outcomes("second", second, harm, fixed=fixed),
                        *planted[run % CONTROLS],
                    ],
                )
                for found in result.claims:
                    rulings[found.claim.id].append(found.pooled.ruling)
                rulings["the belief"].append(result.ruling)
            for name, truth in truths.items():
                yield row(
                    f"whole experiment: {world}",
                    name,
                    mode,
                    rulings=rulings[name],
                    truth=truth,
                    rate=NOMINAL,
                )


def _errors(rng: np.random.Generator, runs: int, *, fixed: bool) -> NDArray[np.float64]:
    """Train on splits of one table or on a fresh one each time; shape (runs, trials, arms)."""
    tables, trials = (runs, TRIALS) if fixed else (runs * TRIALS, 1)
    errors = replicates.splits(rng, LEARNER, tables=tables, rows=ROWS, trials=trials, test=TEST, arms=ARMS)
    return errors.transpose(0, 2, 1).reshape(runs, TRIALS, ARMS)


def _outcomes(dataset: str, errors: NDArray[np.float64], harm: float, *, fixed: bool) -> list[Outcome]:
    sizes = SIZES if fixed else {}
    found = []
    for seed, arms in enumerate(errors.tolist()):
        arms[-1] += harm
        rows = Rows(tuple({"rung": arm, "error": error, **sizes} for arm, error in enumerate(arms)))
        found.append(Outcome(Trial(EXPERIMENT.code, dataset, seed, "standard"), "done", rows))
    return found
