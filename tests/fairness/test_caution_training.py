"""Training rows, labels of the selected alone, and cut points of the program's choosing."""

from __future__ import annotations

import caution_fixture as fixture
import pytest

from toolkit.fairness.cautions.training import labels_selected, program_cuts, trained_on


def test_being_told_is_enough() -> None:
    (warning,) = trained_on(fixture.context_of({"a": (40, 10, 10, 40)}, trained_on=True))
    assert warning["evidence"]["told"]
    assert "80 %" in warning["text"]


def test_nearly_perfect_predictions_are_suspected() -> None:
    (warning,) = trained_on(fixture.context_of({"a": (1000, 1, 1, 1000)}))
    assert not warning["evidence"]["told"]
    assert "2,000 of 2,002 predictions are right" in warning["text"]


@pytest.mark.parametrize(
    "counts",
    [
        (40, 10, 10, 40),  # ordinary
        (20, 0, 0, 20),  # perfect, and too few to say
        (9990, 0, 9, 1),  # 99.9 % right by never saying yes
        (0, 0, 0, 1000),  # one label alone
    ],
)
def test_ordinary_small_or_lopsided_audits_are_not_suspected(counts: tuple[int, int, int, int]) -> None:
    assert trained_on(fixture.context_of({"a": counts})) == []


def test_being_told_that_rows_were_held_out_ends_suspicion() -> None:
    assert trained_on(fixture.context_of({"a": (1000, 1, 1, 1000)}, trained_on=False)) == []


def test_labels_missing_where_the_decision_is_no_are_a_warning() -> None:
    context = fixture.context_of({"a": (40, 10, 10, 40)}, label_missing={0: (450, 500), 1: (3, 500)})
    (warning,) = labels_selected(context)
    assert "90 % of 500 people whose decision is 0" in warning["text"]
    assert "0.6 % of 500" in warning["text"]
    assert "--labels-observed-for selected" in warning["text"]


def test_labels_missing_alike_or_in_too_few_rows_are_not() -> None:
    table = {"a": (40, 10, 10, 40)}
    assert labels_selected(fixture.context_of(table, label_missing={0: (50, 500), 1: (45, 500)})) == []
    assert labels_selected(fixture.context_of(table, label_missing={0: (9, 9), 1: (0, 500)})) == []


def test_rejected_people_who_never_have_a_positive_label_are_a_warning() -> None:
    (warning,) = labels_selected(fixture.context_of({"a": (500, 100, 0, 300)}))
    assert "None of the 500 people" in warning["text"]
    assert labels_selected(fixture.context_of({"a": (500, 100, 3, 300)})) == []
    assert labels_selected(fixture.context_of({"a": (10, 100, 0, 300)})) == []


def test_what_the_user_said_is_repeated_as_a_note() -> None:
    settings = {"labels_observed_for": "selected"}
    (note,) = labels_selected(fixture.context_of({"a": (40, 10, 10, 40)}, settings=settings))
    assert note["level"] == "note"
    assert "not identified" in note["text"]


def test_the_programs_cut_points_are_named() -> None:
    context = fixture.context_of({"a": (40, 10, 10, 40)}, cuts={"age": [25, 40.5]})
    (warning,) = program_cuts(context)
    assert "age at 25 and 40.5" in warning["text"]
    assert program_cuts(fixture.context_of({"a": (40, 10, 10, 40)})) == []
