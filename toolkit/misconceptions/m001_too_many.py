"""AI models have too many parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

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
    generator,
    split,
)
from toolkit.records import Ruling

MARGIN = 0.01
THREEFOLD = math.log10(3)
HALF = 0.5
WIDTHS = (1, 2, 4, 8, 16, 64)
LEAVES = (2, 4, 8, 16, 32, 64, 128)
STARTS = 3
BATCH = 64
LEARNED = 0.25  # a task counts as learned by a family where its best size errs less than half as a guess


def measure(data: Dataset, seed: int, effort: Effort) -> list[dict[str, Any]]:
    """Measure the capacity that each task of a ladder needs, or what is surplus in models of one table.

    Sizes: 300 training rows; 1,000 test rows from a generator, 75 from a table.
    """
    if "tasks" in data.params:
        return list(_ladder(data, seed, effort))
    fixed = not data.is_generator
    parts = split(data, seed, train=300, test=data.params.get("test", 75 if fixed else 1000))
    sizes = dict(parts.sizes) if fixed else {}
    return [row | sizes for row in _surplus(data, parts, seed, effort)]


def _surplus(data: Dataset, parts: Any, seed: int, effort: Effort) -> Iterator[dict[str, Any]]:
    """Yield small models against large ones, and large ones after removal or as teachers."""
    from toolkit.learners import ladders, shrinking

    problem = ladders.Problem.of(data, parts, (0.0,), seed)
    constant = problem.coding.constant_error(parts.y, parts.y_test)
    held = shrinking.Parts.of(problem)
    units, steps = data.params.get("units", effort.pick(128, 256, 256)), effort.pick(150, 200, 400)
    rows, big = shrinking.networks(held, units=units, steps=steps)
    rows += shrinking.features(problem, width=data.params.get("features", 2000))
    rows += shrinking.boosted(held, leaves=data.params.get("leaves", 32))
    for row in rows:
        yield {"part": "sizes", "constant_error": constant, "comparison": row["family"] == "network"} | row
    for row in shrinking.pruned(problem, big):
        yield {"part": "pruned"} | row
    yield {"part": "taught", "comparison": True} | shrinking.taught(
        data, problem, big, units=max(1, units // 10), steps=steps
    )


def _ladder(data: Dataset, seed: int, effort: Effort) -> Iterator[dict[str, Any]]:
    """Yield networks by width and trees by leaves on every task of the ladder, fresh rows for each."""
    from toolkit.learners import ladders
    from toolkit.worlds import tasks

    train, held, inputs = 300, 1000, data.X.shape[1]
    drawn = []
    for order, (kind, dial) in enumerate(data.params["tasks"]):
        rng = generator(seed, "ladder", str(order))
        X, y = tasks.draw(kind, dial, inputs, train + 2 * held, rng)
        drawn.append((order, f"{order + 1}: {kind} {dial}", X, y))
    for row in _widths(drawn, train, held, seed, effort):
        yield {"part": "ladder", "family": "network"} | row
    for order, task, X, y in drawn:
        problem = ladders.Problem.of(data, _cut(X, y, train, train + held), (0.0,), seed)
        for row in ladders.tree(problem, leaves=LEAVES):
            yield {"part": "ladder", "order": order, "task": task} | row


def _widths(
    drawn: list[tuple[int, str, Any, Any]], train: int, held: int, seed: int, effort: Effort
) -> Iterator[dict[str, Any]]:
    """Yield per task and width the best of a few starts, chosen on validation rows: equal budgets for all."""
    from toolkit.learners.networks import sweep

    arms = []
    for order, task, X, y in drawn:
        both = {"X": X[:train], "y": y[:train], "X_test": X[train:], "y_test": y[train:]}
        arms += [
            {
                "width": width,
                "rate": 0.03,
                "batch": BATCH,
                "seed": seed * STARTS + start,
                "order": order,
                "task": task,
            }
            | both
            for width in WIDTHS
            for start in range(STARTS)
        ]
    first = drawn[0]
    found = sweep(
        first[2][:train], first[3][:train], first[2][train:], first[3][train:],
        arms=arms, steps=effort.pick(150, 200, 400), classes=2,
    )  # fmt: skip
    for order, task, _, y in drawn:
        for rung, width in enumerate(WIDTHS):
            mine = [arm for arm in found if arm["order"] == order and arm["width"] == width]
            wrong = [arm["scores"].argmax(axis=1) != y[train:] for arm in mine]
            best = min(range(STARTS), key=lambda i: float(wrong[i][:held].mean()))
            yield {
                "order": order,
                "task": task,
                "rung": rung,
                "size": width,
                "parameters": mine[best]["parameters"],
                "test_error": float(wrong[best][held:].mean()),
            }


def _cut(X: Any, y: Any, train: int, test: int) -> Any:
    """Return rows of a task as a split; the rows between `train` and `test` chose the networks' starts."""
    from toolkit.experiment import Split

    return Split(X[:train], y[:train], X[test:], y[test:])


