"""The index may be damaged, old, new, locked or gone: the records answer all the same, and it is said."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from runs_made import audit, by_hand, due, filled, ids, missed, point, run

from toolkit.history import History, index, mending
from toolkit.history.migrations import VERSION
from toolkit.records import BadInputError

RECORDS = (run(0), missed(1, 4), by_hand(4), run(5, points=[point(value=0.2)]), run(0, "nightly"))


def whole(home: Path) -> list[dict[str, Any]]:
    """Return the truth: what the files hold, in the order of time."""
    found = [json.loads(path.read_bytes()) for path in (home / "records").rglob("*.json")]
    return sorted(found, key=lambda r: (r["due"] or r["started"], r["job"], r["id"]))


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    filled(tmp_path / "state", *RECORDS)
    return tmp_path / "state"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which record files are read."""
    seen: list[str] = []
    original = mending.read

    def noted(home: Any, job: str, identity: str) -> Any:
        seen.append(f"{job}/{identity}")
        return original(home, job, identity)

    monkeypatch.setattr(mending, "read", noted)
    return seen


def test_what_is_indexed_is_not_read_again(home: Path, read: list[str]) -> None:
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.series("weekly")
    assert history.has("weekly", due(2))
    assert read == []


def test_a_record_that_another_process_published_is_read_alone(home: Path, read: list[str]) -> None:
    other = History(home)
    (home / "history.sqlite").rename(home.parent / "away")
    filled(home, run(6))
    (home / "history.sqlite").unlink()
    (home.parent / "away").rename(home / "history.sqlite")
    read.clear()
    assert ids(other, "weekly", limit=1) == [run(6)["id"]]
    assert read == [f"weekly/{run(6)['id']}"]


def test_a_record_that_is_gone_is_gone_from_the_index(home: Path) -> None:
    (home / "records" / "weekly" / f"{run(5)['id']}.json").unlink()
    assert run(5)["id"] not in ids(History(home))


def test_a_job_whose_records_are_gone_is_gone_from_the_index(home: Path) -> None:
    shutil.rmtree(home / "records" / "nightly")
    assert {record["job"] for record in History(home).records()} == {"weekly"}


def test_a_missing_index_is_built_without_a_word(home: Path) -> None:
    (home / "history.sqlite").unlink()
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.troubles == []
    assert (home / "history.sqlite").is_file()


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database, but it is long enough to be looked at" * 100)


