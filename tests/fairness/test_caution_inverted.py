"""Inverted scores and decisions, and the positive class that reads like the other one."""

from __future__ import annotations

from typing import Any

import caution_fixture as fixture
import numpy as np
import pytest

from toolkit.fairness.cautions import Context
from toolkit.fairness.cautions.inverted import inverted_scores, positive_class
from toolkit.fairness.cells import Cells


def scored(score: np.ndarray, y: np.ndarray) -> Context:
    n = np.ones(len(y), np.int64)
    code = np.zeros((len(y), 1), np.int64)
    decision = (score >= np.median(score)).astype(np.int64)
    return Context(Cells(("g",), (("a",),), code, y, decision, n, n * 1.0, n * 1.0, score=score), ("g",))


def test_decisions_that_agree_with_fifteen_per_cent_of_labels_are_inverted() -> None:
    (warning,) = inverted_scores(fixture.context_of({"a": (60, 440, 410, 90)}))
    assert warning["code"] == "inverted-scores"
    assert warning["evidence"]["decisions"]["agreement"] == pytest.approx(0.15)
    assert "15 % of 1,000 people" in warning["text"]
    assert "85 %" in warning["text"]


def test_a_harsh_threshold_is_not_inverted_however_low_its_accuracy() -> None:
    # 10 % accuracy, and yet positives are selected more often than negatives.
    assert inverted_scores(fixture.context_of({"a": (100, 0, 890, 10)})) == []


def test_chance_is_not_inverted() -> None:
    assert inverted_scores(fixture.context_of({"a": (26, 24, 25, 25)})) == []


def test_scores_that_rank_backwards_are_found_and_their_mirror_is_not() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 300)
    score = rng.normal(size=300) + y
    (warning,) = inverted_scores(scored(-score, y))
    scores = warning["evidence"]["scores"]
    assert scores["low"] < scores["auc"] < scores["high"] < 0.5
    assert inverted_scores(scored(score, y)) == []


@pytest.mark.slow
def test_useless_scores_are_called_inverted_at_most_as_often_as_promised() -> None:
    rng = np.random.default_rng(11)
    fired = 0
    for _ in range(400):
        y = rng.integers(0, 2, 60)
        fired += inverted_scores(scored(rng.normal(size=60), y)) != []
    # Two one-sided looks at 2.5 % each, at the same scores.
    assert fired <= 400 * 0.05 + 3 * np.sqrt(400 * 0.05 * 0.95)


def test_without_labels_nothing_is_inverted() -> None:
    assert inverted_scores(fixture.context_of({"a": (50, 50, 0, 0)}, labels=False)) == []


def decided(**decisions: Any) -> Context:
    return fixture.context_of({"a": (50, 10, 10, 30)}, decisions=decisions)


@pytest.mark.parametrize(
    ("positive", "negative"),
    [("denied", "approved"), ("0", "1"), ("<=50K", ">50K"), ("no", "yes"), ("False", "True"), ("0.0", "1.0")],
)
def test_a_positive_value_that_says_no_is_a_warning(positive: str, negative: str) -> None:
    (warning,) = positive_class(decided(positive=positive, negative=negative, target="outcome"))
    assert warning["level"] == "warning"
    assert warning["code"] == "positive-class"
    assert "40 % of the labels" in warning["text"]
    assert positive_class(decided(positive=negative, negative=positive, target="outcome")) == []


@pytest.mark.parametrize(
    ("positive", "target"),
    [("1", "approved"), ("2", "class"), ("yes", "hired"), ("1", "no_default"), ("A", "B")],
)
def test_ordinary_positives_say_nothing(positive: str, target: str) -> None:
    assert positive_class(decided(positive=positive, negative="other", target=target)) == []


@pytest.mark.parametrize(
    ("positive", "target"), [("1", "default"), ("1", "is_fraud"), ("recidivated", "status")]
)
def test_a_positive_that_is_no_benefit_is_a_note(positive: str, target: str) -> None:
    (note,) = positive_class(decided(positive=positive, negative="other", target=target))
    assert note["level"] == "note"
    assert "worse off" in note["text"]


def test_without_a_positive_value_nothing_is_said() -> None:
    assert positive_class(decided(positive=None, negative=None, target=None)) == []