def need(rows: Rows, family: str, order: int) -> float:
    """Return log10 of the parameters of the smallest rung within 0.01 of the best one, in these trials."""
    arm = rows.where(part="ladder", family=family, order=order)
    if not len(arm):
        raise NotApplicable("asked of a ladder of tasks only")
    errors = {
        rung: arm.mean("test_error", rung=rung) for rung in sorted({int(r) for r in arm.column("rung")})
    }
    enough = min(rung for rung, error in errors.items() if error <= min(errors.values()) + MARGIN)
    return math.log10(arm.mean("parameters", rung=enough))


def _learned(arm: Rows) -> bool:
    """Say whether any size learned the task, on average: what no size learns says nothing about need."""
    return any(arm.mean("test_error", rung=rung) < LEARNED for rung in set(arm.column("rung")))


def extremes(family: str) -> Callable[[Rows], tuple[int, int]]:
    """Return the choice of the tasks that need most and least, of those that the family learned at all."""

    def choose(rows: Rows) -> tuple[int, int]:
        ladder = rows.where(part="ladder", family=family)
        orders = sorted({int(order) for order in ladder.column("order")})
        needs = {order: need(rows, family, order) for order in orders if _learned(ladder.where(order=order))}
        if not needs:
            raise NotApplicable("no task of a ladder that this family learned")
        return max(needs, key=lambda order: needs[order]), min(needs, key=lambda order: needs[order])

    return choose


def spread(family: str) -> Callable[[Rows, tuple[int, int]], float]:
    """Return how many decades lie between the needs of the two tasks chosen on the other half."""

    def effect(rows: Rows, chosen: tuple[int, int]) -> float:
        return need(rows, family, chosen[0]) - need(rows, family, chosen[1])

    return effect


def grows(rows: Rows) -> float:
    """Return the decades between the needs of the ladder's last and first task, fixed beforehand."""
    last = max((int(order) for order in rows.where(part="ladder").column("order")), default=0)
    return need(rows, "network", last) - need(rows, "network", 0)


def _of_one_table(rows: Rows, part: str) -> Rows:
    """Return the rows of one part, or say that a ladder of tasks has none."""
    found = rows.where(part=part)
    if not len(found):
        raise NotApplicable("asked of one table at a time, not of a ladder of tasks")
    return found


def keeps(family: str) -> Callable[[Rows], float]:
    """Return (constant error - small) - 0.95 (constant error - big): not negative if small keeps 95 %."""

    def effect(rows: Rows) -> float:
        arm = _of_one_table(rows, "sizes").where(family=family)
        constant = arm.value("constant_error", size="big")
        small, big = arm.value("test_error", size="small"), arm.value("test_error", size="big")
        return (constant - small) - 0.95 * (constant - big)

    return effect


def after_pruning(rows: Rows) -> float:
    """Return the rise in error when half of the weights of the large network are set to zero."""
    arm = _of_one_table(rows, "pruned")
    return arm.value("test_error", removed=HALF) - arm.value("test_error", removed=0.0)


def after_halving(rows: Rows) -> float:
    """Return the rise in error when the second half of the boosting rounds is removed."""
    arm = _of_one_table(rows, "sizes").where(family="boosting")
    return arm.value("test_error", size="half") - arm.value("test_error", size="big")


