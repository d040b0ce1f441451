"""One tick at a time, on one machine and on several that share a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rehearsal import TERMS, Stage, finishes, stage, swift

from toolkit.records import BadInputError
from toolkit.schedule import lease
from toolkit.schedule.lease import LeasedError, folder_clock, standing, take
from toolkit.schedule.lock import HeldError, held, holder
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.process import Process, known, lives, this

__all__ = ["swift"]

OTHER = replace(this("beta"), pid=4_000_000)


def age(path: Path, seconds: float) -> None:
    """Have a file be touched so long ago, by the folder's own clock."""
    then = folder_clock(path.parent) - seconds
    os.utime(path, (then, then))


def test_this_process_lives_and_a_number_used_again_is_another_process() -> None:
    me = this()
    assert lives(me) is True
    assert known(json.loads(json.dumps(me.plain()))) == me
    assert lives(replace(me, started="1")) is False
    assert lives(replace(me, pid=4_194_303)) is False
    assert known({"host": "x"}) is None
    assert known([]) is None


def test_of_another_machine_boot_or_space_nothing_can_be_seen() -> None:
    me = this()
    assert lives(replace(me, host="beta")) is None
    assert lives(replace(me, boot="another")) is None
    assert lives(replace(me, space="pid:[1]")) is None


def test_a_dead_child_that_nobody_has_collected_does_not_live() -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    process = replace(this(), pid=child.pid, started="")
    assert lives(process) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert lives(process) is False
    child.communicate()


def test_a_lease_is_had_by_one_and_after_it_is_free_by_the_next(tmp_path: Path) -> None:
    mine = take(tmp_path, this())
    with pytest.raises(LeasedError, match=f"process {os.getpid()} on"):
        take(tmp_path, OTHER)
    assert mine.renew()
    mine.free()
    assert not mine.renew()
    theirs = take(tmp_path, OTHER)
    assert theirs.number == mine.number + 1
    assert [path.name for path in tmp_path.iterdir()] == ["2.json"]


def test_a_lease_of_a_process_that_is_gone_is_taken_over_at_once(tmp_path: Path) -> None:
    gone = take(tmp_path, replace(this(), started="1"))
    mine = take(tmp_path, this())
    assert not gone.ours()
    assert mine.ours()


def test_a_lease_of_another_machine_is_taken_over_only_after_its_silence(tmp_path: Path) -> None:
    theirs = take(tmp_path, OTHER)
    age(theirs.path, lease.STALE - 5)
    with pytest.raises(LeasedError, match="on beta"):
        take(tmp_path, this())
    assert theirs.renew()  # it was only slow, and says so
    age(theirs.path, lease.STALE + 5)
    mine = take(tmp_path, this())
    assert not theirs.renew()
    theirs.free()  # a late holder takes nothing away
    assert mine.ours()


def test_the_machines_clocks_say_nothing_about_a_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(tmp_path, OTHER)
    monkeypatch.setattr("time.time", lambda: 4e9)
    with pytest.raises(LeasedError):
        take(tmp_path, this())


def test_a_torn_lease_is_stale_by_its_age_alone(tmp_path: Path) -> None:
    (tmp_path / "7.json").write_bytes(b'{"tok')
    with pytest.raises(LeasedError, match="an unknown process"):
        take(tmp_path, this())
    age(tmp_path / "7.json", lease.STALE + 5)
    assert take(tmp_path, this()).number == 8


def test_of_many_that_find_a_stale_lease_exactly_one_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = take(tmp_path, OTHER)
    age(old.path, lease.STALE + 5)
    seen = standing(tmp_path)
    first = take(tmp_path, replace(this("gamma"), pid=4_000_001))
    monkeypatch.setattr(lease, "standing", lambda folder: seen)  # who looked before the first had it
    with pytest.raises(LeasedError):
        take(tmp_path, this())
    assert first.ours()


def test_who_was_very_slow_finds_that_numbers_went_on_and_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = take(tmp_path, OTHER)
    age(old.path, lease.STALE + 5)
    seen = standing(tmp_path)
    take(tmp_path, this()).free()
    third = take(tmp_path, this())  # number 3: number 2 is no longer there to be in the way
    monkeypatch.setattr(lease, "standing", lambda folder: seen)
    with pytest.raises(LeasedError):
        take(tmp_path, replace(this("gamma"), pid=4_000_001))
    assert third.ours()
    assert [path.name for path in tmp_path.iterdir()] == ["3.json"]


@pytest.mark.parametrize("links", [True, False])
def test_where_there_are_no_hard_links_a_lease_is_exclusive_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refused(*_paths: object) -> None:
        raise OSError(95, "Operation not supported")

    if not links:
        monkeypatch.setattr("os.link", refused)
    mine = take(tmp_path, OTHER)
    assert known(json.loads(mine.path.read_bytes())["holder"]) == OTHER
    with pytest.raises(FileExistsError):
        lease._make(mine, this())
    assert [path.name for path in tmp_path.iterdir()] == ["1.json"]


def test_a_full_disk_loses_nobody_the_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    with held(tmp_path, flock=False) as mine:
        monkeypatch.setattr("os.utime", full)
        mine.renew()
        monkeypatch.setattr("pathlib.Path.replace", full)
    monkeypatch.undo()
    assert holder(tmp_path) is None  # written over in place
    with held(tmp_path, flock=False) as mine:
        assert mine.lease.number == 2


