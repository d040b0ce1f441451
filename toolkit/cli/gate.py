"""``toolkit gate``: judge a finished run against what has been accepted, accept findings, list them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import gating
from toolkit.cli.settings import Configured, Names, flattened, option
from toolkit.cli.terminal import columns, harmless
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.gate import Accepted, Finding

STYLES = ("text", "markdown", "junit", "sarif", "github", "json")
LONGEST = 366  # days, unless --long
DAY = click.DateTime(["%Y-%m-%d"])


def _members(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--gate",
        "members",
        type=Names(),
        multiple=True,
        callback=flattened,
        metavar="METRIC:COLUMN",
        help="Gaps that an audit's gate is about; by default those that the audit asked for.",
    )(command)


def _today(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "The day to judge by, instead of the clock's (UTC)."
    return click.option("--today", type=DAY, metavar="YYYY-MM-DD", help=text)(command)


@click.group(no_args_is_help=True)
def command() -> None:
    """Judge a finished run against what has been accepted.

    A finding that --fail-on asks for fails the gate unless the lock file holds it: with an owner, a reason
    and the last day on which it is accepted. What got worse than accepted fails all the same.
    """


@command.command(cls=Configured, short_help="Say which findings of a run fail, and which are accepted.")
@click.argument("run", type=click.Path(path_type=Path))
@option("fail_on")
@option("baseline")
@option("lock")
@_members
@click.option("--inconclusive-ok", is_flag=True, help="Exit 0, not 4, where evidence is not enough.")
@click.option("--format", "style", type=click.Choice(STYLES), default="text", help="What to write.")
@click.option("-o", "target", type=click.Path(path_type=Path), help="File to write to instead of stdout.")
@_today
def check(
    *,
    run: Path,
    fail_on: tuple[str, ...],
    baseline: str,
    lock: str,
    members: tuple[str, ...],
    inconclusive_ok: bool,
    style: str,
    target: Path | None,
    today: datetime | None,
) -> int:
    """Say which findings of RUN (a folder, run.json, or a report.html) fail, and which are accepted.

    Exits as the run itself would with the same --fail-on: 1 where something is new, worse than accepted, or
    accepted until a day that is over; 4 where nothing is and an audit's gate has not enough evidence.
    """
    from toolkit.cli.report import read_document
    from toolkit.gate.findings import kind_of
    from toolkit.gate.formats import written

    document = read_document(run)
    kind = kind_of(document)
    watched = bool(document.get("watch"))
    asked = _asked(kind, gating.words(kind, fail_on, watched=watched), document, members)
    gate = gating.prepared(kind, asked, baseline, lock, watched=watched)
    if gate is None:
        raise click.UsageError("say what fails the gate, such as --fail-on refuted or --fail-on gap,change")
    if members and kind == "check":
        raise click.UsageError("--gate names gaps, and a check has none; leave it out")
    gate = gating.eased(gate, members, inconclusive_ok=inconclusive_ok)
    outcome = gate.judge(document, today.date() if today else None)
    text = written(outcome, style, document)
    if target is None:
        click.echo(harmless(text) if style == "text" else text, nl=False)
    else:
        from toolkit.cli.report_diff import save

        save(target, text)
    return gating.ending(document, outcome)


def _asked(kind: str, fail_on: tuple[str, ...], document: Any, members: Sequence[str]) -> tuple[str, ...]:
    """Let an audit that had a gate, or a gate named here, stand for --fail-on gap."""
    has_gate = kind == "audit" and (members or document.get("gate"))
    return fail_on or (("gap",) if has_gate else ())


@command.command(cls=Configured, short_help="Write findings of a run into the lock file.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--finding", "keys", metavar="KEY", multiple=True, help="Accept this finding; can be repeated.")
@click.option("--all", "everything", is_flag=True, help="Accept all that --fail-on asks for.")
@click.option("--owner", required=True, metavar="WHO", help="Who answers for it.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted.")
@click.option("--until", required=True, type=DAY, metavar="YYYY-MM-DD", help="The last day it is accepted.")
@click.option("--long", is_flag=True, help="Let --until be more than a year ahead.")
@option("fail_on", told="What --all accepts; by default what the audit's own gate asked for.")
@option("baseline")
@option("lock")
@_members
@_today
def accept(
    *,
    run: Path,
    keys: tuple[str, ...],
    everything: bool,
    owner: str,
    reason: str,
    until: datetime,
    long: bool,
    fail_on: tuple[str, ...],
    baseline: str,
    lock: str,
    members: tuple[str, ...],
    today: datetime | None,
) -> None:
    """Write findings of RUN into the lock file: comments there survive, what is there already is updated.

    Keys are those that `toolkit gate check` prints. Accepted are the numbers as they are in RUN; a gap that
    grows beyond its margin from there fails again.
    """
    from toolkit.gate.writing import accept as write

    if bool(keys) == everything:
        raise click.UsageError("name findings with --finding KEY, or accept them --all; one of the two")
    day = today.date() if today else gating.current_day()
    _refuse_blank(owner, reason)
    _refuse_day(until.date(), day, long=long)
    document, found = _findings(run, fail_on, baseline, members, keys)
    chosen = list(found.values()) if everything else [_named(key, found, run) for key in dict.fromkeys(keys)]
    path = gating.lock_path(lock)
    if not chosen:
        asked = f"--fail-on {','.join(fail_on)}" if fail_on else "its gate"
        click.echo(harmless(f"{run} has nothing to accept that {asked} asks for"))
        return
    told: dict[str, Any] = {"owner": owner.strip(), "reason": reason.strip(), "until": until.date()}
    entries = [_entry(finding, document, told | {"added": day}) for finding in chosen]
    for entry, done in zip(entries, write(path, entries), strict=True):
        click.echo(harmless(f"{done}: {entry.key}"))
    click.echo(harmless(str(path)))


def _refuse_blank(owner: str, reason: str) -> None:
    for name, text in (("--owner", owner), ("--reason", reason)):
        if not text.strip():
            raise click.UsageError(f"{name} is blank; whoever reads the lock file will ask")


def _refuse_day(until: date, day: date, *, long: bool) -> None:
    if until < day:
        raise click.UsageError(f"--until {until} is over already; name a day from {day} on")
    if until > day + timedelta(days=LONGEST) and not long:
        raise click.UsageError(
            f"--until {until} is more than a year ahead; name a day up to {day + timedelta(days=LONGEST)}, "
            "or add --long"
        )


def _findings(
    run: Path, fail_on: tuple[str, ...], baseline: str, members: Sequence[str], keys: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Finding]]:
    """Return the run and its findings by key: all that there are where keys are named, else those asked."""
    from toolkit.cli.report import read_document
    from toolkit.gate.findings import WORDS, findings, kind_of

    document = read_document(run)
    kind, watched = kind_of(document), bool(document.get("watch"))
    asked = _asked(kind, gating.words(kind, fail_on, watched=watched), document, members)
    if not keys and not asked:
        raise click.UsageError("--all needs to know what fails; name it with --fail-on")
    changes = "change" in asked or any(key.startswith("change/") for key in keys)
    known = {"change": bool(changes and baseline), "alarm": watched}
    wanted = tuple(w for w in WORDS[kind] if known.get(w, True)) if keys else asked
    before = gating.compared(baseline, kind) if baseline and "change" in wanted else None
    found = findings(document, wanted, before, gate=members).findings
    return document, {finding.key: finding for finding in found}


def _named(key: str, found: dict[str, Finding], run: Path) -> Finding:
    if key in found:
        return found[key]
    close = get_close_matches(key, found, n=3, cutoff=0.5)
    if close:
        hint = f"near are {', '.join(map(repr, close))}"
    elif found:
        hint = f"there are {', '.join(map(repr, [*found][:8]))}" + (", and more" if len(found) > 8 else "")
    else:
        hint = "it has none at all"
    if key.startswith("change/") and not any(k.startswith("change/") for k in found):
        hint += "; changes are found with --baseline PATH"
    raise BadInputError(f"{run} has no finding {key!r}; {hint}")


def _entry(finding: Finding, document: dict[str, Any], told: dict[str, Any]) -> Accepted:
    from toolkit.gate import Accepted
    from toolkit.report.markup import fingerprint

    run = {"name": str(document["name"]), "started": str(document["provenance"].get("started") or "")}
    run["sha256"] = fingerprint(document)
    numbers: dict[str, Any] = finding.numbers
    return Accepted(finding.key, **told, **numbers, groups=finding.groups, run=run)


@command.command("list", cls=Configured)
@option("lock")
@_today
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, lock: str, today: datetime | None, as_json: bool) -> None:
    """List what the lock file accepts, what ends first at the top."""
    from toolkit.gate.accepted import read
    from toolkit.gate.writing import plain

    path = gating.lock_path(lock)
    entries = sorted(read(path) if lock or path.exists() else (), key=lambda e: (e.until, e.identity))
    day = today.date() if today else gating.current_day()
    if as_json:
        found = [plain(entry) | {"days_left": (entry.until - day).days} for entry in entries]
        shown = {"lock": str(path), "today": day, "accepted": found}
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False, default=str))
        return
    if not entries:
        click.echo(
            harmless(f"nothing is accepted: {path} " + ("is empty" if path.is_file() else "is not there"))
        )
        return
    rows = [
        (e.key, e.run.get("name", "any run"), str(e.until), str((e.until - day).days), e.owner, e.reason)
        for e in entries
    ]
    columns(rows, header=("finding", "run", "until", "days left", "owner", "reason"))
