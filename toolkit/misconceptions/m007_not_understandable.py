"""AI parameters cannot be understood by humans.

What can be measured is whether an explanation tells the truth where the truth was planted, whether it says
the same again on other rows, and whether it predicts what a model does to people it has not seen. Single
weights are put to the same test; whether a reader feels enlightened is not.
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

    from toolkit.learners.explained import Boosted

NAMES = {"shap": "SHAP", "permutation": "permutation"}
METHODS = tuple(NAMES)
LEAVES = 8
SURROGATES = f"a tree of {LEAVES} leaves or one curve per feature"
DELETED = (0.1, 0.2, 0.4)
SHARE = 0.2
STEPS = 200


def measure(data: Dataset, seed: int, effort: Effort) -> list[Row]:  # noqa: ARG001 - the same at every effort
    """Explain boosted trees and networks and check what the explanations say against truth and behaviour."""
    from toolkit.learners.explained import Boosted

    world = data.is_generator
    train = 800 if world else min(800, int(0.8 * len(data.y)))
    s = split(data, seed, train=train, test=1000 if world else min(200, int(0.2 * len(data.y))))
    classes = len(data.classes) if data.task != "regression" else 0
    halves = [Boosted(s.X[h::2], s.y[h::2], classes, seed=seed) for h in (0, 1)]
    rows = [
        *_important(data, s, halves, seed),
        *_predicted(s, halves[0], seed),
        *_deleted(s, halves[0], seed),
        *_weights(s, classes, seed),
    ]
    return [{**row, **s.sizes} for row in rows]


def _important(data: Dataset, s: Split, halves: list[Boosted], seed: int) -> Iterator[Row]:
    """Rank features by two methods on disjoint rows, against what was planted and against each other."""
    import numpy as np

    from toolkit.learners import importance

    truth = tuple(data.truth.get("carriers", ()))
    found: dict[str, list[NDArray[np.float64]]] = {method: [] for method in METHODS}
    for h, model in enumerate(halves):
        X, y = s.X_test[h::2][:400], s.y_test[h::2][:400]
        found["shap"].append(np.abs(model.contributions(X)).mean(axis=(0, 1)))
        rng = generator(seed, "permutation", str(h))
        found["permutation"].append(importance.permutation(model.margins, X, y, model.classes, rng))
    for method, (first, second) in found.items():
        yield {
            "part": "importance",
            "method": method,
            "recall": importance.recall(first, truth) if truth and s.X.shape[1] > len(truth) else None,
            "repeats": importance.agreement(first, second),
        }


def _predicted(s: Split, model: Boosted, seed: int) -> Iterator[Row]:
    """Fit two readable surrogates to the model's answers on its training rows; compare on other people."""
    from toolkit.learners import importance

    X, held = s.X[0::2], s.X_test
    said, truth = model.margins(X), model.margins(held)
    surrogates = {
        "small tree": importance.tree_surrogate(X, said, LEAVES, seed),
        "additive": importance.additive_surrogate(X, said),
    }
    for name, surrogate in surrogates.items():
        kept = importance.fidelity(surrogate(held), truth, said, model.classes)
        yield {"part": "surrogate", "surrogate": name, "fidelity": kept}


def _deleted(s: Split, model: Boosted, seed: int) -> Iterator[Row]:
    """Take away each person's most important features by SHAP, or any, and count changed answers."""
    import numpy as np

    from toolkit.learners import importance

    X = s.X_test[:400]
    weight = np.abs(model.contributions(X)).sum(axis=1)
    for share in DELETED:
        rng = generator(seed, "deletion", str(share))
        explained, blind = importance.deletion(model.margins, X, weight, model.classes, share=share, rng=rng)
        yield {"part": "deletion", "rule": "by explanation", "share": share, "changed": explained}
        yield {"part": "deletion", "rule": "at random", "share": share, "changed": blind}


def _weights(s: Split, classes: int, seed: int) -> Iterator[Row]:
    """Train the same network from two seeds on the same rows and see what comes out alike."""
    from toolkit.learners import importance
    from toolkit.learners.networks import sweep

    arms = [{"width": 16, "rate": 0.01, "decay": 1.0, "seed": 2 * seed + i} for i in (0, 1)]
    found = sweep(s.X[0::2], s.y[0::2], s.X_test, s.y_test, arms=arms, steps=STEPS, classes=classes)
    first, second = (r["network"] for r in found)
    pairs = {
        "single weights": (first.weights[0][0], second.weights[0][0]),
        "single weights, units matched": importance.matched_weights(first, second),
        "attributions": tuple(
            importance.input_gradients(n, s.X_test[:400], classes) for n in (first, second)
        ),
    }
    for what, (one, other) in pairs.items():
        yield {"part": "seeds", "what": what, "alike": importance.agreement(one, other)}


