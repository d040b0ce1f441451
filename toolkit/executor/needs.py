"""Which numerical libraries a run's experiments will import, read from their source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from toolkit import catalogue

# Worth importing once for all workers: most experiments use them. The others are slow and seldom used.
SHARED = frozenset({"jax", "numpy", "optax", "pandas", "scipy", "sklearn", "xgboost"})
OURS = ("learners", "fairness", "models", "worlds", "misconceptions", "hyperparameters")


def libraries(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the modules of shared libraries that experiments and the code below them import, sorted."""
    found = {"numpy"}  # every dataset is made of it
    places = [place(code) for code in codes for place in (catalogue.origin, catalogue.home)]
    waiting = [Path(str(module.__file__)) for module in places]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _imported(path):
            root, _, rest = name.partition(".")
            if root in SHARED:
                found.add(name)
            elif root == "toolkit" and rest.partition(".")[0] in OURS:
                waiting += _files(rest)
    return tuple(sorted(found))


def _files(dotted: str) -> list[Path]:
    """Return the file of one of our modules, or none where the name is not a module's."""
    place = catalogue.ROOT.joinpath(*dotted.split("."))
    return [p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()]


@lru_cache
def _imported(path: Path) -> tuple[str, ...]:
    """Return the modules a file imports anywhere, functions included; imports for types only are not."""
    return tuple(_names(ast.parse(path.read_text(encoding="utf-8"))))


def _names(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module
            if child.module.startswith("toolkit"):
                yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield from _names(child)
