"""A check's document, redacted: the user's own table loses its names; public data keep theirs.

A check measures models, not people: its numbers are means over trials. Where a belief compares groups of the
table, its numbers are told to three decimals and single trials not at all, because a rate told to sixteen
digits is a ratio of two counts that can be read off it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolkit import catalogue
from toolkit.report.redaction.tables import LEAST

Found = Mapping[str, Any]
PUBLIC = ("world", "table")  # kinds of data that everybody can have
LEFT_OUT = "the reason may name the table or count people, and is left out of a redacted copy"
PLACES = 3
EFFECTS = ("effect", "low", "high", "low90", "high90")


def check(document: Found) -> dict[str, Any]:
    """Return a check's document without names of the user's table."""
    own = _own(document)
    hiding = _Hiding(own)
    whole = {key: document[key] for key in ("schema", "name", "headline", "calibration") if key in document}
    return whole | {
        "redaction": {
            "least": LEAST,
            "sentence": "Names of the user’s own table, its columns and its groups are replaced by codes; "
            "single trials, failures and the outcomes file are left out."
            if own
            else "Only public data were used; the command and the reasons of failures are left out.",
        },
        "provenance": _provenance(document["provenance"], hiding),
        "experiments": [_experiment(e, hiding) for e in document["experiments"]],
    }


def _own(document: Found) -> list[Found]:
    """Return what is said of tables that are not public; a name that nothing is said of counts as one."""
    said = {str(d["name"]): d for d in document["provenance"].get("datasets") or ()}
    used = dict.fromkeys(str(d["dataset"]) for e in document["experiments"] for d in _dated(e))
    known = {name for name, d in said.items() if d.get("kind") in PUBLIC} | {*catalogue.datasets()}
    mine = {name for name, d in said.items() if d.get("kind") and d["kind"] not in PUBLIC}
    names = [name for name in dict.fromkeys((*said, *used)) if name and (name in mine or name not in known)]
    return [said.get(name, {"name": name}) for name in names]


def _dated(experiment: Found) -> Iterator[Found]:
    """Yield whatever in an experiment names its dataset."""
    for claim in experiment["claims"]:
        yield from (*claim["verdicts"], *(claim.get("controls") or ()))
    for figure in experiment.get("figures") or ():
        yield from (p for p in figure["points"] if p.get("dataset"))
    for key in ("failures", "not_applicable", "outcomes"):
        yield from experiment.get(key) or ()


class _Hiding:
    """The names that are known to be the user's, and codes for every other string that could be.

    Parameters
    ----------
    own : iterable of mapping
        What the document says of tables that are not public.
    """

    def __init__(self, own: Iterable[Found]) -> None:
        tables = [str(d["name"]) for d in own]
        more = [str(d[key]) for d in own for key in ("target", "sensitive") if d.get(key)]
        self.tables = {name: f"table {place}" for place, name in enumerate(tables, 1)}
        self.known = {*tables, *(Path(name).stem for name in tables), *more}
        self._codes: dict[str, str] = {}

    def dataset(self, name: object) -> str:
        return self.tables.get(str(name), str(name))

    def own(self, name: object) -> bool:
        return str(name) in self.tables

    def value(self, value: Any, public: frozenset[str] | None) -> Any:
        """Return a cell or a name of a figure; a string that is not one of the plug-in's own gets a code.

        `public` holds the plug-in's own strings; None where all of them are.
        """
        if not isinstance(value, str) or not value:
            return value
        if value in self.tables:
            return self.tables[value]
        if value not in self.known and (public is None or value in public):
            return value
        return self._codes.setdefault(value, f"name {len(self._codes) + 1}")

    def text(self, text: object, ours: bool) -> str:
        """Return a sentence of ours that holds none of the known names; nothing else."""
        said = str(text or "")
        return said if ours and not any(name in said for name in self.known) else ""


def _provenance(found: Found, hiding: _Hiding) -> dict[str, Any]:
    kept = ("toolkit", "commit", "seed", "effort", "threads", "environment", "code", "started", "seconds")
    done = {key: found[key] for key in (*kept, "versions", "machine") if key in found}
    return done | {
        "command": "toolkit check ... --redact (what else was typed is left out)",
        "datasets": [
            {"name": hiding.dataset(d["name"]), "sha256": d.get("sha256"), "kind": d.get("kind")}
            if hiding.own(d["name"])
            else d
            for d in found.get("datasets") or ()
        ],
    }


def _trusted(code: str) -> tuple[bool, bool, frozenset[str]]:
    """Say whether an experiment is one of ours, whether it compares groups, and which strings are its own."""
    try:
        experiment = catalogue.experiment(code)
        module = catalogue.origin(code)
    except Exception:  # a plug-in that is not installed here: nothing it says can be told apart from data
        return False, True, frozenset()
    ours = module.__name__.startswith("toolkit.")
    return ours, experiment.needs.sensitive, _strings(str(Path(str(module.__file__)).parent))


@lru_cache
def _strings(folder: str) -> frozenset[str]:
    """Return every string constant in a folder of plug-ins."""
    found: set[str] = set()
    for path in sorted(Path(folder).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return frozenset(found)


TEXTS = (
    *("code", "id", "belief", "ruling", "article", "what", "scope", "would_change", "threats"),
    *("references", "beside", "trials"),
)


def _experiment(found: Found, hiding: _Hiding) -> dict[str, Any]:
    ours, groups, strings = _trusted(str(found["code"]))
    told = _Told(hiding, ours=ours, groups=groups, strings=None if ours and not groups else strings)
    nothing = not hiding.tables
    return {key: found[key] for key in TEXTS if key in found} | {
        "sentence": found.get("sentence", "") if nothing else hiding.text(found.get("sentence"), ours),
        "claims": [told.claim(claim) for claim in found["claims"]],
        "figures": [told.figure(figure) for figure in found.get("figures") or ()],
        "tables": [told.table(table) for table in found.get("tables") or ()],
        "failures": [
            {"dataset": hiding.dataset(f["dataset"]), "seed": f["seed"], "status": f["status"]}
            | {"reason": LEFT_OUT}
            for f in found.get("failures") or ()
        ],
        "not_applicable": [
            {key: f[key] for key in ("trials",) if key in f}
            | {"dataset": hiding.dataset(f["dataset"])}
            | {"reason": LEFT_OUT if hiding.own(f["dataset"]) else f["reason"]}
            for f in found.get("not_applicable") or ()
        ],
        "outcomes": [
            {"dataset": hiding.dataset(o["dataset"]), "reason": ""}
            | {key: o[key] for key in ("seed", "status", "seconds", "peak_memory") if key in o}
            for o in found.get("outcomes") or ()
        ],
    }


class _Told:
    """How one experiment's claims, figures and tables are told."""

    def __init__(self, hiding: _Hiding, *, ours: bool, groups: bool, strings: frozenset[str] | None) -> None:
        self.hiding, self.ours, self.groups, self.strings = hiding, ours, groups, strings

    def claim(self, found: Found) -> dict[str, Any]:
        controls = [
            c if not self.hiding.own(c["dataset"]) else self.verdict(c) for c in found.get("controls") or ()
        ]
        own = any(self.hiding.own(v["dataset"]) for v in found["verdicts"])
        return {
            **found,
            "pooled": self.verdict(found["pooled"]) if own or self.hiding.tables else found["pooled"],
            "verdicts": [self.verdict(v) if self.hiding.own(v["dataset"]) else v for v in found["verdicts"]],
            "controls": controls,
        }

    def verdict(self, found: Found) -> dict[str, Any]:
        """Return a verdict on the user's table, or one pooled over it."""
        done = dict(found) | {"dataset": self.hiding.dataset(found.get("dataset", ""))}
        count = found["ruling"] in {"not_applicable", "error"}
        said = "" if count else self.hiding.text(found.get("reason"), self.ours)
        done["reason"] = said or (LEFT_OUT if found.get("reason") else "")
        done["settles"] = self.hiding.text(found.get("settles"), self.ours and not count)
        if self.groups:
            done |= {key: _rounded(found.get(key)) for key in EFFECTS}
            done["effects"] = []
        return done

    def figure(self, found: Found) -> dict[str, Any]:
        return {**found, "points": [self.point(p) for p in found["points"]]}

    def point(self, found: Found) -> dict[str, Any]:
        if not self.hiding.own(found.get("dataset")):
            return dict(found)
        done = dict(found) | {"dataset": self.hiding.dataset(found["dataset"])}
        done |= {k: self.hiding.value(found[k], self.strings) for k in ("panel", "series", "x") if k in found}
        if self.groups:
            done |= {key: _rounded(found.get(key)) for key in ("mean", "low", "high")}
        return done

    def table(self, found: Found) -> dict[str, Any]:
        """Return a table; where groups are compared its numbers are rounded, and counts under 10 left out."""
        if not self.hiding.tables:
            return dict(found)
        note = self.hiding.text(found.get("note"), self.ours)
        rows = [[self.cell(value) for value in row] for row in found["rows"]]
        return {**found, "rows": rows, "note": note}

    def cell(self, value: Any) -> Any:
        if isinstance(value, str) or value is None or isinstance(value, bool):
            return self.hiding.value(value, self.strings)
        if not self.groups:
            return value
        if isinstance(value, int):
            return value if abs(value) >= LEAST else None
        return _rounded(value)


def _rounded(value: Any) -> Any:
    return round(float(value), PLACES) if isinstance(value, float | int) else value
