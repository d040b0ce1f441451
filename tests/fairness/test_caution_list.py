"""All warnings together: their shape, their order, and what silencing does."""

from __future__ import annotations

import json
from typing import Any

import caution_fixture as fixture
import pytest

from toolkit.fairness.cautions import CODES, Context, cautions, check_codes, raised, silenced
from toolkit.fairness.cautions.ruling import widest_ruling
from toolkit.records import BadInputError

TABLE = {"a": (100, 300, 350, 250), "b": (300, 100, 150, 50), "c": (1, 1, 0, 1)}


def context_of(**more: Any) -> Context:
    gaps = [fixture.gap("selection_rate", "a", "b", 0.3), fixture.gap("true_positive_rate", "a", "b", 0.1667)]
    return fixture.context_of(TABLE, gaps=gaps, rule=widest_ruling(), trained_on=True, **more)


def test_every_warning_has_the_documents_keys_and_plain_evidence() -> None:
    found = cautions(context_of())
    assert len(found) >= 4
    for warning in found:
        assert list(warning) == ["code", "title", "text", "evidence", "silence", "level"]
        assert warning["code"] in CODES
        assert warning["silence"] == f"--silence {warning['code']}"
        assert warning["level"] in ("warning", "note")
        assert json.loads(json.dumps(warning["evidence"], allow_nan=False)) == warning["evidence"]
        assert warning["text"].endswith(".")
        assert "  " not in warning["text"]


def test_warnings_come_before_notes_and_each_code_once() -> None:
    found = raised(context_of())
    levels = [warning["level"] for warning in found]
    assert levels == sorted(levels, key=lambda level: level != "warning")
    codes = [warning["code"] for warning in found]
    assert len(codes) == len(set(codes))


def test_a_silenced_warning_is_gone_and_listed() -> None:
    context = context_of(silence=["trained-on", "label-leak"])
    assert "trained-on" not in {warning["code"] for warning in cautions(context)}
    # A code that would not have fired was not silenced.
    assert silenced(context) == ["trained-on"]
    assert silenced(context, raised(context)) == ["trained-on"]


def test_a_code_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInputError, match="did you mean label-leak"):
        check_codes(["label-leek"])
    with pytest.raises(BadInputError, match="no such warning"):
        cautions(context_of(silence=["everything"]))


def test_an_ordinary_audit_raises_no_warning() -> None:
    table = {"a": (700, 100, 100, 600), "b": (690, 105, 98, 607)}
    gaps = [fixture.gap("selection_rate", "b", "a", 0.0, "small")]
    assert cautions(fixture.context_of(table, gaps=gaps)) == []


def test_a_regression_has_nothing_to_warn_of() -> None:
    cells = fixture.cells_of({"a": (50, 0, 0, 0), "b": (50, 0, 0, 0)}, labels=False)
    object.__setattr__(cells, "decision", None)
    assert cautions(Context(cells, ("race",))) == []


def test_frequency_weights_are_people_and_sampling_weights_are_not() -> None:
    cells = fixture.cells_of({"a": (1, 2, 3, 4)}, frequencies=True)
    object.__setattr__(cells, "weight", cells.n * 10.0)
    assert Context(cells, ("race",)).everybody.tolist() == [[10, 20], [30, 40]]
    object.__setattr__(cells, "frequencies", False)
    assert Context(cells, ("race",)).everybody.tolist() == [[1, 2], [3, 4]]


def test_a_column_whose_name_holds_an_ampersand_is_one_attribute() -> None:
    table = {"a": (100, 300, 350, 250), "b": (300, 100, 150, 50)}
    found = fixture.gap("true_positive_rate", "a", "b", 0.17, attribute="sex & age", attributes=["sex & age"])
    context = fixture.context_of(table, attribute="sex & age", gaps=[found])
    assert "label-error" in {warning["code"] for warning in cautions(context)}
