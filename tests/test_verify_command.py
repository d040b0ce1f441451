"""``toolkit report verify`` at the command line: a table of checks, JSON, and a code for each ending."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.audit import audit
from toolkit.cli import command
from toolkit.cli.exits import guarded
from toolkit.document import dumps


def run(*arguments: str) -> int:
    asked = ["report", "verify", *arguments]
    return guarded(lambda: command.main(asked, prog_name="toolkit", standalone_mode=False))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return audit("loanapp").to_dict()


@pytest.fixture
def file(document: dict[str, Any], tmp_path: Path) -> Callable[..., str]:
    def write(**changed: Any) -> str:
        path = tmp_path / "run.json"
        path.write_text(dumps(copy.deepcopy(document) | changed), "utf-8")
        return str(path)

    return write


def test_an_honest_run_ends_with_0_and_a_table(
    file: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file()) == 0
    out = capsys.readouterr().out
    assert "could not" in out.splitlines()[0]
    assert "Gaps, from the counts" in out
    assert "All that could be recomputed agrees." in out


def test_a_forged_one_ends_with_1_and_names_what_does_not_agree(
    file: Callable[..., str], document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    gaps = copy.deepcopy(document["gaps"])
    gaps[0]["ruling"] = "small"
    assert run(file(gaps=gaps)) == 1
    out = capsys.readouterr().out
    assert "failed: Gaps adjusted within their families, and ruled on: selection_rate by race" in out
    assert "Not everything agrees." in out


def test_json_is_the_answer_and_nothing_else(
    file: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file(), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "ok"
    line = next(c for c in found["checks"] if c["id"] == "gaps")
    assert line["ok"] == line["many"] > 0
    assert (line["failed"], line["faults"], line["doubts"], line["untold"]) == (0, [], [], [])


def test_a_document_with_nothing_to_recompute_ends_with_4(
    file: Callable[..., str], document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    overall = {"n": 0, "counts": None, "metrics": {}}
    empty = {"groups": [], "gaps": [], "lenses": [], "warnings": [], "overall": overall, "gate": None}
    parts = dict.fromkeys(("decomposition", "attribution", "mitigation"))
    assert run(file(**empty, **parts)) == 4
    assert "Nothing could be recomputed" in capsys.readouterr().out


def test_what_differs_under_other_code_ends_with_4(
    file: Callable[..., str], document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    gaps = copy.deepcopy(document["gaps"])
    gaps[0]["corrected"] = 0.0
    made = document["provenance"] | {"code": {"fairness": "0" * 64}}
    assert run(file(gaps=gaps, provenance=made)) == 4
    assert "Not verified: 1 of the things above differ" in capsys.readouterr().out


BAD = {
    "nothing there": (None, "No such file or directory; give a run's folder, run.json or report.html"),
    "no JSON": ("{", "line 1, column 2: not JSON"),
    "no document": ('{"schema": "toolkit.check/2"}', "not a run document of this version"),
    "another page": ("<html></html>", "this file holds no run document"),
    "a broken page": (
        '<script type="application/json" id="run" data-encoding="gzip+base64">H4sI</script>',
        "its run document cannot be read",
    ),
    "bytes": (b"\xff\xfe\x00", "not text"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_run_document_ends_with_2_and_the_way_out(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = BAD[name]
    path = tmp_path / "given"
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text is not None:
        path.write_text(text, "utf-8")
    assert run(str(path)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_an_audit_has_no_trials_to_run_again(
    file: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file(), "--rerun", "2") == 2
    assert "is an audit, which has no trials" in capsys.readouterr().err


def test_names_from_a_document_cannot_move_the_cursor(
    file: Callable[..., str], document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    gaps = copy.deepcopy(document["gaps"])
    gaps[0] |= {"metric": "\x1b[31mred", "ruling": "small"}
    assert run(file(gaps=gaps)) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_the_help_says_what_each_code_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "0 all that could be recomputed agrees; 1 something does not agree; 2 there is no run" in out
