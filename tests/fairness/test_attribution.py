from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from toolkit.fairness.features.attribution import log_odds, of_values, probability


@cache
def trained() -> tuple[Any, Any, Any]:
    """A booster on data in which column 0 differs by group, column 1 matters alike, column 2 is noise."""
    import xgboost

    rng = np.random.default_rng(0)
    first = rng.random(600) < 0.5
    X = rng.normal(size=(600, 3))
    X[:, 0] += first
    y = (X[:, 0] + X[:, 1] + 0.5 * rng.normal(size=600) > 0.5).astype(int)
    rows = xgboost.QuantileDMatrix(X, y, nthread=1)
    settings = {"max_depth": 3, "nthread": 1, "objective": "binary:logistic", "seed": 0}
    return xgboost.train(settings, rows, 25), X, first


def test_parts_in_log_odds_sum_to_the_gap_of_mean_margins() -> None:
    import xgboost

    booster, X, first = trained()
    found = log_odds(booster, X, first)
    margins = booster.predict(xgboost.DMatrix(X), output_margin=True)
    assert found.gap == pytest.approx(margins[first].mean() - margins[~first].mean(), abs=1e-5)
    assert found.parts.sum() == pytest.approx(found.gap, rel=1e-4)
    assert abs(found.residual) < 1e-4


def test_parts_in_probability_sum_to_the_gap_of_mean_scores() -> None:
    booster, X, first = trained()
    found = probability(booster, X[:60], first[:60], X[100:120])
    scores = booster.inplace_predict(X[:60])
    assert found.gap == pytest.approx(scores[first[:60]].mean() - scores[~first[:60]].mean(), abs=1e-6)
    assert abs(found.residual) < 1e-4


def test_the_gap_is_put_down_to_the_column_that_differs() -> None:
    booster, X, first = trained()
    parts = log_odds(booster, X, first).parts
    assert parts[0] > 0.8 * parts.sum() > 0
    assert abs(parts[2]) < 0.1 * parts[0]


def test_swapping_the_groups_swaps_every_sign() -> None:
    rng = np.random.default_rng(1)
    values, first = rng.normal(size=(50, 4)), rng.random(50) < 0.4
    one = of_values(values, values.sum(axis=1), first)
    other = of_values(values, values.sum(axis=1), ~first)
    assert one.parts == pytest.approx(-other.parts)
    assert one.gap == pytest.approx(-other.gap)
    assert abs(one.residual) < 1e-12
