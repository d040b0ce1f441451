"""One trial of M005: the same people under every data condition, crossed with every learner and fit.

A condition is a training table (whose labels, which weights, which columns) and the same test people. On a
world the recorded data stand beside the fair data of the same people; on a table only remedies can be
compared. Group metrics come from counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from toolkit.experiment import generator, split
from toolkit.records import Dataset, Effort, NotApplicable, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.learners.scorers import Scorer

METRICS = ("true_positive_rate", "selection_rate", "false_positive_rate")
LEAST_ROWS, LEAST_POSITIVES = 50, 50
PROXY = 0.6
UNKNOWN = "(missing)"  # as toolkit.table names it
FROZEN = ("logistic, weak penalty", "boosting, large", "network, small")
EXPLAINED = "boosting, large"
EXPLAINED_ROWS, SAMPLE, BACKGROUND = 100, 30, 20
CONSTRAINT = "true_positive_rate_parity"


@dataclass(frozen=True, eq=False)
class People:
    """Rows with labels and groups; X is complete and scaled by the training rows."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    s: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Condition:
    """What the learners are given: training rows with weights, some columns, and how often each is fitted."""

    name: str
    train: People
    test: People
    columns: NDArray[np.int64]
    fits: int
    weight: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """One draw: people to train on, to calibrate thresholds on and to test on, none in two of them."""

    train: People
    calibrate: People
    test: People
    pair: tuple[int, int]
    data: Dataset
    fair: tuple[People, People] | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    why_no_rates: str = ""


def sample(data: Dataset, seed: int, effort: Effort) -> Sample:
    """Draw one sample of a world, or split one of a table (3/5 train, 1/5 calibrate, 1/5 test)."""
    if data.is_generator:
        return _world(data, seed, effort)
    return _table(data, seed, effort)


def _world(data: Dataset, seed: int, effort: Effort) -> Sample:
    from toolkit.worlds.lending import Lending, people

    world = Lending.of(data.params)
    n, tested = 1000, effort.pick(2000, 4000, 20_000)
    train, calibrate, test = _scaled(
        people(world, seed, n, recorded=True),
        people(world, seed, 2 * n, recorded=True, part="calibrate"),
        people(world, seed, tested, recorded=False, part="test"),
    )
    fair, fair_test = _scaled(
        people(world.fair, seed, n, recorded=True),
        people(world.fair, seed, tested, recorded=False, part="test"),
    )
    return Sample(train, calibrate, test, (0, 1), data, (fair, fair_test))


def _scaled(train: Dataset, *others: Dataset) -> list[People]:
    """Centre and scale by the training rows."""
    import numpy as np

    centre, spread = train.X.mean(axis=0), train.X.std(axis=0)
    spread = np.where(spread > 1e-12, spread, np.inf)
    return [People((d.X - centre) / spread, d.y, _groups(d)) for d in (train, *others)]


def _groups(data: Dataset) -> NDArray[np.int64]:
    assert data.sensitive is not None
    return data.sensitive


