"""An audit's story, to read first: table -> counts -> groups and gaps -> what accounts for them -> Run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

from toolkit.audit.request import Request, refuse_contradictions
from toolkit.records import Run

__all__ = ["Request", "audit", "folder_for"]


def audit(
    table: Any,
    *,
    output: str | PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
    redact: bool = False,
    **asked: Any,
) -> Run:
    """Audit a table, predictions or a model for gaps between groups.

    Parameters
    ----------
    table : path, glob, name of a dataset, or DataFrame
    output : path, optional
        Folder for ``run.json`` and ``report.html``.
    progress : callable, optional
        Called with a few words as each stage begins.
    redact : bool
        Whether names become codes and counts under 10 are left out, of the document and so of all that is
        written: see `toolkit.report.redaction`.
    **asked
        The fields of `Request`: ``target``, ``sensitive``, one of ``prediction``, ``score``, ``model`` and
        ``recipe``, and so on.

    Returns
    -------
    Run
        Its ``to_dict()`` is the run document (``toolkit.audit/1``), its ``report()`` the HTML.

    Raises
    ------
    BadInputError
        If the table or the request cannot be used; the text says what, where and the way out.
    UntrustedModelError
        If the model's file holds what was not allowed.
    """
    from toolkit.audit.sources import resolve
    from toolkit.audit.watching import refuse_watch
    from toolkit.journal import claimed

    started, clock = datetime.now(UTC), time.perf_counter()
    source, request = resolve(Request(table, **_normal(asked)))
    refuse_contradictions(request)
    refuse_watch(request, redact)
    folder = Path(output) if output is not None else None
    with claimed(folder) if folder is not None else nullcontext():
        whole, seen = _told(request, source, progress or (lambda _stage: None))
        whole["provenance"] |= {
            "started": started.isoformat(timespec="seconds"),
            "seconds": time.perf_counter() - clock,
        }
        if redact:
            from toolkit.report.redaction import redacted

            whole = redacted(whole)
        run = Run(whole, folder)
        if folder is not None:
            _write(run, folder, seen)
    return run


def _told(request: Request, source: Any, tell: Callable[[str], None]) -> tuple[dict[str, Any], bytes | None]:
    """Tell the story, stage by stage; beside it the ids that a watch has seen, if it goes by ids."""
    from toolkit.audit.accounts import accounts
    from toolkit.audit.audited import Audited
    from toolkit.audit.conclusions import conclusions
    from toolkit.audit.decisions import decisions
    from toolkit.audit.document import document
    from toolkit.audit.groups import groups
    from toolkit.audit.made_by import made_by
    from toolkit.audit.watching import watch

    tell("reading")
    counted, made = decisions(source, request)
    tell("comparing groups")
    audited = Audited(request, source, counted, made, groups(counted.cells, request))
    watched, seen = watch(source.table, request, counted, audited.found)  # it may refuse, so before the rest
    parts = accounts(audited, tell)
    tell("looking for what could mislead")
    parts |= {**conclusions(audited, parts), "watch": watched}
    return document(audited, parts, made_by(request)), seen


def _normal(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Let one name stand for a list of one, and lists for tuples."""
    several = {"sensitive", "trust", "drop", "metrics", "gate", "silence"}
    return {
        name: (value,)
        if name in several and isinstance(value, str)
        else tuple(value)
        if name in several
        else value
        for name, value in asked.items()
    }


def folder_for(table: Any, name: str | None) -> str:
    """Return where an audit is written by default; a hostile name stays one harmless folder."""
    from toolkit.audit.sources import resolve_name

    kept = re.sub(r"[^\w.+-]+", "-", name or resolve_name(table)).strip("-.") or "audit"
    return f"reports/{kept[:80]}"


def _write(run: Run, folder: Path, seen: bytes | None) -> None:
    """Write the document and the report, each whole or not at all; first the ids, whose hash it holds."""
    from toolkit.audit.watch_before import keep_ids
    from toolkit.document import dumps
    from toolkit.journal import write_atomic

    texts = {"run.json": dumps(run.document), "report.html": run.report()}  # both, before either is written
    keep_ids(folder, seen)
    for name, text in texts.items():
        write_atomic(folder / name, text)
