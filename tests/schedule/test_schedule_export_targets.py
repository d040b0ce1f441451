"""Each target's files: as the golden ones, accepted by the target's validator, true to hostile names."""

from __future__ import annotations

import ast
import itertools
import os
import plistlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from check_jsonschema.cli.main_command import main as check_jsonschema
from click.testing import CliRunner
from export_fixture import HOSTILE, PROGRAM, exported, needed

from toolkit.records import BadInputError
from toolkit.schedule.exports import TARGETS

GOLDEN = Path(__file__).parents[1] / "golden" / "exports"
REPOSITORY = Path(__file__).parents[2]
WORDS = ["schedule", "run", "weekly", "--if-due"]


@pytest.fixture(params=HOSTILE)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a folder with a name that means something to somebody."""
    made = tmp_path / str(request.param)
    made.mkdir()
    return made


def validated(schema: str, path: Path) -> None:
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(path)])
    assert done.exit_code == 0, done.output


def only(files: dict[str, str]) -> str:
    assert len(files) == 1
    return next(iter(files.values()))


def stored(name: str) -> str:
    """Return a golden file's name: Python's get another ending, or the house's own linter would read them."""
    return f"{name}.txt" if name.endswith(".py") else name


@pytest.mark.parametrize("target", TARGETS)
def test_the_files_are_the_golden_ones(target: str) -> None:
    """UPDATE_GOLDEN=1 writes them anew; read what changed before you commit it."""
    files = exported(target)
    for name, text in files.items():
        golden = GOLDEN / stored(name)
        if os.environ.get("UPDATE_GOLDEN") == "1":
            golden.write_text(text, encoding="utf-8")
        assert text == golden.read_text(encoding="utf-8")


def test_every_golden_file_is_one_that_a_target_writes() -> None:
    written = itertools.chain.from_iterable(exported(target) for target in TARGETS)
    assert {path.name for path in GOLDEN.iterdir()} == {stored(name) for name in written}


