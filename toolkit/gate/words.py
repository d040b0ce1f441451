"""What the gate says, in words; every format says it the same way."""

from __future__ import annotations

from toolkit.gate.evaluating import FAILED, HELD, STATUSES, Judged, Outcome, Status
from toolkit.report.words import clean, count

WORD: dict[Status, str] = {
    "new": "New",
    "worse": "Worse",
    "expired": "Expired",
    "open": "Open",
    "accepted": "Accepted",
    "gone": "Gone",
}
MEANING: dict[Status, str] = {
    "new": "nobody has accepted it",
    "worse": "worse than what was accepted",
    "expired": "what was accepted is over",
    "open": "the evidence is not enough to answer the gate",
    "accepted": "somebody answers for it, until the day named",
    "gone": "accepted, and no longer found: the entry can be removed",
}
ANSWER = {HELD: "The gate held", FAILED: "The gate failed"}


def verdict(outcome: Outcome) -> str:
    """Say in one line what the gate answers, and how many findings there are of each kind."""
    counts = [f"{len(outcome.of(s)):,} {WORD[s].lower()}" for s in STATUSES if outcome.of(s)]
    answer = ANSWER.get(outcome.exit, "The gate is open: the evidence is not enough")
    return f"{answer}: {', '.join(counts) or 'nothing was found that it asks about'}."


def asked(outcome: Outcome) -> str:
    """Say which run was asked what."""
    kind = "Audit" if outcome.kind == "audit" else "Check"
    return f"{kind} {clean(outcome.name)}, failing on {', '.join(outcome.fail_on)}, as of {outcome.today}."


def sentence(judged: Judged) -> str:
    """Say what was found, or that it no longer is."""
    return judged.finding.sentence if judged.finding else "It no longer occurs."


def until(judged: Judged) -> str:
    """Say until when something is accepted, and how long that still is."""
    if judged.entry is None or judged.days_left is None:
        return ""
    left = judged.days_left
    if left < 0:
        return f"until {judged.entry.until}, {count(-left, 'day')} ago"
    return f"until {judged.entry.until}, {count(left, 'day')} left" if left else "until today"


def why(judged: Judged) -> str:
    """Say who accepted it, why and until when, and what has changed since."""
    parts = [judged.note]
    if judged.entry is not None:
        parts.append(f"accepted by {clean(judged.entry.owner)} {until(judged)}: {clean(judged.entry.reason)}")
    return "; ".join(part for part in parts if part)


def line(judged: Judged) -> str:
    """Say one finding in one line."""
    told = f"{sentence(judged)} ({why(judged)})" if why(judged) else sentence(judged)
    return f"{WORD[judged.status].lower()}: {clean(judged.key)}: {' '.join(told.split())}"
