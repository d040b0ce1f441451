"""``toolkit config``: every setting, its value, and where the value comes from."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from toolkit.cli.settings import SETTINGS, ConfigFile, Setting, find_config
from toolkit.cli.terminal import columns
from toolkit.records import BadInputError

FOLDERS = {
    "TOOLKIT_CACHE": "outcomes of earlier runs and compiled programs",
    "TOOLKIT_DATA": "datasets fetched on request",
}


@click.group(no_args_is_help=True)
def command() -> None:
    """Show each setting and where it comes from."""


@command.command(short_help="Print every setting and where it comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Print every setting: an option beats the environment, that beats the file, that beats the default."""
    file = find_config()
    found = [{"setting": name, **_source(setting, file)} for name, setting in SETTINGS.items()]
    if as_json:
        click.echo(json.dumps({"file": str(file.path) if file.path else None, "settings": found}, indent=1))
        return
    columns(
        [(str(f["setting"]), _shown(f["value"]), str(f["source"])) for f in found],
        header=("setting", "value", "where it comes from"),
    )
    click.echo()
    click.echo(
        f"configuration file: {file.path or 'none (toolkit.toml, or [tool.toolkit] in pyproject.toml)'}"
    )
    for variable, what in FOLDERS.items():
        chosen = os.environ.get(variable)
        click.echo(f"{variable}: {chosen or 'not set, the user cache is used'} ({what})")


def _source(setting: Setting, file: ConfigFile) -> dict[str, Any]:
    """Return a setting's value and its source, as a command would see it."""
    given = os.environ.get(setting.env)
    if given:
        return {"value": _converted(setting, given), "source": f"environment ({setting.env})"}
    if setting.name in file.values:
        return {"value": file.values[setting.name], "source": f"{file.path}"}
    return {"value": setting.default, "source": "default"}


def _converted(setting: Setting, text: str) -> Any:
    """Read an environment variable as the option would, or say what it must be."""
    from toolkit.cli.settings import option

    @click.command()
    @option(setting.name)
    def reader(**values: Any) -> Any:
        return values[setting.name]

    try:
        return reader.main([], standalone_mode=False)
    except click.UsageError as error:
        raise BadInputError(f"{setting.env}={text!r}: it must be {setting.what}") from error


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, list | tuple):
        return ", ".join(value) or "(none)"
    return (
        {True: "true", False: "false"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value) or "(none)"
    )
