"""More parameters always mean better performance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toolkit.experiment import (
    Claim,
    Control,
    Dataset,
    Effort,
    Experiment,
    Figure,
    Needs,
    Rows,
    Rulings,
    Table,
    split,
)
from toolkit.records import Ruling

RATIOS = (0.02, 0.05, 0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # features over training rows
HALF, ALL, TENFOLD = (RATIOS.index(q) for q in (0.5, 1.0, 10.0))
CLEAN, NOISY = 0.0, 0.2
MARGIN = 0.01
RIDGELESS, TUNED, FOURIER = "features, ridgeless", "features, tuned ridge", "fourier features, ridgeless"
DIALS = {
    "tuned": (TUNED, "random features with a tuned ridge"),
    "tree": ("tree", "a decision tree, by leaves"),
    "forest": ("forest", "a forest, by leaves per tree"),
    "boosting": ("boosting", "boosting, by leaves times rounds"),
    "network": ("network", "a network of one hidden layer, by width"),
}
MORE_TREES = ("forest, more trees", "a forest of full trees, by trees")
PATH = "tree, then forest"


def measure(data: Dataset, seed: int, effort: Effort) -> list[dict[str, Any]]:
    """Measure every family at every capacity and noise level on one split.

    Sizes: 200 training and 1,000 test rows from a generator, 300 and 75 from a table (or as many as it
    has, in that proportion), or what the world asks for.
    """
    fixed = not data.is_generator
    train = data.params.get("train", 300 if fixed else 200)
    parts = split(data, seed, train=train, test=data.params.get("test", 75 if fixed else 1000))
    sizes = dict(parts.sizes) if fixed else {}
    return [row | sizes for row in _arms(data, parts, seed, effort)]


def _arms(data: Dataset, parts: Any, seed: int, effort: Effort) -> Iterator[dict[str, Any]]:
    """Yield the rows of the families that this dataset says something about (all, but for planted worlds)."""
    from toolkit.learners import ladders

    planted = data.params.get("features")
    noises = (
        (CLEAN, NOISY) if "train" in data.params else effort.pick((CLEAN, NOISY), *2 * ((0.0, 0.1, 0.2),))
    )
    problem = ladders.Problem.of(data, parts, noises, seed)
    rounds, size = effort.pick((1, 4, 16), (1, 4, 16, 64), (1, 4, 16, 64, 256)), effort.pick(16, 32, 100)
    widths = effort.pick((1, 4, 16, 64), (1, 4, 16, 64, 256, 1024), (1, 2, 4, 8, 16, 32, 64, 256, 1024))
    families: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "features": lambda: ladders.features(problem, kind=planted or "relu", ratios=RATIOS),
        "fourier": lambda: ladders.features(
            problem, name="fourier features", kind="fourier", ratios=RATIOS[HALF - 1 : TENFOLD]
        ),
        "tree": lambda: ladders.tree(problem),
        "forest": lambda: ladders.forest(problem, size=size),
        "boosting": lambda: ladders.boosted(problem, rounds=rounds, count_noise=NOISY),
        "network": lambda: ladders.networks(problem, widths=widths, steps=150, batch=64),
    }
    for name in data.params.get("families", families):
        yield from ({"group": name} | row for row in families[name]())


def extras(outcomes: Mapping[str, Mapping[int, Rows]]) -> Iterable[Table]:
    """Describe the smallest model that is good enough, and raw beside effective parameters."""
    from toolkit.misconceptions import _m002_tables

    planted = {control.dataset for control in experiment.controls} - {*experiment.datasets}
    paths = (RIDGELESS, FOURIER, PATH)
    return _m002_tables.tables(outcomes, margin=MARGIN, paths=paths, planted=planted)


def between(family: str, noise: float, high: int, low: int) -> Callable[[Rows], float]:
    """Return the fixed contrast err(rung `high`) - err(rung `low`)."""

    def effect(rows: Rows) -> float:
        arm = rows.where(family=family, noise=noise)
        return arm.value("test_error", rung=high) - arm.value("test_error", rung=low)

    return effect


def best_rung(family: str, noise: float, *, below: int = -1) -> Callable[[Rows], int]:
    """Return the choice of the rung with the least mean error, of those below `below` (-1: the top one).

    The top rung is never chosen: compared with itself it would add zeros without any spread, and a top rung
    that is worse by the whole margin would pass as harmless in up to a third of the runs.
    """

    def choose(rows: Rows) -> int:
        arm = rows.where(family=family, noise=noise)
        rungs = sorted(set(arm.column("rung")))[:below]
        if not rungs:
            arm.value("test_error")  # raises NotApplicable with the reason
        return int(min(rungs, key=lambda rung: arm.mean("test_error", rung=rung)))

    return choose


def top_over(family: str, noise: float) -> Callable[[Rows, int], float]:
    """Return the contrast err(top rung) - err(rung chosen on the other half of the trials)."""

    def effect(rows: Rows, rung: int) -> float:
        arm = rows.where(family=family, noise=noise)
        top = max(arm.column("rung"), default=0)
        return arm.value("test_error", rung=top) - arm.value("test_error", rung=rung)

    return effect


def second_descent(noise: float) -> Callable[[Rows, int], float]:
    """Return err(best rung below interpolation, chosen on the other half) - err(ten times as many)."""

    def effect(rows: Rows, rung: int) -> float:
        return between(RIDGELESS, noise, rung, TENFOLD)(rows)

    return effect


def small_over_big(family: str) -> Callable[[Rows], float]:
    """Return err(n/2 features, tuned ridge) - err(10 n features of a family), under noise."""

    def effect(rows: Rows) -> float:
        noisy = rows.where(noise=NOISY)
        small = noisy.value("test_error", family=TUNED, rung=HALF)
        return small - noisy.value("test_error", family=family, rung=TENFOLD)

    return effect


def fewer_effective(rows: Rows) -> float:
    """Return log10 of the effective parameters of the whole forest over those of its first full tree."""
    arm = rows.where(family=MORE_TREES[0], noise=NOISY)
    top = max(arm.column("rung"), default=0)
    return math.log10(arm.value("effective", rung=top) / arm.value("effective", rung=0))


def _never_worse() -> Iterator[Claim]:
    """Yield the belief at its hardest: a fifth of the training labels are wrong."""
    for key, family in (("features", RIDGELESS), ("fourier", FOURIER)):
        low, high = (HALF, ALL) if key == "features" else (1, 2)
        yield Claim(
            f"never-worse-{key}",
            f"Least-norm regression on {'relu' if key == 'features' else key} random features does not get "
            "worse from half as many features as training rows to as many (20 % wrong labels).",
            between(family, NOISY, high, low),
            "error",
            "no_increase",
            MARGIN,
        )
    for key, (family, words) in (DIALS | {"more-trees": MORE_TREES}).items():
        yield Claim(
            f"never-worse-{key}",
            f"At its largest, {words}, is no worse than at the smaller size that was best on the other half "
            "of the trials (20 % wrong labels).",
            top_over(family, NOISY),
            "error",
            "no_increase",
            MARGIN,
            choose=best_rung(family, NOISY),
        )


def _overfits() -> Iterator[Claim]:
    """Yield the counter-claim at its hardest: no training label is wrong."""
    for key, (family, words) in ({"features": (RIDGELESS, "ridgeless random features")} | DIALS).items():
        yield Claim(
            f"overfits-{key}",
            f"Past some size, {words}, gets worse even where no label is wrong: the largest errs more than "
            "the best smaller one, chosen on the other half of the trials.",
            top_over(family, CLEAN),
            "error",
            "increase",
            MARGIN,
            stance="counter",
            choose=best_rung(family, CLEAN),
        )


def _regularised() -> Iterator[Claim]:
    """Yield what regularisation is said to do."""
    yield Claim(
        "tuned-ridge-has-no-peak",
        "With the ridge tuned by leave-one-out on the training rows, the error does not rise from half as "
        "many features as rows to as many (20 % wrong labels).",
        between(TUNED, NOISY, ALL, HALF),
        "error",
        "no_increase",
        MARGIN,
        stance="counter",
    )
    for key, family, words in (
        ("plain", RIDGELESS, "without any"),
        ("tuned", TUNED, "with a ridge tuned alike"),
    ):
        yield Claim(
            f"small-regularised-matches-big-{key}",
            f"n/2 random features with a tuned ridge err no more than 10 n features {words} (20 % wrong "
            "labels).",
            small_over_big(family),
            "error",
            "no_increase",
            MARGIN,
            stance="counter",
        )


def _descriptions() -> Iterator[Claim]:
    """Yield where double descent is and where it is not."""
    yield Claim(
        "peak-without-noise",
        "Ridgeless random features err more at as many features as rows than at half as many, even where "
        "no label is wrong.",
        between(RIDGELESS, CLEAN, ALL, HALF),
        "error",
        "increase",
        MARGIN,
        stance="description",
    )
    yield Claim(
        "second-descent-past-the-peak",
        "Past as many ridgeless features as rows the error falls again: ten times as many err less, where no "
        "label is wrong.",
        between(RIDGELESS, CLEAN, ALL, TENFOLD),
        "error",
        "increase",
        MARGIN,
        stance="description",
    )
    for key, noise, words in (("clean", CLEAN, "no label"), ("noisy", NOISY, "a fifth of the labels")):
        yield Claim(
            f"second-descent-wins-{key}",
            f"Where {words} is wrong, 10 n ridgeless features err less than the best number below n, chosen "
            "on the other half of the trials.",
            second_descent(noise),
            "error",
            "increase",
            MARGIN,
            stance="description",
            choose=best_rung(RIDGELESS, noise, below=ALL),
        )
    yield Claim(
        "added-trees-use-fewer-effective-parameters",
        "Adding trees to one full tree multiplies the parameters and divides the effective parameters by "
        "more than three: its second descent is a change of axis.",
        fewer_effective,
        "decades",
        "decrease",
        math.log10(3),
        stance="description",
    )


CLAIMS = (*_never_worse(), *_overfits(), *_regularised(), *_descriptions())


def _ids(stem: str) -> tuple[str, ...]:
    return tuple(claim.id for claim in CLAIMS if claim.id.startswith(stem))


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Rule on "always": one family and dataset where more is worse refutes it."""
    always = rulings.universal(*_ids("never-worse"))
    harmless = rulings.existential(*_ids("never-worse")) == "supported"
    overfits = rulings.universal(*_ids("overfits"))
    if always == "refuted":
        also = "; in at least one other they helped or did no harm, so size alone decides neither way"
        beyond = {
            "refuted": " Where no label is wrong, that every model gets worse beyond some size is refuted as "
            "well.",
            "supported": " Even where no label is wrong, every family tested got worse beyond some size.",
        }.get(overfits, "")
        return "refuted", (
            "More parameters made performance worse in at least one family and dataset, by more than the "
            f"margin{also if harmless else ''}.{beyond}"
        )
    if always == "supported":
        return "supported", (
            "In no family and dataset tested did more parameters make performance worse by more than the "
            "margin."
        )
    return always, (
        "Corrected for the number of families and datasets tried, it is not settled whether more parameters "
        "ever hurt."
    )


