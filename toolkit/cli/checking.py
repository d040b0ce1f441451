"""What every ``toolkit check <group>`` does: options in, what cannot be is refused, one call, a path out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from toolkit.cli.exits import let_go, say
from toolkit.cli.settings import Configured, option
from toolkit.records import Run

if TYPE_CHECKING:
    from toolkit.cli.gating import Gate

OWN_TABLE = ("target", "positive", "sensitive", "drop")


@dataclass(frozen=True)
class Options:
    """What was asked for, once."""

    only: tuple[str, ...]
    ignore: tuple[str, ...]
    dataset: tuple[str, ...]
    effort: str
    seed: int
    jobs: int
    timeout: float
    cluster: str
    output: str
    format: tuple[str, ...]
    fail_on: tuple[str, ...]
    baseline: str
    lock: str
    reuse: bool
    quiet: bool
    quiz: bool
    redact: bool
    data: str | None
    target: str | None
    positive: str | None
    sensitive: tuple[str, ...]
    drop: tuple[str, ...]
    as_json: bool
    listing: bool
    explain: str | None
    dry_run: bool

    @property
    def selection(self) -> dict[str, Any]:
        """What `plan` and `check` both take."""
        names = {"only": self.only, "ignore": self.ignore, "datasets": self.dataset}
        return names | {"effort": self.effort, "seed": self.seed}


def check_command(group: str, about: str) -> click.Command:
    """Return the command that checks one group of experiments."""

    def callback(**given: Any) -> int:
        return _run(group, Options(**given))

    callback.__doc__ = (
        f"{about}\n\nOn the embedded data, or on your own table with --data. Without --fail-on a check "
        "informs and exits 0."
    )
    for decorate in reversed(_options()):
        callback = decorate(callback)
    return click.command(group, cls=Configured, short_help=about)(callback)


def _options() -> list[Callable[[Any], Any]]:
    """Return the options in the order of the help page."""
    own = "of your table (with --data)"
    return [
        click.option("--list", "listing", is_flag=True, help="List the experiments and exit."),
        click.option("--explain", metavar="CODE", help="Say how one experiment works, and exit."),
        click.option("--dry-run", is_flag=True, help="Say what would run, and exit."),
        *(
            option(name)
            for name in ("only", "ignore", "dataset", "effort", "seed", "jobs", "timeout", "cluster")
        ),
        option("output", "-o"),
        *(option(name) for name in ("format", "fail_on", "baseline", "lock", "reuse")),
        click.option(
            "--data", metavar="PATH", help="Your own table: CSV, TSV or Parquet, a glob, or a fetched name."
        ),
        click.option("--target", metavar="COLUMN", help=f"The column to predict, {own}."),
        click.option("--positive", metavar="VALUE", help=f"The target's value that counts as 1, {own}."),
        click.option("--sensitive", metavar="COLUMN", multiple=True, help=f"A column of groups, {own}."),
        click.option("--drop", metavar="COLUMN", multiple=True, help=f"A column to leave out, {own}."),
        click.option(
            "--json", "as_json", is_flag=True, help="Print the run document, and nothing else, on stdout."
        ),
        click.option(
            "--redact", is_flag=True, help="Codes for your table's names, in everything written and printed."
        ),
        click.option("--quiz", is_flag=True, help="A report that asks before it shows each ruling."),
        option("quiet", "-q"),
    ]


def _run(group: str, options: Options) -> int:
    """Do the one thing asked for and return the exit code."""
    _refuse_contradictions(options)
    if options.listing or options.explain:
        from toolkit.cli import explaining

        if options.explain:
            explaining.explain(options.explain, as_json=options.as_json)
        else:
            explaining.listing(group, options.only, options.ignore, as_json=options.as_json)
        return 0
    if options.dry_run:
        from toolkit.cli import explaining

        table = _table(options)
        explaining.dry_run(group, options.selection, table, as_json=options.as_json)
        return 0
    from toolkit.cli.terminal import owned_stdout

    with owned_stdout() as results:
        return _check(group, options, results)


def _refuse_contradictions(options: Options) -> None:
    """Refuse options that contradict each other, naming the way out."""
    if options.data is None:
        for name in OWN_TABLE:
            if getattr(options, name):
                raise click.UsageError(f"--{name} is about your own table; add --data PATH, or leave it out")
    elif options.dataset:
        raise click.UsageError(
            "--data takes the place of the embedded datasets; leave out --data or --dataset"
        )
    modes = [
        ("--list", options.listing),
        ("--explain", bool(options.explain)),
        ("--dry-run", options.dry_run),
    ]
    asked = [name for name, wanted in modes if wanted]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} each end the command; give one of them")
    both = sorted({n.casefold() for n in options.only} & {n.casefold() for n in options.ignore})
    if both:
        raise click.UsageError(f"{both[0].upper()} is in --only and in --ignore; leave it out of one")


def _source(options: Options) -> dict[str, Any]:
    """Return where the user's table is and what is in it; a fetched table brings its own answers."""
    if options.data is None:
        return {}
    from toolkit.datasets import card
    from toolkit.datasets._public import fetched

    data, target, positive = options.data, options.target, options.positive
    sensitive, drop = options.sensitive, options.drop
    path = None if Path(data).exists() else fetched(data)
    if path is not None:
        known = card(data)
        data, target = str(path), target or known["target"]
        positive = positive or (known["positive"] if target == known["target"] else None)
        sensitive = sensitive or tuple(known["sensitive"])
    if target is None:
        raise click.UsageError("--data needs --target COLUMN: the column to predict")
    return {"data": data, "target": target, "positive": positive, "sensitive": sensitive, "drop": drop}


