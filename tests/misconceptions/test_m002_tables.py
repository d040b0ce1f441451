"""M002's tables on ladders made by hand: what is chosen on one half is shown by the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from toolkit import catalogue
from toolkit.misconceptions import _m002_tables as described
from toolkit.misconceptions import m002_more_is_better as m002
from toolkit.records import Effort, Rows, Table, Value

SIZES = (10, 100, 1000, 10_000)


def trial(
    errors: Sequence[float | None],
    *,
    family: str = m002.RIDGELESS,
    effective: Sequence[float | None] = (),
    sizes: Sequence[int] = SIZES,
) -> Rows:
    used = effective or [1.0] * len(errors)
    return Rows.of(
        {"family": family, "noise": 0.2, "rung": i, "parameters": p, "effective": u, "test_error": e}
        for i, (p, u, e) in enumerate(zip(sizes, used, errors, strict=False))
    )


def tables(trials: Sequence[Rows], where: str = "own") -> dict[str, Table]:
    return {table.id: table for table in m002.extras({where: dict(enumerate(trials))})}


def cells(table: Table, row: int = 0) -> dict[str, Value]:
    return dict(zip(table.columns, table.rows[row], strict=True))


def test_the_smallest_size_within_the_margin_is_named_beside_the_best_and_the_largest() -> None:
    shown = cells(tables([trial([0.5, 0.209, 0.2, 0.4])] * 4)["smallest"])
    assert [shown[f"parameters, {model}"] for model in ("smallest", "best", "largest")] == [100, 1000, 10_000]
    assert [shown[f"error, {model}"] for model in ("smallest", "best", "largest")] == pytest.approx(
        [0.209, 0.2, 0.4]
    )
    assert (shown["trials"], shown["both halves chose it"]) == (4, True)


def test_a_size_just_past_the_margin_is_not_good_enough() -> None:
    shown = cells(tables([trial([0.5, 0.211, 0.2, 0.4])] * 4)["smallest"])
    assert shown["parameters, smallest"] == 1000


def test_each_half_is_measured_at_the_size_the_other_half_chose() -> None:
    even, odd = trial([0.1, 0.5, 0.5, 0.5]), trial([0.7, 0.7, 0.3, 0.7])
    shown = cells(tables([even, odd, even, odd])["smallest"])
    assert shown["error, smallest"] == pytest.approx((0.5 + 0.7) / 2)  # by its own choice it would be 0.2
    assert shown["parameters, smallest"] == pytest.approx(100)  # between 10 and 1000
    assert shown["both halves chose it"] is False


def test_sizes_are_ordered_by_parameters_and_not_by_rung() -> None:
    shown = cells(tables([trial([0.4, 0.2, 0.2, 0.5], sizes=(10_000, 1000, 100, 10))] * 2)["smallest"])
    assert shown["parameters, smallest"] == 100
    assert shown["parameters, largest"] == 10_000


def test_the_peak_is_where_the_error_rises_and_falls_again_and_not_the_first_size() -> None:
    peaked = trial([0.95, 0.3, 0.9, 0.2], effective=[2.0, 20.0, 1e6, 50.0])
    shown = cells(tables([peaked] * 4)["axes"])
    assert [
        shown[f"{column}, at the peak"] for column in ("parameters", "effective parameters", "error")
    ] == [
        1000,
        1e6,
        pytest.approx(0.9),
    ]
    assert shown["parameters, at the minimum"] == 10_000
    assert shown["effective parameters, at the minimum"] == 50


def test_one_trial_with_a_huge_peak_does_not_set_the_size_of_all() -> None:
    trials = [trial([0.5, 0.3, 0.9, 0.2], effective=[1.0, 1.0, top, 1.0]) for top in (1e2, 1e2, 1e2, 1e6)]
    assert cells(tables(trials)["axes"])["effective parameters, at the peak"] == 1000


@pytest.mark.parametrize("errors", [[0.9, 0.5, 0.3, 0.2], [0.2, 0.3, 0.4, 0.9], [0.3, 0.305, 0.3, 0.2]])
def test_no_peak_is_claimed_where_the_error_only_falls_only_rises_or_hardly_moves(
    errors: list[float],
) -> None:
    shown = cells(tables([trial(errors)] * 4)["axes"])
    assert shown["parameters, at the peak"] is shown["error, at the peak"] is None
    assert shown["parameters, at the minimum"] is not None


def test_a_peak_in_one_half_of_the_trials_is_not_shown() -> None:
    shown = cells(tables([trial([0.5, 0.3, 0.9, 0.2]), trial([0.5, 0.4, 0.3, 0.2])] * 2)["axes"])
    assert shown["parameters, at the peak"] is None


def test_families_without_effective_parameters_have_no_axes() -> None:
    plain = trial([0.3, 0.2], family=m002.PATH, effective=[None, None])
    other = trial([0.3, 0.2], family="tree")
    assert set(tables([plain] * 2)) == set(tables([other] * 2)) == {"smallest"}


def test_a_table_with_one_family_or_too_few_trials_gives_what_it_can() -> None:
    mixed = [
        Rows.of([*trial([0.3, 0.2], family="tree"), *trial([0.5, 0.2])]),
        trial([0.3, 0.2], family="tree"),
    ]
    assert [row[1] for row in tables(mixed)["smallest"].rows] == ["tree"]  # the other has no second half
    assert tables([trial([0.3, 0.2])]) == {}
    assert tables([]) == {}
    assert list(m002.extras({})) == []


def test_a_size_that_a_trial_could_not_measure_is_left_out() -> None:
    gap = trial([0.3, None, 0.2, 0.4])
    shown = cells(tables([gap, trial([0.3, 0.1, 0.2, float("nan")])])["smallest"])
    assert shown["parameters, best"] == shown["parameters, largest"] == 1000


def test_planted_worlds_are_left_out_and_the_datasets_ruled_on_are_not() -> None:
    trials = [trial([0.3, 0.2])] * 2
    assert tables(trials, "capacity:rise") == {}
    assert all(tables(trials, name) for name in m002.experiment.datasets)


def test_a_table_measured_with_fewer_families_fills_both_tables_with_plain_values() -> None:
    data = replace(catalogue.dataset("diabetes"), params={"families": ("features", "fourier", "forest")})
    trials = [Rows.of(m002.measure(data, s, Effort("quick"))) for s in (0, 1)]
    found = tables(trials, "diabetes")
    assert set(found) == {"smallest", "axes"}
    assert {row[1] for row in found["axes"].rows} == {m002.RIDGELESS, m002.FOURIER, m002.PATH}
    families = {row["family"] for row in trials[0]}
    assert {(row[1], row[2]) for row in found["smallest"].rows} == {
        (f, n) for f in families for n in (0.0, 0.2)
    }
    for table in found.values():
        assert table.note.endswith(".")
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(v is None or type(v) in {str, int, float, bool} for row in table.rows for v in row)
    for row in range(len(found["smallest"].rows)):
        shown = cells(found["smallest"], row)
        sizes = [shown[f"parameters, {model}"] for model in ("smallest", "best", "largest")]
        assert sizes == sorted(sizes)  # type: ignore[type-var]
    assert described.tables({}, margin=0.01, paths=(), planted=()) == []
