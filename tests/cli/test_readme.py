"""The README's commands: each one it shows can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from toolkit.cli import command

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), flags=re.S)
SHOWN = [line.partition("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [line for line in SHOWN if line.startswith("toolkit ")]


def parsed(words: list[str]) -> click.Context:
    """Parse a command line down to its last command, running nothing."""
    group: click.Command = command
    parent = click.Context(command, info_name="toolkit")
    while isinstance(group, click.Group):
        name, found, words = group.resolve_command(parent, words)
        assert found is not None
        group = found
        if isinstance(group, click.Group) and (not words or words[0].startswith("-")):
            break
    return group.make_context(name, words, parent=parent)


def test_the_readme_shows_commands_at_all() -> None:
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_can_be_typed(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parsed(shlex.split(line)[1:]).command is not None


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed(["audit", "loans.csv", "--sensitve", "race"])
