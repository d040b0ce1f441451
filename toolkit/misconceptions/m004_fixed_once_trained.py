"""Parameters are fixed once the model is trained: what changes them, what does not, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.experiment import (
    Claim,
    Control,
    Dataset,
    Effort,
    Experiment,
    Figure,
    Needs,
    NotApplicable,
    Rows,
    Rulings,
    Table,
    generator,
    split,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.records import Ruling, Value

PARTS = ("mechanics", "transfer", "stream", "after")
LABELS, STEPS, STAGES = 10, 100, 3
MEMORY, PULL = 100, 10.0  # rows of each past task that replay keeps; strength of consolidation
PULL_FROM = "tried at 1, 10, 100 and 1000 on four pilot draws"

Arm = dict[str, Any]
Part = tuple["NDArray[np.float64]", "NDArray[np.int64]"]


def measure(data: Dataset, seed: int, effort: Effort) -> list[dict[str, Any]]:
    """Train on one half of the training rows, change the world, go on with the other half."""
    import numpy as np

    from toolkit.learners import continual
    from toolkit.learners.classes import common_classes

    data = common_classes(data)
    image = data.feature_names[:1] == ("pixel_0_0",)
    parts = split(data, seed, train=800, test=200 if not data.is_generator else 400, scale=not image)
    X, X_test = parts.X, parts.X_test
    if image:  # one centre and one scale for all pixels, so that moving them keeps their meaning
        X, X_test = ((part - X.mean()) / X.std() for part in (X, X_test))
    half, classes = len(X) // 2, len(data.classes)
    source, pool, test = (X[:half], parts.y[:half]), (X[half:], parts.y[half:]), (X_test, parts.y_test)
    if any(len(np.unique(y)) < classes for _, y in (source, pool)):
        raise NotApplicable("a class has too few rows to be in both halves of the training rows")
    rng = generator(seed, "labels")
    if data.params.get("source") == "noise":
        source = (source[0], rng.permutation(source[1]))
    if data.params.get("target") == "noise":
        pool = (pool[0], rng.permutation(pool[1]))
    depth = data.params.get("depth", 1)
    network = continual.first_network(source, test, classes, seed=seed, depth=depth, steps=150)
    kinds = continual.shifts(image, X.shape[1], generator(seed, "shift"))
    if data.params.get("shift") == "none":
        kinds = {kind: (relation, _same) for kind, (relation, _) in kinds.items()}
    trial = _Trial(data, seed, effort, classes, source, pool, test, network, kinds)
    sections = {"mechanics": _mechanics, "transfer": _transfer, "stream": _stream, "after": _after}
    rows = [row for part in data.params.get("parts", PARTS) for row in sections[part](trial)]
    return rows if data.is_generator else [row | dict(parts.sizes) for row in rows]


def _same(X: Any) -> Any:
    return X


@dataclass(frozen=True, eq=False)
class _Trial:
    """What the four parts of one trial share."""

    data: Dataset
    seed: int
    effort: Effort
    classes: int
    source: Part
    pool: Part
    test: Part
    network: Any
    kinds: Mapping[str, tuple[str, Callable[[Any], Any]]]

    def task(self, kind: str, labels: int) -> tuple[str, str, int, Part, Part]:
        """Return a shifted task: a few labelled rows of each class, and the shifted test rows."""
        from toolkit.learners.continual import few

        relation, change = self.kinds[kind]
        X, y = few(self.pool, labels, self.classes)
        return kind, relation, labels, (change(X), y), (change(self.test[0]), self.test[1])


def _mechanics(trial: _Trial) -> list[dict[str, Any]]:
    """Ask finished models, then change them by every method of their library, on the first shifted task."""
    from toolkit.learners import networks_after, updates

    deploy = trial.data.params.get("deploy")
    _, _, _, rows, test = trial.task(next(iter(trial.kinds)), LABELS)
    models = updates.fitted(trial.source, trial.classes, trial.seed)
    finished = {learner: updates.sha256(model) for learner, model in models.items()}  # before any update
    found: list[dict[str, Any]] = []
    changed = updates.renewed(models, rows, trial.classes, trial.seed)
    for learner, method, after, anew in changed:
        before = models[learner]
        kept = before if deploy == "sealed" else after  # a sealed model is copied, and the copy changes
        found.append(
            {"part": "update", "learner": learner, "method": method}
            | {"changed": float(updates.sha256(kept) != finished[learner])}
            | {"distance": updates.moved(before, kept), "error_frozen": updates.error(before, test)}
            | {"error_updated": updates.error(kept, test)}
            | {"error_anew": None if anew is None else updates.error(anew, test)}
        )
    net, net_finished = trial.network, trial.network.sha256()
    scaled = networks_after.scaled(net, 0.9)
    shrunk = net if deploy == "sealed" else scaled
    found.append(
        {"part": "update", "learner": "network", "method": "last layer shrunk"}
        | {"changed": float(shrunk.sha256() != net_finished)}
        | {"distance": networks_after.distance(net.vector(), shrunk.vector())}
        | {"error_frozen": net.error(*test), "error_updated": shrunk.error(*test), "error_anew": None}
    )
    continued = next(after for _, method, after, _ in changed if method == "continuation")
    asked = updates.read_only(models, test, adapting=deploy == "adapting")
    before = net.sha256()
    net.error(*test)
    asked.append(("network", "score", net.sha256() != before))
    asked.append(("booster", "old trees", not updates.old_trees_intact(models["booster"], continued)))
    return found + [{"part": "ask", "learner": m, "method": a, "changed": float(c)} for m, a, c in asked]


def _transfer(trial: _Trial) -> list[dict[str, Any]]:
    """Fine-tune, train the head only, or start anew on each shift; on the first with other labels too."""
    from toolkit.learners import continual

    def go(tasks: list[Any], rates: tuple[float, ...]) -> list[dict[str, Any]]:
        return continual.transfer(
            trial.network, tasks, trial.classes, seed=trial.seed, steps=STEPS, rates=rates
        )

    quick, first = trial.effort.name == "quick", next(iter(trial.kinds))
    rates = continual.RATES[1:] if quick else continual.RATES
    rows = go([trial.task(kind, LABELS) for kind in trial.kinds], rates)
    if not quick and "parts" not in trial.data.params:
        rows += go([trial.task(first, labels) for labels in (2, 5)], (continual.RATE,))
        rows += go([trial.task(first, 40)], (continual.RATE,))
    return [{"part": "transfer"} | row for row in rows]


def _stream(trial: _Trial) -> list[dict[str, Any]]:
    """Learn three tasks in a row: the same classes seen through pixels or columns that changed places."""
    from toolkit.learners import continual

    rng = generator(trial.seed, "stream")
    stages = []
    for number in range(STAGES):
        X, y = (trial.source, trial.pool)[number % 2]
        places = rng.permutation(X.shape[1]) if number else slice(None)
        if trial.data.params.get("shift") == "none":
            places = slice(None)
        stages.append(((X[:, places], y), (trial.test[0][:, places], trial.test[1])))
    rows = continual.stream(
        trial.network, stages, trial.classes, seed=trial.seed, steps=STEPS, memory=MEMORY, pull=PULL
    )
    return [{"part": "stream"} | row for row in rows]


def _after(trial: _Trial) -> list[dict[str, Any]]:
    """Regularise the finished network without training; 100 held-out rows where a choice is needed."""
    from toolkit.learners import continual, networks_after

    net, test = trial.network, trial.test
    held = (trial.pool[0][:100], trial.pool[1][:100])
    rows, classes, seed = trial.source, trial.classes, trial.seed
    variants = {
        "left alone": net,
        "half of the weights pruned": networks_after.pruned(net, 0.5),
        "80 % of the weights pruned": networks_after.pruned(net, 0.8),
        "rounded to int8": networks_after.rounded(net),
        "last layer shrunk": networks_after.shrunk(net, *held),
        "thresholds moved": networks_after.recentred(net, *held),
        "last layer by ridge": networks_after.resolved(net, *rows),
        "two continuations averaged": continual.continued_and_averaged(
            net, rows, test, classes, seed=seed, steps=50
        ),
    }
    return [
        {"part": "after", "method": method, "error": changed.error(*test)}
        | {"log_loss": networks_after.log_loss(changed, *test)}
        | {"distance": networks_after.distance(net.vector(), changed.vector())}
        for method, changed in variants.items()
    ]


def _share_updated(rows: Rows) -> float:
    return rows.mean("changed", part="update")


def _share_asked(rows: Rows) -> float:
    return rows.mean("changed", part="ask")


def _gain_of_fine_tuning(rows: Rows) -> float:
    at: Arm = {"part": "transfer", "labels": LABELS}
    return rows.mean("error", mode="frozen", **at) - rows.mean("error", mode="fine-tuned", rate=0.01, **at)


def _gain_of_continuation(rows: Rows) -> float:
    at: Arm = {"part": "update", "method": "continuation"}
    return rows.value("error_frozen", **at) - rows.value("error_updated", **at)


def _best_rates(relation: str) -> Callable[[Rows], dict[str, float]]:
    """Return a choice of each mode's rate by mean error, made on the other half of the trials."""

    def choose(rows: Rows) -> dict[str, float]:
        at: Arm = {"part": "transfer", "labels": LABELS, "relation": relation}
        rates = sorted({float(r) for r in rows.where(**at).column("rate") if r is not None})
        return {
            mode: min(rates, key=lambda rate: rows.mean("error", mode=mode, rate=rate, **at))
            for mode in ("fine-tuned", "anew")
        }

    return choose


