"""``toolkit calibrate watch``: how often a watch alarms falsely in a year of nights, and how soon rightly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from toolkit.cli.terminal import columns

HEADER = ("years", "false", "peeking", "found", "nights", "rows", "pairs: nights", "world")


@click.command("watch", short_help="Measure the false alarms of audit --watch.")
@click.option(
    "--years",
    default=2_000,
    show_default=True,
    type=click.IntRange(min=50),
    help="Simulated years per world.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of all worlds.")
@click.option("--json", "as_json", is_flag=True, help="Print every world as JSON.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the table that reports with --watch quote to this file.",
)
@click.option("--quick", is_flag=True, help="Only some of the worlds.")
def of_watch(*, years: int, seed: int, as_json: bool, write: Path | None, quick: bool) -> None:
    """Measure the false alarms of audit --watch over a year of nightly looks, and its delay after a drift.

    Whole grid: about two minutes at 2,000 years. Exit 1 if more than 5 % of the years of a world have a false
    alarm, Monte Carlo error allowed. Beside it stands what an ordinary interval would say that is looked at
    every night.
    """
    from toolkit.calibrate import watching as calibration
    from toolkit.cli.output import refuse_unwritable
    from toolkit.cli.terminal import owned_stdout
    from toolkit.journal import write_atomic

    if write is not None:
        refuse_unwritable(write.parent)
    with owned_stdout() as results:
        worlds = list(calibration.watching(years, seed, quick=quick))
        lines = "[\n" + ",\n".join(json.dumps(world, ensure_ascii=False) for world in worlds) + "\n]\n"
        if write is not None:
            write_atomic(write, lines)
        if as_json:
            results.write(lines)
        else:
            columns((_row(world) for world in worlds), header=HEADER, file=results)
    missed = calibration.beyond(worlds)
    for world in missed:
        click.echo(f"missed: {', '.join(world['failed'])}: {world['world']}", err=True)
    click.echo(f"{len(worlds)} worlds, {len(missed)} miss what is required", err=True)
    if missed:
        raise click.exceptions.Exit(1)


def _row(world: dict[str, Any]) -> tuple[str, ...]:
    def share(*names: str) -> str:
        known = [world[name] for name in names if world.get(name) is not None]
        return f"{100 * known[0]:.1f} %" if known else ""

    def figure(name: str) -> str:
        return "" if world.get(name) is None else f"{world[name]:,.0f}"

    return (
        str(world["years"]),
        share("false_alarms", "early"),
        share("peeking"),
        share("found"),
        figure("nights"),
        figure("rows"),
        figure("pairs_nights"),
        world["world"],
    )
