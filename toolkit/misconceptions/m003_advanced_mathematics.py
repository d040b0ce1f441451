"""Understanding and tuning parameters requires advanced mathematics.

A search procedure is measured, not a person: draw settings at random, keep what scores best on held-out
rows. Each search sees the same rows, the same validation part and the same number of fits as a published
expert's script; the error reported is on outer rows that no search has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toolkit.experiment import (
    Claim,
    Control,
    Dataset,
    Effort,
    Experiment,
    Figure,
    NotApplicable,
    Rows,
    Rulings,
    generator,
    split,
)
from toolkit.records import Row, Ruling

if TYPE_CHECKING:
    from toolkit.learners.tunable import Tunable

LEARNERS = ("linear", "boosting", "network")
POOL = 60
TRIALS = 30
SHOWN = (1, 3, 10, TRIALS)
FIT = 200
MARGIN = 0.01


def measure(data: Dataset, seed: int, effort: Effort) -> list[Row]:
    """Run every search, the defaults and the expert's script on one split, learner by learner."""
    if data.name == "digits" and effort.name != "full":
        raise NotApplicable("digits takes several seconds per trial: it runs at full effort only")
    learners, sizes = _learners(data, seed)
    return [
        {"learner": name, **row, **sizes}
        for name, learner in learners.items()
        for row in _searched(learner, seed, name)
    ]


