"""The run that a watch goes on from: its document, the ids beside it, and what must not have changed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.fairness.watching import Evidence
from toolkit.records import BadInputError, Run
from toolkit.report import embedded
from toolkit.table.watching import Past

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEEN = "watch.seen"
FILES = ("run.json", "report.html")  # a report carries its document
TYPES = ("whole", "number", "time", "id")
ANEW = "leave --watch-from out to begin anew"
Cells = dict[tuple[tuple[str, ...], int | None, int], int]


@dataclass(frozen=True, eq=False)
class Before:
    """What the run before left.

    Attributes
    ----------
    watch : mapping
        Its document's "watch".
    past : Past
    cells : dict of (levels, label, decision) to int
        Rows that it and those before it had seen.
    evidence : dict of (attribute, metric) to Evidence
    """

    watch: Mapping[str, Any]
    past: Past
    cells: Cells
    evidence: Mapping[tuple[str, str], Evidence]

    def gap(self, attribute: str, metric: str) -> Mapping[str, Any]:
        """Return what was said of a gap; empty where it was not watched yet."""
        wanted = (attribute, metric)
        return next((g for g in self.watch["gaps"] if (g["attribute"], g["metric"]) == wanted), {})


def before(source: Any) -> Before:
    """Read a run's document and, of a column of ids, the ids beside it.

    Parameters
    ----------
    source : path, Run or mapping
        A run's folder, its ``run.json``, or in Python the run or its document.

    Raises
    ------
    BadInputError
        If it cannot be read, watched nothing, or is not whole.
    """
    document, folder, label = _document(source)
    watch = document.get("watch")
    if document.get("redaction"):
        raise BadInputError(
            f"{label}: a redacted run does not say what it has seen; go on from the run itself, or {ANEW}"
        )
    if not isinstance(watch, Mapping):
        raise BadInputError(f"{label}: this run watched nothing (it had no --watch); {ANEW}")
    try:
        _refuse_odd(watch)
        ids = _ids(watch, folder, label)
        mark = (watch.get("mark") or {}).get("value")
        cells = {(tuple(r["levels"]), r["label"], r["decision"]): int(r["n"]) for r in watch["cells"]["rows"]}
        evidence = {
            (g["attribute"], g["metric"]): Evidence.of(g["state"], float(g["margin"])) for g in watch["gaps"]
        }
        past = Past(str(watch["type"]), None if mark is None else str(mark), ids)
        if mark is not None and not math.isfinite(float(mark) if watch["type"] == "number" else int(mark)):
            raise ValueError(f"no row could come after the mark {mark!r}")
        return Before(watch, past, cells, evidence)
    except BadInputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInputError(
            f"{label}: its watch cannot be read ({type(error).__name__}: {error}); take the run from a "
            f"backup, or {ANEW}"
        ) from error


def _refuse_odd(watch: Mapping[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError where the next run would stumble over what it goes on from."""
    if watch["type"] not in TYPES:
        raise ValueError(f"its column is of no type known here: {watch['type']!r}")
    if not all(isinstance(watch[key], int) and watch[key] >= 0 for key in ("nights", "rows_seen")):
        raise ValueError("runs and rows are counted from 0")
    for gap in watch["gaps"]:
        if gap["margin"] != watch["asked"]["margin"]:
            raise ValueError(f"a margin of {gap['margin']!r} was not asked for")
        for _, log_e in gap["history"]:
            float(log_e)
        if gap["alarm"] is not None and not {"at", "night", "rows", "pair", "e"} <= gap["alarm"].keys():
            raise ValueError("an alarm says when it was raised")


def refuse_differences(found: Before, asked: Mapping[str, Any]) -> None:
    """Refuse to go on with evidence about another question.

    Raises
    ------
    BadInputError
        Naming everything that differs, with what it was and what it is.
    """
    told = found.watch.get("asked") or {}
    apart = [
        f"{name.replace('_', ' ')} was {_said(told.get(name))} and is {_said(value)}"
        for name, value in asked.items()
        if told.get(name) != value
    ]
    if apart:
        raise BadInputError(
            f"--watch-from: the run before watched something else: {'; '.join(apart)}; ask for the same, or "
            f"{ANEW}"
        )


def ids_bytes(ids: NDArray[np.uint64]) -> bytes:
    """Return sorted ids as they are kept: 16 bytes each, big-endian."""
    return ids.astype(">u8").tobytes()


def keep_ids(folder: Path, held: bytes | None) -> None:
    """Write the ids beside a run whole or not at all; remove those of an earlier run where there are none."""
    path = folder / SEEN
    if held is None:
        path.unlink(missing_ok=True)
        return
    partial = path.with_name(f".{SEEN}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            file.write(held)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "nothing"
    return "nothing" if value is None else str(value)


def _document(source: Any) -> tuple[Mapping[str, Any], Path | None, str]:
    """Return the document, the folder it lies in, and what to call it."""
    if isinstance(source, Run):
        return source.to_dict(), source.folder, "the run before"
    if isinstance(source, Mapping):
        return source, None, "the run before"
    if not isinstance(source, str | PathLike):
        raise BadInputError(f"--watch-from: {type(source).__name__} is no run; give its folder or run.json")
    path = Path(source)
    if path.is_dir():
        path = next((p for name in FILES if (p := path / name).is_file()), path / FILES[0])
    try:
        text = path.read_text(encoding="utf-8")
        document = embedded(text) if text.lstrip().startswith("<") else json.loads(text)
    except (ValueError, EOFError, RecursionError, zlib.error) as error:
        raise BadInputError(
            f"--watch-from {path}: no run document can be read from it ({error}); give a run's run.json or "
            "report.html"
        ) from error
    except OSError as error:
        raise BadInputError(
            f"--watch-from {path}: it cannot be read ({error.strerror}); give a run's folder or run.json, or "
            f"{ANEW}"
        ) from error
    if not isinstance(document, Mapping) or not str(document.get("schema")).startswith("toolkit.audit/"):
        raise BadInputError(f"--watch-from {path}: this is no audit; give the run.json of an audit")
    return document, path.parent, f"--watch-from {path}"


def _ids(watch: Mapping[str, Any], folder: Path | None, label: str) -> NDArray[np.uint64] | None:
    """Read the ids seen, known by their hash."""
    import numpy as np

    if watch.get("kind") != "ids":
        return None
    if folder is None:
        raise BadInputError(f"{label}: the ids it has seen lie beside its run.json; give its folder")
    path = folder / SEEN
    try:
        held = path.read_bytes()
    except OSError as error:
        raise BadInputError(
            f"{path}: the ids that the run before has seen cannot be read ({error.strerror}); put the file "
            f"back beside run.json, or {ANEW}"
        ) from error
    if hashlib.sha256(held).hexdigest() != watch["seen"]["sha256"] or len(held) % 16:
        raise BadInputError(
            f"{path}: these are not the ids that the run before has seen (another sha256); put the file back "
            f"that was written with run.json, or {ANEW}"
        )
    return np.frombuffer(held, dtype=">u8").reshape(-1, 2).astype(np.uint64)
