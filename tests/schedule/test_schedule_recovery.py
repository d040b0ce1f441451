"""What a killed tick leaves is brought in order by the next, from whichever moment it was killed at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rehearsal import Stage, breaks, finishes, stage, swift

from toolkit.history import History
from toolkit.schedule import publishing, running
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.process import this

__all__ = ["swift"]

RUN = "20260302T081700Z"


class Killed(BaseException):
    """The process is gone: no `except` and no `finally` of ours counts after this."""


@pytest.fixture
def loans(tmp_path: Path) -> Stage:
    return stage(tmp_path).later(minutes=18)


@pytest.fixture
def kill_at(loans: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a tick killed where it calls something."""

    def kill(owner: object, name: str, *, after: bool = False) -> None:
        real = getattr(owner, name)

        def instead(*given: object, **named: object) -> object:
            if after:
                real(*given, **named)
            monkeypatch.setattr(owner, name, real)
            raise Killed

        monkeypatch.setattr(owner, name, instead)
        with pytest.raises(Killed):
            loans.tick()

    return kill


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (running, "after"),
        (History, "publish"),
        (publishing, "_moved"),
        (publishing, "_tidy"),
        (publishing, "latest"),
        (publishing, "forget"),
    ],
)
def test_killed_anywhere_after_the_run_nothing_is_lost_and_nothing_runs_again(
    loans: Stage, kill_at: Callable[..., None], owner: object, name: str, after: bool
) -> None:
    kill_at(owner, name, after=after)
    loans.later(minutes=10).tick()
    assert loans.outcomes() == [(RUN, "done")]
    assert len(loans.actor.asked) == 1
    assert loans.history.document("loans", RUN)
    folder = loans.config.root / "loans" / RUN
    assert {path.name for path in folder.iterdir()} == {"run.json", "report.html", "log.txt"}
    assert (folder.parent / "latest.html").is_file()
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    assert loans.left() == []
    assert loans.tick().idle


def test_killed_in_the_middle_of_the_run_it_is_an_attempt_that_was_cut_off(loans: Stage) -> None:
    def dies(staging: Path) -> Ended:
        (staging / "run.json").write_text("{", "utf-8")
        raise Killed

    loans.set(dies, finishes())
    with pytest.MonkeyPatch.context() as nothing:
        nothing.setattr("toolkit.schedule.running.after", lambda *given: None)
        with pytest.raises(Killed):
            loans.tick()
    assert loans.home.staging("loans", RUN, 1).is_dir()
    result = loans.later(minutes=1).tick()
    assert [run["attempts"] for run in result.runs] == [2]
    (record,) = loans.records()
    assert "the tick that ran it was killed" in record["attempts"][0]["reason"]
    assert loans.left() == []


def test_a_finished_attempt_that_failed_in_passing_is_tried_again_and_not_published(loans: Stage) -> None:
    loans.set(finishes(3), finishes())
    with pytest.MonkeyPatch.context() as nothing:
        nothing.setattr("toolkit.schedule.running.after", lambda *given: None)
        loans.tick()
    loans.tick()
    assert loans.records() == []
    loans.later(minutes=6).tick()
    (record,) = loans.records()
    assert [one["exit"] for one in record["attempts"]] == [3, 0]


def test_an_attempt_that_still_lives_is_waited_for_and_then_recorded(loans: Stage) -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    staging = loans.home.staging("loans", RUN, 1)

    def orphaned(folder: Path) -> Ended:
        plain = replace(this(), pid=child.pid, started="").plain()
        (folder / "process.json").write_text(json.dumps(plain), "utf-8")
        return Ended(None)

    loans.set(orphaned)
    with pytest.MonkeyPatch.context() as nothing:
        nothing.setattr("toolkit.schedule.running.after", lambda *given: None)
        loans.tick()
    result = loans.tick()
    assert f"process {child.pid}" in result.skipped[0]["reason"]
    assert len(loans.actor.asked) == 1
    finishes()(staging)
    child.communicate()
    loans.tick()
    assert loans.outcomes() == [(RUN, "done")]
    assert loans.records()[0]["attempts"][0]["pid"] == child.pid
    assert len(loans.actor.asked) == 1


