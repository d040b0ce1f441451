"""Published figures of the lenses: Ricci v. DeStefano, Adult, and the worked example of Local Law 144."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.fairness.cells import Cells
from toolkit.fairness.lenses.four_fifths import four_fifths
from toolkit.fairness.lenses.local_law_144 import local_law_144

# Passing the promotion exam (Ricci v. DeStefano, 557 U.S. 557, 2009): race to (passed, candidates).
RICCI = {
    "Captain": {"W": (16, 25), "B": (3, 8), "H": (3, 8)},
    "Lieutenant": {"W": (25, 43), "B": (6, 19), "H": (3, 15)},
}
TABLE = Path(__file__).parents[3] / "shared" / "data" / "ricci.csv"


def lens(groups: dict[str, tuple[int, int]]) -> dict[str, Any]:
    rows = [(g, d, c) for g, (x, n) in enumerate(groups.values()) for d, c in ((1, x), (0, n - x))]
    code = np.array([[g] for g, _, _ in rows], np.int64)
    decision, n = (np.array([row[i] for row in rows], np.int64) for i in (1, 2))
    cells = Cells(("race",), (tuple(groups),), code, None, decision, n, n * 1.0, n * 1.0)
    found = four_fifths(cells, partitions_of=[("race",)], settings={"min_group": 5})
    entry: dict[str, Any] = found["results"]["attributes"][0]
    return entry


def assert_published(position: str, groups: dict[str, tuple[int, int]]) -> None:
    found = lens(groups)
    ratios = {group["name"]: group["ratio"] for group in found["groups"]}
    expected = {"Captain": {"B": 0.586, "H": 0.586}, "Lieutenant": {"B": 0.543, "H": 0.344}}[position]
    for race, ratio in expected.items():
        assert ratios[race] == pytest.approx(ratio, abs=0.0005)
    assert found["highest"] == "W"
    p_value, digit = {"Captain": (0.120, 0.001), "Lieutenant": (0.0063, 0.0001)}[position]
    assert found["others"]["p_value"] == pytest.approx(p_value, abs=digit / 2)


@pytest.mark.parametrize("position", sorted(RICCI))
def test_ricci_has_its_published_ratios_and_exact_tests(position: str) -> None:
    assert_published(position, RICCI[position])


@pytest.mark.skipif(not TABLE.is_file(), reason="the shared tables are not here")
@pytest.mark.parametrize("position", sorted(RICCI))
def test_ricci_counted_from_the_table_itself(position: str) -> None:
    with TABLE.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Position"] == position]
    n = Counter(row["Race"] for row in rows)
    passed = Counter(row["Race"] for row in rows if float(row["Combine"]) >= 70)
    counted = {race: (passed[race], n[race]) for race in ("W", "B", "H")}
    assert counted == RICCI[position]
    assert_published(position, counted)


def test_adults_ratio_is_the_published_one() -> None:
    # Income above 50,000 in all 48,842 rows of UCI Adult: 1,769 of 16,192 women and 9,918 of 32,650 men.
    women = lens({"Female": (1769, 16192), "Male": (9918, 32650)})["groups"][0]
    assert women["rate"] == pytest.approx(0.109251, abs=5e-7)
    assert women["ratio"] == pytest.approx(0.359655, abs=5e-7)
    assert women["low"] < women["ratio"] < women["high"] < 0.8


# The scoring-rate example of the final rule of April 2023: people above the median score, people, and the
# published rate and impact ratio (64.2 % of Hispanic is cut off, not rounded).
SEX = {"Male": (50, 92, 0.543, 1.00), "Female": (34, 76, 0.447, 0.82)}
RACE = {
    "White": (15, 40, 0.375, 0.58),
    "Black": (16, 32, 0.500, 0.78),
    "Hispanic": (18, 28, 0.642, 1.00),
    "Native Hawaiian or Pacific Islander": (5, 8, 0.625, 0.97),
    "Asian": (10, 24, 0.417, 0.65),
}


@pytest.mark.parametrize("published", [SEX, RACE], ids=["sex", "race"])
def test_local_law_144s_worked_example_comes_out(published: dict[str, tuple[int, int, float, float]]) -> None:
    code = np.array([[g] for g in range(len(published)) for _ in range(2)], np.int64)
    n = np.array([c for x, people, *_ in published.values() for c in (x, people - x)], np.int64)
    score = np.tile([1.0, 0.0], len(published))
    cells = Cells(("group",), (tuple(published),), code, None, None, n, n * 1.0, n * 1.0, score=score)
    (found,) = local_law_144(cells, partitions_of=[("group",)])["results"]["rates"]
    for category in found["categories"]:
        _, people, rate, ratio = published[category["name"]]
        assert category["n"] == people
        assert category["rate"] == pytest.approx(rate, abs=0.001)
        assert round(category["ratio"], 2) == ratio