def _short_of_all(method: str) -> Callable[[Rows], float]:
    """Return the effect: recall of the planted features less one."""
    return lambda rows: rows.value("recall", part="importance", method=method) - 1


def _repeats(rows: Rows) -> float:
    return rows.value("repeats", part="importance", method="shap")


def _fidelity(surrogate: str) -> Callable[[Rows], float]:
    def effect(rows: Rows) -> float:
        found = rows.where(part="surrogate", surrogate=surrogate)
        if any(row["fidelity"] is None for row in found):
            raise NotApplicable("the model gives everybody the same answer: there is nothing to predict")
        return found.value("fidelity")

    return effect


def _more_changed(rows: Rows) -> float:
    arm: dict[str, str | float] = {"part": "deletion", "share": SHARE}
    explained = rows.value("changed", rule="by explanation", **arm)
    return explained - rows.value("changed", rule="at random", **arm)


def _outlives(rows: Rows) -> float:
    """Return how much more alike two seeds' attributions are than their matched weights."""
    weights = rows.value("alike", part="seeds", what="single weights, units matched")
    return rows.value("alike", part="seeds", what="attributions") - weights


WORLDS = ("importance:planted", "importance:friedman")
CLAIMS = (
    *(
        Claim(
            f"finds-truth-{method}",
            f"The most important features by {name} are the planted ones, but for one in ten.",
            _short_of_all(method),
            unit="share of planted features",
            predicts="no_decrease",
            margin=0.10,
            stance="counter",
            datasets=WORLDS,
        )
        for method, name in NAMES.items()
    ),
    Claim(
        "says-it-again",
        "SHAP importance from models of disjoint rows agrees: the correlation over features exceeds 0.5.",
        _repeats,
        unit="correlation",
        predicts="increase",
        margin=0.5,
        quantifier="existential",
        stance="counter",
    ),
    Claim(
        "rules-predict",
        f"A tree of {LEAVES} leaves foretells over half of what a constant guess misses about the model.",
        _fidelity("small tree"),
        unit="fidelity",
        predicts="increase",
        margin=0.5,
        quantifier="existential",
        stance="counter",
    ),
    Claim(
        "curves-predict",
        "One curve per feature foretells over half of what a constant guess misses about the model.",
        _fidelity("additive"),
        unit="fidelity",
        predicts="increase",
        margin=0.5,
        quantifier="existential",
        stance="counter",
    ),
    Claim(
        "deletion",
        "Taking a person's top fifth of features by SHAP away changes more answers than taking any fifth.",
        _more_changed,
        unit="share of people",
        predicts="increase",
        margin=0.01,
        quantifier="existential",
        stance="counter",
    ),
    Claim(
        "weights-do-not-last",
        "Between two seeds a network's attributions agree better than its single weights, even with its "
        "hidden units matched, by more than 0.25 in correlation.",
        _outlives,
        unit="correlation",
        predicts="increase",
        margin=0.25,
        quantifier="existential",
        stance="belief",
    ),
)
PREDICT = ("rules-predict", "curves-predict")


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Explanations that are true where truth is known, and that predict behaviour, refute "cannot"."""
    finds = {name: rulings.ruling(f"finds-truth-{claim}") for claim, name in NAMES.items()}
    predicts = rulings.existential(*PREDICT)
    found = {*finds.values(), predicts}
    if "supported" in finds.values() and predicts == "supported":
        half = (
            " Half of the belief holds, for single weights: on at least one dataset two seeds of one network "
            "agreed in them less than in what the features contribute, by more than 0.25 in correlation."
            if rulings.ruling("weights-do-not-last") == "supported"
            else ""
        )
        by = " and by ".join(name for name, ruling in finds.items() if ruling == "supported")
        return "refuted", (
            f"Where no feature had a near copy, importance by {by} found what had been planted, and on at "
            f"least one dataset a readable model ({SURROGATES}) foretold over half of what a constant guess "
            f"misses about the large one, on rows it had not seen.{half} Whether a reader understands was "
            "not measured."
        )
    if found == {"refuted"}:
        return "supported", (
            "Importance missed what was planted on at least one world, and on no dataset did a readable "
            f"model ({SURROGATES}) foretell over half of what a constant guess misses about the large one."
        )
    if found in ({"error"}, {"not_applicable"}):
        return predicts, "Whether explanations tell the truth or foretell a model could not be judged here."
    said = ", ".join(f"importance by {name} finding what was planted: {r}" for name, r in finds.items())
    return "inconclusive", (
        f"Not settled ({said}; a readable model foretelling the large one: {predicts}).".replace("_", " ")
    )


experiment = Experiment(
    code="M007",
    belief="AI parameters cannot be understood by humans.",
    measure=measure,
    datasets=(*WORLDS, "breast_cancer", "loanapp"),
    claims=CLAIMS,
    controls=(
        Control(
            "importance:planted",
            {
                "finds-truth-shap": "supported",
                "finds-truth-permutation": "supported",
                "says-it-again": "supported",
                "curves-predict": "supported",
                "deletion": "supported",
                "weights-do-not-last": "supported",
            },
            "five of twenty features carry the label, each on its own",
        ),
        Control(
            "importance:twins",
            {"finds-truth-shap": "refuted", "finds-truth-permutation": "refuted"},
            "each carrier has a near copy: no method can tell which of the two was planted",
        ),
        Control(
            "importance:noise",
            {"says-it-again": "refuted"},
            "labels by a fair coin: importance must not repeat on other rows",
        ),
        Control(
            "importance:readable", {"rules-predict": "supported"}, "the label is a rule of two thresholds"
        ),
        Control(
            "importance:parity",
            {"rules-predict": "refuted", "curves-predict": "refuted"},
            "an even number of positive values among three features: no curve and no small tree can say it",
        ),
        Control(
            "importance:single",
            {"deletion": "refuted"},
            "one feature: there is nothing to choose between",
        ),
        Control(
            "importance:plane",
            {"weights-do-not-last": "refuted"},
            "one direction in three features, without noise: every unit must point along it, in every seed",
        ),
    ),
    rule=rule,
    article="The article says that tools such as SHAP and feature importance let people understand a model.",
    what="W: weights of networks and trees of boosted models, through the features they act on.",
    would_change=(
        "Explanations that miss planted features, or surrogates that foretell no more than a constant guess, "
        "on tables where the model itself predicts well."
    ),
    scope=(
        "Boosted trees and one-layer networks on small tables. Importance is neither the meaning of a "
        "parameter nor a cause; nothing here speaks about the circuits of large models, or about what "
        "readers grasp."
    ),
    threats=(
        "A procedure stands in for a person: foretelling a model is a part of understanding, not all of it.",
        "Deleted features are set to their mean, which makes people who may not exist.",
        "Where features are near copies, importance is shared between them at will: see the twins control.",
        "A surrogate may agree for reasons that are not the model's own.",
        "Attributions of networks are gradients times inputs, one method of several.",
        "Hidden units are paired on half of the features and compared on the other half; a better pairing "
        "might find single weights more alike, comparing by position would find them hardly alike at all.",
    ),
    references=(
        "Lundberg and Lee 2017, A unified approach to interpreting model predictions, arXiv:1705.07874",
        "Breiman 2001, Random forests, doi:10.1023/A:1010933404324",
        "Friedman 1991, Multivariate adaptive regression splines, doi:10.1214/aos/1176347963",
        "Craven and Shavlik 1995, Extracting tree-structured representations of trained networks, NeurIPS",
        "Samek et al. 2017, Evaluating the visualization of what a deep neural network has learned, "
        "arXiv:1509.06321",
        "Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292",
    ),
    beside=(
        "Craven and Shavlik 1995 extracted decision trees that agree closely with the networks they explain.",
        "Adebayo et al. 2018 ask that explanations change when a model is trained on random labels; here "
        "importance learnt from random labels must not repeat on other rows.",
    ),
    figures=(
        Figure(
            "recall",
            "Share of the planted features among the most important",
            x="method",
            y="recall",
            where={"part": "importance"},
            x_title="importance",
            y_title="recall",
            kind="bar",
            claims=("finds-truth-shap", "finds-truth-permutation"),
        ),
        Figure(
            "repeats",
            "Agreement of importance between models of disjoint rows",
            x="method",
            y="repeats",
            where={"part": "importance"},
            x_title="importance",
            y_title="correlation over features",
            kind="bar",
            claims=("says-it-again",),
        ),
        Figure(
            "fidelity",
            "How much of the model a readable surrogate foretells, on people it has not seen",
            x="surrogate",
            y="fidelity",
            where={"part": "surrogate"},
            x_title="surrogate",
            y_title="fidelity (0: a constant guess)",
            kind="bar",
            claims=PREDICT,
        ),
        Figure(
            "deletion",
            "Answers that change when features are taken away",
            x="share",
            y="changed",
            series="rule",
            where={"part": "deletion"},
            x_title="share of features taken",
            y_title="share of people",
            claims=("deletion",),
        ),
        Figure(
            "seeds",
            "What two seeds of one network agree about",
            x="what",
            y="alike",
            where={"part": "seeds"},
            x_title="compared",
            y_title="correlation",
            kind="bar",
            claims=("weights-do-not-last",),
        ),
    ),
    seconds=22.0,
    replicates=(6, 20, 25),
    control_replicates=(6, 12, 20),
    compiled=True,
)