def _table(data: Dataset, seed: int, effort: Effort) -> Sample:
    """Split a table, every part holding each group and label in the table's own proportions."""
    from toolkit.fairness.counts import pair

    s = _groups(data)
    why = ""
    apart = [g for g, name in enumerate(data.groups) if name == UNKNOWN]
    try:
        both = pair(data.y, s, rows=LEAST_ROWS, positives=LEAST_POSITIVES, apart=apart)
    except ValueError as few:
        why = f"true and false positive rates: {few}"
        try:
            both = pair(data.y, s, rows=LEAST_ROWS, apart=apart)
        except ValueError as fewer:
            raise NotApplicable(str(fewer)) from None
    most = effort.pick(3000, 12_000, 40_000)
    joint = replace(data, y=s * 2 + data.y, task="multiclass")
    found = split(joint, seed, train=most, test=most // 4)
    cut = len(found.y) * 3 // 4
    train, calibrate, test = (
        People(X, y % 2, y // 2)
        for X, y in (
            (found.X[:cut], found.y[:cut]),
            (found.X[cut:], found.y[cut:]),
            (found.X_test, found.y_test),
        )
    )
    return Sample(train, calibrate, test, both, data, sizes=dict(found.sizes), why_no_rates=why)


def proxies(drawn: Sample) -> list[tuple[str, float, NDArray[np.int64]]]:
    """Return each column but the sensitive one: name, how well it alone tells the pair's groups, features.

    Measured on the training rows alone. A column of several features (categories) tells as much as its best.
    """
    import numpy as np

    from toolkit.fairness.parameters.remedies import telling

    data, train = drawn.data, drawn.train
    rows = np.isin(train.s, drawn.pair)
    areas = telling(train.X[rows], train.s[rows] == drawn.pair[0])
    source = np.array(data.source_columns or range(train.X.shape[1]))
    names = data.columns or data.feature_names
    found = []
    for column in dict.fromkeys(source.tolist()):
        members = np.flatnonzero(source == column)
        if names[column] != data.sensitive_name:
            found.append((names[column], float(areas[members].max()), members))
    return found


def conditions(drawn: Sample, fits: int) -> list[Condition]:
    """List the data conditions; ``recorded`` is the reference: as recorded, without the sensitive column."""
    import numpy as np

    from toolkit.fairness.parameters.remedies import balancing, reweighing

    train, test = drawn.train, drawn.test
    told = proxies(drawn)
    blind = np.sort(np.concatenate([members for _, _, members in told]))
    clean = [members for _, area, members in told if area < PROXY]
    clean = clean or [min(told, key=lambda each: each[1])[2]]
    every = np.arange(train.X.shape[1])
    remedy_fits = 1 if drawn.fair else fits
    found = [
        Condition("recorded", train, test, blind, fits),
        Condition("with_group", train, test, every, remedy_fits),
        Condition("without_proxies", train, test, np.sort(np.concatenate(clean)), remedy_fits),
        Condition("reweighed", train, test, blind, remedy_fits, reweighing(train.y, train.s)),
    ]
    if drawn.fair:
        return [Condition("fair", drawn.fair[0], drawn.fair[1], blind, fits), *found]
    return [*found, Condition("balanced", train, test, blind, fits, balancing(train.y, train.s))]


def measure(data: Dataset, seed: int, effort: Effort) -> list[Row]:
    """Measure every cell of the crossing, the frozen remedy, and the attribution."""
    from toolkit.learners.scorers import LEARNERS, NETWORKS, SEEDED, Job, train

    drawn = sample(data, seed, effort)
    learners = effort.pick(tuple(x for x in LEARNERS if x not in NETWORKS), LEARNERS, LEARNERS)
    fits = 2
    starts = [int(v) for v in generator(seed, "M005 fits").integers(2**31, size=fits)]
    cells, jobs = [], []
    for condition in conditions(drawn, fits):
        X = condition.train.X[:, condition.columns]
        for learner in learners:
            for fit in range(condition.fits if learner in SEEDED else 1):
                cells.append((condition, learner, fit))
                jobs.append(Job(learner, X, condition.train.y, condition.weight, starts[fit]))
    scorers = train(jobs)
    found = {(c.name, learner, fit): m for (c, learner, fit), m in zip(cells, scorers, strict=True)}
    rows: list[Row] = []
    for (condition, learner, fit), scorer in zip(cells, scorers, strict=True):
        row = _cell(drawn, condition, scorer) | {"condition": condition.name, "learner": learner}
        rows.append(row | {"fit": fit})
        if learner not in SEEDED:  # no chance in it, so every fit is this one
            rows.extend(row | {"fit": again} for again in range(1, condition.fits))
    blind = next(c.columns for c, _, _ in cells if c.name == "recorded")
    kinds = [learner for learner in FROZEN if learner in learners]
    rows.extend(_frozen(drawn, blind, found["recorded", kinds[(seed // 2) % len(kinds)], 0]))
    rows.extend(_explained(drawn, found["with_group", EXPLAINED, 0], seed, effort))
    rows.extend(
        {"kind": "column", "feature": name, "telling": area, "proxy": area >= PROXY, **drawn.sizes}
        for name, area, _ in proxies(drawn)
    )
    return rows


def _metrics(drawn: Sample, test: People, chance: NDArray[Any]) -> dict[str, Any]:
    """Return accuracy over everybody tested, and the pair's signed gaps, from one count."""
    from toolkit.fairness.counts import confusion, gap, rate

    counts = confusion(test.y, chance, test.s, max(int(test.s.max()), *drawn.pair) + 1)
    found: dict[str, Any] = {"accuracy": float(rate(counts.sum(axis=0), "accuracy"))}
    for metric in METRICS:
        value = gap(counts, metric, drawn.pair)
        known = not math.isnan(value) and (metric == "selection_rate" or not drawn.why_no_rates)
        found[f"{metric}_gap"] = value if known else None
    first, second = (drawn.data.groups[g] for g in drawn.pair)
    return found | {"groups": f"{first} minus {second}", "why": drawn.why_no_rates} | drawn.sizes


def _cell(drawn: Sample, condition: Condition, scorer: Scorer) -> dict[str, Any]:
    chance = scorer.score(condition.test.X[:, condition.columns])
    found = _metrics(drawn, condition.test, chance >= 0.5)
    return {"kind": "cell", **found, "parameters": scorer.parameters()}


def _frozen(drawn: Sample, columns: NDArray[np.int64], scorer: Scorer) -> Iterator[Row]:
    """Move the thresholds of a finished model; the hash of its parameters is taken before and after."""
    import numpy as np

    from toolkit.fairness.mitigation.thresholds import move_thresholds

    calibrate, test = (_only(part, drawn.pair) for part in (drawn.calibrate, drawn.test))
    fixed = {"kind": "thresholds", "learner": scorer.learner, "constraint": CONSTRAINT}
    before = scorer.fingerprint()
    chance = scorer.score(test.X[:, columns])
    yield {**fixed, "stage": "before", "sha256": before, **_metrics(drawn, test, chance >= 0.5)}
    if any(len(np.unique(calibrate.y[calibrate.s == g])) < 2 for g in drawn.pair):
        return  # thresholds cannot be chosen for a group with one label; the effect says so
    decide = move_thresholds(scorer.score, calibrate.X[:, columns], calibrate.y, calibrate.s)
    moved = decide(test.X[:, columns], test.s)
    after = scorer.fingerprint()
    yield {**fixed, "stage": "after", "sha256": after, **_metrics(drawn, test, moved)}


def _only(part: People, pair: tuple[int, int]) -> People:
    import numpy as np

    rows = np.isin(part.s, pair)
    return People(part.X[rows], part.y[rows], part.s[rows])


def _explained(drawn: Sample, scorer: Scorer, seed: int, effort: Effort) -> Iterator[Row]:
    """Attribute the gap of mean scores to columns: in log-odds, and in probability on one trial in four."""
    import numpy as np

    from toolkit.fairness.features import attribution

    test = _only(drawn.test, drawn.pair)
    first = test.s == drawn.pair[0]
    people = [np.flatnonzero(first), np.flatnonzero(~first)]

    def some(most: int) -> NDArray[np.int64]:
        return np.concatenate([rows[:most] for rows in people])

    rows = some(EXPLAINED_ROWS)
    yield from _columns(drawn, "log-odds", attribution.log_odds(scorer.model, test.X[rows], first[rows]))
    if effort.name != "quick" and seed % 4 == 0:
        rows = some(SAMPLE)
        background = drawn.train.X[:BACKGROUND]
        found = attribution.probability(scorer.model, test.X[rows], first[rows], background)
        yield from _columns(drawn, "probability", found)


def _columns(drawn: Sample, scale: str, found: Any) -> Iterator[Row]:
    """Add up the features of one column; the gap and what rounding leaves are rows of their own."""
    import numpy as np

    data = drawn.data
    names = data.columns or data.feature_names
    source = np.array(data.source_columns or range(len(found.parts)))
    fixed: dict[str, Any] = {"kind": "attribution", "scale": scale, **drawn.sizes}
    for column in dict.fromkeys(source.tolist()):
        part = float(found.parts[source == column].sum())
        yield {**fixed, "feature": names[column], "contribution": part}
    yield {**fixed, "kind": "attributed", "gap": found.gap, "residual": found.residual}
