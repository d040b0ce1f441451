"""``toolkit report index``: one static front page over all runs found below a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from toolkit.cli.scheduling import Moment
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError


@click.command(short_help="Write one front page over all runs below a folder.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="File or folder to write to; by default DIR."
)
@click.option(
    "--at",
    type=Moment(),
    metavar="TIME",
    help="Take this time for now: ages are relative to it (ISO 8601; UTC without an offset).",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and write nothing.")
def index(folder: Path, output: Path | None, at: datetime | None, as_json: bool) -> None:
    """Write a front page (index.html) over all runs found below DIR, newest first.

    Where DIR holds the history of scheduled jobs, their runs and how their claims and gaps moved come first.
    """
    import json

    from toolkit.report.index import scan

    if not folder.is_dir():
        raise BadInputError(f"{folder}: this is no folder; give one that holds runs")
    found = scan(folder, at=at or datetime.now(UTC))
    if not found["runs"] and not found["damaged"] and not _tells(found["history"]):
        raise BadInputError(f"{folder}: no run.json or report below this folder; give one that holds runs")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1))
        return
    page = _place(folder, output)
    _write(folder, page, found)
    for trouble in (found["history"] or {"troubles": ()})["troubles"]:
        click.echo(harmless(f"history: {trouble}"), err=True)
    for damaged in found["damaged"]:
        click.echo(harmless(f"not readable: {damaged['path']}: {damaged['reason']}"), err=True)
    click.echo(harmless(str(page)))


def _tells(history: Mapping[str, Any] | None) -> bool:
    return bool(history and (history["jobs"] or history["troubles"] or history["heartbeat"]))


def _place(folder: Path, output: Path | None) -> Path:
    """Return the file to write: in the folder itself, in another, or as named."""
    if output is None:
        return folder / "index.html"
    return output / "index.html" if output.is_dir() or not output.suffix else output


def _write(folder: Path, page: Path, found: dict[str, object]) -> None:
    from toolkit.cli.output import refuse_unwritable
    from toolkit.journal import write_atomic
    from toolkit.report.index import render

    refuse_unwritable(page.parent)
    page.parent.mkdir(parents=True, exist_ok=True)
    way = Path(os.path.relpath(folder.resolve(), page.parent.resolve())).as_posix()
    prefix = "" if way == "." else f"{way}/"
    write_atomic(page, render(found, title=folder.resolve().name or str(folder), prefix=prefix))
