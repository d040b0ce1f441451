"""``toolkit report open``: show a report in the reader's own browser, or say where it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError

# Browsers that webbrowser may find but that would take over the terminal.
TEXT_ONLY = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})


@click.command("open", short_help="Open a report in the browser.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--print", "print_only", is_flag=True, help="Print the path and open nothing.")
def open_(file: Path, print_only: bool) -> None:
    """Open the report of FILE (a folder, run.json, or an HTML report) in the browser.

    Where there is no browser or no display, the path is printed and nothing else happens.
    """
    page = report_of(file).resolve()
    click.echo(harmless(str(page)))
    if print_only:
        return
    if not _has_display():
        click.echo("no display here: open the file above with a browser of your own", err=True)
    elif not _opened(page):
        click.echo("no browser was found: open the file above with one of your own", err=True)


def report_of(file: Path) -> Path:
    """Find the report that belongs to a folder, a run document or a report."""
    if not file.exists():
        raise BadInputError(f"{file}: no such file or folder; give a run's folder, run.json or a report")
    if file.is_dir():
        for name in ("report.html", "index.html"):
            if (file / name).is_file():
                return file / name
        raise BadInputError(_missing(file, file))
    if file.suffix.lower() in {".html", ".htm"}:
        return file
    if (file.parent / "report.html").is_file() and file.name == "run.json":
        return file.parent / "report.html"
    if file.name == "run.json":
        raise BadInputError(_missing(file, file.parent))
    raise BadInputError(f"{file}: this is no report; give a run's folder, run.json or an HTML report")


def _missing(given: Path, folder: Path) -> str:
    if (folder / "run.json").is_file():
        return f"{given}: there is no report.html beside it; 'toolkit report build {folder}' writes one"
    return f"{given}: no report.html in this folder; give a run's folder, run.json or a report"


def _has_display() -> bool:
    """Whether a window can be shown; only free systems leave that to the environment."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _opened(page: Path) -> bool:
    """Hand the page to the reader's browser; never to one that draws in this terminal."""
    import webbrowser

    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    if Path(str(getattr(found, "name", ""))).name in TEXT_ONLY:
        return False
    return found.open(page.as_uri())
