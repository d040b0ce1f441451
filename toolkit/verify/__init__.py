"""Verify: a run's document, or the report that carries it, recomputed from what it says of itself.

Read from above: the document is whole and the page's own; rulings follow from the effects, effects from the
outcomes, metrics and gaps from the counts, parts make their gap; trials run again give the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.records import BadInputError
from toolkit.verify.checked import Check, Fault, attempted

if TYPE_CHECKING:
    from toolkit.verify.reading import Given

__all__ = ["Check", "Fault", "Verified", "verify"]


@dataclass(frozen=True)
class Verified:
    """The answer.

    Attributes
    ----------
    file : str
    checks : tuple of Check
        Those about something that the document has.
    made_by : str
        Version and commit that the document names.
    here : str
        Version and commit that verified it.
    """

    file: str
    checks: tuple[Check, ...]
    made_by: str
    here: str

    @property
    def status(self) -> str:
        """Return "failed" if anything does not agree, "ok" if something was recomputed, else "could not".

        A document that merely follows its schema, or a hash that anybody can write anew, shows nothing. Nor
        does one of which something differs, though other code may be why: whoever forges could say so.
        """
        states = [check.status for check in self.checks]
        if "failed" in states:
            return "failed"
        if any(check.doubts for check in self.checks):
            return "could not"
        told = [c.status for c in self.checks if c.id not in ("schema", "hash", "page")]
        return "ok" if "ok" in told else "could not"

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "file": self.file,
            "status": self.status,
            "made_by": self.made_by,
            "here": self.here,
            "checks": [check.to_dict() for check in self.checks],
        }


def verify(
    path: str | PathLike[str],
    *,
    rerun: int = 0,
    seed: int = 0,
    jobs: int | None = None,
    timeout: float | None = 900.0,
    progress: Callable[[Any], object] | None = None,
) -> Verified:
    """Recompute what a run document says.

    Parameters
    ----------
    path : path
        A run's folder, ``run.json`` or ``report.html``.
    rerun : int
        How many trials of a check to run again.
    seed : int
        Of the choice of those.
    jobs, timeout, progress
        As in `toolkit.check.check`.

    Raises
    ------
    BadInputError
        If there is no run document, or nothing to run again; the text says the way out.
    """
    from toolkit.verify import carried, reading

    given = reading.read(Path(path))
    if rerun and given.audit:
        raise BadInputError(f"--rerun: {path} is an audit, which has no trials; run its command again")
    checks = [carried.schema(given), carried.hashes(given)]
    if checks[0].status == "ok":
        checks += [carried.page(given)]
        checks += _audit(given) if given.audit else _check(given)
        if rerun:
            from toolkit.run import silent
            from toolkit.verify import again
            from toolkit.verify.code import installed

            find = installed(given.document)
            checks.append(
                again.rerun(
                    given.document,
                    rerun,
                    find,
                    given.outcomes,
                    seed=seed,
                    jobs=jobs,
                    timeout=timeout,
                    progress=progress or silent,
                )
            )
    kept = tuple(check for check in checks if check.many)
    return Verified(str(given.file), kept, *_versions(given.document))


def _check(given: Given) -> list[Check]:
    from toolkit.verify.code import installed
    from toolkit.verify.rows import outcomes_checked
    from toolkit.verify.rulings import rulings

    find = installed(given.document)
    checks = attempted("verdicts", "Rulings, from the effects", lambda: rulings(given.document, find))
    outcomes, title = given.outcomes, "The outcomes file: its hash, and each trial's line"
    if outcomes is not None:
        return checks + attempted("outcomes", title, lambda: outcomes_checked(given.document, outcomes, find))
    missing = Check("outcomes", title)
    if given.broken:
        missing.hold("the outcomes file", False, given.broken)
    else:
        missing.skip("no outcomes.jsonl lies beside")
    return [*checks, missing]


def _audit(given: Given) -> list[Check]:
    from toolkit.verify.counted import Counts
    from toolkit.verify.finer import finer
    from toolkit.verify.gaps import gaps
    from toolkit.verify.groups import groups
    from toolkit.verify.splits import splits
    from toolkit.verify.watching import watching

    counts = Counts(given.document)
    return [
        *attempted("metrics", "Metrics of groups, from the counts", lambda: groups(counts)),
        *attempted("gaps", "Gaps, from the counts", lambda: gaps(counts)),
        *attempted("splits", "Splits, whose parts make the gap", lambda: splits(given.document)),
        *finer(counts),
        *attempted("watch", "The watch, from its own state", lambda: watching(given.document)),
    ]


def _versions(document: Mapping[str, Any]) -> tuple[str, str]:
    from toolkit import provenance

    made = document.get("provenance")
    made = made if isinstance(made, dict) else {}
    versions = made.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    return (
        _named(versions.get("toolkit"), made.get("commit")),
        _named(provenance.versions()["toolkit"], provenance.commit()),
    )


def _named(version: object, commit: object) -> str:
    return f"toolkit {version or 'unknown'}" + (f" at {str(commit)[:12]}" if commit else "")
