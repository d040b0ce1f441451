"""What a run will do is fixed before anything is measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from toolkit import catalogue
from toolkit.plan import plan
from toolkit.records import BadInputError, Dataset


@pytest.fixture(autouse=True)
def _installed(coins: Path) -> None:
    """Every test here plans the coin belief."""


def own_table(rows: int = 300, task: str = "binary") -> Dataset:
    import numpy as np

    return Dataset(
        name="mine",
        task=task,  # type: ignore[arg-type]
        X=np.zeros((rows, 1)),
        y=np.arange(rows) % 2,
        feature_names=("a",),
        classes=("no", "yes"),
    )


@pytest.mark.parametrize(("effort", "own", "planted"), [("quick", 4, 3), ("standard", 6, 4), ("full", 8, 5)])
def test_each_dataset_gets_its_replicates_and_each_control_its_own_number(
    effort: str, own: int, planted: int
) -> None:
    planned = plan(only=["Z001"], effort=effort, seed=7)
    counts = Counter(trial.dataset for trial in planned.trials)
    assert counts == {"coins:fair": own, "coins:loaded": planted, "coins:reversed": planted}
    assert {t.seed for t in planned.trials if t.dataset == "coins:fair"} == set(range(7, 7 + own))
    assert {t.effort for t in planned.trials} == {effort}


def test_no_trial_is_planned_twice_and_every_dataset_of_every_experiment_is_known() -> None:
    planned = plan()
    keys = [trial.key for trial in planned.trials]
    assert len(set(keys)) == len(keys)
    assert {trial.dataset for trial in planned.trials} <= set(catalogue.datasets())
    assert [e.code for e in planned.experiments] == sorted(e.code for e in planned.experiments)


def test_the_cheapest_experiment_comes_first_so_that_a_ruling_comes_early() -> None:
    planned = plan()
    cost = {e.code: e.seconds for e in planned.experiments}
    order = list(dict.fromkeys(trial.experiment for trial in planned.trials))
    assert [cost[code] for code in order] == sorted(cost[code] for code in order)


def test_codes_and_datasets_are_matched_whatever_their_case() -> None:
    assert [e.code for e in plan(only=["z001"]).experiments] == ["Z001"]
    assert plan(only=["Z001"], datasets=["COINS:FAIR"]).about["Z001"] == ("coins:fair",)


def test_a_family_name_stands_for_all_its_variants_and_controls_run_in_any_case() -> None:
    planned = plan(only=["Z001"], datasets=["coins"])
    assert planned.about["Z001"] == ("coins:fair",)
    assert {t.dataset for t in planned.trials} == {"coins:fair", "coins:loaded", "coins:reversed"}


def test_an_experiment_without_any_dataset_asked_for_says_so_and_runs_nothing() -> None:
    planned = plan(only=["Z001"], datasets=["wine"])
    assert planned.trials == ()
    (left_out,) = planned.not_run["Z001"]
    assert "coins:fair" in left_out.reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"only": ["Z01"]}, "did you mean Z001"),
        ({"ignore": ["Z0001"]}, "did you mean Z001"),
        ({"only": ["Z001"], "datasets": ["coins:fare"]}, "did you mean coins:fair"),
        ({"only": ["Z001"], "ignore": ["Z001"]}, "no experiment is left"),
        ({"effort": "heroic"}, "quick, standard, full"),
        ({"seed": -1}, "0 or more"),
        ({"datasets": ["wine"], "table": own_table()}, "leave out"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(options: dict[str, object], said: str) -> None:
    with pytest.raises((BadInputError, catalogue.UnknownNameError), match=said):
        plan(**options)  # type: ignore[arg-type]


def test_the_users_table_takes_the_datasets_place_beside_the_controls() -> None:
    planned = plan(only=["Z001"], effort="quick", table=own_table(), table_path="/saved.npz")
    assert planned.about["Z001"] == ("mine",)
    paths = {trial.dataset: trial.table for trial in planned.trials}
    assert paths == {"mine": "/saved.npz", "coins:loaded": "", "coins:reversed": ""}
    assert Counter(trial.dataset for trial in planned.trials)["mine"] == 4


@pytest.mark.parametrize(
    ("rows", "task", "said"), [(50, "binary", "200 rows"), (300, "regression", "binary")]
)
def test_a_table_an_experiment_cannot_use_gives_the_reason_and_no_trial_not_even_a_control(
    rows: int, task: str, said: str
) -> None:
    planned = plan(only=["Z001"], table=own_table(rows, task), table_path="/saved.npz")
    assert planned.trials == ()
    (left_out,) = planned.not_run["Z001"]
    assert (left_out.dataset, said in left_out.reason) == ("mine", True)