def test_a_damaged_state_is_set_aside_and_made_again_from_the_attempts_themselves(loans: Stage) -> None:
    loans.set(breaks(), finishes()).tick()
    about = loans.home.staging("loans", RUN, 1) / "attempt.json"
    pending = loans.home.attempts("loans", RUN)
    plain = json.loads(pending.read_text("utf-8")) | {"attempts": [], "next_try": None}
    about.write_text(json.dumps({"pending": plain, "started": "2026-03-02T08:18:00+00:00"}), "utf-8")
    pending.write_text('{"schema": "toolk', "utf-8")
    result = loans.later(minutes=10).tick()
    assert "was damaged; it is kept as" in result.troubles[0]
    (record,) = loans.records()
    assert record["outcome"] == "done"
    assert [one["number"] for one in record["attempts"]] == [1, 2]
    assert (pending.parent / f"{RUN}.json.damaged-1").read_text("utf-8") == '{"schema": "toolk'


@pytest.mark.parametrize("damage", ["[]", "null", '{"schema": "toolkit.attempts/1"}', "{}", "\x00", '"x"'])
def test_a_damaged_state_of_which_nothing_is_left_only_begins_the_run_anew(loans: Stage, damage: str) -> None:
    loans.set(breaks(), finishes()).tick()
    shutil.rmtree(loans.home.path / "staging")
    loans.home.attempts("loans", RUN).write_text(damage, "utf-8")
    result = loans.tick()
    if damage != "null":
        assert "was damaged" in result.troubles[0]
    assert loans.outcomes() == [(RUN, "done")]


def test_a_staging_folder_that_says_nothing_is_removed(loans: Stage) -> None:
    loans.home.staging("loans", RUN, 1).mkdir(parents=True)
    loans.tick()
    assert loans.outcomes() == [(RUN, "done")]
    assert loans.left() == []


def test_names_that_are_none_in_the_state_folder_are_left_alone(loans: Stage) -> None:
    odd = loans.home.path / "staging" / "Loans!" / "yesterday"
    odd.mkdir(parents=True)
    (loans.home.path / "attempts" / "loans").mkdir(parents=True)
    (loans.home.path / "attempts" / "loans" / "notes.json").write_text("{}", "utf-8")
    assert loans.tick().exit == 0
    assert odd.is_dir()


def test_a_job_that_was_taken_out_has_its_open_run_closed(loans: Stage) -> None:
    loans.set(breaks("it was killed by SIGKILL")).tick()
    loans.jobs = ()
    result = loans.later(minutes=1).tick()
    (record,) = loans.records()
    assert record["outcome"] == "interrupted"
    assert "the job is no longer in the configuration" in record["reason"]
    assert result.exit == 3
    assert loans.left() == []


def test_a_job_that_was_taken_out_still_gets_the_record_of_what_it_finished(loans: Stage) -> None:
    with pytest.MonkeyPatch.context() as nothing:
        nothing.setattr("toolkit.schedule.running.after", lambda *given: None)
        loans.tick()
    loans.jobs = ()
    loans.tick()
    assert loans.outcomes() == [(RUN, "done")]
    assert (loans.config.root / "loans" / RUN / "report.html").is_file()


def test_a_job_that_was_renamed_closes_the_old_and_misses_nothing(loans: Stage) -> None:
    loans.set(breaks(), finishes()).tick()
    loans.change(name="mortgages")
    loans.later(minutes=5).tick()
    assert loans.outcomes("loans") == [(RUN, "interrupted")]
    assert loans.outcomes("mortgages") == [(RUN, "done")]  # within the ten minutes that are looked back
    loans.later(hours=1).tick()
    assert [run for run, _ in loans.outcomes("mortgages")][-1] == "20260302T091700Z"


def test_jobs_of_another_configuration_on_the_same_folder_are_not_judged(loans: Stage) -> None:
    loans.set(breaks(), finishes()).tick()
    folder = loans.folder / "other"
    folder.mkdir()
    other = Stage(folder, (), type(loans.actor)(), loans.now)
    home = loans.config
    (folder / "toolkit.toml").write_text("", "utf-8")

    class Elsewhere(Stage):
        @property
        def config(self):  # type: ignore[no-untyped-def]
            return replace(home, path=folder / "toolkit.toml", jobs=())

    other.__class__ = Elsewhere
    other.tick()
    assert loans.records() == []
    loans.later(minutes=6).tick()
    assert loans.outcomes() == [(RUN, "done")]


def test_while_a_job_cannot_be_read_its_open_run_is_kept(loans: Stage) -> None:
    jobs = loans.jobs
    loans.set(breaks(), finishes()).tick()
    loans.jobs = ()
    result = loans.tick(troubles=["toolkit.toml, line 3: there is no key 'cronn'"])
    assert result.exit == 2
    loans.jobs = jobs
    loans.later(minutes=6).tick()
    assert loans.outcomes() == [(RUN, "done")]


