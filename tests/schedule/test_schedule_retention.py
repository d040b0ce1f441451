"""Old reports go, the newest and those that somebody refers to stay, and the history forgets nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rehearsal import Stage, finishes, stage, swift

from toolkit.report.markup import fingerprint

__all__ = ["swift"]


def kept(loans: Stage) -> list[str]:
    return sorted(path.name for path in (loans.config.root / "loans").iterdir() if path.is_dir())


def run(folder: Path, hours: int = 6, **keys: Any) -> Stage:
    loans = stage(folder, **keys)
    for _ in range(hours):
        loans.later(hours=1).tick()
    return loans


def test_without_limits_all_reports_stay(tmp_path: Path) -> None:
    assert len(kept(run(tmp_path))) == 6


def test_the_newest_reports_stay_and_every_record_and_document(tmp_path: Path) -> None:
    loans = run(tmp_path, keep=2)
    assert kept(loans) == ["20260302T121700Z", "20260302T131700Z"]
    assert len(loans.records()) == 6
    assert all(loans.history.document("loans", record["id"]) for record in loans.records())


def test_reports_older_than_so_many_days_go_but_never_the_newest(tmp_path: Path) -> None:
    loans = run(tmp_path, cron="17 3 * * *", keep_days=2, hours=0)
    for _ in range(5):
        loans.later(days=1).tick()
    assert kept(loans) == ["20260306T031700Z", "20260307T031700Z"]
    loans.later(days=300).tick()
    assert kept(loans) == ["20270101T031700Z"]


def test_a_run_that_failed_does_not_take_the_place_of_the_last_that_went_well(tmp_path: Path) -> None:
    loans = run(tmp_path, hours=2, keep=1).set(finishes(2, document=None))
    for _ in range(3):
        loans.later(hours=1).tick()
    assert kept(loans) == ["20260302T091700Z", "20260302T121700Z"]


def test_the_last_that_went_well_stays_however_old_while_others_fail(tmp_path: Path) -> None:
    loans = run(tmp_path, cron="17 3 * * *", keep_days=1, hours=0)
    loans.later(days=1).tick()
    loans.set(finishes(2, document=None))
    for _ in range(4):
        loans.later(days=1).tick()
    assert kept(loans) == ["20260303T031700Z", "20260307T031700Z"]


def test_both_limits_hold_together(tmp_path: Path) -> None:
    loans = run(tmp_path, keep=3, keep_days=1, hours=3)
    loans.later(days=3).tick()
    assert len(kept(loans)) == 1


def test_a_report_that_a_lock_file_or_a_baseline_names_stays(tmp_path: Path) -> None:
    loans = run(tmp_path, hours=2)
    (tmp_path / "toolkit.lock.toml").write_text('run = "reports/loans/20260302T081700Z"\n', "utf-8")
    loans.change(keep=1, baseline="reports/loans/20260302T091700Z/run.json")
    for _ in range(2):
        loans.later(hours=1).tick()
    assert kept(loans) == ["20260302T081700Z", "20260302T091700Z", "20260302T111700Z"]


def test_a_report_whose_findings_were_accepted_stays(tmp_path: Path) -> None:
    """`toolkit gate accept` names a run by the fingerprint of its document."""
    loans = run(tmp_path, hours=2)
    sha256 = fingerprint(loans.history.document("loans", "20260302T081700Z"))
    locks = f'[[accepted]]\nkey = "gap"\nrun = {{name = "loans", sha256 = "{sha256}"}}\n'
    (tmp_path / "toolkit.lock.toml").write_text(locks, "utf-8")
    loans.change(keep=1)
    for _ in range(2):
        loans.later(hours=1).tick()
    assert kept(loans) == ["20260302T081700Z", "20260302T111700Z"]


def test_the_report_just_made_stays_though_a_clock_was_ahead(tmp_path: Path) -> None:
    loans = run(tmp_path, hours=1, keep=1)
    loans.tick(at=loans.now + timedelta(days=30))
    loans.later(hours=1).tick()
    assert "20260302T091700Z" in kept(loans)


def test_what_is_no_report_of_the_job_is_not_touched(tmp_path: Path) -> None:
    loans = run(tmp_path, hours=1)
    output = loans.config.root / "loans"
    for name in ("20200101T000000Z", "notes", "m20200101T000000Z"):
        (output / name).mkdir()  # no record is known of these
    (output / "20260302T000000Z").symlink_to(output / "notes")
    loans.change(keep=1)
    loans.later(hours=1).tick()
    assert {"20200101T000000Z", "notes", "m20200101T000000Z", "20260302T000000Z"} <= set(kept(loans))


def test_a_kill_in_the_middle_of_it_is_made_good_by_the_next_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_given: object, **_named: object) -> None:
        raise Killed

    loans = run(tmp_path, hours=3, keep=9)
    loans.change(keep=1)
    with monkeypatch.context() as killed:
        killed.setattr("toolkit.schedule.retention.shutil", SimpleNamespace(rmtree=dies))
        with pytest.raises(Killed):
            loans.later(hours=1).tick()
    loans.later(minutes=10).tick()
    assert kept(loans) == ["20260302T111700Z"]
    assert loans.left() == []