TRAPS = {
    "systemd": ("Persistent=", "enable-linger", 'by "or"', "Europe/Berlin", "journalctl", "No mail"),
    "cron": ("CRON_TZ", "Mail: none", "absolute", "percent sign", "lock", "@reboot", "makes up nothing"),
    "launchd": ("slept", "off", "time zone", "RunAtLoad", "No mail", "absolute", "Documents"),
    "github": ("60 days", "default branch", "full hours", "UTC", "cancel-in-progress: false", "timezone:"),
    "gitlab": ("resource_group", "cronTimeZone", "person", "not made up", "distributed", "your other jobs"),
    "kubernetes": ("100", "Forbid", "timeZone", "startingDeadlineSeconds", "summer time", "15 minutes"),
    "airflow": ("catchup=False", "max_active_runs=1", "in Airflow 3", "odd minute"),
    "prefect": ("concurrency limit", "time zone", "nothing due", "odd minute"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_each_file_says_the_traps_of_its_target(target: str) -> None:
    said = " ".join("".join(exported(target).values()).replace("\n#", " ").split()).lower()
    assert [trap for trap in TRAPS[target] if trap.lower() not in said] == []


@pytest.mark.parametrize("target", ["cron", "launchd", "kubernetes"])
def test_where_jobs_share_a_folder_their_one_lock_is_spoken_of(target: str) -> None:
    said = " ".join("".join(exported(target).values()).replace("#", " ").split())
    assert "minutes of its own" in said
    assert ("Second tries: none" in said) is (target != "kubernetes")  # whose Job makes some


@pytest.mark.parametrize("target", ["cron", "github"])
def test_a_full_hour_is_spoken_of(target: str) -> None:
    assert "full hour is" not in only(exported(target))
    assert "full hour is" in only(exported(target, cron="0 3 * * 1")).lower()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["line\nbreak", "tab\there", "bell\x07", "half\udc80", "\u2028"])
def test_what_no_schedule_can_hold_in_a_line_is_refused_and_not_broken(target: str, name: str) -> None:
    with pytest.raises(BadInputError, match=r"line 3: .* cannot express job 'weekly': .*U\+.*; rename"):
        exported(target, Path("/srv") / name / "toolkit.toml")


def test_units_pass_systemds_own_reading_whatever_the_paths(folder: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        needed("systemd-analyze")
    called = folder / "toolkit"
    called.write_text("#!/bin/sh\n")
    called.chmod(0o755)
    files = exported("systemd", folder / "toolkit.toml", str(called), cron="17 3 1,15 * 1", jitter=600)
    # Their own names, so that a unit of this machine is not read in their place.
    for name, text in files.items():
        (folder / name.replace("toolkit-weekly", "probe-export")).write_text(
            text.replace("Unit=toolkit-weekly", "Unit=probe-export"), encoding="utf-8"
        )
    said = subprocess.run(
        [str(program), "verify", "./probe-export.service", "./probe-export.timer"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert (said.returncode, [line for line in said.stderr.splitlines() if "probe-export" in line]) == (0, [])
    assert files["toolkit-weekly.timer"].count("OnCalendar=") == 2
    assert "RandomizedDelaySec=600\nFixedRandomDelay=true\n" in files["toolkit-weekly.timer"]


def test_a_bound_on_restarts_never_stops_the_timer_itself() -> None:
    """systemd counts the timer's starts too: with instants nearer than the window it would refuse them."""
    weekly = exported("systemd")["toolkit-weekly.service"]
    window = int(re.findall(r"StartLimitIntervalSec=(\d+)", weekly)[0])
    assert window < 7 * 86400
    assert "StartLimitBurst=3\n" in weekly
    assert "RestartSec=600\n" in weekly  # the longest pause of 300 s, doubled once
    hourly = exported("systemd", cron="17 * * * *")["toolkit-weekly.service"]
    assert "Restart=no" in hourly
    assert "StartLimit" not in hourly
    assert "Restart=no" in exported("systemd", retries=0)["toolkit-weekly.service"]


def test_a_job_that_is_not_to_be_caught_up_is_not() -> None:
    assert "Persistent=false" in exported("systemd", catch_up=False)["toolkit-weekly.timer"]
    assert "@reboot" not in only(exported("cron", catch_up=False))
    assert plistlib.loads(only(exported("launchd", catch_up=False)).encode())["RunAtLoad"] is False
    cron_job = list(yaml.safe_load_all(only(exported("kubernetes", catch_up=False))))[1]
    assert cron_job["spec"]["startingDeadlineSeconds"] == 600


def test_a_crontab_line_runs_in_its_folder_whatever_its_name(folder: Path) -> None:
    called = folder / "toolkit"
    called.write_text('#!/bin/sh\npwd; printf "%s\\n" "$@"\n')
    called.chmod(0o755)
    text = only(exported("cron", folder / "toolkit.toml", str(called)))
    line = next(line for line in text.splitlines() if line.startswith("17 3 * * 1 "))
    assert re.search(r"(?<!\\)%", line) is None
    command = line.removeprefix("17 3 * * 1 ").replace("\\%", "%")  # as cron hands it to the shell
    subprocess.run(["/bin/sh", "-c", command], env={"PATH": "/usr/bin:/bin"}, cwd="/", check=True)
    log = (folder / "reports" / ".toolkit" / "cron-weekly.log").read_text()
    assert log.splitlines() == [str(folder), *WORDS]


def test_a_crontab_refuses_a_backslash_and_a_command_that_cron_would_cut() -> None:
    with pytest.raises(BadInputError, match="backslash"):
        exported("cron", Path("/srv/a\\b/toolkit.toml"))
    with pytest.raises(BadInputError, match="1000"):
        exported("cron", Path("/srv") / ("x" * 200) / ("y" * 200) / "toolkit.toml")


@pytest.mark.parametrize("target", ["cron", "launchd"])
def test_another_zone_than_the_machines_is_refused_and_utc_has_many_names(target: str) -> None:
    with pytest.raises(BadInputError, match=r"Europe/Berlin, the machine's is Asia/Tokyo.*systemd.*install"):
        exported(target, zone="Asia/Tokyo")
    assert exported(target, timezone="UTC", zone="Etc/UTC")


@pytest.mark.parametrize("target", ["systemd", "cron", "launchd"])
def test_a_command_that_is_not_absolute_is_refused_where_no_path_is_searched(target: str) -> None:
    with pytest.raises(BadInputError, match="not absolute"):
        exported(target, command="toolkit")


def test_a_launch_agent_reads_back_whatever_the_paths(folder: Path) -> None:
    text = only(exported("launchd", folder / "toolkit.toml", f"{folder}/toolkit"))
    read = plistlib.loads(text.encode("utf-8"))
    assert read["ProgramArguments"] == [f"{folder}/toolkit", *WORDS]
    assert read["WorkingDirectory"] == str(folder)
    assert read["StartCalendarInterval"] == [{"Hour": 3, "Minute": 17, "Weekday": 1}]
    assert "--" not in text.partition("<!--")[2].partition("-->")[0]


def test_the_workflow_and_the_action_fit_githubs_schemas(tmp_path: Path) -> None:
    (tmp_path / "workflow.yml").write_text(only(exported("github")), encoding="utf-8")
    validated("vendor.github-workflows", tmp_path / "workflow.yml")
    validated("vendor.github-actions", REPOSITORY / "action.yml")


def test_the_gitlab_job_fits_gitlabs_schema(tmp_path: Path) -> None:
    for retries in (0, 2, 9):
        (tmp_path / "ci.yml").write_text(only(exported("gitlab", retries=retries)), encoding="utf-8")
        validated("vendor.gitlab-ci", tmp_path / "ci.yml")


def test_the_validator_of_github_would_notice(tmp_path: Path) -> None:
    broken = only(exported("github")).replace("runs-on:", "run-on:")
    (tmp_path / "workflow.yml").write_text(broken, encoding="utf-8")
    with pytest.raises(AssertionError):
        validated("vendor.github-workflows", tmp_path / "workflow.yml")


def test_github_refuses_what_it_would_evaluate_and_what_comes_too_often(tmp_path: Path) -> None:
    folder = tmp_path / "a ${{ github.token }}"
    (folder / ".git").mkdir(parents=True)
    (folder / "in ${{ x }}").mkdir()
    with pytest.raises(BadInputError, match="evaluate"):
        exported("github", folder / "in ${{ x }}" / "toolkit.toml")
    with pytest.raises(BadInputError, match="five minutes"):
        exported("github", cron="*/4 * * * *")
    assert exported("github", cron="*/5 * * * *")


def test_paths_of_a_runner_are_those_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    source = tmp_path / "studies" / "toolkit.toml"
    workflow = only(exported("github", source))
    assert 'working-directory: "studies"' in workflow
    assert 'LATEST: "studies/reports/weekly/latest.html"' in workflow
    assert 'path: "studies/reports/.toolkit"' in workflow
    with pytest.raises(BadInputError, match="outside the checkout"):
        exported("github", source, output="/elsewhere")


def manifests(**changes: Any) -> Iterator[dict[str, Any]]:
    for document in yaml.safe_load_all(only(exported("kubernetes", **changes))):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
        yield document


def test_the_manifests_fit_kubernetes_own_schemas(folder: Path) -> None:
    claim, cron_job = manifests(source=folder / "toolkit.toml", command=f"{folder}/toolkit")
    spec = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["command"] == [f"{folder}/toolkit", *WORDS]
    assert spec["containers"][0]["workingDir"] == str(folder)
    assert spec["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


@pytest.mark.parametrize("cron", ["* * * * *", "*/5 * * * *", "17 3 * * 1", "0 0 1 1 *"])
def test_fewer_than_a_hundred_instants_fit_into_the_starting_deadline(cron: str) -> None:
    """With a hundred the controller would stop starting anything."""
    _, cron_job = manifests(cron=cron)
    deadline = cron_job["spec"]["startingDeadlineSeconds"]
    shortest = {"* * * * *": 60, "*/5 * * * *": 300}.get(cron, 86400)
    assert deadline / shortest < 100
    assert deadline >= 10


@pytest.mark.parametrize("name", ["a.b_c", "x" * 64, "ends-", "ends."])
def test_a_name_that_kubernetes_would_refuse_becomes_one_that_it_takes(name: str) -> None:
    called = [document["metadata"]["name"] for document in manifests(name=name)][1]
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])", called)
    assert called != [document["metadata"]["name"] for document in manifests(name=name[:-1] + "z")][1]


def test_kubernetes_refuses_reports_outside_its_volume() -> None:
    with pytest.raises(BadInputError, match="volume"):
        exported("kubernetes", output="/elsewhere")


@pytest.mark.parametrize("target", ["airflow", "prefect"])
def test_the_python_files_compile_and_hold_the_command_word_for_word(target: str, folder: Path) -> None:
    text = only(exported(target, folder / "toolkit.toml", f"{folder}/toolkit"))
    tree = ast.parse(text)
    compile(tree, target, "exec")
    held = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in {"COMMAND", "FOLDER", "FINAL"}
    }
    assert held == {
        "COMMAND": [f"{folder}/toolkit", *WORDS],
        "FOLDER": str(folder),
        "FINAL": (1, 2, 4, 5, 70),
    }


def test_a_seven_is_a_zero_where_a_week_ends_with_six() -> None:
    _, cron_job = manifests(cron="17 3 * * sat,7")
    assert cron_job["spec"]["schedule"] == "17 3 * * 0,6"


def test_the_schedule_of_gitlab_can_be_typed_as_it_stands() -> None:
    line = next(line for line in only(exported("gitlab")).splitlines() if "glab" in line)
    assert shlex.split(line.removeprefix("#"))[:3] == ["glab", "schedule", "create"]
    assert {"17 3 * * 1", "Europe/Berlin", "TOOLKIT_JOB:weekly"} <= set(shlex.split(line.removeprefix("#")))


def test_the_program_is_the_one_asked_for() -> None:
    assert all(PROGRAM in "".join(exported(target).values()) for target in TARGETS)
