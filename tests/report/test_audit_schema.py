"""The published schema of an audit: the fixtures follow it, broken documents do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import audit_fixture
import pytest
from jsonschema import Draft202012Validator

from toolkit.report import render, schema, validate
from toolkit.report.validation import InvalidDocumentError

Break = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("make", [audit_fixture.document, audit_fixture.hostile, audit_fixture.labels_only])
def test_the_schema_is_a_schema_and_the_fixtures_follow_it(make: Callable[[], dict[str, Any]]) -> None:
    Draft202012Validator.check_schema(schema("audit"))
    validate(make())


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (lambda d: d.update(schema="toolkit.audit/2"), "schema"),
        (lambda d: d.pop("decisions"), "decisions"),
        (lambda d: d["decisions"].update(source="magic"), "source"),
        (lambda d: d["settings"].update(margin=-0.1), "margin"),
        (lambda d: d["settings"].update(ratio_margin=1.2), "ratio_margin"),
        (lambda d: d["groups"][0].update(share=1.2), "share"),
        (lambda d: d["groups"][0].update(attributes={}), "attributes"),
        (lambda d: d["groups"][0]["metrics"]["accuracy"].pop("n"), "accuracy"),
        (lambda d: d["groups"][0]["counts"].update(tn=-1), "counts"),
        (lambda d: d["gaps"][0].update(ruling="maybe"), "ruling"),
        (lambda d: d["gaps"][0].update(kind="quotient"), "kind"),
        (lambda d: d["gaps"][0].update(p_value=1.5), "p_value"),
        (lambda d: d["gaps"][0].pop("rows_needed"), "rows_needed"),
        (lambda d: d["gate"].update(exit=2), "exit"),
        (lambda d: d["decomposition"].update(status="maybe"), "status"),
        (lambda d: d["decomposition"]["tables"][0]["parts"][0].pop("value"), "parts"),
        (lambda d: d["attribution"]["scales"][0].update(gap="much"), "gap"),
        (lambda d: d["mitigation"]["options"][0].pop("name"), "options"),
        (lambda d: d["lenses"][0].pop("is_not"), "is_not"),
        (lambda d: d["warnings"][0].update(level="panic"), "level"),
        (lambda d: d["calibration"].append(1), "calibration"),
    ],
)
def test_a_broken_document_is_refused_and_the_place_is_named(broken: Break, where: str) -> None:
    document = audit_fixture.document()
    broken(document)
    with pytest.raises(InvalidDocumentError, match=where):
        validate(document)


def test_added_keys_are_welcome() -> None:
    document = audit_fixture.document()
    document["new"] = 1
    document["gaps"][0]["new"] = {"nested": True}
    validate(document)
    assert render(document)
