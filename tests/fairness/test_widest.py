"""Procedure W: what it promises of any counts, and its measured error rates."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.calibrate.audit import families, grid, studentised
from toolkit.calibrate.audit.people import people
from toolkit.calibrate.audit.tally import generator, tally
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.gaps.pairs import difference
from toolkit.fairness.gaps.permutation import _bound, _widest, counts, equality, two_groups
from toolkit.fairness.gaps.spread import Spread, normal_scale, spread
from toolkit.fairness.gaps.widest import Widest, deepest, widest
from toolkit.fairness.metrics.proportions import counted

Z95, Z90 = 1.959963984540054, 1.6448536269514722
group = st.integers(10, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
tables = st.lists(group, min_size=2, max_size=6)


def of(rows: list[tuple[int, int]]) -> Estimates:
    x, n = np.array(rows).T
    return counted("selection_rate", x, n)


def gap(rows: list[tuple[int, int]], kind: str = "difference", **options: object) -> Widest:
    found = widest(of(rows), kinds=(kind,), **options)[kind]  # type: ignore[arg-type]
    assert found is not None
    return found


class TestLaws:
    @settings(max_examples=60, deadline=None)
    @given(tables)
    def test_limits_are_possible_and_hold_the_value(self, rows: list[tuple[int, int]]) -> None:
        found = gap(rows)
        assert 0 <= found.low <= found.low90 <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high90 <= found.high <= 1 + 1e-12
        assert found.corrected <= found.value + 0.01
        assert 0 < found.p_value <= 1
        assert 0 < found.p_margin <= 1
        if found.p_value > 0.05:
            assert found.low == 0

    @settings(max_examples=60, deadline=None)
    @given(tables, st.floats(0, 0.3))
    def test_the_p_value_against_the_margin_agrees_with_the_lower_limit(
        self, rows: list[tuple[int, int]], margin: float
    ) -> None:
        found = gap(rows, margin=margin)
        assert (found.p_margin <= 0.05) == (found.low > margin)
        assert found.small == (found.high90 < margin)
        assert found.p_margin >= found.p_value or found.p_margin == 0.05

    @settings(max_examples=40, deadline=None)
    @given(tables, st.floats(0.5, 1))
    def test_the_same_for_ratios(self, rows: list[tuple[int, int]], margin: float) -> None:
        found = widest(of(rows), ratio_margin=margin, kinds=("ratio",))["ratio"]
        if found is None:
            assert all(x == 0 for x, _ in rows)
            return
        assert 0 <= found.low <= found.low90 <= found.high90 + 1e-12
        assert found.high90 <= found.high + 1e-12
        assert found.high <= 1
        assert 0 <= found.value <= 1
        assert (found.p_margin <= 0.05) == (found.high < margin)
        assert found.small == (found.low90 > margin)

    @settings(max_examples=40, deadline=None)
    @given(tables)
    def test_swapping_successes_and_failures_changes_only_who_is_highest(
        self, rows: list[tuple[int, int]]
    ) -> None:
        one, other = gap(rows), gap([(n - x, n) for x, n in rows])
        assert other.value == pytest.approx(one.value, abs=1e-12)
        assert other.high == pytest.approx(one.high, abs=1e-12)
        assert other.low90 == pytest.approx(one.low90, abs=1e-9) or len(rows) > 2

    def test_the_limits_of_two_groups_are_newcombes(self) -> None:
        rows = [(56, 70), (48, 80)]
        found = gap(rows)
        assert (found.low, found.high) == (pytest.approx(0.0524, abs=6e-5), pytest.approx(0.3339, abs=6e-5))
        assert (found.highest, found.lowest) == (0, 1)
        assert found.q == pytest.approx(Z95)
        back = gap(rows[::-1])
        assert (back.low, back.high, back.highest) == (found.low, found.high, 1)

    def test_the_limits_of_many_groups_are_the_largest_over_pairs_at_two_quantiles(self) -> None:
        rows = [(40, 100), (30, 120), (75, 110), (20, 40)]
        found, estimates = gap(rows), of(rows)
        pairs = list(itertools.permutations(range(4), 2))
        assert found.low == pytest.approx(
            max(float(difference(estimates, i, j, found.q)[0]) for i, j in pairs)
        )
        assert found.high == pytest.approx(max(float(difference(estimates, i, j, Z95)[1]) for i, j in pairs))
        assert found.high90 == pytest.approx(
            max(float(difference(estimates, i, j, Z90)[1]) for i, j in pairs)
        )
        # Six pairs of about equal size: Tukey's studentised range gives 3.633 / sqrt(2).
        assert found.q == pytest.approx(2.57, abs=0.05)

    def test_the_same_seed_gives_the_same_numbers_and_another_about_the_same(self) -> None:
        rows = [(40, 100), (30, 120), (75, 110)]
        assert gap(rows, seed=3) == gap(rows, seed=3)
        assert gap(rows, seed=3).low == pytest.approx(gap(rows, seed=4).low, abs=0.01)

    def test_many_rows_close_in_on_the_truth(self) -> None:
        found = gap([(3_000_000, 10_000_000), (4_000_000, 10_000_000), (3_500_000, 10_000_000)])
        assert found.low == pytest.approx(0.1, abs=1e-3)
        assert found.high == pytest.approx(0.1, abs=1e-3)
        assert found.corrected == pytest.approx(0.1, abs=1e-4)
        assert found.p_margin < 1e-30

    def test_more_people_than_the_generator_takes_are_no_obstacle(self) -> None:
        rows = [(300_000_000, 10**9), (300_010_000, 10**9), (299_990_000, 10**9)]
        assert 0.05 < gap(rows).p_value <= 1


class TestCorrected:
    def test_two_groups_have_the_mean_in_closed_form(self) -> None:
        rows = [(40, 100), (30, 100)]
        estimates = of(rows)
        e = np.random.default_rng(0).standard_normal((400_000, 2)) * np.sqrt(estimates.variance)
        a, b = estimates.value + e, estimates.value - e
        drawn = np.where(a[:, 0] > a[:, 1], b[:, 0] - b[:, 1], b[:, 1] - b[:, 0]).mean()
        assert gap(rows).corrected == pytest.approx(drawn, abs=5e-4)

    def test_the_truth_lies_between_the_corrected_and_the_raw_gap_on_average(self) -> None:
        rng = np.random.default_rng(1)
        n = np.full(4, 250)
        for truth in (0.0, 0.1):
            p = np.array([0.3, 0.3, 0.3, 0.3 + truth])
            found = [gap([*zip(x.tolist(), n.tolist(), strict=True)]) for x in rng.binomial(n, p, (150, 4))]
            assert np.mean([f.corrected for f in found]) < truth + 0.01
            assert np.mean([f.value for f in found]) > truth


class TestPValues:
    def test_two_groups_are_tested_exactly_as_permutation_would(self) -> None:
        rows = [(17, 40), (8, 50)]
        x, n = np.array(rows).T
        rng = np.random.default_rng(0)
        drawn = rng.hypergeometric(n[0], n[1], x.sum(), 400_000)
        apart = np.abs(drawn / n[0] - (x.sum() - drawn) / n[1])
        expected = np.mean(apart >= abs(x[0] / n[0] - x[1] / n[1]) - 1e-12)
        assert two_groups(x, n) == pytest.approx(expected, abs=3e-4)

    def test_three_groups_agree_with_all_their_tables(self) -> None:
        x, n = np.array([6, 2, 1]), np.array([8, 6, 5])
        total = 0.0
        extreme = 0.0
        observed = _widest(x[None], n)[0]
        for table in itertools.product(*(range(m + 1) for m in n)):
            if sum(table) == x.sum():
                chance = math.prod(math.comb(int(m), t) for m, t in zip(n, table, strict=True))
                total += chance
                extreme += chance * (_widest(np.array([table]), n)[0] >= observed - 1e-12)
        assert counts(x, n, 0, 100_000).value == pytest.approx(extreme / total, rel=0.15)

    def test_drawing_stops_early_where_p_is_large_and_goes_on_where_it_is_small(self) -> None:
        n = np.full(3, 200)
        assert counts(np.array([60, 62, 61]), n, 0, 79_999).value > 0.5
        small = counts(np.array([50, 68, 84]), n, 0, 79_999)
        assert small.value < 0.003
        assert small.smallest == pytest.approx(1 / 80_000)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(1, 19), st.just(20)), min_size=3, max_size=4))
    def test_the_bound_on_the_tail_is_never_below_the_permutation_p(
        self, rows: list[tuple[int, int]]
    ) -> None:
        x, n = np.array(rows).T
        observed = float(_widest(x[None], n)[0])
        drawn = np.random.default_rng(0).multivariate_hypergeometric(
            n, int(x.sum()), 4_000, method="marginals"
        )
        share = (_widest(drawn, n) >= observed * (1 - 1e-9)).mean()
        assert _bound(observed, n, x.sum() / n.sum()) >= share - 3 * math.sqrt(share / 4_000) - 1e-3

    def test_groups_without_any_success_are_equal(self) -> None:
        assert gap([(0, 30), (0, 40), (0, 50)]).p_value == 1
        assert gap([(0, 30), (0, 40)]).p_value == 1

    def test_the_gaussian_maximum_of_independent_groups_is_near_the_permutation_p(self) -> None:
        from dataclasses import replace

        estimates = of([(300, 1_000), (330, 1_000), (355, 1_000)])
        null = spread(estimates, 0)
        exact = equality(estimates, null, 0)
        approximate = equality(replace(estimates, successes=None), null, 0)
        assert approximate.method == "Gaussian maximum"
        assert approximate.value == pytest.approx(exact.value, abs=0.01)


class TestSpread:
    def test_tail_and_quantile_are_two_sides_of_one_thing(self) -> None:
        estimates = of([(30, 100), (60, 150), (20, 90), (44, 130)])
        null = spread(estimates, 0)
        for alpha in (0.05, 0.1):
            q = null.quantile(alpha)
            assert null.tail(q * (1 + 1e-9)) <= alpha
            assert null.tail(q) > alpha
        z = np.linspace(0, 12, 200)
        tails = [null.tail(v) for v in z]
        assert tails == sorted(tails, reverse=True)
        assert tails[-1] < 1e-30

    def test_one_pair_is_a_standard_normal(self) -> None:
        assert Spread(1).quantile(0.05) == pytest.approx(Z95)
        assert Spread(1).tail(Z95) == pytest.approx(0.05)

    def test_ten_equal_groups_have_tukeys_quantile(self) -> None:
        # Studentised range, 10 groups, infinitely many degrees of freedom, 95 %: 4.474 / sqrt(2).
        assert spread(of([(300, 1_000)] * 10), 0).quantile(0.05) == pytest.approx(
            4.474 / math.sqrt(2), abs=0.04
        )

    def test_a_t_is_brought_to_the_normal_deviate_of_its_tail(self) -> None:
        # t on 10 degrees of freedom, .975: 2.228.
        assert normal_scale(np.array([2.2281]), np.array([10.0]))[0] == pytest.approx(Z95, abs=1e-4)

    def test_the_deepest_z_is_found(self) -> None:
        for excess in (lambda z: 2.5 - z, lambda z: math.exp(-z) - math.exp(-2.5), lambda z: 2.5**5 - z**5):
            assert deepest(excess) == pytest.approx(2.5, abs=1e-6)
        assert deepest(lambda z: 1.0 if z < 2.5 else -math.inf) == pytest.approx(2.5, abs=1e-6)
        assert deepest(lambda z: -1.0) == 0
        assert deepest(lambda z: 0.1) == 37


@pytest.mark.slow
class TestRates:
    @pytest.mark.parametrize(
        ("k", "shape", "n", "alarms", "power"),
        # INFERENCE.md 4's own table: false alarms at gap 0; shown at gap .15, odd group smallest.
        [
            (2, "balanced", 1_000, 0.05, 0.95),
            (4, "balanced", 1_000, 0.044, 0.64),
            (10, "balanced", 1_000, 0.054, 0.2),
        ],
    )
    def test_the_simulated_table_of_the_procedure_comes_out_again(
        self, k: int, shape: str, n: int, alarms: float, power: float
    ) -> None:
        rows = grid.sizes(k, shape, n)
        found = {
            g: tally(
                "", "", g, grid.simulate(generator(5, k, g), grid.rates(k, 0.3, g, "smallest"), rows, 200)
            )
            for g in (0.0, 0.15)
        }
        assert found[0.0]["false_alarms"] == pytest.approx(alarms, abs=0.05)
        assert found[0.0]["coverage"] >= 0.92
        assert found[0.15]["coverage"] >= 0.92
        assert found[0.15]["shown"] == pytest.approx(power, abs=0.08)
        assert found[0.0]["failed"] == found[0.15]["failed"] == []

    def test_weights_and_clusters_keep_coverage_and_false_alarms(self) -> None:
        for world in people(80, 7):
            assert world["failed"] == [], world

    def test_audits_of_equal_groups_are_flagged_in_at_most_one_of_twenty(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(families, "SIZES", (500,))
        found = list(families.families(100, 7))
        assert len(found) == 5  # widest, rest, reference, intersections, and their cells against the rest
        for world in found:
            assert world["failed"] == [], world
        assert found[0]["without_adjustment"] > 0.15

    def test_equal_metrics_with_unequal_base_rates_are_not_flagged_more_often(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(studentised, "SIZES", studentised.SIZES[:1])
        for world in studentised.studentised(60, 7):
            assert world["failed"] == [], world
