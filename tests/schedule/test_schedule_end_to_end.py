"""The whole of it once, for real: a project, the command line, an audit in its process, what it leaves."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

CONFIG = """
root = "out"

[[schedule]]
name = "loans"
run = "audit loans.csv --target approved --positive 1 --sensitive race"
cron = "17 3 * * *"
timezone = "Europe/Berlin"
gate = ["gap", "change"]
baseline = "previous"
keep = 2

[[schedule]]
name = "lost"
run = "audit nowhere.csv --sensitive race"
cron = "17 3 * * *"
timezone = "Europe/Berlin"

[[schedule]]
name = "belief"
run = "check misconceptions --only M002 --effort full --no-cache"
cron = "25 2 3 3 *"
"""


def toolkit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toolkit", "schedule", *words], cwd=folder, capture_output=True, text=True
    )


def write_loans(path: Path, gap: float) -> None:
    chance = random.Random(4)
    rows = ["race,approved"]
    for number in range(3000):
        race = "black" if number % 3 == 0 else "white"
        rows.append(f"{race},{int(chance.random() < (0.85 - gap * (race == 'black')))}")
    path.write_text("\n".join(rows) + "\n", "utf-8")


@pytest.mark.slow
def test_a_project_is_scheduled_run_compared_stopped_and_examined(tmp_path: Path) -> None:
    (tmp_path / "toolkit.toml").write_text(CONFIG, "utf-8")
    write_loans(tmp_path / "loans.csv", 0.0)
    assert toolkit(tmp_path, "run-due", "--at=2026-03-02T02:00:00Z").stdout == ""

    first = toolkit(tmp_path, "run-due", "--at=2026-03-02T02:20:00Z")
    assert first.returncode == 2, first.stderr  # of the job whose table is not there
    assert "loans 20260302T021700Z: done: loans/20260302T021700Z/report.html" in first.stdout
    assert "refused (nowhere.csv: there is no such file" in first.stdout
    home, output = tmp_path / "out" / ".toolkit", tmp_path / "out" / "loans"
    record = json.loads((home / "records" / "loans" / "20260302T021700Z.json").read_text("utf-8"))
    data = gzip.decompress((home / "documents" / "loans" / "20260302T021700Z.json.gz").read_bytes())
    assert hashlib.sha256(data).hexdigest() == record["document"]["sha256"]
    assert record["points"][0]["kind"] == "gap"
    assert (output / "latest.html").read_text("utf-8").lstrip().lower().startswith("<!doctype html>")
    assert "staging" not in (output / "20260302T021700Z" / "log.txt").read_text("utf-8")
    assert json.loads((home / "heartbeat.json").read_text("utf-8"))["exit"] == 2

    write_loans(tmp_path / "loans.csv", 0.4)
    second = json.loads(toolkit(tmp_path, "run-due", "--json", "--at=2026-03-03T02:20:00Z").stdout)
    (run,) = (run for run in second["runs"] if run["job"] == "loans")
    assert (run["outcome"], run["exit"]) == ("gate_failed", 1)
    assert run["reason"].startswith("The gate failed")

    _stop_one(tmp_path)
    state = home / "attempts" / "belief"
    (pending,) = state.glob("*.json")
    assert json.loads(pending.read_text("utf-8"))["attempts"][0]["reason"] == "the tick was told to end"

    doctor = toolkit(tmp_path, "doctor", "--at=2026-03-03T02:50:00Z")
    assert doctor.returncode == 3
    assert "BAD  lost: its last run" in doctor.stdout
    assert "records, documents and index agree" in doctor.stdout


def _stop_one(folder: Path) -> None:
    """Have a tick told to end in the middle of a check."""
    words = ["schedule", "run", "belief", "--if-due", "--at=2026-03-03T02:40:00Z"]
    tick = subprocess.Popen(
        [sys.executable, "-m", "toolkit", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not list(folder.glob("out/.toolkit/staging/belief/*/1/process.json")):
        assert tick.poll() is None
        threading.Event().wait(0.02)
    threading.Event().wait(1.0)
    tick.send_signal(signal.SIGTERM)
    _, said = tick.communicate(timeout=60)
    assert tick.returncode == 143
    assert b"Terminated" in said
