"""What was checked, and what came of it: things that agree, things that do not, things nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Far above what another machine's last digit does, far below what anybody would forge.
RELATIVE, ABSOLUTE = 1e-9, 1e-12
LONGEST = 80
EARLIER = "an earlier version may not have written it"


@dataclass(frozen=True)
class Fault:
    """One thing that does not agree: where, and what is said there against what was found."""

    where: str
    what: str


@dataclass
class Check:
    """One line of the answer.

    Attributes
    ----------
    id, title : str
        For programs, and for people.
    excuse : str
        Why all of it may rightly come out otherwise here; empty where nothing speaks for that.
    ok : int
        Things that agree.
    faults : list of Fault
        Things that do not.
    doubts : list of Fault
        Things that do not agree, and may rightly not: other code or other libraries made them.
    untold : mapping of reason to int
        How many things could not be checked, and why.
    """

    id: str
    title: str
    excuse: str = ""
    ok: int = 0
    faults: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)
    untold: dict[str, int] = field(default_factory=dict)

    @property
    def many(self) -> int:
        """How many things there are."""
        return self.ok + len(self.faults) + self.could_not

    @property
    def could_not(self) -> int:
        """How many things could not be checked, or not be told apart from what other code gives."""
        return sum(self.untold.values()) + len(self.doubts)

    @property
    def status(self) -> str:
        """Return "failed" if anything does not agree, "ok" if something was checked, else "could not"."""
        return "failed" if self.faults else "ok" if self.ok else "could not"

    def skip(self, reason: str, many: int = 1) -> None:
        """Count things that cannot be checked; none of them is no news."""
        if many:
            self.untold[reason] = self.untold.get(reason, 0) + many

    def hold(self, where: str, held: bool, otherwise: str, excuse: str = "") -> None:
        """Count one thing: it holds, or it is at fault; with an excuse nobody can tell."""
        excuse = excuse or self.excuse
        if held:
            self.ok += 1
        elif excuse:
            self.doubts.append(Fault(where, f"{otherwise} - but {excuse}"))
        else:
            self.faults.append(Fault(where, otherwise))

    def agree(
        self,
        where: str,
        said: Mapping[str, Any],
        found: Mapping[str, Any],
        names: Iterable[str],
        excuse: str = "",
    ) -> None:
        """Count one thing whose fields must agree; what an earlier version did not write is in doubt."""
        differing = [name for name in names if not same(said.get(name), found.get(name))]
        if differing and not any(name in said for name in differing):
            excuse = excuse or EARLIER
        apart = [
            "{} is {}, recomputed {}".format(*apart_at(said.get(name), found.get(name), name))
            for name in differing
        ]
        self.hold(where, not apart, "; ".join(apart), excuse)

    def to_dict(self) -> dict[str, Any]:
        """Return the line as plain data."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "many": self.many,
            "ok": self.ok,
            "failed": len(self.faults),
            "could_not": self.could_not,
            "faults": [{"where": fault.where, "what": fault.what} for fault in self.faults],
            "doubts": [{"where": doubt.where, "what": doubt.what} for doubt in self.doubts],
            "untold": [{"reason": reason, "many": many} for reason, many in self.untold.items()],
        }


def attempted(name: str, title: str, part: Callable[[], list[Check]]) -> list[Check]:
    """Return a part's checks; a document too damaged to compute with is at fault itself."""
    try:
        return part()
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AssertionError) as error:
        check = Check(name, title)
        check.hold("the document", False, f"it cannot be recomputed ({type(error).__name__}: {error})")
        return [check]


def same(said: Any, found: Any) -> bool:
    """Say whether two plain values agree, numbers to nine digits; what is not a finite number is null."""
    said, found = _finite(said), _finite(found)
    if isinstance(said, bool) or isinstance(found, bool):
        return said is found
    if isinstance(said, int | float) and isinstance(found, int | float):
        return math.isclose(said, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        return said.keys() == found.keys() and all(same(said[key], found[key]) for key in said)
    if isinstance(said, list | tuple) and isinstance(found, list | tuple):
        return len(said) == len(found) and all(same(a, b) for a, b in zip(said, found, strict=True))
    return bool(said == found)


def apart_at(said: Any, found: Any, where: str) -> tuple[str, str, str]:
    """Return where two plain values first differ, and both as text."""
    if isinstance(said, Mapping) and isinstance(found, Mapping) and said.keys() == found.keys():
        for key in said:
            if not same(said[key], found[key]):
                return apart_at(said[key], found[key], f"{where}.{key}")
    if isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for place, (one, two) in enumerate(zip(said, found, strict=True)):
            if not same(one, two):
                return apart_at(one, two, f"{where}[{place}]")
    return where, _short(said), _short(found)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _short(value: Any) -> str:
    text = "nothing" if value is None else f"{value!r}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
