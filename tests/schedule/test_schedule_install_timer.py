"""Installing the tick as a user timer: two files and the calls that make them count; twice is once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from export_fixture import HOSTILE, needed
from install_fixture import Machine, done, schedule

from toolkit.records import BadInputError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path, monkeypatch)
    made.has("alive")
    return made


def test_a_live_user_manager_is_preferred_and_two_files_make_the_timer(machine: Machine) -> None:
    shown = done("install", "--yes").stdout
    service, timer = sorted(machine.units)
    assert (service, timer) == (timer.replace(".timer", ".service"), service.replace(".service", ".timer"))
    assert machine.changes() == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {timer}",
    ]
    for text in machine.units.values():
        assert all(f"    {line}".rstrip() in shown for line in text.splitlines())
    assert machine.tab is None
    done("uninstall", "--yes")
    assert machine.units == {}
    assert machine.changes() == [
        f"systemctl --user disable --now {timer}",
        "systemctl --user daemon-reload",
    ]


def test_a_timer_twice_is_once_and_a_changed_one_starts_anew(machine: Machine) -> None:
    done("install", "--yes")
    before = machine.units
    machine.log()
    assert "already" in done("install", "--yes").stderr
    assert machine.changes() == []
    timer = next(path for path in (machine.folder / "settings").rglob("*.timer"))
    timer.write_text("[Timer]\n")
    done("install", "--yes")
    assert machine.units == before
    assert machine.changes()[-1] == f"systemctl --user restart {timer.name}"


def test_a_timer_that_is_refused_leaves_no_files(machine: Machine) -> None:
    machine.has("refuses", "Failed to enable unit: Unit is masked.\n")
    with pytest.raises(BadInputError, match=r"enable --now .* ended with 1 .*masked.*taken back"):
        schedule("install", "--yes")
    assert machine.units == {}


def test_two_projects_have_two_timers(machine: Machine) -> None:
    done("install", "--yes")
    machine.project("project two")
    done("install", "--yes")
    assert len(machine.units) == 4
    done("uninstall", "--yes")
    assert len(machine.units) == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_the_units_pass_systemds_own_reading(machine: Machine, name: str) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        needed("systemd-analyze")
    machine.project(name)
    done("install", "--yes")
    where = next(iter((machine.folder / "settings").rglob("*.timer"))).parent
    files = sorted(machine.units)
    said = subprocess.run(
        [str(program), "verify", *(f"./{file}" for file in files)], cwd=where, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert "toolkit-schedule" not in said.stderr


def test_a_folder_that_no_unit_can_hold_is_refused(machine: Machine) -> None:
    machine.project("ends with a space ")
    with pytest.raises(BadInputError, match="--user crontab"):
        schedule("install", "--yes")
    assert machine.units == {}
