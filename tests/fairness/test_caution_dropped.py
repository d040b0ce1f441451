"""Rows left out: drop rates that differ, and bounds on the gap with everybody counted in."""

from __future__ import annotations

from typing import Any

import caution_fixture as fixture
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.fairness.cautions import Context
from toolkit.fairness.cautions.dropped import missing_rule
from toolkit.fairness.cautions.ruling import widest_ruling

TABLE = {"a": (400, 600, 0, 0), "b": (600, 400, 0, 0)}


def entry(a: tuple[int, int], b: tuple[int, int], reason: str = "the label is missing") -> dict[str, Any]:
    groups = [
        {"attributes": {"race": name}, "dropped": dropped, "n": n}
        for name, (dropped, n) in (("a", a), ("b", b))
    ]
    return {"reason": reason, "rows": a[0] + b[0], "by_group": groups, "p_value": None}


def context_of(table: fixture.Table = TABLE, *dropped: dict[str, Any], **more: Any) -> Context:
    rates = {name: c[1] / (c[0] + c[1]) for name, c in table.items() if name != "(missing)"}
    high, low = max(rates, key=lambda k: rates[k]), min(rates, key=lambda k: rates[k])
    found = fixture.gap("selection_rate", high, low, rates[high] - rates[low], more.pop("ruling", "shown"))
    rule = more.pop("rule", widest_ruling())
    return fixture.context_of(table, labels=False, gaps=[found], dropped=dropped, rule=rule, **more)


def test_a_drop_rate_that_differs_by_group_is_named_with_its_numbers() -> None:
    (warning,) = missing_rule(context_of(TABLE, entry((10, 1010), (60, 1060))))
    (uneven,) = warning["evidence"]["uneven"]
    assert (uneven["most"], uneven["least"]) == ("b", "a")
    assert uneven["p_value"] < 0.001
    assert "70 rows were dropped" in warning["text"]
    assert "5.7 % of b against 1 % of a" in warning["text"]


def test_a_few_rows_dropped_alike_are_no_warning() -> None:
    assert missing_rule(context_of(TABLE, entry((10, 1010), (11, 1011)))) == []


def test_reasons_are_tested_as_a_family() -> None:
    slightly = entry((10, 1010), (23, 1023))  # p = .03 alone
    assert missing_rule(context_of(TABLE, slightly))
    alike = [entry((5, 1005), (5, 1005), reason) for reason in "xyz"]
    assert missing_rule(context_of(TABLE, slightly, *alike)) == []


def test_rows_dropped_alike_that_could_undo_the_ruling_are_named() -> None:
    (warning,) = missing_rule(context_of(TABLE, entry((400, 1400), (400, 1400))))
    (bounds,) = warning["evidence"]["bounds"]
    # All of b's and none of a's dropped rows selected: 600/1400 against 800/1400, and the other way.
    assert bounds["least"] == pytest.approx((600 - 800) / 1400)
    assert bounds["most"] == pytest.approx((1000 - 400) / 1400)
    assert bounds["rulings"] == ["shown", "not_enough_evidence", "small"]
    assert "anything from −14.3 points to 42.9 points" in warning["text"]


def test_the_missing_group_could_hide_a_gap_that_is_ruled_small() -> None:
    table = {"a": (4990, 5010, 0, 0), "b": (5000, 5000, 0, 0), "(missing)": (3000, 3000, 0, 0)}
    (warning,) = missing_rule(context_of(table, ruling="small"))
    (bounds,) = warning["evidence"]["bounds"]
    assert "shown" in bounds["rulings"]
    assert bounds["ruling"] == "small"
    assert bounds["group_not_known"] == 6000
    assert "6,000 people whose race is not known" in warning["text"]
    few = table | {"(missing)": (10, 10, 0, 0)}
    assert missing_rule(context_of(few, ruling="small")) == []


def test_without_a_rule_only_drop_rates_can_warn() -> None:
    assert missing_rule(context_of(TABLE, entry((400, 1400), (400, 1400)), rule=None)) == []


def test_nothing_left_out_is_nothing_to_say() -> None:
    assert missing_rule(context_of()) == []


@given(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 5), st.integers(0, 5)),
    st.randoms(use_true_random=False),
)
def test_whatever_the_unknown_people_were_the_gap_lies_within_the_bounds(
    unknown: tuple[int, int, int, int], random: Any
) -> None:
    dropped_a, dropped_b, missing_no, missing_yes = unknown
    table = {"a": (10, 20, 0, 0), "b": (15, 15, 0, 0), "(missing)": (missing_no, missing_yes, 0, 0)}
    if not missing_no + missing_yes:
        del table["(missing)"]
    changing = lambda x, n: "shown" if (x / n).max() - (x / n).min() == 20 / 30 - 15 / 30 else "small"  # noqa: E731
    found = missing_rule(
        context_of(table, entry((dropped_a, 30 + dropped_a), (dropped_b, 30 + dropped_b)), rule=changing)
    )
    x, n = np.array([20, 15]), np.array([30, 30])
    for group, dropped in ((0, dropped_a), (1, dropped_b)):
        n[group] += dropped
        x[group] += random.randint(0, dropped)
    for chosen, count in ((0, missing_no), (1, missing_yes)):
        for _ in range(count):
            group = random.randint(0, 1)
            n[group] += 1
            x[group] += chosen
    gap = float(x[0] / n[0] - x[1] / n[1])
    if found and found[0]["evidence"]["bounds"]:
        (bounds,) = found[0]["evidence"]["bounds"]
        assert bounds["least"] - 1e-12 <= gap <= bounds["most"] + 1e-12
    else:
        assert not any(unknown)
