"""Users' tables: what is read and how, and how each bad one is refused in one sentence with a way out."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.records import BadInputError, Dataset
from toolkit.table import columns, read

ROWS = 240
SHARED = Path(os.environ.get("TOOLKIT_SHARED", Path(__file__).parents[2] / "shared")) / "data"


def table(**extra: Iterable[object]) -> dict[str, list[object]]:
    """Return 240 plain rows: a number, a category, a group and a label that is neither constant nor rare."""
    plain: dict[str, list[object]] = {
        "age": [20 + i % 50 for i in range(ROWS)],
        "town": [("north", "south", "east")[i % 3] for i in range(ROWS)],
        "sex": [("f", "m")[i // 2 % 2] for i in range(ROWS)],
        "approved": [int(i % 7 < 4) for i in range(ROWS)],
    }
    return plain | {name: list(values) for name, values in extra.items()}


def text(cells: dict[str, list[object]], mark: str = ",") -> str:
    rows = zip(*cells.values(), strict=True)
    return (
        mark.join(cells)
        + "\n"
        + "".join(mark.join("" if c is None else str(c) for c in r) + "\n" for r in rows)
    )


def save(folder: Path, cells: dict[str, list[object]], name: str = "loans.csv", mark: str = ",") -> Path:
    path = folder / name
    path.write_text(text(cells, mark), encoding="utf-8")
    return path


def loans(folder: Path, **extra: Iterable[object]) -> Dataset:
    return read(save(folder, table(**extra)), target="approved")


def noted(data: Dataset, part: str) -> str:
    found = [note for note in data.notes if part in note]
    assert found, f"no note has {part!r}: {data.notes}"
    return found[0]


def column(data: Dataset, feature: str) -> np.ndarray:
    return data.X[:, data.feature_names.index(feature)]


# What is read


def test_numbers_stay_and_categories_become_one_feature_per_level(tmp_path: Path) -> None:
    data = loans(tmp_path)
    assert data.name == "loans.csv"
    assert data.task == "binary"
    assert data.classes == ("0", "1")
    assert data.feature_names == ("age", "town=east", "town=north", "town=south", "sex=m")
    assert data.columns == ("age", "town", "sex")
    assert data.source_columns == (0, 1, 1, 1, 2)
    np.testing.assert_array_equal(column(data, "age")[:3], [20, 21, 22])
    np.testing.assert_array_equal(data.X[:, 1:4].sum(axis=1), np.ones(ROWS))


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_each_delimiter_gives_the_same_table(tmp_path: Path, mark: str) -> None:
    data = read(save(tmp_path, table(), "t.txt", mark), target="approved")
    assert data.sha256 == loans(tmp_path).sha256


def test_a_packed_file_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain = text(table())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(plain.encode()))
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbf" + plain.encode())
    (tmp_path / "c.csv").write_bytes(plain.replace("\n", "\r\n").encode())
    hashes = {read(tmp_path / name, target="approved").sha256 for name in ("a.csv.gz", "b.csv", "c.csv")}
    assert hashes == {loans(tmp_path).sha256}


def test_parquet_and_a_data_frame_give_the_same_table(tmp_path: Path) -> None:
    import duckdb
    import pandas as pd

    path = save(tmp_path, table())
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT * FROM read_csv('{path}')) TO '{tmp_path / 'misnamed.csv'}' (FORMAT parquet)"
        )
    packed = read(tmp_path / "misnamed.csv", target="approved", sensitive=["sex"])
    frame = read(pd.DataFrame(table()), target="approved", sensitive=["sex"])
    assert packed.sha256 == frame.sha256 == read(path, target="approved", sensitive=["sex"]).sha256
    assert frame.name == "DataFrame"


def test_a_glob_joins_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    cells = table()
    for part, rows in (("b", slice(120, None)), ("a", slice(None, 120))):
        save(tmp_path, {name: values[rows] for name, values in cells.items()}, f"part-{part}.csv")
    assert read(str(tmp_path / "part-*.csv"), target="approved").sha256 == loans(tmp_path).sha256


def test_a_file_whose_name_looks_like_a_glob_is_read_as_itself(tmp_path: Path) -> None:
    path = save(tmp_path, table(), "odd [1]*.csv")
    assert read(path, target="approved").name == "odd [1]*.csv"


def test_another_target_or_group_is_another_hash(tmp_path: Path) -> None:
    path = save(tmp_path, table())
    hashes = {
        read(path, target="approved").sha256,
        read(path, target="approved", positive="0").sha256,
        read(path, target="approved", sensitive=["sex"]).sha256,
        read(path, target="approved", drop=["age"]).sha256,
        read(path, target="sex").sha256,
    }
    assert len(hashes) == 5


def test_dates_become_days_with_a_note(tmp_path: Path) -> None:
    data = loans(tmp_path, day=[f"1970-01-{1 + i % 28:02d}" for i in range(ROWS)])
    np.testing.assert_array_equal(column(data, "day")[:3], [0, 1, 2])
    noted(data, "days since 1970")


def test_true_and_false_become_one_and_zero(tmp_path: Path) -> None:
    data = loans(tmp_path, member=[("true", "FALSE")[i % 2] for i in range(ROWS)])
    np.testing.assert_array_equal(column(data, "member")[:2], [1, 0])


def test_rare_levels_are_pooled_with_a_note(tmp_path: Path) -> None:
    data = loans(tmp_path, street=[f"s{i % 40:02d}" for i in range(ROWS)])
    streets = [name for name in data.feature_names if name.startswith("street=")]
    assert len(streets) == 21
    assert "street=(other)" in streets
    assert "20 rarer levels" in noted(data, "pooled")


def test_missing_numbers_stay_missing_and_missing_categories_are_a_level(tmp_path: Path) -> None:
    blank = ("", "NA", "?", "NULL", "nan")
    data = loans(
        tmp_path,
        income=[blank[i // 4 % 5] if i % 4 == 0 else i for i in range(ROWS)],
        job=["" if i % 5 == 0 else "abc"[i % 3] for i in range(ROWS)],
    )
    assert np.isnan(column(data, "income")).sum() == ROWS / 4
    assert column(data, "job=(missing)").sum() == ROWS / 5


def test_infinity_is_missing_with_a_note(tmp_path: Path) -> None:
    data = loans(tmp_path, ratio=["inf" if i < 2 else "-Infinity" if i == 2 else i for i in range(ROWS)])
    assert np.isnan(column(data, "ratio")).sum() == 3
    noted(data, "3 infinite values")


def test_a_few_cells_that_are_not_numbers_are_missing_and_the_first_is_named(tmp_path: Path) -> None:
    data = loans(tmp_path, income=["n.a. yet" if i == 16 else i for i in range(ROWS)])
    assert np.isnan(column(data, "income")).sum() == 1
    note = noted(data, "income")
    assert "'n.a. yet'" in note
    assert "row 17" in note


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("one", lambda i: 7, "the same in every row"),
        ("word", lambda i: "x", "the same in every row"),
        ("none", lambda i: "", "every value is missing"),
        ("comment", lambda i: f"customer {i} said so", "free text"),
        ("id", lambda i: 1000 + i, "identifier"),
        ("customer_id", lambda i: 1000 + i, "identifier"),
    ],
)
def test_a_column_nothing_can_be_learnt_from_is_left_out_with_the_reason(
    tmp_path: Path, name: str, cells: object, why: str
) -> None:
    data = loans(tmp_path, **{name: [cells(i) for i in range(ROWS)]})  # type: ignore[operator]
    assert name not in data.columns
    assert why in noted(data, f"{name}: left out")


def test_a_column_that_tells_the_target_is_warned_about(tmp_path: Path) -> None:
    data = loans(tmp_path, decision=[("no", "yes")[value] for value in table()["approved"]])  # type: ignore[index]
    assert "determines the target" in noted(data, "decision")


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    data = loans(tmp_path, approved=["" if i < 5 else i % 2 for i in range(ROWS)])
    assert len(data.y) == ROWS - 5
    noted(data, "5 rows left out")


def test_a_data_frame_of_odd_types_is_read_like_a_file() -> None:
    import pandas as pd

    days = pd.date_range("1970-01-01", periods=ROWS, freq="D")
    frame = (
        pd.DataFrame(
            table(
                scalars=pd.array([None if i == 0 else i for i in range(ROWS)], dtype="Int64"),
                maybe=[None if i == 0 else bool(i % 2) for i in range(ROWS)],
                yes=[i % 2 == 0 for i in range(ROWS)],
                mixed=["x" if i % 2 else i % 4 for i in range(ROWS)],
                objects=[None if i == 0 else float(i) for i in range(ROWS)],
                kind=pd.Categorical([("p", "q")[i % 2] for i in range(ROWS)]),
                day=days,
                zoned=days.tz_localize("Europe/Berlin"),
                never=pd.Series([pd.NaT] * ROWS),
            )
        )
        .astype({"objects": object})
        .assign(
            whole=pd.array([None if i == 0 else i for i in range(ROWS)], dtype="Int64"),
            flag=pd.array([None if i == 0 else i % 2 == 0 for i in range(ROWS)], dtype="boolean"),
        )
    )
    frame.loc[3, "day"] = pd.NaT
    data = read(frame, target="approved", name="mine")
    assert data.name == "mine"
    for feature in ("scalars", "whole", "flag", "maybe", "objects"):
        assert np.isnan(column(data, feature)).tolist() == [True] + [False] * (ROWS - 1)
    np.testing.assert_array_equal(column(data, "day")[[0, 1, 3, 4]], [0, 1, np.nan, 4])
    np.testing.assert_allclose(column(data, "zoned")[:2], [-1 / 24, 23 / 24])
    assert {"yes", "kind=q", "mixed=0", "mixed=2", "mixed=x"} <= set(data.feature_names)
    noted(data, "never: left out")


def test_a_data_frame_with_names_of_several_levels_is_refused() -> None:
    import pandas as pd

    frame = pd.DataFrame(np.zeros((3, 2)), columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    with pytest.raises(BadInputError, match="several levels"):
        read(frame, target="a")


def test_parquet_types_are_taken_as_they_are_and_nested_ones_left_out(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "t.parquet"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT i % 50 AS age, i % 3 = 0 AS member, DATE '1970-01-01' + CAST(i AS INTEGER) AS day, "
            "CAST(i % 5 AS DECIMAL(9, 2)) AS score, [i, i] AS list, {'a': i} AS pair, "
            "CASE WHEN i % 2 = 0 THEN 'x' END AS word, CAST(i % 7 < 4 AS INTEGER) AS y "
            f"FROM range({ROWS}) AS r(i)) TO '{path}' (FORMAT parquet)"
        )
    data = read(path, target="y")
    assert data.feature_names == ("age", "member", "day", "score", "word=x")
    np.testing.assert_array_equal(column(data, "day")[:2], [0, 1])
    assert "neither number nor text" in noted(data, "list: left out")
    noted(data, "pair: left out")
    assert read(path, target="member", positive="yes").classes == ("false", "true")
    with pytest.raises(BadInputError, match="neither number nor text"):
        read(path, target="list")


# Targets and groups


@pytest.mark.parametrize("positive", ["1", 1, 1.0, "1.0", True])
def test_the_positive_value_is_found_however_it_is_spelt(tmp_path: Path, positive: object) -> None:
    path = save(tmp_path, table())
    expected = "1" if positive is not True else None
    if expected is None:
        with pytest.raises(BadInputError, match="never 'True'"):
            read(path, target="approved", positive=True)
        return
    data = read(path, target="approved", positive=positive)  # type: ignore[arg-type]
    assert data.classes == ("0", "1")
    np.testing.assert_array_equal(data.y, table()["approved"])


def test_the_positive_value_becomes_class_one_against_all_others(tmp_path: Path) -> None:
    data = read(save(tmp_path, table()), target="town", positive="north")
    assert data.task == "binary"
    assert data.classes == ("not north", "north")
    assert data.y.sum() == ROWS / 3


def test_classes_numbers_and_measurements_are_told_apart(tmp_path: Path) -> None:
    path = save(tmp_path, table(grade=[i % 5 for i in range(ROWS)], price=[i * 1.5 for i in range(ROWS)]))
    assert read(path, target="town").task == "multiclass"
    assert read(path, target="grade").classes == ("0", "1", "2", "3", "4")
    assert read(path, target="price").task == "regression"
    assert read(path, target="price").y.dtype == np.float64


def test_rare_classes_are_left_out_and_counted(tmp_path: Path) -> None:
    data = loans(tmp_path, approved=["odd" if i < 3 else ("a", "b", "c")[i % 3] for i in range(ROWS)])
    assert data.classes == ("a", "b", "c")
    assert "3 rows left out" in noted(data, "fewer than 10")


def test_groups_are_coded_and_stay_among_the_features(tmp_path: Path) -> None:
    path = save(tmp_path, table(race=[None if i % 11 == 0 else "abc"[i % 3] for i in range(ROWS)]))
    data = read(path, target="approved", sensitive=["race", "sex"])
    assert data.sensitive_name == "race"
    assert data.groups == ("a", "b", "c", "(missing)")
    assert data.sensitive is not None
    assert (data.sensitive == 3).sum() == sum(i % 11 == 0 for i in range(ROWS))
    assert {"race=a", "sex=m"} <= set(data.feature_names)
    noted(data, "run again with sex first")


def test_a_sensitive_number_is_cut_at_its_median_with_a_warning(tmp_path: Path) -> None:
    data = read(save(tmp_path, table()), target="approved", sensitive=["age"])
    assert data.groups == ("above 43.5", "up to 43.5")
    assert "chosen by the program" in noted(data, "median")


# What is refused


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({"approved": [1] * ROWS}, {}, r"'approved' is '1' in every row"),
        ({"approved": [None] * ROWS}, {}, "missing in every row"),
        ({"approved": [f"v{i % 120}" for i in range(ROWS)]}, {}, "120 values, too many"),
        ({}, {"target": "aproved"}, "no column 'aproved'; did you mean 'approved'"),
        ({}, {"target": "zzz"}, "its columns are 'age'"),
        ({}, {"sensitive": ["sexx"]}, "did you mean 'sex'"),
        ({}, {"sensitive": ["approved"]}, "both the target and a sensitive column"),
        ({}, {"sensitive": ["sex", "sex"]}, "named twice"),
        ({}, {"positive": "yes"}, "never 'yes'; its values are"),
        ({}, {"drop": ["approved"]}, "both dropped and needed"),
        ({}, {"drop": ["age", "town", "sex"]}, "no column is left"),
        ({"race": [None] * ROWS}, {"sensitive": ["race"]}, "missing in every row"),
        ({"race": ["x"] * ROWS}, {"sensitive": ["race"]}, "no groups to compare"),
        (
            {"race": ["no" if y else "yes" for y in table()["approved"]]},
            {"sensitive": ["race"]},
            "says the same",
        ),
        ({"copy": table()["age"]}, {"target": "age", "sensitive": ["copy"]}, "says the same"),
        ({"Age": [1.0 * i for i in range(ROWS)]}, {}, "only capitals tell the columns 'age' and 'Age' apart"),
    ],
)
def test_a_target_or_group_that_cannot_be_used_is_refused(
    tmp_path: Path, change: dict[str, list[object]], options: dict[str, object], says: str
) -> None:
    path = save(tmp_path, table(**change))
    with pytest.raises(BadInputError, match=says) as refused:
        read(path, **{"target": "approved", **options})  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_table_of_thirty_rows_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, {name: values[:30] for name, values in table().items()})
    with pytest.raises(BadInputError, match="30 rows"):
        read(path, target="approved")


def test_a_table_of_a_header_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("age,approved\n")
    with pytest.raises(BadInputError, match="no row below it; give a table with rows"):
        read(path, target="approved")


def test_a_table_of_texts_only_is_refused(tmp_path: Path) -> None:
    cells = {"remark": [f"remark {i}" for i in range(ROWS)], "approved": table()["approved"]}
    with pytest.raises(BadInputError, match=r"no column is left .*free text"):
        read(save(tmp_path, cells), target="approved")


def test_a_repeated_column_name_is_refused_in_every_format(tmp_path: Path) -> None:
    import pandas as pd

    path = tmp_path / "t.csv"
    path.write_text(text(table()).replace("town", "age", 1))
    frame = pd.DataFrame(table()).rename(columns={"town": "age"})
    for source in (path, frame):
        with pytest.raises(BadInputError, match="'age' stands over columns 1, 2"):
            read(source, target="approved")


def test_a_ragged_row_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = text(table()).splitlines()
    for damage in ("1,north,f", "1,north,f,1,9"):
        path = tmp_path / "t.csv"
        path.write_text("\n".join([*lines[:100], damage, *lines[100:]]))
        with pytest.raises(BadInputError, match=r"t\.csv, line 101: \d cells where the header has 4"):
            read(path, target="approved")


def test_another_encoding_is_refused_with_the_line_and_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text(table()).replace("north", "Köln").encode("latin-1"))
    with pytest.raises(BadInputError, match=r"not UTF-8.*iconv"):
        read(path, target="approved")
    path.write_bytes(text(table()).replace("town", "Stadtkürzel").encode("latin-1"))
    with pytest.raises(BadInputError, match=r"not UTF-8.*iconv"):
        read(path, target="approved")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04....", "Excel"),
        (b"\x80\x04\x95", "pickle"),
        (b"\xff\xfea\x00,\x00", "UTF-16"),
        (b"SQLite format 3\x00", "database"),
        (b"a,b\x00,c\n", "zero bytes"),
        (b"PAR1 torn", "cannot be read"),
        (b"\x1f\x8b torn", "cannot be unpacked"),
        (b"just words\nand more\n", "the header has one column"),
        (b"a,b\n", "no row below it"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_its_content(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=says):
        read(path, target="a")


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    save(tmp_path, table())
    for source, says in (
        (tmp_path / "loan.csv", "did you mean"),
        (tmp_path / "nowhere" / "x.csv", "no such file"),
        (tmp_path, "this is a folder"),
        ("https://example.org/loans.csv", "not read over the network"),
        ("s3://bucket/loans.parquet", "not read over the network"),
        (tmp_path / "*.parquet", "no such file"),
    ):
        with pytest.raises(BadInputError, match=says):
            read(source, target="approved")


def test_files_with_different_columns_are_not_joined(tmp_path: Path) -> None:
    save(tmp_path, table(), "a.csv")
    save(tmp_path, table(more=range(ROWS)), "b.csv")
    with pytest.raises(BadInputError, match="header differs"):
        read(str(tmp_path / "*.csv"), target="approved")


def test_what_is_no_table_at_all_is_refused() -> None:
    with pytest.raises(BadInputError, match="dict is not a table"):
        read({"a": [1]}, target="a")


# Long tables, names and laws


def test_a_long_table_is_sampled_the_same_way_every_time_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    monkeypatch.setattr(columns, "MOST_ROWS", 210)
    path = save(tmp_path, table())
    first, second = (read(path, target="approved") for _ in range(2))
    assert len(first.y) == 210
    assert first.sha256 == second.sha256 == read(pd.DataFrame(table()), target="approved").sha256
    noted(first, "210 rows of 240 were read")


def test_names_from_data_are_kept_as_text(tmp_path: Path) -> None:
    nasty = '=1+1"; DROP TABLE t; --'
    cells = table()
    cells['"\x1b[31m<b>"'] = cells.pop("age")
    cells["town"] = [f'"{nasty.replace(chr(34), chr(34) * 2)}"' if t == "north" else t for t in cells["town"]]
    data = read(save(tmp_path, cells), target="approved")
    assert "\x1b[31m<b>" in data.columns
    assert f"town={nasty}" in data.feature_names


def test_reading_a_file_imports_neither_pandas_nor_a_training_library(tmp_path: Path) -> None:
    import subprocess

    path = save(tmp_path, table())
    code = (
        "import sys; from toolkit.table import read; read(sys.argv[1], target='approved'); "
        "print([m for m in ('pandas', 'sklearn', 'pyarrow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


cell = st.one_of(
    st.none(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=True, width=32),
    st.text(st.characters(codec="utf-8", exclude_characters='\r\n\0"'), max_size=6),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.lists(cell, min_size=1, max_size=12))
def test_whatever_a_column_holds_the_table_is_read_or_refused_and_keeps_its_contract(
    tmp_path: Path, pattern: list[object]
) -> None:
    quoted = [None if c is None else f'"{c}"' for c in pattern]
    path = save(tmp_path, table(odd=[quoted[i % len(quoted)] for i in range(ROWS)]))
    data = read(path, target="approved", sensitive=["sex"])
    assert data.X.shape == (ROWS, len(data.feature_names))
    assert not np.isinf(data.X).any()
    assert len(set(data.feature_names)) == len(data.feature_names)
    spread = np.nanmax(data.X, axis=0) - np.nanmin(data.X, axis=0)
    assert (spread > 0).all() or np.isnan(data.X).any()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared tables are not on this machine")
def test_adult_has_the_published_selection_rates() -> None:
    data = read(SHARED / "adult.parquet", target="class", positive=">50K", sensitive=["sex"])
    assert data.sensitive is not None
    rates = [data.y[data.sensitive == code].mean() for code in range(2)]
    assert data.groups == ("Female", "Male")
    np.testing.assert_allclose(rates, [0.109251, 0.303767], atol=1e-6)
