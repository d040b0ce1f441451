"""What would settle an open gap: the sizes it names do settle it."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.fairness.gaps.pairs import Side, mover
from toolkit.fairness.gaps.settle import rows_needed
from toolkit.fairness.metrics.proportions import wilson

P = (0.45, 0.30)
NAMES = ("b", "a")


def asked(n: tuple[int, int], p: tuple[float, float] = P, **options: object) -> dict[str, object]:
    variances = tuple(q * (1 - q) / m for q, m in zip(p, n, strict=True))
    return rows_needed(
        abs(p[0] - p[1]),
        0.05,
        names=NAMES,
        rows=n,
        variances=(variances[0], variances[1]),
        **options,  # type: ignore[arg-type]
    )


def power(p: tuple[float, float], n: tuple[int, int], what: str, runs: int = 20_000) -> float:
    """Simulate how often Newcombe's limits of two groups settle it; their widest gap has the same."""
    x = np.random.default_rng(0).binomial(n, p, (runs, 2)).T
    z = 1.959964 if what == "shown" else 1.644854
    sides = [Side(a / m, *wilson(a / m, m, z)) for a, m in zip(x, n, strict=True)]
    low, high = mover(*sides)
    above, below = np.maximum(low, -high), np.maximum(high, -low)
    return float(np.mean(above > 0.05 if what == "shown" else below < 0.05))


def test_the_rows_named_give_the_power_promised_to_show_a_gap() -> None:
    answer = asked((60, 2_000))
    assert (answer["ruling_sought"], answer["group"], answer["factor"]) == ("shown", "b", None)
    more = answer["rows"]
    assert isinstance(more, int)
    # The formula of INFERENCE.md 10, by hand.
    b = (0.10 / (1.959964 + 0.841621)) ** 2 - 0.3 * 0.7 / 2_000
    assert 60 + more == pytest.approx(0.45 * 0.55 / b, abs=1.1)
    assert power(P, (60 + more, 2_000), "shown") == pytest.approx(0.8, abs=0.04)


def test_the_rows_named_give_the_power_promised_to_show_that_a_gap_is_small() -> None:
    p = (0.31, 0.30)
    answer = asked((300, 20_000), p)
    assert answer["ruling_sought"] == "small"
    more = answer["rows"]
    assert isinstance(more, int)
    assert power(p, (300 + more, 20_000), "small") == pytest.approx(0.8, abs=0.04)


def test_where_one_group_cannot_help_alone_both_must_grow_by_a_factor() -> None:
    answer = asked((60, 60))
    assert answer["group"] is None
    assert answer["rows"] is None
    factor = answer["factor"]
    assert isinstance(factor, float)
    n = round(60 * factor)
    assert power(P, (n, n), "shown") == pytest.approx(0.8, abs=0.04)
    assert "times as many rows" in str(answer["sentence"])


def test_too_near_the_margin_nothing_helps() -> None:
    answer = asked((200, 200), (0.36, 0.30))
    assert (answer["group"], answer["rows"], answer["factor"]) == (None, None, None)
    assert "no feasible number" in str(answer["sentence"])


def test_rows_of_the_denominator_become_rows_of_the_table() -> None:
    answer = asked((60, 2_000), denominator_shares=(0.25, 0.5))
    rows, table = answer["rows"], answer["table_rows"]
    assert isinstance(rows, int)
    assert isinstance(table, int)
    assert table == pytest.approx(4 * rows, abs=1)
    assert f"{table:,} rows of the table" in str(answer["sentence"])


def test_a_stricter_quantile_asks_for_more() -> None:
    rows = [asked((60, 2_000), q=q)["rows"] for q in (1.96, 2.57)]
    assert rows[0] < rows[1]  # type: ignore[operator]


def test_with_enough_rows_already_it_says_so() -> None:
    answer = asked((2_000, 2_000))
    assert answer["rows"] == 0
    assert "the rows suffice" in str(answer["sentence"])


def test_of_several_groups_the_pair_that_stands_in_the_way_is_named() -> None:
    assert "as far as b and a go" in str(asked((300, 20_000), (0.31, 0.30), others=True)["sentence"])
    assert "as far as" not in str(asked((300, 20_000), (0.31, 0.30))["sentence"])
    assert "as far as" not in str(asked((60, 2_000), others=True)["sentence"])
