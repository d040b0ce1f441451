"""A comparison as text, Markdown and HTML: golden, complete, and harmless whatever a name holds."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import audit_fixture
import diff_pairs
import fixture
import pytest

from toolkit.report.diff import compare
from toolkit.report.diff.causes import attribution
from toolkit.report.diff.markdown import markdown
from toolkit.report.diff.page import render
from toolkit.report.diff.text import text
from toolkit.report.diff.view import view

GOLDEN = Path(__file__).parents[1] / "golden"
PAIRS = {"diff-check.txt": diff_pairs.changed, "diff-audit.txt": diff_pairs.audits}


def hostile() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return pairs in which every name that can attack does, on both sides and come and gone."""
    checks = fixture.document(), fixture.document()
    attacked = checks[1]["experiments"][4]
    attacked["ruling"] = attacked["claims"][0]["pooled"]["ruling"] = "error"
    attacked["claims"][0]["verdicts"] = attacked["claims"][0]["verdicts"][2:]
    attacked["claims"].append({**attacked["claims"][0], "id": fixture.SCRIPT})
    checks[1]["provenance"]["versions"][fixture.SCRIPT] = fixture.FORMULA
    checks[1]["provenance"]["datasets"][2]["sha256"] = "c" * 64
    audits = audit_fixture.hostile(), audit_fixture.hostile()
    audits[1]["groups"] = audits[1]["groups"][1:]
    audits[1]["data"] |= {"sha256": "c" * 64, "label": fixture.SCRIPT}
    audits[1]["data"]["columns"] = list(fixture.HOSTILE)
    audits[1]["gaps"][0] |= {"ruling": "small", "highest": fixture.TURNED}
    return [checks, audits]


@pytest.mark.parametrize("name", PAIRS)
def test_the_text_is_the_golden_one(name: str) -> None:
    written = text(compare(*PAIRS[name]()))
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(written, encoding="utf-8")
    assert written == (GOLDEN / name).read_text(encoding="utf-8"), (
        "the text of a comparison changed; look at it, then run this test with UPDATE_GOLDEN=1"
    )


@pytest.mark.parametrize("document", [diff_pairs.hashed, audit_fixture.document])
def test_the_same_run_twice_is_said_in_one_line(document: Any) -> None:
    found = compare(document(), document())
    assert text(found).startswith("No change: ")
    assert text(found).count("\n") == markdown(found).count("\n") == 1
    assert view(found).no_change in render(found)


@pytest.mark.parametrize("pair", [diff_pairs.changed, diff_pairs.audits])
def test_every_format_names_what_changed(pair: Any) -> None:
    found = compare(*pair())
    seen = view(found)
    assert seen.first
    page = re.sub(r"<[^>]+>|&nbsp;|\u00a0", " ", render(found))
    for group, row in seen.first:
        for said in (group.title, row.name, row.where):
            assert said in text(found)
            assert said in page
        for number in re.findall(r"\d+\.\d+", row.before + row.after + row.change):
            assert number in text(found)
            assert number in markdown(found)
            assert number in page
    assert seen.attribution in page


def test_the_rest_is_counted_and_listed_on_request() -> None:
    found = compare(*diff_pairs.changed())
    assert "teacher" not in text(found)
    assert "teacher" in text(found, everything=True)
    assert "the rest: " in text(found)
    assert "the rest: " not in text(found, everything=True)


def test_a_ruling_that_crossed_its_line_is_said_to_be_no_evidence() -> None:
    old, new = diff_pairs.hashed(), diff_pairs.hashed()
    verdict = diff_pairs.verdict_of(new, "M006", "equal", "wine")
    diff_pairs.shift(verdict, -0.001, 0.001)
    verdict["ruling"] = "supported"
    crossed = "a ruling that crossed its line is by itself no evidence of a change"
    assert crossed in " ".join(text(compare(old, new)).split())
    assert crossed not in " ".join(text(compare(*diff_pairs.changed())).split())


@pytest.mark.parametrize(
    ("moved", "candidates", "unknown", "follows", "said"),
    [
        (False, [], [], None, "Nothing that was measured differs."),
        (False, ["versions"], [], None, "made no difference to anything measured"),
        (True, ["seed"], [], "noise", "Only the seed differs: these are the differences of chance"),
        (True, ["data"], [], "data", "Only the data differ, so every difference follows from them."),
        (True, ["code"], [], "code", "Only the code differs, so every difference follows from it."),
        (True, ["data", "code"], [], None, "The data and the code differ at once, and two runs alone cannot"),
        (True, ["seed"], ["code"], None, "Whether the code is the same is not known."),
        (True, [], [], "nothing_recorded", "something that is not recorded made the difference"),
        (True, [], ["data"], None, "So what made the difference cannot be told."),
    ],
)
def test_a_cause_is_said_only_where_it_follows(
    moved: bool, candidates: list[str], unknown: list[str], follows: str | None, said: str
) -> None:
    answer = {"moved": moved, "candidates": candidates, "unknown": unknown, "follows": follows}
    assert said in attribution({"attribution": answer})


@pytest.mark.parametrize("place", [0, 1])
def test_hostile_names_stay_text_in_every_format(place: int) -> None:
    found = compare(*hostile()[place])
    page = render(found)
    assert "<img" not in page
    assert page.count("<script") == 1
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in markdown(found)
    assert "\x1b" not in page + markdown(found) + text(found, everything=True)


def test_the_page_is_the_same_every_time_and_small() -> None:
    found = compare(*diff_pairs.audits())
    assert render(found) == render(compare(*diff_pairs.audits()))
    many = compare(*diff_pairs.changed())
    many["rows"] = [{**row, "name": f"{row['name']} {k}"} for row in many["rows"] for k in range(60)]
    assert len(many["rows"]) > 500
    assert len(render(many).encode()) < 2_000_000
