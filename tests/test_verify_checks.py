"""A check's document is verified: an honest run agrees, and whatever was tampered with is found and named."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit import provenance
from toolkit.check import check
from toolkit.document import dumps
from toolkit.judge import rule
from toolkit.records import BadInputError
from toolkit.report import embedded, render
from toolkit.report.markup import claimed, fingerprint
from toolkit.report.redaction import redacted
from toolkit.verify import Verified, verify

Tamper = Callable[[dict[str, Any]], None]
AUTHENTIC = "b" * 40


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the one honest run, and the cache that all tests share."""
    return tmp_path_factory.mktemp("verify")


@pytest.fixture
def folder(coins: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hand out a copy of a run of the coins, made by code that is known and clean."""
    monkeypatch.setenv("TOOLKIT_CACHE", str(kept / "cache"))
    monkeypatch.setattr(provenance, "commit", lambda: AUTHENTIC)
    if not (kept / "run").exists():
        check(only=["Z001"], effort="quick", jobs=2, output=kept / "run")
    return Path(shutil.copytree(kept / "run", tmp_path / "run"))


def tampered(folder: Path, how: Tamper, *, page: bool = True) -> Verified:
    """Change a run's document, write it and its page anew, and verify it."""
    document = json.loads((folder / "run.json").read_text("utf-8"))
    before = copy.deepcopy(document)
    how(document)
    assert document != before
    (folder / "run.json").write_text(dumps(document), "utf-8")
    if page:
        (folder / "report.html").unlink()
    return verify(folder)


def faults(found: Verified) -> dict[str, list[str]]:
    return {c.id: [f"{f.where}: {f.what}" for f in c.faults] for c in found.checks if c.faults}


def claim(document: dict[str, Any], place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = document["experiments"][0]["claims"][place]
    return found


def test_an_honest_run_agrees_in_everything(folder: Path) -> None:
    for given in (folder, folder / "run.json", folder / "report.html"):
        found = verify(given)
        assert found.status == "ok", faults(found)
        states = {c.id: c.status for c in found.checks}
        assert set(states.values()) == {"ok"}
        assert states.keys() >= {
            "schema", "hash", "page", "verdicts", "controls", "pooled", "beliefs", "headline", "outcomes",
            "effects", "figures",
        }  # fmt: skip
        assert all(not c.could_not for c in found.checks)


def test_a_page_alone_verifies_but_for_the_outcomes(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "mailed.html"
    shutil.copy(folder / "report.html", page)
    found = verify(page)
    assert found.status == "ok"
    (missing,) = [c for c in found.checks if c.id == "outcomes"]
    assert (missing.status, missing.untold) == ("could not", {"no outcomes.jsonl lies beside": 1})


def one_effect(document: dict[str, Any]) -> None:
    claim(document)["verdicts"][0]["effects"][1] += 0.01


def one_ruling(document: dict[str, Any]) -> None:
    claim(document)["verdicts"][0]["ruling"] = "supported"


def one_limit(document: dict[str, Any]) -> None:
    claim(document)["verdicts"][0]["high"] -= 1e-6


def one_p_value(document: dict[str, Any]) -> None:
    claim(document)["verdicts"][0]["p_against"] *= 1.01


def one_pooled_ruling(document: dict[str, Any]) -> None:
    claim(document)["pooled"]["ruling"] = "inconclusive"


def one_control(document: dict[str, Any]) -> None:
    claim(document)["controls"][0]["effects"][0] = -0.4


def one_control_said_to_hold(document: dict[str, Any]) -> None:
    claim(document)["controls"][1]["held"] = False


def the_belief(document: dict[str, Any]) -> None:
    document["experiments"][0]["ruling"] = "supported"


def its_sentence(document: dict[str, Any]) -> None:
    document["experiments"][0]["sentence"] = "Coins land on heads: supported."


def one_adjusted_p(document: dict[str, Any]) -> None:
    document["headline"]["rulings"][0]["p_adjusted"] = 1.0


def a_ruling_left_out_of_the_headline(document: dict[str, Any]) -> None:
    document["headline"]["rulings"].pop()


def the_margin(document: dict[str, Any]) -> None:
    claim(document)["margin"] = 0.001


def a_point_of_a_figure(document: dict[str, Any]) -> None:
    document["experiments"][0]["figures"][0]["points"][0]["mean"] += 0.01


def a_verdict_withheld(document: dict[str, Any]) -> None:
    claim(document)["verdicts"][0] |= {"ruling": "error", "reason": "it failed"}


def a_trial_said_to_have_failed(document: dict[str, Any]) -> None:
    document["experiments"][0]["outcomes"][0]["status"] = "failed"


TAMPERED: dict[str, tuple[Tamper, str, str]] = {
    "one effect": (one_effect, "verdicts", "Z001 mostly-heads on coins:fair: effect is"),
    "one effect, beside its outcomes": (one_effect, "effects", "mostly-heads on coins:fair: effects[1] is"),
    "one ruling": (one_ruling, "verdicts", "ruling is 'supported', recomputed 'refuted'"),
    "one limit": (one_limit, "verdicts", "Z001 mostly-heads on coins:fair: high is"),
    "one p-value": (one_p_value, "verdicts", "Z001 mostly-heads on coins:fair: p_against is"),
    "one pooled ruling": (one_pooled_ruling, "pooled", "ruling is 'inconclusive', recomputed 'refuted'"),
    "one control": (one_control, "controls", "Z001 mostly-heads on coins:loaded (a control)"),
    "one control's word": (one_control_said_to_hold, "controls", "held is False, recomputed True"),
    "the belief's ruling": (the_belief, "beliefs", "Z001: ruling is 'supported', recomputed 'refuted'"),
    "the belief's sentence": (its_sentence, "beliefs", "Z001: sentence is"),
    "an adjusted p-value": (one_adjusted_p, "headline", "Z001 mostly-heads: p_adjusted is 1.0"),
    "a ruling left out": (a_ruling_left_out_of_the_headline, "headline", "missing from the headline"),
    "the margin": (the_margin, "verdicts", "Z001 mostly-heads on coins:fair"),
    "a point of a figure": (a_point_of_a_figure, "figures", "Z001 shares: points[0].mean is"),
    "a verdict withheld": (a_verdict_withheld, "effects", "ruling is 'error', recomputed 'refuted'"),
    "a trial's status": (a_trial_said_to_have_failed, "outcomes", "status is 'failed', recomputed 'done'"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_tampered_with_is_found_and_named(name: str, folder: Path) -> None:
    how, where, what = TAMPERED[name]
    found = tampered(folder, how)
    assert found.status == "failed"
    assert any(what in fault for fault in faults(found).get(where, [])), faults(found)


def test_a_changed_document_beside_its_page_is_told_by_the_hash(folder: Path) -> None:
    found = tampered(folder, lambda d: d["provenance"].update(seed=7), page=False)
    assert "report.html beside run.json: it carries another document" in faults(found)["hash"][0]


def test_a_document_changed_inside_its_page_no_longer_has_the_hash_named_there(folder: Path) -> None:
    page = folder / "report.html"
    text = page.read_text("utf-8")
    changed = text.replace('"belief":"Coins land on heads."', '"belief":"Coins land on tails."')
    assert changed != text
    page.write_text(changed, "utf-8")
    found = verify(page)
    assert found.status == "failed"
    assert "report.html: it names" in faults(found)["hash"][0]


def test_the_hash_is_that_of_the_documents_canonical_text_whatever_the_order_of_its_keys(
    folder: Path,
) -> None:
    document = json.loads((folder / "run.json").read_text("utf-8"))
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    page = (folder / "report.html").read_text("utf-8")
    assert claimed(page) == hashlib.sha256(text.encode()).hexdigest()
    assert fingerprint(dict(reversed(document.items()))) == claimed(page) == fingerprint(embedded(page))


def test_a_changed_hash_is_found(folder: Path) -> None:
    page = folder / "report.html"
    text = page.read_text("utf-8")
    page.write_text(text.replace('data-sha256="', 'data-sha256="0'), "utf-8")
    assert "report.html: it names '0" in faults(verify(page))["hash"][0]


def test_a_page_that_shows_other_words_than_its_document_is_found(folder: Path) -> None:
    page = folder / "report.html"
    text = page.read_text("utf-8")
    head, island = text.split('<script type="application/json" id="run"')
    assert "Coins land on heads: refuted." in head
    forged = head.replace("Coins land on heads: refuted.", "Coins land on heads: supported.")
    page.write_text(f'{forged}<script type="application/json" id="run"{island}', "utf-8")
    (said,) = faults(verify(page))["page"]
    assert "supported" in said
    assert "the document gives" in said


def test_other_words_on_a_page_of_another_commit_leave_it_unverified(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = folder / "report.html"
    page.write_text(page.read_text("utf-8").replace("<title>", "<title>x"), "utf-8")
    monkeypatch.setattr(provenance, "commit", lambda: "c" * 40)
    found = verify(page)
    (check,) = [c for c in found.checks if c.id == "page"]
    assert (found.status, len(check.doubts)) == ("could not", 1)
    assert "another version of the renderer" in check.doubts[0].what


def test_a_changed_row_of_the_outcomes_is_found_twice(folder: Path) -> None:
    file = folder / "outcomes.jsonl"
    lines = file.read_text("utf-8").splitlines()
    line = json.loads(lines[0])
    line["rows"][0]["share"] += 0.1
    lines[0] = json.dumps(line, ensure_ascii=False)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    said = faults(verify(folder))
    assert "outcomes.jsonl: sha256 is" in said["outcomes"][0]
    assert f"Z001 mostly-heads on {line['dataset']}: effect is" in said["effects"][0]


def test_a_line_left_out_of_the_outcomes_is_named(folder: Path) -> None:
    file = folder / "outcomes.jsonl"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:]), "utf-8")
    gone = json.loads(lines[0])
    said = faults(verify(folder))["outcomes"]
    assert f"Z001 on {gone['dataset']}, seed {gone['seed']}: its line is missing in the file" in said


def test_an_outcomes_file_that_is_none_is_found(folder: Path) -> None:
    (folder / "outcomes.jsonl").write_text('{"no": "outcome"}\n', "utf-8")
    assert "line 1 is no outcome" in faults(verify(folder))["outcomes"][0]


def test_a_document_that_breaks_its_schema_is_named_and_nothing_else_is_tried(folder: Path) -> None:
    found = tampered(folder, lambda d: claim(d).update(margin="small"))
    assert found.status == "failed"
    assert [c.id for c in found.checks] == ["schema", "hash"]
    assert "margin: 'small' is not" in faults(found)["schema"][0]


def test_another_code_leaves_effects_and_belief_in_doubt_and_the_run_unverified(folder: Path) -> None:
    def how(document: dict[str, Any]) -> None:
        document["provenance"]["code"]["Z001"] = "0" * 64
        the_belief(document)

    found = tampered(folder, how)
    assert (found.status, faults(found)) == ("could not", {})
    (belief,) = [c for c in found.checks if c.id == "beliefs"]
    assert "the code of Z001 installed here is another" in belief.doubts[0].what


def test_a_plug_in_that_is_not_installed_leaves_its_belief_unverified(folder: Path) -> None:
    def how(document: dict[str, Any]) -> None:
        document["experiments"][0]["code"] = "Z999"
        for entry in document["headline"]["rulings"]:
            entry["code"] = "Z999"

    (folder / "outcomes.jsonl").unlink()
    found = tampered(folder, how)
    assert found.status == "ok"
    (belief,) = [c for c in found.checks if c.id == "beliefs"]
    assert belief.untold == {"no plug-in Z999 is installed here": 1}


def test_a_redacted_copy_verifies_as_far_as_it_tells(folder: Path, tmp_path: Path) -> None:
    whole = redacted(json.loads((folder / "run.json").read_text("utf-8")))
    (tmp_path / "report.html").write_text(render(whole), "utf-8")
    found = verify(tmp_path / "report.html")
    assert found.status == "ok", faults(found)


def test_trials_run_again_give_the_same_rows_bit_for_bit(folder: Path) -> None:
    found = verify(folder, rerun=2, seed=3, jobs=1)
    (check,) = [c for c in found.checks if c.id == "rerun"]
    assert (check.ok, check.many) == (2, 2)


def test_a_forged_row_is_found_by_running_its_trial_again(folder: Path) -> None:
    file = folder / "outcomes.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for line in lines:
        line["rows"][0]["share"] = 0.75
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (said,) = faults(verify(folder, rerun=1, jobs=1))["rerun"]
    assert "row 1, share: 0.75 then" in said


def test_without_the_outcomes_a_trial_run_again_is_compared_by_its_effects(folder: Path) -> None:
    (folder / "outcomes.jsonl").unlink()
    found = verify(folder, rerun=1, jobs=1)
    (check,) = [c for c in found.checks if c.id == "rerun"]
    assert check.ok == 1

    def how(document: dict[str, Any]) -> None:
        for verdict in (*claim(document)["verdicts"], *claim(document)["controls"]):
            verdict["effects"] = [0.123 for _ in verdict["effects"]]

    (said,) = faults(_again(folder, how))["rerun"]
    assert "mostly-heads: 0.123 then" in said


def _again(folder: Path, how: Tamper) -> Verified:
    document = json.loads((folder / "run.json").read_text("utf-8"))
    how(document)
    (folder / "run.json").write_text(dumps(document), "utf-8")
    return verify(folder / "run.json", rerun=1, jobs=1)


def test_other_numbers_on_another_machine_are_told_apart_from_forgery(folder: Path) -> None:
    def how(document: dict[str, Any]) -> None:
        document["provenance"]["machine"]["kind"] = "another"
        document["provenance"]["versions"]["numpy"] = "1.0"
        for verdict in (*claim(document)["verdicts"], *claim(document)["controls"]):
            verdict["effects"] = [0.123 for _ in verdict["effects"]]

    (folder / "outcomes.jsonl").unlink()
    (check,) = [c for c in _again(folder, how).checks if c.id == "rerun"]
    assert not check.faults
    assert "other versions: numpy 1.0, here" in check.doubts[0].what
    assert "another processor" in check.doubts[0].what


def test_nothing_to_run_again_is_refused_with_the_reason(folder: Path) -> None:
    def how(document: dict[str, Any]) -> None:
        for entry in document["provenance"]["datasets"]:
            entry["kind"] = "your table"

    with pytest.raises(BadInputError, match=r"--rerun: no trial can be run again here \(your own table"):
        _again(folder, how)


def test_what_follows_from_effects_is_the_judges_own_rule(folder: Path) -> None:
    document = json.loads((folder / "run.json").read_text("utf-8"))
    said = claim(document)["verdicts"][0]
    again = rule(said["effects"], margin=claim(document)["margin"], predicts=claim(document)["predicts"])
    assert again.ruling == said["ruling"]
