"""How parameters are initialised does not matter: the steps eight starts need, and which never arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    split,
)

if TYPE_CHECKING:
    from toolkit.experiment import Split
    from toolkit.records import Ruling

POOR = ("zero", "constant", "small", "unit")
SANE = ("lecun", "glorot", "he", "orthogonal")
NETS = ((2, "relu"), (2, "tanh"), (6, "relu"), (6, "tanh"))
WIDTH, STEPS, BEFORE = 16, 150, 60
RATES = (0.01, 0.03)
TARGET = 0.1  # of the training loss of a constant guess
ROWS = 128
PAD = {"features": 64, "rows": ROWS, "held": 256, "classes": 10}  # one program for every small table

Net = tuple[int, str]
Rates = Mapping[tuple[str, int, str], float]


def measure(data: Dataset, seed: int, effort: Effort) -> list[dict[str, Any]]:
    """Train each network from each start at each rate on the same rows; count steps to the target loss."""
    import numpy as np

    from toolkit.learners.classes import common_classes
    from toolkit.learners.networks import sweep

    data = common_classes(data)
    parts = split(data, seed, train=2 * ROWS, test=2 * ROWS if data.is_generator else ROWS // 2)
    half = len(parts.y) // 2
    X, y, classes = parts.X[:half], parts.y[:half], len(data.classes)
    nets: tuple[Net, ...] = ((0, "identity"),) if data.params.get("depth") == 0 else NETS
    trained = _trained(parts, half, classes, nets, seed)
    drawn: Mapping[str, str] = data.params.get("starts", {})
    arms = []
    for depth, activation in nets:
        for number, start in enumerate((*POOR, *SANE, "trained")):
            init = drawn.get(start, start)
            begin = {"start": trained[depth, activation]} if init == "trained" else {"init": init}
            # Where all starts draw the same kind of weights they must still be other weights.
            own = seed * 100 + number if drawn else seed
            for rate in effort.pick(RATES[1:], RATES, RATES):
                arm = {"name": start, "depth": depth, "activation": activation, "width": WIDTH, "rate": rate}
                arms.append(arm | begin | {"seed": own})
    shares = np.bincount(y) / len(y)
    target = TARGET * float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())
    found = sweep(X, y, parts.X_test, parts.y_test, arms=arms, steps=STEPS, classes=classes, pad=PAD)
    rows = [_row(row, target) for row in found]
    return rows if data.is_generator else [row | dict(parts.sizes) for row in rows]


def _trained(parts: Split, half: int, classes: int, nets: tuple[Net, ...], seed: int) -> dict[Net, Any]:
    """Train each network from Glorot's start on other rows of the same table: a good start."""
    from toolkit.learners.networks import sweep

    arms = [
        {"depth": d, "activation": a, "width": WIDTH, "rate": 0.01, "init": "glorot", "seed": seed + 1}
        for d, a in nets
    ]
    other = (parts.X[half:], parts.y[half:], parts.X_test, parts.y_test)
    rows = sweep(*other, arms=arms, steps=BEFORE, classes=classes, pad=PAD)
    return {net: row["network"] for net, row in zip(nets, rows, strict=True)}


def _row(row: Mapping[str, Any], target: float) -> dict[str, Any]:
    """Count the steps to the target: the cap and "not arrived" where it is never reached."""
    import numpy as np

    below = np.flatnonzero(row["path"] <= target)
    steps = max(1, int(below[0])) if len(below) else STEPS
    return {
        "start": row["name"],
        "kind": "poor" if row["name"] in POOR else "sane" if row["name"] in SANE else "trained",
        "depth": row["depth"],
        "activation": row["activation"],
        "network": f"{row['activation']}, {row['depth']} layers",
        "rate": row["rate"],
        "steps": steps,
        "arrived": float(len(below) > 0),
        "train_loss": row["train_loss"],
        "test_error": row["test_error"],
    }


def _nets(rows: Rows) -> list[Net]:
    return list(dict.fromkeys((r["depth"], r["activation"]) for r in rows))  # type: ignore[misc]


def _rates(rows: Rows) -> dict[tuple[str, int, str], float]:
    """Choose each start's rate for each network, on the other half of the trials: steps, then final loss."""

    def cost(start: str, net: Net, rate: float) -> tuple[float, float]:
        found = rows.where(start=start, depth=net[0], activation=net[1], rate=rate)
        final = [float("inf") if loss is None else float(loss) for loss in found.column("train_loss")]
        return _log_steps(found), sum(final) / len(final)

    rates = sorted({float(rate) for rate in rows.column("rate")})
    return {
        (start, *net): min(rates, key=lambda rate: cost(start, net, rate))
        for start in dict.fromkeys(rows.column("start"))
        for net in _nets(rows)
    }


