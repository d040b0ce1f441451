"""All parameters are equally important.

If they were, it would not matter which of them are removed: the smallest weights, coefficients and trees
are removed, and as many at random. Settings are compared in a full factorial, features by how concentrated
their importance is along an order found on other rows, so that noise alone never looks like inequality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

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
    Split,
    generator,
    split,
)
from toolkit.records import Row, Ruling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FAMILIES = ("network", "linear", "boosting")
SETTINGS = ("rate", "decay", "width")
LEVELS = {"rate": (0.001, 0.01, 0.1), "decay": (0.01, 0.3, 10.0), "width": (2, 6, 16)}
# A spread of errors below one point over all settings is nothing to divide among them.
LEAST_VARIANCE = 0.01**2
STEPS = 200
FACTORIAL_STEPS = 80


def measure(data: Dataset, seed: int, effort: Effort) -> list[Row]:  # noqa: ARG001 - the same at every effort
    """Prune three families, run a small factorial, and measure how concentrated importance is."""
    if data.params.get("surface"):
        return list(_planted_settings(data, seed))
    world = data.is_generator
    train = 600 if world else min(560, int(0.8 * len(data.y)))
    s = split(data, seed, train=train, test=6000 if world else min(140, int(0.2 * len(data.y))))
    classes = len(data.classes) if data.task != "regression" else 0
    rows = [*_pruned(s, classes, seed), *_settings(s, classes, seed), *_features(s, classes, seed)]
    return [{**row, **s.sizes} for row in rows]


def _pruned(s: Split, classes: int, seed: int) -> Iterator[Row]:
    """Train a network, a linear model and boosted trees, and remove shares of each by both rules."""
    from toolkit.learners import pruning
    from toolkit.learners.explained import Boosted
    from toolkit.learners.networks import sweep

    rng = generator(seed, "pruning")
    arms = [
        {"family": "network", "width": 64, "rate": 0.01, "decay": 1.0, "seed": seed},
        {"family": "network, no decay", "width": 64, "rate": 0.01, "seed": seed},
        {"family": "linear", "depth": 0, "rate": 0.03, "seed": seed},
    ]
    for one in sweep(s.X, s.y, s.X_test, s.y_test, arms=arms, steps=STEPS, classes=classes):
        removed = pruning.network(one["network"], s.X_test, s.y_test, classes, rng=rng)
        yield from (_removed(one["family"], *each) for each in removed)
    trees = Boosted(s.X, s.y, classes, seed=seed)
    yield from (_removed("boosting", *one) for one in pruning.boosted(trees, s.X_test, s.y_test, rng=rng))


def _removed(family: str, rule: str, share: float, error: float) -> Row:
    return {"part": "pruning", "family": family, "rule": rule, "share": share, "error": error}


def _settings(s: Split, classes: int, seed: int) -> list[Row]:
    """Train a full factorial of three settings on both halves of the rows and split the variance."""
    import itertools

    import numpy as np

    from toolkit.learners.networks import sweep

    arms = [
        {**dict(zip(SETTINGS, levels, strict=True)), "seed": seed}
        for levels in itertools.product(*(LEVELS[name] for name in SETTINGS))
    ]
    errors = []
    for half in (0, 1):
        y_test = s.y_test[half::2][:500]
        unit = 1.0 if classes else float(y_test.var()) or 1.0
        found = sweep(
            s.X[half::2][:240],
            s.y[half::2][:240],
            s.X_test[half::2][:500],
            y_test,
            arms=arms,
            steps=FACTORIAL_STEPS,
            classes=classes,
        )
        errors.append([r["test_error"] / unit for r in found])
    return _variances(np.array(errors).reshape(2, 3, 3, 3))


def _planted_settings(data: Dataset, seed: int) -> list[Row]:
    """Read the same factorial off a surface on which it is known what matters."""
    import itertools

    import numpy as np

    from toolkit.learners.tunable import Planted

    surface = Planted(str(data.params["surface"]), 3, seed)
    places = list(itertools.product((1 / 6, 1 / 2, 5 / 6), repeat=3))
    tries = [dict(zip(surface.start, place, strict=True)) for place in places]
    scores = [surface.evaluate(tries).full for _ in (0, 1)]
    return _variances(np.array(scores).reshape(2, 3, 3, 3))


def _variances(table: NDArray[np.float64]) -> list[Row]:
    """Return each setting's unbiased variance and its share of the variance of all cells."""
    from toolkit.learners.factorial import main_effects

    effects, total = main_effects(table)
    return [
        {
            "part": "settings",
            "setting": name,
            "variance": effect,
            "total": total,
            "of_total": effect / total if total > LEAST_VARIANCE else None,
        }
        for name, effect in zip(SETTINGS, effects, strict=True)
    ]


