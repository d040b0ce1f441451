"""The doctor: each thing that can be wrong is found and named with the way out, and health is said too."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rehearsal import START, Stage, breaks, finishes, stage, swift

from toolkit.schedule import install_timer, lease
from toolkit.schedule.doctor import Finding, examine, exit_of
from toolkit.schedule.lease import folder_clock, take
from toolkit.schedule.process import this

__all__ = ["swift"]

CONFIG = """
[[schedule]]
name = "loans"
run = "audit loans.csv --sensitive race"
cron = "17 * * * *"
"""


@pytest.fixture
def loans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("toolkit.schedule.install_crontab.holds", lambda path: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    made = stage(tmp_path).later(minutes=20)
    (tmp_path / "toolkit.toml").write_text(CONFIG, "utf-8")
    made.tick()
    return made


def findings(loans: Stage, *, at: datetime | None = None, room: int = 0) -> list[Finding]:
    return examine(loans.folder / "toolkit.toml", at=at or loans.now, room=room)


def look(loans: Stage) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings(loans)}


def bad(loans: Stage, *, at: datetime | None = None, room: int = 0) -> dict[str, str]:
    found = findings(loans, at=at, room=room)
    return {one.what: one.text for one in found if one.level in ("trouble", "configuration")}


def test_a_schedule_that_is_well_is_said_to_be(loans: Stage) -> None:
    found = look(loans)
    assert {finding.level for finding in found.values()} == {"fine"}
    assert set(found) == {
        "configuration",
        "zones",
        "state folder",
        "lock",
        "timer",
        "heartbeat",
        "loans",
        "history",
    }
    assert exit_of(list(found.values())) == 0
    assert json.dumps([finding.plain() for finding in found.values()])


def test_it_writes_nothing(loans: Stage) -> None:
    before = {path: path.stat().st_mtime_ns for path in loans.folder.rglob("*") if path.is_file()}
    look(loans)
    assert {path: path.stat().st_mtime_ns for path in loans.folder.rglob("*") if path.is_file()} == before


def test_a_configuration_that_is_wrong_is_named_by_its_line(loans: Stage) -> None:
    (loans.folder / "toolkit.toml").write_text(CONFIG.replace("cron =", "cronn ="), "utf-8")
    found = findings(loans)
    assert exit_of(found) == 2
    assert "line 5" in found[0].text
    (loans.folder / "toolkit.toml").write_text("[[schedule", "utf-8")
    assert exit_of(findings(loans)) == 2


def test_no_configuration_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (finding,) = examine(at=START)
    assert finding.level == "configuration"


def test_a_schedule_that_nobody_calls_is_found_by_the_jobs_own_rhythm(loans: Stage) -> None:
    assert bad(loans, at=loans.now + timedelta(hours=1)) == {}  # due three minutes ago: be patient
    found = bad(loans, at=loans.now + timedelta(hours=2))
    assert "nothing calls run-due any more" in found["heartbeat"]
    assert "has not run" in found["loans"]


def test_what_calls_run_due_on_this_machine_is_said(
    loans: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "the crontab has a line" in look(loans)["timer"].text
    monkeypatch.setattr("toolkit.schedule.install_crontab.holds", lambda path: False)
    assert look(loans)["timer"].level == "note"
    _, timer = install_timer.units(tmp_path / "toolkit.toml")
    timer.parent.mkdir(parents=True)
    timer.write_text("[Timer]", "utf-8")
    assert timer.name in look(loans)["timer"].text


def test_a_rare_job_does_not_make_silence_a_fault(tmp_path: Path) -> None:
    yearly = stage(tmp_path, cron="17 3 1 1 *")
    (tmp_path / "toolkit.toml").write_text(CONFIG.replace("17 * * * *", "17 3 1 1 *"), "utf-8")
    yearly.tick()
    assert bad(yearly, at=yearly.now + timedelta(days=200)) == {}


def test_where_no_tick_ever_came_the_way_to_have_one_is_named(
    loans: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    loans.home.heartbeat.unlink()
    assert "within ten minutes; if nothing comes, look at the log" in bad(loans)["heartbeat"]
    monkeypatch.setattr("toolkit.schedule.install_crontab.holds", lambda path: False)
    assert "toolkit schedule install" in bad(loans)["heartbeat"]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (None, "attempt 1 did not finish: it runs, or was cut off"),
        (143, "attempt 1 did not finish: it runs, or was cut off"),
        (0, "attempt 1 finished and would be recorded"),
    ],
)
def test_an_attempt_that_was_told_to_end_is_not_one_that_finished(
    loans: Stage, code: int | None, state: str
) -> None:
    staging = loans.home.staging("loans", "20260302T091700Z", 1)
    staging.mkdir(parents=True)
    if code is not None:
        (staging / "exit.json").write_text(json.dumps({"exit": code}), "utf-8")
    assert look(loans)["loans 20260302T091700Z"].text == state


@pytest.mark.parametrize("text", ['{"at": 3, "next_due": []}', "no JSON", "[]"])
def test_a_damaged_heartbeat_is_said(loans: Stage, text: str) -> None:
    loans.home.heartbeat.write_text(text, "utf-8")
    assert bad(loans)["heartbeat"].endswith("is damaged; the next tick writes it anew")


def test_a_clock_that_went_back_is_found(loans: Stage) -> None:
    assert "still to come" in bad(loans, at=loans.now - timedelta(hours=5))["clock"]


def test_a_last_run_that_failed_is_told_with_its_reason(loans: Stage) -> None:
    loans.set(finishes(2, document=None, said="loans.csv: there is no such file")).later(hours=1).tick()
    found = bad(loans)
    assert "refused: loans.csv: there is no such file (log: loans/20260302T091700Z/log.txt)" in found["loans"]


def test_a_run_that_is_being_tried_is_noted(loans: Stage) -> None:
    loans.set(breaks()).later(hours=1).tick()
    found = look(loans)["loans 20260302T091700Z"]
    assert (found.level, found.text) == ("note", "1 attempt failed so far")


def test_too_little_room_is_found_before_a_run_is(loans: Stage) -> None:
    assert "nothing is run until there is room" in bad(loans, room=2**62)["state folder"]


def test_a_folder_that_cannot_be_written_is_found(loans: Stage) -> None:
    loans.home.path.rename(loans.home.path.with_name("away"))
    loans.config.root.rename(loans.folder / "reports-away")
    loans.config.root.write_text("a file", "utf-8")
    assert "cannot be written" in bad(loans)["state folder"]


def test_who_holds_the_folder_is_told_and_a_dead_holder_too(loans: Stage) -> None:
    folder = loans.home.path / "leases"
    held = take(folder, replace(this("beta"), pid=4_000_000))
    assert "process 4000000 on beta is at work" in look(loans)["lock"].text
    held.free()
    take(folder, replace(this(), started="1"))
    assert "was killed at work" in look(loans)["lock"].text
    assert folder_clock(folder) > 0
    assert lease.standing(folder) is not None


def test_a_damaged_document_is_found(loans: Stage) -> None:
    (packed,) = (loans.home.path / "documents" / "loans").glob("*.gz")
    packed.write_bytes(b"rubbish")
    assert "damaged" in bad(loans)["history"]


def test_a_job_that_is_turned_off_is_no_fault(loans: Stage) -> None:
    (loans.folder / "toolkit.toml").write_text(CONFIG + "enabled = false\n", "utf-8")
    assert bad(loans, at=loans.now + timedelta(days=9)) == {}
