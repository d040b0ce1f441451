"""Settings: option over environment over file over default, and what a broken file is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from toolkit import __main__ as door
from toolkit.cli import checking, settings
from toolkit.cli.settings import SETTINGS, find_config
from toolkit.records import BadInputError


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.env, raising=False)


def seen(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> checking.Options:
    """Return the options a command would act on."""
    caught: list[checking.Options] = []
    monkeypatch.setattr(checking, "_run", lambda group, options: caught.append(options) or 0)
    result = CliRunner().invoke(
        checking.check_command("misconceptions", "Test."), arguments, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return caught[0]


def test_an_option_beats_the_environment_that_beats_the_file_that_beats_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert seen(monkeypatch).effort == "standard"
    Path("toolkit.toml").write_text('effort = "quick"\nseed = 7\nonly = ["M001", "M002"]\n')
    assert seen(monkeypatch).effort == "quick"
    monkeypatch.setenv("TOOLKIT_EFFORT", "full")
    assert seen(monkeypatch).effort == "full"
    found = seen(monkeypatch, "--effort", "standard")
    assert (found.effort, found.seed, found.only) == ("standard", 7, ("M001", "M002"))


def test_lists_may_be_repeated_or_joined_by_commas_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, "--only", "M001,M002", "--only", "M003", "--only", "M001").only == (
        "M001",
        "M002",
        "M003",
    )
    monkeypatch.setenv("TOOLKIT_FORMAT", "json, junit")
    assert seen(monkeypatch).format == ("json", "junit")
    Path("toolkit.toml").write_text('fail-on = "refuted"\n')
    assert seen(monkeypatch).fail_on == ("refuted",)


def test_the_cache_folder_and_the_cache_switch_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", "/some/folder")
    assert seen(monkeypatch).reuse
    assert not seen(monkeypatch, "--no-cache").reuse
    monkeypatch.setenv("TOOLKIT_REUSE", "false")
    assert not seen(monkeypatch).reuse


def test_the_nearest_file_upwards_is_read_and_pyproject_only_with_our_table(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "toolkit.toml").write_text("seed = 1\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_config(deep).values == {"seed": 1}
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.toolkit]\nseed = 2\n")
    assert find_config(deep).values == {"seed": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('effort = "quick\n', "line 1, column 16"),
        ("seed = 1\n= 2\n", "line 2, column 1"),
        (
            "seed = 1\nefort = 'quick'\n",
            "line 2, column 1: there is no setting 'efort'; did you mean effort?",
        ),
        ("whatever = 1\n", "known are only, ignore"),
        (
            "\n\n  effort = 'quik'\n",
            "line 3, column 3: effort must be one of quick, standard, full, not 'quik'",
        ),
        ("seed = -1\n", "a whole number, 0 or more"),
        ("seed = true\n", "a whole number, 0 or more"),
        ("min_group = 0\n", "a whole number, 1 or more"),
        ("margin = inf\n", "a finite number above 0"),
        ("ratio_margin = 2\n", "a number between 0 and 1"),
        ("timeout = 0\n", "above 0"),
        ("reuse = 'no'\n", "true or false"),
        ("format = ['pdf']\n", "a list of html, json, markdown, junit"),
        ("only = [1]\n", "a list of names"),
    ],
)
def test_a_broken_file_is_named_with_line_and_column_and_exits_2(
    text: str, says: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("toolkit.toml").write_text(text)
    with pytest.raises(BadInputError):
        find_config()
    for arguments in (["config", "show"], ["check", "misconceptions", "--list"]):
        monkeypatch.setattr(sys, "argv", ["toolkit", *arguments])
        assert door.main() == 2
        printed = capfd.readouterr().err
        assert "toolkit.toml" in printed
        assert says in printed


def test_a_table_that_is_no_setting_is_named_with_its_line() -> None:
    Path("toolkit.toml").write_text("seed = 1\n\n[toolkit]\neffort = 'quick'\n")
    with pytest.raises(
        BadInputError, match=r"toolkit\.toml, line 3, column 1: there is no setting 'toolkit'"
    ):
        find_config()


def test_a_file_that_is_not_utf_8_is_named_with_its_line() -> None:
    Path("toolkit.toml").write_bytes(b"seed = 1\n# caf\xe9\n")
    with pytest.raises(BadInputError, match="line 2: this is not UTF-8"):
        find_config()


def test_help_is_given_even_beside_a_broken_file() -> None:
    Path("toolkit.toml").write_text("= broken")
    result = CliRunner().invoke(checking.check_command("misconceptions", "Test."), ["--help"])
    assert result.exit_code == 0


def shown(*arguments: str) -> dict[str, Any]:
    from toolkit.cli.config import command

    result = CliRunner().invoke(command, ["show", "--json", *arguments], catch_exceptions=False)
    return {row["setting"]: row for row in json.loads(result.stdout)["settings"]}


def test_config_show_says_where_each_value_comes_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "toolkit.toml").write_text("seed = 7\njobs = 3\n")
    monkeypatch.setenv("TOOLKIT_JOBS", "2")
    found = shown()
    assert set(found) == set(SETTINGS)
    assert found["effort"] == {"setting": "effort", "value": "standard", "source": "default"}
    assert (found["seed"]["value"], Path(found["seed"]["source"]).name) == (7, "toolkit.toml")
    assert found["jobs"] == {"setting": "jobs", "value": 2, "source": "environment (TOOLKIT_JOBS)"}


def test_config_show_refuses_an_environment_variable_that_cannot_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOOLKIT_SEED", "many")
    with pytest.raises(BadInputError, match="TOOLKIT_SEED='many': it must be a whole number"):
        shown()


def test_config_show_in_words_names_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.cli.config import command

    monkeypatch.setenv("TOOLKIT_DATA", "/some/data")
    output = CliRunner().invoke(command, ["show"]).output
    assert "configuration file: none" in output
    assert "TOOLKIT_DATA: /some/data" in output


def test_every_setting_is_an_option_of_a_check_or_of_an_audit_or_the_root_of_the_schedule() -> None:
    from toolkit.cli.audit import command as audit

    found = {p.name for p in checking.check_command("misconceptions", "Test.").params}
    assert set(SETTINGS) - {"root"} <= found | {p.name for p in audit.params}


@given(st.lists(st.sampled_from(settings.FORMATS)))
def test_a_list_of_choices_reads_back_each_once_in_order(names: list[str]) -> None:
    @click.command()
    @settings.option("format")
    def reader(**given: Any) -> Any:
        return given["format"]

    got = reader.main(["--format", ",".join(names)] if names else [], standalone_mode=False)
    assert got == (tuple(dict.fromkeys(names)) if names else SETTINGS["format"].default)
