"""Groups too small to say anything, and the fewest decisions that change a ruling."""

from __future__ import annotations

from typing import Any

import caution_fixture as fixture
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.cautions import Context
from toolkit.fairness.cautions.ruling import widest_ruling
from toolkit.fairness.cautions.size import fewest, fragile_rulings, small_groups

RULE = widest_ruling()


def ruled(table: fixture.Table, **more: Any) -> Context:
    """Return a context whose only gap is ruled by the audit's own rule."""
    counts = {name: np.array(c).reshape(2, 2) for name, c in table.items()}
    x = np.array([c[:, 1].sum() for c in counts.values()])
    n = np.array([c.sum() for c in counts.values()])
    names = list(table)
    high, low = names[int((x / n).argmax())], names[int((x / n).argmin())]
    value = float((x / n).max() - (x / n).min())
    found = fixture.gap("selection_rate", high, low, value, RULE(x, n))
    return fixture.context_of(table, gaps=[found], rule=RULE, **more)


def test_small_groups_are_named_with_what_can_still_be_said() -> None:
    (warning,) = small_groups(fixture.context_of({"a": (40, 10, 10, 40), "b": (1, 1, 1, 1)}))
    (group,) = warning["evidence"]["groups"]
    assert (group["name"], group["n"], group["metric"]) == ("b", 4, "selection_rate")
    assert group["share"] == pytest.approx(4 / 104)
    assert "between 15 % and 85 %" in warning["text"]


def test_a_group_with_rows_but_without_positives_is_named_by_the_rate_it_lacks() -> None:
    (warning,) = small_groups(fixture.context_of({"a": (40, 10, 10, 40), "b": (50, 10, 0, 2)}))
    assert warning["evidence"]["groups"][0]["metric"] == "true_positive_rate"
    assert "2 people with label 1" in warning["text"]


def test_large_groups_and_unknown_people_are_not_named() -> None:
    table = {"a": (40, 10, 10, 40), "b": (40, 10, 10, 40), "(missing)": (1, 1, 0, 1)}
    assert small_groups(fixture.context_of(table)) == []


def test_the_floor_is_the_users() -> None:
    table = {"a": (400, 100, 100, 400), "b": (20, 15, 15, 20)}
    assert small_groups(fixture.context_of(table)) == []
    assert small_groups(fixture.context_of(table, settings={"min_group": 100}))


def test_the_fewest_flips_are_found_and_one_fewer_changes_nothing() -> None:
    table = {"a": (150, 0, 0, 350), "b": (240, 0, 0, 260)}
    (warning,) = fragile_rulings(ruled(table))
    (found,) = warning["evidence"]["rulings"]
    x, n = np.array([350, 260]), np.array([500, 500])
    assert RULE(x, n) == found["ruling"] == "shown"
    g, step = "ab".index(found["group"]), 1 if found["direction"] == "positive" else -1
    for flips, changed in ((found["flips"], True), (found["flips"] - 1, False)):
        moved = x.copy()
        moved[g] += step * flips
        assert (RULE(moved, n) != "shown") == changed
    assert found["becomes"] == "not_enough_evidence"
    assert f"{found['flips']:,} decisions in {found['group']}" in warning["text"]


def test_no_other_single_group_does_it_with_fewer() -> None:
    table = {"a": (150, 0, 0, 350), "b": (240, 0, 0, 260)}
    flips = fragile_rulings(ruled(table))[0]["evidence"]["rulings"][0]["flips"]
    x, n = np.array([350, 260]), np.array([500, 500])
    for g in (0, 1):
        for step in (-1, 1):
            for k in range(1, flips):
                moved = x.copy()
                moved[g] += step * k
                assert RULE(moved, n) == "shown"


def test_a_ruling_that_hangs_on_few_decisions_is_a_warning_and_a_firm_one_a_note() -> None:
    firm = fragile_rulings(ruled({"a": (1000, 0, 0, 4000), "b": (4000, 0, 0, 1000)}))
    assert firm[0]["level"] == "note"
    x = 350
    while RULE(np.array([x - 1, 260]), np.array([500, 500])) == "shown":
        x -= 1
    frail = fragile_rulings(ruled({"a": (500 - x, 0, 0, x), "b": (240, 0, 0, 260)}))
    assert frail[0]["level"] == "warning"
    assert frail[0]["evidence"]["rulings"][0]["flips"] == 1
    assert "1 decision in" in frail[0]["text"]


def test_open_rulings_weights_and_missing_rules_are_passed_over() -> None:
    table = {"a": (60, 0, 0, 40), "b": (65, 0, 0, 35)}
    assert fragile_rulings(ruled(table)) == []
    shown = {"a": (150, 0, 0, 350), "b": (240, 0, 0, 260)}
    context = ruled(shown)
    assert fragile_rulings(Context(context.cells, ("race",), gaps=context.gaps)) == []
    weighted = fixture.cells_of(shown)
    object.__setattr__(weighted, "weight", weighted.n * 1.5)
    assert fragile_rulings(ruled(shown, cells=weighted)) == []


@pytest.mark.parametrize(
    ("metric", "highest", "lowest", "direction"),
    [
        ("true_positive_rate", "a", "b", {"a": "negative", "b": "positive"}),
        ("false_negative_rate", "b", "a", {"a": "negative", "b": "positive"}),
        ("accuracy", "a", "b", {"a": "wrong", "b": "right"}),
    ],
)
def test_flips_of_error_rates_move_the_people_in_their_denominator_alone(
    metric: str, highest: str, lowest: str, direction: dict[str, str]
) -> None:
    table = {"a": (500, 500, 150, 350), "b": (500, 500, 240, 260)}
    if metric == "accuracy":
        table = {"a": (250, 0, 150, 100), "b": (200, 50, 210, 40)}
    found = fixture.gap(metric, highest, lowest, 0.18, "shown")
    (warning,) = fragile_rulings(fixture.context_of(table, gaps=[found], rule=RULE))
    (entry,) = warning["evidence"]["rulings"]
    assert entry["n"] == 500
    assert entry["direction"] == direction[entry["group"]]
    x, n = (np.array([350, 260]) if metric != "accuracy" else np.array([350, 240])), np.array([500, 500])
    moved = x + np.array([-1, 0] if entry["group"] == "a" else [0, 1]) * entry["flips"]
    assert RULE(x, n) == "shown"
    assert RULE(moved, n) == entry["becomes"] != "shown"


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_search_finds_the_first_change_of_a_threshold(limit: int, most: int) -> None:
    def rule(x: np.ndarray, n: np.ndarray) -> str:
        return "small" if x[0] > limit else "shown"

    flips, ruling = fewest(rule, np.array([0]), np.array([100]), 0, step=1, most=most, now="shown")
    if most > limit:
        assert (flips, ruling) == (limit + 1, "small")
    else:
        assert flips is None