def test_the_lock_holds_between_processes_and_is_let_go_by_a_kill(tmp_path: Path) -> None:
    with held(tmp_path):
        assert "process" in (holder(tmp_path) or "")
        with pytest.raises(HeldError, match=f"process {os.getpid()} on"), held(tmp_path):
            pass
    assert holder(tmp_path) is None
    script = (
        "import sys; from pathlib import Path; from toolkit.schedule.lock import held\n"
        "with held(Path(sys.argv[1])):\n    print('mine', flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline() == "mine\n"
    with pytest.raises(HeldError, match=f"process {child.pid} on"), held(tmp_path):
        pass
    child.kill()
    child.communicate()
    with held(tmp_path) as mine:
        assert mine.handle is not None
    assert child.returncode == -signal.SIGKILL


def two_machines(tmp_path: Path) -> tuple[Stage, Stage]:
    """Return two machines on one folder where the file system's lock does not reach from one to the other."""
    alpha = stage(tmp_path)
    alpha.terms = replace(TERMS, flock=False, me=this("alpha"))
    beta = Stage(alpha.folder, alpha.jobs, type(alpha.actor)(), alpha.now, replace(alpha.terms, me=OTHER))
    return alpha, beta


def test_on_two_machines_the_second_says_who_is_at_work_and_leaves(tmp_path: Path) -> None:
    alpha, beta = two_machines(tmp_path)
    beta.later(minutes=20)

    def meanwhile(staging: Path) -> Ended:
        second = beta.tick()
        assert second.held is not None
        assert "on alpha" in second.held
        assert second.exit == 0
        return finishes()(staging)

    alpha.set(meanwhile).later(minutes=20).tick()
    assert beta.actor.asked == []
    assert alpha.outcomes() == [("20260302T081700Z", "done")]


def test_a_holder_that_comes_back_too_late_publishes_nothing_over_the_second(tmp_path: Path) -> None:
    alpha, beta = two_machines(tmp_path)
    beta.set(finishes(document={"by": "beta"})).later(minutes=20)

    def sleeps(staging: Path) -> Ended:
        """The machine is suspended in mid-run; beta waits for its silence to last, and does the work."""
        ended = finishes(document={"by": "alpha"})(staging)
        (staging / "exit.json").unlink()  # it had not come so far
        (path,) = (alpha.home.path / "leases").glob("*.json")
        assert beta.tick().held
        age(path, lease.STALE + 5)
        result = beta.tick()
        assert [run["outcome"] for run in result.runs] == ["done"]
        return ended

    late = alpha.set(sleeps).later(minutes=20).tick()
    assert late.runs == []
    assert "another machine took the folder over" in " ".join(late.troubles)
    assert alpha.outcomes() == [("20260302T081700Z", "done")]
    assert alpha.history.document("loans", "20260302T081700Z") == {"by": "beta"}
    report = alpha.config.root / "loans" / "20260302T081700Z" / "run.json"
    assert json.loads(report.read_text("utf-8")) == {"by": "beta"}
    assert beta.tick().idle
    assert beta.left() == []


def test_even_two_holders_at_once_record_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alpha, beta = two_machines(tmp_path)
    beta.later(minutes=20)
    monkeypatch.setattr(lease.Lease, "renew", lambda self: True)  # neither notices that it lost the lease

    def meanwhile(staging: Path) -> Ended:
        (path,) = (alpha.home.path / "leases").glob("*.json")
        age(path, lease.STALE + 5)
        assert beta.tick().runs
        staging.mkdir(parents=True)  # beta has cleaned up behind it
        return finishes(document={"by": "alpha"})(staging)

    result = alpha.set(meanwhile).later(minutes=20).tick()
    assert "has recorded 20260302T081700Z already" in result.skipped[0]["reason"]
    assert len(alpha.records()) == 1
    beta.tick()
    assert alpha.left() == []


def test_an_attempt_of_a_dead_machine_counts_as_interrupted_and_is_made_again(tmp_path: Path) -> None:
    alpha, beta = two_machines(tmp_path)

    class PowerCut(BaseException):
        """Nothing is written any more."""

    def dies(staging: Path) -> Ended:
        (staging / "process.json").write_text(json.dumps(this("alpha").plain()), "utf-8")
        raise PowerCut

    alpha.set(dies).later(minutes=20)
    with pytest.MonkeyPatch.context() as nothing:
        nothing.setattr("toolkit.schedule.running.after", lambda *given: None)
        nothing.setattr(lease.Lease, "free", lambda self: None)
        with pytest.raises(PowerCut):
            alpha.tick()
    (path,) = (alpha.home.path / "leases").glob("*.json")
    beta.later(minutes=25)
    assert beta.tick().held
    age(path, lease.STALE + 5)
    beta.tick()
    beta.later(minutes=1).tick()
    (record,) = beta.records()
    assert record["outcome"] == "done"
    assert [one["host"] for one in record["attempts"]] == ["alpha", "beta"]
    assert "the tick that ran it was killed" in record["attempts"][0]["reason"]


def test_what_beta_is_called_is_another_machine() -> None:
    assert isinstance(OTHER, Process)
    assert lives(OTHER) is None


@pytest.mark.parametrize("file", [".toolkit", "."])
def test_a_file_in_the_place_of_the_state_folder_is_named_with_the_way_out(tmp_path: Path, file: str) -> None:
    root = tmp_path / "reports"
    wrong = root / file
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_text("", "utf-8")
    with pytest.raises(BadInputError, match=f"{wrong} is a file, .*--root"), held(root / ".toolkit"):
        pass