def _controls() -> tuple[Control, ...]:
    flat = dict.fromkeys((*_ids("never-worse"), *(c.id for c in _regularised())), "supported")
    flat |= dict.fromkeys((*_ids("overfits"), "peak-without-noise", *_ids("second-descent")), "refuted")
    wins = _ids("second-descent-wins")
    flat["added-trees-use-fewer-effective-parameters"] = "supported"
    rising = ("features", "tree", "boosting")
    single = {"never-worse-forest": "refuted", "overfits-forest": "supported"}
    rise = {f"overfits-{key}": "supported" for key in rising}
    rise |= {f"never-worse-{key}": "refuted" for key in (*rising, "fourier")}
    rise |= dict.fromkeys(("peak-without-noise", "second-descent-past-the-peak"), "supported")
    early = dict.fromkeys(("never-worse-tuned", "tuned-ridge-has-no-peak", *wins), "refuted")
    early |= dict.fromkeys(("overfits-tuned", *_ids("small")), "supported")
    late = dict.fromkeys(_ids("small"), "refuted") | dict.fromkeys(wins, "supported")
    anti = {"never-worse-more-trees": "refuted"}
    blur = {"never-worse-network": "refuted", "overfits-network": "supported"}
    planted: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("coin", flat, "labels are fair coins, so capacity cannot matter"),
        ("rise", rise, "one feature is the rule: a stump is best"),
        ("single", single, "the one feature's labels are flipped in a fifth of the cases"),
        ("early", early, "the first columns carry the label, every further column is noise"),
        ("late", late, "only columns past the number of rows carry the label"),
        ("anti", anti, "neighbours have opposite labels, so voting misleads"),
        ("switch", {"added-trees-use-fewer-effective-parameters": "refuted"}, "all trees are one stump"),
        ("blur", blur, "two thirds of the target is noise, the rest a line"),
    )
    return tuple(Control(f"capacity:{name}", expects, why) for name, expects, why in planted)