def _gain_over_anew(relation: str) -> Callable[[Rows, Mapping[str, float]], float]:
    """Return err(anew) - err(fine-tuned) at equal rows and steps, each at its own chosen rate."""

    def effect(rows: Rows, choice: Mapping[str, float]) -> float:
        at: Arm = {"part": "transfer", "labels": LABELS, "relation": relation}
        anew, tuned = (
            rows.mean("error", mode=mode, rate=choice[mode], **at) for mode in ("anew", "fine-tuned")
        )
        return anew - tuned

    return effect


def _forgotten(method: str) -> Callable[[Rows], float]:
    """Return how much the error on the first task rose from after learning it to the end of the stream."""

    def effect(rows: Rows) -> float:
        at: Arm = {"part": "stream", "method": method, "task": 1}
        return rows.value("error", stage=STAGES, **at) - rows.value("error", stage=1, **at)

    return effect


def _kept(method: str) -> Callable[[Rows], float]:
    """Return how much less is forgotten than by going on naively."""
    return lambda rows: _forgotten("naive")(rows) - _forgotten(method)(rows)


def _gain_of_shrinking(rows: Rows) -> float:
    import math

    before, after = (
        rows.value("log_loss", part="after", method=m) for m in ("left alone", "last layer shrunk")
    )
    return math.log(before / after)


