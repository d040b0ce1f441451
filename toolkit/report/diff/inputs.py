"""What went into two runs and differs: data, code, versions, seed, effort, settings, machine; plain data.

Each kind is the same, changed, or not known to be the same; only what is known carries a conclusion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
KINDS = ("data", "code", "versions", "seed", "effort", "settings", "machine")
OWN_VERSION = "toolkit"
# What a claim is, apart from what was measured.
DEFINED_BY = ("statement", "unit", "margin", "predicts", "quantifier", "trimmed", "cross_fitted", "stance")


def inputs(old: Document, new: Document, *, audit: bool) -> list[dict[str, Any]]:
    """Return one entry for each kind: its ``state``, its ``changes`` (what, before, after) and a ``note``."""
    before, after = old["provenance"], new["provenance"]
    found = {
        "data": _audited(old, new) if audit else _datasets(old, new),
        "code": _code(before, after),
        "versions": _kind(_leaves(_versions(before), _versions(after))),
        "seed": _kind(_leaves({"seed": before.get("seed")}, {"seed": after.get("seed")})),
        "effort": _kind(_effort(old, new, audit=audit)),
        "settings": _settings(old, new) if audit else _claims(old, new),
        "machine": _machine(before, after),
    }
    return [{"kind": kind, **found[kind]} for kind in KINDS]


def same_data(old: Document, new: Document, dataset: str) -> bool | None:
    """Whether a dataset of two checks is the same by its hash; None where either has no hash."""
    digests = [_digests(side["provenance"]).get(dataset) for side in (old, new)]
    return digests[0] == digests[1] if all(digests) else None


def same_rows(old: Document, new: Document) -> bool | None:
    """Whether two audits read the same data by their hash; None where either has no hash."""
    digests = [side["data"].get("sha256") for side in (old, new)]
    return digests[0] == digests[1] if all(digests) else None


def _kind(changes: list[dict[str, Any]], *, unknown: str = "") -> dict[str, Any]:
    state = "changed" if changes else "unknown" if unknown else "same"
    return {"state": state, "changes": changes, "note": unknown}


def _change(what: str, before: Any, after: Any) -> dict[str, Any]:
    return {"what": what, "before": before, "after": after}


def _leaves(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """Return every value in which two mappings differ, by its path."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = [*before, *(key for key in after if key not in before)]
        below = ((f"{path} {key}".strip(), before.get(key), after.get(key)) for key in sorted(keys))
        return [leaf for name, a, b in below for leaf in _leaves(a, b, name)]
    return [] if before == after else [_change(path, before, after)]


def _versions(made: Document) -> dict[str, Any]:
    return {name: v for name, v in (made.get("versions") or {}).items() if name != OWN_VERSION}


def _code(before: Document, after: Document) -> dict[str, Any]:
    """Compare commits and the toolkit's own version; a checkout with changed files proves nothing."""
    commits = [side.get("commit") for side in (before, after)]
    own = [side.get(OWN_VERSION) or (side.get("versions") or {}).get(OWN_VERSION) for side in (before, after)]
    changes = _leaves({"toolkit": own[0]}, {"toolkit": own[1]})
    changes = _leaves({"commit": commits[0]}, {"commit": commits[1]}) + changes
    unknown = ""
    if any(str(commit or "").endswith("+") for commit in commits):
        unknown = "made from files that differ from their commit (+), so equal commits do not mean equal code"
    elif not any(commits):
        unknown = "" if all(own) and own[0] == own[1] else "neither run says what code made it"
    return _kind(changes, unknown=unknown)


def _machine(before: Document, after: Document) -> dict[str, Any]:
    """Compare what can change the last digits of a number: system, processor, threads, their pinning."""
    sides = []
    for made in (before, after):
        machine = made.get("machine") or {}
        kept = {key: machine[key] for key in ("system", "processor") if key in machine}
        sides.append(kept | {key: made[key] for key in ("threads", "environment") if key in made})
    return _kind(_leaves(sides[0], sides[1]))


def _digests(made: Document) -> dict[str, str]:
    return {str(d["name"]): str(d.get("sha256") or "") for d in made.get("datasets") or ()}


def _datasets(old: Document, new: Document) -> dict[str, Any]:
    """Compare the datasets of two checks, as far as the beliefs that both have are measured on them."""
    uses = _uses(old, new)
    both = uses[0] & uses[1]
    first, second = (
        {str(d["name"]): d for d in side["provenance"].get("datasets") or () if d["name"] in both}
        for side in (old, new)
    )
    changes: list[dict[str, Any]] = []
    blind = []
    for name in sorted(first.keys() & second.keys()):
        digests = [d[name].get("sha256") or None for d in (first, second)]
        if all(digests) and digests[0] != digests[1]:
            changes.append(_change(f"sha256 of {name}", *digests))
        elif not all(digests):
            blind.append(name)
        changes += [
            _change(f"{key} of {name}", first[name].get(key), second[name].get(key))
            for key in ("rows", "features", "target", "sensitive")
            if first[name].get(key) != second[name].get(key)
        ]
    unknown = f"no hash of {', '.join(blind)}" if blind else ""
    return _kind(changes, unknown=unknown)


