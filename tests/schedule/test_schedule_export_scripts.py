"""What the exported steps do when they run: the scripts of the workflow, the action and the GitLab job."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from export_fixture import exported, needed

REPOSITORY = Path(__file__).parents[2]
STAND_IN = """#!/bin/bash
for word in "$@"; do printf '%s\\n' "$word"; done >> "$LEDGER"
echo -- >> "$LEDGER"
if [ "$1" = schedule ] && [ -z "$NO_REPORT" ]; then
  mkdir -p reports/weekly && echo '<html>new</html>' > reports/weekly/latest.html
fi
while [ $# -gt 0 ]; do
  if [ "$1" = --output ] && [ -z "$NO_REPORT" ]; then
    mkdir -p "$2" && echo '# Rulings' > "$2/report.md" && echo '<html>new</html>' > "$2/report.html"
  fi
  shift
done
exit "${CODE_WANTED:-0}"
"""


class Runner:
    """A runner of GitHub Actions as far as a step's script sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "ledger"
        for name in ("programs", "workspace", "temp"):
            (folder / name).mkdir()
        program = folder / "programs" / "toolkit"
        program.write_text(STAND_IN)
        program.chmod(0o755)
        (folder / "programs" / "python").write_text('#!/bin/bash\nshift 2\nexec "${0%python}toolkit" "$@"\n')
        (folder / "programs" / "python").chmod(0o755)
        self.environment = {
            "PATH": f"{folder / 'programs'}:/usr/bin:/bin",
            "LEDGER": str(self.ledger),
            "RUNNER_TEMP": str(folder / "temp"),
            "GITHUB_WORKSPACE": str(folder / "workspace"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "TOOLKIT_PROGRAMS": str(folder / "programs"),
        }

    def step(self, step: dict[str, Any], **given: str) -> subprocess.CompletedProcess[str]:
        """Run one step as GitHub does: bash -eo pipefail, in the workspace."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / "workspace",
            env={**self.environment, **given},
            capture_output=True,
            text=True,
        )

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def calls(self) -> list[list[str]]:
        return [call.splitlines() for call in self.ledger.read_text().split("--\n") if call]


def steps_of(text: str, *way: str) -> dict[str, dict[str, Any]]:
    found: Any = yaml.safe_load(text)
    for key in way:
        found = found[key]
    return {step["name"]: step for step in found if "name" in step}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    if os.name != "posix":
        needed("bash")
    return Runner(tmp_path)


@pytest.fixture
def workflow() -> dict[str, dict[str, Any]]:
    text = next(iter(exported("github", command="toolkit").values()))
    return steps_of(text, "jobs", "report", "steps")


@pytest.fixture
def action() -> dict[str, dict[str, Any]]:
    return steps_of((REPOSITORY / "action.yml").read_text(encoding="utf-8"), "runs", "steps")


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_scheduled_run_shows_its_report_and_only_then_ends_with_its_code(
    runner: Runner, workflow: dict[str, dict[str, Any]], code: int
) -> None:
    built = runner.step(workflow["Build what is due"], DUE="--if-due", CODE_WANTED=str(code))
    assert built.returncode == 0, built.stderr
    shown = runner.step(workflow["Show the report"], LATEST="reports/weekly/latest.html")
    assert shown.returncode == 0, shown.stderr
    assert (runner.folder / "summary").read_text() == "# Rulings\n"
    assert Path(runner.outputs["page"]).read_text() == "<html>new</html>\n"
    assert Path(runner.outputs["page"]).name == "weekly.html"
    assert runner.calls[0] == ["schedule", "run", "weekly", "--if-due"]
    assert runner.step(workflow["Pass on the exit code"], CODE=runner.outputs["code"]).returncode == code
    assert list(workflow)[-1] == "Pass on the exit code"


def test_a_run_by_hand_does_not_ask_what_is_due(runner: Runner, workflow: dict[str, dict[str, Any]]) -> None:
    assert runner.step(workflow["Build what is due"], DUE="").returncode == 0
    assert runner.calls == [["schedule", "run", "weekly"]]


def test_a_run_without_a_report_keeps_none(runner: Runner, workflow: dict[str, dict[str, Any]]) -> None:
    runner.step(workflow["Build what is due"], NO_REPORT="1", CODE_WANTED="2")
    assert runner.step(workflow["Show the report"], LATEST="reports/weekly/latest.html").returncode == 0
    assert runner.outputs == {"code": "2"}


def test_the_history_is_kept_after_a_failure_too(workflow: dict[str, dict[str, Any]]) -> None:
    assert workflow["Keep the history"]["if"] == "always()"
    assert workflow["Keep the history"]["uses"].startswith("actions/cache/save@")


@pytest.mark.parametrize("code", [0, 1])
def test_the_action_runs_the_command_with_its_quotes_and_without_expanding_anything(
    runner: Runner, action: dict[str, dict[str, Any]], code: int
) -> None:
    command = "audit 'my table.csv' --sensitive \"marital status\" --target $(id) --positive '`id`'"
    built = runner.step(action["Build the report"], COMMAND=command, CODE_WANTED=str(code))
    assert built.returncode == 0, built.stderr
    assert runner.calls[0][:8] == [
        *("audit", "my table.csv", "--sensitive", "marital status"),
        *("--target", "$(id)", "--positive", "`id`"),
    ]
    assert runner.calls[0][-2:] == ["--format", "html,markdown"]
    shown = runner.step(action["Show the report"], NAME="loans")
    assert shown.returncode == 0, shown.stderr
    assert (runner.folder / "summary").read_text() == "# Rulings\n"
    assert Path(runner.outputs["page"]).name == "loans.html"
    assert runner.step(action["Pass on the exit code"], CODE=runner.outputs["code"]).returncode == code
    assert list(action)[-1] == "Pass on the exit code"


def test_an_earlier_report_of_the_same_workflow_is_not_shown_again(
    runner: Runner, action: dict[str, dict[str, Any]]
) -> None:
    runner.step(action["Build the report"], COMMAND="check misconceptions")
    (runner.folder / "output").unlink()
    runner.step(action["Build the report"], COMMAND="check misconceptions", NO_REPORT="1", CODE_WANTED="4")
    runner.step(action["Show the report"], NAME="report")
    assert runner.outputs == {"code": "4"}


def test_no_input_is_pasted_into_a_script(action: dict[str, dict[str, Any]]) -> None:
    assert [name for name, step in action.items() if "${{" in step.get("run", "")] == []


def test_the_action_installs_what_is_locked_with_its_hashes(action: dict[str, dict[str, Any]]) -> None:
    assert "--no-deps --require-hashes --requirement" in action["Install"]["run"]
    assert (REPOSITORY / "requirements.lock").is_file()
    assert action["Keep the report"]["with"]["archive"] is False


@pytest.mark.parametrize(("source", "tail"), [("schedule", ["--if-due"]), ("web", [])])
def test_the_gitlab_script_runs_in_its_folder_and_ends_with_the_code(
    runner: Runner, source: str, tail: list[str]
) -> None:
    job = yaml.safe_load(next(iter(exported("gitlab", command="toolkit").values())))["toolkit weekly"]
    script = "\n".join(["set -e", *job["script"][1:]])
    ended = subprocess.run(
        ["sh", "-c", script],
        cwd=runner.folder / "workspace",
        env={**runner.environment, "CI_PIPELINE_SOURCE": source, "CODE_WANTED": "3"},
    )
    assert ended.returncode == 3
    assert runner.calls == [["schedule", "run", "weekly", *tail]]
    assert f'"{source}"' in str(job["rules"])
