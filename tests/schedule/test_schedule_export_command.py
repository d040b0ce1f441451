"""``toolkit schedule export``: where the files go, which jobs, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from toolkit.cli import command
from toolkit.records import BadInputError
from toolkit.schedule.exports.asked import MARK, machine_zone

JOB = '[[schedule]]\nname = "{}"\nrun = "check misconceptions"\ncron = "17 3 * * 1"\n{}\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with three jobs, one of them disabled."""
    text = JOB.format("weekly", "") + JOB.format("second", "") + JOB.format("off", "enabled = false")
    (tmp_path / "toolkit.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["schedule", "export", *map(str, arguments)], catch_exceptions=False)


def test_one_file_goes_to_stdout(project: Path) -> None:
    done = export("kubernetes", "weekly")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"# {MARK}")
    assert 'command: ["toolkit", "schedule", "run", "weekly", "--if-due"]' in done.stdout


def test_several_files_need_a_folder_and_all_enabled_jobs_are_written(project: Path) -> None:
    with pytest.raises(BadInputError, match=r"4 files .*--output"):
        export("systemd")
    done = export("systemd", "--output", project / "units")
    assert sorted(path.name for path in (project / "units").iterdir()) == [
        *("toolkit-second.service", "toolkit-second.timer", "toolkit-weekly.service", "toolkit-weekly.timer")
    ]
    assert done.stdout.splitlines()[0] == str(project / "units" / "toolkit-weekly.service")
    assert "off is disabled and left out" in done.stderr


@pytest.mark.parametrize("verb", [("export", "cron", "weekly"), ("install", "--user", "crontab")])
def test_a_root_that_only_this_shell_knows_is_spoken_of(
    project: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    """Who calls the toolkit by itself starts without it, and would report to another folder."""
    monkeypatch.setattr("toolkit.schedule.install_crontab.current", lambda: b"")
    for root, spoken in (("elsewhere", True), ("reports", False)):
        monkeypatch.setenv("TOOLKIT_ROOT", root)
        done = CliRunner().invoke(command, ["schedule", *verb])
        said = f"will not be where this is called: reports go to {project.resolve() / 'reports'}. To"
        assert (said in done.stderr) is spoken


def test_a_local_target_calls_this_very_toolkit_by_its_path(project: Path) -> None:
    text = export("cron", "weekly").stdout
    assert f"{Path(sys.executable).parent}/" in text
    assert f"cd {project.resolve()} " in text


def test_a_zone_that_is_none_is_refused(project: Path) -> None:
    done = export("cron", "weekly", "--zone", "Europe/Berlinn")
    assert done.exit_code == 2
    assert "'--zone': there is no zone 'Europe/Berlinn'; did you mean 'Europe/Berlin'?" in done.stderr


def test_a_command_may_be_given(project: Path) -> None:
    assert (
        "'/opt/my tools/toolkit' -v schedule run"
        in export("cron", "weekly", "--command", "'/opt/my tools/toolkit' -v").stdout
    )
    for wrong in ("'open", "", "toolkit"):
        with pytest.raises(BadInputError, match="command"):
            export("cron", "weekly", "--command", wrong)


def test_writing_again_replaces_our_own_files_and_no_others(project: Path) -> None:
    export("airflow", "weekly", "--output", project / "dags")
    export("airflow", "weekly", "--output", project / "dags")
    (project / "dags" / "toolkit_weekly.py").write_text("mine")
    with pytest.raises(BadInputError, match="not ours"):
        export("airflow", "weekly", "--output", project / "dags")
    assert (project / "dags" / "toolkit_weekly.py").read_text() == "mine"


def test_a_refusal_writes_nothing_at_all(project: Path) -> None:
    (project / "toolkit.toml").write_text(
        JOB.format("weekly", "") + JOB.format("last", "").replace("17 3 * * 1", "17 3 L * *")
    )
    with pytest.raises(BadInputError, match=r"toolkit\.toml, line 6: github cannot express job 'last'"):
        export("github", "--output", project / "workflows")
    assert not (project / "workflows").exists()


def test_two_jobs_whose_files_would_be_one_are_refused(project: Path) -> None:
    (project / "toolkit.toml").write_text(JOB.format("a-b", "") + JOB.format("a.b", ""))
    with pytest.raises(BadInputError, match=r"both be toolkit_a_b\.py"):
        export("airflow", "--output", project / "dags")


def test_names_are_checked(project: Path) -> None:
    with pytest.raises(BadInputError, match="did you mean 'weekly'"):
        export("cron", "weakly")
    with pytest.raises(BadInputError, match="disabled"):
        export("cron", "off")
    (project / "toolkit.toml").write_text("")
    with pytest.raises(BadInputError, match="schedule add"):
        export("cron")


def test_a_target_that_is_not_known_is_a_usage_error(project: Path) -> None:
    done = export("nomad")
    assert done.exit_code == 2
    assert "systemd" in done.output


@pytest.mark.parametrize(
    ("named", "zone"), [("Asia/Tokyo", "Asia/Tokyo"), (":Europe/Berlin", "Europe/Berlin")]
)
def test_the_zone_of_the_machine_is_read_from_tz(
    monkeypatch: pytest.MonkeyPatch, named: str, zone: str
) -> None:
    monkeypatch.setenv("TZ", named)
    assert machine_zone() == zone


def test_the_zone_of_the_machine_is_read_from_its_link(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = tmp_path / "zoneinfo" / "America" / "Lima"
    there.parent.mkdir(parents=True)
    there.touch()
    (tmp_path / "localtime").symlink_to(there)
    monkeypatch.setenv("TZ", f":{tmp_path / 'localtime'}")
    assert machine_zone() == "America/Lima"


def test_another_zone_for_another_machine(project: Path) -> None:
    with pytest.raises(BadInputError, match="Asia/Tokyo"):
        export("cron", "weekly", "--zone", "Asia/Tokyo")
