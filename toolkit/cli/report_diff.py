"""``toolkit report diff``: what changed between two finished runs; it informs, and gates only when asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from toolkit.cli.exits import GATE
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError

FORMATS = ("text", "html", "markdown", "json")


@click.command(short_help="Say what changed from one run to another.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", help="What to write.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write to instead of stdout.")
@click.option("--all", "everything", is_flag=True, help="List in the text what did not change too.")
@click.option(
    "--fail-on",
    type=click.Choice(["change"]),
    help="Exit with 1 where a ruling changed or something moved beyond its margin.",
)
def diff(
    *, old: Path, new: Path, style: str, output: Path | None, everything: bool, fail_on: str | None
) -> None:
    """Say what changed from OLD to NEW: two checks or two audits (a folder, run.json, or a report.html)."""
    from toolkit.cli.report import read_document
    from toolkit.report.diff import compare
    from toolkit.report.validation import is_audit

    documents = [read_document(path) for path in (old, new)]
    kinds = ["an audit" if is_audit(document) else "a check" for document in documents]
    if kinds[0] != kinds[1]:
        raise BadInputError(
            f"{old} is {kinds[0]} and {new} is {kinds[1]}: they have nothing in common to compare; "
            "give two checks or two audits"
        )
    found = compare(*documents)
    text = written(found, style, everything=everything)
    if output is None:
        click.echo(harmless(text) if style == "text" else text, nl=False)
    else:
        save(output, text)
    if fail_on == "change" and found["change"]:
        raise click.exceptions.Exit(GATE)


def written(found: Mapping[str, Any], style: str, *, everything: bool) -> str:
    """Write a comparison in one format."""
    import json

    if style == "html":
        from toolkit.report.diff.page import render

        return render(found)
    if style == "markdown":
        from toolkit.report.diff.markdown import markdown

        return markdown(found)
    if style == "json":
        return json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    from toolkit.report.diff.text import text

    return text(found, everything=everything)


def save(path: Path, text: str) -> None:
    """Write a text to a file, making its folder, and say where it is."""
    from toolkit.cli.output import refuse_unwritable
    from toolkit.journal import write_atomic

    if path.is_dir():
        raise BadInputError(f"cannot write {path}: it is a folder; name a file in it")
    refuse_unwritable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text)
    click.echo(harmless(str(path)))
