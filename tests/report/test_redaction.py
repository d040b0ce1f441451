from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import audit_fixture
import fixture
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from toolkit.cli import command
from toolkit.records import BadInputError
from toolkit.report import embedded, render, validate
from toolkit.report.formats import json as as_json
from toolkit.report.formats import junit, markdown, sarif
from toolkit.report.formats.card import card
from toolkit.report.redaction import LEAST, redacted, tables
from toolkit.report.redaction.codes import Codes
from toolkit.report.redaction.compared import HIDDEN
from toolkit.report.redaction.people import _DECISIONS, _WITH_LABELS

CELLS = ("tn", "fp", "fn", "tp")
COUNT = st.one_of(st.integers(0, 12), st.integers(0, 60), st.integers(20, 900))
NAMES = {
    "race": "Qattribute",
    "sex": "Zattribute",
    "Black": "Qblack</td>",
    "Hispanic": "Q=hisp()",
    "white": "Qwhite",
    "female": "Zfemale",
    "loans": "Qloans",
    "approved": "Qapproved",
    "income": "Qincome",
    "county": "Qcounty",
    "Suffolk": "Qsuffolk",
    "Essex": "Qessex",
}


def audit(by: dict[str, dict[str, tuple[int, ...]]], crossed: Any = None) -> dict[str, Any]:
    """Return the fixture's audit with groups of these counts, without the parts that need the old ones."""
    found = audit_fixture.document()
    whole = tuple(map(sum, zip(*next(iter(by.values())).values(), strict=True)))
    n = sum(whole)
    found["overall"] = {
        "n": n,
        "counts": dict(zip(CELLS, whole, strict=True)),
        "metrics": audit_fixture.metrics(whole),  # type: ignore[arg-type]
    }
    rows = [({a: g}, c) for a, groups in by.items() for g, c in groups.items()]
    rows += [(dict(zip(by, names, strict=True)), c) for names, c in (crossed or {}).items()]
    found["groups"] = [audit_fixture.group(a, c, n) for a, c in rows]  # type: ignore[arg-type]
    found["gaps"], found["intersections"], found["settings"]["reference"] = [], [], {}
    return found


def written(document: dict[str, Any]) -> dict[str, str]:
    """Return every file that is written of an audit."""
    makers = {"html": render, "md": markdown, "xml": junit, "sarif": sarif, "card": card, "json": as_json}
    return {name: make(document) for name, make in makers.items()}


