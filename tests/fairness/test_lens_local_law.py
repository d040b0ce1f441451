"""New York's Local Law 144: medians, unknowns, small categories, intersections (its example: acceptance)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.cells import Cells
from toolkit.fairness.lenses.local_law_144 import local_law_144, median


def scored(groups: dict[str, tuple[int, int]], attribute: str = "sex") -> Cells:
    """Return cells with scores alone: group name to (people with score 1, people), the others score 0."""
    code = np.array([[g] for g in range(len(groups)) for _ in range(2)], np.int64)
    n = np.array([c for x, m in groups.values() for c in (x, m - x)], np.int64)
    score = np.tile([1.0, 0.0], len(groups))
    weight = n.astype(float)
    return Cells((attribute,), (tuple(groups),), code, None, None, n, weight, weight, score=score)


def rates(lens: dict[str, Any], place: int = 0) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in lens["results"]["rates"][place]["categories"]}


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 4)), min_size=1, max_size=12))
def test_the_median_is_that_of_the_people(pairs: list[tuple[int, int]]) -> None:
    score, n = np.array([float(s) for s, _ in pairs]), np.array([c for _, c in pairs])
    weight = n.astype(float)
    code = np.zeros((len(n), 1), np.int64)
    cells = Cells(("g",), (("a",),), code, None, None, n, weight, weight, score=score)
    assert median(cells) == np.median(np.repeat(score, n))


def test_the_median_includes_people_of_unknown_category() -> None:
    cells = scored({"a": (1, 2), "(missing)": (10, 10)})
    assert median(cells) == 1.0
    lens = local_law_144(cells, partitions_of=[("sex",)])
    assert rates(lens)["a"]["rate"] == 0.0
    assert lens["results"]["rates"][0]["unknown"] == 10
    assert "10 people are in no category" in lens["sentences"][0]


def test_unknowns_are_counted_and_compared_with_nobody() -> None:
    lens = local_law_144(
        scored({"a": (30, 60), "b": (20, 60), "(missing)": (6, 6)}), partitions_of=[("sex",)]
    )
    assert "(missing)" not in rates(lens)
    assert lens["tables"][0]["rows"][-1][:2] == ["(missing)", 6]
    assert rates(lens)["a"]["ratio"] == 1.0


def test_a_category_under_two_per_cent_is_left_out_said_and_still_shown() -> None:
    groups = {"a": (450, 990), "b": (495, 990), "tiny": (20, 20)}
    lens = local_law_144(scored(groups), partitions_of=[("sex",)])
    found = rates(lens)
    assert (found["tiny"]["ratio"], found["tiny"]["n"], found["tiny"]["rate"]) == (None, 20, 1.0)
    assert found["tiny"]["left_out"]
    assert found["b"]["ratio"] == 1.0
    assert "tiny (20, 100.0 %)" in lens["sentences"][0]
    kept = local_law_144(scored(groups), partitions_of=[("sex",)], settings={"keep_small_categories": True})
    assert rates(kept)["tiny"]["ratio"] == 1.0


def test_exactly_two_per_cent_is_kept() -> None:
    lens = local_law_144(scored({"a": (50, 98), "b": (1, 2)}), partitions_of=[("sex",)])
    assert not rates(lens)["b"]["left_out"]


def test_selection_and_scoring_rates_and_intersections_each_have_their_table() -> None:
    code = np.array([[s, r] for s in range(2) for r in range(2) for _ in range(2)], np.int64)
    n = np.array([30, 20, 25, 25, 20, 30, 15, 35], np.int64)
    decision = np.tile([1, 0], 4)
    weight = n.astype(float)
    levels = (("f", "m"), ("x", "y"))
    cells = Cells(("sex", "race"), levels, code, None, decision, n, weight, weight, score=decision * 0.9)
    lens = local_law_144(cells, partitions_of=[("sex",), ("race",), ("sex", "race")])
    kinds = [(entry["kind"], entry["attribute"]) for entry in lens["results"]["rates"]]
    names = ["sex", "race", "sex & race"]
    assert kinds == [(kind, name) for kind in ("selection rate", "scoring rate") for name in names]
    crossed = rates(lens, 2)
    assert crossed["f & x"]["ratio"] == 1.0
    assert crossed["m & y"]["ratio"] == pytest.approx(0.5)


def test_without_decisions_and_scores_it_does_not_apply() -> None:
    n = np.array([3], np.int64)
    cells = Cells(("g",), (("a",),), np.zeros((1, 1), np.int64), None, None, n, n * 1.0, n * 1.0)
    assert local_law_144(cells, partitions_of=[("g",)])["status"] == "not_applicable"
