from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_learners import lending

from toolkit.fairness.parameters.proxies import alone, area, proxies


def test_the_area_is_scikit_learns() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    member = rng.random(300) < 0.4
    score = np.round(rng.normal(size=300) + member, 1)
    assert area(score, member).value == pytest.approx(roc_auc_score(member, score), abs=1e-12)
    assert area(score, ~member).value == pytest.approx(1 - roc_auc_score(member, score), abs=1e-12)


def test_an_area_at_its_end_has_an_interval_still() -> None:
    member = np.arange(40) < 20
    found = area(member.astype(float), member)
    assert found.value == found.high == 1
    assert 0.8 < found.low < 1


def test_the_areas_interval_covers() -> None:
    from scipy.special import ndtr

    rng = np.random.default_rng(1)
    truth = float(ndtr(1 / 2**0.5))
    member = np.arange(120) < 40
    covered = sum(
        found.low <= truth <= found.high
        for found in (area(rng.normal(size=120) + member, member) for _ in range(1000))
    )
    assert 0.93 < covered / 1000 < 0.97


def test_proxies_are_named_and_told_together_and_alone() -> None:
    found = proxies(lending("label_bias", 4000), (0, 1), seed=0)
    assert [row["feature"] for row in found["features"][:2]] in (
        ["proxy_1", "proxy_2"],
        ["proxy_2", "proxy_1"],
    )
    assert "group" not in {row["feature"] for row in found["features"]}
    # Each is shifted by 1.6 standard deviations: alone .871, both together .945.
    assert found["features"][0]["low"] < 0.871 < found["features"][1]["high"]
    assert found["auc"] == pytest.approx(0.945, abs=0.02)
    assert found["features"][2]["low"] == 0.5
    assert "proxy_" in found["sentence"]


def test_a_category_tells_by_all_its_kinds_and_not_by_the_best_of_them() -> None:
    problem = lending("label_bias", 3000)
    rng = np.random.default_rng(0)
    # Twelve kinds; A has the even ones more often: each alone tells little, together .8 against .2.
    even = rng.random(3000) < np.where(problem.group == 0, 0.8, 0.2)
    kind = 2 * rng.integers(0, 6, 3000) + ~even
    X = np.column_stack([problem.X, kind[:, None] == np.arange(12)])
    names = (*problem.feature_names, *(f"kind={k}" for k in range(12)))
    wider = replace(problem, X=X, feature_names=names, source=(*problem.source, *["kind"] * 12))
    assert alone(wider, (0, 1))["kind"].value == pytest.approx(0.8, abs=0.03)
    noise = rng.permutation(kind)
    wider = replace(wider, X=np.column_stack([problem.X, noise[:, None] == np.arange(12)]))
    assert alone(wider, (0, 1))["kind"].value < 0.54


def test_without_a_proxy_the_other_columns_tell_nothing() -> None:
    found = proxies(lending("no_proxy", 4000), (0, 1), seed=0)
    assert found["low"] < 0.5 < found["high"]


def test_nothing_is_told_of_too_few_people_or_no_other_column() -> None:
    problem = lending("fair", 1000)
    few = np.where(np.arange(1000) < 995, 0, 1)
    assert proxies(replace(problem, group=few), (0, 1), seed=0)["auc"] is None
    alone = replace(problem, X=problem.X[:, -1:], feature_names=("g",), source=("g",), sensitive=(0,))
    assert "no other column" in proxies(alone, (0, 1), seed=0)["sentence"]
