"""What a gate could stumble over in a run document: findings with stable keys, sentences and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.records import BadInputError

Document = Mapping[str, Any]
OPEN = "open"  # the word of a gap that nobody asked to fail on, and that the gate cannot answer either
UNDECIDED = frozenset({"not_enough_evidence", "not_applicable", "inconclusive"})
WORDS = {
    "check": ("refuted", "supported", "inconclusive", "error", "change"),
    "audit": ("gap", "inconclusive", "change", "alarm"),
}
_BELIEFS = "an audit rules on gaps between groups, not on beliefs; give gap, inconclusive, change or alarm"
WHY_NOT = {
    ("check", "gap"): "a check rules on beliefs and compares no groups; `toolkit audit` does",
    ("check", "alarm"): "a check watches nothing; `toolkit audit --watch COLUMN` does",
    ("audit", "refuted"): _BELIEFS,
    ("audit", "supported"): _BELIEFS,
    ("audit", "error"): "an audit withholds no ruling for an error: it stops, with a code of its own",
}
_STRUCTURE = re.compile(r"[%/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Finding:
    """One thing that a run found; whether it is good or bad is only what ``--fail-on`` says.

    Attributes
    ----------
    subject : str
        What it is about, the same in every run: ``M002``, ``gap/race/selection_rate/difference/widest``.
    ruling : str
        What was found, one word.
    word : str
        The word of ``--fail-on`` that asked for it; "open" for a gap that only keeps the gate unanswered.
    sentence : str
        What was found, with its numbers, for people.
    value, low, high, margin : float or None
        The gap (corrected for having been picked, where it is the widest of several), the effect or the
        change, its 95 % interval, and the margin it is held against.
    ratio : bool
        Whether these are ratios, and "no gap" is 1.
    groups : str
        The two groups of the widest gap, which another run may find elsewhere.
    """

    subject: str
    ruling: str
    word: str
    sentence: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    ratio: bool = False
    groups: str = ""

    @property
    def key(self) -> str:
        """Its name in a lock file: the subject and the ruling."""
        return f"{self.subject} {self.ruling}"

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that it has."""
        known = {"value": self.value, "low": self.low, "high": self.high, "margin": self.margin}
        return {name: float(number) for name, number in known.items() if number is not None}


@dataclass(frozen=True)
class Found:
    """All findings of a run, and what else has to be said.

    Attributes
    ----------
    findings : tuple of Finding
        In the order of the document.
    notes : tuple of str
        What could not be compared.
    unanswered : bool
        Whether the gate was asked and has not one member to answer with.
    eased : bool
        Whether the run itself was told that too little evidence is no failure.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    unanswered: bool = False
    eased: bool = False


def kind_of(document: Document) -> str:
    """Say whether a run document is a "check" or an "audit"."""
    return "audit" if str(document.get("schema", "")).startswith("toolkit.audit") else "check"


def refuse_misfits(kind: str, fail_on: Sequence[str]) -> None:
    """Refuse words that mean nothing for this kind of run.

    Raises
    ------
    BadInputError
        With the reason and the way out.
    """
    for word in fail_on:
        if word not in WORDS[kind]:
            why = WHY_NOT.get((kind, word)) or f"there are {', '.join(WORDS[kind])}"
            raise BadInputError(f"--fail-on {word}: {why}")


def findings(
    document: Document,
    fail_on: Sequence[str],
    baseline: Document | None = None,
    *,
    gate: Sequence[str] = (),
) -> Found:
    """Return what a run found that these words ask for.

    Parameters
    ----------
    document : mapping
        A check or an audit.
    fail_on : sequence of str
        Words of `WORDS`. On an audit "inconclusive" asks for the gap too.
    baseline : mapping, optional
        The run that "change" is measured from.
    gate : sequence of str
        ``metric:column`` members of an audit's gate; by default those that the audit itself asked for, and
        where it asked for none the default ones.

    Raises
    ------
    BadInputError
        If a word does not fit this kind of run, "change" has no baseline of the same kind, or "alarm" is
        asked of an audit that watches nothing.
    """
    kind = kind_of(document)
    refuse_misfits(kind, fail_on)
    own = Found(())
    if kind == "check":
        own = Found(tuple(_beliefs(document, fail_on)))
    elif {"gap", "inconclusive"} & {*fail_on}:
        from toolkit.gate.members import guarded

        own = guarded(document, gate, inconclusive="inconclusive" in fail_on)
    if "alarm" in fail_on:
        from toolkit.gate.alarms import alarms

        own = replace(own, findings=(*own.findings, *alarms(document)))
    if "change" not in fail_on:
        return own
    from toolkit.gate.changes import changes

    moved = changes(baseline, document)
    return Found((*own.findings, *moved.findings), moved.notes, own.unanswered, own.eased)


def part(name: object) -> str:
    """Write a name so that it can stand in a key: no slash, no line break.

    >>> part("race"), part("a/b"), part("50 %")
    ('race', 'a%2Fb', '50 %25')
    """
    return _STRUCTURE.sub(lambda found: f"%{ord(found[0]):02X}", str(name))


def gap_subject(gap: Mapping[str, Any]) -> str:
    """Name a gap by what it compares; the widest pair's groups are what was found, not its name."""
    named = [] if gap["compare"] == "widest" else [gap.get("highest") or "", gap.get("lowest") or ""]
    names = (gap["attribute"], gap["metric"], gap["kind"], gap["compare"], *named)
    return "/".join(("gap", *map(part, names)))


def _beliefs(document: Document, fail_on: Sequence[str]) -> Iterator[Finding]:
    from toolkit.report import words

    for e in document["experiments"]:
        if e["ruling"] in fail_on:
            said = " ".join(filter(None, (words.clean(e["belief"]), words.clean(e.get("sentence")))))
            yield Finding(
                part(e["code"]),
                e["ruling"],
                e["ruling"],
                f"{words.RULING[e['ruling']]}: {said}",
                **_effect(e),
            )


def _effect(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effect that a belief's ruling rests on, where it rests on that of a single claim."""
    own = [c for c in experiment["claims"] if (c.get("stance") or "belief") == "belief"]
    if len(own) != 1 or own[0]["pooled"].get("effect") is None:
        return {}
    pooled = own[0]["pooled"]
    numbers = {"value": pooled["effect"], "low": pooled.get("low"), "high": pooled.get("high")}
    return numbers | {"margin": own[0]["margin"]}
