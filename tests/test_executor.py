"""Trials in, outcomes out, whatever happens to a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import catalogue
from toolkit.executor import ENVIRONMENT, submit_all
from toolkit.executor import _environment as inherited
from toolkit.executor.lanes import Lanes
from toolkit.executor.needs import libraries
from toolkit.executor.worker import perform, tidy
from toolkit.records import NotApplicable, Outcome, Trial

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def trials(count: int, dataset: str = "coins:fair") -> list[Trial]:
    return [Trial("Z001", dataset, seed, "quick") for seed in range(count)]


def run(todo: list[Trial], tmp_path: Path, timeout: float | None = 30.0, **options: object) -> list[Outcome]:
    return list(submit_all(todo, timeout, compiled=tmp_path / "compiled", **options))  # type: ignore[arg-type]


def test_workers_inherit_a_folder_for_programs_only_where_one_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "JAX_COMPILATION_CACHE_DIR"
    monkeypatch.delenv(name, raising=False)
    (tmp_path / "file").touch()
    with inherited(tmp_path / "file" / "compiled"):
        assert name not in os.environ
    with inherited(tmp_path / "compiled"):
        assert os.environ[name] == str(tmp_path / "compiled")
    assert name not in os.environ


def test_every_trial_gives_one_outcome_with_its_time_memory_and_threads(coins: Path, tmp_path: Path) -> None:
    outcomes = run(trials(5), tmp_path, jobs=2)
    assert sorted(o.trial.seed for o in outcomes) == list(range(5))
    for outcome in outcomes:
        assert (outcome.status, outcome.reason, outcome.threads, outcome.fresh) == ("done", "", 1, True)
        assert outcome.seconds > 0
        if sys.platform.startswith("linux"):
            assert outcome.peak_memory is not None
            assert outcome.peak_memory > 10_000_000


def test_one_worker_and_three_give_the_same_rows(coins: Path, tmp_path: Path) -> None:
    one, three = (run(trials(6), tmp_path, jobs=jobs) for jobs in (1, 3))
    assert {o.trial: o.rows for o in one} == {o.trial: o.rows for o in three}


def test_a_trial_that_raises_hangs_dies_or_does_not_apply_harms_no_other(
    coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = {"1": "raise", "2": "die", "3": "hang", "4": "not applicable"}
    trouble = {f"coins:fair/{seed}": name for seed, name in what.items()}
    monkeypatch.setenv("STUB_TROUBLE", json.dumps(trouble))
    found = {o.trial.seed: o for o in run(trials(8), tmp_path, timeout=4.0, jobs=2)}
    statuses = [found[seed].status for seed in range(8)]
    assert statuses == ["done", "failed", "died", "timeout", "not_applicable", "done", "done", "done"]
    assert found[1].reason == "RuntimeError: <b>no luck</b> [31m"
    assert "Traceback" in found[1].log
    assert "exit code 9" in found[2].reason
    assert found[3].reason == "ran past its limit of 4 s"
    assert found[4].reason == "the coin rolled away"
    assert {line.split()[0] for line in coins.read_text("utf-8").splitlines()} == {
        f"coins:fair/{seed}" for seed in range(8)
    }, "every trial was started once"
    assert len(coins.read_text("utf-8").splitlines()) == 8


def test_every_worker_dying_at_once_ends_each_trial_and_not_the_run(
    coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_TROUBLE", json.dumps({f"coins:fair/{seed}": "die" for seed in range(4)}))
    assert [o.status for o in run(trials(4), tmp_path, jobs=4)] == ["died"] * 4


def test_a_worker_killed_from_outside_is_an_outcome_of_its_trial(
    coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_TROUBLE", json.dumps({"coins:fair/0": "hang"}))
    outcomes = submit_all(trials(3), None, compiled=tmp_path, jobs=2)
    found = [next(outcomes), next(outcomes)]
    begun: list[int] = []
    while not begun:  # the other worker may be through with both others before this one has begun
        begun = [int(line.split()[1]) for line in coins.read_text("utf-8").splitlines() if "fair/0" in line]
        time.sleep(0.05)
    os.kill(begun[0], signal.SIGKILL)
    found += outcomes
    assert {o.trial.seed: o.status for o in found} == {0: "died", 1: "done", 2: "done"}


def test_the_environment_is_as_before_when_a_run_is_over_or_given_up(
    coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--mine")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    outcomes = submit_all(trials(4), None, compiled=tmp_path, jobs=1)
    next(outcomes)
    assert {name: os.environ[name] for name in ENVIRONMENT} == ENVIRONMENT
    outcomes.close()  # type: ignore[attr-defined]
    assert dict(os.environ) == before


def test_an_experiment_nobody_knows_is_a_failed_trial(coins: Path, tmp_path: Path) -> None:
    (outcome,) = run([Trial("Q999", "coins:fair", 0, "quick")], tmp_path, jobs=1)
    assert outcome.status == "failed"
    assert "there is no experiment 'Q999'" in outcome.reason


SCRIPT = """
import pathlib, sys
from toolkit.executor import submit_all
from toolkit.records import Trial
todo = [Trial("Z001", "coins:fair", seed, "quick") for seed in range(4)]
for outcome in submit_all(todo, None, compiled=pathlib.Path(sys.argv[1]), jobs=2):
    print(outcome.trial.seed, outcome.status, flush=True)
"""


def alive(pids: Iterable[int]) -> list[int]:
    """Return which processes run; a zombie does not."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(pid)
    return found


