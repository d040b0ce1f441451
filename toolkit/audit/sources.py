"""Where a table comes from: a path, a glob or a DataFrame as they are, a name from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.audit.request import Request
from toolkit.records import BadInputError, Dataset


@dataclass(frozen=True, eq=False)
class Source:
    """A table to read, what to call the audit, where it came from, and what identifies an embedded one."""

    table: Any
    name: str
    origin: str
    sha256: str | None = None
    notes: tuple[str, ...] = ()


def resolve(request: Request) -> tuple[Source, Request]:
    """Find the table; a name from the catalogue brings its target, positive value and groups with it."""
    table = request.table
    if not isinstance(table, str | Path):
        name = resolve_name(table)
        return Source(table, request.name or name, name), request
    text = str(table)
    if Path(text).expanduser().exists() or any(mark in text for mark in "*?[/\\"):
        return Source(text, request.name or resolve_name(text), text), request
    found = _catalogued(text, request)
    if found is None:
        raise BadInputError(_no_such(text))
    return found


def _no_such(name: str) -> str:
    """Say that neither a file nor a dataset has that name, and which is nearest."""
    from difflib import get_close_matches

    from toolkit import catalogue
    from toolkit.datasets._public import SOURCES

    files = [path.name for path in Path().iterdir() if path.is_file()]
    close = get_close_matches(name, [*files, *catalogue.datasets(), *SOURCES], n=1, cutoff=0.5)
    hint = (
        f"did you mean {close[0]!r}?" if close else "give a path, a glob, or a name of toolkit datasets list"
    )
    return f"{name}: there is no such file, and no dataset of that name; {hint}"


def _catalogued(name: str, request: Request) -> tuple[Source, Request] | None:
    """Return an embedded or a fetched table, None if no catalogue has that name."""
    from toolkit import catalogue
    from toolkit.datasets import card
    from toolkit.datasets._public import SOURCES, fetched

    if name in SOURCES:
        path = fetched(name)
        return Source(str(path), request.name or name, name), _with_answers(request, card(name), None)
    if name not in catalogue.datasets():
        return None
    dataset = catalogue.dataset(name)
    if dataset.sensitive is None or dataset.task == "regression":
        raise BadInputError(
            f"{name} has no groups to compare; audit one that has: loanapp, recid, crime1 or k401ksubs"
        )
    source = Source(frame_of(dataset), request.name or name, name, catalogue.fingerprint(name), dataset.notes)
    return source, _with_answers(request, {}, dataset)


def _with_answers(request: Request, card: dict[str, Any], dataset: Dataset | None) -> Request:
    """Fill in what the user left open from what is known about the table."""
    if dataset is not None:
        card = {
            "target": dataset.target,
            "positive": dataset.classes[1],
            "sensitive": [dataset.sensitive_name],
        }
    target = request.target or card.get("target")
    same = target == card.get("target")
    return replace(
        request,
        target=target,
        positive=request.positive or (card.get("positive") if same else None),
        sensitive=request.sensitive or tuple(card.get("sensitive") or ()),
    )


def frame_of(dataset: Dataset) -> Any:
    """Return an embedded dataset as a table of its own: features, the groups by name, the outcome by name."""
    import numpy as np
    import pandas as pd

    own = dataset.columns.index(dataset.sensitive_name) if dataset.sensitive_name in dataset.columns else None
    columns: dict[str, Any] = {
        name: dataset.X[:, i]
        for i, name in enumerate(dataset.feature_names)
        if dataset.source_columns[i] != own
    }
    if dataset.sensitive is not None:
        columns[dataset.sensitive_name] = np.array(dataset.groups, dtype=object)[dataset.sensitive]
    columns[dataset.target] = np.array(dataset.classes, dtype=object)[np.asarray(dataset.y, dtype=int)]
    return pd.DataFrame(columns)


def resolve_name(table: Any) -> str:
    """Return what a table is called by default."""
    return _stem(str(table)) if isinstance(table, str | Path) else "DataFrame"


def _stem(text: str) -> str:
    """Return a file's name without its endings; a glob keeps what it has in common."""
    name = Path(text).name
    for ending in (".gz", ".csv", ".tsv", ".txt", ".parquet", ".pq"):
        name = name.removesuffix(ending)
    return name.strip("*?[]. ") or "table"
