"""The documented third-party belief, installed as its user would and found by its entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent / "examples" / "best-fit"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(folder), str(EXAMPLE)], check=True)
    return folder


def toolkit(installed: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "TOOLKIT_CACHE": str(tmp_path / "cache"),
        "NO_COLOR": "1",
    }
    command = [sys.executable, "-m", "toolkit", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_installed_belief_is_listed(installed: Path, tmp_path: Path) -> None:
    listed = toolkit(installed, tmp_path, "check", "misconceptions", "--list")
    assert listed.returncode == 0, listed.stderr
    assert "X001" in listed.stdout
    assert "fits its training data best" in listed.stdout


@pytest.mark.slow
def test_the_installed_belief_is_run_judged_and_reported(installed: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    done = toolkit(
        installed,
        tmp_path,
        "check",
        "misconceptions",
        "--only",
        "X001",
        "--effort",
        "quick",
        "--output",
        str(out),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((out / "run.json").read_text("utf-8"))
    (belief,) = document["experiments"]
    rulings = {claim["id"]: claim["pooled"]["ruling"] for claim in belief["claims"]}
    assert rulings["best-fit-predicts-best"] == "refuted"
    assert belief["ruling"] == "refuted"
    assert "fits its training data best" in (out / "report.html").read_text("utf-8")
