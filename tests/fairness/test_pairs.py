"""Differences and ratios of two groups against published intervals, and what must hold for any counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.calibrate.audit.exact import named_pair
from toolkit.fairness.gaps import named
from toolkit.fairness.gaps.pairs import Side, difference, koopman, koopman_at, mover, ratio, score
from toolkit.fairness.gaps.permutation import two_groups
from toolkit.fairness.metrics.proportions import counted

Z = 1.959963984540054
one_group = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def pair(x1: int, n1: int, x2: int, n2: int):  # type: ignore[no-untyped-def]
    return counted("selection_rate", np.array([x1, x2]), np.array([n1, n2]))


@pytest.mark.parametrize(
    ("x1", "n1", "x2", "n2", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10.
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_newcombes_published_differences_are_found(
    x1: int, n1: int, x2: int, n2: int, low: float, high: float
) -> None:
    assert difference(pair(x1, n1, x2, n2), 0, 1, Z) == (
        pytest.approx(low, abs=6e-5),
        pytest.approx(high, abs=6e-5),
    )


def test_koopmans_own_example_is_found() -> None:
    # Koopman 1984, Biometrics 40:513: 36 of 40 against 16 of 80.
    low, high = koopman(36, 40, 16, 80)
    assert (float(low), float(high)) == (pytest.approx(2.94, abs=0.005), pytest.approx(7.15, abs=0.005))


def test_the_limits_of_the_ratio_are_where_the_score_is_the_quantile() -> None:
    x1, n1, x2, n2 = (
        np.array([7, 30, 2]),
        np.array([34, 90, 50]),
        np.array([1, 45, 9]),
        np.array([34, 80, 60]),
    )
    low, high = koopman(x1, n1, x2, n2)
    assert score(x1, n1, x2, n2, low) == pytest.approx(Z, abs=1e-8)
    assert score(x1, n1, x2, n2, high) == pytest.approx(-Z, abs=1e-8)


@given(one_group, one_group)
def test_swapping_the_groups_mirrors_difference_and_ratio(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    ahead, back = pair(*first, *second), pair(*second, *first)
    low, high = difference(ahead, 0, 1, Z)
    other_low, other_high = difference(back, 0, 1, Z)
    assert (low, high) == (pytest.approx(-other_high, abs=1e-12), pytest.approx(-other_low, abs=1e-12))
    low, high = (float(v) for v in koopman(*first, *second))
    other_low, other_high = (float(v) for v in koopman(*second, *first))
    assert low * other_high == pytest.approx(1, rel=1e-9) or (low == 0 and other_high == math.inf)
    assert high * other_low == pytest.approx(1, rel=1e-9) or (other_low == 0 and high == math.inf)


@given(one_group, one_group)
def test_limits_lie_around_the_value_and_inside_what_is_possible(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    estimates = pair(*first, *second)
    low, high = difference(estimates, 0, 1, Z)
    assert -1 - 1e-12 <= low <= estimates.value[0] - estimates.value[1] <= high <= 1 + 1e-12
    low, high = (float(v) for v in koopman(*first, *second))
    assert 0 <= low <= high
    if first[0] and second[0]:
        value = estimates.value[0] / estimates.value[1]
        assert low <= value * (1 + 1e-9)
        assert value <= high * (1 + 1e-9)
        low, high = ratio(estimates, 0, 1, Z)
        assert 0 < low < high < math.inf


@given(one_group, one_group)
def test_swapping_successes_and_failures_turns_the_difference_round(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    (x1, n1), (x2, n2) = first, second
    low, high = difference(pair(x1, n1, x2, n2), 0, 1, Z)
    other = difference(pair(n1 - x1, n1, n2 - x2, n2), 0, 1, Z)
    assert other == (pytest.approx(-high, abs=1e-12), pytest.approx(-low, abs=1e-12))


def test_values_that_move_together_differ_less_and_apart_more() -> None:
    one, other = (Side(np.array([p]), np.array([p - 0.1]), np.array([p + 0.1])) for p in (0.6, 0.4))
    widths = [float(np.subtract(*mover(one, other, r)[::-1])[0]) for r in (-0.9, 0.0, 0.9)]
    assert widths == sorted(widths, reverse=True)
    assert mover(one, other, 1.0)[0] == pytest.approx([0.2], abs=1e-8)


def test_the_ratio_without_counts_is_close_to_koopmans() -> None:
    estimates = pair(120, 400, 90, 450)
    low, high = ratio(estimates, 0, 1, Z)
    score_low, score_high = koopman(120, 400, 90, 450)
    assert (low, high) == (
        pytest.approx(float(score_low), rel=0.01),
        pytest.approx(float(score_high), rel=0.01),
    )


def test_the_exact_coverage_of_a_named_pair_is_nominal() -> None:
    for world in named_pair():
        assert 0.945 < world["coverage_mean"] < 0.96, world["world"]
        assert world["coverage_least"] > 0.92, world["world"]


class TestNamedPair:
    def two(self, x1: int, n1: int, x2: int, n2: int) -> named.Two:
        return named.Two.of(pair(x1, n1, x2, n2), 0, 1)

    @given(one_group, one_group, st.floats(0, 0.4))
    def test_the_p_value_against_the_margin_agrees_with_the_interval(
        self, first: tuple[int, int], second: tuple[int, int], margin: float
    ) -> None:
        found = named.difference(self.two(*first, *second), margin)
        # Whoever cannot show a gap cannot show a large one, however the two methods round small groups.
        beyond = found.low > margin or found.high < -margin
        assert (found.p_margin <= 0.05) == (beyond and found.p_value <= 0.05)
        assert found.small == (-margin < found.low90 and found.high90 < margin)

    @given(one_group, one_group, st.floats(0.5, 0.99))
    def test_the_p_value_against_the_ratio_agrees_with_koopmans_interval(
        self, first: tuple[int, int], second: tuple[int, int], margin: float
    ) -> None:
        found = named.ratio(self.two(*first, *second), margin)
        if found is None:
            assert second[0] == 0
            return
        beyond = found.high < margin or found.low > 1 / margin
        assert (found.p_margin <= 0.05) == (beyond and found.p_value <= 0.05)
        low, high = koopman_at(*first, *second, found.p_margin and Z)
        assert (found.low, found.high) == (pytest.approx(float(low)), pytest.approx(float(high)))

    def test_it_is_the_exact_conditional_test_with_half_of_the_observed_table(self) -> None:
        # 3 of 4 against 1 of 4: given 4 in all the first has 0..4 with chances 1, 16, 36, 16, 1 of 70.
        x, n = np.array([3, 1]), np.array([4, 4])
        assert two_groups(x, n) == pytest.approx(34 / 70)
        assert two_groups(x, n, mid=True) == pytest.approx(34 / 70 - 32 / 70 / 2)
        assert named.difference(self.two(3, 4, 1, 4), 0.05).p_value == pytest.approx(18 / 70)

    def test_with_very_many_rows_the_normal_deviate_takes_over_without_a_seam(self) -> None:
        n = np.array([600_000, 500_000])
        x = np.array([180_400, 149_000])
        below = two_groups(x // 4, n // 4)
        share = (x // 4).sum() / (n // 4).sum()
        z = abs(np.subtract(*(x // 4 / (n // 4)))) / math.sqrt(share * (1 - share) * (1 / (n // 4)).sum())
        assert below == pytest.approx(math.erfc(z / math.sqrt(2)), rel=0.01)
        assert 0 < two_groups(x, n) < below