def cut(size: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        os.truncate(path, int(size if size > 1 else size * path.stat().st_size))

    return damage


def another(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def columns_gone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE records")
        connection.execute("CREATE TABLE records (job TEXT)")


def rewritten(path: Path) -> None:
    """Change a figure as a tired disk would: SQLite itself sees nothing wrong."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE records SET body = replace(body, '0.2', '0.9')")
        connection.commit()


DAMAGES = [garbage, cut(0.5), cut(0.9), cut(50), cut(1000), another, columns_gone, rewritten]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__qualname__.partition(".")[0])
def test_a_damaged_index_is_kept_aside_said_and_built_anew(
    damage: Callable[[Path], None], home: Path
) -> None:
    damage(home / "history.sqlite")
    before = (home / "history.sqlite").read_bytes()
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert (home / "history.sqlite.corrupt-1").read_bytes() == before
    assert len(history.troubles) == 1
    assert "kept as history.sqlite.corrupt-1 and built anew" in history.troubles[0]
    assert History(home).check() == [
        f"{home}/history.sqlite.corrupt-1: a damaged index that was set aside; nothing needs it, "
        "it can be deleted"
    ]


def test_a_second_damaged_index_is_kept_beside_the_first(home: Path) -> None:
    for number in (1, 2):
        garbage(home / "history.sqlite")
        assert History(home).publish(run(10 + number))
        assert (home / f"history.sqlite.corrupt-{number}").exists()


def test_an_empty_file_is_an_index_not_yet_built(home: Path) -> None:
    os.truncate(home / "history.sqlite", 0)
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.troubles == []


@settings(max_examples=60)
@given(
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40),
    noise=st.binary(min_size=1, max_size=64),
)
def test_no_damage_to_the_index_changes_an_answer(places: list[float], noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "state"
        shutil.copytree(TEMPLATE, home)
        data = bytearray((home / "history.sqlite").read_bytes())
        for place in places:
            at = int(place * len(data))
            data[at : at + len(noise)] = noise[: len(data) - at]
        assume(int.from_bytes(data[60:64], "big") <= VERSION)  # where the version stands
        (home / "history.sqlite").write_bytes(data)
        history = History(home)
        assert history.records(newest_first=False) == whole(home)
        assert history.has("weekly", due(2))
        assert history.last_due("weekly", due(9)) == due(5)


TEMPLATE = Path(tempfile.mkdtemp()) / "state"


@pytest.fixture(scope="module", autouse=True)
def _template() -> Any:
    filled(TEMPLATE, *RECORDS)
    yield
    shutil.rmtree(TEMPLATE.parent)


def killed_with_an_open_log(home: Path) -> None:
    """Leave a write-ahead log as kill -9 does: the last connection never closed."""
    child = os.fork()
    if child == 0:
        try:
            connection = sqlite3.connect(home / "history.sqlite", isolation_level=None)
            connection.execute("UPDATE records SET damaged = damaged")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM records")
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    assert (home / "history.sqlite-wal").stat().st_size > 0


def test_a_log_left_by_a_killed_process_is_taken_in(home: Path) -> None:
    killed_with_an_open_log(home)
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.troubles == []
    assert not (home / "history.sqlite-wal").exists()


def test_a_damaged_log_changes_no_answer(home: Path) -> None:
    killed_with_an_open_log(home)
    with (home / "history.sqlite-wal").open("r+b") as file:
        file.seek(40)
        file.write(b"\xff" * 500)
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.check() == []


def old_store(home: Path) -> bytes:
    """Write the index as version 1 had it, of all records but the last."""
    path = home / "history.sqlite"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE records (job TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, due TEXT, "
            "first_due TEXT, outcome TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (job, id)) WITHOUT ROWID"
        )
        for record in whole(home)[:-1]:
            keys = ("job", "id", "kind", "due", "first_due", "outcome")
            row = [record[key] for key in keys]
            connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, json.dumps(record)))
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return path.read_bytes()


def test_an_older_index_is_brought_up_to_date_with_a_copy_kept(home: Path, read: list[str]) -> None:
    old_store(home)
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.troubles == []
    assert version(home / "history.sqlite") == VERSION
    assert len(read) == 1  # what the old one knew was migrated, not read again
    backup = home / "history.sqlite.v1.bak"
    assert version(backup) == 1
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone()[0] == len(RECORDS) - 1
    assert history.check() == []


def test_an_older_index_that_no_step_fits_is_set_aside_and_the_old_one_is_whole(home: Path) -> None:
    old_store(home)
    with closing(sqlite3.connect(home / "history.sqlite")) as connection:
        connection.execute("UPDATE records SET body = '{}' WHERE job = 'nightly'")
        connection.commit()
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert version(home / "history.sqlite.corrupt-1") == 1
    assert "built anew" in history.troubles[0]


def test_an_older_index_is_left_as_it_is_where_no_copy_can_be_made(home: Path) -> None:
    before = old_store(home)
    (home / "history.sqlite.v1.bak").mkdir()
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert "cannot be used" in history.troubles[0]
    assert (home / "history.sqlite").read_bytes() == before


def test_a_newer_index_is_refused_and_left_alone(home: Path) -> None:
    with closing(sqlite3.connect(home / "history.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = (home / "history.sqlite").read_bytes()
    history = History(home)
    with pytest.raises(BadInputError, match="a newer version of the toolkit wrote this index"):
        history.records()
    assert history.publish(run(9), audit())  # a run is never lost for that
    assert "a newer version" in history.troubles[0]
    assert (home / "records" / "weekly" / f"{run(9)['id']}.json").is_file()
    assert (home / "history.sqlite").read_bytes() == before


def test_an_index_that_cannot_be_opened_is_done_without(home: Path) -> None:
    (home / "history.sqlite").unlink()
    (home / "history.sqlite").mkdir()
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.publish(run(9))
    assert ids(history, limit=1) == [run(9)["id"]]
    assert "the index cannot be used (unable to open database file)" in history.troubles[0]


def test_an_index_that_somebody_holds_costs_patience_and_no_run(home: Path) -> None:
    with closing(sqlite3.connect(home / "history.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        history = History(home, patience=0.01)
        assert history.publish(run(9))
        assert ids(history, limit=1) == [run(9)["id"]]
        assert "database is locked" in history.troubles[0]
    assert History(home).check() == []


def test_a_reader_is_not_kept_waiting_by_a_writer(home: Path) -> None:
    with closing(sqlite3.connect(home / "history.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        history = History(home, patience=0.01)
        assert history.records(newest_first=False) == whole(home)
        assert history.troubles == []


def test_rebuilding_says_how_many_there_are(home: Path) -> None:
    assert History(home).rebuild() == {"records": 5, "damaged": 0, "made": 0}


def test_check_tells_where_the_index_says_another_thing_than_a_record(home: Path) -> None:
    path = home / "records" / "weekly" / f"{run(5)['id']}.json"
    path.write_text(path.read_text("utf-8").replace("0.2", "0.9"), "utf-8")
    history = History(home)
    assert history.check() == [
        f"{home}/history.sqlite: the index differs from the record of weekly {run(5)['id']}; rebuild it"
    ]
    history.rebuild()
    assert history.check() == []
    assert history.record("weekly", run(5)["id"])["points"][0]["value"] == 0.9


@pytest.mark.slow
def test_of_ten_thousand_records_only_the_new_one_is_read(tmp_path: Path, read: list[str]) -> None:
    folder = tmp_path / "records" / "weekly"
    folder.mkdir(parents=True)
    filled(tmp_path / "other", run(0))
    text = (tmp_path / "other" / "records" / "weekly" / f"{run(0)['id']}.json").read_text("utf-8")
    for day in range(10_000):
        told = run(day)
        (folder / f"{told['id']}.json").write_text(
            text.replace(run(0)["id"], told["id"]).replace(
                f'"due": "{run(0)["due"]}', f'"due": "{told["due"]}'
            ),
            "utf-8",
        )
    assert len(History(tmp_path).records()) == 10_000
    read.clear()
    assert History(tmp_path).publish(run(10_000))
    history = History(tmp_path)
    assert ids(history, limit=2) == [run(10_000)["id"], run(9_999)["id"]]
    assert history.last_due("weekly", due(20_000)) == due(10_000)
    assert len(history.series("weekly")[0].points) == 10_001
    assert read == [f"weekly/{run(10_000)['id']}"]


def test_the_index_holds_no_more_than_follows_from_the_records(home: Path) -> None:
    with closing(sqlite3.connect(home / "history.sqlite")) as connection:
        rows = sorted(connection.execute(index.GET))
    assert rows == sorted(index.row_of(record) for record in whole(home))


def test_a_damaged_index_that_cannot_be_set_aside_is_done_without(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    garbage(home / "history.sqlite")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert "cannot be set aside (Permission denied)" in history.troubles[0]


def test_where_the_log_is_refused_the_index_is_written_without(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems have no shared memory, which the write-ahead log needs."""

    class Refusing(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement == "PRAGMA journal_mode = WAL":
                raise sqlite3.OperationalError("locking protocol")
            return super().execute(statement, *values)

    original = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: original(*a, **k, factory=Refusing))
    (home / "history.sqlite").unlink()
    history = History(home)
    assert history.records(newest_first=False) == whole(home)
    assert history.troubles == []
    with closing(original(home / "history.sqlite")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