def after_teaching(rows: Rows) -> float:
    """Return the error of the taught student less that of its large teacher."""
    big = _of_one_table(rows, "sizes").value("test_error", family="network", size="big")
    return rows.value("test_error", part="taught") - big


SURPLUS = ("half-is-surplus-network", "half-is-surplus-boosting", "a-tenth-suffices-when-taught")
NEEDS = ("need-depends-on-task-network", "need-depends-on-task-tree")
SMALL = tuple(f"small-can-do-well-{family}" for family in ("network", "features", "boosting"))
LADDER = ("ladder:varied",)
TABLES = ("digits", "breast_cancer", "diabetes", "capacity:teacher")

CLAIMS = (
    Claim(
        SURPLUS[0],
        "Half of the weights of a trained network, the smallest ones, can be set to zero at a loss of at "
        "most 0.01, without retraining.",
        after_pruning,
        "error",
        "no_increase",
        MARGIN,
    ),
    Claim(
        SURPLUS[1],
        "The second half of the rounds of a boosted model can be removed at a loss of at most 0.01.",
        after_halving,
        "error",
        "no_increase",
        MARGIN,
    ),
    Claim(
        SURPLUS[2],
        "A network of a tenth of the units, taught by the large one on unlabelled inputs, errs at most 0.01 "
        "more than its teacher.",
        after_teaching,
        "error",
        "no_increase",
        MARGIN,
    ),
    *(
        Claim(
            f"small-can-do-well-{family}",
            f"{words} with at most a tenth of the large one's parameters, tuned alike, keeps 95 % of what "
            "the large one gains over a constant guess.",
            keeps(family),
            "error",
            "no_decrease",
            MARGIN,
            quantifier="existential",
            stance="counter",
        )
        for family, words in (
            ("network", "A network"),
            ("features", "A random-feature model"),
            ("boosting", "A boosted model"),
        )
    ),
    *(
        Claim(
            f"need-depends-on-task-{family}",
            f"The parameters that {words} needs to come within 0.01 of the best size differ more than "
            "threefold between two of the tasks it can learn, chosen on the other half of the trials.",
            spread(family),
            "decades",
            "increase",
            THREEFOLD,
            quantifier="existential",
            stance="counter",
            choose=extremes(family),
            datasets=LADDER,
        )
        for family, words in (("network", "a network"), ("tree", "a decision tree"))
    ),
    Claim(
        "need-grows-with-complexity",
        "A network needs more than three times as many parameters for the parity of four bits as for one "
        "bit, a straight line.",
        grows,
        "decades",
        "increase",
        THREEFOLD,
        stance="description",
        datasets=LADDER,
    ),
)


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Rule on "too many" as a statement about models as such: surplus must be found wherever it is sought."""
    surplus = rulings.universal(*SURPLUS)
    some = rulings.existential(*SURPLUS)
    varies = rulings.existential(*NEEDS)
    more = " How many are needed differed more than threefold between two of the tasks tried."
    needs = more if varies == "supported" else ""
    if surplus == "refuted":
        half = (
            " Half true: in at least one other test, half or nine tenths were surplus."
            if some == "supported"
            else ""
        )
        return "refuted", (
            "At least one trained model lost more than the margin when half of its parameters were taken "
            "away or a model of a tenth of its units took its place." + half + needs
        )
    if surplus == "supported":
        return "supported", (
            "Literally so: in every model tested, half of the parameters could be taken away after training, "
            "and a taught model of a tenth of the units could replace it, at no practical loss." + needs
        )
    if surplus in {"error", "not_applicable"}:
        return surplus, "No trained model could be tested for surplus in this run." + needs
    if some == "supported":
        found = (
            "Surplus was shown in at least one model tested and refuted in none; the others could not tell."
        )
    else:
        found = (
            "Corrected for the number of models tried, surplus was neither shown nor refuted in any of them."
        )
    return surplus, found + needs


experiment = Experiment(
    code="M001",
    belief="AI models have too many parameters.",
    measure=measure,
    datasets=(*LADDER, *TABLES),
    claims=CLAIMS,
    controls=(
        Control(
            "ladder:planted",
            dict.fromkeys((*NEEDS, "need-grows-with-complexity"), "supported"),
            "a straight line, the parity of two bits and of four",
        ),
        Control(
            "ladder:copies",
            dict.fromkeys((*NEEDS, "need-grows-with-complexity"), "refuted"),
            "three copies of one task need the same",
        ),
        Control(
            "ladder:line",
            dict.fromkeys((*SURPLUS, *SMALL), "supported"),
            "a straight line needs one unit, so nearly everything is surplus",
        ),
        Control(
            "ladder:parity",
            dict.fromkeys((SURPLUS[0], SURPLUS[2], *SMALL[:2]), "refuted"),
            "the parity of four bits with models just large enough: nothing is surplus",
        ),
        Control(
            "capacity:slope",
            dict.fromkeys((SURPLUS[1], SMALL[2]), "refuted"),
            "small trees approach a line through 30 columns step by step: every round counts",
        ),
    ),
    rule=rule,
    article=(
        "The article answers that the number of parameters needed depends on the task, and that small "
        "models can do well; both are tested, and so is the belief's literal sense."
    ),
    what="W and A: trained weights that can be taken away, and the size a model is given.",
    would_change=(
        "The belief would be refuted by one trained model that loses more than 0.01 with half of its "
        "parameters gone or with a taught model of a tenth of its units in its place, and supported if none "
        "of them does."
    ),
    scope=(
        "Small tables, 8x8 images and generated tasks of 300 training rows. 'The number needed varied "
        "between these tasks' is what can be said; not that models in general have enough or too many."
    ),
    threats=(
        "Pruning is by magnitude and without retraining: other ways remove more.",
        "Need is read on a grid of sizes that doubles or more; a task at the largest size says 'at least'.",
        "Need is read in each trial from 1,000 test rows, so on a flat stretch chance moves it by a size.",
        "A table's unlabelled inputs for the student are mixtures of training rows, not real ones.",
        "A network's need includes what training can find, not only what could represent the task.",
    ),
    references=(
        "LeCun, Denker and Solla 1990, Optimal brain damage, NeurIPS 2",
        "Han, Pool, Tran and Dally 2015, Learning both weights and connections, NeurIPS 28",
        "Hinton, Vinyals and Dean 2015, Distilling the knowledge in a neural network, arXiv:1503.02531",
        "Curth, Jeffares and van der Schaar 2023, A U-turn on double descent, NeurIPS",
    ),
    beside=(
        "Han et al. 2015 remove about nine tenths of the weights of image networks, with retraining.",
        "Hinton et al. 2015 teach a small network by a large one and lose little.",
    ),
    figures=(
        Figure(
            "need",
            "Error by the size of a network, task by task",
            "size",
            "test_error",
            "hidden units",
            "test error",
            series="task",
            where={"part": "ladder", "family": "network"},
            x_log=True,
            claims=(NEEDS[0], "need-grows-with-complexity"),
        ),
        Figure(
            "leaves",
            "Error by the size of a tree, task by task",
            "size",
            "test_error",
            "leaves allowed",
            "test error",
            series="task",
            where={"part": "ladder", "family": "tree"},
            x_log=True,
            claims=(NEEDS[1],),
        ),
        Figure(
            "removed",
            "Error of a large network after its smallest weights are set to zero",
            "removed",
            "test_error",
            "share of weights removed",
            "test error",
            where={"part": "pruned"},
            claims=(SURPLUS[0],),
        ),
        Figure(
            "sizes",
            "Small models against large ones, tuned alike; half a boosted model",
            "size",
            "test_error",
            "size",
            "test error",
            series="family",
            where={"part": "sizes"},
            kind="bar",
            claims=(SURPLUS[1], *SMALL),
        ),
        Figure(
            "taught",
            "A small network taught by a large one",
            "size",
            "test_error",
            "size",
            "test error",
            where={"family": "network", "comparison": True},
            kind="bar",
            claims=(SURPLUS[2],),
        ),
    ),
    needs=Needs(),
    standard_only=("breast_cancer", "diabetes"),
    replicates=(6, 20, 25),
    control_replicates=(6, 12, 20),
    seconds=75.0,
    compiled=True,
)