def _log_steps(rows: Rows) -> float:
    """Return the mean of log10 steps over rows."""
    import math

    steps = rows.column("steps")
    return sum(math.log10(s) for s in steps) / len(steps)


def _one(rows: Rows, start: str, net: Net, choice: Rates) -> Rows:
    """Return the one row of a start on a network at the rate chosen for it."""
    return rows.where(start=start, depth=net[0], activation=net[1], rate=choice[start, *net])


def _slower(start: str, than: str, depths: tuple[int, ...] = (2, 6)) -> Callable[[Rows, Rates], float]:
    """Return log10(steps from `start` / steps from `than`), the mean over networks.

    A start that does not arrive counts the cap, so the ratio is "at least"; a network on which neither
    arrives says nothing and is left out.
    """

    def effect(rows: Rows, choice: Rates) -> float:
        ratios = []
        for net in _nets(rows):
            one, other = _one(rows, start, net, choice), _one(rows, than, net, choice)
            if net[0] in depths and one.mean("arrived") + other.mean("arrived") > 0:
                ratios.append(_log_steps(one) - _log_steps(other))
        if not ratios:
            raise NotApplicable(f"neither start reached the target within {STEPS} steps on any network")
        return sum(ratios) / len(ratios)

    return effect


def _more_poor(column: str) -> Callable[[Rows, Rates], float]:
    """Return the mean of a column over the poor starts minus that of Glorot's, over all networks."""

    def effect(rows: Rows, choice: Rates) -> float:
        nets = _nets(rows)
        poor = [_one(rows, start, net, choice).mean(column) for start in POOR for net in nets]
        sane = [_one(rows, "glorot", net, choice).mean(column) for net in nets]
        return sum(poor) / len(poor) - sum(sane) / len(sane)

    return effect


def _fewer_arrive(rows: Rows, choice: Rates) -> float:
    if rows.mean("arrived", start="glorot") == 0:
        raise NotApplicable(f"Glorot's start does not reach the target within {STEPS} steps either")
    return _more_poor("arrived")(rows, choice)


def _as_fast(start: str, words: str) -> Claim:
    """State the belief about one poor start."""
    return Claim(
        f"{start}-is-as-fast",
        f"Starting from {words} needs as many steps as Glorot's start, within a factor of 1.26.",
        _slower(start, "glorot"),
        unit="decades of steps",
        predicts="no_change",
        margin=0.1,
        choose=_rates,
    )


def _alike(name: str, depth: int) -> Claim:
    """State the belief about two sane starts at one depth."""
    return Claim(
        f"sane-starts-alike-{name}",
        f"With {depth} hidden layers He's start needs as many steps as LeCun's, within a factor of 1.26.",
        _slower("he", "lecun", (depth,)),
        unit="decades of steps",
        predicts="no_change",
        margin=0.1,
        choose=_rates,
    )


BELIEFS = tuple(f"{start}-is-as-fast" for start in POOR)
WORDS = dict(zip(POOR, ("zeros", "one constant (0.1)", "N(0, 0.01^2)", "N(0, 1)"), strict=True))


