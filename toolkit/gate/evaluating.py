"""From findings and what was accepted of them to an answer: what is new, worse, over, accepted or gone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from toolkit.gate.accepted import Accepted
from toolkit.gate.findings import OPEN, UNDECIDED, WORDS, Document, Finding, Found, findings, kind_of

SCHEMA = "toolkit.gate/1"
Status = Literal["new", "worse", "expired", "open", "accepted", "gone"]
STATUSES: tuple[Status, ...] = ("new", "worse", "expired", "open", "accepted", "gone")
FAILING = frozenset({"new", "worse", "expired"})
HELD, FAILED, UNANSWERED = 0, 1, 4


@dataclass(frozen=True)
class Judged:
    """One finding beside what was accepted of it.

    Attributes
    ----------
    finding : Finding or None
        None for what was accepted and no longer occurs.
    entry : Accepted or None
        What was accepted of it, if anything was.
    days_left : int or None
        Days until the acceptance ends, below 0 once it has.
    note : str
        What else there is to say, such as how much worse it is.
    """

    status: Status
    finding: Finding | None
    entry: Accepted | None = None
    days_left: int | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """The finding's key, or that of what is gone."""
        return self.finding.key if self.finding else self.entry.key if self.entry else ""

    @property
    def failing(self) -> bool:
        """Whether it makes the gate fail."""
        return self.status in FAILING


@dataclass(frozen=True)
class Outcome:
    """What the gate says of one run.

    Attributes
    ----------
    judged : tuple of Judged
        What fails first; within a status in the order of the run.
    notes : tuple of str
        What was not compared.
    exit : int
        1 if anything is new, worse or over; 4 if nothing is and an audit's gate stays unanswered; else 0.
    """

    name: str
    kind: str
    started: str
    sha256: str
    fail_on: tuple[str, ...]
    today: date
    judged: tuple[Judged, ...]
    notes: tuple[str, ...]
    exit: int

    def of(self, *statuses: Status) -> tuple[Judged, ...]:
        """Return what has one of these statuses."""
        return tuple(j for j in self.judged if j.status in statuses)

    @property
    def failing(self) -> tuple[Judged, ...]:
        """What makes the gate fail."""
        return tuple(j for j in self.judged if j.failing)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data (``toolkit.gate/1``)."""
        return {
            "schema": SCHEMA,
            "run": {"name": self.name, "kind": self.kind, "started": self.started, "sha256": self.sha256},
            "fail_on": list(self.fail_on),
            "today": self.today.isoformat(),
            "exit": self.exit,
            "counts": {status: len(self.of(status)) for status in STATUSES},
            "findings": [_plain(j) for j in self.judged],
            "notes": list(self.notes),
        }


def evaluate(
    document: Document,
    *,
    fail_on: Sequence[str],
    accepted: Iterable[Accepted] = (),
    baseline: Document | None = None,
    today: date,
    gate: Sequence[str] = (),
    inconclusive_ok: bool = False,
) -> Outcome:
    """Judge a run by what ``--fail-on`` asks for and what was accepted of it.

    Parameters
    ----------
    document, baseline : mapping
        Run documents; the baseline is what "change" is measured from.
    fail_on : sequence of str
        See `toolkit.gate.findings.WORDS`.
    accepted : iterable of Accepted
        In any order; only those of runs of this name count.
    today : date
        The day by which an acceptance is over or not.
    gate, inconclusive_ok
        Members of an audit's gate, and whether too little evidence leaves it unanswered (exit 4) or passes.

    Raises
    ------
    BadInputError
        As `toolkit.gate.findings.findings` does.
    """
    from toolkit.report.markup import fingerprint

    found = findings(document, fail_on, baseline, gate=gate)
    ours = sorted((entry for entry in accepted if entry.of(str(document["name"]))), key=_order)
    judged = [_judged(finding, ours, today) for finding in found.findings]
    met = {j.entry.key for j in judged if j.entry}
    left = [entry for entry in ours if entry.key not in met and _asked(entry, document, fail_on)]
    judged += [Judged("gone", None, entry, _left(entry, today)) for entry in left]
    judged.sort(key=lambda j: STATUSES.index(j.status))
    return Outcome(
        str(document["name"]),
        kind_of(document),
        str(document["provenance"].get("started") or ""),
        fingerprint(document),
        tuple(fail_on),
        today,
        tuple(judged),
        found.notes,
        _exit(judged, found, eased=inconclusive_ok or found.eased),
    )


def _exit(judged: Sequence[Judged], found: Found, *, eased: bool) -> int:
    if any(j.failing for j in judged):
        return FAILED
    waiting = found.unanswered or any(j.status == "open" for j in judged)
    return UNANSWERED if waiting and not eased else HELD


def _order(entry: Accepted) -> tuple[Any, ...]:
    """Bring entries into an order of their own: those of this run's name first, longest first."""
    return (not entry.run.get("name"), entry.key, -entry.until.toordinal())