experiment = Experiment(
    code="M002",
    belief="More parameters always mean better performance.",
    measure=measure,
    datasets=("digits", "diabetes", "capacity:teacher", "capacity:linear"),
    claims=CLAIMS,
    controls=_controls(),
    rule=rule,
    article=(
        "The article calls it a misconception, and answers that beyond a threshold more parameters "
        "overfit; both are tested here, and both can be wrong."
    ),
    what="A: the size of a model (features, leaves, trees, width), which sets how many weights it has.",
    would_change=(
        "The belief would be supported if in every family and dataset the largest model were within 0.01 "
        "of the best, with a fifth of the training labels wrong."
    ),
    scope=(
        "Small tables, 8x8 images and generated tasks of 100 to 300 training rows; five families with "
        "default settings but for the tuned ridge. Not large language models."
    ),
    threats=(
        "Label noise is injected in training labels only: real mistakes are not spread evenly.",
        "Networks are trained for a fixed 150 steps; early stopping or decay would help the large more.",
        "A tree cannot have more leaves than training rows, so its dial spans two and a half decades.",
        "A regression's error is squared error over the variance, capped at 3, so a peak may be higher.",
        "On a fixed table 75 test rows leave differences of a few points undecided.",
    ),
    references=(
        "Belkin, Hsu, Ma and Mandal 2019, PNAS 116(32), doi:10.1073/pnas.1903070116",
        "Nakkiran, Venkat, Kakade and Ma 2021, Optimal regularization can mitigate double descent, ICLR",
        "Kobak, Lomond and Sanchez 2020, JMLR 21(169)",
        "Curth, Jeffares and van der Schaar 2023, A U-turn on double descent, NeurIPS",
    ),
    beside=(
        "Belkin et al. 2019 find the peak where random features equal training rows (MNIST).",
        "Nakkiran et al. 2021 prove for some linear models, and find for others, that an optimally tuned "
        "ridge removes the peak.",
        "Kobak et al. 2020 find tables with more columns than rows on which the best ridge is zero or "
        "negative.",
        "Curth et al. 2023 find that in trees, boosting and linear regression the second descent comes only "
        "where one way of adding parameters gives way to another.",
    ),
    figures=(
        Figure(
            "features",
            "Random features: error by width, with and without a tuned ridge",
            "size",
            "test_error",
            "features",
            "test error",
            series="family",
            panel="noise",
            where={"group": "features"},
            x_log=True,
            claims=(
                *(f"{stem}-{key}" for stem in ("never-worse", "overfits") for key in ("features", "tuned")),
                *(claim.id for claim in (*_regularised(), *_descriptions())[:-1]),
            ),
        ),
        Figure(
            "fourier",
            "Fourier features: error by width",
            "size",
            "test_error",
            "features",
            "test error",
            series="family",
            panel="noise",
            where={"group": "fourier"},
            x_log=True,
            claims=("never-worse-fourier",),
        ),
        Figure(
            "forests",
            "Forests: error by leaves allowed, and along the path that first grows one tree",
            "size",
            "test_error",
            "leaves times trees",
            "test error",
            series="family",
            panel="noise",
            where={"group": "forest"},
            x_log=True,
            claims=("never-worse-forest", "never-worse-more-trees", "overfits-forest"),
        ),
        Figure(
            "effective",
            "Forests: effective parameters on test points, by leaves allowed",
            "size",
            "effective",
            "leaves times trees",
            "effective parameters",
            series="family",
            panel="noise",
            where={"group": "forest"},
            x_log=True,
            y_log=True,
            claims=("added-trees-use-fewer-effective-parameters",),
        ),
        Figure(
            "effective-features",
            "Random features: effective parameters on test points, by width",
            "size",
            "effective",
            "features",
            "effective parameters",
            series="family",
            panel="noise",
            where={"group": "features"},
            x_log=True,
            y_log=True,
            claims=("second-descent-past-the-peak", "tuned-ridge-has-no-peak"),
        ),
        *(
            Figure(
                key,
                f"Error of {words}",
                "size",
                "test_error",
                x_title,
                "test error",
                series="noise",
                where={"group": key},
                x_log=True,
                claims=(f"never-worse-{key}", f"overfits-{key}"),
            )
            for key, words, x_title in (
                ("tree", "a decision tree", "leaves allowed"),
                ("boosting", "boosting", "leaves times rounds"),
                ("network", "a network of one hidden layer", "hidden units"),
            )
        ),
    ),
    needs=Needs(),
    standard_only=("diabetes", "capacity:linear"),
    replicates=(6, 16, 25),
    control_replicates=(6, 10, 20),
    seconds=135.0,
    compiled=True,
    extras=extras,
)
