"""The commands that only read: datasets, reports, schema; and that names from data are harmless."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from toolkit.cli import command
from toolkit.cli.report import read_document
from toolkit.cli.terminal import columns, harmless
from toolkit.datasets import _public, cards
from toolkit.records import BadInputError


def toolkit(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_every_dataset_with_a_card_is_listed_and_shown() -> None:
    listed = toolkit("datasets", "list").output
    for name, card in cards().items():
        assert f"\n{name} " in f"\n{listed}"
        shown = toolkit("datasets", "show", name).output
        assert str(card["title"]) in shown
        assert str(card["licence"])[:30] in shown
    assert json.loads(toolkit("datasets", "list", "--json").output) == cards()
    assert json.loads(toolkit("datasets", "show", "LOANAPP", "--json").output)["name"] == "loanapp"


def test_a_table_to_fetch_is_marked_as_such_until_it_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path))
    kinds = dict(
        line.split()[:2] for line in toolkit("datasets", "list").output.splitlines()[1:] if line[0] != " "
    )
    assert kinds["adult"] == "to"
    (tmp_path / "adult.csv").write_text("x")
    kinds = dict(
        line.split()[:2] for line in toolkit("datasets", "list").output.splitlines()[1:] if line[0] != " "
    )
    assert (kinds["adult"], kinds["loanapp"]) == ("fetched", "table")


def test_fetching_prints_the_path_on_stdout_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_public, "fetch", lambda source: tmp_path / f"{source.name}.csv")
    result = toolkit("datasets", "fetch", "adult", "compas")
    assert result.stdout.splitlines() == [str(tmp_path / "adult.csv"), str(tmp_path / "compas.csv")]
    assert "--data adult" in result.stderr


def test_the_schema_is_json_and_names_its_version() -> None:
    assert json.loads(toolkit("schema", "check").output)["properties"]["schema"]["const"] == "toolkit.check/1"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "line 1, column 2: not JSON"),
        (b"[1]", "not a run document"),
        (b'{"schema": "toolkit.audit/2"}', "not a run document of this version"),
        (b'{"schema": "toolkit.audit/1"}', "damaged"),
        (b'{"schema": "toolkit.check/1"}', "damaged"),
        (b"<html>hello</html>", "holds no run document"),
        (b"\xff\xfe", "not a run document"),
    ],
)
def test_what_is_no_run_document_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    for place in (path, tmp_path):
        with pytest.raises(BadInputError, match=says):
            read_document(place)


@given(st.text())
def test_harmless_text_holds_nothing_that_moves_the_cursor(text: str) -> None:
    shown = harmless(text)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert not any(c in shown for c in "\x7f\x9b\u202e\u2066\u200b")
    assert harmless(shown) == shown


def test_a_table_prints_markup_and_escapes_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    columns([("[red]x[/red]", ":smile: \x1b[31m")], header=("a", "b"), file=sys.stdout)
    assert "[red]x[/red]  :smile: \\u001b[31m" in capsys.readouterr().out


def test_a_long_name_is_folded_and_drops_no_column(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    row = ("x" * 300, "selection_rate", "y" * 90, "17.9 (8.8 to 28.4) points", "gap shown")
    columns([row], header=("attribute", "metric", "highest", "gap (95 %)", "ruling"), file=sys.stdout)
    said = capsys.readouterr().out
    head = said.splitlines()[0]
    assert head.split() == ["attribute", "metric", "highest", "gap", "(95", "%)", "ruling"]
    assert said.count("x") == 300
    assert said.count("y") == 90 + head.count("y")
    assert "selection_rate" in said
    assert "gap shown" in said
