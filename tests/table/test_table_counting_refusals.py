"""How a table that cannot be counted is refused: the file, the column, the row, and the way out."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.records import BadInputError
from toolkit.table import grouped, reading
from toolkit.table.counting import CountSpec, count

ROWS = 300


def cells(**extra: list[Any]) -> dict[str, list[Any]]:
    plain: dict[str, list[Any]] = {
        "race": ["a", "b", "c"] * (ROWS // 3),
        "age": [18 + i % 60 for i in range(ROWS)],
        "y": [i % 2 for i in range(ROWS)],
        "d": [i % 3 % 2 for i in range(ROWS)],
        "s": [i % 7 / 7 for i in range(ROWS)],
        "w": [1 + i % 3 for i in range(ROWS)],
    }
    return plain | extra


def saved(folder: Path, table: dict[str, list[Any]]) -> Path:
    path = folder / "people.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def but(column: str, row: int, value: Any) -> dict[str, list[Any]]:
    changed: list[Any] = list(cells()[column])
    changed[row - 1] = value
    return {column: changed}


ALL: list[tuple[dict[str, list[Any]], dict[str, Any], str]] = [
    ({}, {"sensitive": ()}, "no sensitive column is named; name at least one with --sensitive"),
    ({}, {"sensitive": ("rase",)}, "there is no column 'rase'; did you mean 'race'"),
    ({}, {"target": "yy"}, "there is no column 'yy'; did you mean 'y'"),
    ({}, {"weight": "zzz"}, "no column 'zzz'; its columns are 'race'"),
    ({}, {"sensitive": ("race", "race")}, "named twice"),
    ({}, {"sensitive": ("race", "age", "w", "s", "d", "y")}, "6 sensitive columns are named, more than 5"),
    ({}, {"sensitive": ("y",)}, "'y' is both the target and a sensitive column"),
    ({}, {"sensitive": ("d",)}, "'d' is both the prediction and a sensitive column"),
    ({}, {"prediction": "y"}, "'y' is both the target and the prediction"),
    ({}, {"target": None, "prediction": None}, "nothing to compare; name a --target, a --prediction or a"),
    ({"y": [1] * ROWS}, {}, "the target 'y' is '1' in every row"),
    ({"y": [None] * ROWS}, {}, "the target 'y' is missing in every row"),
    ({"d": [None] * ROWS}, {}, "the prediction 'd' is missing in every row"),
    ({"race": [None] * ROWS}, {}, "the sensitive column 'race' is missing in every row"),
    ({"y": ["x", "y", "z"] * 100}, {}, r"has 3 values, 'x', 'y', 'z'; say which .* with --positive"),
    ({}, {"positive": "9"}, "the target 'y' is never '9'; its values are '0', '1'"),
    ({"y": [f"v{i}" for i in range(ROWS)]}, {}, "300 different values, too many for classes"),
    ({"d": ["yes", "maybe", "no"] * 100}, {}, r"'maybe', 'no', 'yes' and the target 'y' holds '0', '1'"),
    ({"d": [1, 2] * 150}, {}, "the prediction 'd' holds '1', '2' and the target 'y' holds '0', '1'"),
    ({"d": [i / ROWS for i in range(ROWS)]}, {}, r"looks like a score: give it with --score d"),
    ({"d": [0.25, 0.75] * 150}, {}, r"looks like a score: give it with --score d"),
    ({"d": [i / ROWS for i in range(ROWS)]}, {"target": None}, "looks like a score"),
    ({"d": ["a", "b", "c"] * 100}, {"target": None}, "the prediction 'd' has 3 values"),
    (
        {"race": [f"r{i}" for i in range(ROWS)]},
        {},
        "'race' has 300 different values, more than 200; name one",
    ),
    (
        {"age": [i / 7 for i in range(ROWS)]},
        {"sensitive": ("age",)},
        "declare cut points, as in --cut age=25",
    ),
    (
        {"race": [str(d.date()) for d in pd.date_range("2020-01-01", periods=ROWS)]},
        {},
        "'race' holds dates; give a column of years or ages",
    ),
    ({}, {"cut": {"race": (25.0,)}}, "--cut race: this column holds 'a'; only numbers can be cut"),
    ({}, {"cut": {"age": (25.0,)}}, "--cut age: this is not a sensitive column"),
    ({}, {"sensitive": ("age",), "cut": {"age": (40.0, 25.0)}}, "the cut points must increase"),
    ({}, {"sensitive": ("age",), "cut": {"age": ()}}, "give one or more finite numbers"),
    (
        {"race": [f"r{i % 60}" for i in range(ROWS)]},
        {"sensitive": ("age",), "within": "race"},
        "more than 50",
    ),
    (but("w", 17, -1), {"weight": "w"}, r"row 17: the weight 'w' is '-1.*', and a weight is never negative"),
    (but("w", 17, 1.5), {"weight": "w", "frequency": True}, r"row 17: .*frequency weights are whole numbers"),
    (but("w", 17, np.inf), {"weight": "w"}, r"row 17: the weight 'w' is 'inf', which is infinite \(1 row"),
    (but("s", 17, -np.inf), {"prediction": None, "score": "s", "threshold": 0.5}, "row 17: .*infinite"),
    (but("s", 17, "high"), {"prediction": None, "score": "s", "threshold": 0.5}, "row 17: .*'high'"),
    (
        {"s": [i % 7 for i in range(ROWS)]},
        {"prediction": None, "score": "s"},
        "runs from 0 to 6.*--threshold",
    ),
    ({}, {"prediction": None, "score": "s", "threshold": float("nan")}, "give a finite number"),
    (
        {"d": [None, 1] * 150, "y": [0, None, 1, None] * 75},
        {},
        r"no row can be used \(the target y is missing: 150",
    ),
]


@pytest.mark.parametrize(("change", "options", "says"), ALL, ids=[each[2][:50] for each in ALL])
def test_what_cannot_be_counted_is_refused_in_a_file_and_in_a_frame_alike(
    tmp_path: Path, change: dict[str, list[Any]], options: dict[str, Any], says: str
) -> None:
    spec = CountSpec(**{"sensitive": ("race",), "target": "y", "prediction": "d", **options})
    table = cells(**change)
    for source in (saved(tmp_path, table), pd.DataFrame(table)):
        with pytest.raises(BadInputError, match=says) as refused:
            count(source, spec)
        assert "\n" not in str(refused.value)


def test_a_cut_that_meets_a_word_among_very_many_numbers_names_its_row(tmp_path: Path) -> None:
    table = {"pay": [*(i / 7 for i in range(2000)), "much"], "y": [0, 1] * 1000 + [1]}
    spec = CountSpec(("pay",), target="y", cut={"pay": (100.0,)})
    with pytest.raises(BadInputError, match=r"row 2001: .*'much'"):
        count(saved(tmp_path, table), spec)
    with pytest.raises(BadInputError, match=r"row 2001: .*'much'"):
        count(pd.DataFrame(table), spec)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"race,y\n", "there is a header and no row below it"),
        (b"race,y\na,1\nb\n", r"people\.csv, line 3: 1 cells where the header has 2"),
        (b"race,y\na,1\nb,0,9\n", r"people\.csv, line 3: 3 cells where the header has 2"),
        (b"race,y,y\na,1,1\n", "the name 'y' stands over columns 2, 3"),
        (b"race,Race,y\na,b,1\n", "only capitals tell the columns 'race' and 'Race' apart"),
        ("race,y\nK\xf6ln,1\nb,0\n".encode("latin-1"), "not UTF-8.*iconv"),
        ("race,y\nK\xf6ln,1\n".encode("utf-16"), "UTF-16"),
        (b'race,y\n"a,1\nb,0\n', "quote|cells"),
        (b"PK\x03\x04....", "Excel"),
        (b"PAR1 torn", "cannot be read"),
        (b"\x1f\x8b torn", "cannot be unpacked"),
        (gzip.compress(b"race,y\na,1\nb,0\n" * 2000, mtime=0)[:-30], "cannot be|truncated"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=says) as refused:
        count(path, CountSpec(("race",), target="y"))
    assert "\n" not in str(refused.value)


def test_bytes_and_nested_columns_are_refused_by_name(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "t.parquet"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT 'a'::BLOB AS raw, [i] AS list, i % 2 AS y, DATE '2020-01-01' AS day "
            f"FROM range(10) AS r(i)) TO '{path}' (FORMAT parquet)"
        )
    frame = pd.DataFrame(
        {"raw": [b"a", b"b"], "list": [[1], [2]], "y": [0, 1], "day": pd.Timestamp("2020-01-01")}
    )
    for source in (path, frame):
        with pytest.raises(BadInputError, match="'raw' holds bytes; save it as text"):
            count(source, CountSpec(("raw",), target="y"))
        with pytest.raises(
            BadInputError, match=r"the type of the column 'list' .* is neither number nor text"
        ):
            count(source, CountSpec(("list",), target="y"))
        with pytest.raises(BadInputError, match="'day'"):
            count(source, CountSpec(("y",), score="day", threshold=0.5))


def test_parquet_files_of_different_columns_are_not_joined(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect() as con:
        for name, column in (("a", "y"), ("b", "z")):
            con.execute(
                f"COPY (SELECT 1 AS g, 2 AS {column}) TO '{tmp_path / name}.parquet' (FORMAT parquet)"
            )
    with pytest.raises(BadInputError, match="file 2 has other columns than the first"):
        count(str(tmp_path / "*.parquet"), CountSpec(("g",), target="y"))


def test_too_many_combinations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "MOST_CELLS", 100)
    monkeypatch.setattr(reading, "MOST_CELLS", 100)
    frame = pd.DataFrame(
        {"a": [i % 20 for i in range(ROWS)], "b": [i % 13 for i in range(ROWS)], "y": [0, 1, 1] * 100}
    )
    with pytest.raises(BadInputError, match="more than 100 different combinations; name fewer"):
        count(frame, CountSpec(("a", "b"), target="y"))


@pytest.mark.parametrize(
    ("column", "cells_", "options", "says"),
    [
        ("g", ["a"] * 50 + [f"g{i}" for i in range(450)], {}, "'g' has .* different values, more than 200"),
        ("d", [0, 1] * 25 + [i / 500 for i in range(450)], {"prediction": "d"}, "looks like a score"),
        ("v", ["a"] * 50 + [f"v{i}" for i in range(450)], {"within": "v"}, "more than 50"),
    ],
)
def test_a_column_whose_first_rows_looked_short_is_named_all_the_same(
    monkeypatch: pytest.MonkeyPatch, column: str, cells_: list[Any], options: dict[str, str], says: str
) -> None:
    monkeypatch.setattr(grouped, "LOOK", 50)
    monkeypatch.setattr(reading, "LOOK", 50)
    monkeypatch.setattr(grouped, "MOST_CELLS", 100)
    frame = pd.DataFrame({"g": ["a", "b"] * 250, "y": [0, 1, 1, 0] * 125}).assign(**{column: cells_})
    with pytest.raises(BadInputError, match=says):
        count(frame, CountSpec(("g",), target="y", **options))  # type: ignore[arg-type]


def test_a_target_whose_first_rows_looked_like_classes_is_a_regression_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouped, "LOOK", 50)
    monkeypatch.setattr(reading, "LOOK", 50)
    frame = pd.DataFrame({"g": ["a", "b"] * 250, "t": [0, 1] * 25 + list(range(450))})
    for most in (grouped.MOST_CELLS, 100):
        monkeypatch.setattr(grouped, "MOST_CELLS", most)
        assert count(frame, CountSpec(("g",), target="t")).task == "regression"


def test_what_is_no_table_at_all_is_refused() -> None:
    for source, says in (
        ({"race": [1]}, "dict is not a table"),
        (pd.DataFrame({"race": [], "y": []}), "columns and no rows"),
        (pd.DataFrame(np.zeros((2, 2)), columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])), "several"),
        ("nowhere/*.csv", "no such file"),
        ("https://example.org/x.csv", "not read over the network"),
    ):
        with pytest.raises(BadInputError, match=says):
            count(source, CountSpec(("race",), target="y"))


def test_names_and_cells_of_any_kind_stay_text(tmp_path: Path) -> None:
    nasty = '=1+1"; DROP TABLE t; --'
    frame = pd.DataFrame({"<b>\x1b[31m": [nasty, "<script>", nasty, "b"], 'y"': [0, 1, 1, 0]})
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    for source in (frame, path):
        found = count(source, CountSpec(("<b>\x1b[31m",), target='y"', cluster="<b>\x1b[31m"))
        assert set(found.cells.levels[0]) == {nasty, "<script>", "b"}


def test_a_quoted_line_break_in_the_header_is_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "break.csv"
    path.write_text('"a\nb",y\n' + "p,0\nq,1\n" * 20, "utf-8")
    assert count(path, CountSpec(sensitive=("a\nb",), target="y")).rows == 40


def test_a_quote_that_the_header_never_closes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text('"a,y\n' + "p,0\nq,1\n" * 200, "utf-8")
    with pytest.raises(BadInputError, match=r"open\.csv"):
        count(path, CountSpec(sensitive=("a",), target="y"))