def _tables(outcomes: Mapping[str, Mapping[int, Rows]]) -> Iterator[Table]:
    """Describe every update and every stream in full, beside the claims: means over trials."""

    def mean(rows: Rows, column: str, **arm: str | int) -> float | None:
        try:
            return rows.mean(column, **arm)
        except NotApplicable:  # nothing was trained anew at the same cost
            return None

    updates: list[tuple[Value, ...]] = []
    streams: list[tuple[Value, ...]] = []
    planted = {control.dataset for control in experiment.controls}
    for where, trials in sorted(outcomes.items()):
        rows = Rows(tuple(row for trial in trials.values() for row in trial if where not in planted))
        update, last = rows.where(part="update"), rows.where(part="stream", stage=STAGES)
        for learner, method in dict.fromkeys((row["learner"], row["method"]) for row in update):
            arm = update.where(learner=learner, method=method)
            columns = ("changed", "distance", "error_frozen", "error_updated", "error_anew")
            updates.append((where, learner, method, *(mean(arm, column) for column in columns)))
        for method in dict.fromkeys(str(row["method"]) for row in last):
            first = mean(last, "error", method=method, task=1)
            streams.append((where, method, first, mean(last, "error", method=method)))
    if updates:
        yield Table(
            "updates",
            "What each update changed, and what it was worth",
            ("where", "learner", "update", "share changed", "distance", "left alone", "updated", "anew"),
            tuple(updates),
            "Distance is the length of the parameters' change over their length before. The last three "
            "columns are errors on shifted data: of the model left alone, of the updated one, and of one "
            "trained anew on the same new labels at the same cost (empty where none was trained).",
        )
    if streams:
        yield Table(
            "streams",
            "What is known at the end of three tasks learned in a row",
            ("where", "method", "error on the first task", "mean error over the tasks"),
            tuple(streams),
            "Anew is one network trained once on the rows of all tasks, for as many steps as one task takes.",
        )


