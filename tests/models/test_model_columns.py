"""Columns reach the subprocess as they are, whatever their names; a model gets the columns it asks for."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.models.columns import Columns, as_text, plain_column, position, wanted
from toolkit.records import BadInputError

HOSTILE = (
    "../../etc/passwd",
    "\x1b[2J",
    "<script>",
    "=cmd()",
    "a\nb",
    "c0.npy",
    "file",
    "",
    "\ud800",
    "x" * 5000,
)


@given(
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), min_size=1, max_size=6, unique=True), st.data()
)
def test_columns_come_back_as_they_were_written(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 5))
    cells = st.lists(st.floats(allow_infinity=False) | st.none(), min_size=rows, max_size=rows) | st.lists(
        st.text(max_size=5) | st.none(), min_size=rows, max_size=rows
    )
    table = Columns.of({name: data.draw(cells) for name in names})
    with tempfile.TemporaryDirectory() as folder:
        table.write(Path(folder))
        back = Columns.read(Path(folder))
        assert sorted(p.name for p in Path(folder).iterdir()) == ["columns.json", "columns.npz"]
    assert (back.names, back.rows) == (table.names, rows)
    for name in names:
        assert back.values[name].dtype == table.values[name].dtype
        np.testing.assert_array_equal(back.values[name], table.values[name])


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([1, 2, None], "f", [1.0, 2.0, np.nan]),
        ([True, False], "b", [True, False]),
        ([None, None], "f", [np.nan, np.nan]),
        (["a", None, 3], "O", ["a", None, "3"]),
        (np.ma.MaskedArray([1, 2], [False, True]), "f", [1.0, np.nan]),
        (np.ma.MaskedArray(["a", "b"], [False, True]), "O", ["a", None]),
        (np.ma.MaskedArray([1, 2], [False, False]), "i", [1, 2]),
        (pd.array([1, None], dtype="Int64"), "f", [1.0, np.nan]),
        (pd.Series(["a", None]), "O", ["a", None]),
        (pd.Categorical(["b", "a"]), "O", ["b", "a"]),
        ([datetime.date(2020, 1, 2)], "O", ["2020-01-02"]),
    ],
)
def test_a_column_is_numbers_or_text(values: Any, kind: str, said: list[Any]) -> None:
    found = plain_column(values)
    assert found.dtype.kind == kind
    np.testing.assert_array_equal(found, np.array(said, dtype=found.dtype))


def test_columns_of_different_lengths_are_named() -> None:
    with pytest.raises(BadInputError, match="column 'b' has 1 rows and column 'a' has 2"):
        Columns.of({"a": [1, 2], "b": [1]})
    with pytest.raises(BadInputError, match="no columns"):
        Columns.of({})


def test_a_model_gets_its_own_columns_in_its_own_order() -> None:
    assert wanted(("b", "a"), 2, ("a", "b", "target"), None) == ("b", "a")
    assert wanted(None, 2, ("a", "b", "target"), ("a", "b")) == ("a", "b")
    assert wanted(None, None, ("a", "b"), None) == ("a", "b")


def test_missing_columns_are_named_with_the_nearest_and_the_unexpected() -> None:
    with pytest.raises(BadInputError) as caught:
        wanted(("age", "income", "job"), 3, ("Age", "incom", "job", "zip"), None)
    text = str(caught.value)
    assert (
        "lacks 2 of them: 'age' (nearest in the table: 'Age'), 'income' (nearest in the table: 'incom')"
        in text
    )
    assert "does not know: 'Age', 'incom', 'zip'" in text


def test_a_model_without_names_says_both_numbers_and_the_list() -> None:
    with pytest.raises(BadInputError, match=r"takes 3 columns; the table offers 2 as features: 'a', 'b'"):
        wanted(None, 3, ("a", "b"), None)


def test_a_hostile_column_name_is_shown_on_one_printable_line() -> None:
    with pytest.raises(BadInputError) as caught:
        wanted(HOSTILE, len(HOSTILE), ("\x1b[31m\n::error::",), None)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000


def test_text_where_numbers_are_wanted_names_the_column() -> None:
    with pytest.raises(BadInputError, match="column 'b' holds text"):
        Columns.of({"a": [1], "b": ["x"]}).matrix(("a", "b"))


@pytest.mark.parametrize(
    ("classes", "positive", "negative", "place"),
    [
        (("0", "1"), "1", "0", 1),
        (("0", "1"), "1.0", "0.0", 1),
        (("0", "1"), "true", "false", 1),
        (("False", "True"), "1", None, 1),
        (("0", "1"), "0", "1", 0),
        (("no", "yes"), "no", "yes", 0),
        (("a", "b", "c"), "b", "a", 1),
        (("0", "1"), None, None, 1),
    ],
)
def test_the_positive_class_is_found_as_the_table_writes_it(
    classes: tuple[str, ...], positive: str | None, negative: str | None, place: int
) -> None:
    assert position(classes, positive, negative, coded=False)[0] == place


def test_xgboosts_one_stands_for_the_positive_and_says_so() -> None:
    place, note = position(("0", "1"), "approved", "denied", coded=True)
    assert place == 1
    assert "'approved'" in note


@pytest.mark.parametrize(
    ("classes", "positive", "negative", "said"),
    [
        (("0", "1"), "approved", None, "'approved' is not among the model's classes '0', '1'"),
        (("no", "yes"), None, None, "say which is positive"),
        (("no", "yes"), "yes", "maybe", "'maybe' is not among the model's classes"),
        (("a", "b", "c"), "d", None, "'d' is not among"),
    ],
)
def test_a_class_that_the_model_does_not_have_is_named(
    classes: tuple[str, ...], positive: str | None, negative: str | None, said: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        position(classes, positive, negative, coded=False)
    assert said in str(caught.value)


def test_classes_are_written_as_people_write_them() -> None:
    assert [as_text(v) for v in (1.0, np.int64(2), np.True_, b"yes", "no", 0.5)] == [
        "1",
        "2",
        "True",
        "yes",
        "no",
        "0.5",
    ]
