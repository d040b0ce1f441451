"""What ``check``, ``audit`` and ``gate`` share: the words asked for, the baseline, the lock, what is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from toolkit.cli.output import ANSWER
from toolkit.cli.settings import find_config
from toolkit.gate import Accepted, Outcome, evaluate
from toolkit.gate.accepted import NAME, read
from toolkit.gate.findings import WORDS, refuse_misfits
from toolkit.records import BadInputError

TYPED = click.core.ParameterSource.COMMANDLINE
FROM_FILE = click.core.ParameterSource.DEFAULT_MAP


@dataclass(frozen=True)
class Gate:
    """What a run will be judged by, read and checked before anything is measured."""

    fail_on: tuple[str, ...]
    accepted: tuple[Accepted, ...] = ()
    baseline: Mapping[str, Any] | None = None
    inconclusive_ok: bool = False
    members: tuple[str, ...] = ()

    def judge(self, document: Mapping[str, Any], day: date | None = None) -> Outcome:
        """Judge a run document as of a day, today by default."""
        return evaluate(
            document,
            fail_on=self.fail_on,
            accepted=self.accepted,
            baseline=self.baseline,
            today=day or current_day(),
            gate=self.members,
            inconclusive_ok=self.inconclusive_ok,
        )


def current_day() -> date:
    """Return the day, the same one everywhere (UTC)."""
    return datetime.now(UTC).date()


def prepared(
    kind: str, fail_on: Sequence[str], baseline: str, lock: str, *, watched: bool = False
) -> Gate | None:
    """Read what the gate needs; None where no gate was asked for.

    Raises
    ------
    BadInputError
        If a word does not fit, or the baseline or the lock file cannot be used.
    """
    kept = words(kind, fail_on, watched=watched)
    if "change" not in kept and given("baseline") is TYPED and baseline:
        raise click.UsageError("--baseline is what --fail-on change compares with; add it, or leave it out")
    if not kept:
        return None
    if "change" in kept and not baseline:
        raise click.UsageError(
            "--fail-on change needs a run to compare with; name it with --baseline PATH (a run's folder, "
            "run.json or report.html)"
        )
    before = compared(baseline, kind) if "change" in kept else None
    return Gate(kept, accepted(lock), before)


def words(kind: str, fail_on: Sequence[str], *, watched: bool) -> tuple[str, ...]:
    """Keep the words that mean something for this run.

    One setting in a file or in the environment serves checks and audits, which each take their own words from
    it; a word that was typed and does not fit is refused.
    """
    if given("fail_on") is TYPED:
        refuse_misfits(kind, fail_on)
        if "alarm" in fail_on and not watched:
            raise click.UsageError(
                "--fail-on alarm is about a watched audit: add --watch COLUMN to the audit, or leave it out"
            )
    return tuple(word for word in fail_on if word in WORDS[kind] and (watched or word != "alarm"))


def compared(path: str, kind: str) -> dict[str, Any]:
    """Read a baseline, and refuse one of another kind."""
    from toolkit.cli.report import read_document
    from toolkit.gate.findings import kind_of

    file = located("baseline", path)
    document = read_document(file)
    said = {"check": "a check", "audit": "an audit"}
    if kind_of(document) != kind:
        raise BadInputError(
            f"--baseline {file} is {said[kind_of(document)]} and this is {said[kind]}: they have nothing in "
            f"common to compare; name {said[kind]}"
        )
    return document


def accepted(lock: str) -> tuple[Accepted, ...]:
    """Read what has been accepted; without --lock the default file, where there is one."""
    path = lock_path(lock)
    return read(path) if lock or path.exists() else ()


def lock_path(lock: str) -> Path:
    """Return the lock file's path: as given, or beside the configuration file, or here."""
    if lock:
        return located("lock", lock)
    config = find_config().path
    return (config.parent if config else Path()) / NAME


def located(name: str, path: str) -> Path:
    """Return a path; one that the configuration file gives is relative to that file."""
    config = find_config().path if given(name) is FROM_FILE else None
    return (config.parent if config else Path()) / path


def given(name: str) -> click.core.ParameterSource | None:
    """Return where an option's value came from."""
    context = click.get_current_context(silent=True)
    return context.get_parameter_source(name) if context else None


def eased(gate: Gate, members: Sequence[str], *, inconclusive_ok: bool) -> Gate:
    """Return the gate with what only an audit can ask for."""
    if inconclusive_ok and "inconclusive" in gate.fail_on:
        raise click.UsageError(
            "--fail-on inconclusive fails where the evidence is not enough, and --inconclusive-ok passes "
            "there; leave one of them out"
        )
    return replace(gate, members=tuple(members), inconclusive_ok=inconclusive_ok)


def ending(document: Mapping[str, Any], outcome: Outcome) -> int:
    """Return the code of a run that was judged: its own troubles, then the gate.

    A withheld ruling (``error``) that was accepted no longer counts; a trial that failed always does.
    """
    from toolkit.cli.exits import FAILED, worst
    from toolkit.records import Run

    run = Run(document)
    own = run.exit_hint
    if own == FAILED and not run.failures:
        withheld = {e["code"] for e in document["experiments"] if e["ruling"] == "error"}
        known = {j.finding.subject for j in outcome.of("accepted") if j.finding and j.finding.word == "error"}
        own = 0 if withheld <= known else own
    return worst([own, outcome.exit])


def keep(outcome: Outcome, folder: Path) -> None:
    """Leave the gate's answer beside the run."""
    import json

    from toolkit.journal import write_atomic

    plain = json.dumps(outcome.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)
    write_atomic(folder / ANSWER, plain + "\n")


def told(outcome: Outcome) -> Iterator[str]:
    """Yield what a run says of its gate: the answer, then each finding; what is gone is only counted.

    What is gone is known by the names of the lock file, and a redacted run prints none of those.
    """
    from toolkit.gate import words as said

    yield said.verdict(outcome)
    yield from (said.line(judged) for judged in outcome.judged if judged.finding)
    yield from outcome.notes