def _rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Refuted if any library method changed a finished model; the sentence says which half is true."""
    fixed, asking = rulings.ruling("parameters-are-fixed"), rulings.ruling("asking-changes-nothing")
    useful = rulings.ruling("fine-tuning-beats-frozen") == "supported"
    if fixed == "refuted":
        half = (
            "Half true, and refuted as it is said: asking a model left its parameters as they were, bit for "
            "bit, and adding trees left the old ones so; but updates made to finished models changed them"
        )
        start = half if asking == "supported" else "Updates made to finished models changed their parameters"
        paid = ", and on shifted data, with a few new labels, that paid" if useful else ""
        return "refuted", f"{start}{paid}."
    if fixed == "supported":
        return "supported", "The updates tried left the parameters of the finished models as they were."
    return fixed, "Whether updates change finished models was not settled in this run."


STEADY, MISLEADING, MEANINGLESS = "glyphs:steady", "glyphs:misleading", "glyphs:meaningless"

experiment = Experiment(
    code="M004",
    belief="Parameters are fixed once the model is trained.",
    measure=measure,
    datasets=("glyphs:plain", "digits", "breast_cancer"),
    claims=(
        Claim(
            "parameters-are-fixed",
            "None of eight ways to update a finished model (linear, boosted, network) changes its "
            "parameters.",
            _share_updated,
            unit="share of methods",
            predicts="no_increase",
            margin=0.05,
        ),
        Claim(
            "asking-changes-nothing",
            "Predicting, scoring, explaining (SHAP) and adding trees leave the old parameters as they were.",
            _share_asked,
            unit="share of actions",
            predicts="no_increase",
            margin=0.05,
        ),
        Claim(
            "fine-tuning-beats-frozen",
            "When data shift, going on with ten labels a class beats leaving the model alone.",
            _gain_of_fine_tuning,
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
        ),
        Claim(
            "continuation-beats-frozen",
            "When the data shift, more trees on ten labels a class lower the error of a finished booster.",
            _gain_of_continuation,
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
        ),
        Claim(
            "transfer-beats-anew",
            "On a related task trained parameters are a better start than new ones, all else equal.",
            _gain_over_anew("related"),
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
            choose=_best_rates("related"),
        ),
        Claim(
            "unrelated-transfer-beats-anew",
            "Even when all inputs change places, trained parameters are a better start than new ones.",
            _gain_over_anew("unrelated"),
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
            choose=_best_rates("unrelated"),
        ),
        Claim(
            "naive-updating-forgets",
            "A network that learns three tasks in a row gets worse at the first.",
            _forgotten("naive"),
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
        ),
        Claim(
            "replay-keeps",
            "Replaying a hundred old rows of each past task lessens the forgetting.",
            _kept("replay"),
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
        ),
        Claim(
            "consolidation-keeps",
            "Elastic weight consolidation, which keeps no old rows, lessens the forgetting.",
            _kept("consolidation"),
            unit="error",
            predicts="increase",
            margin=0.01,
            stance="counter",
        ),
        Claim(
            "shrinking-helps",
            "Shrinking a finished network's last layer, without training, can improve its log-loss by 5 %.",
            _gain_of_shrinking,
            unit="log ratio of log-loss",
            predicts="increase",
            margin=0.05,
            quantifier="existential",
            stance="counter",
        ),
    ),
    controls=(
        Control(
            "logistic:sealed",
            {"parameters-are-fixed": "supported", "asking-changes-nothing": "supported"},
            "Models are deployed read-only: updates are made to a copy, so what is deployed cannot change.",
        ),
        Control(
            "logistic:adapting",
            {"parameters-are-fixed": "refuted", "asking-changes-nothing": "refuted"},
            "The linear models learn from their own answers while predicting, so asking must change them.",
        ),
        Control(
            MISLEADING,
            {"fine-tuning-beats-frozen": "refuted", "continuation-beats-frozen": "refuted"},
            "Nothing shifts and the new labels are shuffled, so an update can only do harm.",
        ),
        Control(
            MEANINGLESS,
            {
                "fine-tuning-beats-frozen": "supported",
                "continuation-beats-frozen": "supported",
                "transfer-beats-anew": "refuted",
                "unrelated-transfer-beats-anew": "refuted",
            },
            "The first labels were shuffled: what was learned is worth nothing, as a model and as a start.",
        ),
        Control(
            STEADY,
            {
                "transfer-beats-anew": "supported",
                "unrelated-transfer-beats-anew": "supported",
                "naive-updating-forgets": "refuted",
                "replay-keeps": "refuted",
                "consolidation-keeps": "refuted",
            },
            "Nothing shifts: the old parameters already solve every task, and there is nothing to forget.",
        ),
        Control(
            "glyphs:drifting",
            {
                "naive-updating-forgets": "supported",
                "replay-keeps": "supported",
                "consolidation-keeps": "supported",
            },
            "Pixels change places from task to task; one network can solve all, so keeping is possible.",
        ),
        Control(
            "glyphs:noisy",
            {"shrinking-helps": "supported"},
            "Fifteen in a hundred labels are wrong: a network that fits them all is far too sure of itself.",
        ),
        Control(
            "logistic:convex",
            {"shrinking-helps": "refuted"},
            "The truth is linear and so is the model, with rows enough: it is as sure as it should be.",
        ),
    ),
    rule=_rule,
    extras=_tables,
    article="The article lists it as a misconception and answers that parameters can be updated, fine-tuned "
    "and regularised after training. It counts L1, L2 and dropout among such changes; these act during "
    "training.",
    what="weights (W): coefficients, leaf values and a network's weights and biases",
    would_change="A library method that promises to update a model and leaves its hash as it was; or shifted "
    "data on which an updated model is no better than one left alone.",
    scope="Linear models, boosted trees and networks with one hidden layer of 64, on 8x8 images and small "
    "tables; ten labels a class after a planted shift. Nothing here speaks about large language models.",
    threats=(
        "The shifts are planted (turned, moved, inverted, recoded, exchanged inputs); real drift is milder.",
        f"Consolidation has one strength ({PULL:g}), {PULL_FROM}; another trades old tasks for new ones.",
        "Starting anew has the same rows, steps and choice of rates as going on, but not the first rows.",
        "The labels after the shift come in equal numbers per class, so on lopsided tables an update also "
        "moves the model away from the table's own shares.",
        "On fixed tables the splits overlap, so most gains under 0.05 stay inconclusive there.",
    ),
    references=(
        "Kirkpatrick et al. 2017, doi:10.1073/pnas.1611835114",
        "McCloskey and Cohen 1989, doi:10.1016/S0079-7421(08)60536-8",
        "Yosinski et al. 2014, arXiv:1411.1792",
        "Guo et al. 2017, arXiv:1706.04599",
        "Wortsman et al. 2022, arXiv:2203.05482",
    ),
    beside=(
        "McCloskey and Cohen 1989: a network taught new facts in sequence forgets the old ones.",
        "Kirkpatrick et al. 2017: on permuted images consolidation keeps what plain training loses.",
        "Guo et al. 2017: on most data sets one factor on the last layer repairs much of a modern network's "
        "overconfidence.",
    ),
    figures=(
        Figure(
            "m004-changed",
            "What changes a finished model, and what does not",
            x="method",
            y="changed",
            x_title="what is done to it",
            y_title="share of models changed",
            series="part",
            panel="learner",
            kind="bar",
            claims=("parameters-are-fixed", "asking-changes-nothing"),
        ),
        Figure(
            "m004-transfer",
            "Going on, starting anew, and leaving alone",
            x="labels",
            y="error",
            x_title="labels per class after the shift",
            y_title="test error",
            series="mode",
            panel="kind",
            where={"part": "transfer"},
            x_log=True,
            claims=("fine-tuning-beats-frozen", "transfer-beats-anew", "unrelated-transfer-beats-anew"),
        ),
        Figure(
            "m004-booster",
            "Models after each update, tested on shifted data",
            x="method",
            y="error_updated",
            x_title="update with ten labels a class",
            y_title="test error",
            panel="learner",
            where={"part": "update"},
            kind="bar",
            claims=("continuation-beats-frozen",),
        ),
        Figure(
            "m004-stream",
            "What is left of the first task while others are learned",
            x="stage",
            y="error",
            x_title="tasks learned",
            y_title="test error on the first task",
            series="method",
            where={"part": "stream", "task": 1},
            claims=("naive-updating-forgets", "replay-keeps", "consolidation-keeps"),
        ),
        Figure(
            "m004-after",
            "A finished network, regularised without training",
            x="method",
            y="log_loss",
            x_title="what was done",
            y_title="log-loss (nats)",
            where={"part": "after"},
            kind="bar",
            claims=("shrinking-helps",),
        ),
    ),
    needs=Needs(tasks=("binary", "multiclass"), rows=200),
    standard_only=("breast_cancer",),
    seconds=65.0,
    replicates=(5, 14, 20),
    control_replicates=(5, 7, 12),
    compiled=True,
)
