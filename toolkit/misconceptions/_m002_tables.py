"""What M002 describes beside its claims, from all trials together: the size needed, and what size means.

Runs in the parent process, in pure Python. Nothing here rules on anything. Every rung is chosen on one half
of the trials and measured on the other, then the halves swap (every second seed, as the claims halve them),
so that no minimum and no peak is shown by the numbers that picked it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from toolkit.records import Rows, Table, Value


class Point(NamedTuple):
    """One model of one trial: exact parameters, effective parameters where defined, error on test rows."""

    parameters: float
    effective: float | None
    error: float


class Step(NamedTuple):
    """One rung of a ladder, as the choosing half of the trials sees it: means over its trials."""

    rung: int
    parameters: float
    error: float


Outcomes = Mapping[str, Mapping[int, Rows]]
Ladder = dict[int, Point]
"""One trial's models by rung."""
Halves = tuple[list[Ladder], list[Ladder]]
Pick = Callable[[Sequence[Step]], tuple[int | None, ...]]
"""Chooses rungs from one half's steps, fewest parameters first; None where there is nothing to choose."""


def tables(
    outcomes: Outcomes, *, margin: float, paths: Container[str], planted: Container[str]
) -> list[Table]:
    """Return every table, those that nothing could be put into left out.

    Parameters
    ----------
    outcomes : mapping of dataset to seed to rows
    margin : float
        How much worse than the best a model may be and still be good enough (error).
    paths : container of str
        The families whose raw and effective parameters are compared.
    planted : container of str
        Datasets to leave out: worlds planted as controls say nothing about what size is needed.
    """
    ladders = [
        (name, family, noise, halves)
        for name, trials in sorted(outcomes.items())
        if name not in planted
        for (family, noise), halves in _ladders(trials).items()
    ]
    found = (smallest(ladders, margin), axes([arm for arm in ladders if arm[1] in paths], margin))
    return [table for table in found if table.rows]


def smallest(ladders: Sequence[tuple[str, str, float, Halves]], margin: float) -> Table:
    """Show the smallest model within the margin of the best, beside the best and the largest."""

    def pick(steps: Sequence[Step]) -> tuple[int | None, ...]:
        best = min(steps, key=lambda step: step.error)
        enough = next(step for step in steps if step.error <= best.error + margin)
        return enough.rung, best.rung, steps[-1].rung

    rows: list[tuple[Value, ...]] = []
    for where, family, noise, halves in ladders:
        crossed = _crossed(halves, pick)
        if crossed is None:
            continue
        models, alike = crossed
        shown = [[point for point in model if point is not None] for model in models]
        sizes = [_size([point.parameters for point in model]) for model in shown]
        errors = [_mean([point.error for point in model]) for model in shown]
        rows.append((where, family, noise, len(shown[0]), alike[0], *sizes, *errors))
    return Table(
        "smallest",
        f"The smallest model within {margin:g} of the best",
        (
            "where",
            "family",
            "noise",
            "trials",
            "both halves chose it",
            *(f"parameters, {model}" for model in ("smallest", "best", "largest")),
            *(f"error, {model}" for model in ("smallest", "best", "largest")),
        ),
        tuple(rows),
        f"Smallest is the size with the fewest parameters whose mean error is within {margin:g} of the "
        "lowest. Smallest and best are chosen on every second trial and measured on the others, then the "
        "halves swap, so the best may err more than the smallest here. Parameters are geometric means over "
        "trials: where the halves chose two different sizes they lie between the two. Errors are means. Only "
        "sizes that were tried can be named, and few trials choose loosely.",
    )


