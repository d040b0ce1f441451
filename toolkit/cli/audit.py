"""``toolkit audit``: a table in, group metrics, gaps with rulings and what accounts for them out."""
# ruff: noqa: ARG002 - Click decides what these are called with

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from toolkit.cli.exits import NOTHING_WRITTEN, let_go, say
from toolkit.cli.settings import Configured, Names, flattened, option

if TYPE_CHECKING:
    from toolkit.cli.gating import Gate
    from toolkit.gate import Outcome

FORMATS = ("html", "json", "markdown", "junit", "sarif", "card")
CONSTRAINTS = ("selection_rate", "true_positive_rate", "false_positive_rate", "equalized_odds")


class _Columns(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # Click before 8.5 cannot be subscripted
    """Column names with commas between them; a name that holds a comma stands in double quotes."""

    name = "columns"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split one value as a line of CSV."""
        if isinstance(value, tuple):
            return value
        return tuple(
            part.strip() for part in next(csv.reader([str(value)], skipinitialspace=True), []) if part.strip()
        )

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Name what is asked for."""
        return "COLUMN"


def _columns(flag: str, text: str) -> Callable[[Any], Any]:
    return click.option(flag, type=_Columns(), multiple=True, callback=flattened, help=text)


def _column(flag: str, text: str) -> Callable[[Any], Any]:
    return click.option(flag, metavar="COLUMN", help=text)


OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("table"),
    _columns("--sensitive", "Columns of group membership; all their intersections are audited too."),
    _column("--target", "The recorded outcome (label)."),
    click.option("--positive", metavar="VALUE", help="The outcome's value that counts as 1."),
    _column("--prediction", "The decisions, with the values of the outcome or 0 and 1."),
    _column("--score", "Scores; with --threshold they become decisions."),
    click.option("--threshold", type=float, help="A score of this and above is a positive decision."),
    click.option("--model", metavar="FILE", help="A model: .skops, xgboost JSON or UBJ, ONNX."),
    click.option(
        "--recipe", metavar="ESTIMATOR", help="An estimator to train here and to audit on held-out rows."
    ),
    click.option(
        "--set", "parameters", metavar="NAME=VALUE", multiple=True, help="A parameter of the recipe."
    ),
    click.option("--trust", metavar="TYPE", multiple=True, help="A type that the .skops file may hold."),
    click.option("--allow-pickle", is_flag=True, help="Open a pickle, which is code; needs --sha256."),
    click.option("--sha256", metavar="HEX", help="The hash that the pickle must have."),
    click.option("--trained-on", is_flag=True, help="Say that the model was trained on these rows."),
    _columns("--drop", "Columns that are no features of the model or recipe."),
    _column("--weight", "Sampling weights."),
    click.option("--frequency-weights", is_flag=True, help="The weights count people instead."),
    _column("--cluster", "Rows of one cluster (a person, a household) are not independent."),
    _column("--within", "Compare like with like: gaps within each value of this column, pooled."),
    click.option("--cut", metavar="COLUMN=A,B", multiple=True, help="Cut an ordered sensitive column here."),
    click.option(
        "--census", is_flag=True, help="The table is everybody, not a sample: gaps are finite facts."
    ),
    click.option(
        "--labels-observed-for", metavar="selected", help="Outcomes are known only for the selected."
    ),
    click.option(
        "--metrics", type=Names(), multiple=True, callback=flattened, help="The declared family of metrics."
    ),
    option("margin"),
    option("ratio_margin"),
    option("min_group"),
    click.option(
        "--reference", metavar="COLUMN=GROUP", multiple=True, help="Compare all groups with this one too."
    ),
    click.option(
        "--compare-missing", is_flag=True, help="Let the group (missing) take part in the widest gap."
    ),
    click.option(
        "--gate",
        type=Names(),
        multiple=True,
        callback=flattened,
        metavar="METRIC:COLUMN",
        help="Gaps that must be shown to be small.",
    ),
    option("fail_on"),
    option("baseline"),
    option("lock"),
    _column("--watch", "Watch the gaps from run to run; this date, rising number or id tells new rows."),
    click.option("--watch-from", metavar="RUN", help="The run before: only rows new since add evidence."),
    click.option("--inconclusive-ok", is_flag=True, help="Exit 0, not 4, where evidence is not enough."),
    click.option(
        "--constraint",
        type=click.Choice(CONSTRAINTS),
        default=CONSTRAINTS[1],
        show_default=True,
        help="What the remedies try to equalise.",
    ),
    click.option(
        "--refits",
        default=20,
        show_default=True,
        type=click.IntRange(min=20),
        help="Refits of a recipe that differ in seed only.",
    ),
    click.option(
        "--silence",
        type=Names(),
        multiple=True,
        callback=flattened,
        metavar="CODE",
        help="Leave a warning out; the report lists it.",
    ),
    option("seed"),
    click.option(
        "--redact", is_flag=True, help="Codes for names of columns and groups, no counts under 10, anywhere."
    ),
    click.option("--name", metavar="NAME", help="What to call the audit; by default the table's name."),
    option("output", "-o"),
    click.option(
        "--format",
        "formats",
        type=Names(FORMATS),
        multiple=True,
        default=("html", "json"),
        callback=flattened,
        help="What to write beside run.json.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the run document, and nothing else, on stdout."
    ),
    option("quiet", "-q"),
)


