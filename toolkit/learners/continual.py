"""Networks that go on learning: transfer to a shifted task, and a stream of tasks with and without memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks import Network, small_tables, sweep
from toolkit.learners.networks_after import averaged, fisher

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = tuple[NDArray[Any], NDArray[Any]]
    Shift = Callable[[NDArray[np.float64]], NDArray[np.float64]]

WIDTH = 64
RATE = 0.01
RATES = (0.003, 0.01, 0.03)
MODES = ("fine-tuned", "head only", "anew")


def shifts(image: bool, features: int, rng: np.random.Generator) -> dict[str, tuple[str, Shift]]:
    """Return ways in which the world may change after training: name -> (related or unrelated, function).

    Images are moved by one pixel, turned by a right angle and inverted (inputs must be centred); tables have
    a quarter of their columns recoded to the other sign. Unrelated: all pixels or columns change places.
    """
    import numpy as np

    order = rng.permutation(features)
    flip = np.where(np.arange(features) < max(1, features // 4), -1.0, 1.0)[rng.permutation(features)]
    permuted = ("unrelated", lambda X: X[:, order])
    if not image:
        return {"recoded": ("related", lambda X: X * flip), "permuted": permuted}
    side = int(features**0.5)

    def grid(change: Callable[[Any], Any]) -> Shift:
        return lambda X: change(X.reshape(-1, side, side)).reshape(len(X), -1)

    return {
        "turned": ("related", grid(lambda g: np.rot90(g, axes=(1, 2)))),
        "moved": ("related", grid(lambda g: np.roll(g, 1, axis=2))),
        "inverted": ("related", lambda X: -X),
        "permuted": permuted,
    }


def few(rows: Rows, labels: int, classes: int) -> Rows:
    """Return the first rows of each class, so many each (or as many as there are)."""
    import numpy as np

    X, y = rows
    kept = np.concatenate([np.flatnonzero(y == c)[:labels] for c in range(classes)])
    return X[kept], y[kept]


def first_network(source: Rows, test: Rows, classes: int, *, seed: int, depth: int, steps: int) -> Network:
    """Train the network that everything afterwards is done to."""
    arm = {"width": WIDTH, "depth": depth, "rate": RATE, "seed": seed}
    (row,) = sweep(*source, *test, arms=[arm], steps=steps, classes=classes, pad=small_tables(classes))
    network: Network = row["network"]
    return network


def transfer(
    network: Network,
    tasks: Sequence[tuple[str, str, int, Rows, Rows]],
    classes: int,
    *,
    seed: int,
    steps: int,
    rates: Sequence[float] = RATES,
) -> list[dict[str, Any]]:
    """Go on from a network, or start anew, on each task with equal rows and steps at every rate.

    Parameters
    ----------
    tasks : sequence of (kind, relation, labels per class, training rows, test rows)

    Returns
    -------
    list of dict
        kind, relation, labels, mode ("frozen" or one of MODES), rate (None for frozen), error.
    """
    head = (0.0,) * (len(network.weights) - 1) + (1.0,)
    start: dict[str, dict[str, Any]] = {
        "fine-tuned": {"start": network},
        "head only": {"start": network, "free": head},
        "anew": {},
    }
    arms = [
        {"kind": kind, "relation": relation, "labels": labels, "mode": mode, "rate": rate, "seed": seed + 1}
        | dict(zip(("X", "y", "X_test", "y_test"), (*rows, *test), strict=True))
        | {"width": WIDTH}
        | start[mode]
        for kind, relation, labels, rows, test in tasks
        for mode in MODES
        for rate in rates
    ]
    frozen = [
        {"kind": kind, "relation": relation, "labels": labels, "mode": "frozen", "rate": None}
        | {"error": network.error(*test)}
        for kind, relation, labels, _, test in tasks
    ]
    kept = ("kind", "relation", "labels", "mode", "rate")
    pad = small_tables(classes)
    trained = sweep(*tasks[0][3], *tasks[0][4], arms=arms, steps=steps, classes=classes, pad=pad)
    return frozen + [{k: row[k] for k in kept} | {"error": row["test_error"]} for row in trained]


def stream(
    network: Network,
    stages: Sequence[tuple[Rows, Rows]],
    classes: int,
    *,
    seed: int,
    steps: int,
    memory: int,
    pull: float,
) -> list[dict[str, Any]]:
    """Learn stages one after the other: naive, with replay, with elastic weight consolidation, and anew.

    Parameters
    ----------
    network : Network
        Already trained on the first stage.
    stages : sequence of (training rows, test rows)
    memory : int
        Rows of each past stage that replay keeps.
    pull : float
        Strength of elastic weight consolidation (times the Fisher information summed over past stages).

    Returns
    -------
    list of dict
        method, stage (trained up to it), task (tested on it), error; "anew" is one network trained once on
        all stages' rows for as many steps as one stage, so at the same cost in rows times steps.
    """
    import numpy as np

    held = dict.fromkeys(("naive", "replay", "consolidation"), network)
    found = [_asked(m, n, 0, stages) for m, n in held.items()]
    information = fisher(network, stages[0][0][0])
    rng = np.random.default_rng([seed, 4])
    for number in range(1, len(stages)):
        rows, test = stages[number]
        past = [stages[k][0] for k in range(number)]
        picked = [rng.permutation(len(y))[:memory] for _, y in past]
        replay = tuple(
            np.concatenate([rows[i], *(p[i][q] for p, q in zip(past, picked, strict=True))]) for i in (0, 1)
        )
        arms = [
            {"start": held[method], "anchor": (held[method], information, strength), "X": own[0], "y": own[1]}
            | {"rate": RATE, "seed": seed + number}
            for method, own, strength in (
                ("naive", rows, 0.0),
                ("replay", replay, 0.0),
                ("consolidation", rows, pull),
            )
        ]
        pad = {**small_tables(classes), "rows": len(rows[1]) + memory * (len(stages) - 1)}  # all stages alike
        trained = sweep(*rows, *test, arms=arms, steps=steps, classes=classes, pad=pad)
        held = {m: row["network"] for m, row in zip(held, trained, strict=True)}
        information = information + fisher(held["consolidation"], rows[0])
        found += [_asked(m, n, number, stages) for m, n in held.items()]
    X, y = (np.concatenate([rows[i] for rows, _ in stages]) for i in (0, 1))
    arm = {"width": WIDTH, "rate": RATE, "seed": seed}
    (row,) = sweep(X, y, *stages[0][1], arms=[arm], steps=steps, classes=classes, pad=small_tables(classes))
    found.append(_asked("anew", row["network"], len(stages) - 1, stages))
    return [item for each in found for item in each]


def _asked(
    method: str, network: Network, stage: int, stages: Sequence[tuple[Rows, Rows]]
) -> list[dict[str, Any]]:
    """Test a network on every task of the stream."""
    return [
        {"method": method, "stage": stage + 1, "task": task + 1, "error": network.error(*test)}
        for task, (_, test) in enumerate(stages)
    ]


def continued_and_averaged(
    network: Network, rows: Rows, test: Rows, classes: int, *, seed: int, steps: int
) -> Network:
    """Go on from one network twice, with other batches, and average the two."""
    arms = [{"start": network, "rate": 0.003, "batch": 32, "seed": seed + k} for k in (1, 2)]
    trained = sweep(*rows, *test, arms=arms, steps=steps, classes=classes, pad=small_tables(classes))
    return averaged([row["network"] for row in trained])
