from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_to_cells import cells_of

from toolkit.fairness.finer.within import heterogeneity, mantel_haenszel, of_strata, within

# Bickel, Hammel and O'Connell 1975: admitted and applicants at Berkeley's six largest departments.
MEN = np.array([[512, 825], [353, 560], [120, 325], [138, 417], [53, 191], [22, 373]])
WOMEN = np.array([[89, 108], [17, 25], [202, 593], [131, 375], [94, 393], [24, 341]])


def test_berkeley_admissions_reverse_within_departments() -> None:
    found = mantel_haenszel(*MEN.T, *WOMEN.T)
    crude = MEN[:, 0].sum() / MEN[:, 1].sum() - WOMEN[:, 0].sum() / WOMEN[:, 1].sum()
    assert crude == pytest.approx(0.4452 - 0.3035, abs=2e-4)
    assert found["pooled"] is not None
    assert found["pooled"] < 0
    # R's mantelhaen.test(UCBAdmissions, correct = FALSE): X-squared = 1.5246, p = 0.2169.
    assert found["p_value"] == pytest.approx(0.2169, abs=1e-4)
    # Department A is unlike the others (Woolf's test says the same).
    assert found["p_heterogeneity"] is not None
    assert found["p_heterogeneity"] < 0.01


def test_pooled_difference_and_its_limits_follow_the_published_formulas() -> None:
    x1, n1, x2, n2 = (np.array(v, float) for v in ([3, 8, 5], [10, 12, 9], [2, 5, 6], [11, 10, 12]))
    found = mantel_haenszel(x1, n1, x2, n2)
    n = n1 + n2
    weight = n1 * n2 / n
    pooled = (weight * (x1 / n1 - x2 / n2)).sum() / weight.sum()
    assert found["pooled"] == pytest.approx(pooled)
    for side in ("low", "high"):
        # Klingenberg's limits d solve (pooled - d)^2 = z^2 (d P + Q) with Sato's P and Q.
        d = found[side]
        p = ((n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2) / n**2).sum() / weight.sum() ** 2
        q = ((x1 * (n2 - x2) + x2 * (n1 - x1)) / (2 * n)).sum() / weight.sum() ** 2
        assert (pooled - d) ** 2 == pytest.approx(1.959964**2 * (d * p + q), rel=1e-5)


def test_one_stratum_is_the_plain_difference() -> None:
    found = mantel_haenszel([30], [100], [20], [80])
    assert found["pooled"] == pytest.approx(0.05)
    assert found["p_heterogeneity"] is None
    assert found["strata"] == 1


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_swapping_the_groups_changes_the_sign_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(0, 30, (2, 6))
    x1, x2 = rng.binomial(n1, 0.4), rng.binomial(n2, 0.3)
    one, other = mantel_haenszel(x1, n1, x2, n2), mantel_haenszel(x2, n2, x1, n1)
    if one["pooled"] is None:
        assert other["pooled"] is None
        return
    assert one["pooled"] == pytest.approx(-other["pooled"])
    assert one["low"] == pytest.approx(-other["high"])
    assert one["p_value"] == pytest.approx(other["p_value"])
    assert one["p_heterogeneity"] == pytest.approx(other["p_heterogeneity"])
    assert -1 <= one["low"] <= one["pooled"] <= one["high"] <= 1


def test_strata_without_both_groups_take_no_part_and_none_leaves_nothing() -> None:
    full = mantel_haenszel([3, 9], [10, 20], [2, 0], [10, 0])
    assert full["strata"] == 1
    assert full["pooled"] == pytest.approx(0.1)
    empty = mantel_haenszel([3], [10], [0], [0])
    assert empty["pooled"] is None
    assert empty["strata"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("strata", "size"), [(3, 100), (20, 10), (50, 4)])
def test_intervals_cover_and_tests_hold_their_level_from_few_large_to_many_small_strata(
    strata: int, size: int
) -> None:
    runs = 1500
    for base, gap in ((0.1, 0.0), (0.1, 0.15), (0.5, 0.0), (0.5, 0.15)):
        rng = np.random.default_rng(strata)
        covered = alarms = uneven = 0
        for _ in range(runs):
            n1, n2 = rng.integers(1, 2 * size, (2, strata))
            share = np.clip(base + rng.uniform(-0.08, 0.08, strata), 0.01, 0.8)
            found = mantel_haenszel(rng.binomial(n1, share + gap), n1, rng.binomial(n2, share), n2)
            covered += found["low"] <= gap <= found["high"]
            alarms += (found["p_value"] or 1.0) <= 0.05
            uneven += (found["p_heterogeneity"] or 1.0) <= 0.05
        assert covered / runs > 0.93 - 0.013
        assert gap > 0 or alarms / runs < 0.05 + 0.015
        assert uneven / runs < 0.05 + 0.025