def _features(s: Split, classes: int, seed: int) -> Iterator[Row]:
    """Fit two models on disjoint halves: one orders the features, the other says how much each counts."""
    import numpy as np

    from toolkit.learners import importance
    from toolkit.learners.explained import Boosted

    if s.X.shape[1] < 2:
        return
    found: dict[str, list[NDArray[np.float64]]] = {"shap": [], "permutation": []}
    for half in (0, 1):
        model = Boosted(s.X[half::2], s.y[half::2], classes, seed=seed)
        X, y = s.X_test[half::2][:400], s.y_test[half::2][:400]
        found["shap"].append(np.abs(model.contributions(X)).mean(axis=(0, 1)))
        rng = generator(seed, "permutation", str(half))
        found["permutation"].append(importance.permutation(model.margins, X, y, classes, rng))
    for method, (first, second) in found.items():
        index = importance.concentration(first, second) + importance.concentration(second, first)
        yield {"part": "features", "method": method, "concentration": index / 2}


def _matters(family: str, share: float) -> Callable[[Rows], float]:
    """Return the effect: error after removing at random less error after removing the smallest."""

    def effect(rows: Rows) -> float:
        arm: dict[str, str | float] = {"part": "pruning", "family": family, "share": share}
        return rows.value("error", rule="random", **arm) - rows.value("error", rule="magnitude", **arm)

    return effect


def _extremes(rows: Rows) -> tuple[str, str, float]:
    """Choose the settings of the largest and the smallest variance, and the unit, on the other half."""
    ranked = sorted(SETTINGS, key=lambda name: rows.mean("variance", setting=name))
    return ranked[-1], ranked[0], rows.mean("total", part="settings")


def _gap_of_shares(rows: Rows, choice: tuple[str, str, float]) -> float:
    """Return the chosen settings' difference in variance, in shares of the other half's mean total.

    A trial's own total is as noisy as its parts, and may be near nothing: a ratio of the two would be
    dominated by such trials.
    """
    top, bottom, total = choice
    if total <= LEAST_VARIANCE:
        raise NotApplicable("over all settings the error varies by less than 0.01: nothing to divide")
    return (rows.value("variance", setting=top) - rows.value("variance", setting=bottom)) / total


def _concentration(method: str) -> Callable[[Rows], float]:
    return lambda rows: rows.value("concentration", part="features", method=method)


UNITS = {"network": "weights", "linear": "coefficients", "boosting": "trees"}
PRUNING = tuple(f"{UNITS[family]}-{share}" for family in FAMILIES for share in (50, 80))
CLAIMS = (
    *(
        Claim(
            f"{UNITS[family]}-{share}",
            f"Removing the smallest {share} % of a {family} model's {UNITS[family]} costs as much as "
            f"removing {share} % at random.",
            _matters(family, share / 100),
            unit="error",
            predicts="no_change",
            margin=0.01,
        )
        for family in FAMILIES
        for share in (50, 80)
    ),
    Claim(
        "settings",
        "The settings of a network (rate, decay, width) account for equal shares of its error's variance.",
        _gap_of_shares,
        unit="share of variance",
        predicts="no_change",
        margin=0.10,
        choose=_extremes,
    ),
    *(
        Claim(
            f"features-{method}",
            f"{name} importance is spread equally over the features.",
            _concentration(method),
            unit="Gini index",
            predicts="no_change",
            margin=0.10,
        )
        for method, name in (("shap", "SHAP"), ("permutation", "Permutation"))
    ),
)
FEATURES = ("features-shap", "features-permutation")


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """One kind of parameter that is not equally important refutes "all"."""
    ruling = rulings.universal(*PRUNING, "settings", *FEATURES)
    if ruling == "refuted":
        return "refuted", (
            "On at least one dataset it makes a difference past the margin which parameters are removed, or "
            "settings or features differ in what they account for: not all are equally important."
        )
    if ruling == "supported":
        return "supported", "In every comparison made, none mattered more than another past the margin."
    if ruling == "inconclusive":
        return ruling, "These tables do not tell equal from unequal importance at the margins."
    return ruling, "Whether some parameters matter more than others could not be judged here."


