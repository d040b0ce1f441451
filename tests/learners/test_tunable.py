from __future__ import annotations

import numpy as np
import pytest

from toolkit.learners import search, tunable
from toolkit.learners.tunable import Boosting, Networks, Parts, Planted


@pytest.fixture(scope="module")
def parts() -> Parts:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(260, 5))
    y = (X[:, 0] + X[:, 1] + 0.5 * rng.normal(size=260) > 0).astype(np.int64)
    return Parts(X[:80], y[:80], X[80:140], y[80:140], X[140:], y[140:], 2)


@pytest.mark.parametrize("name", ["linear", "network", "boosting"])
def test_a_learner_gives_one_curve_per_setting_and_learns_when_set_sensibly(parts, name):
    learner = {
        "linear": lambda: Networks(parts, 0, 0),
        "network": lambda: Networks(parts, 1, 0),
        "boosting": lambda: Boosting(parts, 0),
    }[name]()
    tries = [*learner.script[0].around(learner.start)]
    assert len(tries) == tunable.STAGE
    curves = learner.evaluate(tries)
    assert curves.validation.shape == (tunable.STAGE, tunable.RUNGS)
    assert curves.test.shape == (tunable.STAGE,)
    assert curves.test.min() < 0.3
    assert np.array_equal(curves.validation, learner.evaluate(tries).validation)


def test_every_script_takes_three_stages_of_ten_fits(parts):
    for learner in (Networks(parts, 0, 0), Networks(parts, 1, 0), Boosting(parts, 0), Planted("bowl", 3, 0)):
        assert [len(stage.tries) for stage in learner.script] == [10, 10, 10]


def test_scores_rank_by_error_first_and_by_loss_among_equals(parts):
    assert parts.score(0.10, 5.0) < parts.score(0.10 + 1 / 60, 0.0)
    assert parts.score(0.10, 0.2) < parts.score(0.10, 0.3)
    assert np.isnan(parts.score(0.1, float("nan")))


def test_a_regression_is_scored_by_the_share_of_variance_left():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = 100 * X[:, 0] + rng.normal(size=300)
    p = Parts(X[:100], y[:100], X[100:200], y[100:200], X[200:], y[200:], 0)
    sensible = {**Networks(p, 0, 0).start, "rate": 0.3, "decay": 0.001}
    wild = {"rate": 1e20, "decay": 0.0001}
    linear = Networks(p, 0, 0).evaluate([sensible, wild])
    boosted = Boosting(p, 0).evaluate([Boosting(p, 0).start])
    for found in (linear.test[0], boosted.test[0]):
        assert 0 < found < 0.3
    assert linear.full[1] == search.WORST  # diverged: no search may choose it, and nothing warns
    assert 1 < linear.test[1] <= 4


def test_a_planted_surface_reports_the_truth_and_shows_searches_a_noisy_one():
    surface = Planted("bowl", 3, 5)
    at_best = dict(zip(surface.start, map(float, surface.best), strict=True))
    curves = surface.evaluate([at_best, surface.start])
    assert curves.test[0] == pytest.approx(0.10)
    assert curves.test[1] > curves.test[0]
    assert 0 < abs(curves.validation[0, -1] - 0.10) < 0.02
    assert curves.validation[0, 0] > curves.validation[0, -1] + 0.05


def test_a_model_whose_loss_is_infinite_on_the_rows_that_choose_ranks_last(parts):
    far = Parts(
        parts.X, parts.y, parts.X_validation * 1e37, parts.y_validation, parts.X_test, parts.y_test, 2
    )
    settings = [{"rate": rate, "decay": 0.0} for rate in (10.0, 100.0)]
    assert list(Networks(far, 0, 0).evaluate(settings).full) == [search.WORST] * 2