def _uses(old: Document, new: Document) -> tuple[set[str], set[str]]:
    """Return the datasets that either check measures the beliefs on that both have, controls among them."""
    codes = {e["code"] for e in old["experiments"]} & {e["code"] for e in new["experiments"]}

    def used(document: Document) -> set[str]:
        claims = [c for e in document["experiments"] if e["code"] in codes for c in e["claims"]]
        return {str(v["dataset"]) for c in claims for v in (*c["verdicts"], *(c.get("controls") or ()))}

    return used(old), used(new)


def _selected(old: Document, new: Document) -> list[dict[str, Any]]:
    """Name the datasets that one check uses and the other does not."""
    first, second = _uses(old, new)
    gone, come = sorted(first - second), sorted(second - first)
    return [_change("datasets that the other has not", gone, come)] if gone or come else []


def _effort(old: Document, new: Document, *, audit: bool) -> list[dict[str, Any]]:
    """Compare the effort of two checks; which datasets are used is among what it decides."""
    efforts = [side["provenance"].get("effort") for side in (old, new)]
    changes = _leaves({"effort": efforts[0]}, {"effort": efforts[1]})
    return changes + _selected(old, new) if changes and not audit else changes


def _audited(old: Document, new: Document) -> dict[str, Any]:
    """Compare the table of two audits; what is read of the same table follows from the other inputs."""
    first, second = old["data"], new["data"]
    if not all((first.get("sha256"), second.get("sha256"))):
        return _kind(_read(first, second), unknown="a table without a hash")
    if first["sha256"] == second["sha256"]:
        changes = _read(first, second)
        note = "the same table; what was read of it follows from the rest" if changes else ""
        return {"state": "same", "changes": changes, "note": note}
    return _kind([_change("sha256", first["sha256"], second["sha256"]), *_read(first, second)])


def _read(first: Document, second: Document) -> list[dict[str, Any]]:
    """Compare what was read of two tables: rows, columns, what was left out and why."""
    plain = ("label", "rows", "held_out")
    changes = _leaves({key: first.get(key) for key in plain}, {key: second.get(key) for key in plain})
    read = [(side.get("read") or {}).get("rows") for side in (first, second)]
    changes += _leaves({"rows read": read[0]}, {"rows read": read[1]})
    columns = [list(side.get("columns") or ()) for side in (first, second)]
    gone, come = ([c for c in a if c not in b] for a, b in (columns, columns[::-1]))
    if gone or come:
        changes.append(_change("columns that the other has not", gone, come))
    return changes + _leaves(_dropped(first), _dropped(second))


def _dropped(data: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in data.get("dropped") or ():
        key = f"rows left out because {entry['reason']}"
        found[key] = found.get(key, 0) + (entry["rows"] or 0)
    return found


def _settings(old: Document, new: Document) -> dict[str, Any]:
    """Compare what was asked of two audits, the decisions and the model among it."""
    sides = []
    for document in (old, new):
        decided = {k: v for k, v in document["decisions"].items() if k not in {"sentence", "score_range"}}
        roles = {key: document["data"].get(key) for key in ("weight", "cluster", "within")}
        sides.append({**document["settings"], **decided, **roles, "silenced": document.get("silenced")})
    return _kind(_leaves(sides[0], sides[1]))


def _claims(old: Document, new: Document) -> dict[str, Any]:
    """Compare how the claims of two checks are stated, and at one effort, which datasets were asked for."""
    efforts = [side["provenance"].get("effort") for side in (old, new)]
    asked = _selected(old, new) if efforts[0] == efforts[1] else []
    return _kind([change for _, change in defined(old, new)] + asked)


def defined(old: Document, new: Document) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield (code, claim) with each part of a claim's definition that differs."""
    first, second = (_by_claim(document) for document in (old, new))
    for key in first:
        for part in DEFINED_BY:
            if key in second and first[key].get(part) != second[key].get(part):
                what = f"{part.replace('_', ' ')} of {key[0]} {key[1]}"
                yield key, _change(what, first[key].get(part), second[key].get(part))


def _by_claim(document: Document) -> dict[tuple[str, str], Document]:
    return {(str(e["code"]), str(c["id"])): c for e in document["experiments"] for c in e["claims"]}
