"""The four-fifths rule: ratios, exact tests, the flip of one person, and how often the bare rule fires."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from toolkit.fairness.cells import Cells
from toolkit.fairness.lenses import lenses
from toolkit.fairness.lenses.fisher import fisher
from toolkit.fairness.lenses.four_fifths import fires_by_chance, flips, four_fifths, impact_ratios


def cells_of(groups: dict[str, tuple[int, int]], attribute: str = "race", **more: Any) -> Cells:
    """Return cells of a table with decisions alone: group name to (selected, people)."""
    rows = [
        (place, decision, count)
        for place, (x, n) in enumerate(groups.values())
        for decision, count in ((1, x), (0, n - x))
        if count
    ]
    code = np.array([[place] for place, _, _ in rows], np.int64)
    n = np.array([count for *_, count in rows], np.int64)
    decision = np.array([decision for _, decision, _ in rows], np.int64)
    weight = n.astype(float)
    return Cells((attribute,), (tuple(groups),), code, None, decision, n, weight, weight, **more)


def lens_of(groups: dict[str, tuple[int, int]], floor: int = 5) -> dict[str, Any]:
    found = four_fifths(cells_of(groups), partitions_of=[("race",)], settings={"min_group": floor})
    entry: dict[str, Any] = found["results"]["attributes"][0]
    return entry | {"sentences": found["sentences"]}


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fisher_agrees_with_scipy(n1: int, n2: int, data: st.DataObject) -> None:
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    expected = fisher_exact([[x1, n1 - x1], [x2, n2 - x2]]).pvalue
    assert fisher(x1, n1, x2, n2) == pytest.approx(expected, abs=1e-9)


def test_fisher_stays_finite_for_a_million_people() -> None:
    assert fisher(500_000, 1_000_000, 500_100, 1_000_000) == pytest.approx(0.888, abs=0.002)
    assert fisher(0, 1_000_000, 1_000_000, 1_000_000) == 0


@pytest.mark.parametrize(("groups", "n", "expected"), [(4, 200, 0.88), (10, 1000, 0.98)])
def test_the_bare_rule_fires_on_equal_groups_as_often_as_was_measured(
    groups: int, n: int, expected: float
) -> None:
    sizes = np.full(groups, n // groups)
    assert fires_by_chance(sizes, 0.3) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("rate", [0.25, 0.3, 0.6])
def test_the_bare_rule_fires_on_two_groups_as_often_as_enumeration_says(rate: float) -> None:
    n = 100
    chance = binom.pmf(np.arange(n + 1), n, rate)
    x = np.arange(n + 1)
    fires = np.minimum.outer(x, x) < 0.8 * np.maximum.outer(x, x)
    assert fires_by_chance(np.array([n, n]), rate) == pytest.approx(chance @ fires @ chance, abs=0.01)


def test_the_bare_rule_never_fires_where_nearly_everybody_is_selected() -> None:
    assert fires_by_chance(np.array([5000, 5000]), 0.95) == 0


def test_the_same_seed_gives_the_same_share() -> None:
    sizes = np.array([40, 60])
    assert fires_by_chance(sizes, 0.4, seed=7) == fires_by_chance(sizes, 0.4, seed=7)


def test_the_guidelines_own_example_of_numbers_too_small_hangs_on_one_person() -> None:
    # Three of twenty men and one of ten women (44 FR 11996): one other choice gives women the higher rate.
    flip = flips(np.array([3, 1]), np.array([20, 10]), 1)
    assert flip["crosses"]
    assert flip["one_exchange"] == 1.0
    entry = lens_of({"men": (3, 20), "women": (1, 10)})
    assert any("one person" in sentence for sentence in entry["sentences"])


def test_no_flip_is_said_where_thousands_were_selected() -> None:
    flip = flips(np.array([3000, 1000]), np.array([5000, 5000]), 1)
    assert not flip["crosses"]
    entry = lens_of({"men": (3000, 5000), "women": (1000, 5000)})
    assert not any("one person" in sentence for sentence in entry["sentences"])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=2, max_size=5), st.integers(0, 4))
def test_a_flip_that_crosses_really_crosses(table: list[tuple[int, int]], place: int) -> None:
    n = np.array([b for _, b in table])
    x = np.minimum(np.array([a for a, _ in table]), n)
    g = place % len(table)
    if not x.any():
        return
    below = impact_ratios(x, n)[g] < 0.8
    flip = flips(x, n, g)
    sides = {r < 0.8 for r in (flip["one_decision"], flip["one_exchange"]) if r is not None}
    assert flip["crosses"] == (bool(not below) in sides)


def test_the_highest_group_has_ratio_one_and_no_test_against_itself() -> None:
    entry = lens_of({"a": (50, 100), "b": (30, 100)})
    top, low = entry["groups"]
    assert (entry["highest"], top["ratio"], top["p_value"]) == ("a", 1.0, None)
    assert low["ratio"] == pytest.approx(0.6)
    assert low["low"] < 0.6 < low["high"]
    assert low["below"]


def test_a_large_difference_is_a_ruling_and_a_small_sample_is_not() -> None:
    many = lens_of({"a": (5000, 10_000), "b": (3000, 10_000)})
    few = lens_of({"a": (20, 40), "b": (14, 40)})
    assert many["minimum"]["test"]["ruling"] == "shown"
    assert few["minimum"]["ratio"] < 0.8
    assert few["minimum"]["test"]["ruling"] == "not_enough_evidence"
    assert any("chance alone could give" in sentence for sentence in few["sentences"])


def test_the_audits_own_ratio_is_taken_where_it_was_measured_at_four_fifths() -> None:
    gap = {
        "attribute": "race",
        "metric": "selection_rate",
        "kind": "ratio",
        "compare": "widest",
        "margin": 0.8,
        "value": 0.6,
        "lowest": "b",
        "low": 0.123,
        "high": 0.987,
        "low90": 0.2,
        "ruling": "not_enough_evidence",
        "reason": "",
    }
    cells = cells_of({"a": (50, 100), "b": (30, 100)})
    own = four_fifths(cells, partitions_of=[("race",)], gaps=[gap])["results"]["attributes"][0]["minimum"]
    assert (own["test"]["low"], own["test"]["high"]) == (0.123, 0.987)
    other = four_fifths(cells, partitions_of=[("race",)], gaps=[gap | {"margin": 0.9}])
    assert other["results"]["attributes"][0]["minimum"]["test"]["low"] != 0.123


def test_people_of_unknown_group_and_small_groups_are_shown_and_not_compared() -> None:
    entry = lens_of({"a": (50, 100), "b": (30, 100), "c": (3, 3), "(missing)": (9, 9)})
    groups = {group["name"]: group for group in entry["groups"]}
    assert groups["c"]["ratio"] is None
    assert groups["(missing)"]["ratio"] is None
    assert groups["c"]["rate"] == 1.0
    assert entry["left_out"] == ["c", "(missing)"]
    assert entry["highest"] == "a"


def test_clusters_get_no_exact_test() -> None:
    from toolkit.fairness.cells import ClusterMoments

    plain = cells_of({"a": (50, 100), "b": (30, 100)})
    t = np.eye(4) * 50
    moments = ClusterMoments(50, t, np.arange(4), in_group={("race",): np.array([50, 50])})
    clustered = cells_of({"a": (50, 100), "b": (30, 100)}, clusters=moments)
    found = four_fifths(clustered, partitions_of=[("race",)])
    assert found["results"]["attributes"][0]["groups"][1]["p_value"] is None
    assert any("clusters" in sentence for sentence in found["sentences"])
    tested = four_fifths(plain, partitions_of=[("race",)])["results"]["attributes"][0]["groups"][1]
    assert tested["p_value"] is not None


def test_nobody_selected_is_not_applicable_and_says_why() -> None:
    found = four_fifths(cells_of({"a": (0, 100), "b": (0, 100)}), partitions_of=[("race",)])
    assert found["status"] == "not_applicable"
    assert "nobody" in found["reason"]


def test_every_lens_says_its_question_what_it_is_not_and_its_source() -> None:
    found = lenses(cells_of({"a": (50, 100), "b": (30, 100)}), partitions_of=[("race",)])
    assert [lens["id"] for lens in found] == ["four-fifths", "local-law-144", "eu-ai-act"]
    keys = [
        "id",
        "name",
        "question",
        "is_not",
        "source",
        "status",
        "reason",
        "sentences",
        "tables",
        "results",
    ]
    for lens in found:
        assert list(lens) == keys
        assert all(lens[key] for key in ("question", "is_not", "source"))
        for table in lens["tables"]:
            assert all(len(row) == len(table["columns"]) for row in table["rows"])
    assert "Fairlearn" in found[0]["is_not"]
