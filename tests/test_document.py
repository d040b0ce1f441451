"""The run document: strict JSON, sorted, and the same for the same run."""

from __future__ import annotations

import copy
import json
import math
import random
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.document import _tables, document, dumps, essence, points, same
from toolkit.records import Figure, Outcome, Rows, Table, Trial

FIGURE = Figure("f", "A figure", "x", "y", "X", "Y", series="s")
effects = st.floats(-1e6, 1e6, allow_nan=False)


def trial(seed: int, *rows: dict[str, object], dataset: str = "d") -> Outcome:
    return Outcome(Trial("E", dataset, seed, "quick"), "done", Rows.of(rows))  # type: ignore[arg-type]


def row(x: object, y: float | None, s: str = "one", **more: object) -> dict[str, object]:
    return {"x": x, "y": y, "s": s} | more


@given(st.lists(effects, min_size=2, max_size=12))
def test_a_point_is_the_mean_over_trials_with_students_interval(values: list[float]) -> None:
    (point,) = points(FIGURE, [trial(seed, row(1, y)) for seed, y in enumerate(values)])
    from scipy import stats

    assert point["mean"] == pytest.approx(np.mean(values), abs=1e-6)
    assert point["n"] == len(values)
    spread = float(stats.sem(values))
    if spread > 1e-6:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), spread)
        assert (point["low"], point["high"]) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


def test_splits_of_one_table_widen_the_interval_by_their_overlap() -> None:
    values = [0.1, 0.4, 0.2, 0.3]
    fresh = points(FIGURE, [trial(i, row(1, y)) for i, y in enumerate(values)])[0]
    sizes = {"n_train": 80, "n_test": 20}
    fixed = points(FIGURE, [trial(i, row(1, y, **sizes)) for i, y in enumerate(values)])[0]
    widths = [p["high"] - p["low"] for p in (fixed, fresh)]
    assert widths[0] / widths[1] == pytest.approx(math.sqrt((1 / 4 + 1 / 4) / (1 / 4)))


def test_rows_of_one_trial_on_one_point_count_once() -> None:
    outcomes = [trial(0, row(1, 1.0), row(1, 3.0)), trial(1, row(1, 5.0))]
    (point,) = points(FIGURE, outcomes)
    assert (point["mean"], point["n"]) == (3.5, 2)


def test_one_trial_has_no_interval_and_missing_numbers_no_point() -> None:
    found = points(FIGURE, [trial(0, row(1, 2.0), row(2, None), row(None, 1.0))])
    assert found == [
        {"dataset": "d", "panel": "", "series": "one", "x": 1, "mean": 2.0, "low": None, "high": None, "n": 1}
    ]


def test_numbers_are_sorted_as_numbers_and_names_keep_the_order_of_the_rows() -> None:
    rows = [row(x, 1.0, s) for s in ("zero", "naive") for x in (10, 9, 100)]
    found = points(FIGURE, [trial(0, *rows)])
    assert [(p["series"], p["x"]) for p in found] == [(s, x) for s in ("zero", "naive") for x in (9, 10, 100)]


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_trials_arrive_changes_no_point(chance: random.Random) -> None:
    outcomes = [trial(seed, row(seed % 2, 0.1 * seed), row(7, 1 / (seed + 1))) for seed in range(6)]
    expected = points(FIGURE, outcomes)
    shuffled = outcomes[:]
    chance.shuffle(shuffled)
    assert points(FIGURE, sorted(shuffled, key=lambda o: o.trial.key)) == expected


def empty(**provenance: object) -> dict[str, object]:
    return document([], name="n", provenance=provenance, headline={}, calibration=[])


def test_a_document_holds_neither_nan_nor_infinity() -> None:
    whole = empty(a=math.nan, b=[math.inf, 1.0, {"c": -math.inf}])
    assert whole["provenance"] == {"a": None, "b": [None, 1.0, {"c": None}]}
    assert json.loads(dumps(whole)) == whole


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_to_the_last_bit(value: float) -> None:
    assert json.loads(dumps(empty(x=value)))["provenance"]["x"] == value


def test_times_command_and_machine_are_no_part_of_what_a_run_found() -> None:
    whole = empty(seed=1, started="now", seconds=1.0, command="a", machine={"cores": 2})
    whole["experiments"] = [{"outcomes": [{"seed": 0, "seconds": 1.0, "peak_memory": 5}]}]
    other = copy.deepcopy(whole)
    other["provenance"] = {"seed": 1, "started": "later", "seconds": 2.0, "command": "b", "machine": {}}  # type: ignore[dict-item]
    other["experiments"][0]["outcomes"][0] = {"seed": 0, "seconds": 9.0, "peak_memory": None}  # type: ignore[index]
    assert same(whole, other)
    assert essence(whole)["experiments"] == [{"outcomes": [{"seed": 0}]}]
    other["provenance"]["seed"] = 2  # type: ignore[index]
    assert not same(whole, other)


def test_tables_are_described_from_the_trials_that_were_done_and_a_fault_in_them_is_said() -> None:
    def described(done: dict[str, dict[int, Rows]]) -> list[Table]:
        return [Table("t", "T", ("seed",), tuple((seed,) for seed in done["d"]))]

    def broken(_: object) -> list[Table]:
        raise KeyError("gone")

    outcomes = [trial(2, row(1, 1.0)), trial(1, row(1, 1.0)), Outcome(Trial("E", "d", 3, "quick"), "failed")]
    none, two, fault = (
        _tables(SimpleNamespace(extras=extras), outcomes)  # type: ignore[arg-type]
        for extras in (None, described, broken)
    )
    assert none == []
    assert two[0].rows == ((1,), (2,))
    assert fault[0].rows == (("KeyError: 'gone'",),)
