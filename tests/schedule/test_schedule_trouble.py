"""Disks that are full or cannot be written: one clear line, nothing lost, and it goes on when it can."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rehearsal import finishes, stage, swift

from toolkit.cli.exits import guarded
from toolkit.schedule.outcomes import Ended

__all__ = ["swift"]

RUN = "20260302T081700Z"


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one MiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(folder: Path) -> Path:
    """Use up a small disk to its last byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 512)
        except OSError:
            return ballast


def test_without_room_nothing_is_begun_and_it_is_run_when_there_is(tmp_path: Path) -> None:
    loans = stage(tmp_path)
    loans.terms = replace(loans.terms, room=2**62)
    result = loans.later(minutes=18).tick()
    assert result.exit == 3
    assert "MiB are free" in result.troubles[0]
    assert "it is run when there is room" in result.troubles[0]
    assert loans.actor.asked == []
    assert loans.left() == []
    loans.terms = replace(loans.terms, room=0)
    loans.tick()
    assert loans.outcomes() == [(RUN, "done")]


def test_a_command_that_ran_out_of_room_is_not_called_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loans = stage(tmp_path).set(finishes(2, document=None, said="the disk is full"), finishes())
    answers = iter([True, False])
    with monkeypatch.context() as full:
        full.setattr("toolkit.schedule.running._has_room", lambda work: next(answers))
        result = loans.later(minutes=18).tick()
    assert result.waiting[0]["reason"] == "the disk is full"
    assert loans.records() == []
    loans.tick()
    assert loans.outcomes() == [(RUN, "done")]


def test_a_disk_that_fills_up_during_the_run_loses_nothing(
    tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loans = stage(tiny)
    ballast: list[Path] = []

    def fills(staging: Path) -> Ended:
        ended = finishes(document={"number": 1})(staging)
        ballast.append(fill(tiny))
        return ended

    result = loans.set(fills).later(minutes=18).tick()
    assert result.exit == 3
    assert result.runs == []
    assert "nothing is lost" in " ".join(result.troubles)
    assert guarded(lambda: loans.tick().exit) == 2
    assert "the disk is full" in capfd.readouterr().err
    ballast[0].unlink()
    loans.later(minutes=10).tick()
    assert loans.outcomes() == [(RUN, "done")]
    assert loans.history.document("loans", RUN) == {"number": 1}
    assert len(loans.actor.asked) == 1
    assert loans.left() == []
    assert json.loads(loans.home.heartbeat.read_text("utf-8"))["exit"] == 0


def test_a_disk_that_is_full_from_the_start_is_one_clear_line(
    tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loans = stage(tiny, names=())
    jobs = stage(tiny).jobs
    loans.jobs = jobs
    fill(tiny)
    code = guarded(lambda: loans.later(minutes=18).tick().exit)
    assert code in (2, 3)
    assert "bug" not in capfd.readouterr().err
    assert loans.actor.asked == []


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loans = stage(tmp_path, names=())
    (tmp_path / "reports" / ".toolkit").rename(tmp_path / "reports" / "away")
    (tmp_path / "reports" / ".toolkit").write_text("a file where a folder should be", "utf-8")
    code = guarded(lambda: loans.tick().exit)
    said = capfd.readouterr().err
    assert code in (2, 3, 70)
    assert "Traceback" not in said


def test_a_file_system_that_is_read_only_is_one_clear_line(
    tiny: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loans = stage(tiny)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    try:
        code = guarded(lambda: loans.later(minutes=18).tick().exit)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(tiny)], check=True)
    assert code == 2
    assert "read-only" in capfd.readouterr().err
    loans.tick()
    assert loans.outcomes() == [(RUN, "done")]