def _rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Refuted as said if any poor start is shown to differ in steps, to arrive less often or to end worse."""
    matters = rulings.universal(*BELIEFS, "poor-starts-arrive", "poor-starts-end-alike")
    if matters == "refuted":
        unlike = [words for name, words in WORDS.items() if rulings.ruling(f"{name}-is-as-fast") == matters]
        found = [f"steps needed (from {', from '.join(unlike)})"] if unlike else []
        if rulings.ruling("poor-starts-arrive") == matters:
            found.append(f"how often the target was reached within {STEPS} steps")
        if rulings.ruling("poor-starts-end-alike") == matters:
            found.append("the test error left")
        alike = rulings.ruling("sane-starts-alike-shallow") == "supported"
        half = (
            " Half of the belief holds: between two proper starts, He's and LeCun's, there was no practical "
            "difference in networks of two hidden layers."
            if alike
            else ""
        )
        return "refuted", (
            "On at least one dataset poor starts differed past the margin from Glorot's in "
            f"{'; in '.join(found)}.{half}"
        )
    if matters == "supported":
        return "supported", (
            "On no dataset did a poor start need more or fewer steps, arrive less often or end worse than "
            "Glorot's, past the margin."
        )
    if matters == "inconclusive":
        return matters, "Whether the start matters was not settled in this run."
    return matters, "Whether the start matters could not be judged here."


PLANTED = (*BELIEFS, "sane-starts-alike-shallow", "sane-starts-alike-deep")


def _expect(ruling: Ruling, *claims: str) -> dict[str, Ruling]:
    """Expect one ruling of several claims."""
    return dict.fromkeys(claims, ruling)


experiment = Experiment(
    code="M008",
    belief="How parameters are initialised does not matter.",
    measure=measure,
    datasets=("glyphs:plain", "digits", "wine"),
    claims=(
        _as_fast("zero", "zeros"),
        _as_fast("constant", "one constant (0.1)"),
        _as_fast("small", "draws of N(0, 0.01^2)"),
        _as_fast("unit", "draws of N(0, 1)"),
        _alike("shallow", 2),
        _alike("deep", 6),
        Claim(
            "poor-starts-arrive",
            f"Poor starts reach a tenth of a guess's loss within {STEPS} steps as often as Glorot's.",
            _fewer_arrive,
            unit="share of networks",
            predicts="no_decrease",
            margin=0.1,
            choose=_rates,
        ),
        Claim(
            "poor-starts-end-alike",
            f"After {STEPS} steps, poor starts leave no more test error than Glorot's.",
            _more_poor("test_error"),
            unit="error",
            predicts="no_increase",
            margin=0.01,
            choose=_rates,
        ),
        Claim(
            "good-start-is-faster",
            "Weights trained on other rows of the same table are a faster start than Glorot's.",
            _slower("glorot", "trained"),
            unit="decades of steps",
            predicts="increase",
            margin=0.1,
            stance="counter",
            choose=_rates,
        ),
    ),
    controls=(
        Control(
            "glyphs:one-start",
            _expect("supported", *PLANTED, "poor-starts-arrive") | _expect("refuted", "good-start-is-faster"),
            "Whatever a start is called here, it draws an orthogonal one: none can be better than another.",
        ),
        Control(
            "glyphs:spoiled",
            _expect("refuted", *PLANTED, "poor-starts-arrive", "poor-starts-end-alike")
            | _expect("supported", "good-start-is-faster"),
            "Ten classes need units that differ; zeros and constants keep them alike for ever, six layers "
            "drown N(0, 0.01^2) and blow up N(0, 1), and what is called He's start is zero here.",
        ),
        Control(
            "logistic:convex",
            {"poor-starts-end-alike": "supported"},
            "A linear model's loss is convex: every start ends at the one optimum.",
        ),
    ),
    rule=_rule,
    article="The article says that poor starting values slow convergence down; of starts that do not "
    "arrive at all it does not speak.",
    what="weights (W): their values before training, biases at zero",
    would_change="Networks of ten classes and two or more hidden layers that learn from zeros or from a "
    "constant as fast as from Glorot's weights, at a rate chosen for each.",
    scope=f"Fully connected networks of {WIDTH} units a layer, two and six layers deep, without "
    f"normalisation or residual paths (which make the start matter far less), full-batch Adam, {ROWS} rows.",
    threats=(
        f"Steps are capped at {STEPS}: where a start never arrives, its ratio of steps is a lower bound.",
        "Each start has its rate chosen from two, on the other half of the trials; others could help some.",
        "Adam rescales gradients and so forgives bad scales more than plain gradient descent does.",
        "One constant (0.1) stands for all constants; by symmetry every constant keeps units alike.",
    ),
    references=(
        "Glorot and Bengio 2010, proceedings.mlr.press/v9/glorot10a",
        "He et al. 2015, arXiv:1502.01852",
        "Saxe et al. 2014, arXiv:1312.6120",
        "LeCun et al. 1998, doi:10.1007/3-540-49430-8_2",
    ),
    beside=(
        "He et al. 2015: a 30-layer rectifier network learns from He's start and stalls from Glorot's.",
        "Glorot and Bengio 2010: scaling by the number of inputs and units speeds deep tanh networks up.",
    ),
    figures=(
        Figure(
            "m008-steps",
            "Steps to a tenth of the loss of a constant guess",
            x="start",
            y="steps",
            x_title="starting weights",
            y_title=f"steps (cap {STEPS})",
            series="rate",
            panel="network",
            kind="bar",
            claims=(*PLANTED, "good-start-is-faster"),
        ),
        Figure(
            "m008-arrived",
            "Share of networks that arrive at all",
            x="start",
            y="arrived",
            x_title="starting weights",
            y_title=f"share within {STEPS} steps",
            panel="network",
            kind="bar",
            claims=("poor-starts-arrive",),
        ),
        Figure(
            "m008-error",
            "Test error at the end",
            x="start",
            y="test_error",
            x_title="starting weights",
            y_title="test error",
            panel="network",
            kind="bar",
            claims=("poor-starts-end-alike",),
        ),
    ),
    needs=Needs(tasks=("binary", "multiclass"), rows=200),
    standard_only=("wine",),
    seconds=74.0,
    replicates=(5, 14, 20),
    control_replicates=(6, 10, 12),
    compiled=True,
)
