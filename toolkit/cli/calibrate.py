"""``toolkit calibrate``: how often the judge, or the audit, is wrong where the truth is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from toolkit.cli.calibrate_watch import of_watch
from toolkit.cli.terminal import columns


@click.group(invoke_without_command=True)
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
@click.pass_context
def command(
    ctx: click.Context,
    *,
    runs: int,
    seed: int,
    layer: str,
    measured: Path | None,
    as_json: bool,
    write: Path | None,
) -> None:
    """Measure how often the judge is wrong where the truth is known.

    Exit 1 if a world has more false rulings than accepted, or finds its MDE90 too rarely; exit 4 if the run
    given holds nothing to resample. Without a command it is the judge of beliefs that is measured.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return
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


def _refuse_options(ctx: click.Context) -> None:
    """Refuse options before the command's name, which would otherwise be ignored in silence."""
    from click.core import ParameterSource

    given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        ctx.fail(f"options belong after {ctx.invoked_subcommand!r}, not before it")


@command.command("audit", short_help="Measure coverage and false alarms of the audit.")
@click.option(
    "--runs", default=500, show_default=True, type=click.IntRange(min=50), help="Simulated audits per world."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of all worlds.")
@click.option("--json", "as_json", is_flag=True, help="Print every world as JSON.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the table that audit reports carry to this file.",
)
@click.option("--quick", is_flag=True, help="Only two and four groups of the grid, and at most 1,000 rows.")
def of_audit(*, runs: int, seed: int, as_json: bool, write: Path | None, quick: bool) -> None:
    """Measure coverage, false alarms and power of the audit where the truth is known.

    Whole grid: about nine minutes at 500 runs. Exit 1 if a world covers its truth in fewer than 93 % of the
    runs, or says something false in more than 5 %, Monte Carlo error allowed.
    """
    from toolkit.calibrate import audit as calibration
    from toolkit.cli.output import refuse_unwritable
    from toolkit.cli.terminal import owned_stdout
    from toolkit.journal import write_atomic

    if write is not None:
        refuse_unwritable(write.parent)
    with owned_stdout() as results:
        worlds = list(_told(calibration.audit(runs, seed, quick)))
        if write is not None:
            write_atomic(write, _lines(worlds))
        if as_json:
            results.write(_lines(worlds))
        else:
            columns((_audited(world) for world in worlds), header=AUDIT_HEADER, file=results)
    missed = calibration.beyond(worlds)
    for world in missed:
        click.echo(f"missed: {', '.join(world['failed'])}: {world['part']}, {world['world']}", err=True)
    click.echo(f"{len(worlds)} worlds of {runs} runs, {len(missed)} miss what is required", err=True)
    if missed:
        raise click.exceptions.Exit(1)


def _told(worlds: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Say on stderr which part is being measured, for the whole takes minutes."""
    part = None
    for world in worlds:
        if world["part"] != part:
            part = world["part"]
            click.echo(f"measuring: {part}", err=True)
        yield world


command.add_command(of_watch)

AUDIT_HEADER = ("cover", "alarms", "shown", "small", "width", "bias", "fixed", "world")


def _audited(world: dict[str, Any]) -> tuple[str, ...]:
    def share(*names: str) -> str:
        known = [world[name] for name in names if world.get(name) is not None]
        return f"{100 * known[0]:.1f} %" if known else ""

    def figure(name: str) -> str:
        return f"{world[name]:+.3f}" if name in world else ""

    return (
        share("coverage", "coverage_mean"),
        share("false_alarms"),
        share("shown", "false_shown"),
        share("small"),
        f"{world['width']:.3f}" if "width" in world else "",
        figure("bias_raw"),
        figure("bias_corrected"),
        f"{world['part']}: {world['world']}",
    )


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
