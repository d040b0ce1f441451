"""What an ending means: which outcome it is, whether it passes by itself, what the tick's own exit is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["done", "gate_failed", "open", "failed", "timeout", "refused", "interrupted", "missed"]

# As `toolkit.cli.exits` has them; that is above this floor, and a test holds the two together.
PRECEDENCE = (130, 143, 70, 2, 5, 3, 1, 4, 0)
OUTCOMES: dict[int, Outcome] = {0: "done", 1: "gate_failed", 4: "open", 2: "refused", 5: "refused"}
STOPPED = (130, 143)
FAILED = 3


@dataclass(frozen=True)
class Ended:
    """How an attempt ended.

    Attributes
    ----------
    exit : int or None
        Its exit code; None where it was killed before it had one.
    reason : str
        One line; "" where the code says all.
    timed_out : bool
        Whether it ran past the job's limit.
    stopped : bool
        Whether it was stopped from outside: the tick was told to end or was killed, the machine went down, or
        the disk was full. That is no fault of the job's.
    """

    exit: int | None
    reason: str = ""
    timed_out: bool = False
    stopped: bool = False

    @property
    def outcome(self) -> Outcome:
        """Name it as a record does."""
        if self.timed_out:
            return "timeout"
        if self.exit is None or self.exit < 0 or self.exit in STOPPED:
            return "interrupted"
        return OUTCOMES.get(self.exit, "failed")

    @property
    def passes(self) -> bool:
        """Whether the same may go well later: a bug, bad input or a ruling would only come out again."""
        return self.stopped or self.timed_out or self.outcome == "interrupted" or self.exit == FAILED


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that counts where several apply; one we do not know is a failure."""
    known = (code if code in PRECEDENCE else FAILED for code in codes)
    return min(known, key=PRECEDENCE.index, default=0)


def exit_of(outcome: str, code: int | None, gate: tuple[str, ...]) -> int:
    """Return what the outcome of a run means for the tick's exit.

    A run that was left open counts only where the job's gate asks for evidence.
    """
    if outcome in ("timeout", "interrupted", "failed"):
        return code if code == 70 else FAILED
    if outcome == "open":
        return 4 if "inconclusive" in gate else 0
    return code or 0
