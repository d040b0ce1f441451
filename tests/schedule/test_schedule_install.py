"""Installing the tick in a crontab: what is shown is what is done, twice is once, and no trace is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from export_fixture import HOSTILE
from install_fixture import THEIRS, Machine, done, schedule

from toolkit.records import BadInputError
from toolkit.schedule import install, install_crontab


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_a_crontab_that_is_not_there_yet_is_made_and_goes_again(machine: Machine) -> None:
    shown = done("install", "--yes").stdout
    assert machine.tab is not None
    lines = machine.tab.decode().splitlines()
    assert lines[0] == f"# >>> toolkit schedule {Path.cwd()}/toolkit.toml >>>"
    assert lines[-1] == f"# <<< toolkit schedule {Path.cwd()}/toolkit.toml <<<"
    assert all(f"+ {line}" in shown for line in lines)
    assert "run crontab -\n" in shown
    done("uninstall", "--yes")
    assert machine.tab is None


def test_every_other_line_stays_byte_for_byte(machine: Machine) -> None:
    machine.tab = THEIRS
    done("install", "--yes")
    assert machine.tab is not None
    assert machine.tab.startswith(THEIRS)
    machine.tab += b"9 9 * * * /usr/bin/later\n"
    done("uninstall", "--yes")
    assert machine.tab == THEIRS + b"9 9 * * * /usr/bin/later\n"


def test_twice_is_once(machine: Machine) -> None:
    machine.tab = THEIRS
    done("install", "--yes")
    first = machine.tab
    machine.log()
    assert "already" in done("install", "--yes").stderr
    assert machine.tab == first
    assert machine.changes() == []
    done("uninstall", "--yes")
    machine.log()
    assert "Nothing is installed" in done("uninstall", "--yes").stderr
    assert machine.changes() == []


def test_a_line_of_an_earlier_version_is_replaced_where_it_stands(machine: Machine) -> None:
    machine.tab = THEIRS
    done("install", "--yes")
    assert machine.tab is not None
    fresh = machine.tab + b"# after\n"
    machine.tab = fresh.replace(b"7-57/10", b"3-53/10")
    done("install", "--yes")
    assert machine.tab == fresh


def test_two_projects_live_in_one_crontab(machine: Machine) -> None:
    done("install", "--yes")
    alone = machine.tab
    machine.project("project two")
    done("install", "--yes")
    assert machine.tab is not None
    assert machine.tab.count(b">>> toolkit schedule") == 2
    done("uninstall", "--yes")
    assert machine.tab == alone


def test_the_line_calls_the_tick_at_odd_minutes_and_mails_nothing(machine: Machine) -> None:
    done("install", "--yes")
    assert machine.tab is not None
    line = machine.tab.decode().splitlines()[2]
    assert line.startswith("7-57/10 * * * * mkdir -p ")
    assert line.endswith("2>&1")
    assert f"{Path(sys.executable).parent}/" in line
    assert "schedule run-due >" in line


@pytest.mark.parametrize("name", HOSTILE)
def test_the_line_runs_in_its_folder_whatever_its_name(machine: Machine, name: str) -> None:
    machine.project(name)
    done("install", "--yes")
    assert machine.tab is not None
    line = machine.tab.decode().splitlines()[2].removeprefix("7-57/10 * * * * ")
    asked = line.replace("\\%", "%").replace("schedule run-due", "--version")
    subprocess.run(["/bin/sh", "-c", asked], env={"PATH": "/usr/bin:/bin"}, cwd="/", check=True, timeout=60)
    assert (machine.folder / name / "reports" / ".toolkit" / "cron.log").read_text().startswith("toolkit ")
    done("uninstall", "--yes")
    assert machine.tab is None


@pytest.mark.parametrize("name", ["line\nbreak", "back\\slash", "bell\x07"])
def test_a_path_that_no_crontab_can_hold_is_refused(machine: Machine, name: str) -> None:
    machine.tab = THEIRS
    machine.project(name)
    with pytest.raises(BadInputError, match="no line of a crontab can hold"):
        schedule("install", "--yes")
    assert machine.tab == THEIRS


def test_a_crontab_that_cannot_be_read_is_never_written_over(machine: Machine) -> None:
    machine.tab = THEIRS
    machine.has("broken", "You (root) are not allowed to use this program (crontab)\n")
    for verb in ("install", "uninstall"):
        with pytest.raises(BadInputError, match=r"ended with 1 .*not allowed.*left alone"):
            schedule(verb, "--yes")
    assert machine.tab == THEIRS


def test_a_crontab_that_is_refused_is_said(machine: Machine) -> None:
    machine.tab = THEIRS
    machine.has("refuses", "errors in crontab file, can't install.\n")
    with pytest.raises(BadInputError, match=r"crontab - ended with 1 .*can't install"):
        schedule("install", "--yes")
    assert machine.tab == THEIRS


@pytest.mark.parametrize("broken", ["begin", "end", "twice", "turned"])
def test_marks_that_somebody_broke_are_not_guessed_at(machine: Machine, broken: str) -> None:
    done("install", "--yes")
    assert machine.tab is not None
    begin, *middle, end = machine.tab.splitlines(keepends=True)
    parts = {
        "begin": [begin, *middle],
        "end": [*middle, end],
        "twice": [begin, *middle, end, begin, end],
        "turned": [end, *middle, begin],
    }
    machine.tab = kept = b"".join(parts[broken])
    for verb in ("install", "uninstall"):
        with pytest.raises(BadInputError, match="crontab -e"):
            schedule(verb, "--yes")
    assert machine.tab == kept


def test_a_last_line_without_its_end_does_not_swallow_ours(machine: Machine) -> None:
    machine.tab = b"5 4 * * * /usr/bin/true"
    done("install", "--yes")
    assert machine.tab is not None
    assert machine.tab.startswith(b"5 4 * * * /usr/bin/true\n# >>> toolkit")


def test_without_yes_and_without_a_terminal_nothing_is_done(machine: Machine) -> None:
    with pytest.raises(BadInputError, match="--yes"):
        schedule("install")
    assert machine.tab is None
    assert machine.changes() == []


@pytest.mark.parametrize(("answer", "installed"), [("y\n", True), ("n\n", False)])
def test_a_terminal_is_asked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answer: str, installed: bool
) -> None:
    from toolkit.cli import schedule_install

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    class System:
        stdin = Terminal

    monkeypatch.setattr(schedule_install, "sys", System)
    assert schedule("install", input=answer).exit_code == 0
    assert (machine.tab is not None) is installed


def test_uninstalling_takes_away_both_and_can_be_told_which(machine: Machine) -> None:
    machine.has("alive")
    done("install", "--yes")
    assert "systemd calls it too" in done("install", "--yes", "--user", "crontab").stderr
    assert "crontab calls it too" in done("install", "--yes").stderr
    assert len(machine.units) == 2
    done("uninstall", "--yes", "--user", "systemd")
    assert machine.units == {}
    assert machine.tab is not None
    done("install", "--yes")
    done("uninstall", "--yes")
    assert (machine.units, machine.tab) == ({}, None)


def test_a_machine_with_neither_is_told_what_else_there_is(machine: Machine) -> None:
    for program in machine.programs.iterdir():
        program.unlink()
    machine.monkeypatch.setenv("PATH", str(machine.programs))
    with pytest.raises(BadInputError, match="toolkit schedule serve"):
        schedule("install", "--yes")
    assert "Nothing is installed" in done("uninstall", "--yes").stderr


def test_without_a_configuration_there_is_nothing_to_install(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    machine.monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    for verb in ("install", "uninstall"):
        with pytest.raises(BadInputError, match="schedule add"):
            schedule(verb, "--yes")


def test_a_crontab_that_changed_while_the_plan_was_read_is_left_alone(machine: Machine) -> None:
    machine.tab = THEIRS
    project = machine.project("project")
    plan = install_crontab.plan(project, project.parent / "reports", ("/bin/toolkit",))
    machine.tab = THEIRS + b"1 1 * * * /usr/bin/new\n"
    with pytest.raises(BadInputError, match="changed meanwhile"):
        install.carry_out(plan)
    assert machine.tab == THEIRS + b"1 1 * * * /usr/bin/new\n"
