"""``toolkit report diff``: what it prints and writes, how it ends, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import audit_fixture
import diff_pairs
import pytest
from click.testing import CliRunner, Result

from toolkit.cli import command
from toolkit.records import BadInputError
from toolkit.report import embedded


def toolkit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two checks that differ, as folders."""
    for name, document in zip(("old", "new"), diff_pairs.changed(), strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(document), encoding="utf-8")
    return tmp_path / "old", tmp_path / "new"


def test_a_diff_informs_and_ends_well(pair: tuple[Path, Path]) -> None:
    done = toolkit("report", "diff", *pair)
    assert done.exit_code == 0
    assert "never-worse, digits: refuted → supported" in done.stdout


def test_it_fails_on_a_change_only_when_asked(pair: tuple[Path, Path]) -> None:
    assert toolkit("report", "diff", *pair, "--fail-on", "change").exit_code == 1
    assert toolkit("report", "diff", pair[0], pair[0], "--fail-on", "change").exit_code == 0


def test_the_same_run_twice_is_one_line(pair: tuple[Path, Path]) -> None:
    done = toolkit("report", "diff", pair[0], pair[0] / "run.json")
    assert done.stdout.startswith("No change: ")
    assert done.stdout.count("\n") == 1


def test_json_is_the_comparison_that_the_page_carries(pair: tuple[Path, Path], tmp_path: Path) -> None:
    printed = json.loads(toolkit("report", "diff", *pair, "--format", "json").stdout)
    page = tmp_path / "deep" / "diff.html"
    done = toolkit("report", "diff", *pair, "--format", "html", "--output", page)
    assert done.stdout == f"{page}\n"
    assert embedded(page.read_text(encoding="utf-8")) == printed
    assert printed["schema"] == "toolkit.diff/1"


def test_a_check_against_an_audit_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "audit.json"
    other.write_text(json.dumps(audit_fixture.document()), encoding="utf-8")
    with pytest.raises(
        BadInputError, match=r"is a check and .* is an audit: .* give two checks or two audits"
    ):
        toolkit("report", "diff", pair[0], other)


def test_a_folder_is_no_file_to_write_to(pair: tuple[Path, Path]) -> None:
    with pytest.raises(BadInputError, match="it is a folder; name a file in it"):
        toolkit("report", "diff", *pair, "--output", pair[0])
