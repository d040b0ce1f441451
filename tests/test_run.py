"""Outcomes come from the journal where it has them, and are in it before anybody sees them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from toolkit import executor, provenance
from toolkit.journal import Journal
from toolkit.plan import plan
from toolkit.records import Outcome, Rows, Trial
from toolkit.run import Event, by_experiment, run


def ledger(path: Path) -> list[str]:
    """Return which trials were really measured."""
    return [line.split()[0] for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_a_second_run_measures_nothing_and_gives_the_same(coins: Path, cache: Path) -> None:
    trials = plan(only=["Z001"], effort="quick").trials
    first, second = ({o.trial: o for o in run(trials, Journal(cache / "o"), jobs=2)} for _ in range(2))
    assert first == second
    assert len(ledger(coins)) == len(trials) == len(first)


def test_only_the_missing_trials_are_measured(coins: Path, cache: Path) -> None:
    quick = plan(only=["Z001"], effort="quick").trials
    list(run(quick[:3], Journal(cache / "o"), jobs=1))
    coins.unlink()
    outcomes = list(run(quick, Journal(cache / "o"), jobs=1))
    assert sorted(ledger(coins)) == sorted(f"{t.dataset}/{t.seed}" for t in quick[3:])
    assert {o.trial for o in outcomes} == set(quick)


def test_without_reuse_everything_is_measured_and_written_down_anew(coins: Path, cache: Path) -> None:
    trials = plan(only=["Z001"], effort="quick").trials[:2]
    for reuse in (True, False):
        list(run(trials, Journal(cache / "o", reuse=reuse), jobs=1))
    assert len(ledger(coins)) == 4


def test_an_outcome_is_written_down_before_it_is_yielded(coins: Path, cache: Path) -> None:
    trials = plan(only=["Z001"], effort="quick").trials
    outcomes = run(trials, Journal(cache / "o"), jobs=1)
    first = next(outcomes)
    family = provenance.family(first.trial, executor.ENVIRONMENT)
    assert Journal(cache / "o").find(family, first.trial) == first
    outcomes.close()  # type: ignore[attr-defined]


def test_failed_trials_are_tried_again_in_the_next_run(
    coins: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = plan(only=["Z001"], effort="quick").trials[:3]
    monkeypatch.setenv("STUB_TROUBLE", json.dumps({"coins:fair/1": "raise"}))
    assert sorted(o.status for o in run(trials, Journal(cache / "o"), jobs=1)) == ["done", "done", "failed"]
    monkeypatch.delenv("STUB_TROUBLE")
    coins.unlink()
    assert [o.status for o in run(trials, Journal(cache / "o"), jobs=1)] == ["done"] * 3
    assert ledger(coins) == ["coins:fair/1"]


def test_what_an_unpinned_worker_measured_is_not_taken_for_a_pinned_ones(
    coins: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trial, *_) = plan(only=["Z001"], effort="quick").trials
    loose = Outcome(trial, "done", Rows.of([{"side": "heads", "share": 0.5}]), threads=4)
    monkeypatch.setattr(executor, "submit_all", lambda *_args, **_options: iter([loose]))
    assert list(run([trial], Journal(cache / "o"))) == [loose]
    monkeypatch.undo()
    monkeypatch.setenv("TOOLKIT_CACHE", str(cache))
    assert [o.threads for o in run([trial], Journal(cache / "o"), jobs=1)] == [1]


def test_whoever_watches_hears_of_every_trial_once_and_whether_it_was_new(coins: Path, cache: Path) -> None:
    trials = plan(only=["Z001"], effort="quick").trials[:4]
    heard: list[Event] = []
    list(run(trials[:2], Journal(cache / "o"), jobs=1))
    list(run(trials, Journal(cache / "o"), jobs=1, progress=heard.append))
    assert [(e.kind, e.done, e.total, e.reused) for e in heard] == [
        ("planned", 0, 4, False),
        ("trial", 1, 4, True),
        ("trial", 2, 4, True),
        ("trial", 3, 4, False),
        ("trial", 4, 4, False),
    ]


def test_an_experiment_is_handed_on_sorted_as_soon_as_its_last_trial_is_there() -> None:
    trials = [Trial(code, "d", seed, "quick") for code in ("A", "B") for seed in range(2)]
    order = [trials[i] for i in (1, 2, 0, 3)]
    seen: list[Trial] = []

    def arriving():  # type: ignore[no-untyped-def]
        for trial in order:
            seen.append(trial)
            yield Outcome(trial, "done")

    gathered = by_experiment(trials, arriving())
    code, outcomes = next(gathered)
    assert (code, [o.trial.seed for o in outcomes], len(seen)) == ("A", [0, 1], 3)
    assert [code for code, _ in gathered] == ["B"]


def test_a_changed_table_is_measured_again(coins: Path, cache: Path, tmp_path: Path) -> None:
    import numpy as np

    from toolkit.records import Dataset

    for fill in (0.0, 1.0):
        path = tmp_path / f"{fill}.npz"
        y = np.arange(300) % 2
        Dataset("mine", "binary", np.full((300, 1), fill), y, ("a",), classes=("n", "y")).save(path)
        trial = replace(plan(only=["Z001"], effort="quick").trials[0], dataset="mine", table=str(path))
        (outcome,) = run([trial], Journal(cache / "o"), jobs=1)
        assert (outcome.status, outcome.fresh) == ("done", False)
    assert ledger(coins) == ["mine/0", "mine/0"]
