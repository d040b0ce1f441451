"""``toolkit report``: render a finished run again, or read it in the terminal; nothing is measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from toolkit.cli.exits import DONE, worst
from toolkit.cli.report_diff import diff
from toolkit.cli.report_index import index
from toolkit.cli.report_open import open_
from toolkit.cli.report_verify import verify
from toolkit.cli.settings import FORMATS, Names, flattened
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError, Run

SCHEMAS = ("toolkit.check/1", "toolkit.audit/1")
HELD = ("run.json", "report.html")


@click.group(no_args_is_help=True)
def command() -> None:
    """Render a finished run again, or read it in the terminal."""


@command.command(short_help="Render a run again without running it.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    type=Names((*FORMATS, "card")),
    multiple=True,
    default=("html",),
    callback=flattened,
    help="What to write.",
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Folder to write to; by default the run's own."
)
@click.option("--quiz", is_flag=True, help="Ask the reader before each ruling is shown.")
@click.option(
    "--redact", is_flag=True, help="Codes for names, no counts under 10, in a folder of its own (--output)."
)
def build(run: Path, formats: tuple[str, ...], output: Path | None, quiz: bool, redact: bool) -> None:
    """Render RUN (a folder, run.json, or a report.html) again without running anything."""
    from toolkit.cli.output import NAMES, refuse_beside, refuse_unwritable
    from toolkit.document import dumps
    from toolkit.journal import write_atomic
    from toolkit.report import render
    from toolkit.report.formats import junit, markdown, sarif
    from toolkit.report.formats.card import card
    from toolkit.report.redaction import redacted
    from toolkit.report.validation import is_audit

    document = read_document(run)
    if "card" in formats and not is_audit(document):
        raise BadInputError(
            f"{run}: a model card describes an audit, and this is a check; leave --format card out"
        )
    if quiz and (is_audit(document) or "html" not in formats):
        why = "an audit rules on no beliefs" if is_audit(document) else "only the HTML report can ask"
        raise BadInputError(f"{run}: there is nothing to guess, because {why}; leave --quiz out")
    own = run if run.is_dir() else run.parent
    folder = output or own
    if redact:
        refuse_beside(own, folder)
        document = redacted(document)
    refuse_unwritable(folder)
    write: dict[str, Callable[[dict[str, Any]], str]] = {
        "html": partial(render, quiz=quiz),
        "markdown": markdown,
        "junit": junit,
        "sarif": sarif,
        "json": dumps,
        "card": card,
    }
    texts = {name: write[name](document) for name in formats}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_atomic(folder / NAMES[name], text)
        click.echo(folder / NAMES[name])


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the run document, and nothing else, on stdout.")
def show(file: Path, as_json: bool) -> None:
    """Print the rulings of FILE (a folder, run.json, or a report.html)."""
    import sys

    from toolkit.cli.explaining import summary
    from toolkit.report.validation import is_audit

    document = read_document(file)
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    if is_audit(document):
        _show_audit(document)
        return
    made = document["provenance"]
    click.echo(
        f"{document['name']}, {made.get('effort')} effort, seed {made.get('seed')}, {made.get('started')}"
    )
    summary(document, (), sys.stdout)
    raise click.exceptions.Exit(Run(document).exit_hint)


def _show_audit(document: dict[str, Any]) -> None:
    """Print an audit's gaps, warnings and gate; exit as the audit did."""
    import sys

    from toolkit.cli.auditing import summary

    made = document["provenance"]
    click.echo(harmless(f"{document['name']}, seed {made.get('seed')}, {made.get('started')}"))
    click.echo(harmless(document["decisions"]["sentence"]))
    summary(document, (), sys.stdout)
    gate = document.get("gate")
    raise click.exceptions.Exit(worst([Run(document).exit_hint, gate["exit"] if gate else DONE]))


def read_document(path: Path) -> dict[str, Any]:
    """Read a run document from its folder, its file, or the report that carries it."""
    file = path
    if path.is_dir():  # a report that came alone carries its document
        file = next((f for name in HELD if (f := path / name).is_file()), path / HELD[0])
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{file}: this is not a run document; give run.json or report.html") from error
    except OSError as error:
        raise BadInputError(
            f"{file}: {error.strerror}; give a run's folder, run.json or report.html"
        ) from error
    if text.lstrip().startswith("<"):
        from toolkit.report import embedded

        try:
            document: Any = embedded(text)
        except (ValueError, OSError, EOFError) as error:
            raise BadInputError(f"{file}: {error}; give run.json or a report of this toolkit") from error
    else:
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInputError(
                f"{file}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}); "
                "give a whole run.json"
            ) from error
    if not isinstance(document, dict) or document.get("schema") not in SCHEMAS:
        said = " or ".join(SCHEMAS)
        raise BadInputError(f"{file}: this is not a run document of this version (schema {said})")
    from toolkit.report.validation import InvalidDocumentError, validate

    try:
        validate(document)
    except InvalidDocumentError as error:
        where = str(error).splitlines()[0]
        raise BadInputError(f"{file}: the run document is damaged ({where}); run it again") from error
    return document


command.add_command(verify)
command.add_command(diff)
command.add_command(index)
command.add_command(open_)
