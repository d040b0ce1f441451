"""The published schemas of the front page's data and of a comparison: what is produced follows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diff_pairs
import history_year as year
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from test_diff_words import hostile

from toolkit.cli import command
from toolkit.report import schema
from toolkit.report.diff import compare
from toolkit.report.index import scan

PAIRS = {"check": diff_pairs.changed, "audit": diff_pairs.audits, "seeds": diff_pairs.reseeded}
Break = Callable[[dict[str, Any]], object]


def wrong(name: str, produced: dict[str, Any]) -> list[str]:
    """Return where something does not follow its schema."""
    plain = json.loads(json.dumps(produced, allow_nan=False))
    return [error.json_path for error in Draft202012Validator(schema(name)).iter_errors(plain)]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("index")
    at = year.site(root, 60, gaps=3)
    for name, document in (("check", diff_pairs.check()), ("audit", diff_pairs.audits()[0])):
        (root / name).mkdir()
        (root / name / "run.json").write_text(json.dumps(document), encoding="utf-8")
    (root / "broken").mkdir()
    (root / "broken" / "run.json").write_text("{", encoding="utf-8")
    return scan(root, at=at)


@pytest.mark.parametrize("name", ["index", "diff"])
def test_the_schema_is_a_schema_and_is_printed(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    printed = CliRunner().invoke(command, ["schema", name], catch_exceptions=False).stdout
    assert json.loads(printed) == schema(name)
    assert schema(name)["properties"]["schema"]["const"] == f"toolkit.{name}/1"


def test_the_front_page_follows_its_schema(found: dict[str, Any]) -> None:
    assert found["runs"]
    assert found["damaged"]
    assert found["history"]["jobs"]
    assert wrong("index", found) == []


def test_a_folder_without_history_follows_it_too(tmp_path: Path) -> None:
    assert wrong("index", scan(tmp_path)) == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_comparison_follows_its_schema(name: str) -> None:
    assert wrong("diff", compare(*PAIRS[name]())) == []
    old, new = PAIRS[name]()
    assert wrong("diff", compare(new, old)) == []


def test_comparisons_of_hostile_names_follow_it() -> None:
    for pair in hostile():
        assert wrong("diff", compare(*pair)) == []


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (lambda d: d.pop("history"), "$"),
        (lambda d: d["history"]["jobs"][0]["runs"][0].update(outcome="fine"), "outcome"),
        (lambda d: d["history"]["jobs"][0]["runs"][0].update(count=0), "count"),
        (lambda d: d["history"]["jobs"][0]["series"][0]["points"][0].update(value="1"), "value"),
        (lambda d: d["history"]["jobs"][0]["series"][0]["points"][0].update(breaks=["weather"]), "breaks"),
        (lambda d: d["runs"][0].update(kind="both"), "kind"),
    ],
)
def test_a_broken_front_page_is_found_out(found: dict[str, Any], broken: Break, where: str) -> None:
    copy = json.loads(json.dumps(found))
    broken(copy)
    assert [path for path in wrong("index", copy) if where in path]


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (lambda d: d.update(kind="both"), "kind"),
        (lambda d: d["rows"][0].update(word="perhaps"), "word"),
        (lambda d: d["rows"][0].pop("margin"), "rows"),
        (lambda d: d["rows"][0]["before"].update(ruling="shown"), "ruling"),
        (lambda d: d["attribution"].update(follows="weather"), "follows"),
        (lambda d: d["counts"].update(same=-1), "counts"),
    ],
)
def test_a_broken_comparison_is_found_out(broken: Break, where: str) -> None:
    found = compare(*diff_pairs.changed())
    broken(found)
    assert [path for path in wrong("diff", found) if where in path]
