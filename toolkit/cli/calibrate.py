"""``toolkit calibrate``: how often the judge is wrong where the truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from toolkit.cli.terminal import columns


@click.command()
@click.option("--runs", default=400, show_default=True, type=click.IntRange(min=50), help="Claims per world.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of all worlds.")
@click.option(
    "--layer",
    default="a",
    show_default=True,
    type=click.Choice(["a", "b", "all"]),
    help="a: the rule on replicates; b: whole experiments, from rows to the belief.",
)
@click.option(
    "--run",
    "measured",
    type=click.Path(path_type=Path),
    help="Resample the effects of this run (run.json) around known truths instead.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every world as JSON.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the summary that reports carry to this file.",
)
def command(
    *, runs: int, seed: int, layer: str, measured: Path | None, as_json: bool, write: Path | None
) -> None:
    """Measure how often the judge is wrong where the truth is known.

    Exit 1 if a world has more false rulings than accepted, or finds its MDE90 too rarely; exit 4 if the run
    given holds nothing to resample.
    """
    from toolkit.calibrate import calibrate, digest, exceeded, of_run
    from toolkit.cli.output import refuse_unwritable
    from toolkit.cli.report import read_document
    from toolkit.cli.terminal import owned_stdout
    from toolkit.journal import write_atomic

    if write is not None:
        refuse_unwritable(write.parent)
    with owned_stdout() as results:
        if measured is not None:
            worlds = list(of_run(read_document(measured), runs, seed))
        else:
            worlds = calibrate(runs, seed, layer)  # type: ignore[arg-type]  # Click's choices are the layers
        if write is not None:
            write_atomic(write, _lines(digest(worlds)))
        if as_json:
            results.write(_lines(worlds))
        else:
            columns((_cells(world) for world in digest(worlds)), header=HEADER, file=results)
    if not worlds:
        click.echo("no claim of this run was measured on fresh data in 8 trials or more", err=True)
        raise click.exceptions.Exit(4)
    beyond = exceeded(worlds)
    for world in beyond:
        what = f"{world['false_rulings']} false rulings of {world['bound']} accepted, {world['found']} found"
        click.echo(f"exceeded: {world['world']} ({world['claim']}, {world['mode']}): {what}", err=True)
    click.echo(f"{len(worlds)} worlds of {runs} runs, {len(beyond)} beyond what is accepted", err=True)
    if beyond:
        raise click.exceptions.Exit(1)


HEADER = ("runs", "false", "accepted", "rate", "found", "world")


def _cells(world: dict[str, Any]) -> tuple[str, ...]:
    runs = world["runs"]
    return (
        str(runs),
        str(world["false_rulings"]),
        str(world["bound"]),
        f"{100 * world['false_rulings'] / runs:.1f} %",
        f"{100 * world['found'] / runs:.0f} %",
        f"{world['world']} ({world['claim']}; {world['mode']})",
    )


def _lines(worlds: list[dict[str, Any]]) -> str:
    """Write one object to a line, so that two summaries can be compared by eye."""
    return "[\n" + ",\n".join(json.dumps(world, ensure_ascii=False) for world in worlds) + "\n]\n"
