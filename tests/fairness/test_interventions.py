from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_learners import lending, logistic, shaky, unweighted

from toolkit.fairness.parameters.interventions import changes, interventions, proxies

NAMES = [
    "reweighing",
    "balancing",
    "without the sensitive column",
    "without the sensitive column and its proxies",
]


def row(found: Any, name: str, metric: str) -> Any:
    return next(r for r in found["rows"] if r["name"] == name and r["metric"] == metric)


def test_repairing_biased_labels_closes_the_gap_they_made() -> None:
    found = interventions(lending("label_bias", 10_000), logistic, pair=(0, 1))
    assert list(dict.fromkeys(r["name"] for r in found["rows"])) == NAMES
    for name in ("reweighing", "without the sensitive column and its proxies"):
        changed = row(found, name, "true_positive_rate")
        assert changed["before"] > 0.15
        assert changed["change"] == pytest.approx(changed["after"] - changed["before"], abs=1e-12)
        assert changed["high"] < -0.05
    dropped = row(found, NAMES[2], "selection_rate")
    # Proxies keep part of the gap when the column alone goes.
    assert -0.15 < dropped["change"] < -0.02
    assert "group, proxy_1, proxy_2" in row(found, NAMES[3], "selection_rate")["how"]
    assert "0.65" in row(found, NAMES[3], "selection_rate")["how"]


def test_a_fair_record_leaves_nothing_to_repair() -> None:
    found = interventions(lending("fair", 20_000), logistic, pair=(0, 1))
    for name in NAMES:
        changed = row(found, name, "true_positive_rate")
        assert abs(changed["change"]) < 0.03
        assert changed["low"] <= 0.005
        assert changed["high"] >= -0.005
        assert changed["low"] < changed["high"]


def test_changes_are_paired_on_people_and_on_seeds() -> None:
    problem = lending("label_bias", 4000)
    found = interventions(problem, shaky, pair=(0, 1), refits=6)
    changed = row(found, "without the sensitive column", "selection_rate")
    sizes = [int((problem.group[problem.test] == g).sum()) for g in (0, 1)]
    unpaired = 2 * 1.96 * (2 * 0.25 * (1 / sizes[0] + 1 / sizes[1])) ** 0.5
    assert changed["high"] - changed["low"] < unpaired
    assert changed["low"] < changed["change"] < changed["high"]


def test_the_cost_in_accuracy_stands_beside_with_its_interval() -> None:
    found = interventions(lending("label_bias", 4000), logistic, pair=(0, 1))
    for changed in found["rows"]:
        assert changed["accuracy_low"] < changed["accuracy_change"] < changed["accuracy_high"]
    assert len({r["accuracy_change"] for r in found["rows"] if r["name"] == "reweighing"}) == 1


def test_proxies_are_found_on_training_rows_and_are_not_the_attribute_itself() -> None:
    problem = lending("label_bias", 4000)
    assert proxies(problem, (0, 1)) == ["proxy_1", "proxy_2"]
    assert proxies(problem, (0, 1), bound=0.95) == []
    mixed = problem.group.copy()
    tested = np.concatenate([problem.test, problem.calibration])
    mixed[tested] = np.random.default_rng(0).permutation(mixed[tested])
    assert proxies(replace(problem, group=mixed), (0, 1)) == ["proxy_1", "proxy_2"]


def test_a_column_of_several_features_goes_as_one() -> None:
    problem = lending("label_bias", 2000)
    source = tuple("proxy" if name.startswith("proxy") else name for name in problem.source)
    possible, _ = changes(replace(problem, source=source), (0, 1))
    assert [problem.feature_names[j] for j in possible[-1].columns] == [
        "score_1",
        "score_2",
        "score_3",
        "noise_1",
        "noise_2",
        "noise_3",
    ]


def test_what_cannot_be_done_is_said() -> None:
    found = interventions(lending("no_proxy", 2000, keep_group=False), unweighted, pair=(0, 1))
    assert found["rows"] == []
    said = " ".join(found["notes"])
    assert "not among the features" in said
    assert "no proxies to drop" in said
    assert "reweighing could not be trained: this learner cannot be fitted with a weight" in said
    every = interventions(lending("label_bias", 2000), logistic, pair=(0, 1), proxy=0.5)
    assert any("none is left" in note for note in every["notes"])