def _judged(finding: Finding, entries: Sequence[Accepted], today: date) -> Judged:
    """Find what was accepted of a finding, and say what it is beside that."""
    exact = next((entry for entry in entries if entry.key == finding.key), None)
    entry = exact or next((entry for entry in entries if entry.subject == finding.subject), None)
    if entry is None:
        return Judged("open" if finding.word == OPEN else "new", finding)
    left = _left(entry, today)
    note = _worse(entry, finding)
    if note:
        return Judged("worse", finding, entry, left, note)
    note = _other(entry, finding)
    if left < 0:
        return Judged("open" if finding.word == OPEN else "expired", finding, entry, left, note)
    return Judged("accepted", finding, entry, left, note)


def _other(entry: Accepted, finding: Finding) -> str:
    """Say what is no longer as it was accepted, without being worse."""
    said = []
    if entry.ruling != finding.ruling:
        said.append(f"accepted as {entry.ruling}, now {finding.ruling}")
    if entry.groups and finding.groups and entry.groups != finding.groups:
        said.append(f"the groups farthest apart were {entry.groups}, and are now {finding.groups}")
    return "; ".join(said)


def _left(entry: Accepted, today: date) -> int:
    return (entry.until - today).days


def _worse(entry: Accepted, finding: Finding) -> str:
    """Say how a finding is worse than what was accepted; empty where it is not shown to be.

    Worse is another ruling, unless that only says that the evidence no longer suffices; and a gap or a change
    that grew: whose change since it was accepted lies wholly beyond its margin, away from no gap.
    """
    if entry.ruling != finding.ruling:
        undecided = finding.ruling.removeprefix("became_") in UNDECIDED
        if undecided or (entry.ruling, finding.word) == ("changed", "change"):
            return ""
        return f"accepted as {entry.ruling}, now {finding.ruling}"
    if not finding.subject.startswith(("gap/", "change/")) or finding.ruling in UNDECIDED:
        return ""
    return _grown(entry, finding)


def _grown(entry: Accepted, finding: Finding) -> str:
    from toolkit.report.diff.change import apart, quotient, word
    from toolkit.report.words import number

    before = {key: getattr(entry, key) for key in ("value", "low", "high")}
    after = {key: getattr(finding, key) for key in ("value", "low", "high")}
    margins = [m for m in (entry.margin, finding.margin) if m is not None]
    compared = quotient if finding.ratio else apart
    if any(value is None for value in (*before.values(), *after.values())) or not margins:
        return ""
    change = compared(before, after, point="value", related=False)
    beyond = all(word(change, margin, ratio=finding.ratio) == "changed" for margin in margins)
    if not beyond or _from_none(after["value"], finding.ratio) <= _from_none(before["value"], finding.ratio):
        return ""
    return f"{number(after['value'])}, accepted at {number(before['value'])}: worse by more than the margin"


def _from_none(value: float, ratio: bool) -> float:
    """Return how far a gap is from no gap."""
    if not ratio:
        return abs(value)
    return abs(math.log(value)) if value > 0 else math.inf


def _asked(entry: Accepted, document: Document, fail_on: Sequence[str]) -> bool:
    """Whether this run, asked like this, could have shown an entry again; of others nothing is known."""
    for word in ("change", "alarm"):
        if entry.key.startswith(f"{word}/"):
            return word in fail_on
    audit = kind_of(document) == "audit"
    if audit or entry.key.startswith("gap/"):
        return audit and entry.key.startswith("gap/") and bool({"gap", "inconclusive"} & {*fail_on})
    return entry.ruling in fail_on and entry.ruling in WORDS["check"]


def _plain(judged: Judged) -> dict[str, Any]:
    from toolkit.gate.writing import plain

    finding, entry = judged.finding, judged.entry
    accepted: dict[str, Any] | None = None
    if entry:
        said: Mapping[str, Any] = plain(entry)
        accepted = {key: v.isoformat() if isinstance(v, date) else v for key, v in said.items()}
    return {
        "key": judged.key,
        "status": judged.status,
        "sentence": finding.sentence if finding else None,
        "numbers": finding.numbers if finding else None,
        "days_left": judged.days_left,
        "note": judged.note,
        "accepted": accepted,
    }
