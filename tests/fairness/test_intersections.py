from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_to_cells import cells_of

from toolkit.fairness.cells import MISSING_GROUP
from toolkit.fairness.finer.intersections import compare, intersections, omnibus
from toolkit.fairness.gaps.permutation import two_groups
from toolkit.fairness.gaps.rulings import holm
from toolkit.fairness.metrics.measures import measure

SHARES = np.outer([0.6, 0.3, 0.1], [0.5, 0.5])


def rows(seed: int, n: int, odd: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six cells with a rate of .3, but for the smallest attribute's second half."""
    rng = np.random.default_rng(seed)
    pair = np.column_stack([rng.choice(3, n, p=[0.6, 0.3, 0.1]), rng.integers(0, 2, n)])
    p = np.full((3, 2), 0.3)
    p[2, 1] = odd
    return pair, (rng.random(n) < p[pair[:, 0], pair[:, 1]]).astype(int), p


def test_every_cell_is_compared_with_everybody_else() -> None:
    pair, d, _ = rows(1, 900)
    found = compare(
        cells_of(pair, decision=d), ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=0
    )
    assert found["attributes"] == ["a", "b"]
    assert len(found["cells"]) == 6
    for row in found["cells"]:
        mine = (pair[:, 0] == int(row["attributes"]["a"][1])) & (pair[:, 1] == int(row["attributes"]["b"][1]))
        assert row["n"] == mine.sum()
        assert row["value"] == pytest.approx(d[mine].mean())
        assert row["difference"] == pytest.approx(d[mine].mean() - d[~mine].mean())
        assert row["low"] < row["difference"] < row["high"]
        assert row["p_adjusted"] >= row["p_value"]


def test_small_cells_are_listed_and_not_compared() -> None:
    pair, d, _ = rows(2, 900)
    pair[:6] = [2, 2]
    pair[6:60] = [1, 2]
    found = compare(
        cells_of(pair, decision=d), ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=0
    )
    small = next(row for row in found["cells"] if row["attributes"] == {"a": "a2", "b": "b2"})
    assert small["n"] == 6
    assert small["value"] is not None
    assert small["shrunk"] is not None
    assert small["ruling"] == "not_applicable"
    assert small["difference"] is None
    assert small["p_value"] is None
    assert sum(row["p_value"] is not None for row in found["cells"]) == 7


def test_a_cell_that_stands_out_is_shown_though_neither_attribute_is_the_reason() -> None:
    pair, d, _ = rows(3, 6000, odd=0.7)
    found = compare(
        cells_of(pair, decision=d), ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=0
    )
    rulings = {tuple(row["attributes"].values()): row["ruling"] for row in found["cells"]}
    assert rulings["a2", "b1"] == "shown"
    assert found["omnibus"]["p_value"] < 0.001
    assert found["omnibus"]["low"] > 0
    assert all(row["shrunk"] != row["value"] for row in found["cells"])


def test_equal_cells_of_a_large_table_are_shown_to_be_alike() -> None:
    pair, d, _ = rows(4, 200_000)
    found = compare(
        cells_of(pair, decision=d), ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=0
    )
    assert {row["ruling"] for row in found["cells"]} == {"small"}


def test_missing_people_are_compared_but_do_not_enter_the_omnibus() -> None:
    pair, d, _ = rows(5, 3000)
    d[pair[:, 0] == 2] = 1
    levels = [["x", "y", MISSING_GROUP], ["f", "m"]]
    cells = cells_of(pair, decision=d, names=levels)
    found = compare(cells, ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=0)
    missing = [row for row in found["cells"] if row["attributes"]["a"] == MISSING_GROUP]
    assert [row["ruling"] for row in missing] == ["shown", "shown"]
    assert found["omnibus"]["p_value"] > 0.01


def test_one_attribute_is_no_intersection() -> None:
    pair, d, _ = rows(6, 100)
    with pytest.raises(ValueError, match="two attributes"):
        intersections(cells_of(pair, decision=d), [(("a",), "selection_rate")])


def test_holm_runs_over_all_families_together() -> None:
    pair, d, _ = rows(7, 900, odd=0.5)
    y = np.random.default_rng(0).integers(0, 2, 900)
    cells = cells_of(pair, y, d)
    families = [(("a", "b"), metric) for metric in ("selection_rate", "true_positive_rate")]
    found = intersections(cells, families)
    raw = [row["p_value"] for one in found for row in one["cells"]]
    assert len(raw) == 12
    assert [row["p_adjusted"] for one in found for row in one["cells"]] == pytest.approx(holm(raw))
    assert found == intersections(cells, families)


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_the_exact_test_counts_all_tables(n1: int, n2: int, data: st.DataObject) -> None:
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    x = x1 + x2
    ways = {a: math.comb(n1, a) * math.comb(n2, x - a) for a in range(max(0, x - n2), min(n1, x) + 1)}
    far = sum(w for a, w in ways.items() if abs(a * (n1 + n2) - n1 * x) >= abs(x1 * (n1 + n2) - n1 * x))
    assert two_groups(np.array([x1, x2]), np.array([n1, n2])) == pytest.approx(far / sum(ways.values()))


def test_the_exact_test_meets_its_normal_form_at_a_million() -> None:
    small = two_groups(np.array([30_200, 40_000]), np.array([90_000, 121_000]))
    large = two_groups(np.array([302_000, 402_000]), np.array([900_000, 1_210_000]))
    assert 0 < large < small < 1
    expected = math.erfc(
        abs(302_000 / 900_000 - 402_000 / 1_210_000)
        / math.sqrt(2 * 704 / 2110 * 1406 / 2110 * (1 / 900_000 + 1 / 1_210_000))
    )
    assert large == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("metric", ["roc_auc", "brier", "f1_score", "mean_prediction"])
def test_metrics_that_are_no_proportions_are_compared_too(metric: str) -> None:
    rng = np.random.default_rng(80)
    pair, _, _ = rows(8, 2400)
    s = np.round(rng.random(2400), 2)
    y = (rng.random(2400) < s).astype(int)
    found = compare(
        cells_of(pair, y, (s > 0.5).astype(int), s), ("a", "b"), metric, margin=0.2, min_group=10, seed=0
    )
    for row in found["cells"]:
        assert row["low"] < row["difference"] < row["high"]
        assert 0 < row["p_value"] <= 1
        assert min(row["value"], row["shrunk"]) > 0
    assert found["omnibus"]["low"] <= max(found["omnibus"]["variance"], found["omnibus"]["low"])


def test_weights_and_clusters_widen_the_intervals() -> None:
    pair, d, _ = rows(9, 1200)
    luck = np.repeat(np.random.default_rng(1).random(300), 4)
    d = (luck < 0.3).astype(int)
    pair = np.repeat(pair[::4], 4, axis=0)
    plain = cells_of(pair, decision=d)
    clustered = cells_of(pair, decision=d, cluster=np.repeat(np.arange(300), 4))
    one, other = (
        compare(c, ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=0)
        for c in (plain, clustered)
    )
    for a, b in zip(one["cells"], other["cells"], strict=True):
        if a["n"] > 100:
            assert b["high"] - b["low"] > 1.4 * (a["high"] - a["low"])
            assert b["p_value"] > a["p_value"] or a["p_value"] > 0.5


def test_the_between_cell_variance_is_unbiased_and_may_be_negative() -> None:
    truth = np.array([0.2, 0.3, 0.3, 0.4])
    rng = np.random.default_rng(10)
    found = []
    for p in (truth, np.full(4, 0.3)):
        counts = rng.binomial(25, p, (200, 4))
        values = []
        for x in counts:
            d = np.concatenate([np.r_[np.ones(v), np.zeros(25 - v)] for v in x])
            cells = cells_of(np.repeat(np.arange(4), 25), decision=d)
            own = measure(cells, cells.partition(["a"]), "selection_rate")
            noise = own.value * (1 - own.value) / 24
            values.append(own.value.var(ddof=1) - noise.mean())
            if len(values) == 1:
                assert omnibus(own, np.random.default_rng(0))["variance"] == pytest.approx(values[0])
        found.append(np.array(values))
    for values, p in zip(found, (truth, np.full(4, 0.3)), strict=True):
        assert abs(values.mean() - p.var(ddof=1)) < 3 * values.std() / np.sqrt(200)
    assert (found[1] < 0).mean() > 0.4


@pytest.mark.slow
@pytest.mark.parametrize("n", [400, 2000])
def test_simultaneous_intervals_cover_and_equal_cells_are_seldom_flagged(n: int) -> None:
    runs = 120
    for odd in (0.3, 0.6):
        covered = flagged = between = unequal = 0
        for seed in range(runs):
            pair, d, p = rows(1000 + seed, n, odd)
            found = compare(
                cells_of(pair, decision=d), ("a", "b"), "selection_rate", margin=0.05, min_group=10, seed=seed
            )
            inside = []
            for row, (i, j) in zip(found["cells"], product(range(3), range(2)), strict=True):
                if row["p_value"] is None:
                    continue
                others = SHARES.copy()
                others[i, j] = 0
                inside.append(row["low"] <= p[i, j] - (others * p).sum() / others.sum() <= row["high"])
            covered += all(inside)
            flagged += (
                min(row["p_adjusted"] for row in found["cells"] if row["p_adjusted"] is not None) <= 0.05
            )
            between += found["omnibus"]["low"] <= p.var(ddof=1) + 1e-12 <= found["omnibus"]["high"] + 2e-12
            unequal += found["omnibus"]["p_value"] <= 0.05
        error = np.sqrt(0.05 * 0.95 / runs)
        assert covered / runs > 0.93 - 2 * error
        assert between / runs > (0.93 if odd == 0.3 else 0.89) - 2 * error
        assert odd > 0.3 or flagged / runs < 0.05 + 2 * error
        assert odd > 0.3 or unequal / runs < 0.05 + 2 * error


def test_a_cell_is_shown_only_if_holm_over_all_families_says_so() -> None:
    pair, d, _ = rows(11, 700, odd=0.52)
    y = np.random.default_rng(1).integers(0, 2, 700)
    cells = cells_of(pair, y, d)
    metrics = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy", "f1_score")
    alone = intersections(cells, [(("a", "b"), "selection_rate")])[0]["cells"]
    among = intersections(cells, [(("a", "b"), metric) for metric in metrics])
    first = among[0]["cells"]
    assert any(cell["ruling"] == "shown" for cell in alone)
    raw = [cell["p_margin"] for one in among for cell in one["cells"] if cell["p_margin"] is not None]
    adjusted = holm(raw)
    given_ = [
        cell["p_margin_adjusted"] for one in among for cell in one["cells"] if cell["p_margin"] is not None
    ]
    assert given_ == pytest.approx(adjusted)
    for cell in (cell for one in among for cell in one["cells"] if cell["p_margin"] is not None):
        beyond = cell["low"] > 0.05 or cell["high"] < -0.05
        assert (cell["ruling"] == "shown") == (beyond and cell["p_margin_adjusted"] <= 0.05)
        assert cell["p_margin"] >= cell["p_value"]
    assert [c["p_margin"] for c in first] == pytest.approx([c["p_margin"] for c in alone])


@pytest.mark.slow
def test_small_cells_of_equal_f1_are_seldom_flagged() -> None:
    rng = np.random.default_rng(77)
    flagged, runs = 0, 300
    for _ in range(runs):
        groups = np.stack([rng.choice(3, 700, p=s) for s in ((0.6, 0.3, 0.1), (0.5, 0.45, 0.05))], axis=1)
        y = (rng.random(700) < 0.3).astype(int)
        d = (rng.random(700) < np.where(y == 1, 0.69, 0.31)).astype(int)
        found = compare(cells_of(groups, y, d), ("a", "b"), "f1_score", margin=0.05, min_group=10, seed=0)
        flagged += min(c["p_adjusted"] for c in found["cells"] if c["p_adjusted"] is not None) <= 0.05
    assert flagged <= 0.08 * runs