def _table(options: Options) -> Any:
    """Read the user's table, if there is one."""
    source = _source(options)
    if not source:
        return None
    from toolkit.table import read

    return read(source.pop("data"), **source)


def _check(group: str, options: Options, results: TextIO) -> int:
    """Run, write, print: the report's path last."""
    from toolkit.check import check
    from toolkit.cli.output import forget_others, tidy_on_failure, written
    from toolkit.cli.progress import watching

    folder = Path(options.output or f"reports/{group}")
    source = _source(options)
    gate = _gate(options)
    quiet = options.quiet or options.redact  # progress names datasets and the reasons of failures
    with tidy_on_failure(folder), watching(group, quiet=quiet) as progress:
        run = check(
            group,
            **options.selection,
            **source,
            jobs=options.jobs or None,
            output=folder,
            cache=options.reuse,
            progress=progress,
            cluster=options.cluster or None,
            timeout=options.timeout,
            redact=options.redact,
        )
        paths = written(run, folder, options.format)
        if options.redact:
            forget_others(folder, options.format)
        if options.quiz:
            _ask_first(run, folder)
    document = run.to_dict()
    try:
        _print(document, paths, results, as_json=options.as_json)
    except BrokenPipeError:  # whoever read has gone; the gate counts all the same
        let_go(results)
    return run.exit_hint if gate is None else _judged(document, gate, None if options.redact else folder)


def _ask_first(run: Run, folder: Path) -> None:
    """Write the report once more, so that it asks before it shows each ruling."""
    from toolkit.cli.output import NAMES
    from toolkit.journal import write_atomic
    from toolkit.report import render

    write_atomic(folder / NAMES["html"], render(run.to_dict(), quiz=True))


def _print(document: dict[str, Any], paths: list[Path], results: TextIO, *, as_json: bool) -> None:
    """Print the document alone, or the rulings in a table and where the files are."""
    if as_json:
        json.dump(document, results, ensure_ascii=False, indent=1)
        results.write("\n")
    else:
        from toolkit.cli.explaining import summary

        summary(document, paths, results)
    results.flush()


def _gate(options: Options) -> Gate | None:
    """Read what the check will be judged by, before anything is measured."""
    if not options.fail_on and not options.baseline:
        return None
    from toolkit.cli.gating import prepared

    return prepared("check", options.fail_on, options.baseline, options.lock)


def _judged(document: dict[str, Any], gate: Gate, folder: Path | None) -> int:
    """Say what failed the gate and what was accepted, leave that beside the run; return the exit code."""
    from toolkit.cli.gating import ending, keep, told

    outcome = gate.judge(document)
    if folder is not None:  # the answer holds names of the lock file, which a redacted run must not show
        keep(outcome, folder)
    for line in told(outcome):
        say(line)
    return ending(document, outcome)
