"""An audit's page as bytes and as text: golden, the same every time, safe, complete without script."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import audit_fixture
import fixture
import pytest
from test_report_page import Reader

from toolkit.fairness.gaps import rulings
from toolkit.fairness.metrics import discrimination
from toolkit.report import embedded, markup, render
from toolkit.report.audit import words
from toolkit.report.audit.page import SHEETS

GOLDEN = Path(__file__).parents[1] / "golden" / "audit.html"


@pytest.fixture(scope="module")
def page() -> str:
    return render(audit_fixture.document())


@pytest.fixture(scope="module")
def attacked() -> str:
    return render(audit_fixture.hostile())


@pytest.fixture(scope="module", params=["document", "hostile", "labels_only"])
def every(request: pytest.FixtureRequest) -> str:
    return render(getattr(audit_fixture, request.param)())


def text_of(html: str) -> str:
    return Reader(html).words()


def test_the_page_is_the_golden_one(page: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8"), (
        "the page of the fixture changed; look at it, then run this test with UPDATE_GOLDEN=1"
    )


def test_another_process_renders_the_same_bytes(page: str) -> None:
    code = (
        "import audit_fixture, sys; from toolkit.report import render; "
        "sys.stdout.buffer.write(render(audit_fixture.document()).encode())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path]), "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert done.stdout.decode() == page


def test_rendering_leaves_the_document_alone_and_embeds_it() -> None:
    document = audit_fixture.hostile()
    before = copy.deepcopy(document)
    assert embedded(render(document)) == before == document


def test_no_script_runs_and_nothing_is_asked_for(every: str) -> None:
    reader = Reader(every)
    assert [a["type"] for tag, a in reader.tags if tag == "script"] == ["application/json"]
    asking = {"src", "srcset", "data", "poster", "background", "action", "xlink:href", "style"}
    assert not [a for _, attributes in reader.tags for a in attributes if a in asking or a.startswith("on")]
    links = [a["href"] for tag, a in reader.tags if tag in {"a", "use"}]
    assert links
    assert all(link and link.startswith("#") for link in links)


def test_the_policy_names_the_hash_of_the_one_style_sheet(page: str) -> None:
    policies = [
        a["content"] for _, a in Reader(page).tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [markup.policy(*SHEETS)]
    assert markup.policy(*SHEETS) != markup.policy()
    assert "default-src 'none'" in markup.policy(*SHEETS)
    assert page.count("<style>") == 1
    assert not re.search(r"@import|url\((?!#)", str(markup.style(*SHEETS)))


def test_every_link_leads_somewhere_and_every_id_is_unique(every: str) -> None:
    reader = Reader(every)
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {(a["href"] or "")[1:] for tag, a in reader.tags if tag in {"a", "use"}}
    assert targets <= set(ids)


def test_hostile_names_stay_text(attacked: str) -> None:
    reader = Reader(attacked)
    assert not [tag for tag, _ in reader.tags if tag in {"img", "iframe", "object", "embed", "link", "base"}]
    text = reader.words()
    for name in fixture.HOSTILE:
        assert " ".join(name.split()) in text


def test_a_name_that_turns_the_line_is_closed_within_its_sentence(attacked: str) -> None:
    assert f"\u2068{fixture.TURNED}\u2069 84.7" in attacked


def test_every_drawing_is_named_or_hidden(every: str) -> None:
    drawings = [a for tag, a in Reader(every).tags if tag == "svg"]
    assert len(drawings) > 10
    assert all(
        a.get("aria-hidden") == "true" or (a.get("role") == "img" and a.get("aria-label")) for a in drawings
    )


def test_every_panel_has_a_finding_and_a_text_alternative_with_its_numbers(page: str) -> None:
    panels = re.findall(r'<div class="panel">.*?</div>', page, re.S)
    assert len(panels) == 18
    for panel in panels:
        assert re.search(r'class="panel-finding"><bdi>(From|All alike|Fewer)', panel)
        assert re.search(r'aria-label="[^"]+ by [^"]+: [^"]+ \d', panel)


def test_every_figure_has_a_finding_a_caption_a_text_alternative_and_its_numbers(every: str) -> None:
    figures = re.findall(r'<figure id="figure-\d+".*?</figure>', every, re.S)
    assert len(figures) >= 2
    for figure in figures:
        assert re.search(r'<p class="finding"><bdi>[^<]{20,}', figure)
        assert re.search(r"<figcaption><bdi>[^<]{20,}", figure)
        assert re.search(r"<table.*<tbody>\n<tr><td>", figure, re.S)
        assert re.search(r'<svg [^>]*role="img" aria-label="[^"]{20,}"', figure)


def test_the_first_page_says_every_ruling_in_words_with_its_numbers(page: str) -> None:
    text = text_of(page)
    assert (
        "Gap shown Black 66.3 % against white 88.7 %: 22 points apart, 95 % interval 13 to 32, beyond the "
        "margin of 5." in text
    )
    assert "Shown to be small female 84.7 % against male 85.9 %: 1.2 points apart" in text
    assert "on both sides of the margin of 5. What would settle it: 412 more rows of Black" in text
    assert "Not applicable fewer than two groups have 10 positives and 10 negatives." in text
    assert "the command ended with exit code 1" in text
    assert (
        text.index("Gap shown Black") < text.index("Not enough evidence Black") < text.index("small female")
    )


def test_every_gap_of_the_document_stands_in_a_table(page: str) -> None:
    text = text_of(page)
    for gap in audit_fixture.document()["gaps"]:
        if gap["value"] is not None:
            assert f"{words.metric(gap['metric'])} by {gap['attribute']}: {words.pair(gap)}" in text
    assert "ten skewed groups need far more than 8,000 rows" in text


def test_an_undefined_rate_is_a_dash_with_its_reason_and_never_zero(page: str) -> None:
    text = text_of(page)
    assert "– nobody in this group is in the denominator" in text
    assert "– fewer than 30 rows: no interval can be trusted" in text
    assert "(missing), not known" in text


def test_the_parts_of_the_gap_add_up_in_the_drawing_and_the_page_says_intervals_do_not(page: str) -> None:
    assert "The parts add up to the gap exactly. Their intervals do not" in text_of(page)
    part = re.search(r'aria-label="What accounts for it: the gap in selection rate".*?</table>', page, re.S)
    assert part
    bars = [
        (float(x), float(width))
        for x, width in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*class="bar"', part[0])
    ]
    assert len(bars) == 5
    start, whole = bars[-1]
    assert abs(bars[-2][0] + bars[-2][1] - (start + whole)) <= 0.2  # the last part ends where the gap ends


def test_a_gap_on_the_scale_of_log_ratios_is_not_said_in_points(page: str) -> None:
    text = text_of(page)
    start = text.index("The same for ratios, where logarithms add up")
    part = text[start : start + 400]
    assert "recorded labels+0.222+0.112 to +0.332" in part
    assert "Points" not in part


def test_evidence_that_is_a_list_is_a_table_with_its_p_values(page: str) -> None:
    text = text_of(page)
    assert "Evidence: column approved; p 0.003." in text
    assert "<td><bdi>Black</bdi><td><bdi>6</bdi><td><bdi>203</bdi><td><bdi>&lt; 0.001</bdi>" in page


def test_every_option_has_its_accuracy_and_its_gap_in_every_metric_or_says_why_not(page: str) -> None:
    text = text_of(page)
    assert "Gap in selection rate, constrained" in text
    assert "Gap in accuracy, not constrained" in text
    assert page.count('<th scope="row"><bdi>2 thresholds per group</bdi>') == 3
    assert "<tr><td><bdi>2 thresholds per group</bdi>" in page  # in the figure's own table
    assert "(failed: no feature is left once the proxies are dropped)" in text
    assert f"the sha256 of the parameters is {'b' * 64} before and the same after: no parameter moved" in text


def test_the_first_lines_say_how_many_rows_were_read_and_judged(page: str) -> None:
    assert "2,001 rows read, 495 for training, 494 for calibration, 1,000 judged." in text_of(page)


def test_what_does_not_apply_says_why() -> None:
    text = text_of(render(audit_fixture.labels_only()))
    assert text.count("Not applicable: there is no model to refit: the table holds its predictions.") == 3
    assert "No warning fired. Looked for, where the table allows it: scores or decisions" in text
    assert "None: every row was used." in text
    assert "This run carries no calibration" in text


def test_checks_that_the_document_names_replace_the_general_list() -> None:
    document = audit_fixture.labels_only() | {"warnings_checked": [{"code": "leak", "title": "a leak"}]}
    assert "Looked for, where the table allows it: a leak." in text_of(render(document))


def test_the_worst_coverage_is_said(page: str) -> None:
    assert "The worst coverage of a 95 % interval was 93.6 % (statistic difference, groups 10" in text_of(
        page
    )


def test_the_method_names_the_limits_that_the_code_takes(page: str) -> None:
    said = text_of(page).replace("\u2019", "'").replace("\N{NO-BREAK SPACE}", " ")
    assert discrimination.METHOD in said
    assert "logit scale; means" not in said
    refused = rulings.ratio_refused("selection_rate", (0.04, 0.01), (1_000, 1_000))
    assert refused.split(":")[0].removeprefix("the ") in said


def test_a_part_that_is_missing_altogether_does_not_stop_the_page() -> None:
    document = audit_fixture.document()
    for key in ("decomposition", "attribution", "mitigation", "within", "gate"):
        document[key] = None
    for key in ("intersections", "slopes", "lenses", "calibration", "silenced"):
        document.pop(key)
    text = text_of(render(document))
    assert "this run has no decomposition" in text
    assert "No lens was asked for." in text


def _crowd(document: dict[str, Any], many: int) -> dict[str, Any]:
    """Make an audit of very many intersections."""
    first = next(g for g in document["groups"] if len(g["attributes"]) == 2)
    document["groups"] += [
        copy.deepcopy(first) | {"attributes": {"race": f"race {k}", "sex": f"sex {k % 9}"}}
        for k in range(many)
    ]
    cells = document["intersections"][0]["cells"]
    cells += [cells[0] | {"attributes": {"race": f"race {k}", "sex": f"sex {k % 9}"}} for k in range(many)]
    gap = document["gaps"][0]
    document["gaps"] += [
        gap | {"highest": f"race {k}", "compare": "rest", "family": "rest"} for k in range(many)
    ]
    return document


def test_an_audit_of_very_many_groups_stays_under_two_megabytes_and_says_what_it_leaves_out() -> None:
    document = _crowd(audit_fixture.document(), 3000)
    html = render(document)
    assert len(html.encode()) < 2_000_000
    assert "in the embedded run document" in html
    assert "The 24 largest of 3006 groups are drawn." in html
    assert json.dumps(embedded(html)) == json.dumps(document)


def test_names_of_no_latin_letter_do_not_share_an_anchor() -> None:
    text = json.dumps(audit_fixture.document()).replace('"race"', '"\u05d2"').replace('"sex"', '"\u05de"')
    ids = [a["id"] for _, a in Reader(render(json.loads(text))).tags if "id" in a]
    assert len(ids) == len(set(ids))


def test_a_page_of_no_gap_at_all_can_be_made() -> None:
    document = audit_fixture.labels_only() | {"gaps": []}
    assert "fewer than two groups" in text_of(render(document))


def test_two_groups_are_not_compared_a_second_time_as_each_against_everybody_else() -> None:
    document = audit_fixture.document()
    many = {g["attribute"] for g in document["gaps"] if g["compare"] == "rest"}
    assert many == {"race"}
    assert "there are two groups" not in text_of(render(document))
    document["groups"] = [
        g
        for g in document["groups"]
        if list(g["attributes"]) != ["race"] or g["attributes"]["race"] in ("Black", "white")
    ]
    text = text_of(render(document))
    assert "By race there are two groups, and the widest pair above has compared them." in text
    assert re.search(r"by race: \S+ against the rest", text) is None


def test_a_census_says_once_that_its_gaps_are_facts() -> None:
    document = audit_fixture.document()
    document["settings"]["census"] = True
    for gap in document["gaps"]:
        if gap["ruling"] != "not_applicable":
            gap |= {"low": gap["value"], "high": gap["value"], "reason": "the gap is a fact"}
            gap["ruling"] = "shown"
    text = text_of(render(document))
    assert "gaps are facts, not estimates" in text
    assert "the gap is a fact" not in text


def test_evidence_that_holds_nothing_is_not_announced() -> None:
    document = audit_fixture.document()
    document["warnings"] = [
        {"code": "c", "title": "T", "text": "X.", "level": "note", "silence": "", "evidence": {"uneven": []}}
    ]
    assert "uneven" not in text_of(render(document))
