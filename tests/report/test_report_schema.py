"""The published schema: the fixture follows it, broken documents do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from toolkit.report import render, schema, validate
from toolkit.report.validation import InvalidDocumentError

Break = Callable[[dict[str, Any]], object]
first: Callable[[dict[str, Any]], dict[str, Any]] = lambda d: d["experiments"][0]["claims"][0]  # noqa: E731 - a path


def test_the_schema_is_a_schema_and_the_fixture_follows_it(document: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema("check"))
    validate(document)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (lambda d: d.update(schema="toolkit.other/1"), "no run document"),
        (lambda d: d.update(schema="toolkit.check/2"), "schema"),
        (lambda d: d.pop("provenance"), "provenance"),
        (lambda d: d["provenance"].update(effort="huge"), "effort"),
        (lambda d: d["experiments"][0].update(ruling="maybe"), "ruling"),
        (lambda d: d["experiments"][0].update(claims=[]), "claims"),
        (lambda d: first(d).pop("margin"), "margin"),
        (lambda d: first(d).update(margin=-0.01), "margin"),
        (lambda d: first(d).update(predicts="up"), "predicts"),
        (lambda d: first(d)["pooled"].update(effect="0.1"), "effect"),
        (lambda d: first(d)["verdicts"][0].pop("effects"), "effects"),
        (lambda d: first(d)["verdicts"][0].update(p_for=1.5), "p_for"),
        (lambda d: first(d)["verdicts"][0].update(test_train_ratio=0), "test_train_ratio"),
        (lambda d: first(d)["controls"][0].pop("held"), "held"),
        (lambda d: d["experiments"][0]["figures"][0]["points"][0].pop("mean"), "mean"),
        (lambda d: d["calibration"][0].update(runs=0), "runs"),
    ],
)
def test_a_broken_document_is_refused_and_the_place_is_named(
    document: dict[str, Any], broken: Break, where: str
) -> None:
    broken(document)
    with pytest.raises(InvalidDocumentError, match=where):
        validate(document)


def test_an_unknown_schema_names_those_there_are() -> None:
    with pytest.raises(LookupError, match="known are check"):
        schema("chek")


def test_added_keys_are_welcome(document: dict[str, Any]) -> None:
    document["new"] = 1
    first(document)["new"] = {"nested": True}
    validate(document)
    assert render(document)