def callback(**given: Any) -> int:
    """Audit a table, predictions or a model: groups, gaps, and what accounts for them.

    TABLE is a CSV, TSV or Parquet file, a glob of them, or the name of a dataset such as loanapp. Each gap is
    shown, shown to be small, or left open for want of evidence. Without --gate or --fail-on an audit
    informs and exits 0. --fail-on takes gap (those of --gate, or the default ones), inconclusive (gap, and
    exit 1 instead of 4 where the evidence is not enough), change (with --baseline) and alarm (with --watch).
    """
    from toolkit.cli.terminal import owned_stdout

    with owned_stdout() as results:
        return _audit(given, results)


command = callback
for _decorate in reversed(OPTIONS):
    command = _decorate(command)
command = click.command(
    "audit", cls=Configured, short_help="Audit a table, predictions or a model for group gaps."
)(command)


def _audit(given: dict[str, Any], results: TextIO) -> int:
    """Run, write, print: the report's path last."""
    from toolkit.audit import audit, folder_for
    from toolkit.cli.output import forget_others, tidy_on_failure, written

    quiet, as_json, formats = given.pop("quiet"), given.pop("as_json"), given.pop("formats")
    hidden = "reports/redacted-audit" if given["redact"] else ""
    folder = Path(given.pop("output") or hidden or folder_for(given["table"], given["name"]))
    gate = _gate(given)
    asked = asked_of(given, gate)
    with tidy_on_failure(folder), _progress(quiet=quiet) as tell:
        try:
            run = audit(**asked, output=folder, progress=tell)
        except BaseException as error:  # unlike a check, an audit keeps nothing until it is whole
            error.add_note(NOTHING_WRITTEN)
            raise
        paths = written(run, folder, formats)
        if given["redact"]:
            forget_others(folder, formats)
    document = run.to_dict()
    outcome = gate.judge(document) if gate else None
    if outcome and not given["redact"]:  # the answer holds names of the lock file
        _kept(outcome, folder)
    try:
        _print(_unanswered(document, outcome), paths, results, as_json=as_json)
    except BrokenPipeError:  # whoever read has gone; the gate counts all the same
        let_go(results)
    return run.exit_hint if outcome is None else _said(document, outcome)


def _gate(given: dict[str, Any]) -> Gate | None:
    """Read what the audit will be judged by, before anything is measured; --gate alone asks for gaps."""
    fail_on, baseline, lock = (given.pop(name) for name in ("fail_on", "baseline", "lock"))
    if not fail_on and not given["gate"] and not baseline:
        return None
    from toolkit.cli.gating import eased, prepared, words

    watched = bool(given["watch"])
    kept = words("audit", fail_on, watched=watched)
    asked = (*kept, *["gap"] * bool(given["gate"] and "gap" not in kept))
    gate = prepared("audit", asked, baseline, lock, watched=watched)
    # Judged is the gate that the document holds: in a redacted one the names asked for here are codes.
    return eased(gate, (), inconclusive_ok=given["inconclusive_ok"]) if gate else None


def _kept(outcome: Outcome, folder: Path) -> None:
    """Leave the gate's answer beside the run."""
    from toolkit.cli.gating import keep

    keep(outcome, folder)


def _said(document: dict[str, Any], outcome: Outcome) -> int:
    """Say on stderr what failed the gate and what was accepted; return the exit code."""
    from toolkit.cli.gating import ending, told

    for line in told(outcome):
        say(line)
    return ending(document, outcome)


def _unanswered(document: dict[str, Any], outcome: Outcome | None) -> dict[str, Any]:
    """Leave the gate's own answer out of the summary where what was accepted gives another one."""
    own = document.get("gate")
    same = outcome is None or not own or own["exit"] == outcome.exit
    return document if same else {**document, "gate": None}


def asked_of(given: dict[str, Any], gate: Gate | None = None) -> dict[str, Any]:
    """Turn options into the library's arguments."""
    from toolkit.audit.gating import DEFAULT

    asked = dict(given)
    asked["parameters"] = tuple(asked["parameters"])
    asked["reference"] = dict(_pair("--reference", text) for text in asked["reference"])
    asked["cut"] = {
        name: _numbers(name, points) for name, points in (_pair("--cut", t) for t in asked["cut"])
    }
    if gate and {"gap", "inconclusive"} & {*gate.fail_on}:
        asked["gate"] = asked["gate"] or DEFAULT
    asked["labels_observed_for"] = asked["labels_observed_for"] or None
    return asked


def _pair(flag: str, text: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=") if flag == "--cut" else text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise click.UsageError(f"{flag} wants COLUMN=VALUE, not {text!r}")
    return name.strip(), value.strip()


def _numbers(name: str, points: str) -> tuple[float, ...]:
    try:
        found = tuple(float(point) for point in points.split(","))
    except ValueError:
        raise click.UsageError(
            f"--cut {name}={points}: cut points are numbers, such as {name}=25,40"
        ) from None
    if list(found) != sorted(set(found)):
        raise click.UsageError(f"--cut {name}={points}: give the cut points in rising order, each once")
    return found


def _print(document: dict[str, Any], paths: list[Path], results: TextIO, *, as_json: bool) -> None:
    """Print the document alone, or the gaps in a table, the warnings and where the files are."""
    if as_json:
        json.dump(document, results, ensure_ascii=False, indent=1)
        results.write("\n")
    else:
        from toolkit.cli.auditing import summary

        summary(document, paths, results)
    results.flush()


def _progress(*, quiet: bool) -> Any:
    """Return what tells each stage on stderr, in a line."""
    from contextlib import nullcontext

    from toolkit.cli.exits import say

    return nullcontext(None if quiet else lambda stage: say(f"{stage} ..."))
