"""``toolkit history``: what scheduled jobs have run, what they found and how that moved."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.exits import FAILED, say
from toolkit.cli.historical import as_history, finished, job_of, outcome_of, span_of
from toolkit.cli.history_diff import diff
from toolkit.cli.history_show import show
from toolkit.cli.terminal import columns, harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.history import History

HEADER = ("job", "id", "when (UTC)", "outcome", "gate", "changed since the run before")


@click.group(no_args_is_help=True)
def command() -> None:
    """List, compare and prune the runs of scheduled jobs."""


@command.command("list", short_help="List the runs, newest first.")
@click.argument("job", required=False)
@scheduling.root
@click.option(
    "--since", type=scheduling.Moment(), metavar="TIME", help="Leave out what was due before (ISO 8601)."
)
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=30, show_default=True, help="How many lines."
)
@click.option("--json", "as_json", is_flag=True, help="Print the records, whole, as JSON.")
def list_(job: str | None, root: str | None, since: datetime | None, limit: int, as_json: bool) -> None:
    """List the runs of JOB, or of every job, newest first: outcome, gate, what had changed."""
    history = as_history(root)
    job_of(history, job)
    found = history.records(job, since=since, limit=limit)
    changed = {name: history.breaks(name) for name in {record["job"] for record in found}}
    if as_json:
        told = [record | {"breaks": list(changed[record["job"]].get(record["id"], ()))} for record in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    elif found:
        columns([_row(record, changed) for record in found], header=HEADER)
    else:
        say(f"There are no runs in {history.home.folder}.")
    finished(history)


def _row(record: dict[str, Any], changed: dict[str, dict[str, tuple[str, ...]]]) -> tuple[str, ...]:
    gate = {"done": "held", "gate_failed": "failed"}.get(record["outcome"], "") if record["gate"] else ""
    gate = "failed" if record["outcome"] == "gate_failed" else gate
    breaks = ", ".join(changed[record["job"]].get(record["id"], ()))
    return (record["job"], record["id"], span_of(record), outcome_of(record), gate or "-", breaks or "-")


@command.command(short_help="Remove old run documents; every trend stays.")
@click.argument("job", required=False)
@scheduling.root
@scheduling.at
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Keep each job's newest N documents.")
@click.option("--older-than", metavar="TIME", help="Keep what is younger, such as 90d or 12h.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print what went as JSON.")
def prune(
    *,
    job: str | None,
    root: str | None,
    at: datetime,
    keep: int | None,
    older_than: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove old run documents; records, their points and each job's newest document stay."""
    if keep is None and older_than is None:
        raise BadInputError("say what may go: --keep N, --older-than TIME, or both (what either keeps stays)")
    history = as_history(root)
    job_of(history, job)
    going = history.prune(job, keep=keep, older_than=_age(older_than), at=at, dry_run=dry_run)
    if as_json:
        told = [{"job": one.job, "id": one.id, "bytes": one.bytes, "path": str(one.path)} for one in going]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for one in going:
            click.echo(harmless(str(one.path)))
    verb = "would go" if dry_run else "removed"
    say(
        f"{len(going)} documents {verb}, {sum(one.bytes for one in going):,} bytes; trends keep their points."
    )
    finished(history)


def _age(text: str | None) -> timedelta | None:
    from toolkit.schedule.durations import seconds

    try:
        return None if text is None else timedelta(seconds=seconds(text))
    except ValueError as error:
        raise BadInputError(f"--older-than {text}: {error}") from error


@command.command(short_help="Write runs and their points as CSV or JSON.")
@click.argument("job", required=False)
@scheduling.root
@click.option(
    "--format", "style", type=click.Choice(("csv", "json", "jsonl")), default="csv", help="What to write."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write to instead of stdout.")
def export(job: str | None, root: str | None, style: str, output: Path | None) -> None:
    """Write the runs of JOB, or of every job: each point as a row of CSV, or the records as JSON."""
    from toolkit.cli.report_diff import save

    history = as_history(root)
    job_of(history, job)
    text = history.export(style, job)
    if output is None:
        click.echo(text, nl=False)
    else:
        save(output, text)
    finished(history)


@command.command(short_help="Look for damage in the history.")
@scheduling.root
@click.option(
    "--rebuild", is_flag=True, help="First build the index anew, with a record for each document left."
)
@click.option("--json", "as_json", is_flag=True, help="Print what is wrong as JSON.")
def check(root: str | None, rebuild: bool, as_json: bool) -> None:
    """Look through every record, document and the index; exit with 3 where something is wrong."""
    history = as_history(root)
    if rebuild:
        counts = history.rebuild()
        say(
            f"{counts['records']} records, {counts['damaged']} of them damaged, "
            f"{counts['made']} made from documents that had none."
        )
    troubles = history.check()
    if as_json:
        click.echo(json.dumps(troubles, ensure_ascii=False, indent=1))
    else:
        for line in troubles or [_whole(history)]:
            click.echo(harmless(line))
    if troubles:
        raise click.exceptions.Exit(FAILED)


def _whole(history: History) -> str:
    return f"{history.home.folder}: {len(history.records())} records, all whole"


command.add_command(show)
command.add_command(diff)
