from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from toolkit.learners.scorers import LEARNERS, PENALTIES, SEEDED, Job, _by_weight, train


@cache
def task() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    return X, (X[:, 0] + 0.5 * X[:, 1] + 0.7 * rng.normal(size=300) > 0).astype(np.int64)


def trained(y: Any, seed: int = 7, weight: Any = None) -> dict[str, Any]:
    """Train all six; always all, so that the networks need one compiled program."""
    return {s.learner: s for s in train([Job(m, task()[0], y, weight, seed) for m in LEARNERS])}


@cache
def every() -> dict[str, Any]:
    return trained(task()[1])


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_scorer_gives_chances_that_beat_guessing_and_counts_its_parameters(learner: str) -> None:
    X, y = task()
    scores = every()[learner].score(X)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()
    assert ((scores >= 0.5) == y).mean() > 0.7
    assert every()[learner].parameters() >= 6


def test_scoring_leaves_the_fingerprint_alone_and_another_fit_changes_it() -> None:
    X, y = task()
    before = {m: s.fingerprint() for m, s in every().items()}
    for scorer in every().values():
        scorer.score(X)
    same, other, flipped = trained(y), trained(y, seed=8), trained(1 - y)
    for m in LEARNERS:
        assert every()[m].fingerprint() == before[m] == same[m].fingerprint()
        assert (other[m].fingerprint() != before[m]) == (m in SEEDED)
        assert flipped[m].fingerprint() != before[m]


def test_large_has_more_parameters_than_small() -> None:
    for kind in ("boosting", "network"):
        assert every()[f"{kind}, large"].parameters() > 2 * every()[f"{kind}, small"].parameters()


@pytest.mark.parametrize("learner", PENALTIES)
def test_logistic_regression_is_scikit_learns(learner: str) -> None:
    from sklearn.linear_model import LogisticRegression

    X, y = task()
    weight = np.random.default_rng(1).random(300) + 0.5
    theirs = LogisticRegression(C=PENALTIES[learner], tol=1e-10, max_iter=5000).fit(
        X, y, sample_weight=weight
    )
    ours = train([Job(learner, X, y, weight)])[0]
    assert ours.score(X) == pytest.approx(theirs.predict_proba(X)[:, 1], abs=1e-5)


def test_logistic_regression_settles_on_separated_classes_and_constant_columns() -> None:
    X, _ = task()
    X = np.column_stack([X, np.zeros(300)])
    scorer = train([Job("logistic, weak penalty", X, (X[:, 0] > 0).astype(np.int64))])[0]
    assert np.isfinite(scorer.model).all()
    assert ((scorer.score(X) >= 0.5) == (X[:, 0] > 0)).mean() > 0.97


def test_rows_of_no_weight_are_not_learned_from() -> None:
    X, y = task()
    weight, wrong = np.ones(300), y.copy()
    weight[150:] = 1e-9
    wrong[150:] = 1 - y[150:]
    for scorer in trained(wrong, weight=weight).values():
        assert ((scorer.score(X) >= 0.5) == y).mean() > 0.7, scorer.learner


def test_rows_are_drawn_as_evenly_as_chance_allows() -> None:
    rng = np.random.default_rng(2)
    weight = rng.random(500) * 3
    times = np.bincount(_by_weight(weight, rng), minlength=500)
    expected = weight / weight.sum() * 500
    assert times.sum() == 500
    assert (times >= np.floor(expected - 1e-9)).all()
    assert (times <= np.ceil(expected + 1e-9)).all()


def test_networks_learn_from_batches_where_rows_are_many() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(2100, 3))
    y = (X[:, 0] > 0).astype(np.int64)
    scorer = train([Job("network, small", X, y)])[0]
    assert ((scorer.score(X) >= 0.5) == y).mean() > 0.9
