"""Users' tables read whole: published rates of public tables, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.table import read

SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_tables = pytest.mark.skipif(not SHARED.is_dir(), reason="the real tables are not beside this checkout")


@needs_tables
@pytest.mark.parametrize(
    ("file", "target", "positive", "sensitive", "rows", "rates"),
    [
        ("adult.parquet", "class", ">50K", "sex", 48842, {"Female": 0.109251, "Male": 0.303767}),
        ("acs_income.parquet", "PINCP", "1", "SEX", 200000, {}),
    ],
)
def test_a_public_table_gives_its_published_rates(
    file: str, target: str, positive: str, sensitive: str, rows: int, rates: dict[str, float]
) -> None:
    data = read(SHARED / file, target=target, positive=positive, sensitive=(sensitive,))
    assert data.task == "binary"
    assert len(data.y) == rows
    assert data.sensitive is not None
    assert set(rates) <= set(data.groups)
    for group, rate in rates.items():
        members = data.y[data.sensitive == data.groups.index(group)]
        assert members.mean() == pytest.approx(rate, abs=5e-7)
    if rows == 200_000:
        assert any("200,000" in note for note in data.notes)
