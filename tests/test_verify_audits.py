"""An audit's document is verified from its own counts: honest ones agree, forged ones are found and named."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toolkit import provenance
from toolkit.audit import audit
from toolkit.document import dumps
from toolkit.report.redaction import redacted
from toolkit.verify import Verified, verify

Document = dict[str, Any]
Tamper = Callable[[Document], None]
AUTHENTIC = "b" * 40


def people(count: int = 700) -> pd.DataFrame:
    draw = random.Random(4)
    rows = []
    for i in range(count):
        race, sex = draw.choice(["A", "A", "B", "C"]), draw.choice("FM")
        score = draw.random() * (0.8 if race == "B" else 1.0)
        row = {"race": race if draw.random() > 0.04 else None, "sex": sex, "score": round(score, 3)}
        row |= {"y": int(draw.random() < score), "decided": int(score > 0.5), "times": draw.randint(1, 3)}
        rows.append(row | {"weight": round(0.2 + draw.random(), 2), "house": i // 4})
    return pd.DataFrame(rows)


def audited(*sensitive: str, **asked: Any) -> Document:
    asked = {"target": "y", "positive": "1", "prediction": "decided", **asked}
    return audit(people(), sensitive=sensitive, name="people", **asked).to_dict()


@pytest.fixture(scope="module")
def plain_audit() -> Document:
    gate = ("selection_rate:race",)
    return audited("race", "sex", gate=gate, reference={"race": "A"}, metrics=("selection_rate", "accuracy"))


def checked(document: Document, folder: Path) -> Verified:
    file = folder / "run.json"
    file.write_text(dumps(document), "utf-8")
    return verify(file)


def faults(found: Verified) -> dict[str, list[str]]:
    return {c.id: [f"{f.where}: {f.what}" for f in c.faults] for c in found.checks if c.faults}


def untold(found: Verified, name: str) -> dict[str, int]:
    return next((c.untold for c in found.checks if c.id == name), {})


def test_an_honest_audit_agrees_in_everything_that_counts_can_tell(
    plain_audit: Document, tmp_path: Path
) -> None:
    found = checked(plain_audit, tmp_path)
    assert found.status == "ok", faults(found)
    lines = {c.id: c for c in found.checks}
    assert lines.keys() >= {
        "schema", "counts", "metrics", "intervals", "gaps", "gap_rulings", "gate", "decomposition",
        "intersections", "counted_split", "lenses",
    }  # fmt: skip
    assert lines["gaps"].ok == len(plain_audit["gaps"]) == lines["gap_rulings"].ok
    assert lines["metrics"].ok > 100
    assert all(not c.could_not for c in found.checks if c.id not in ("hash", "others"))


VARIANTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "frequency weights": ({"weight": "times", "frequency_weights": True}, "", ""),
    "a census": ({"census": True}, "", ""),
    "composites, the missing compared": (
        {"metrics": ("f1_score", "balanced_accuracy"), "compare_missing": True}, "", "",
    ),
    "sampling weights": ({"weight": "weight"}, "intervals", "squares of the sampling weights"),
    "clusters": ({"cluster": "house"}, "gaps", "rows of one cluster are alike"),
    "scores": ({"score": "score", "metrics": ("roc_auc", "accuracy")}, "gaps", "it needs scores"),
    "a numeric target": ({"target": "score", "positive": None, "prediction": None}, "metrics", "it needs"),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_an_honest_audit_agrees_whatever_it_is_made_of(name: str, tmp_path: Path) -> None:
    asked, where, why = VARIANTS[name]
    found = checked(audited("race", **asked), tmp_path)
    assert found.status == "ok", faults(found)
    reasons = untold(found, where)
    assert not where or any(why in reason and many for reason, many in reasons.items())
    if not where:
        assert not any(untold(found, name) for name in ("metrics", "intervals", "gaps"))


def group(document: Document, **attributes: str) -> dict[str, Any]:
    return next(g for g in document["groups"] if g["attributes"] == attributes)


def gap(document: Document, compare: str = "widest", metric: str = "selection_rate") -> dict[str, Any]:
    wanted = ("race", metric, "difference", compare)
    return next(
        g for g in document["gaps"] if (g["attribute"], g["metric"], g["kind"], g["compare"]) == wanted
    )


def one_count(d: Document) -> None:
    group(d, race="B")["counts"]["tp"] += 1


def one_count_moved(d: Document) -> None:
    counts = group(d, race="B")["counts"]
    counts["tp"], counts["fn"] = counts["tp"] + 1, counts["fn"] - 1


def one_value(d: Document) -> None:
    group(d, race="B")["metrics"]["precision"]["value"] += 0.001


def one_limit(d: Document) -> None:
    group(d, race="B", sex="F")["metrics"]["accuracy"]["low"] += 0.001


def one_gap(d: Document) -> None:
    gap(d)["corrected"] = 0.0


def one_p_value(d: Document) -> None:
    gap(d)["p_value"] *= 2


def one_margin_p(d: Document) -> None:
    gap(d, "reference")["p_margin"] = 0.5


def one_adjusted(d: Document) -> None:
    gap(d)["p_adjusted"] = 0.9


def one_ruling(d: Document) -> None:
    gap(d)["ruling"] = "small"


def a_gap_left_out(d: Document) -> None:
    d["gaps"].remove(gap(d, "rest"))


def a_gap_invented(d: Document) -> None:
    d["gaps"].append(gap(d, "rest") | {"highest": "Z"})


def the_gate(d: Document) -> None:
    d["gate"] |= {"result": "small", "exit": 0}


def one_part(d: Document) -> None:
    d["decomposition"]["tables"][0]["parts"][0]["value"] += 0.01


def one_cell(d: Document) -> None:
    d["intersections"][0]["cells"][0]["high"] += 0.01


def one_cells_ruling(d: Document) -> None:
    row = next(row for row in d["intersections"][0]["cells"] if row["p_value"] is not None)
    row["ruling"] = "small" if row["ruling"] != "small" else "shown"


def a_lens(d: Document) -> None:
    d["lenses"][0]["sentences"][0] = "All is well."


def what_is_not_there(d: Document) -> None:
    group(d, race="B")["metrics"]["roc_auc"]["value"] = 0.9


TAMPERED: dict[str, tuple[Tamper, str, str]] = {
    "one count, by its sum": (one_count, "counts", "counts of race B: n is"),
    "one count, by all groups": (one_count, "counts", "groups by race together: tp is"),
    "one count, by an intersection": (one_count, "counts", "groups by race & sex within race B: tp is"),
    "one count, by its metrics": (one_count, "metrics", "accuracy of race B: value is"),
    "one count moved": (one_count_moved, "metrics", "selection_rate of race B: value is"),
    "one value": (one_value, "metrics", "precision of race B: value is"),
    "one limit": (one_limit, "intervals", "accuracy of race B, sex F: low is"),
    "one gap": (one_gap, "gaps", "selection_rate by race, widest difference: corrected is 0.0"),
    "one p-value": (one_p_value, "gaps", "selection_rate by race, widest difference: p_value is"),
    "one p-value of the margin": (one_margin_p, "gaps", "by race, reference difference (B, A): p_margin is"),
    "one adjusted p-value": (one_adjusted, "gap_rulings", "p_adjusted is 0.9"),
    "one ruling": (one_ruling, "gap_rulings", "selection_rate by race, widest difference: ruling is 'small'"),
    "a gap left out": (a_gap_left_out, "gaps", "the counts give this gap; it is missing"),
    "a gap invented": (a_gap_invented, "gaps", "(Z, the rest): the counts give no such gap"),
    "the gate": (the_gate, "gate", "result is 'small'"),
    "one part of a split": (one_part, "decomposition", "decomposition of selection_rate: the parts sum to"),
    "one part, by the counts": (one_part, "counted_split", "split of selection_rate: parts[0].value is"),
    "one cell": (one_cell, "intersections", "selection_rate by race & sex, A & F: high is"),
    "one cell's ruling": (one_cells_ruling, "intersections", "adjusted: ruling is"),
    "a lens": (a_lens, "lenses", "Four-fifths rule: sentences[0] is 'All is well.'"),
    "a metric that is not there": (what_is_not_there, "metrics", "roc_auc of race B: value is 0.9"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_tampered_with_is_found_and_named(name: str, plain_audit: Document, tmp_path: Path) -> None:
    how, where, what = TAMPERED[name]
    document = copy.deepcopy(plain_audit)
    how(document)
    found = checked(document, tmp_path)
    assert found.status == "failed"
    assert any(what in fault for fault in faults(found).get(where, [])), faults(found)


def test_one_wrong_value_is_one_fault_and_no_more(plain_audit: Document, tmp_path: Path) -> None:
    document = copy.deepcopy(plain_audit)
    one_value(document)
    assert sum(map(len, faults(checked(document, tmp_path)).values())) == 1


def test_a_gap_that_counts_cannot_give_is_held_against_the_values_of_its_groups(tmp_path: Path) -> None:
    document = audited("race", score="score", metrics=("roc_auc",))
    gap(document, metric="roc_auc")["value"] += 0.01
    assert "roc_auc by race, widest difference: value is" in faults(checked(document, tmp_path))["gaps"][0]


def test_the_rulings_of_gaps_that_counts_cannot_give_follow_from_their_own_figures(tmp_path: Path) -> None:
    document = audited("race", cluster="house", metrics=("selection_rate",))
    one_ruling(document)
    assert "ruling is 'small'" in faults(checked(document, tmp_path))["gap_rulings"][0]


def test_one_part_of_an_attribution_is_found(plain_audit: Document, tmp_path: Path) -> None:
    document = copy.deepcopy(plain_audit)
    parts = [{"feature": name, "value": 0.1, "low": None, "high": None} for name in "ab"]
    scale = {"scale": "log-odds", "gap": 0.25, "parts": parts, "residual": 0.05}
    document["attribution"] = {"status": "done", "scales": [scale], "notes": []}
    assert "attribution" not in faults(checked(document, tmp_path))
    parts[1]["value"] = 0.2
    (said,) = faults(checked(document, tmp_path))["attribution"]
    assert said.startswith("attribution of log-odds: the parts sum to 0.35")


def test_other_procedures_leave_what_differs_in_doubt_and_the_audit_unverified(
    plain_audit: Document, tmp_path: Path
) -> None:
    document = copy.deepcopy(plain_audit)
    document["provenance"]["code"]["fairness"] = "0" * 64
    assert checked(document, tmp_path).status == "ok"
    one_gap(document)
    found = checked(document, tmp_path)
    assert (found.status, faults(found)) == ("could not", {})


def test_a_redacted_copy_verifies_as_far_as_it_tells(plain_audit: Document, tmp_path: Path) -> None:
    found = checked(redacted(plain_audit), tmp_path)
    assert found.status == "ok", faults(found)
    assert any("redacted copy" in reason for reason in untold(found, "gap_rulings"))


def test_a_folder_holds_the_page_to_its_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: AUTHENTIC)
    audit(people(200), sensitive="race", target="y", positive="1", name="people", output=tmp_path)
    found = verify(tmp_path)
    assert found.status == "ok", faults(found)
    page = tmp_path / "report.html"
    page.write_text(page.read_text("utf-8").replace("</h1>", "!</h1>", 1), "utf-8")
    assert "page" in faults(verify(tmp_path))


def test_no_damage_to_a_document_is_a_crash(plain_audit: Document, tmp_path: Path) -> None:
    draw, places = random.Random(2), []

    def walk(value: Any, path: tuple[Any, ...]) -> None:
        inside = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, one in inside:
            places.append((*path, key))
            walk(one, (*path, key))

    walk({k: v for k, v in plain_audit.items() if k not in ("schema", "calibration")}, ())
    whole = json.dumps(plain_audit)
    for path in draw.sample(places, 20):
        document = json.loads(whole)
        at = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = draw.choice([None, -1, "x", [], {}, 1e308])
        assert checked(document, tmp_path).status in {"ok", "failed", "could not"}
