from __future__ import annotations

import numpy as np
import pytest
from rows_to_cells import cells_of

from toolkit.fairness.cells import MISSING_GROUP
from toolkit.fairness.finer.slopes import along, slope


def by_rows(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Least squares over rows and its HC3 standard error."""
    X = np.column_stack([np.ones(len(x)), x])
    inverse = np.linalg.inv(X.T @ X)
    effects = inverse @ X.T @ y
    leverage = np.einsum("ij,jk,ik->i", X, inverse, X)
    weight = ((y - X @ effects) / (1 - leverage)) ** 2
    return float(effects[1]), float(np.sqrt((inverse @ (X.T * weight) @ X @ inverse)[1, 1]))


def ages(seed: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(18, 70, rows)
    return x, (rng.random(rows) < 0.1 + 0.01 * (x - 18)).astype(int)


def test_grouped_counts_give_the_slope_and_error_of_the_rows() -> None:
    from scipy.special import stdtrit

    x, y = ages(1)
    values = np.unique(x)
    hits, totals = np.bincount(x, y)[values], np.bincount(x)[values]
    found = slope(values, hits, totals)
    expected, error = by_rows(x, y)
    assert found["slope"] == pytest.approx(expected, rel=1e-9)
    assert found["high"] == pytest.approx(expected + stdtrit(298, 0.975) * error, rel=1e-9)
    assert found["p_value"] is not None
    assert found["p_value"] < 1e-4


def test_splitting_a_value_into_several_entries_changes_nothing() -> None:
    one = slope([1, 2, 3], [3, 5, 9], [10, 10, 12])
    other = slope([1, 2, 2, 3, 4], [3, 1, 4, 9, 0], [10, 4, 6, 12, 0])
    assert other == pytest.approx(one)


def test_a_slope_changes_with_the_unit_and_its_p_value_does_not() -> None:
    years, months = slope([1, 2, 3], [3, 5, 9], [10, 10, 12]), slope([12, 24, 36], [3, 5, 9], [10, 10, 12])
    assert years["slope"] == pytest.approx(12 * months["slope"])
    assert years["p_value"] == pytest.approx(months["p_value"])


def test_a_single_value_or_two_people_have_no_slope() -> None:
    assert slope([5], [3], [10])["slope"] is None
    assert slope([5, 6], [1, 0], [1, 1])["slope"] is None


def test_an_outcome_that_never_varies_has_slope_0_and_no_interval() -> None:
    found = slope([1, 2, 3], [0, 0, 0], [10, 10, 10])
    assert found["slope"] == 0
    assert found["p_value"] is None


@pytest.mark.slow
def test_intervals_cover_and_no_slope_is_found_in_5_of_100() -> None:
    rng = np.random.default_rng(2)
    values, totals = np.arange(20, 60, 4), np.array([30, 20, 15, 10, 8, 8, 5, 4, 3, 2])
    for truth in (0.0, 0.01):
        covered = alarms = 0
        for _ in range(3000):
            found = slope(values, rng.binomial(totals, 0.3 + truth * (values - 20)), totals)
            assert found["p_value"] is not None
            covered += found["low"] <= truth <= found["high"]
            alarms += found["p_value"] <= 0.05
        assert covered / 3000 > 0.93 - 0.009
        assert truth > 0 or alarms / 3000 < 0.05 + 0.01


def numbered(x: np.ndarray, d: np.ndarray, y: np.ndarray | None = None, **more: object) -> object:
    levels = [*map(str, np.unique(x).tolist()), MISSING_GROUP]
    place = np.searchsorted(np.unique(x), x)
    place[0] = len(levels) - 1
    return cells_of(place, y, d, names=[levels], **more)


def test_an_attribute_of_numbers_is_read_off_its_groups_and_missing_people_are_left_out() -> None:
    x, d = ages(3)
    y = np.random.default_rng(0).integers(0, 2, 300)
    found = along(numbered(x, d), "a", "selection_rate")
    assert found["slope"] == pytest.approx(by_rows(x[1:], d[1:])[0])
    assert found["unit"] == "per unit of a"
    mine = (y == 1) & (np.arange(300) > 0)
    assert along(numbered(x, d, y), "a", "true_positive_rate")["slope"] == pytest.approx(
        by_rows(x[mine], d[mine])[0]
    )


def test_weights_are_those_of_weighted_least_squares_and_clusters_leave_no_interval() -> None:
    x, d = ages(4)
    w = np.random.default_rng(1).exponential(size=300)
    found = along(numbered(x, d, weight=w), "a", "selection_rate")
    expected = np.polyfit(x[1:], d[1:], 1, w=np.sqrt(w[1:]))[0]
    assert found["slope"] == pytest.approx(expected)
    plain = along(numbered(x, d), "a", "selection_rate")
    assert found["high"] - found["low"] > plain["high"] - plain["low"]
    clustered = along(numbered(x, d, cluster=np.arange(300) // 2), "a", "selection_rate")
    assert clustered["slope"] == pytest.approx(plain["slope"])
    assert clustered["p_value"] is None


def test_names_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        along(cells_of([0, 1], decision=[0, 1]), "a", "selection_rate")
