"""Gaps in words: the sentence never blurs on which side of the margin an interval ends."""

from __future__ import annotations

import doctest
import re
from typing import Any

import audit_fixture
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report.audit import HEAD, canvas, summary, words
from toolkit.report.audit.families import needed
from toolkit.report.audit.lookup import main_gaps, rates_of


@pytest.mark.parametrize("module", [words, canvas])
def test_the_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def gap(value: float, low: float, high: float, **more: Any) -> dict[str, Any]:
    return {
        "attribute": "race",
        "metric": "selection_rate",
        "kind": "difference",
        "compare": "widest",
        "highest": "white",
        "lowest": "Black",
        "value": value,
        "low": low,
        "high": high,
        "high90": high - 0.01,
        "low90": low + 0.01,
        "margin": 0.05,
        "ruling": "shown",
        "p_margin_adjusted": 0.2,
    } | more


def test_a_gap_is_said_with_rates_points_interval_and_side() -> None:
    said = words.sentence(gap(0.2331, 0.151, 0.312), (0.908, 0.675))
    assert said == (
        "Selection rate: Black 67.5 % against white 90.8 %: 23 points apart, 95 % interval 15 to 31, "
        "beyond the margin of 5."
    )


def test_groups_that_are_codes_or_end_in_digits_do_not_run_into_their_rates() -> None:
    coded = gap(0.15, 0.15, 0.16, attribute="SEX", highest="1", lowest="2")
    assert "SEX 2 (28.9 %) against SEX 1 (44.3 %)" in words.sentence(coded, (0.443, 0.289))
    crossed = gap(0.15, 0.1, 0.2, attribute="SEX & race", attributes=["SEX", "race"], lowest="2 & Black")
    assert "SEX 2 & Black against white" in words.sentence(crossed)


def test_a_name_of_300_letters_does_not_hide_the_sentence_and_stands_whole_in_tables() -> None:
    long = gap(0.2, 0.1, 0.3, lowest="x" * 300)
    assert "Selection rate: " + "x" * 79 + "… against white: 20 points apart" in words.sentence(long)
    assert "x" * 300 in words.pair(long)


def test_a_gap_of_a_regression_is_said_in_its_own_unit() -> None:
    paid = gap(568.0, 0.0, 2302.4, metric="mean_target", margin=1500.0, ruling="not_enough_evidence")
    assert words.sentence(paid, (48041.7, 47473.0)) == (
        "Mean target: Black 47,473 against white 48,042: 568 apart, 95 % interval 0 to 2,302, on both sides "
        "of the margin of 1,500."
    )


def test_a_margin_in_the_targets_own_unit_is_said_without_digits_that_nobody_chose() -> None:
    paid = gap(522.0, 413.0, 630.0, metric="mean_target", margin=307.599238)
    assert "beyond the margin of 308." in words.sentence(paid)


def test_a_gap_of_a_whole_population_is_a_fact_without_an_interval() -> None:
    assert words.sentence(gap(0.143, 0.143, 0.143)) == (
        "Selection rate: Black against white: 14 points apart, beyond the margin of 5."
    )


def test_an_interval_that_ends_just_beside_the_margin_does_not_seem_to_lie_on_it() -> None:
    said = words.sentence(gap(0.12, 0.0504, 0.19))
    assert "12.00 points apart, 95 % interval 5.04 to 19.00" in said


@given(st.floats(0.001, 0.6), st.floats(0.0, 0.6), st.floats(0.0, 0.6))
def test_rounded_ends_lie_on_the_side_of_the_margin_where_they_lie(
    value: float, one: float, two: float
) -> None:
    low, high = sorted((one, two))
    said = words.apart(gap(value, low, high))
    if value == low == high:  # a fact about everybody, which has no interval
        assert "interval" not in said
        return
    ends = re.search(r"interval (\S+) to (\S+)", said)
    assert ends
    for true, written in ((low, ends[1]), (high, ends[2])):
        if abs(true - 0.05) > 1e-4:  # closer than a hundredth of a point is not told apart
            assert (float(written) > 5) == (true > 0.05)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ruling": "small", "low": 0.0, "high": 0.03}, "inside the margin of 5"),
        (
            {"ruling": "small", "low": 0.0, "high": 0.055, "high90": 0.047},
            "its 90 % upper limit 4.7 is inside",
        ),
        ({"ruling": "not_enough_evidence", "low": 0.01, "high": 0.2}, "on both sides of the margin of 5"),
        (
            {"ruling": "not_enough_evidence", "low": 0.06, "high": 0.2},
            "not among all that was compared (p 0.200)",
        ),
        (
            {"ruling": "shown", "value": -0.2, "low": -0.3, "high": -0.1},
            "20 points apart, 95 % interval 10 to 30",
        ),
        ({"kind": "ratio", "margin": 0.8, "value": 0.7, "low": 0.6, "high": 0.78}, "below the margin of 0.8"),
        (
            {"kind": "ratio", "margin": 0.8, "value": 0.95, "low": 0.86, "high": 1.0, "ruling": "small"},
            "above the margin of 0.8",
        ),
        ({"low": None, "high": None}, "without an interval"),
        (
            {"ruling": "not_applicable", "value": None, "reason": "one group only"},
            "Selection rate: one group only.",
        ),
        ({"metric": "roc_auc", "value": 0.081, "low": 0.06, "high": 0.1}, "0.081 apart, 95 % interval 0.06"),
    ],
)
def test_every_ruling_has_its_sentence(changed: dict[str, Any], said: str) -> None:
    assert said in words.sentence(gap(0.12, 0.06, 0.2) | changed)


def test_the_rest_of_a_group_gets_its_rate_from_the_gap() -> None:
    document = audit_fixture.document()
    rest = next(g for g in document["gaps"] if g["compare"] == "rest")
    first, second = rates_of(document, rest)
    assert first is not None
    assert second is not None
    assert first - second == pytest.approx(rest["value"], abs=1e-12)


def test_the_main_family_are_differences_of_the_widest_pairs_of_single_attributes() -> None:
    found = main_gaps(audit_fixture.document())
    assert len(found) == 6
    assert {(g["kind"], g["compare"]) for g in found} == {("difference", "widest")}


def test_an_audit_of_ratios_alone_rules_on_ratios() -> None:
    document = audit_fixture.document()
    document["gaps"] = [g for g in document["gaps"] if g["kind"] == "ratio"]
    assert {g["kind"] for g in main_gaps(document)} == {"ratio"}


def test_the_summary_has_a_row_of_text_for_each_gap_of_the_main_family() -> None:
    rows = summary(audit_fixture.document())
    assert rows[0] == (
        "race",
        "selection_rate",
        "white 88.7 %",
        "Black 66.3 %",
        "22.4 (13.0 to 31.8) points",
        "gap shown",
    )
    assert rows[-1][-1] == "not applicable: fewer than two groups have 10 positives and 10 negatives"
    assert all(len(row) == len(HEAD) and all(isinstance(cell, str) for cell in row) for row in rows)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"rows": 412, "group": "Black", "factor": None}, "412 more of Black"),
        ({"rows": None, "group": None, "factor": 3.25}, "3.2 times as many of both"),
        ({"rows": None, "group": None, "factor": None}, "no feasible number"),
        (None, "–"),
    ],
)
def test_rows_needed_are_said_briefly(found: dict[str, Any] | None, said: str) -> None:
    assert needed(gap(0.1, 0.0, 0.2, ruling="not_enough_evidence", rows_needed=found)) == said
