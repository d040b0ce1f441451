"""A folder of plug-ins found by file name, plus third parties' entry points; no registration list."""

from __future__ import annotations

import hashlib
import importlib
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from toolkit.records import Dataset

if TYPE_CHECKING:
    from toolkit.experiment import Experiment

ROOT = Path(__file__).parent
GROUPS = ("misconceptions",)


class UnknownNameError(LookupError):
    """A name that no plug-in has; its text offers the nearest."""


def modules(folder: str) -> tuple[str, ...]:
    """Return the names of a catalogue's files, sorted."""
    return tuple(sorted(p.stem for p in (ROOT / folder).glob("*.py") if not p.stem.startswith("_")))


def third_party(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points other packages offer in ``toolkit.<group>``, by name."""
    return tuple(sorted(entry_points(group=f"toolkit.{group}"), key=lambda point: point.name))


@lru_cache
def experiments(group: str = "misconceptions") -> dict[str, Experiment]:
    """Return every experiment of a group by its code, ours first."""
    ours = [importlib.import_module(f"toolkit.{group}.{name}").experiment for name in modules(group)]
    theirs = [point.load() for point in third_party(group)]
    found: dict[str, Experiment] = {}
    for experiment in sorted(ours, key=lambda e: e.code) + theirs:
        if experiment.code in found:
            raise ValueError(f"two experiments are called {experiment.code}")
        found[experiment.code] = experiment
    return found


def experiment(code: str) -> Experiment:
    """Return one experiment by its code, whichever group it is in.

    Raises
    ------
    UnknownNameError
        If there is none; the text names the nearest.
    """
    found = {code: e for group in GROUPS for code, e in experiments(group).items()}
    return found[nearest(code, found, "experiment")]


def origin(code: str) -> ModuleType:
    """Return the module that defines an experiment, ours or a third party's."""
    code = experiment(code).code
    ours = [f"toolkit.{group}.{name}" for group in GROUPS for name in modules(group)]
    theirs = [point.module for group in GROUPS for point in third_party(group)]
    for path in ours + theirs:
        module = importlib.import_module(path)
        if any(getattr(value, "code", None) == code for value in vars(module).values()):
            return module
    return home(code)


def home(code: str) -> ModuleType:
    """Return the module an experiment lives in (its file is what a cache key must hash)."""
    return importlib.import_module(experiment(code).measure.__module__)


@lru_cache
def datasets() -> dict[str, str]:
    """Return every dataset name with the path of the module that loads it; a variant is ``name:variant``."""
    paths = {name: f"toolkit.datasets.{name}" for name in modules("datasets")}
    paths |= {point.name: point.module for point in third_party("datasets") if point.name not in paths}
    found: dict[str, str] = {}
    for name, path in paths.items():
        variants: tuple[str, ...] = getattr(importlib.import_module(path), "VARIANTS", ("",))
        found |= {f"{name}:{v}" if v else name: path for v in variants}
    return found


@lru_cache(maxsize=8)
def dataset(name: str) -> Dataset:
    """Load one dataset or world by name, ours or a third party's (entry points in ``toolkit.datasets``).

    Raises
    ------
    UnknownNameError
        If there is none; the text names the nearest.
    """
    name = nearest(name, datasets(), "dataset")
    module = importlib.import_module(datasets()[name])
    variant = name.partition(":")[2]
    loaded: Dataset = module.load(variant) if hasattr(module, "VARIANTS") else module.load()
    return loaded


def fingerprint(name: str) -> str:
    """Return what identifies a dataset's content, without loading it or any numerical library.

    An embedded table's loader hashes its installed file; a world's hash is that of its loader's source.
    """
    name = nearest(name, datasets(), "dataset")
    module = importlib.import_module(datasets()[name])
    if hasattr(module, "fingerprint"):
        return str(module.fingerprint())
    return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()


def nearest(name: str, known: dict[str, object] | dict[str, str] | dict[str, Experiment], what: str) -> str:
    """Return the name if it is known, whatever its case; otherwise say which is nearest."""
    folded = {k.casefold(): k for k in known}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    hint = f"; did you mean {folded[close[0]]}?" if close else f"; known are {', '.join(known)}"
    raise UnknownNameError(f"there is no {what} {name!r}{hint}")
