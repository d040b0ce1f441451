"""Where an option's value comes from: option > TOOLKIT_* environment > toolkit.toml or pyproject > default.

Click itself prefers option over environment over ``default_map`` over default; a configuration file becomes
that map once every key and value in it has been checked.
"""
# ruff: noqa: ARG002 - Click decides what these are called with

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from toolkit.records import BadInputError

Kind = Literal["choice", "choices", "names", "count", "size", "seconds", "margin", "share", "path", "flag"]
WHAT = {
    "choice": "one of {choices}",
    "choices": "a list of {choices}",
    "names": "a list of names",
    "count": "a whole number, 0 or more",
    "size": "a whole number, 1 or more",
    "seconds": "a number of seconds above 0",
    "margin": "a finite number above 0",
    "share": "a number between 0 and 1",
    "path": "a path",
    "flag": "true or false",
}
EFFORTS = ("quick", "standard", "full")
FORMATS = ("html", "json", "markdown", "junit", "sarif")
GATES = ("refuted", "supported", "inconclusive", "error", "gap", "change", "alarm")


@dataclass(frozen=True)
class Setting:
    """One setting: its key in a file, its option, its environment variable, its default."""

    name: str
    kind: Kind
    default: Any
    help: str
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        """The environment variable."""
        return f"TOOLKIT_{self.name.upper()}"

    @property
    def several(self) -> bool:
        """Whether it takes a list."""
        return self.kind in ("choices", "names")

    @property
    def what(self) -> str:
        """Say what it must be."""
        return WHAT[self.kind].format(choices=", ".join(self.choices))


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("only", "names", (), "Run these experiments only (codes such as M002)."),
        Setting("ignore", "names", (), "Leave these experiments out."),
        Setting("dataset", "names", (), "Use these of the experiments' datasets only."),
        Setting("effort", "choice", "standard", "How much to spend: more replicates, larger grids.", EFFORTS),
        Setting("seed", "count", 0, "Seed of the first replicate."),
        Setting("jobs", "count", 0, "Worker processes; 0 for one per processor."),
        Setting("timeout", "seconds", 900.0, "Seconds one trial may take."),
        Setting("cluster", "path", "", "Address of a Dask scheduler to run on."),
        Setting("output", "path", "", "Folder for the report; by default reports/<what is checked>."),
        Setting("root", "path", "reports", "Folder of reports, with the history of scheduled runs in it."),
        Setting("format", "choices", ("html", "json"), "What to write beside run.json.", FORMATS),
        Setting(
            "fail_on", "choices", (), "Exit 1 if anything is ruled so, and nobody has accepted it.", GATES
        ),
        Setting("baseline", "path", "", "A finished run that --fail-on change compares with."),
        Setting("lock", "path", "", "Accepted findings; by default toolkit.lock.toml beside the settings."),
        Setting("reuse", "flag", True, "Use outcomes of earlier runs of the same code on the same data."),
        Setting("quiet", "flag", False, "Show no progress."),
        Setting("margin", "margin", None, "Audit: the smallest difference of interest; by default 0.05."),
        Setting("ratio_margin", "share", 0.8, "Audit: the smallest acceptable ratio of two rates."),
        Setting("min_group", "size", 10, "Audit: groups with a smaller denominator are not compared."),
    )
}


if TYPE_CHECKING:
    _NamesType = click.ParamType[tuple[str, ...]]
else:  # Click before 8.5 cannot be subscripted
    _NamesType = click.ParamType


class Names(_NamesType):
    """Names or choices, given again and again or with commas; each is checked, the nearest offered."""

    name = "names"

    def __init__(self, choices: Sequence[str] = ()) -> None:
        self.choices = tuple(choices)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split one value at its commas."""
        if isinstance(value, tuple):
            return value
        parts = tuple(part.strip() for part in str(value).split(",") if part.strip())
        for part in parts:
            if self.choices and part not in self.choices:
                self.fail(
                    f"{part!r} is not one of {', '.join(self.choices)}{near(part, self.choices)}", param, ctx
                )
        return parts

    def split_envvar_value(self, rv: str) -> list[str]:
        """Leave commas to `convert`; a name may hold spaces."""
        return [rv]

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Show the choices."""
        return "[" + "|".join(self.choices) + "]" if self.choices else "NAME"


