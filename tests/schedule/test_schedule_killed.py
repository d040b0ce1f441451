"""Ticks that are killed at random moments lose nothing, tear nothing and do nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = Path("/dev/shm")  # a kill leaves the disk alone, so there is no need to wait for one
ROUNDS = Path(__file__).parents[1] / "stubs" / "killed_ticks.py"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork to kill")
def test_twenty_kills_at_random_moments_lose_tear_and_repeat_nothing() -> None:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        command = [sys.executable, str(ROUNDS), folder, "--kills=20", "--seed=5"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["violations"] == []
    assert sum(found["modes"].values()) == 20
    assert found["records"]["done"] > 5
    assert done.returncode == 0
