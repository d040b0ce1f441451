"""``toolkit history diff``: what changed between two runs of a job, said by ``toolkit report diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.exits import GATE
from toolkit.cli.historical import as_history, finished, job_of
from toolkit.cli.report_diff import FORMATS, save, written
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.history import History


@click.command(short_help="Say what changed between two runs of a job.")
@click.argument("job")
@click.argument("old", required=False)
@click.argument("new", required=False)
@scheduling.root
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", help="What to write.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write to instead of stdout.")
@click.option("--all", "everything", is_flag=True, help="List in the text what did not change too.")
@click.option(
    "--fail-on",
    type=click.Choice(["change"]),
    help="Exit with 1 where a ruling changed or something moved beyond its margin.",
)
def diff(
    *,
    job: str,
    old: str | None,
    new: str | None,
    root: str | None,
    style: str,
    output: Path | None,
    everything: bool,
    fail_on: str | None,
) -> None:
    """Say what changed in JOB from run OLD to run NEW, by default between its last two."""
    from toolkit.report.diff import compare

    history = as_history(root)
    job_of(history, job)
    pair = _pair(history, job, old, new)
    documents = [_document(history, job, identity) for identity in pair]
    if documents[0]["schema"] != documents[1]["schema"]:
        raise BadInputError(
            f"{job}: {pair[0]} and {pair[1]} are a check and an audit; name two runs of one kind"
        )
    found = compare(*documents)
    text = written(found, style, everything=everything)
    if output is None:
        click.echo(harmless(text) if style == "text" else text, nl=False)
    else:
        save(output, text)
    finished(history)
    if fail_on == "change" and found["change"]:
        raise click.exceptions.Exit(GATE)


def _pair(history: History, job: str, old: str | None, new: str | None) -> tuple[str, str]:
    """Return two ids: those given, else the newest whose documents are kept."""
    from toolkit.history.pruning import kept

    if old and new:
        return old, new
    records = history.records(job, kind="run")
    ids = [record["id"] for record in records if kept(history.home, record) is not None]
    if old:
        ids = [*ids[:1], old]
    if len(ids) < 2:
        raise BadInputError(
            f"{job}: there are not two runs whose documents are kept; there is nothing to compare"
        )
    return ids[1], ids[0]


def _document(history: History, job: str, identity: str) -> dict[str, Any]:
    from toolkit.report.validation import InvalidDocumentError, validate

    document = history.document(job, identity)
    try:
        validate(document)
    except InvalidDocumentError as error:
        where = str(error).splitlines()[0]
        raise BadInputError(
            f"{job} {identity}: this version cannot read the run's document ({where})"
        ) from error
    return document