def axes(ladders: Sequence[tuple[str, str, float, Halves]], margin: float) -> Table:
    """Show raw beside effective parameters, where the error peaks and where it is least."""

    def pick(steps: Sequence[Step]) -> tuple[int | None, ...]:
        return _peak(steps, margin), min(steps, key=lambda step: step.error).rung

    rows: list[tuple[Value, ...]] = []
    for where, family, noise, halves in ladders:
        crossed = _crossed(halves, pick)
        if crossed is None:
            continue
        cells: list[Value] = []
        for model in crossed[0]:
            points = [point for point in model if point is not None]
            if len(points) < len(model):  # one half found no peak: the other's may be chance
                cells += [None] * 3
                continue
            cells += [
                _size([point.parameters for point in points]),
                _size([point.effective for point in points]),
                _mean([point.error for point in points]),
            ]
        if cells[4] is not None:
            rows.append((where, family, noise, len(crossed[0][1]), *cells))
    return Table(
        "axes",
        "Raw and effective parameters where the error peaks and where it is least",
        (
            "where",
            "family",
            "noise",
            "trials",
            *(
                f"{column}, {place}"
                for place in ("at the peak", "at the minimum")
                for column in ("parameters", "effective parameters", "error")
            ),
        ),
        tuple(rows),
        f"A peak is the size with the highest error of those that err more than {margin:g} above some "
        "smaller and above some larger size; without one in both halves of the trials its columns are empty. "
        "Peak and minimum are chosen on every second trial and measured on the others, then the halves swap. "
        "Parameters are geometric means over trials. Effective parameters measure how far predictions on "
        "test rows depend on single training rows: a model may have more raw parameters and fewer effective "
        "ones. They describe a peak and do not prove what causes it. Where a regression's error stays at its "
        "cap of 3 to the end it does not fall again, so no peak is shown.",
    )


def _ladders(trials: Mapping[int, Rows]) -> dict[tuple[str, float], Halves]:
    """Sort one dataset's rows into families and noise levels, each with the ladders of both halves."""
    found: dict[tuple[str, float], Halves] = {}
    for place, seed in enumerate(sorted(trials)):
        mine: dict[tuple[str, float], Ladder] = {}
        for row in trials[seed]:
            error = row.get("test_error")
            if error is None or not math.isfinite(float(error)):
                continue
            effective = row.get("effective")
            point = Point(
                float(row["parameters"]),  # type: ignore[arg-type]  # numbers by the contract of measure
                None if effective is None else float(effective),
                float(error),
            )
            arm = (str(row["family"]), float(row["noise"]))  # type: ignore[arg-type]
            mine.setdefault(arm, {})[int(row["rung"])] = point  # type: ignore[arg-type]
        for arm, ladder in mine.items():
            found.setdefault(arm, ([], []))[place % 2].append(ladder)
    return found


def _crossed(halves: Halves, pick: Pick) -> tuple[list[list[Point | None]], list[bool]] | None:
    """Choose on each half and measure on the other.

    Returns
    -------
    tuple or None
        For each thing chosen its models, one per trial (None where the other half chose nothing), and whether
        both halves chose the same; None without two halves that share two rungs.
    """
    shared = set.intersection(*(set(ladder) for half in halves for ladder in half))
    if not all(halves) or len(shared) < 2:
        return None
    chosen = [pick(list(_steps(half, shared))) for half in halves]
    models: list[list[Point | None]] = [
        [
            None if rung is None else ladder[rung]
            for rung, half in zip(rungs, halves, strict=True)
            for ladder in half
        ]
        for rungs in zip(chosen[1], chosen[0], strict=True)  # the first half uses what the second chose
    ]
    return models, [first == second for first, second in zip(*chosen, strict=True)]


def _steps(half: Sequence[Ladder], shared: set[int]) -> Iterator[Step]:
    """Yield the mean of every rung over one half of the trials, fewest parameters first."""
    means = [
        Step(
            rung,
            _mean([ladder[rung].parameters for ladder in half]),
            _mean([ladder[rung].error for ladder in half]),
        )
        for rung in shared
    ]
    yield from sorted(means, key=lambda step: (step.parameters, step.rung))


def _peak(steps: Sequence[Step], margin: float) -> int | None:
    """Return the highest rung that stands out from both sides, the smallest of equals; None without one."""
    inner = [
        step
        for place, step in enumerate(steps[1:-1], start=1)
        if step.error > min(s.error for s in steps[:place]) + margin
        and step.error > min(s.error for s in steps[place + 1 :]) + margin
    ]
    return max(inner, key=lambda step: step.error).rung if inner else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _size(values: Sequence[float | None]) -> float | None:
    """Return the geometric mean, whole above 100; None where a number is missing or not above zero.

    Sizes span decades and effective parameters at a peak have heavy tails, so one trial would be the mean.
    """
    known = [value for value in values if value is not None and value > 0]
    if len(known) < len(values):
        return None
    middle = math.exp(_mean([math.log(value) for value in known]))
    return float(round(middle)) if middle >= 100 else round(middle, 9)
