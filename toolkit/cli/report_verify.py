"""``toolkit report verify``: recompute what a run's document says of itself, and say what does not agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from toolkit.cli.exits import DONE, GATE, NOTHING, let_go

if TYPE_CHECKING:
    from toolkit.verify import Check, Verified

CODES = {"ok": DONE, "failed": GATE, "could not": NOTHING}
SHOWN = 20
ENDINGS = {
    "ok": "All that could be recomputed agrees.",
    "failed": "Not everything agrees.",
    "could not": "Nothing could be recomputed, so nothing is shown.",
}
DOUBTS = "Not verified: {} of the things above differ, and other code or libraries may be why."


@click.command(short_help="Recompute what a report says.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--rerun", type=click.IntRange(1), metavar="N", help="Run N trials of a check again.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice of those trials.")
@click.option("--jobs", type=click.IntRange(1), help="Workers for them; one for each processor by default.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=900.0,
    show_default=True,
    help="Seconds one of them may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON alone, on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def verify(
    *,
    file: Path,
    rerun: int | None,
    seed: int,
    jobs: int | None,
    timeout: float,
    as_json: bool,
    quiet: bool,
) -> int:
    """Recompute what FILE says (a run's folder, run.json, or report.html).

    The document must follow its schema, and the page name its SHA-256 and show what it says. Of a check all
    rulings are recomputed from the effects, and the effects from outcomes.jsonl where that lies beside. Of an
    audit all metrics, gaps, adjusted p-values and the gate are recomputed from the counts, and the parts of
    each split must make their gap. What cannot be recomputed is counted, with the reason.

    \b
    Exit codes: 0 all that could be recomputed agrees; 1 something does not agree; 2 there is no run document
    in FILE; 4 nothing could be recomputed, or something differs that other code or libraries may explain.
    """  # noqa: D301 - Click's \b keeps the lines
    from toolkit.cli.terminal import owned_stdout
    from toolkit.verify import verify as verified

    with owned_stdout() as results:
        if rerun:
            from toolkit.cli.progress import watching

            with watching("misconceptions", quiet=quiet) as progress:
                found = verified(file, rerun=rerun, seed=seed, jobs=jobs, timeout=timeout, progress=progress)
        else:
            found = verified(file)
        try:
            _print(found, results, as_json=as_json)
        except BrokenPipeError:  # whoever read has gone; the answer counts all the same
            let_go(results)
    return CODES[found.status]


def _print(found: Verified, results: TextIO, *, as_json: bool) -> None:
    """Print the table of checks, then what does not agree, then what nobody can tell."""
    if as_json:
        json.dump(found.to_dict(), results, ensure_ascii=False, indent=1)
        results.write("\n")
    else:
        _tell(found, results)
    results.flush()


def _tell(found: Verified, results: TextIO) -> None:
    from toolkit.cli.terminal import columns, harmless

    rows = [(c.title, *map(str, (c.many, c.ok, len(c.faults), c.could_not))) for c in found.checks]
    columns(rows, header=("what", "how many", "ok", "failed", "could not"), file=results)
    lines = [line for check in found.checks for line in _details(check)]
    made = found.made_by if found.made_by == found.here else f"{found.made_by}; verified by {found.here}"
    doubts = sum(len(check.doubts) for check in found.checks)
    ending = DOUBTS.format(doubts) if doubts and found.status == "could not" else ENDINGS[found.status]
    lines += ["", f"{ending} Made by {made}."]
    results.write(harmless("\n".join(lines)) + "\n")


def _details(check: Check) -> list[str]:
    """Return what a check found amiss, line by line, and what it could not tell."""
    lines = []
    for sign, faults in (("failed", check.faults), ("could not tell", check.doubts)):
        lines += [f"{sign}: {check.title}: {fault.where}: {fault.what}" for fault in faults[:SHOWN]]
        if len(faults) > SHOWN:
            lines.append(f"{sign}: {check.title}: and {len(faults) - SHOWN} more (--json lists all)")
    lines += [f"could not: {check.title}: {many} x {reason}" for reason, many in check.untold.items()]
    return lines
