"""Watching from run to run: only rows not seen before add evidence, whatever tells them apart."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import audit
from toolkit.audit.decisions import decisions
from toolkit.audit.groups import groups
from toolkit.audit.request import Request
from toolkit.audit.sources import resolve
from toolkit.audit.watch_before import SEEN, keep_ids
from toolkit.audit.watching import watch
from toolkit.fairness.watching import Evidence, watched
from toolkit.history import inputs_of, points_of
from toolkit.records import BadInputError
from toolkit.report import validate

ASKED: dict[str, Any] = {"sensitive": ("race",), "target": "label", "prediction": "decision"}
COLUMNS = ("number", "day", "time", "id")


def people(rows: int = 900, gap: float = 0.3, seed: int = 0) -> pd.DataFrame:
    """Draw people in the order of their dates; group B is selected less often by `gap`."""
    rng = np.random.default_rng(seed)
    race = rng.choice(["A", "B"], rows)
    decision = rng.random(rows) < 0.6 - gap * (race == "B")
    place = np.arange(rows)
    return pd.DataFrame(
        {
            "race": race,
            "label": np.where(rng.random(rows) < 0.5, "yes", "no"),
            "decision": np.where(decision, "yes", "no"),
            "number": place,
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(place // 100, "D"),
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(place, "min"),
            "id": [f"P{i * 7919 % 100_003}" for i in place],
        }
    )


TABLE = people()


def run(table: Any, folder: Path, column: str = "number", before: Any = None, **more: Any) -> dict[str, Any]:
    """Count, compare and watch as an audit does, without the parts of it that a watch does not read."""
    source, request = resolve(Request(table, **ASKED | {"watch": column, "watch_from": before} | more))
    counted, _ = decisions(source, request)
    found, ids = watch(source.table, request, counted, groups(counted.cells, request))
    folder.mkdir(parents=True, exist_ok=True)
    keep_ids(folder, ids)
    text = json.dumps({"schema": "toolkit.audit/1", "watch": found})
    (folder / "run.json").write_text(text)
    return json.loads(text)["watch"]


def whole(table: Any, folder: Path, column: str, before: Any = None) -> dict[str, Any]:
    return audit(table, **ASKED, watch=column, watch_from=before, output=folder).to_dict()["watch"]


def gap_of(found: dict[str, Any], metric: str = "selection_rate") -> dict[str, Any]:
    return next(gap for gap in found["gaps"] if gap["metric"] == metric)


@pytest.mark.parametrize("column", COLUMNS)
def test_run_by_run_the_evidence_is_that_of_each_batch(tmp_path, column):
    before, evidence = None, Evidence(0.05)
    for i, (start, stop) in enumerate([(0, 300), (300, 500), (500, 900)]):
        found = run(TABLE[:stop], tmp_path / f"{i}", column, before)
        batch = TABLE[start:stop].groupby("race")["decision"].agg(["size", lambda d: (d == "yes").sum()])
        evidence, night = watched(evidence, {g: (int(n), int(k)) for g, n, k in batch.itertuples()})
        assert (found["rows_new"], found["rows_seen"], found["nights"]) == (stop - start, stop, i + 1)
        assert found["grown"] is (None if i == 0 else True)
        gap = gap_of(found)
        assert gap["log_e"] == pytest.approx(night.log_e, abs=1e-9)
        assert gap["pair"] == {"highest": "A", "lowest": "B"}
        assert len(gap["history"]) == i + 1
        before = tmp_path / f"{i}"
    assert gap["e_value"] > 20
    assert gap["alarm"]["pair"] == gap["pair"]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_run_repeated_on_the_same_rows_adds_nothing(tmp_path, column):
    first = run(TABLE[:300], tmp_path / "a", column)
    again = run(TABLE[:300], tmp_path / "b", column, tmp_path / "a")
    assert (again["rows_new"], again["grown"], again["late"]) == (0, True, 0)
    for key in ("gaps", "cells", "rows_seen", "nights", "mark", "seen"):
        kept = [{**g, "rows_new": 0} for g in first[key]] if key == "gaps" else first[key]
        assert again[key] == kept


@pytest.mark.parametrize("column", COLUMNS)
def test_the_order_of_rows_and_the_kind_of_file_do_not_matter(tmp_path, column):
    shuffled = TABLE[:500].sample(frac=1, random_state=1)
    shuffled.to_csv(tmp_path / "t.csv", index=False)
    frame = run(TABLE[:500], tmp_path / "b", column, _first(tmp_path, column))
    file = run(str(tmp_path / "t.csv"), tmp_path / "c", column, tmp_path / "first")
    assert file == frame


def _first(tmp_path: Path, column: str) -> Path:
    run(TABLE[:300], tmp_path / "first", column)
    return tmp_path / "first"


def test_true_and_false_positive_rates_are_of_their_own_people(tmp_path):
    found = run(TABLE[:300], tmp_path)
    for metric, label in (("true_positive_rate", "yes"), ("false_positive_rate", "no")):
        those = TABLE[:300][TABLE[:300]["label"] == label]
        people_of = {g: those[those["race"] == g]["decision"] for g in "AB"}
        new = {g: (len(of), int((of == "yes").sum())) for g, of in people_of.items()}
        assert gap_of(found, metric)["log_e"] == pytest.approx(watched(Evidence(0.05), new)[1].log_e)
        assert gap_of(found, metric)["rows_new"] == (TABLE[:300]["label"] == label).sum()


def test_rows_that_come_late_never_count_and_are_said(tmp_path):
    kept = TABLE[:300].drop(index=[5, 17, 40])
    before = run(kept, tmp_path / "a")
    found = run(TABLE[:300], tmp_path / "b", before=tmp_path / "a")
    assert (found["late"], found["rows_new"], found["grown"]) == (3, 0, True)
    assert gap_of(found)["log_e"] == gap_of(before)["log_e"]
    again = run(TABLE[:300], tmp_path / "c", before=tmp_path / "b")
    assert (again["late"], again["rows_new"]) == (0, 0)


def test_a_late_row_with_an_id_is_new(tmp_path):
    run(TABLE[:300].drop(index=[5, 17, 40]), tmp_path / "a", "id")
    found = run(TABLE[:300], tmp_path / "b", "id", tmp_path / "a")
    assert (found["late"], found["rows_new"], found["rows_seen"]) == (0, 3, 300)


@pytest.mark.parametrize("column", ["number", "id"])
def test_old_rows_that_changed_or_vanished_are_said_and_nothing_counts_twice(tmp_path, column):
    before = run(TABLE[:300], tmp_path / "a", column)
    changed = TABLE[:300].copy()
    changed.loc[7, "decision"] = "no" if changed.loc[7, "decision"] == "yes" else "yes"
    found = run(changed.drop(index=[11]), tmp_path / "b", column, tmp_path / "a")
    assert found["grown"] is False
    assert found["changed"] + found["gone"] == 2
    assert found["rows_new"] == 0
    assert gap_of(found)["log_e"] == gap_of(before)["log_e"]
    later = run(TABLE[11:350], tmp_path / "c", column, tmp_path / "b")
    assert later["rows_new"] == 50 if column == "number" else later["rows_new"] >= 50


@pytest.mark.parametrize("column", ["number", "time", "id"])
def test_rows_without_a_value_never_count_and_are_said(tmp_path, column):
    table = TABLE[:300].astype({column: object})
    table.loc[[3, 4], column] = None
    found = run(table, tmp_path / "a", column)
    assert (found["missing"], found["rows_new"]) == (2, 298)
    assert run(table, tmp_path / "b", column, tmp_path / "a")["rows_new"] == 0


def test_rows_that_the_audit_leaves_out_do_not_move_the_mark_and_count_once_they_are_whole(tmp_path):
    table = TABLE[:300].copy()
    table.loc[290:, "label"] = None
    found = run(table, tmp_path / "a")
    assert (found["rows_new"], found["mark"]["value"]) == (290, "289")
    assert run(TABLE[:300], tmp_path / "b", before=tmp_path / "a")["rows_new"] == 10
    assert run(table, tmp_path / "c", "id")["seen"]["ids"] == 290


def test_an_alarm_stands_until_the_watch_begins_anew(tmp_path):
    first = run(TABLE, tmp_path / "a")
    alarm = gap_of(first)["alarm"]
    assert (alarm["rows"], alarm["night"], alarm["at"]) == (900, 1, "899")
    other = people(3_000, gap=-0.3, seed=3)
    both = pd.concat([TABLE, other.assign(number=other["number"] + 10_000)], ignore_index=True)
    later = run(both, tmp_path / "b", before=tmp_path / "a")
    assert gap_of(later)["alarm"] == alarm
    assert gap_of(later)["pair"] == {"highest": "B", "lowest": "A"}
    assert gap_of(run(TABLE[:10], tmp_path / "c"))["alarm"] is None


def test_equal_groups_and_a_year_of_looks_raise_no_alarm(tmp_path):
    table, before = people(1_200, gap=0.0, seed=5), None
    for i in range(6):
        found = run(table[: 200 * (i + 1)], tmp_path / "run", before=before)
        before = tmp_path / "run"  # the same folder every night
    assert found["nights"] == 6
    assert all(gap["alarm"] is None for gap in found["gaps"])


def test_one_folder_for_every_night_keeps_its_ids(tmp_path):
    for stop in (300, 500):
        before = tmp_path if (tmp_path / "run.json").exists() else None
        found = whole(TABLE[:stop], tmp_path, "id", before)
    assert (found["rows_new"], found["seen"]["ids"]) == (200, 500)
    assert (tmp_path / SEEN).stat().st_size == 500 * 16
    whole(TABLE[:300], tmp_path, "number")
    assert not (tmp_path / SEEN).exists()  # no ids of an earlier run beside one that has none


def test_a_group_that_appears_later_joins_the_watch(tmp_path):
    run(TABLE[:600], tmp_path / "a")
    new = TABLE.copy()
    new.loc[new.index >= 750, "race"] = "C"
    found = run(new, tmp_path / "b", before=tmp_path / "a")
    assert found["grown"] is True
    assert len(gap_of(found)["e_values_by_pair"]) == 6


def test_people_of_an_unknown_group_are_watched_only_if_they_are_compared(tmp_path):
    table = TABLE[:400].copy()
    table.loc[::4, "race"] = None
    assert gap_of(run(table, tmp_path / "a"))["state"]["groups"] == ["A", "B"]
    compared = gap_of(run(table, tmp_path / "b", compare_missing=True))["state"]["groups"]
    assert sorted(compared) == ["(missing)", "A", "B"]


def test_of_very_many_groups_the_largest_are_watched(tmp_path):
    table = people(1_000)
    table["race"] = [f"G{min(i % 25, 22)}" for i in range(1_000)]
    found = run(table, tmp_path)
    groups = gap_of(found)["state"]["groups"]
    assert len(groups) == 20
    assert "G22" in groups
    assert "3 more groups than 20" in found["notes"][0]


def test_scores_and_recorded_outcomes_can_be_watched(tmp_path):
    rng = np.random.default_rng(0)
    table = TABLE[:400].assign(score=rng.random(400))
    asked = {"sensitive": ["race"], "watch": "number"}
    scored = audit(table, **asked, score="score", threshold=0.7, output=tmp_path / "a").to_dict()["watch"]
    above = (table["score"] >= 0.7).sum()
    assert sum(r["n"] for r in scored["cells"]["rows"] if r["decision"]) == above
    labels = audit(table, **asked, target="label", output=tmp_path / "b").to_dict()["watch"]
    assert [gap["metric"] for gap in labels["gaps"]] == ["selection_rate"]
    assert {row["label"] for row in labels["cells"]["rows"]} == {None}
    again = audit(table, **asked, target="label", watch_from=tmp_path / "b", output=tmp_path / "c").to_dict()
    assert (again["watch"]["rows_new"], again["watch"]["grown"]) == (0, True)


def test_a_run_in_memory_can_be_gone_on_from():
    first = audit(TABLE[:300], **ASKED, watch="number")
    for before in (first, first.to_dict(), json.loads(json.dumps(first.to_dict()))):
        assert (
            audit(TABLE[:310], **ASKED, watch="number", watch_from=before).to_dict()["watch"]["rows_new"]
            == 10
        )


def test_the_document_follows_its_schema_and_feeds_a_trend(tmp_path):
    for column in COLUMNS:
        document = audit(TABLE, **ASKED, watch=column, output=tmp_path).to_dict()
        validate(document)
    points = {p["series"]: p for p in points_of(document)}
    for gap in document["watch"]["gaps"]:
        assert points[gap["series"]]["e_value"] == gap["e_value"]
        assert bool(points[gap["series"]]["alarm"]) == (gap["alarm"] is not None)
    assert inputs_of(document)["grown"] is None
    validate(audit(TABLE, **ASKED).to_dict())
    assert audit(TABLE, **ASKED).to_dict()["watch"] is None


@pytest.mark.parametrize(
    ("values", "kind", "mark"),
    [
        (["2026-01-01", "2026-03-01", "2026-02-01"], "time", "2026-03-01"),
        (
            ["2026-01-01T23:30:00-02:00", "2026-01-02T00:30:00Z", "2026-01-01"],
            "time",
            "2026-01-02T01:30:00+00:00",
        ),
        (["9", "10", "11"], "whole", "11"),
        (["9007199254740993", "9007199254740992", "1"], "whole", "9007199254740993"),
        (["1.5", "10", "2"], "number", "10.0"),
    ],
)
def test_what_orders_rows_is_decided_by_its_cells(tmp_path, values, kind, mark):
    table = TABLE[:300].assign(when=(values * 100))
    table.to_csv(tmp_path / "t.csv", index=False)
    for source in (table, str(tmp_path / "t.csv")):
        found = run(source, tmp_path / "run", "when")
        assert (found["kind"], found["type"], found["mark"]["text"]) == ("ordered", kind, mark)
        assert run(source, tmp_path / "next", "when", tmp_path / "run")["rows_new"] == 0


def test_ids_are_kept_as_sorted_hashes_and_no_names(tmp_path):
    run(TABLE[:300], tmp_path, "id")
    held = (tmp_path / SEEN).read_bytes()
    each = [held[i : i + 16] for i in range(0, len(held), 16)]
    assert each == sorted(set(each))
    assert len(each) == 300
    assert b"P0" not in held


def test_log_e_of_a_long_watch_stays_a_number(tmp_path):
    table = pd.concat([people(20_000, gap=0.55, seed=s) for s in range(3)], ignore_index=True)
    table["number"] = np.arange(len(table))
    document = audit(table, **ASKED, watch="number").to_dict()
    gap = gap_of(document["watch"])
    assert gap["log_e"] > 710
    assert math.isfinite(gap["e_value"])
    validate(json.loads(json.dumps(document, allow_nan=False)))


def test_too_many_ids_are_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("toolkit.table.watched_column.MOST_IDS", 299)
    with pytest.raises(BadInputError, match="300 ids, more than 299; name a column that orders"):
        run(TABLE[:300], tmp_path, "id")


def test_a_report_is_gone_on_from_as_the_run_it_carries(tmp_path):
    audit(TABLE[:300], **ASKED, watch="day", output=tmp_path / "run")
    alone = tmp_path / "mailed"
    alone.mkdir()
    (tmp_path / "run" / "report.html").rename(alone / "report.html")
    found = [
        audit(TABLE, **ASKED, watch="day", watch_from=before).to_dict()["watch"]
        for before in (tmp_path / "run", alone, alone / "report.html")
    ]
    assert found[0]["rows_new"] == 600
    assert found[0] == found[1] == found[2]
