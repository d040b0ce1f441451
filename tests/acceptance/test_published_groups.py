"""Published figures of groups, found again through the count of a table and the metric of its cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toolkit.fairness.metrics.measures import measure
from toolkit.table.counting import CountSpec, count

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
needs_tables = pytest.mark.skipif(not SHARED.is_dir(), reason="the real tables are not beside this checkout")


def rates(
    source: Any, spec: CountSpec, metric: str = "selection_rate", attributes: tuple[str, ...] = ()
) -> dict[str, float]:
    cells = count(source, spec).cells
    parts = cells.partition(attributes or cells.attributes)
    return dict(zip(parts.names, measure(cells, parts, metric).value.tolist(), strict=True))


@needs_tables
def test_adult_selects_women_a_third_as_often() -> None:
    found = rates(SHARED / "adult.parquet", CountSpec(("sex",), target="class", positive=">50K"))
    assert found == {
        "Female": pytest.approx(0.109251, abs=5e-7),
        "Male": pytest.approx(0.303767, abs=5e-7),
    }
    assert found["Female"] - found["Male"] == pytest.approx(-0.194516, abs=5e-7)
    assert found["Female"] / found["Male"] == pytest.approx(0.359655, abs=5e-7)


@needs_tables
@pytest.mark.parametrize(
    ("column", "cut", "difference", "ratio"),
    [
        ("age", 25.0, -0.128550, 0.821248),
        ("age", 25.5, -0.149448, 0.794826),  # "older than 25"
        ("sex", None, -0.074801, 0.896567),
    ],
)
def test_german_credit_favours_the_older_and_the_men(
    column: str, cut: float | None, difference: float, ratio: float
) -> None:
    spec = CountSpec((column,), target="default", positive="0", cut={} if cut is None else {column: (cut,)})
    first, second = rates(SHARED / "german_credit.csv", spec).values()
    assert first - second == pytest.approx(difference, abs=5e-7)
    assert first / second == pytest.approx(ratio, abs=5e-7)


@needs_tables
def test_ricci_passes_by_race_and_position() -> None:
    spec = CountSpec(("Position", "Race"), score="Combine", threshold=70)
    found = rates(SHARED / "ricci.csv", spec)
    expected = {
        "Captain & W": 16 / 25,
        "Captain & B": 3 / 8,
        "Captain & H": 3 / 8,
        "Lieutenant & W": 25 / 43,
        "Lieutenant & B": 6 / 19,
        "Lieutenant & H": 3 / 15,
    }
    assert found == {name: pytest.approx(rate, abs=1e-12) for name, rate in expected.items()}
    for group, impact in (("Captain & B", 0.586), ("Captain & H", 0.586)):
        assert found[group] / found["Captain & W"] == pytest.approx(impact, abs=5e-4)
    for group, impact in (("Lieutenant & B", 0.543), ("Lieutenant & H", 0.344)):
        assert found[group] / found["Lieutenant & W"] == pytest.approx(impact, abs=5e-4)


@needs_tables
@pytest.mark.slow
def test_acs_income_is_counted_whole() -> None:
    found = count(SHARED / "acs_income.parquet", CountSpec(("SEX", "RAC1P"), target="PINCP", positive="1"))
    assert found.rows == found.cells.n.sum() == 332_900


def test_fairlearns_own_toy_has_its_published_rates() -> None:
    # Its user guide, "performing a fairness assessment".
    frame = pd.DataFrame(
        {
            "y": [0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1],
            "d": [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0],
            "g": list("bbabbcccaacabccbcc"),
        }
    )
    spec = CountSpec(("g",), target="y", prediction="d")
    published = {
        "true_positive_rate": ([0.5, 0.6, 0.4], 0.2),
        "false_positive_rate": ([1, 0, 2 / 3], 1),
        "selection_rate": ([0.75, 0.5, 0.5], 0.25),
    }
    for metric, (values, widest) in published.items():
        found = list(rates(frame, spec, metric).values())
        assert found == pytest.approx(values, abs=1e-12)
        assert max(found) - min(found) == pytest.approx(widest, abs=1e-12)
    selected = list(rates(frame, spec).values())
    assert min(selected) / max(selected) == pytest.approx(0.6667, abs=5e-5)
