"""``toolkit report index``: one static front page over all runs found below a folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="File or folder to write to; by default DIR."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and write nothing.")
def index(folder: Path, output: Path | None, as_json: bool) -> None:
    """Write a front page (index.html) over all runs found below DIR, newest first."""
    import json

    from toolkit.report.index import scan

    if not folder.is_dir():
        raise BadInputError(f"{folder}: this is no folder; give one that holds runs")
    found = scan(folder)
    if not found["runs"] and not found["damaged"]:
        raise BadInputError(f"{folder}: no run.json below this folder; give one that holds runs")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1))
        return
    page = _place(folder, output)
    _write(folder, page, found)
    for damaged in found["damaged"]:
        click.echo(harmless(f"not readable: {damaged['path']}: {damaged['reason']}"), err=True)
    click.echo(harmless(str(page)))


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
