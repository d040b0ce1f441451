"""A damaged record or document is told, never removed, and answered for by what is left of the run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from runs_made import audit, by_hand, due, filled, ids, missed, run, small

from toolkit.cli import command
from toolkit.history import History, documents, points_of, records
from toolkit.records import BadInputError

UNHEARD_OF = (b'{"job": "\\ud800"}', b'{"exit": NaN}')
DAMAGES = [
    *UNHEARD_OF,
    b"",
    b"{",
    b"\x00" * 4096,
    b"[]",
    b"null",
    b'{"schema": "toolkit.record/1"}',
    b"\xff\xfe",
    b"[" * 100_000,
]


def record_file(home: Path, identity: str) -> Path:
    return home / "records" / "weekly" / f"{identity}.json"


def document_file(home: Path, identity: str) -> Path:
    return home / "documents" / "weekly" / f"{identity}.json.gz"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    history = filled(tmp_path, run(0), missed(1, 3), by_hand(4))
    history.publish(run(5), audit())
    return tmp_path


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
@pytest.mark.parametrize("indexed", [True, False])
def test_a_damaged_record_is_made_again_from_its_document(damage: bytes, indexed: bool, home: Path) -> None:
    path = record_file(home, run(5)["id"])
    path.write_bytes(damage)
    if not indexed:
        (home / "history.sqlite").unlink()
    history = History(home)
    history.rebuild()
    found = history.record("weekly", run(5)["id"])
    assert found["outcome"] == "done"
    assert found["reason"] == "this record was made again from the run's document"
    assert found["points"] == points_of(history.document("weekly", run(5)["id"]))
    assert found["points"]
    assert path.read_bytes() == damage
    assert len(history.check()) == 1
    assert f"{path}: the record is damaged" in history.check()[0]


@pytest.mark.parametrize(
    ("identity", "outcome"),
    [(run(0)["id"], "interrupted"), (missed(1, 3)["id"], "missed"), (by_hand(4)["id"], "interrupted")],
)
def test_a_damaged_record_without_a_document_still_answers_for_its_instant(
    identity: str, outcome: str, home: Path
) -> None:
    record_file(home, identity).write_bytes(b"{")
    history = History(home)
    history.rebuild()
    assert history.record("weekly", identity)["outcome"] == outcome
    assert history.has("weekly", due(0))
    assert history.has("weekly", due(3))
    assert history.last_due("weekly", due(4)) == due(3)
    assert not history.publish(run(0))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=5)
    | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """Draw a record in which one value, at any depth, is something else."""
    told = run(0, attempts=[{"number": 1}], gate={"exit": 0}, document=documents.described(b""))
    record: Any = json.loads(json.dumps(records.checked(told)))
    part, key = record, draw(st.sampled_from(sorted(record)))
    while isinstance(part[key], dict | list) and part[key] and draw(st.booleans()):
        part = part[key]
        key = draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
    part[key] = draw(JSON)
    return json.dumps(record).encode("utf-8", "surrogatepass")


@settings(max_examples=60)
@given(altered())
def test_whatever_stands_in_a_record_nobody_falls_over_it(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".toolkit"
        path = record_file(home, run(0)["id"])
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        history = History(home)
        assert len(history.records()) == 1
        assert history.has("weekly", due(0))
        history.series("weekly")
        history.breaks("weekly")
        history.check()
        for style in ("csv", "json", "jsonl"):
            assert history.export(style)
        assert path.read_bytes() == data
        for verb in (["list"], ["show", "weekly"]):
            done = CliRunner().invoke(command, ["history", *verb, "--root", folder])
            assert (done.exit_code, done.exception) == (0, None)


def test_a_record_that_was_restored_counts_again(home: Path) -> None:
    path = record_file(home, run(0)["id"])
    good = path.read_bytes()
    path.write_bytes(b"{")
    History(home).rebuild()
    assert History(home).record("weekly", run(0)["id"])["outcome"] == "interrupted"
    path.write_bytes(good)
    assert History(home).record("weekly", run(0)["id"])["outcome"] == "done"
    assert History(home).check() == []


def test_a_record_under_the_name_of_another_is_no_record(home: Path) -> None:
    record_file(home, run(9)["id"]).write_bytes(record_file(home, run(0)["id"]).read_bytes())
    assert "the record is that of weekly" in History(home).check()[0]


def test_files_that_are_no_records_are_passed_over(home: Path) -> None:
    for name in ("notes.txt", "20261101.json", "..json", ".20261101T031700Z.json.x.part"):
        (home / "records" / "weekly" / name).write_text("{}", encoding="utf-8")
    (home / "records" / "Not A Job").mkdir()
    (home / "records" / "stray.json").write_text("{}", encoding="utf-8")
    history = History(home)
    assert len(history.records()) == 4
    assert history.check() == []


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"no gzip", None])
def test_a_damaged_document_is_refused_and_told(damage: bytes | None, home: Path) -> None:
    path = document_file(home, run(5)["id"])
    data = path.read_bytes()
    path.write_bytes(damage if damage is not None else data[: len(data) // 2])
    history = History(home)
    with pytest.raises(BadInputError, match=r"the document is damaged.*; restore it from a backup"):
        history.document("weekly", run(5)["id"])
    assert [line.partition(" (")[0] for line in history.check()] == [f"{path}: the document is damaged"]


def test_a_document_of_another_run_is_refused_by_its_hash(home: Path) -> None:
    document_file(home, run(5)["id"]).write_bytes(documents.packed(small("another")))
    with pytest.raises(BadInputError, match="its hash is not the one its record holds"):
        History(home).document("weekly", run(5)["id"])


def test_a_document_that_is_gone_is_said_to_be_gone(home: Path) -> None:
    document_file(home, run(5)["id"]).unlink()
    with pytest.raises(BadInputError, match="the document is not there"):
        History(home).document("weekly", run(5)["id"])
    assert "the document is not there" in History(home).check()[0]


def test_a_run_without_a_document_says_so(home: Path) -> None:
    with pytest.raises(BadInputError, match="this run left no document"):
        History(home).document("weekly", run(0)["id"])


def test_a_document_without_a_record_is_told_and_a_rebuild_makes_its_record(home: Path) -> None:
    record_file(home, run(5)["id"]).unlink()
    history = History(home)
    assert run(5)["id"] not in ids(history)
    assert "no record means this document" in history.check()[0]
    assert history.rebuild() == {"records": 4, "damaged": 0, "made": 1}
    assert history.record("weekly", run(5)["id"])["points"] == points_of(
        history.document("weekly", run(5)["id"])
    )
    assert history.check() == []


def test_a_rebuild_leaves_a_run_that_the_tick_has_still_to_finish(home: Path) -> None:
    record_file(home, run(5)["id"]).unlink()
    attempt = home / "attempts" / "weekly" / f"{run(5)['id']}.json"
    attempt.parent.mkdir(parents=True)
    attempt.write_text("{}", encoding="utf-8")
    assert History(home).rebuild()["made"] == 0
    assert not record_file(home, run(5)["id"]).exists()
    assert History(home).check() == []


def test_a_document_that_is_none_makes_no_record(home: Path) -> None:
    document_file(home, run(7)["id"]).write_bytes(documents.packed(b'{"schema": "toolkit.audit/1"}'))
    assert History(home).rebuild()["made"] == 0


def test_asking_for_a_run_that_is_not_there_names_the_newest(home: Path) -> None:
    with pytest.raises(BadInputError, match=f"its newest are {run(5)['id']}, {by_hand(4)['id']}"):
        History(home).record("weekly", run(8)["id"])
    with pytest.raises(BadInputError, match="there are no runs of monthly"):
        History(home).record("monthly", run(8)["id"])


def test_a_damaged_document_that_nobody_recorded_stands_in_nobodys_way(home: Path) -> None:
    document_file(home, run(7)["id"]).write_bytes(b"torn")
    history = History(home)
    assert history.publish(run(7), small("whole"))
    assert history.document("weekly", run(7)["id"])["note"] == "whole"
    assert document_file(home, run(7)["id"]).read_bytes() == b"torn"


@pytest.mark.parametrize("data", [b"[1]", b"not json", b"[" * 100_000])
def test_a_document_that_is_no_table_is_said_to_be_damaged(data: bytes, home: Path) -> None:
    history = History(home)
    assert history.publish(run(7), data)
    with pytest.raises(BadInputError, match="the document is damaged"):
        history.document("weekly", run(7)["id"])


def test_an_instant_without_a_zone_is_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        History(home).has("weekly", due(0).replace(tzinfo=None))
    with pytest.raises(ValueError, match="has no time zone"):
        History(home).last_due("weekly", due(0).replace(tzinfo=None))
