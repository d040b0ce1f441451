"""The look at the columns nobody named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.table import scanning
from toolkit.table.counting import CountSpec, count, scan_columns


def people(rows: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, rows)
    return pd.DataFrame(
        {
            "race": rng.choice(["a", "b", None], rows),
            "y": y,
            "d": rng.integers(0, 2, rows),
            "town": rng.choice(["x", "y", " z"], rows),
            "flag": rng.choice([True, False], rows),
            "many": [f"m{i}" for i in range(rows)],
            "noise": rng.normal(size=rows),
            "leak": y + rng.normal(size=rows) / 10,
            "grade": rng.choice([1, 2, None], rows),
        }
    )


SPEC = CountSpec(("race",), target="y", prediction="d")


def test_columns_of_few_levels_are_counted_and_columns_of_numbers_are_measured() -> None:
    frame = people()
    found = {each.column: each for each in scan_columns(frame, SPEC)}
    assert list(found) == ["town", "flag", "noise", "leak", "grade"]
    town = found["town"]
    assert (town.kind, town.levels, town.groups) == ("levels", ("x", "y", "z"), ("a", "b", "(missing)"))
    assert town.counts is not None
    assert town.counts.shape == (3, 3, 2, 2)
    here = frame[(frame["race"] == "b") & (frame["town"] == " z") & (frame["y"] == 1) & (frame["d"] == 0)]
    assert town.counts[1, 2, 1, 0] == len(here)
    assert found["grade"].levels == ("1", "2", "(missing)")
    assert found["grade"].missing == frame["grade"].isna().sum()
    assert found["flag"].levels == ("false", "true")
    assert found["leak"].auc == pytest.approx(1, abs=1e-6)
    assert found["noise"].auc == pytest.approx(0.5, abs=0.05)
    assert found["noise"].n == len(frame)


def test_each_columns_counts_add_up_to_the_audits_own() -> None:
    frame = people()
    frame.loc[:50, "d"] = None
    cells = count(frame, SPEC).cells
    expected = cells.partition(["race"]).confusion(cells)
    for each in scan_columns(frame, SPEC):
        if each.counts is not None:
            np.testing.assert_array_equal(each.counts.sum(axis=1), expected)


def test_a_file_is_scanned_like_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    people().to_csv(path, index=False)
    spec = CountSpec(("race",), target="y", score="leak", threshold=0.5)
    for ours, theirs in zip(scan_columns(path, spec), scan_columns(people(), spec), strict=True):
        assert (ours.column, ours.levels, ours.auc, ours.n) == (
            theirs.column,
            theirs.levels,
            theirs.auc,
            theirs.n,
        )
        assert ours.counts is None or (ours.counts == theirs.counts).all()


def test_more_columns_than_one_query_holds_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(200)[["race", "y", "d"]]
    extra = pd.DataFrame({f"c{i}": np.arange(200) % (2 + i % 3) for i in range(10)})
    whole = scan_columns(pd.concat([frame, extra], axis=1), SPEC)
    monkeypatch.setattr(scanning, "AT_ONCE", 3)
    parts = scan_columns(pd.concat([frame, extra], axis=1), SPEC)
    assert [each.column for each in parts] == [f"c{i}" for i in range(10)]
    for one, other in zip(whole, parts, strict=True):
        assert one.levels == other.levels
        np.testing.assert_array_equal(one.counts, other.counts)


def test_a_long_table_is_measured_on_rows_drawn_the_same_way_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scanning, "SAMPLE", 500)
    frame = people()
    first, again, other = (
        {each.column: each for each in scan_columns(frame, SPEC, seed=seed)}["noise"] for seed in (0, 0, 1)
    )
    assert (first.auc, first.n) == (again.auc, again.n)
    assert first.auc != other.auc
    assert 350 < first.n < 650


def test_columns_that_cannot_be_scanned_are_passed_over() -> None:
    frame = people(50).assign(raw=[b"x"] * 50, lists=[[1]] * 50, day=pd.date_range("2020-01-01", periods=50))
    assert {"raw", "lists", "day", "many"}.isdisjoint(each.column for each in scan_columns(frame, SPEC))


def test_recorded_labels_stand_under_label_nought_and_a_regression_is_not_scanned() -> None:
    frame = people()
    (town,) = (e for e in scan_columns(frame, CountSpec(("race",), target="y")) if e.column == "town")
    assert town.counts is not None
    assert town.counts[:, :, 1].sum() == 0
    assert town.counts[:, :, 0, 1].sum() == frame["y"].sum()
    assert scan_columns(frame, CountSpec(("race",), target="noise")) == []