def _learners(data: Dataset, seed: int) -> tuple[dict[str, Tunable], dict[str, int]]:
    """Return what is tuned: three learners on one split, or three planted surfaces."""
    from toolkit.learners.tunable import Boosting, Networks, Parts, Planted

    if kind := data.params.get("surface"):
        return {name: Planted(kind, 3, 3 * seed + i) for i, name in enumerate(LEARNERS)}, {}
    # A world can afford many rows to choose and to report by; a table gives four fifths to the searches.
    train = 700 if data.is_generator else min(1200, int(0.8 * len(data.y)))
    test = 1500 if data.is_generator else min(300, int(0.2 * len(data.y)))
    s = split(data, seed, train=train, test=test)
    fit = min(FIT, 2 * len(s.y) // 3)
    classes = len(data.classes) if data.task != "regression" else 0
    parts = Parts(s.X[:fit], s.y[:fit], s.X[fit:], s.y[fit:], s.X_test, s.y_test, classes)
    learners: dict[str, Tunable] = {
        "linear": Networks(parts, 0, seed),
        "boosting": Boosting(parts, seed),
        "network": Networks(parts, 1, seed),
    }
    return learners, dict(s.sizes)


def _searched(learner: Tunable, seed: int, name: str) -> list[Row]:
    """Evaluate one pool of settings, replay every search from it, and follow the expert's script."""
    from toolkit.learners import search

    rng = generator(seed, "settings", name)
    places = learner.space.draw(rng, POOL)
    wide = learner.space.widened()
    tries = [
        *learner.space.real(places),
        *wide.real(wide.draw(rng, TRIALS)),
        learner.start,
        *learner.script[0].around(learner.start),
    ]
    # One call, so that a network's hundred settings are trained by one compiled program.
    curves = learner.evaluate(tries)
    pool, first = curves[:POOL], curves[-len(learner.script[0].tries) :]
    ready = [first]
    expert = search.staged(
        lambda some: ready.pop() if ready else learner.evaluate(some), learner.start, learner.script
    )
    widened = search.best(curves[POOL : POOL + TRIALS])
    default = search.best(curves[POOL + TRIALS : POOL + TRIALS + 1])
    found = {
        "default": default,
        "halving": search.halving(pool),
        "bayesian": search.bayesian(places, pool, TRIALS, seed),
        "widened": widened,
        "expert": expert,
    }
    long = min((search.best(pool), widened, default, expert), key=lambda one: one.score)
    rows = [_row(p, int(f.fits), f.error, long.error) for p, f in found.items()]
    rows += [_row("random", k, search.expected_random(pool, k), long.error) for k in SHOWN]
    return [*rows, _row("reference", len(tries) + int(expert.fits) - len(first.test), long.error, long.error)]


def _row(procedure: str, trials: int, error: float, reference: float) -> Row:
    shown = procedure != "random" or trials == TRIALS
    regret = error - reference
    return {"procedure": procedure, "trials": trials, "shown": shown, "error": error, "regret": regret}


def _excess(procedure: str, trials: int, learner: str = "") -> Callable[[Rows], float]:
    """Return the effect: a procedure's error less the expert's, for one learner or averaged over all."""

    def effect(rows: Rows) -> float:
        arm: dict[str, Any] = {"learner": learner} if learner else {}
        tried = {"trials": trials} if procedure == "random" else {}
        searched = rows.mean("error", procedure=procedure, **tried, **arm)
        return searched - rows.mean("error", procedure="expert", **arm)

    return effect


def _regret(rows: Rows) -> float:
    """Return what 30 random trials lose against the long reference search, averaged over learners."""
    return rows.mean("regret", procedure="random", trials=TRIALS)


def _free(id_: str, what: str, procedure: str, trials: int, learner: str = "") -> Claim:
    """State that a search without mathematics loses no more than the margin against the expert."""
    who = f"for the {learner} learner" if learner else "averaged over the three learners"
    return Claim(
        id_,
        f"{what} is not worse than the staged expert script of equal fits by more than 0.01, {who}.",
        _excess(procedure, trials, learner),
        unit="error",
        predicts="no_increase",
        margin=MARGIN,
        quantifier="existential",
        stance="counter",
    )


CLAIMS = (
    _free("random-search", "The best of 30 random settings", "random", TRIALS),
    _free("halving", "Successive halving of 60 random settings", "halving", TRIALS),
    _free("bayesian-search", "An off-the-shelf Bayesian search of 30 settings", "bayesian", TRIALS),
    *(_free(f"random-{n}", "The best of 30 random settings", "random", TRIALS, n) for n in LEARNERS),
    Claim(
        "long-search",
        "Thirty random settings lose no more than 0.01 against the best of some 120 settings.",
        _regret,
        unit="error",
        predicts="no_increase",
        margin=MARGIN,
        quantifier="existential",
        stance="counter",
    ),
    Claim(
        "tuning-pays",
        "One random setting is worse than the expert's script by more than 0.01: there is something to tune.",
        _excess("random", 1),
        unit="error",
        predicts="increase",
        margin=MARGIN,
        quantifier="existential",
        stance="description",
    ),
    Claim(
        "defaults-cost",
        "Leaving every setting at the library's default is worse than the expert's script by more than 0.01.",
        _excess("default", 1),
        unit="error",
        predicts="increase",
        margin=MARGIN,
        quantifier="existential",
        stance="description",
    ),
    Claim(
        "wide-ranges",
        "Thirty random settings from ranges ten times as wide are not worse than the expert by over 0.01.",
        _excess("widened", TRIALS),
        unit="error",
        predicts="no_increase",
        margin=MARGIN,
        quantifier="existential",
        stance="description",
    ),
)
FREE = ("random-search", "halving", "bayesian-search")


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """One search that needs no mathematics and loses nothing refutes "requires", where tuning pays at all."""
    free = rulings.existential(*FREE)  # three searches could have shown it: Holm over all of them
    if free == "supported" and rulings.ruling("tuning-pays") == "supported":
        return "refuted", (
            "On at least one dataset a search that needs no mathematics came out no worse than a staged "
            "script made of published advice, at the same number of fits; and tuning did pay on at least "
            "one. What knowledge chose the ranges, and what a person understands, was not measured."
        )
    if free == "refuted":
        return "supported", (
            "On every dataset each search without mathematics was worse than the staged expert script by "
            "more than the margin."
        )
    if free in {"error", "not_applicable"}:
        return free, "No search could be compared with the staged expert script in this run."
    return "inconclusive", (
        "The datasets here cannot tell a search without mathematics from the staged expert script at a "
        "margin of 0.01, or there was nothing to tune."
    )


experiment = Experiment(
    code="M003",
    belief="Understanding and tuning parameters requires advanced mathematics.",
    measure=measure,
    datasets=("tuning:learners", "wine", "breast_cancer", "digits"),
    claims=CLAIMS,
    controls=(
        Control(
            "tuning:flat",
            {
                **dict.fromkeys(
                    (*FREE, *(f"random-{n}" for n in LEARNERS), "long-search", "wide-ranges"), "supported"
                ),
                "tuning-pays": "refuted",
                "defaults-cost": "refuted",
            },
            "a surface without relief: whatever is chosen is within 0.002 of the best",
        ),
        Control(
            "tuning:bowl",
            {"random-search": "supported", "tuning-pays": "supported", "wide-ranges": "refuted"},
            "a wide bowl in two of three settings: one draw is poor, thirty are not, unless the range is ten "
            "times too wide",
        ),
        Control(
            "tuning:narrow",
            {
                **dict.fromkeys((*FREE, *(f"random-{n}" for n in LEARNERS), "wide-ranges"), "refuted"),
                "long-search": "refuted",
                "tuning-pays": "supported",
                "defaults-cost": "supported",
            },
            "narrow valleys, one for each setting: the script, which tunes one after the other, finds them",
        ),
    ),
    rule=rule,
    article="The article says that tools and simple searches make tuning possible without mathematics.",
    what="H: hyperparameters (rates, penalties, depths, widths), not weights.",
    would_change=(
        "A table and learner on which tuning pays and every search without mathematics loses more than 0.01 "
        "against a script of equal cost."
    ),
    scope=(
        "Three learners with two to six settings on small tables, 30 fits, ranges taken from the libraries' "
        "documentation. It shows what a procedure achieves. It does not show what people need to know to "
        "understand a model, to choose what to search, to notice a broken measurement, or to invent a method."
    ),
    threats=(
        "The documented ranges already hold somebody's knowledge; the claim on ranges ten times as wide "
        "shows how much.",
        "The staged scripts are published rules of thumb, adapted to 30 fits and to these settings: another "
        "expert may do better.",
        "The Bayesian search picks from a pool of 60 settings, so it is weaker than one free to go anywhere.",
        "Selection uses one validation part without refitting; all procedures share it.",
        "The networks' default rate is scikit-learn's, but training here is 120 steps, so a part of what the "
        "defaults lose is the shorter training; boosting has 16 rounds where the library's wrapper has 100.",
        "Halving is charged as if each rung trained from scratch.",
    ),
    references=(
        "Bergstra and Bengio 2012, Random search for hyper-parameter optimization, JMLR 13",
        "Jamieson and Talwalkar 2016, Non-stochastic best arm identification and hyperparameter "
        "optimization, AISTATS",
        "Akiba et al. 2019, Optuna, KDD, doi:10.1145/3292500.3330701",
        "Hsu, Chang and Lin 2003, A practical guide to support vector classification",
        "Bengio 2012, Practical recommendations for gradient-based training of deep architectures, "
        "arXiv:1206.5533",
        "XGBoost documentation, Notes on parameter tuning",
    ),
    beside=(
        "Bergstra and Bengio 2012: for networks, random search was as good as a grid or better at a small "
        "fraction of its cost; for deep belief networks, against manual and grid search combined, it was "
        "equal on four of seven data sets, better on one and worse on two.",
        "By arithmetic the best of 30 independent random trials is in the top 5 % of the settings with "
        "probability 1 - 0.95^30 = 0.785.",
    ),
    figures=(
        Figure(
            "regret-by-trials",
            "What random search loses against the long reference, by the number of settings tried",
            x="trials",
            y="regret",
            series="learner",
            where={"procedure": "random"},
            x_title="settings tried",
            y_title="error above the reference",
            x_log=True,
            claims=("random-search", "long-search", "tuning-pays", *(f"random-{n}" for n in LEARNERS)),
        ),
        Figure(
            "error-by-procedure",
            "Test error of what each procedure chose",
            x="procedure",
            y="error",
            series="learner",
            x_title="procedure",
            y_title="test error",
            kind="bar",
            where={"shown": True},
            claims=("halving", "bayesian-search", "defaults-cost", "wide-ranges"),
        ),
    ),
    standard_only=("breast_cancer",),
    replicates=(5, 15, 20),
    control_replicates=(6, 12, 20),
    seconds=58.0,
    compiled=True,
)
