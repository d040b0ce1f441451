"""``toolkit schema``: the published shapes of what we write, for programs that read it."""

from __future__ import annotations

import json

import click


@click.group(no_args_is_help=True)
def command() -> None:
    """Print the JSON Schema of a run document."""


@command.command(short_help="What `toolkit check` writes (toolkit.check/1).")
def check() -> None:
    """Print the schema of what `toolkit check` writes (toolkit.check/1)."""
    from toolkit.report import schema

    click.echo(json.dumps(schema("check"), ensure_ascii=False, indent=2))


@command.command(short_help="What `toolkit audit` writes (toolkit.audit/1).")
def audit() -> None:
    """Print the schema of what `toolkit audit` writes (toolkit.audit/1)."""
    from toolkit.report import schema

    click.echo(json.dumps(schema("audit"), ensure_ascii=False, indent=2))


@command.command(short_help="What `toolkit report diff` writes.")
def diff() -> None:
    """Print the schema of what `toolkit report diff` writes (toolkit.diff/1)."""
    from toolkit.report import schema

    click.echo(json.dumps(schema("diff"), ensure_ascii=False, indent=2))


@command.command(short_help="What `toolkit report index --json` prints.")
def index() -> None:
    """Print the schema of what `toolkit report index --json` prints (toolkit.index/1)."""
    from toolkit.report import schema

    click.echo(json.dumps(schema("index"), ensure_ascii=False, indent=2))