def test_a_run_by_hand_that_was_cut_off_is_recorded_and_not_tried_again(loans: Stage) -> None:
    loans.tick()
    loans.set(breaks())
    with pytest.MonkeyPatch.context() as nothing:
        nothing.setattr("toolkit.schedule.running.after", lambda *given: None)
        loans.by_hand("loans")
    asked = len(loans.actor.asked)
    loans.tick()
    assert loans.outcomes()[-1] == ("m20260302T081800Z", "interrupted")
    assert len(loans.actor.asked) == asked


def test_drafts_of_a_killed_tick_are_swept(loans: Stage) -> None:
    loans.tick()
    places = (
        "jobs/.loans.json.77",
        ".heartbeat.json.78",
        "leases/.draft.0",
        "leases/.clock.1",
        "records/loans/.x.0.part",
    )
    drafts = [loans.home.path / name for name in places]
    for draft in drafts:
        draft.write_bytes(b"")
    output = loans.config.root / "loans"
    (output / ".20260301T081700Z.removed").mkdir()
    (output / ".latest.html.99").write_bytes(b"")
    loans.later(hours=1).tick()
    assert [draft for draft in drafts if draft.exists()] == []
    loans.change(keep=1)
    loans.later(hours=1).tick()
    assert [path.name for path in output.iterdir() if path.name.startswith(".")] == []


def test_a_draft_of_the_history_that_is_young_may_be_somebody_s(loans: Stage) -> None:
    loans.tick()
    loans.terms = replace(loans.terms, left_behind=900.0)
    young, old = (loans.home.path / "records" / "loans" / f".x.{name}.part" for name in ("young", "old"))
    for draft in (young, old):
        draft.write_bytes(b"")
    os.utime(old, (0, 0))
    loans.later(hours=1).tick()
    assert (young.exists(), old.exists()) == (True, False)


def test_what_is_not_what_a_record_tells_of_is_not_laid_in_its_place(loans: Stage) -> None:
    loans.tick()
    target, staging = loans.config.root / "loans" / RUN, loans.home.staging("loans", RUN, 1)
    (pending,) = (attempt.pending for _, attempt in loans.actor.asked)
    shutil.rmtree(target)
    staging.mkdir(parents=True)
    (staging / "attempt.json").write_text(json.dumps({"pending": pending}), "utf-8")
    (staging / "run.json").write_text('{"made": "elsewhere"}', "utf-8")
    loans.later(minutes=10).tick()
    assert not target.exists()
    assert loans.left() == []


def test_a_draft_that_is_finished_while_drafts_are_swept_is_nobodys_trouble(
    loans: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = loans.home.path / "records" / "loans" / ".x.0.part"
    monkeypatch.setattr("toolkit.schedule.home._files", lambda folder, name: [gone])
    loans.tick()
    loans.later(hours=1).tick()
    assert len(loans.records()) == 2


def test_a_damaged_index_is_said_and_the_tick_goes_on(loans: Stage) -> None:
    loans.tick()
    store = loans.home.path / "history.sqlite"
    store.write_bytes(b"no database at all" * 1000)
    for name in ("history.sqlite-wal", "history.sqlite-shm"):
        (loans.home.path / name).unlink(missing_ok=True)
    result = loans.later(hours=1).tick()
    assert [run["outcome"] for run in result.runs] == ["done"]
    assert "index" in " ".join(result.troubles)
    assert len(loans.records()) == 2


def test_across_file_systems_a_report_is_copied_whole(loans: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.rename

    def across(self: Path, target: Path) -> Path:
        if "staging" in self.parts:
            raise OSError(18, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", across)
    loans.tick()
    folder = loans.config.root / "loans" / RUN
    assert (folder / "report.html").is_file()
    assert loans.left() == []


def test_a_folder_that_is_taken_is_not_written_over(loans: Stage) -> None:
    taken = loans.config.root / "loans" / RUN
    taken.mkdir(parents=True)
    (taken / "mine.txt").write_text("keep", "utf-8")
    loans.tick()
    (record,) = loans.records()
    assert record["report"] == f"loans/{RUN}-2/report.html"
    assert (loans.config.root / record["report"]).is_file()
    assert [path.name for path in taken.iterdir()] == ["mine.txt"]


def test_a_document_that_is_odd_costs_its_figures_and_never_its_record(loans: Stage) -> None:
    loans.set(finishes(document={"schema": "toolkit.audit/1"}))
    result = loans.tick()
    assert loans.records()[0]["points"] == []
    assert "no figures for the trend" in " ".join(result.troubles)