def renamed(value: Any) -> Any:
    """Put distinctive names in place of the fixture's, keys and prose included."""
    if isinstance(value, dict):
        return {renamed(k) if k in NAMES else k: renamed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [renamed(v) for v in value]
    if isinstance(value, str):
        for name, other in NAMES.items():
            value = re.sub(rf"\b{name}\b", lambda _, o=other: o, value)
    return value


def people(cells: dict[tuple[str, str], tuple[int, ...]]) -> int:
    return sum(map(sum, cells.values()))


@st.composite
def two_way(draw: st.DrawFn) -> dict[tuple[str, str], tuple[int, ...]]:
    """Draw the counts of every (first, second) group."""
    first, second = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    return {
        (f"a{i}", f"b{j}"): tuple(draw(st.tuples(*[COUNT] * 4))) for i in range(first) for j in range(second)
    }


def document_of(cells: dict[tuple[str, str], tuple[int, ...]], *, whole: bool = True) -> dict[str, Any]:
    by: dict[str, dict[str, tuple[int, ...]]] = {"race": {}, "sex": {}}
    for names, counts in cells.items():
        for attribute, name in zip(by, names, strict=True):
            old = by[attribute].get(name, (0, 0, 0, 0))
            by[attribute][name] = tuple(map(sum, zip(old, counts, strict=True)))
    return audit(by, cells if whole else None)


def equations(
    told: dict[str, Any], names: dict[tuple[str, str], str]
) -> list[tuple[dict[str, str], set[str], float]]:
    """Return every sum of cells that a reader of a redacted audit can take from it: whose, of what, how many.

    Counts that are printed, people, denominators, and numerators by multiplying a rate with its denominator.
    """
    back = {code: name for (_, name), code in names.items()}
    attributes = {code.rstrip("0123456789"): a for (a, _), code in names.items()}
    found = []
    for group in (told["overall"], *told["groups"]):
        who = {
            attributes[level.rstrip("0123456789")]: back[level]
            for level in group.get("attributes", {}).values()
        }
        found.append((who, set(CELLS), float(group["n"])))
        found += [(who, {c}, float(v)) for c, v in (group["counts"] or {}).items() if v is not None]
        for name, metric in group["metrics"].items():
            if metric["value"] is None or name not in _WITH_LABELS:
                continue
            above, below = _WITH_LABELS[name]
            found.append((who, set(below), float(metric["n"])))
            found.append((who, set(above), metric["value"] * metric["n"]))
    return found


def bounds(cells: Any, known: Any, who: dict[str, str], cell: str) -> tuple[float, float]:
    """Return the least and the most that a cell can be, given all that is known; no count is negative."""
    atoms = [(*names, c) for names in cells for c in CELLS]

    def row(of: dict[str, str], parts: set[str]) -> np.ndarray:
        return np.array(
            [
                float(a[2] in parts and of.get("race", a[0]) == a[0] and of.get("sex", a[1]) == a[1])
                for a in atoms
            ]
        )

    equal, right = np.array([row(w, p) for w, p, _ in known]), np.array([v for *_, v in known])
    ends = []
    for sign in (1, -1):
        solved = linprog(sign * row(who, {cell}), A_eq=equal, b_eq=np.round(right), bounds=(0, None))
        assert solved.status == 0, solved.message
        ends.append(sign * solved.fun)
    return ends[0], ends[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(two_way().filter(lambda cells: people(cells) >= LEAST))
def test_no_small_cell_can_be_worked_out_from_any_total_or_rate_that_is_told(
    cells: dict[tuple[str, str], tuple[int, ...]],
) -> None:
    document = document_of(cells)
    told = redacted(document)
    codes = _codes(document)
    known = equations(told, codes)
    assert all(round(value) >= LEAST for *_, value in known)
    for group in document["groups"]:
        for cell, count in group["counts"].items():
            if count < LEAST:
                low, high = bounds(cells, known, group["attributes"], cell)
                assert high - low >= LEAST - 1e-6


def _codes(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    from toolkit.report.redaction.audits import _codes as made

    codes = made(document)
    return {
        (a, level): codes.level(a, level) for g in document["groups"] for a, level in g["attributes"].items()
    }


@settings(max_examples=80, deadline=None)
@given(two_way().filter(lambda cells: people(cells) >= LEAST), st.booleans())
def test_every_difference_of_told_groups_and_totals_is_ten_or_more(
    cells: dict[tuple[str, str], tuple[int, ...]], whole: bool
) -> None:
    document = document_of(cells, whole=whole)
    told = redacted(document)
    known = equations(told, _codes(document))
    for attribute in ("race", "sex"):
        for parts in {frozenset(p) for _, p, _ in known}:
            everybody = [v for w, p, v in known if not w and p == parts]
            groups = {w[attribute]: v for w, p, v in known if [*w] == [attribute] and p == parts}
            for many in range(1, len(groups) + 1):
                for some in itertools.combinations(groups.values(), many):
                    if everybody:
                        left = round(everybody[0] - sum(some))
                        assert left == 0 or left >= LEAST


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(two_way().filter(lambda cells: people(cells) >= LEAST))
def test_no_name_and_no_small_count_stands_in_any_file(cells: dict[tuple[str, str], tuple[int, ...]]) -> None:
    document = document_of({(f"Qlevel{a}", f"Zlevel{b}"): c for (a, b), c in cells.items()})
    document = renamed(document)
    told = redacted(document)
    validate(told)
    for name, text in written(told).items():
        for hidden in (*NAMES.values(), "Qlevel", "Zlevel"):
            assert hidden not in text, (name, hidden)
    for group in (told["overall"], *told["groups"]):
        assert group["n"] >= LEAST
        assert all(v is None or v >= LEAST for v in group["counts"].values())
        for metric in group["metrics"].values():
            assert metric["n"] in (None, 0) or metric["n"] >= LEAST
            assert metric["value"] is not None or metric["note"]


def test_the_whole_audit_is_told_without_any_of_its_names_or_sentences() -> None:
    document = renamed(audit_fixture.document())
    told = redacted(document)
    validate(told)
    for name, text in written(told).items():
        found = [n for n in NAMES.values() if n in text]
        assert not found, (name, found)
        assert "3.0 %" not in text  # of a warning's text
        assert "loans.csv" not in text
    assert embedded(render(told)) == told


def test_hostile_names_leave_no_trace() -> None:
    files = written(redacted(audit_fixture.hostile()))
    for text in files.values():
        assert not any(attack[:40] in text for attack in audit_fixture.HOSTILE.values())


def test_large_groups_keep_their_numbers_and_gaps() -> None:
    document = audit_fixture.document()
    big = {"race": {"white": (61, 61, 34, 684), "Black": (24, 20, 19, 55)}}
    made = audit(big)
    made["gaps"] = [
        g for g in document["gaps"] if g["metric"] == "selection_rate" and g["attribute"] == "race"
    ]
    told = redacted(made)
    assert told["redaction"]["complete"]
    assert [g["value"] for g in told["gaps"][:2]] == [g["value"] for g in made["gaps"][:2]]
    assert {g["n"] for g in told["groups"]} == {840, 118}
    assert sorted(v for g in told["groups"] for v in g["counts"].values()) == sorted(
        v for g in made["groups"] for v in g["counts"].values()
    )


def test_a_gap_over_a_suppressed_group_keeps_its_ruling_and_no_number() -> None:
    told = redacted(audit_fixture.document())
    gap = told["gaps"][0]
    assert gap["ruling"] == "shown"
    assert gap["reason"] == HIDDEN
    assert all(gap[key] is None for key in ("value", "low", "high", "p_value", "highest", "lowest"))


def test_a_second_group_goes_where_the_first_could_be_worked_out() -> None:
    rows = {
        "small": {"tn": 1.0, "fp": 1.0, "fn": 1.0, "tp": 1.0},
        "middle": dict.fromkeys(CELLS, 20.0),
        "large": dict.fromkeys(CELLS, 200.0),
    }
    whole = tables.total([*rows.values()], CELLS)
    fine = tuple(frozenset({c}) for c in CELLS)
    assert [*tables.tellable(rows, whole, fine, list(_WITH_LABELS.values()))] == ["large"]


def test_groups_that_do_not_add_up_are_not_told() -> None:
    rows = {"a": {"negative": 50.0, "positive": 50.0}}
    whole = {"negative": 40.0, "positive": 60.0}
    fine = (frozenset({"negative"}), frozenset({"positive"}))
    assert tables.tellable(rows, whole, fine, list(_DECISIONS.values())) == {}


def test_fewer_than_ten_people_are_refused_with_the_way_out() -> None:
    with pytest.raises(BadInputError, match="leave --redact out"):
        redacted(audit({"race": {"a": (1, 1, 1, 1), "b": (1, 1, 1, 1)}}))


def test_redacting_twice_changes_nothing_and_the_original_stays() -> None:
    document = audit_fixture.document()
    before = json.dumps(document)
    told = redacted(document)
    assert redacted(told) == told
    assert json.dumps(document) == before


def test_two_reports_of_one_table_agree_on_codes_whatever_the_order() -> None:
    columns, levels = ["x", "race", "sex"], {"race": ["white", "Black"], "sex": ["f", "m"]}
    first = Codes(columns, levels, "hash")
    second = Codes(columns[::-1], {"sex": ["m", "f"], "race": ["Black", "white"]}, "hash")
    for attribute, names in levels.items():
        assert first.column(attribute) == second.column(attribute)
        assert [first.level(attribute, n) for n in names] == [second.level(attribute, n) for n in names]
    others = {tuple(Codes(columns, levels, salt).column(c) for c in columns) for salt in "abcdefgh"}
    assert len(others) > 1  # the order is not the alphabet's, nor the file's


def test_few_dropped_rows_are_not_told_by_the_rows_read() -> None:
    document = audit_fixture.document()
    document["data"]["dropped"][0]["rows"] = 3
    data = redacted(document)["data"]
    assert data["rows"] is None
    assert [entry["rows"] for entry in data["dropped"]] == [None]
    assert "suppressed" in render(redacted(document))


def own_table() -> dict[str, Any]:
    """Return a check in which one dataset is the user's."""
    document = fixture.document()
    text = json.dumps(document).replace('"digits"', '"Qtable.csv"')
    found: dict[str, Any] = json.loads(text)
    found["provenance"]["datasets"] = [
        {
            "name": "Qtable.csv",
            "kind": "your table",
            "target": "Qtarget",
            "sensitive": "Qsex",
            "notes": ["Q"],
        },
        {"name": "teacher", "kind": "world", "sha256": ""},
    ]
    found["provenance"]["command"] = "toolkit check misconceptions --data Qtable.csv --target Qtarget"
    for e in found["experiments"]:
        for figure in e["figures"]:
            figure["points"] = [
                p | ({"series": "Qcolumn"} if p["dataset"] == "Qtable.csv" else {}) for p in figure["points"]
            ]
        e["tables"] = [t | {"rows": [["Qtable.csv", "Qcolumn", 3], *t["rows"]]} for t in e["tables"]]
        e["not_applicable"] = [{"dataset": "Qtable.csv", "reason": "Qgroup has 3 rows"}]
        e["sentence"] = "Refuted on Qtable.csv."
    return found


def test_a_check_of_a_users_table_is_told_without_its_names() -> None:
    told = redacted(own_table())
    validate(told)
    assert "outcomes" not in told
    for text in (json.dumps(told), render(told), markdown(told), junit(told), sarif(told)):
        for name in ("Qtable", "Qtarget", "Qsex", "Qgroup"):
            assert name not in text, name
    assert [e["ruling"] for e in told["experiments"]] == [e["ruling"] for e in own_table()["experiments"]]


def test_what_a_belief_that_compares_groups_names_is_coded_and_its_trials_left_out() -> None:
    document = own_table()
    document["experiments"][0]["code"] = "M005"
    told = redacted(document)["experiments"][0]
    assert "Qcolumn" not in json.dumps(told)
    assert told["claims"][0]["verdicts"][0]["effects"] == []
    assert told["tables"][0]["rows"][0] == ["table 1", "name 1", None]


def test_a_redacted_copy_is_built_elsewhere_and_never_beside_the_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text(json.dumps(renamed(audit_fixture.document())), encoding="utf-8")
    args = ["report", "build", str(run), "--redact"]
    beside = CliRunner().invoke(command, args)
    assert isinstance(beside.exception, BadInputError)
    formats = "--format=html,json,markdown,junit,sarif,card"
    done = CliRunner().invoke(command, [*args, formats, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == 6
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not any(name in text for name in NAMES.values())


def test_an_audit_is_redacted_in_every_file_and_on_stdout(tmp_path: Path) -> None:
    rows = ["Qrace,Qlabel,Qmade"] + [f"Q{'abc'[k % 3]},{int(k % 5 > 1)},{int(k % 7 > 2)}" for k in range(600)]
    (tmp_path / "Qtable.csv").write_text("\n".join(rows), encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    (out / "junit.xml").write_text("Qtable", encoding="utf-8")
    args = [str(tmp_path / "Qtable.csv"), "--sensitive=Qrace", "--target=Qlabel", "--prediction=Qmade"]
    done = CliRunner().invoke(command, ["audit", *args, "--redact", "-q", "-o", str(out)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert "column" in done.stdout
    assert not re.search(r"Q(race|label|made|table|[abc]\b)", done.stdout)
    assert not (out / "junit.xml").exists()
    for file in out.iterdir():
        assert not re.search(r"\bQ(race|label|made|table|[abc]\b)", file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize("make", [audit_fixture.document, fixture.document])
def test_show_prints_the_embedded_document(make: Any, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(render(make()), encoding="utf-8")
    done = CliRunner().invoke(command, ["report", "show", str(tmp_path / "report.html"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == make()


def test_a_notebook_shows_an_audit_framed() -> None:
    from toolkit.records import Run

    shown = Run(audit_fixture.hostile())._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<script" not in shown
    assert "Audit of" in shown