def family(pid: int) -> list[int]:
    """Return all descendants of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text("utf-8").split():
            found += [int(child), *family(int(child))]
    return found


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_run_is_ended_it_leaves_no_process_behind(
    how: signal.Signals, coins: Path, tmp_path: Path
) -> None:
    site = coins.parent / "site"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, "utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(site),
        "STUB_TROUBLE": json.dumps({"coins:fair/1": "hang", "coins:fair/2": "hang"}),
    }
    command = [sys.executable, str(script), str(tmp_path)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0 done\n"
        while len(coins.read_text("utf-8").splitlines()) < 3:
            time.sleep(0.05)
        left = family(process.pid)
        assert len(left) >= 3, "a fork server and two workers"
        process.send_signal(how)
        process.wait(10)
        until = time.monotonic() + 5
        while alive(left) and time.monotonic() < until:
            time.sleep(0.05)
        assert not alive(left)
    assert process.returncode != 0


def test_a_script_without_a_main_guard_is_not_run_again_by_its_workers(coins: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('started')\n" + SCRIPT, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(coins.parent / "site")}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(done.stdout.split("\n")) == ["", "0 done", "1 done", "2 done", "3 done", "started"]
    assert done.stderr == ""


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    networks=st.sets(st.integers(0, 4)),
    slots=st.integers(1, 3),
    data=st.data(),
)
def test_every_trial_is_taken_once_and_compiled_ones_wait_for_their_first(
    sizes: list[int], networks: set[int], slots: int, data: st.DataObject
) -> None:
    todo = [Trial(f"E{e}", "d", seed, "quick") for e, size in enumerate(sizes) for seed in range(size)]
    compiled = {f"E{e}" for e in networks}
    lanes = Lanes(todo, compiled)
    free, running, taken = set(range(slots)), {}, []
    while True:
        for slot in sorted(free):
            trial = lanes.take(slot)
            if trial is None:
                continue
            lane = [t for t in running.values() if t.experiment == trial.experiment]
            if trial.experiment in compiled and trial.seed > 0:
                assert not any(t.seed == 0 for t in lane), "the first has compiled the program"
            running[slot] = trial
            taken.append(trial)
        if not running:
            break
        slot = data.draw(st.sampled_from(sorted(running)))
        lanes.done(running.pop(slot))
        free = set(range(slots)) - set(running)
    assert sorted(taken, key=lambda t: t.key) == sorted(todo, key=lambda t: t.key)


def test_a_compiled_experiment_stays_with_its_worker_while_others_have_work() -> None:
    todo = [Trial(e, "d", seed, "quick") for e in ("E1", "E2") for seed in range(3)]
    lanes = Lanes(todo, {"E1", "E2"})
    took = []
    for _ in range(3):
        for slot in (0, 1):
            trial = lanes.take(slot)
            assert trial is not None
            took.append((slot, trial.experiment))
            lanes.done(trial)
    assert took == [(0, "E1"), (1, "E2")] * 3


def test_numpys_numbers_become_plain_and_what_is_not_finite_becomes_none() -> None:
    rows = tidy(
        [{"a": np.float32(0.5), "b": np.int64(2), "c": np.bool_(True), "d": np.nan, "e": float("-inf")}]
    )
    assert [(k, v, type(v)) for k, v in rows.items[0].items()] == [
        ("a", 0.5, float),
        ("b", 2, int),
        ("c", True, bool),
        ("d", None, type(None)),
        ("e", None, type(None)),
    ]


def test_a_data_frame_is_rows_too() -> None:
    import pandas as pd

    assert tidy(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})).column("b") == ["x", "y"]


@pytest.mark.parametrize("cell", [[1], {"a": 1}, np.zeros(3), 1j])
def test_a_cell_that_is_no_plain_value_is_refused_by_name(cell: object) -> None:
    with pytest.raises(TypeError, match="'width'"):
        tidy([{"width": cell}])


def test_measuring_nothing_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        tidy([])


def test_the_same_trial_measured_here_and_in_a_worker_is_the_same(coins: Path, tmp_path: Path) -> None:
    (there,) = run(trials(1), tmp_path, jobs=1)
    assert perform(trials(1)[0]).rows == there.rows


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "NPROC", "XLA_FLAGS"])
def test_a_worker_that_is_not_pinned_says_so(coins: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert perform(trials(1)[0]).threads == 1
    monkeypatch.delenv(name)
    assert perform(trials(1)[0]).threads == 8


def test_only_what_the_experiments_import_is_imported_ahead(coins: Path) -> None:
    assert libraries(["Z001"]) == ("numpy",)
    needed = libraries(catalogue.experiments())
    assert "numpy" in needed
    assert not {name.partition(".")[0] for name in needed} & {"shap", "optuna", "toolkit"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dask_cluster_gives_the_same_rows_and_the_same_kinds_of_trouble(
    coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    what = {"1": "raise", "2": "die", "3": "hang", "4": "not applicable"}
    trouble = {f"coins:fair/{seed}": name for seed, name in what.items()}
    monkeypatch.setenv("STUB_TROUBLE", json.dumps(trouble))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, scheduler_port=0
    ) as cluster:
        there = {o.trial.seed: o for o in run(trials(8), tmp_path, timeout=6.0, cluster=cluster)}
    here = {o.trial.seed: o for o in run(trials(8), tmp_path, timeout=6.0, jobs=2)}
    assert {s: o.status for s, o in there.items()} == {s: o.status for s, o in here.items()}
    assert {s: o.rows for s, o in there.items()} == {s: o.rows for s, o in here.items()}
    assert there[3].reason == here[3].reason
    assert {o.threads for o in there.values() if o.status == "done"} == {1}
    started = [line.split()[0] for line in coins.read_text("utf-8").splitlines()]
    assert sorted(started) == sorted(2 * [f"coins:fair/{seed}" for seed in range(8)]), "no trial was retried"