def near(name: str, known: Sequence[str]) -> str:
    """Say which known name is nearest, if any is near."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def flattened(ctx: click.Context, parameter: click.Parameter, value: Any) -> tuple[str, ...]:
    """Join what several mentions of an option gave, each name once."""
    names = tuple(dict.fromkeys(name for names in value for name in names))
    given = ctx.get_parameter_source(parameter.name or "")
    if value and not names and given is click.core.ParameterSource.COMMANDLINE:
        # An empty shell variable would otherwise leave out a gate without a word.
        raise click.BadParameter("it names nothing; give a name, or leave the option out", ctx, parameter)
    return names


def option(name: str, *declarations: str, told: str = "") -> Callable[[Any], Any]:
    """Return the Click option of a setting, with a help of its own where it means something else."""
    setting = SETTINGS[name]
    flag = f"--{name.replace('_', '-')}"
    shared: dict[str, Any] = {"envvar": setting.env, "help": told or setting.help}
    if setting.kind == "flag":
        # TOOLKIT_CACHE is a folder, so what `--no-cache` sets is called by another name elsewhere.
        flags = "--cache/--no-cache" if name == "reuse" else flag
        return click.option(flags, name, *declarations, default=setting.default, is_flag=True, **shared)
    if setting.several:
        kind = Names(setting.choices)
        return click.option(
            flag,
            name,
            *declarations,
            type=kind,
            multiple=True,
            default=setting.default,
            callback=flattened,
            **shared,
        )
    types: dict[str, Any] = {
        "choice": click.Choice(setting.choices),
        "count": click.IntRange(min=0),
        "size": click.IntRange(min=1),
        "seconds": click.FloatRange(min=0, min_open=True),
        "margin": click.FloatRange(min=0, min_open=True),
        "share": click.FloatRange(min=0, max=1, min_open=True, max_open=True),
        "path": click.STRING,
    }
    shown = bool(setting.default) or setting.kind == "count"
    return click.option(
        flag,
        name,
        *declarations,
        type=types[setting.kind],
        default=setting.default,
        show_default=shown,
        **shared,
    )


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file that was found, and the settings it holds."""

    path: Path | None
    values: Mapping[str, Any]


def find_config(start: Path | None = None) -> ConfigFile:
    """Read the nearest toolkit.toml or pyproject.toml with [tool.toolkit], from here upwards."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        own = folder / "toolkit.toml"
        if own.is_file():
            return ConfigFile(own, _checked(own, _parsed(own)))
        shared = folder / "pyproject.toml"
        if shared.is_file():
            table = _parsed(shared).get("tool", {}).get("toolkit")
            if table is not None:
                return ConfigFile(shared, _checked(shared, table))
    return ConfigFile(None, {})


def _parsed(path: Path) -> dict[str, Any]:
    """Parse TOML, or say in which line and column it breaks."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInputError(f"{path}, line {line}: this is not UTF-8; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f"line {found[1]}, column {found[2]}" if found else "at its end"
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise BadInputError(f"{path}, {where}: {reason}; mend the file or move it away") from error
    except OSError as error:
        raise BadInputError(
            f"{path}: the file cannot be read ({error.strerror}); check its permissions"
        ) from error


def _checked(path: Path, table: Any) -> dict[str, Any]:
    """Return the settings of a file, once every key and value is one we know."""
    if not isinstance(table, dict):
        raise BadInputError(f"{path}: [tool.toolkit] must be a table of settings")
    checked = {}
    for key, value in table.items():
        if key == "schedule":  # the jobs, which `toolkit.schedule.jobs` reads and checks
            continue
        name = key.replace("-", "_")
        if name not in SETTINGS:
            hint = near(name, tuple(SETTINGS)) or f"; known are {', '.join(SETTINGS)}"
            raise BadInputError(f"{path}{_line(path, key)}: there is no setting {key!r}{hint}")
        if not _fits(SETTINGS[name], value):
            raise BadInputError(
                f"{path}{_line(path, key)}: {key} must be {SETTINGS[name].what}, not {value!r}"
            )
        checked[name] = value if not SETTINGS[name].several else [value] if isinstance(value, str) else value
    return checked


def _fits(setting: Setting, value: Any) -> bool:
    if setting.several:
        names = [value] if isinstance(value, str) else value
        return isinstance(names, list) and all(
            isinstance(n, str) and (not setting.choices or n in setting.choices) for n in names
        )
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "choice": value in setting.choices,
        "count": number and isinstance(value, int) and value >= 0,
        "size": number and isinstance(value, int) and value >= 1,
        "seconds": number and value > 0,
        "margin": number and 0 < value < math.inf,
        "share": number and 0 < value < 1,
        "path": isinstance(value, str),
        "flag": isinstance(value, bool),
    }[setting.kind]


def _line(path: Path, key: str) -> str:
    """Say in which line a key stands (TOML's reader does not)."""
    pattern = re.compile(rf"^\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if pattern.match(line):
            return f", line {number}, column {len(line) - len(line.lstrip()) + 1}"
    return ""


class Configured(click.Command):
    """A command whose options may stand in the configuration file."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the file before the options are parsed; help needs no file."""
        if not set(args) & {"--help", "-h"}:
            extra["default_map"] = dict(find_config().values)
        return super().make_context(info_name, args, parent, **extra)
