"""M001's effects on rows made by hand, where each answer is known, and its controls in one cheap run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from toolkit import catalogue
from toolkit.misconceptions import m001_too_many as m001
from toolkit.records import Effort, NotApplicable, Rows


def _ladder(*curves: list[float]) -> Rows:
    """Return one trial in which task i errs as curve i at 10, 100, 1000 ... parameters."""
    return Rows.of(
        {
            "part": "ladder",
            "family": "network",
            "order": o,
            "rung": r,
            "parameters": 10 ** (r + 1),
            "test_error": e,
        }
        for o, curve in enumerate(curves)
        for r, e in enumerate(curve)
    )


def test_need_is_the_smallest_size_within_a_hundredth_of_the_best() -> None:
    rows = _ladder([0.30, 0.105, 0.10], [0.30, 0.115, 0.10])
    assert m001.need(rows, "network", 0) == pytest.approx(2)
    assert m001.need(rows, "network", 1) == pytest.approx(3)


def test_the_extremes_are_the_tasks_that_need_most_and_least() -> None:
    rows = _ladder([0.3, 0.0, 0.0], [0.3, 0.2, 0.0], [0.0, 0.0, 0.0])
    assert m001.extremes("network")(rows) == (1, 2)
    assert m001.spread("network")(rows, (1, 2)) == pytest.approx(2)
    assert m001.grows(rows) == pytest.approx(-1)


def test_a_task_that_no_size_learns_is_no_extreme() -> None:
    rows = _ladder([0.5, 0.5, 0.4], [0.3, 0.0, 0.0], [0.0, 0.0, 0.0])
    assert m001.extremes("network")(rows) == (1, 2)


def test_two_copies_of_one_task_need_the_same() -> None:
    rows = _ladder([0.3, 0.1, 0.1], [0.3, 0.1, 0.1])
    assert m001.spread("network")(rows, (0, 1)) == 0


def test_rows_of_one_table_have_no_ladder() -> None:
    with pytest.raises(NotApplicable, match="ladder"):
        m001.grows(Rows.of([{"part": "sizes"}]))
    with pytest.raises(NotApplicable, match="ladder"):
        m001.extremes("tree")(Rows.of([{"part": "sizes"}]))


def _surplus(small: float, big: float, half: float, cut: float, taught: float) -> Rows:
    row: dict[str, Any] = {"part": "sizes", "constant_error": 0.5}
    rows = [
        row | {"family": family, "size": size, "test_error": error}
        for family in ("network", "boosting", "features")
        for size, error in (("small", small), ("big", big), ("half", half))
    ]
    rows += [{"part": "pruned", "removed": r, "test_error": e} for r, e in ((0.0, big), (0.5, cut))]
    return Rows.of([*rows, {"part": "taught", "test_error": taught}])


def test_surplus_effects_are_the_rise_in_error() -> None:
    rows = _surplus(0.2, 0.1, half=0.13, cut=0.15, taught=0.16)
    assert m001.after_halving(rows) == pytest.approx(0.03)
    assert m001.after_pruning(rows) == pytest.approx(0.05)
    assert m001.after_teaching(rows) == pytest.approx(0.06)


def test_small_keeps_its_share_of_the_gain() -> None:
    assert m001.keeps("network")(_surplus(0.12, 0.10, 0, 0, 0)) == pytest.approx(0.38 - 0.38)
    assert m001.keeps("network")(_surplus(0.30, 0.10, 0, 0, 0)) == pytest.approx(0.20 - 0.38)


def test_a_table_gives_every_arm_with_its_sizes() -> None:
    rows = Rows.of(m001.measure(catalogue.dataset("breast_cancer"), 1, Effort("quick")))
    assert {row["n_train"] for row in rows} == {300}
    assert {row["n_test"] for row in rows} == {75}
    sizes = rows.where(part="sizes")
    for family in ("network", "features", "boosting"):
        small, big = (sizes.value("parameters", family=family, size=size) for size in ("small", "big"))
        assert small <= 0.105 * big
        assert sizes.value("test_error", family=family, size="big") < 0.3
    pruned = rows.where(part="pruned")
    assert pruned.value("test_error", removed=0.0) == sizes.value("test_error", family="network", size="big")
    assert math.isfinite(m001.after_teaching(rows))


@pytest.mark.slow
def test_every_control_comes_out_as_planted_on_average() -> None:
    signs = {"supported": 1, "refuted": -1}
    for control in m001.experiment.controls:
        data = catalogue.dataset(control.dataset)
        trials = [Rows.of(m001.measure(data, seed, Effort("quick"))) for seed in range(4)]
        for claim in m001.CLAIMS:
            if claim.id not in control.expects:
                continue
            effects = [
                claim.effect(t, claim.choose(Rows.of(r for o in trials[i % 2 :: 2] for r in o)))
                if claim.choose
                else claim.effect(t)
                for i, t in enumerate(trials, start=1)
            ]
            mean = sum(effects) / len(effects)
            against = {"no_increase": claim.margin - mean, "no_decrease": mean + claim.margin}
            held = against.get(claim.predicts, mean - claim.margin)
            assert held * signs[control.expects[claim.id]] > 0, (control.dataset, claim.id, mean)
