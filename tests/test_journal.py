"""An outcome written down is found again, by the same code on the same data only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.journal import STALE_AFTER, FolderError, Journal, cache_folder, claimed, write_atomic
from toolkit.records import Outcome, Rows, Trial

TRIAL = Trial("Z001", "coins:fair", 3, "quick")
FAMILY = "a" * 64
DONE = Outcome(
    TRIAL, "done", Rows.of([{"x": 0.1, "name": "ä\n", "n": 3, "ok": True, "gone": None}]), fresh=True
)

cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False)
)
tables = st.lists(st.dictionaries(st.text(), cells), min_size=1, max_size=4)


def the_file(folder: Path) -> Path:
    (path,) = folder.rglob("*.jsonl")
    return path


@given(rows=tables, seconds=st.floats(0, 1e6), peak=st.none() | st.integers(0, 2**50))
def test_what_was_written_is_read_back_equal_to_the_last_bit(
    rows: list[dict[str, object]], seconds: float, peak: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    outcome = Outcome(TRIAL, "done", Rows.of(rows), seconds=seconds, peak_memory=peak)  # type: ignore[arg-type]
    Journal(folder).append(FAMILY, outcome)
    found = Journal(folder).find(FAMILY, TRIAL)
    assert found == outcome
    assert repr(found) == repr(outcome)  # 1, 1.0 and True are equal, and not the same


def test_a_table_saved_elsewhere_is_the_same_table(tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, replace(DONE, trial=replace(TRIAL, table="/one/t.npz")))
    here = replace(TRIAL, table="/two/t.npz")
    found = Journal(tmp_path).find(FAMILY, here)
    assert found is not None
    assert found.trial == here
    assert "/one" not in the_file(tmp_path).read_text("utf-8")


@pytest.mark.parametrize("status", ["failed", "timeout", "died"])
def test_a_trial_that_gave_nothing_is_written_down_and_tried_again(status: str, tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, replace(DONE, status=status, reason="why"))  # type: ignore[arg-type]
    assert Journal(tmp_path).find(FAMILY, TRIAL) is None
    assert '"why"' in the_file(tmp_path).read_text("utf-8")


def test_not_applicable_is_a_finding_and_is_kept(tmp_path: Path) -> None:
    outcome = Outcome(TRIAL, "not_applicable", reason="one class")
    Journal(tmp_path).append(FAMILY, outcome)
    assert Journal(tmp_path).find(FAMILY, TRIAL) == outcome


@pytest.mark.parametrize("change", [{"seed": 4}, {"experiment": "Z002"}])
def test_another_trial_is_not_found(change: dict[str, object], tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, DONE)
    assert Journal(tmp_path).find(FAMILY, replace(TRIAL, **change)) is None  # type: ignore[arg-type]
    assert Journal(tmp_path).find("b" * 64, TRIAL) is None
    assert Journal(tmp_path, reuse=False).find(FAMILY, TRIAL) is None


def test_a_run_cut_off_anywhere_loses_the_line_in_hand_and_nothing_else(tmp_path: Path) -> None:
    for seed in range(3):
        Journal(tmp_path).append(FAMILY, replace(DONE, trial=replace(TRIAL, seed=seed)))
    path = the_file(tmp_path)
    whole = path.read_bytes()
    start = whole.rindex(b"\n{") + 1
    for end in range(start, len(whole) - 1):
        path.write_bytes(whole[:end])
        found = [Journal(tmp_path).find(FAMILY, replace(TRIAL, seed=seed)) for seed in range(3)]
        assert [outcome is not None for outcome in found] == [True, True, False]
    Journal(tmp_path).append(FAMILY, replace(DONE, trial=replace(TRIAL, seed=9)))
    assert Journal(tmp_path).find(FAMILY, replace(TRIAL, seed=9)) is not None


@pytest.mark.parametrize("line", ["{}", "[]", "null", "\x00\x00", '{"trial": {"seed": 3}}', "1e999", "{"])
def test_a_line_that_is_no_outcome_is_passed_over(line: str, tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, DONE)
    with the_file(tmp_path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    assert Journal(tmp_path).find(FAMILY, TRIAL) == DONE


def test_each_line_is_strict_json_and_stands_alone(tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, DONE)
    lines = [line for line in the_file(tmp_path).read_text("utf-8").split("\n") if line]
    assert len(lines) == 1
    json.loads(lines[0], parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_outcomes_nobody_asked_for_in_a_month_are_removed(tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, DONE)
    old = the_file(tmp_path)
    os.utime(old, (time.time() - STALE_AFTER - 60,) * 2)
    Journal(tmp_path).append("b" * 64, DONE)
    assert not old.exists()


def test_using_an_outcome_keeps_it_from_going_stale(tmp_path: Path) -> None:
    Journal(tmp_path).append(FAMILY, DONE)
    os.utime(the_file(tmp_path), (time.time() - STALE_AFTER - 60,) * 2)
    assert Journal(tmp_path).find(FAMILY, TRIAL) == DONE
    Journal(tmp_path).append("b" * 64, DONE)
    assert Journal(tmp_path).find(FAMILY, TRIAL) == DONE


def test_a_folder_is_held_by_one_run_at_a_time_and_let_go_even_by_a_killed_one(tmp_path: Path) -> None:
    hold = f"import pathlib, time, toolkit.journal as j\nwith j.claimed(pathlib.Path({str(tmp_path)!r})):\n"
    command = [sys.executable, "-c", hold + " print('held', flush=True)\n time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(FolderError, match="another run"), claimed(tmp_path):
            pass
        other.kill()
    with claimed(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(FolderError, match="--output"), claimed(tmp_path / "file" / "below"):
        pass


def test_a_cache_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    journal = Journal(tmp_path / "file" / "below")
    with pytest.warns(RuntimeWarning, match="TOOLKIT_CACHE") as told:
        _ = [journal.append(FAMILY, DONE) for _ in range(2)]
    assert len(told) == 1
    assert journal.find(FAMILY, TRIAL) is None


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_atomic(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "second \ud800")
    assert path.read_text("utf-8") == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("TOOLKIT_CACHE")
    assert cache_folder().name == "toolkit"
