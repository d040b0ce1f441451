"""Find run documents below a folder, and take from each what a front page says (``toolkit.index/1``).

A damaged document is listed with the reason and stops nothing. Hidden folders are passed over, links to
folders are not followed, and no more than `MOST` documents are read.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit.report.audit import words as audit_words
from toolkit.report.audit.lookup import main_gaps
from toolkit.report.index.jobs import read
from toolkit.report.markup import embedded
from toolkit.report.validation import is_audit

SCHEMA = "toolkit.index/1"
KNOWN = ("toolkit.check/1", "toolkit.audit/1")
MOST = 2000
REPORT = "report.html"
LARGEST = 8_000_000  # bytes; ours stay under 2 MB

Document = Mapping[str, Any]


class NoRunError(ValueError):
    """What was read is not a run document; the text says why."""


def scan(folder: Path, *, at: datetime | None = None, most: int = MOST) -> dict[str, Any]:
    """Read every run document below a folder, and the history of its scheduled jobs where it has one.

    Parameters
    ----------
    at : datetime, optional
        The time that ages in the history are relative to.

    Returns
    -------
    dict
        ``runs``, newest first, each with its ``path`` and ``report`` (relative to the folder; null without
        a report.html beside it); ``damaged``, each with its path and the reason; ``left_out``, how many
        were found beyond `most`; ``history`` (`toolkit.report.index.jobs.read`), null without a state folder.
        Runs that the history tells of are not among ``runs``.
    """
    history = read(folder, at)
    kept = {
        run["report"] for job in (history or {"jobs": ()})["jobs"] for run in job["runs"] if run["report"]
    }
    runs, damaged, left_out = [], [], 0
    for place, path in enumerate(_documents(folder, kept)):
        if place >= most:
            left_out += 1
            continue
        relative = path.relative_to(folder).as_posix()
        try:
            entry = _entry(_read(path))
        except NoRunError as error:
            damaged.append({"path": relative, "reason": str(error)})
            continue
        report = path.with_name(REPORT)
        beside = report.relative_to(folder).as_posix() if report.is_file() else None
        runs.append({"path": relative, "report": beside, **entry})
    # A report that lies alone may be a copy, redacted or for teaching, of a run that is there itself.
    whole = {(run["kind"], run["started"]) for run in runs if run["started"] and run["path"] != run["report"]}
    runs = [r for r in runs if r["path"] != r["report"] or (r["kind"], r["started"]) not in whole]
    runs.sort(key=lambda run: run["path"])
    runs.sort(key=lambda run: run["started"] or "", reverse=True)
    return {"schema": SCHEMA, "runs": runs, "damaged": damaged, "left_out": left_out, "history": history}


def _documents(folder: Path, kept: Set[str | None]) -> Iterator[Path]:
    """Yield the run documents below a folder but those of runs told of elsewhere: by report, or by id.

    A report that came alone, by mail say, carries its document.
    """
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        beside = Path(here) / REPORT
        if kept & {beside.relative_to(folder).as_posix(), Path(here).name}:
            continue
        if "run.json" in files:
            yield Path(here) / "run.json"
        elif REPORT in files and _carries(beside):
            yield beside


def _carries(report: Path) -> bool:
    """Whether a page is a report of ours; other tools call theirs the same."""
    try:
        return report.stat().st_size <= LARGEST and b' id="run" data-encoding=' in report.read_bytes()
    except OSError:
        return False


def _read(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8")
        document = embedded(text) if path.name == REPORT else json.loads(text)
    except UnicodeDecodeError as error:
        raise NoRunError("not text") from error
    except json.JSONDecodeError as error:
        raise NoRunError(f"not JSON ({error.msg}, line {error.lineno})") from error
    except RecursionError as error:
        raise NoRunError("not JSON (nested too deeply)") from error
    except (ValueError, EOFError, zlib.error) as error:
        raise NoRunError(str(error)) from error
    except OSError as error:
        raise NoRunError(f"cannot be read: {error.strerror}") from error
    if not isinstance(document, dict) or document.get("schema") not in KNOWN:
        raise NoRunError(f"not a run document of this version (schema {' or '.join(KNOWN)})")
    return document


def _entry(document: Document) -> dict[str, Any]:
    """Say of one run what a front page needs; a document that lacks it is damaged."""
    try:
        made = document["provenance"]
        audit = is_audit(document)
        rulings = _gaps(document) if audit else _beliefs(document)
        return {
            "kind": "audit" if audit else "check",
            "name": str(document["name"]),
            "started": _text(made.get("started")),
            "commit": _text(made.get("commit")),
            "seed": made.get("seed"),
            "effort": None if audit else _text(made.get("effort")),
            "about": _about(document["decisions"]) if audit else "",
            "data": _data(document, audit=audit),
            "versions": {str(k): _text(v) for k, v in (made.get("versions") or {}).items()},
            "rulings": rulings,
            "gate": (document.get("gate") or {}).get("result") if audit else None,
            "warnings": sum(w["level"] == "warning" for w in document.get("warnings") or ()),
            "failures": sum(len(e.get("failures") or ()) for e in document.get("experiments") or ()),
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NoRunError(f"damaged: {type(error).__name__} {error}") from error


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _data(document: Document, *, audit: bool) -> str:
    """Return what tells one run's data from another's: hashes, in order."""
    if audit:
        return str(document["data"].get("sha256") or "")
    digests = {
        str(d["name"]): str(d.get("sha256") or "") for d in document["provenance"].get("datasets") or ()
    }
    return " ".join(f"{name}={digest}" for name, digest in sorted(digests.items()))


def _about(decisions: Document) -> str:
    """Say in two or three words whose decisions were audited."""
    recipe, model = decisions.get("recipe") or {}, decisions.get("model") or {}
    name = str(
        recipe.get("estimator") or model.get("kind") or decisions.get("column") or decisions.get("target")
    )
    said = {"labels": "outcomes", "prediction": "decisions", "score": "scores"}
    return (
        f"{said.get(decisions['source'], decisions['source'])} {name.rpartition('.')[2] if recipe else name}"
    )


def _beliefs(document: Document) -> list[dict[str, str]]:
    from toolkit.report.words import RULING

    return [_ruled(e["code"], e["belief"], e["ruling"], RULING) for e in document["experiments"]]


def _gaps(document: Document) -> list[dict[str, str]]:
    """Return the rulings on the widest pairs, which the audit's first page gives too."""
    return [
        _ruled(audit_words.subject(gap), audit_words.subject(gap), gap["ruling"], audit_words.RULING)
        for gap in main_gaps(document)
    ]


def _ruled(key: object, text: object, ruling: object, known: Mapping[str, str]) -> dict[str, str]:
    if ruling not in known:
        raise ValueError(f"{ruling!r} is no ruling")
    return {"key": str(key), "text": str(text), "ruling": str(ruling)}
