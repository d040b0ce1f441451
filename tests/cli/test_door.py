"""The door: help everywhere, nothing heavy on the way in, and one exit code for each ending."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from toolkit import __main__ as door
from toolkit.catalogue import UnknownNameError
from toolkit.cli import COMMANDS, command, exits
from toolkit.records import BadInputError

HEAVY = ("numpy", "scipy", "pandas", "sklearn", "jax", "xgboost", "duckdb", "shap", "fairlearn", "optuna")


def toolkit(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        yield (*path, name)
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from every_command(found, (*path, name))


ALL = list(every_command(command))


def test_the_commands_are_the_documented_ones() -> None:
    assert {
        ("check", "misconceptions"),
        ("datasets", "list"),
        ("datasets", "show"),
        ("datasets", "fetch"),
        ("report", "build"),
        ("report", "show"),
        ("schema", "check"),
        ("config", "show"),
        ("calibrate",),
    } <= set(ALL)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(path: tuple[str, ...]) -> None:
    result = toolkit(*path, "--help")
    assert result.exit_code == 0
    assert f"Usage: toolkit {' '.join(path)}".replace("toolkit", "command", 1) in result.output.replace(
        "Usage: toolkit", "Usage: command"
    )
    assert len(result.output.splitlines()[2].strip()) > 15


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_in_the_list_is_the_commands_own(name: str) -> None:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    assert found.get_short_help_str(200) == COMMANDS[name]


def test_no_list_of_commands_breaks_off_in_the_middle_of_a_sentence() -> None:
    groups = {path[:-1] for path in ALL}
    for path in groups:
        listed = CliRunner().invoke(command, [*path, "--help"], terminal_width=80).output
        broken = [line for line in listed.splitlines() if line.endswith("...") and "Usage" not in line]
        assert broken == [], path


def test_a_group_without_a_word_shows_its_help_and_calls_that_no_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["toolkit", "schema"])
    assert door.main() == exits.USAGE
    out, err = capfd.readouterr()
    assert (out, err[:21]) == ("", "Usage: toolkit schema")
    assert "Error" not in err
    assert "Try " not in err


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_has_a_help_text(path: tuple[str, ...]) -> None:
    found: click.Command | None = command
    for name in path:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)
    assert found is not None
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path}: {parameter.opts}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["check", "misconceptions", "--help"],
        ["check", "misconceptions", "--list"],
        ["check", "misconceptions", "--explain", "M002"],
        ["check", "misconceptions", "--dry-run"],
        ["datasets", "list"],
        ["datasets", "show", "loanapp"],
        ["config", "show"],
    ],
    ids=" ".join,
)
def test_asking_what_there_is_imports_no_numerical_library(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from toolkit.__main__ import main; code = main(); "
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"
    assert done.stdout.strip()


def test_the_version_names_the_libraries_that_make_the_numbers() -> None:
    output = toolkit("--version").output
    assert output.startswith("toolkit ")
    for name in ("python", "scikit-learn", "fairlearn", "xgboost", "pandas", "shap", "jax"):
        assert f"  {name} " in output


# Endings


def ending(error: BaseException) -> int:
    def fail() -> None:
        raise error

    return exits.guarded(fail)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (click.UsageError("no such thing"), 2, "Error: no such thing"),
        (BadInputError("t.csv: no column"), 2, "Error: t.csv: no column"),
        (UnknownNameError("there is no experiment 'M9'"), 2, "Error: there is no experiment 'M9'"),
        (OSError(28, "No space left on device", "/x/run.json"), 2, "the disk is full (/x/run.json)"),
        (OSError(30, "Read-only file system"), 2, "read-only"),
        (click.exceptions.Exit(4), 4, ""),
        (click.Abort(), 130, "Interrupted"),
        (KeyboardInterrupt(), 130, "Interrupted"),
        (exits.Terminated(), 143, "Terminated"),
        (BrokenPipeError(), 0, ""),
        (BadInputError("a \x1b[31mred\x1b[0m name \u202e"), 2, "a \\u001b[31mred\\u001b[0m name \\u202e"),
    ],
)
def test_each_ending_has_its_code_and_one_line(
    error: BaseException,
    code: int,
    says: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exits, "let_go", lambda stream: None)
    assert ending(error) == code
    printed = capfd.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert "Traceback" not in printed.err
    assert len(printed.err.splitlines()) <= 1


def test_a_bug_of_ours_is_one_line_and_the_traceback_is_in_a_file(capfd: pytest.CaptureFixture[str]) -> None:
    assert ending(ZeroDivisionError("division by zero")) == 70
    line = capfd.readouterr().err
    assert len(line.splitlines()) == 1
    path = Path(line.rpartition(" ")[2].strip())
    assert "ZeroDivisionError: division by zero" in path.read_text()
    path.unlink()


@pytest.mark.parametrize(
    ("codes", "counts"),
    [
        ([0, 1], 1),
        ([4, 1], 1),
        ([3, 1], 3),
        ([5, 3], 5),
        ([2, 5], 2),
        ([70, 2], 70),
        ([130, 70], 130),
        ([], 0),
        ([4, 0], 4),
    ],
)
def test_where_several_codes_apply_the_documented_one_counts(codes: list[int], counts: int) -> None:
    assert exits.worst(codes) == counts
    assert exits.worst(reversed(codes)) == counts


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_process_with_its_code_and_no_traceback(number: signal.Signals, code: int) -> None:
    script = (
        "import sys, time; from toolkit.cli.exits import guarded\n"
        "def wait():\n    print('ready', flush=True); time.sleep(60)\n"
        "sys.exit(guarded(wait))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in errors


def test_a_reader_who_leaves_early_is_no_failure(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "toolkit", "schema", "check"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_came_closed_is_no_bug(tmp_path: Path, closed: str) -> None:
    script = f'exec "$0" -m toolkit gate list {closed}'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable], stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chek"], "did you mean 'check'"),
        (["check", "misconception"], "did you mean 'misconceptions'"),
        (["check", "misconceptions", "--onyl", "M002"], "--only"),
        (["check", "misconceptions", "--only", "M02", "--dry-run"], "did you mean M00"),
        (["check", "misconceptions", "--ignore", "Q777", "--list"], "there is no experiment 'Q777'"),
        (["check", "misconceptions", "--explain", "M0002"], "did you mean M00"),
        (["check", "misconceptions", "--dataset", "digit", "--dry-run"], "did you mean digits"),
        (["check", "misconceptions", "--effort", "quik"], "'quick'"),
        (["check", "misconceptions", "--format", "htm"], "did you mean html"),
        (["check", "misconceptions", "--fail-on", "refutd"], "did you mean refuted"),
        (["check", "misconceptions", "--seed", "-1"], "-1"),
        (["check", "misconceptions", "--timeout", "0"], "0"),
        (["check", "misconceptions", "--target", "y"], "add --data"),
        (["check", "misconceptions", "--positive", "1"], "add --data"),
        (["check", "misconceptions", "--sensitive", "race"], "add --data"),
        (["check", "misconceptions", "--data", "t.csv"], "--target"),
        (["check", "misconceptions", "--data", "t.csv", "--target", "y"], "no such file"),
        (["check", "misconceptions", "--data", "t.csv", "--target", "y", "--dataset", "digits"], "leave out"),
        (["check", "misconceptions", "--data", "adult"], "toolkit datasets fetch adult"),
        (["check", "misconceptions", "--list", "--dry-run"], "give one of them"),
        (["check", "misconceptions", "--only", "M002", "--ignore", "m002"], "leave it out of one"),
        (["datasets", "show", "loanap"], "did you mean loanapp"),
        (["datasets", "fetch", "adlt"], "did you mean adult"),
        (["report", "build", "nothing"], "No such file"),
        (["report", "show", "README.md"], "No such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_command_line_exits_2_names_the_way_out_and_writes_nothing(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "argv", ["toolkit", *arguments])
    assert door.main() == 2
    printed = capfd.readouterr()
    assert says in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []
