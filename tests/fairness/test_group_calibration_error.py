from __future__ import annotations

import numpy as np
import pytest
from rows_to_cells import cells_of
from scipy.special import expit, logit

from toolkit.fairness.metrics.calibration_in_groups import BINS, calibration_error, calibration_tests


def scored(seed: int, rows: int, groups: int = 1, shift: float = 0.0) -> tuple:
    rng = np.random.default_rng(seed)
    s = np.round(rng.random(rows), 3)
    p = expit(logit(np.clip(s, 0.001, 0.999)) + shift)
    return np.repeat(np.arange(groups), rows // groups), (rng.random(rows) < p).astype(int), s


def brute(y: np.ndarray, s: np.ndarray, bins: int) -> tuple[float, float]:
    """Kumar, Liang and Ma's debiased estimate over bins of equal mass, and the raw error, by rows."""
    order = np.argsort(s, kind="stable")
    square = raw = 0.0
    for part in np.array_split(order, bins):
        off, share = y[part].mean() - s[part].mean(), y[part].mean()
        square += len(part) / len(y) * (off**2 - share * (1 - share) / (len(part) - 1))
        raw += len(part) / len(y) * abs(off)
    return square, raw


def test_the_debiased_square_is_that_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    s = (np.arange(600) + 0.5) / 600
    y = (rng.random(600) < s).astype(int)
    cells = cells_of(np.zeros(600), y, y, s)
    partition = cells.partition(["a"])
    square, raw = brute(y, s, BINS)
    found = calibration_tests(cells, partition, draws=20)[0]
    assert found["squared"] == pytest.approx(square, abs=1e-12)
    assert found["raw"] == pytest.approx(raw, abs=1e-12)
    assert calibration_error(cells, partition).value[0] == pytest.approx(np.sqrt(max(square, 0)))


@pytest.mark.slow
def test_calibrated_scores_of_a_thousand_show_033_raw_and_0_debiased() -> None:
    groups = 300
    g, y, s = scored(1, 1000 * groups, groups)
    cells = cells_of(g, y, y, s)
    rows = calibration_tests(cells, cells.partition(["a"]), draws=99)
    raw, square, p = (np.array([row[name] for row in rows]) for name in ("raw", "squared", "p_value"))
    assert raw.mean() == pytest.approx(0.033, abs=0.006)
    assert abs(square.mean()) < 3 * square.std() / np.sqrt(groups)
    assert (square < 0).mean() > 0.4
    assert (p <= 0.05).mean() < 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / groups)
    # Uniform p-values: half of them below a half.
    assert (p <= 0.5).mean() == pytest.approx(0.5, abs=0.1)


def test_scores_that_are_off_are_found() -> None:
    g, y, s = scored(2, 2000, 2, shift=1.0)
    cells = cells_of(g, y, y, s)
    rows = calibration_tests(cells, cells.partition(["a"]), draws=999)
    assert [row["p_value"] for row in rows] == [0.001, 0.001]
    p = expit(logit(np.linspace(0.001, 0.999, 999)) + 1)
    truth = np.sqrt(((p - np.linspace(0.001, 0.999, 999)) ** 2).mean())
    assert calibration_error(cells, cells.partition(["a"])).value == pytest.approx([truth] * 2, abs=0.03)


def test_no_interval_is_given_and_why() -> None:
    g, y, s = scored(3, 400, 2)
    cells = cells_of(g, y, y, s)
    found = calibration_error(cells, cells.partition(["a"]))
    assert not found.shown.any()
    assert np.isnan(found.low).all()
    assert (found.value >= 0).all()
    assert all(note.startswith("no interval; p = ") for note in found.notes)


def test_few_people_have_few_bins_and_one_person_none() -> None:
    cells = cells_of([0] * 25 + [1], [0, 1] * 13, [1] * 26, np.linspace(0.1, 0.9, 26))
    rows = calibration_tests(cells, cells.partition(["a"]), draws=50)
    assert rows[0]["bins"] == 2
    assert rows[1]["p_value"] is None
    assert np.isnan(calibration_error(cells, cells.partition(["a"])).value[1])


def test_equal_scores_stay_in_one_bin() -> None:
    y = np.repeat([0, 1], 100)
    cells = cells_of(np.zeros(200), y, y, np.full(200, 0.5))
    row = calibration_tests(cells, cells.partition(["a"]), draws=200)[0]
    assert row["bins"] == 1
    assert row["squared"] == pytest.approx(-0.25 / 199)
    assert row["p_value"] == 1.0


def test_clusters_have_a_value_and_no_test() -> None:
    _, y, s = scored(4, 200)
    cells = cells_of(np.zeros(200), y, y, s, cluster=np.arange(200) // 4)
    row = calibration_tests(cells, cells.partition(["a"]))[0]
    assert row["p_value"] is None
    assert "cluster" in row["note"]
    assert row["squared"] is not None


def test_the_same_seed_gives_the_same_p_values() -> None:
    g, y, s = scored(5, 300, 3)
    cells = cells_of(g, y, y, s)
    one, other = (calibration_tests(cells, cells.partition(["a"]), seed=7, draws=200) for _ in range(2))
    assert one == other


def test_thousands_of_distinct_scores_are_redrawn_quickly_and_rightly() -> None:
    rng = np.random.default_rng(9)
    s = rng.permutation(6_000) / 6_000
    flags = []
    for _ in range(30):
        y = (rng.random(6_000) < s).astype(int)
        cells = cells_of(np.zeros(6_000), y, y, s)
        flags.append(calibration_tests(cells, cells.partition(["a"]), draws=99)[0]["p_value"])
    assert np.mean(np.array(flags) <= 0.1) <= 0.1 + 2.6 * np.sqrt(0.09 / 30)
    assert np.mean(flags) == pytest.approx(0.5, abs=0.15)