experiment = Experiment(
    code="M006",
    belief="All parameters are equally important.",
    measure=measure,
    datasets=("importance:planted", "digits", "breast_cancer", "wine"),
    claims=CLAIMS,
    controls=(
        Control(
            "importance:equal",
            {"coefficients-50": "supported", **dict.fromkeys(FEATURES, "supported")},
            "twelve features that carry the label equally: no coefficient and no feature matters more",
        ),
        Control(
            "importance:noise",
            dict.fromkeys(PRUNING, "supported"),
            "labels by a fair coin: whatever is removed, the error stays one half",
        ),
        Control(
            "importance:planted",
            dict.fromkeys(("coefficients-50", "coefficients-80", *FEATURES), "refuted"),
            "five of twenty features carry the label: removing blindly must cost more",
        ),
        Control(
            "importance:friedman",
            dict.fromkeys((*PRUNING[:2], *PRUNING[4:]), "refuted"),
            "a regression is the sum of its units and trees: half of them at random hold half of it, the "
            "largest hold nearly all",
        ),
        Control("tuning:equal", {"settings": "supported"}, "a surface to which every setting adds the same"),
        Control("tuning:dominant", {"settings": "refuted"}, "a surface on which one setting alone matters"),
    ),
    rule=rule,
    article="The article says that some parameters affect performance far more than others.",
    what="W: weights, coefficients and trees of trained models; H: settings; and the features they act on.",
    would_change="Removing the smallest parameters costs as much as removing any, on every table and family.",
    scope=(
        "Small networks, linear models and boosted trees on small tables and 8x8 images, pruned once without "
        "retraining; three settings over the ranges stated, whose shares depend on those ranges."
    ),
    threats=(
        "The network of the claims is trained with weight decay, as is usual; without it (also drawn) the "
        "smallest weights are less telling, since initial weights that were never needed stay as they were.",
        "Magnitude is a rough guide to importance: that random removal costs more shows inequality, not that "
        "magnitude measures it.",
        "A boosted model is pruned by whole trees, ranked by their gain in training.",
        "Shares of variance depend on the ranges of the settings (rate 0.001 to 0.1, decay 0.01 to 10, width "
        "2 to 16).",
        "Importance of a feature is not a cause, and is shared arbitrarily among correlated features.",
    ),
    references=(
        "LeCun, Denker and Solla 1990, Optimal brain damage, NeurIPS",
        "Han et al. 2015, Learning both weights and connections for efficient neural networks, "
        "arXiv:1506.02626",
        "Frankle and Carbin 2019, The lottery ticket hypothesis, arXiv:1803.03635",
        "Hutter, Hoos and Leyton-Brown 2014, An efficient approach for assessing hyperparameter importance, "
        "ICML",
        "Lundberg et al. 2020, From local explanations to global understanding with explainable AI for "
        "trees, doi:10.1038/s42256-019-0138-9",
    ),
    beside=(
        "Han et al. 2015 removed about nine tenths of a network's weights by magnitude, with retraining, "
        "without loss; Hutter et al. 2014 found most of the variance of performance due to few settings.",
    ),
    figures=(
        Figure(
            "pruning",
            "Error after removing a share of the parameters, the smallest first or at random",
            x="share",
            y="error",
            series="rule",
            panel="family",
            where={"part": "pruning"},
            x_title="share removed",
            y_title="test error",
            claims=PRUNING,
        ),
        Figure(
            "settings",
            "Share of the error's variance that each setting accounts for",
            x="setting",
            y="of_total",
            where={"part": "settings"},
            x_title="setting",
            y_title="share of variance",
            kind="bar",
            claims=("settings",),
        ),
        Figure(
            "features",
            "Concentration of importance: 0 is equal, 1 is one feature alone",
            x="method",
            y="concentration",
            where={"part": "features"},
            x_title="importance",
            y_title="Gini index along an independent order",
            kind="bar",
            claims=FEATURES,
        ),
    ),
    standard_only=("breast_cancer",),
    seconds=43.0,
    replicates=(6, 20, 25),
    control_replicates=(6, 12, 20),
    compiled=True,
)
