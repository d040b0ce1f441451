"""Whether the code that made a document is the code installed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from toolkit import catalogue, provenance
from toolkit.experiment import Experiment


@dataclass(frozen=True)
class Installed:
    """A plug-in as it is here.

    Attributes
    ----------
    experiment : Experiment or None
        None where no plug-in of that code is installed.
    excuse : str
        Why it may rightly say something else than the document; empty where it is the same code.
    """

    experiment: Experiment | None
    excuse: str = ""


def installed(document: Mapping[str, Any]) -> Callable[[str], Installed]:
    """Return a way to find the plug-in of each experiment of a check."""
    made = document["provenance"]

    @cache
    def find(code: str) -> Installed:
        known = {c: e for group in catalogue.GROUPS for c, e in catalogue.experiments(group).items()}
        if code not in known:
            return Installed(None, f"no plug-in {code} is installed here")
        return Installed(known[code], _excuse(made, code))

    return find


def _excuse(made: Mapping[str, Any], code: str) -> str:
    """Say why the plug-in here may be another than the one that ran; empty if it is the same."""
    said = (made.get("code") or {}).get(code)
    if said is None:
        return "" if _same_commit(made) else f"the document does not say which code of {code} ran"
    same = said == provenance.measured_by(code)
    return "" if same else f"the code of {code} installed here is another than the one that ran"


def _same_commit(made: Mapping[str, Any]) -> bool:
    """Whether a document names the commit that is in use here, with nothing changed since."""
    commit = provenance.commit()
    return bool(commit) and commit == made.get("commit") and not str(commit).endswith("+")


def other_code(made: Mapping[str, Any], part: str) -> str:
    """Say that one part of ours may be another than the one that ran; empty if it is the same.

    Parameters
    ----------
    made : mapping
        A document's provenance.
    part : str
        A key of `provenance.PARTS`.
    """
    said = (made.get("code") or {}).get(part)
    if said is None:
        return "" if _same_commit(made) else f"the document does not say which code of the {part} part ran"
    return "" if said == provenance.part(part) else f"the code of the {part} part is another here"


def other_versions(made: Mapping[str, Any], names: tuple[str, ...] = ()) -> str:
    """Name the libraries whose versions differ here; empty where none does.

    Parameters
    ----------
    made : mapping
        A document's provenance.
    names : tuple of str
        Which libraries count; all that the document names by default.
    """
    here = provenance.versions("duckdb", "skops")
    said = made.get("versions") or {}
    apart = [
        f"{name} {said[name]}, here {here.get(name)}"
        for name in said
        if said[name] != here.get(name) and (not names or name in names)
    ]
    return "; ".join(apart)