def test_unlike_strata_are_found() -> None:
    n = np.full(4, 200.0)
    p, strata = heterogeneity(np.array([60.0, 60, 60, 120]), n, np.array([60.0, 60, 60, 60]), n, 0.075)
    assert p is not None
    assert p < 1e-5
    assert strata == 4


def rows(seed: int) -> tuple:
    """Groups differ in stratum, and the outcome follows the stratum alone: a crude gap and none within."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, 2, 3000)
    s = (rng.random(3000) < 0.2 + 0.6 * g).astype(int)
    d = (rng.random(3000) < 0.2 + 0.4 * s).astype(int)
    return g, s, d


def test_a_gap_that_another_column_accounts_for_vanishes_within_it() -> None:
    g, s, d = rows(1)
    cells = cells_of(g, decision=d, strata=s)
    found = within(cells, cells.partition(["a"]), "selection_rate", (1, 0), "a")
    assert found["crude"] == pytest.approx(d[g == 1].mean() - d[g == 0].mean())
    assert found["crude"] > 0.15
    assert found["low"] < 0 < found["high"]
    assert found["p_heterogeneity"] > 0.01
    assert (found["first"], found["second"]) == ("a1", "a0")
    for stratum in found["strata"]:
        mine = s == int(stratum["name"][1:])
        assert stratum["difference"] == pytest.approx(d[mine & (g == 1)].mean() - d[mine & (g == 0)].mean())
        assert stratum["n"] == mine.sum()


def test_weights_enter_through_effective_sizes_and_clusters_leave_no_test() -> None:
    g, s, d = rows(2)
    w = np.random.default_rng(0).exponential(size=3000)
    plain, weighted = cells_of(g, decision=d, strata=s), cells_of(g, decision=d, strata=s, weight=w)
    one, other = (within(c, c.partition(["a"]), "selection_rate", (1, 0), "a") for c in (plain, weighted))
    assert other["high"] - other["low"] > 1.2 * (one["high"] - one["low"])
    mine = (s == 0) & (g == 1), (s == 0) & (g == 0)
    expected = np.average(d[mine[0]], weights=w[mine[0]]) - np.average(d[mine[1]], weights=w[mine[1]])
    assert other["strata"][0]["difference"] == pytest.approx(expected)
    clustered = cells_of(g, decision=d, strata=s, cluster=np.arange(3000) // 3)
    found = within(clustered, clustered.partition(["a"]), "selection_rate", (1, 0), "a")
    assert found["low"] is None
    assert found["pooled"] == pytest.approx(one["pooled"])
    assert "cluster" in found["note"]


def test_only_people_in_the_denominator_count() -> None:
    g, s, d = rows(3)
    y = np.random.default_rng(1).integers(0, 2, 3000)
    cells = cells_of(g, y, d, strata=s)
    found = within(cells, cells.partition(["a"]), "true_positive_rate", (0, 1), "a")
    mine = (s == 1) & (y == 1)
    assert found["strata"][1]["n"] == mine.sum()
    assert found["strata"][1]["difference"] == pytest.approx(
        d[mine & (g == 0)].mean() - d[mine & (g == 1)].mean()
    )


def test_cells_without_strata_are_refused() -> None:
    g, _, d = rows(4)
    cells = cells_of(g, decision=d)
    with pytest.raises(ValueError, match="no strata"):
        within(cells, cells.partition(["a"]), "selection_rate", (0, 1), "a")


def test_a_pair_chosen_as_the_widest_of_four_keeps_its_coverage() -> None:
    rng = np.random.default_rng(2)
    covered, flagged, plain = 0, 0, 0
    runs = 300
    for _ in range(runs):
        group, stratum = rng.integers(0, 4, 1200), rng.integers(0, 3, 1200)
        decision = (rng.random(1200) < np.array([0.2, 0.35, 0.5])[stratum]).astype(int)
        cells = cells_of(group, decision=decision, strata=stratum)
        partition = cells.partition(("a",))
        share = np.bincount(group, decision) / np.bincount(group)
        pair = int(share.argmax()), int(share.argmin())
        found = within(cells, partition, "selection_rate", pair, "a")
        covered += found["low"] <= 0 <= found["high"]
        flagged += found["p_value"] <= 0.05
        x, n, _rows = of_strata(cells, partition, "selection_rate")
        alone = mantel_haenszel(x[:, pair[0]], n[:, pair[0]], x[:, pair[1]], n[:, pair[1]])
        assert alone["low"] is not None
        plain += alone["low"] > 0
    assert covered >= 0.92 * runs
    assert flagged <= 0.08 * runs
    assert plain > 0.12 * runs  # what a pair named beforehand would be given
