"""``toolkit schema``: the published shape of a run document, for programs that read it."""

from __future__ import annotations

import json

import click


@click.group(no_args_is_help=True)
def command() -> None:
    """Print the JSON Schema of a run document."""


@command.command()
def check() -> None:
    """Print the schema of what `toolkit check` writes (toolkit.check/1)."""
    from toolkit.report import schema

    click.echo(json.dumps(schema("check"), ensure_ascii=False, indent=2))


@command.command()
def audit() -> None:
    """Print the schema of what `toolkit audit` writes (toolkit.audit/1)."""
    from toolkit.report import schema

    click.echo(json.dumps(schema("audit"), ensure_ascii=False, indent=2))
