"""What people read of a watch: the page, Markdown; what verify recomputes; what is never shared."""

from __future__ import annotations

import copy
import json
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import audit
from toolkit.report import embedded, render
from toolkit.report.audit.nights import Nights, nights
from toolkit.report.audit.watch import e_value, watch
from toolkit.report.formats import markdown
from toolkit.report.redaction import redacted
from toolkit.verify import verify

ASKED: dict[str, Any] = {"sensitive": ["race"], "prediction": "decision", "watch": "day"}
EVIL = '</script><img src=x onerror="alert(1)">|*_'


def people(rows: int = 1_200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    race = rng.choice(["A", EVIL], rows)
    decision = rng.random(rows) < 0.6 - 0.35 * (race == EVIL)
    day = pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(rows) // 100, "D")
    return pd.DataFrame({"race": race, "decision": decision.astype(int), "day": day})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder, before = tmp_path_factory.mktemp("watched"), None
    for stop in (300, 400, 700, 1_200):
        found = audit(people()[:stop], **ASKED, watch_from=before, output=folder)
        before = folder
    return found


def test_the_page_has_a_section_with_a_table_a_drawing_and_what_it_means(run):
    html = run.report()
    section = html[html.index('<section id="watch"') :]
    section = section[: section.index("</section>")]
    for said in (
        "An alarm stands",
        "500 rows of this run are new",
        "2026-03-12",
        "nights-plot",
        "at most 5\N{NO-BREAK SPACE}%",
    ):
        assert said in section
    assert EVIL not in section
    assert embedded(html)["watch"] == run.to_dict()["watch"]


def test_the_drawing_is_left_out_while_there_is_one_night_only():
    section = watch(audit(people()[:300], **ASKED).to_dict(), iter(range(9)))
    assert section is not None
    assert [b.kind for b in section.blocks] == ["text", "text", "numbers", "text", "list"]
    assert "first evidence" in section.blocks[1].text  # type: ignore[union-attr]
    assert watch({"watch": None}, iter(())) is None
    assert watch({}, iter(())) is None


def test_markdown_has_the_gaps_and_names_stay_text(run):
    text = markdown(run.to_dict())
    part = text[text.index("## Watched over time") :]
    assert "Selection rate by race" in part
    assert "<img" not in part


def test_lines_end_together_at_the_newest_run_and_the_strongest_is_in_front():
    drawn = nights(Nights("label", (("old", (0.0, 1.0, 2.0)), ("new", (5.0,))), 3.0, "first", "last"))
    groups = drawn.findall("g")
    ends = [g.find("circle").get("cx") for g in groups]  # type: ignore[union-attr]
    assert ends[0] == ends[1]
    assert [g.get("class") for g in groups] == ["faint", None]
    far = nights(Nights("label", (("a", (0.0, 9_000.0)),), 3.0, "1", "2"))
    assert far.get("aria-label") == "label"


def test_an_e_value_is_written_with_three_figures_or_as_a_power_of_ten():
    assert [e_value({"log_e": np.log(v)}) for v in (0.1234, 1, 12.34, 123.4, 12_345)] == [
        *("0.12", "1.00", "12.3", "123", "12,345")
    ]
    assert e_value({"log_e": 2_302.6}) == "10^1000"


def test_late_changed_and_undated_rows_are_said(run):
    document = copy.deepcopy(run.to_dict())
    document["watch"] |= {
        "late": 3,
        "missing": 2,
        "grown": False,
        "changed": 4,
        "gone": 1,
        "notes": ["a note"],
    }
    html = render(document)
    for said in ("3 rows came late", "2 rows without a value", "at least 4 changed, 1 are gone", "a note"):
        assert said in html


def test_verify_recomputes_the_evidence(run, tmp_path):
    assert verify(run.folder).status == "ok"
    for place, forged in (
        (("e_value",), 3.0),
        (("log_e",), 1.0),
        (("alarm",), None),
        (("pair",), {"highest": EVIL, "lowest": "A"}),
        (("history",), []),
    ):
        document = copy.deepcopy(run.to_dict())
        document["watch"]["gaps"][0][place[0]] = forged
        (tmp_path / "run.json").write_text(json.dumps(document))
        found = {check.id: check.status for check in verify(tmp_path).checks}
        assert found["watch"] == "failed", place
    without = audit(people()[:300], sensitive=["race"], prediction="decision", output=tmp_path / "none")
    assert "watch" not in {check.id for check in verify(without.folder).checks}


def test_a_redacted_copy_tells_nothing_of_the_watch(run):
    copy_ = redacted(run.to_dict())
    assert "watch" not in copy_
    assert "2026-03-12" not in json.dumps(copy_)


def test_no_heading_of_the_page_skips_a_level(run):
    found = [int(level) for level in re.findall(r"<h([1-6])[ >]", run.report())]
    assert all(after - before <= 1 for before, after in pairwise(found))
