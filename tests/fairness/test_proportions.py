"""One proportion per group: reference values, exact coverage, and what weights and clusters change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import bdtr, bdtri

from toolkit.calibrate.audit.exact import one_proportion
from toolkit.calibrate.audit.people import cells_of
from toolkit.fairness.cells import Cells
from toolkit.fairness.counts import PROPORTIONS, rate
from toolkit.fairness.metrics.proportions import complement, midp, proportion, wilson

sizes = st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def table(seed: int = 0, rows: int = 600) -> Cells:
    """Count random rows of two attributes with labels and decisions."""
    rng = np.random.default_rng(seed)
    code = np.stack([rng.integers(0, 3, rows), rng.integers(0, 2, rows)], axis=1)
    label, decision = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    found, n = np.unique(np.column_stack([code, label, decision]), axis=0, return_counts=True)
    return Cells(
        attributes=("race", "sex"),
        levels=(("a", "b", "c"), ("f", "m")),
        code=found[:, :2],
        label=found[:, 2],
        decision=found[:, 3],
        n=n,
        weight=n.astype(float),
        weight2=n.astype(float),
    )


class TestMidP:
    def test_the_limits_solve_the_mid_p_equations_to_twelve_digits(self) -> None:
        x, n = np.array([1, 5, 20, 49, 700]), np.array([10, 12, 400, 50, 1_000])
        low, high = midp(x, n)
        below, at_most = bdtr(x - 1, n, low), bdtr(x, n, low)
        assert 1 - (below + at_most) / 2 == pytest.approx(0.025, abs=1e-12)
        assert (bdtr(x - 1, n, high) + bdtr(x, n, high)) / 2 == pytest.approx(0.025, abs=1e-12)

    def test_nobody_and_everybody_touch_the_ends_and_have_the_closed_form(self) -> None:
        low, high = midp([0, 7], [7, 7])
        assert low[0] == 0
        assert high[1] == 1
        # P(X = 0 | p) / 2 = .025, so (1 - p)^7 = .05.
        assert high[0] == pytest.approx(1 - 0.05 ** (1 / 7), abs=1e-12)
        assert low[1] == pytest.approx(0.05 ** (1 / 7), abs=1e-12)

    def test_an_empty_denominator_has_no_limits(self) -> None:
        assert np.isnan(midp(0, 0)).all()

    @given(sizes)
    def test_it_lies_inside_clopper_and_pearson_and_around_the_share(self, pair: tuple[int, int]) -> None:
        x, n = pair
        low, high = midp(x, n)
        assert 0 <= low <= x / n <= high <= 1
        outer_low = 0 if x == 0 else bdtri(x - 1, n, 0.975)
        outer_high = 1 if x == n else bdtri(x, n, 0.025)
        assert outer_low - 1e-12 <= low
        assert high <= outer_high + 1e-12

    @given(sizes)
    def test_swapping_successes_and_failures_mirrors_it(self, pair: tuple[int, int]) -> None:
        x, n = pair
        low, high = midp(x, n)
        other_low, other_high = midp(n - x, n)
        assert (1 - other_high, 1 - other_low) == (
            pytest.approx(float(low), abs=1e-13),
            pytest.approx(float(high), abs=1e-13),
        )

    @given(st.floats(1, 500), st.floats(0, 1))
    def test_an_effective_size_between_two_whole_ones_gives_a_width_between_theirs(
        self, n: float, p: float
    ) -> None:
        width = [float(high - low) for low, high in (midp(p * m, m) for m in (n, n * 1.1, n * 1.3))]
        assert width == sorted(width, reverse=True)

    def test_the_exact_coverage_keeps_what_is_promised_where_wilsons_does_not(self) -> None:
        for world in one_proportion():
            assert world["failed"] == []
            assert 0.945 < world["coverage_mean"] < 0.97
            assert world["coverage_least"] > 0.91
        assert min(world["wilson_least"] for world in one_proportion()) < 0.86


class TestWilson:
    def test_published_limits_of_81_of_263_are_found(self) -> None:
        # Newcombe 1998, Statistics in Medicine 17:857, table I: 81/263, 15/148, 0/20, 1/29.
        low, high = wilson(np.array([81, 15, 0, 1]) / [263, 148, 20, 29], [263, 148, 20, 29], 1.959964)
        assert low == pytest.approx([0.2553, 0.0624, 0, 0.0061], abs=5e-5)
        assert high == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=5e-5)

    def test_at_z_0_the_limits_are_the_share_itself(self) -> None:
        assert wilson(0.3, 50, 0.0) == (pytest.approx(0.3), pytest.approx(0.3))


class TestPlainRows:
    @pytest.mark.parametrize("metric", PROPORTIONS)
    def test_values_and_denominators_are_those_of_the_confusion_counts(self, metric: str) -> None:
        cells = table()
        partition = cells.partition(("race", "sex"))
        found = proportion(cells, partition, metric)
        assert found.value == pytest.approx(rate(partition.confusion(cells).astype(float), metric), abs=1e-15)
        assert (found.successes == np.rint(found.value * found.n)).all()
        assert ((found.low <= found.value) & (found.value <= found.high)).all()
        assert (found.variance > 0).all()

    def test_a_group_without_positives_has_no_rate_and_says_why(self) -> None:
        cells = table()
        cells = cells.take((cells.code[:, 0] != 1) | (cells.label == 0))  # type: ignore[operator]
        partition = cells.partition(("race",))
        found = proportion(cells, partition, "true_positive_rate")
        assert np.isnan(found.value[1])
        assert np.isnan([found.low[1], found.high[1]]).all()
        assert not found.shown[1]
        assert found.notes[1] == "nobody is in its denominator"
        assert found.notes[0] == ""
        assert np.isnan(proportion(cells, partition, "false_negative_rate").value[1])

    def test_without_labels_only_the_selection_rate_is_there(self) -> None:
        cells = table()
        without = replace(cells, label=None)
        partition = cells.partition(("race",))
        expected = proportion(cells, partition, "selection_rate")
        assert proportion(without, partition, "selection_rate").value == pytest.approx(expected.value)
        with pytest.raises(ValueError, match="needs labels"):
            proportion(without, partition, "precision")
        with pytest.raises(ValueError, match="needs decisions"):
            proportion(replace(without, decision=None), partition, "selection_rate")

    @given(st.permutations(range(6)), st.sampled_from(sorted(PROPORTIONS)))
    def test_the_order_of_the_cells_changes_nothing(self, order: list[int], metric: str) -> None:
        cells = table(3, 200)
        shuffled = cells.take(np.array(order + list(range(6, len(cells.n)))))
        one, other = (proportion(c, c.partition(("race",)), metric) for c in (cells, shuffled))
        assert (one.value == other.value).all()
        assert (one.n == other.n).all()

    def test_a_complement_is_everybody_else(self) -> None:
        cells = table()
        partition = cells.partition(("race",))
        rest = complement(cells, partition, "precision")
        others = cells.take(cells.code[:, 0] != 0)
        alone = proportion(others, others.partition(()), "precision")
        assert rest.value[0] == alone.value[0]
        assert rest.n[0] == alone.n[0]
        assert rest.successes is not None


class TestWeights:
    @pytest.mark.parametrize("n", [45, 150])
    @pytest.mark.parametrize("scale", [1.2, 2.0])
    def test_a_few_heavy_rows_do_not_make_the_interval_too_short(self, n: int, scale: float) -> None:
        rng = np.random.default_rng(1)
        group = np.repeat(np.arange(1_000), n)
        weight = np.exp(scale * rng.standard_normal(len(group)))
        for p in (0.1, 0.3):
            cells = cells_of(group, (rng.random(len(group)) < p).astype(int), weight)
            found = proportion(cells, cells.partition(("group",)), "selection_rate")
            assert np.mean((found.low <= p) & (p <= found.high)) > 0.93

    def rows(self, seed: int = 1, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        return rng.integers(0, 3, n), rng.integers(0, 2, n), rng.choice([1.0, 2.0, 5.0], n)

    def test_frequency_weights_are_people(self) -> None:
        group, decision, weight = self.rows()
        cells = replace(cells_of(group, decision, weight), frequencies=True)
        times = weight.astype(int)
        repeated = cells_of(np.repeat(group, times), np.repeat(decision, times))
        one, other = (proportion(c, c.partition(("group",)), "selection_rate") for c in (cells, repeated))
        for field in ("value", "n", "successes", "low", "high", "variance"):
            assert getattr(one, field) == pytest.approx(getattr(other, field))

    def test_sampling_weights_give_the_linearised_variance_of_the_rows(self) -> None:
        group, decision, weight = self.rows()
        found = proportion(
            cells := cells_of(group, decision, weight), cells.partition(("group",)), "selection_rate"
        )
        for g in range(3):
            w, y = weight[group == g], decision[group == g]
            p = (w * y).sum() / w.sum()
            variance = (w**2 * (y - p) ** 2).sum() / w.sum() ** 2
            size = p * (1 - p) / variance
            assert found.value[g] == pytest.approx(p)
            assert (found.low[g], found.high[g]) == pytest.approx(
                tuple(float(v) for v in midp(p * size, size)), abs=1e-9
            )
        assert found.successes is None
        assert (found.n == np.bincount(group)).all()

    def test_equal_weights_change_nothing_about_the_interval(self) -> None:
        group, decision, _ = self.rows()
        plain, equal = cells_of(group, decision), cells_of(group, decision, np.full(len(group), 3.0))
        one, other = (proportion(c, c.partition(("group",)), "selection_rate") for c in (plain, equal))
        assert other.value == pytest.approx(one.value)
        assert other.low == pytest.approx(one.low, abs=1e-9)
        assert other.high == pytest.approx(one.high, abs=1e-9)

    def test_where_everybody_is_alike_kishs_size_stands_in(self) -> None:
        weight = np.array([1.0, 1.0, 1.0, 1.0, 6.0] * 4)
        cells = cells_of(np.zeros(20, int), np.ones(20, int), weight)
        found = proportion(cells, cells.partition(("group",)), "selection_rate")
        kish = weight.sum() ** 2 / (weight**2).sum()
        assert found.low[0] == pytest.approx(float(midp(kish, kish)[0]))
        assert found.high[0] == 1
        assert found.variance[0] > 0


class TestClusters:
    def test_clusters_of_one_row_change_next_to_nothing(self) -> None:
        rng = np.random.default_rng(0)
        group, decision = rng.integers(0, 3, 900), rng.integers(0, 2, 900)
        plain, single = cells_of(group, decision), cells_of(group, decision, cluster=np.arange(900))
        one, other = (proportion(c, c.partition(("group",)), "selection_rate") for c in (plain, single))
        assert other.value == pytest.approx(one.value)
        assert other.low == pytest.approx(one.low, abs=2e-3)
        assert other.covariance is not None
        correlation = other.covariance / np.sqrt(np.outer(other.variance, other.variance))
        assert np.abs(correlation[~np.eye(3, dtype=bool)]).max() < 0.01

    def test_the_covariance_is_that_of_the_clusters_own_totals(self) -> None:
        rng = np.random.default_rng(1)
        cluster = np.repeat(np.arange(60), 5)
        group, decision = rng.integers(0, 2, 300), (rng.random(60)[cluster] < 0.5).astype(int)
        cells = cells_of(group, decision, cluster=cluster)
        found = proportion(cells, cells.partition(("group",)), "selection_rate")
        # Directly: influence of each cluster on each share, then their covariance over clusters.
        influence = np.zeros((60, 2))
        for g in range(2):
            p = decision[group == g].mean()
            np.add.at(influence[:, g], cluster[group == g], (decision[group == g] - p) / (group == g).sum())
        direct = np.cov(influence.T) * 60
        assert found.covariance is not None
        ours = found.covariance[0, 1] / np.sqrt(np.prod(np.diagonal(found.covariance)))
        assert ours == pytest.approx(direct[0, 1] / np.sqrt(np.prod(np.diagonal(direct))), abs=1e-9)
        assert ours > 0.3
        size = found.value * (1 - found.value) / np.diagonal(direct)
        smooth = (found.value * size + 1) / (size + 2)
        assert found.variance == pytest.approx(smooth * (1 - smooth) / (size + 2), rel=1e-9)

    def test_frequency_weights_are_people_in_clusters_too(self) -> None:
        rng = np.random.default_rng(0)
        group, decision, times = rng.integers(0, 3, 400), rng.integers(0, 2, 400), rng.integers(1, 4, 400)
        cluster = np.repeat(np.arange(80), 5)
        cells = replace(cells_of(group, decision, times.astype(float), cluster), frequencies=True)
        repeated = cells_of(
            np.repeat(group, times), np.repeat(decision, times), cluster=np.repeat(cluster, times)
        )
        one, other = (proportion(c, c.partition(("group",)), "selection_rate") for c in (cells, repeated))
        for field in ("value", "n", "low", "high", "variance", "covariance"):
            assert getattr(one, field) == pytest.approx(getattr(other, field)), field

    def test_under_ten_clusters_a_group_has_no_interval(self) -> None:
        cluster = np.repeat(np.arange(30), 4)
        group = (cluster >= 22).astype(int)
        decision = np.random.default_rng(2).integers(0, 2, 120)
        cells = cells_of(group, decision, cluster=cluster)
        found = proportion(cells, cells.partition(("group",)), "selection_rate")
        assert found.shown.tolist() == [True, False]
        assert "8 clusters" in found.notes[1]
        assert np.isnan(found.low[1])
        assert np.isfinite(found.value[1])

    def test_a_complement_knows_how_it_moves_with_its_group(self) -> None:
        rng = np.random.default_rng(3)
        cluster = np.repeat(np.arange(200), 4)
        group = rng.integers(0, 2, 800)
        decision = (rng.random(200)[cluster] < 0.5).astype(int)
        cells = cells_of(group, decision, cluster=cluster)
        partition = cells.partition(("group",))
        own, rest = (f(cells, partition, "selection_rate") for f in (proportion, complement))
        assert rest.value == pytest.approx(own.value[::-1])
        assert own.covariance is not None
        correlation = own.covariance[0, 1] / np.sqrt(np.prod(np.diagonal(own.covariance)))
        assert rest.beside == pytest.approx([correlation, correlation], rel=1e-6)
