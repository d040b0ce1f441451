"""A run is written down whole or not at all, and once, whoever else writes and whoever is killed."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs_made import audit, by_hand, due, filled, ids, missed, run, small

from toolkit.history import History, documents, writing
from toolkit.records import BadInputError

KEYS = [
    *("schema", "job", "id", "kind", "due", "first_due", "count", "outcome", "exit", "reason", "started"),
    *("ended", "host", "attempts", "command", "report", "document", "inputs", "points", "gate", "watch"),
]


def files(home: Path) -> list[str]:
    return sorted(
        str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and "history.sqlite" not in p.name
    )


def test_a_published_run_is_read_back_as_it_was(tmp_path: Path) -> None:
    history = History(tmp_path / "state")
    assert history.publish(run(), audit())
    found = history.record("weekly", run()["id"])
    assert list(found) == KEYS
    assert {**found, **run()} == found
    assert documents.described(audit()) == found["document"]
    assert history.document("weekly", found["id"])["schema"] == "toolkit.audit/1"
    assert history.troubles == []


def test_nothing_is_touched_before_something_is_published(tmp_path: Path) -> None:
    history = History(tmp_path / "state")
    assert history.records() == history.jobs() == history.series("weekly") == history.check() == []
    assert not history.has("weekly", due(0))
    assert history.last_due("weekly", due(0)) is None
    assert list(tmp_path.iterdir()) == []


def test_the_second_to_publish_a_run_is_told_so_and_changes_nothing(tmp_path: Path) -> None:
    history = filled(tmp_path, run())
    before = {path: (tmp_path / path).read_bytes() for path in files(tmp_path)}
    assert not history.publish(run(outcome="failed", exit=3), small())
    assert {path: (tmp_path / path).read_bytes() for path in files(tmp_path)} == before
    assert history.record("weekly", run()["id"])["outcome"] == "done"


def test_the_same_document_makes_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        History(tmp_path / name).publish(run(), audit())
    path = f"documents/weekly/{run()['id']}.json.gz"
    assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def race(home: str, number: int, results: Any) -> None:
    """Publish the same thirty runs as everybody else, each with a document of its own."""
    history = History(Path(home))
    for day in range(30):
        results.put((day, number, history.publish(run(day, host=str(number)), small(f"{day} by {number}"))))


def test_of_processes_that_publish_the_same_run_exactly_one_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    workers = [context.Process(target=race, args=(str(tmp_path), number, results)) for number in range(3)]
    for worker in workers:
        worker.start()
    told = [results.get(timeout=60) for _ in range(90)]
    for worker in workers:
        worker.join()
    winners = {day: number for day, number, won in told if won}
    assert sorted(day for day, _, won in told if won) == list(range(30))
    history = History(tmp_path)
    for record in history.records("weekly", kind="run"):
        day = next(day for day in winners if run(day)["id"] == record["id"])
        assert record["host"] == str(winners[day])
        assert history.document("weekly", record["id"])["note"] == f"{day} by {winners[day]}"
    assert history.check() == []


def test_a_document_that_nobody_recorded_stands_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "documents" / "weekly" / f"{run()['id']}.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(documents.packed(small("killed before its record")))
    history = filled(tmp_path)
    assert ids(history) == []
    assert history.publish(run(), small("the run that counts"))
    assert history.document("weekly", run()["id"])["note"] == "the run that counts"
    assert documents.unpacked(path) == small("killed before its record")
    assert history.check() == []


HOSTILE = (
    "../evil",
    "..",
    ".",
    "",
    "/etc",
    "a/b",
    "A",
    "ä",
    "a\x00b",
    "a\n",
    "x" * 65,
    "-a",
    ".hidden",
    "a b",
)


@pytest.mark.parametrize("job", HOSTILE)
def test_a_job_name_that_leads_elsewhere_is_refused(job: str, tmp_path: Path) -> None:
    history = History(tmp_path / "state")
    for call in (
        lambda: history.publish(run(job=job)),
        lambda: history.records(job),
        lambda: history.document(job, run()["id"]),
        lambda: history.has(job, due(0)),
        lambda: history.series(job),
        lambda: history.prune(job, keep=1, older_than=None, at=due(9)),
    ):
        with pytest.raises(BadInputError, match="cannot be the name of a job"):
            call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "identity",
    [
        "../x",
        "",
        "20260231T000000Z",
        "20261101T031700",
        "x20261101T031700Z-2",
        "m20261101T031700Z-0",
        "٢٠٢٦1101T031700Z",
    ],
)
def test_an_id_that_is_none_is_refused(identity: str, tmp_path: Path) -> None:
    history = filled(tmp_path, run())
    for call in (lambda: history.record("weekly", identity), lambda: history.publish(run(id=identity))):
        with pytest.raises(BadInputError, match="cannot be the id of a run"):
            call()


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"outcome": "splendid"},
        {"outcome": "missed"},
        {"due": "2026-11-01T03:17:00"},
        {"due": "yesterday"},
        {"due": None},
        {"due": "2026-11-02T03:17:00+00:00"},
        {"exit": "0"},
        {"exit": True},
        {"count": 0},
        {"points": [{"value": 1}]},
        {"points": "M002"},
        {"schema": "toolkit.record/2"},
        {"first_due": "2026-12-01T03:17:00+00:00"},
        {"job": None},
    ],
    ids=str,
)
def test_a_record_that_cannot_be_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        History(tmp_path).publish(run() | wrong)
    assert files(tmp_path) == []


def test_instants_are_written_in_utc(tmp_path: Path) -> None:
    history = filled(tmp_path, run(due="2026-11-01T04:17:00+01:00", started="2026-10-31T23:17:05-04:00"))
    found = history.record("weekly", run()["id"])
    assert (found["due"], found["started"]) == ("2026-11-01T03:17:00+00:00", "2026-11-01T03:17:05+00:00")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}], ids=repr)
def test_a_record_with_what_json_has_not_is_refused(value: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds what a JSON file cannot"):
        History(tmp_path).publish(run(gate={"exit": value}))
    assert files(tmp_path) == []


def test_where_nothing_can_be_written_the_caller_hears_of_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    history = History(tmp_path / "file" / "state")
    with pytest.raises(NotADirectoryError):
        history.publish(run(), small())
    assert history.records() == []


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one mebibyte."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_nothing_of_the_run_and_all_of_the_others(tiny: Path) -> None:
    history = filled(tiny / "state", run(0), run(1))
    room = os.statvfs(tiny)
    (tiny / "ballast").write_bytes(b"x" * (room.f_bavail - 2) * room.f_bsize)
    before = files(tiny / "state")
    with pytest.raises(OSError, match=r".") as failed:
        history.publish(run(2), os.urandom(100_000))
    assert failed.value.errno == errno.ENOSPC
    assert files(tiny / "state") == before
    assert ids(History(tiny / "state")) == [run(1)["id"], run(0)["id"]]
    (tiny / "ballast").unlink()
    assert history.publish(run(2), audit()[:1000])
    assert len(ids(history)) == 3


def test_a_full_disk_may_cost_the_index_but_never_the_record(tiny: Path) -> None:
    home = tiny / "state"
    filled(home, run(0))
    room = os.statvfs(tiny)
    (tiny / "ballast").write_bytes(b"x" * (room.f_bavail - 3) * room.f_bsize)
    history = History(home)
    history.publish(run(1))  # some kibibytes for the record, too few for the log of the index
    assert ids(history) == [run(1)["id"], run(0)["id"]]
    assert all("the index cannot be used" in line for line in history.troubles)
    (tiny / "ballast").unlink()
    assert History(home).check() == []


def test_where_nothing_can_be_written_any_more_all_can_still_be_read(tiny: Path) -> None:
    history = filled(tiny / "state", run(0), missed(1, 2))
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    reader = History(tiny / "state")
    assert reader.records() == history.records()
    assert reader.has("weekly", due(2))
    with pytest.raises(OSError, match="Read-only") as failed:
        reader.publish(run(3))
    assert failed.value.errno == errno.EROFS


def killed_at(step: int, home: Path) -> bool:
    """Publish in a child that kills itself at the given call into C; False where it was done before that."""
    child = os.fork()
    if child == 0:
        calls = 0

        def count(_frame: Any, event: str, _argument: Any) -> None:
            nonlocal calls
            calls += event == "c_call"
            if calls >= step:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            history = History(home)
            sys.setprofile(count)
            history.publish(run(1), small("the whole of it"))
            sys.setprofile(None)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def survived(step: int, home: Path) -> bool:
    """Kill a publication at a step, look at what is left, and publish the same run again."""
    filled(home, run(0))
    killed = killed_at(step, home)
    history = History(home)
    found = ids(history)
    assert found in ([run(0)["id"]], [run(1)["id"], run(0)["id"]])
    if len(found) == 2:
        assert history.document("weekly", run(1)["id"])["note"] == "the whole of it"
    assert history.publish(run(1), small("the whole of it")) is (len(found) == 1)
    assert history.document("weekly", run(1)["id"])["note"] == "the whole of it"
    assert history.check() == []
    shutil.rmtree(home)
    return not killed


@pytest.mark.parametrize("step", random.Random(5).sample(range(1, 700), 25))
def test_whoever_is_killed_while_publishing_leaves_all_or_nothing(step: int, tmp_path: Path) -> None:
    survived(step, tmp_path / "state")


@pytest.mark.slow
def test_whoever_is_killed_at_any_step_of_publishing_leaves_all_or_nothing(tmp_path: Path) -> None:
    last = next(step for step in range(1, 3000, 7) if survived(step, tmp_path / "state"))
    assert last > 100


def test_parts_left_by_the_killed_are_swept_when_they_are_a_day_old(tmp_path: Path) -> None:
    filled(tmp_path, run(0))
    folder = tmp_path / "records" / "weekly"
    old, young = folder / ".old.part", folder / ".young.part"
    for part in (old, young):
        part.write_text("{", encoding="utf-8")
    os.utime(old, (1e9, 1e9))
    filled(tmp_path, run(1))
    assert not old.exists()
    assert young.exists()


def test_without_links_a_file_is_still_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    history = filled(tmp_path, run(0), missed(1, 3), by_hand(4))
    assert not history.publish(run(0, outcome="failed"))
    assert history.record("weekly", run(0)["id"])["outcome"] == "done"
    assert not list(tmp_path.rglob("*.part"))


def test_another_fault_of_linking_is_not_taken_for_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(writing.os, "link", refuse)
    with pytest.raises(OSError, match="broken disk"):
        History(tmp_path).publish(run())
    assert files(tmp_path) == []
