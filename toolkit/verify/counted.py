"""The counts that an audit's document carries, as the cells from which all its figures once came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells
from toolkit.fairness.counts import PROPORTIONS
from toolkit.verify.code import other_code

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Whatever the four counts of a group give; everything else needs scores, targets or rows.
FROM_COUNTS = (*PROPORTIONS, "f1_score", "balanced_accuracy")
# The libraries whose random draws and special functions make p-values.
DRAWN_BY = ("numpy", "scipy")
PLACES = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1), "negative": (0, 0), "positive": (0, 1)}
CLUSTERS = "rows of one cluster are alike in ways that counts do not show"
WEIGHTS = "the squares of the sampling weights are not in the document"
ROWS = "it needs scores, targets or rows, which the document does not carry"
REDACTED = "a redacted copy leaves out groups, and names on which random draws depend"
HIDDEN = "the counts are not in the document"


@dataclass(frozen=True, eq=False)
class Counts:
    """An audit's document seen as counts.

    Attributes
    ----------
    document : mapping
        ``toolkit.audit/1``, valid.
    """

    document: Mapping[str, Any]

    @cached_property
    def groups(self) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
        """The groups by the attributes that form them, in the document's order."""
        found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for group in self.document["groups"]:
            found.setdefault(tuple(group["attributes"]), []).append(group)
        return found

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The single attributes, in order."""
        return tuple(names[0] for names in self.groups if len(names) == 1)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The declared family."""
        return tuple(self.document["settings"].get("metrics") or ())

    @property
    def redacted(self) -> str:
        """Say that this is a redacted copy, in which groups and names are left out; empty where it is not."""
        return REDACTED if self.document.get("redaction") else ""

    @property
    def excuse(self) -> str:
        """Say that the procedures here are others than those that ran; empty where they are the same."""
        return other_code(self.document["provenance"], "fairness")

    @property
    def frequencies(self) -> bool:
        """Whether a row of weight 3 is three people."""
        return bool(self.document["settings"].get("frequency_weights"))

    def why_no_interval(self, metric: str) -> str:
        """Say why a metric's intervals cannot be had from the counts; empty where they can."""
        if metric not in FROM_COUNTS:
            return ROWS
        if self.document["data"].get("cluster"):
            return CLUSTERS
        if self.document["data"].get("weight") and not self.frequencies:
            return WEIGHTS
        return ""

    def why_no_value(self, metric: str) -> str:
        """Say why not even a metric's values can be had from the counts; empty where they can."""
        return ROWS if metric not in FROM_COUNTS else ""

    def cells(self, names: Sequence[str]) -> Cells | None:
        """Return the cells of the groups that some attributes form; None where a count is hidden.

        No attributes give everybody. The counts of these groups alone are used, so that one wrong count
        shows where it is and nowhere else.
        """
        groups = self.groups[tuple(names)] if names else [self.document["overall"]]
        if not groups or any(not _whole(group) for group in groups):
            return None
        labelled = "tn" in groups[0]["counts"]
        levels = [[g["attributes"][name] for g in self.groups.get((name,), [])] for name in names]
        rows: list[tuple[list[int], int, int, float, float]] = []
        for group in groups:
            try:
                code = [at.index(group["attributes"][name]) for at, name in zip(levels, names, strict=True)]
            except ValueError:  # a group of the intersection that no single attribute has
                return None
            weights = group.get("weights") or group["counts"]
            for name, count in group["counts"].items():
                label, decision = PLACES[name]
                rows.append((code, label, decision, float(count), float(weights[name])))
        return _cells(tuple(names), levels, rows, labelled=labelled, frequencies=self.frequencies)


def _whole(group: Mapping[str, Any]) -> bool:
    """Whether a group has all its counts, and weights for each where there are any."""
    counts, weights = group.get("counts"), group.get("weights")
    if not counts or any(count is None or name not in PLACES for name, count in counts.items()):
        return False
    return not weights or (weights.keys() == counts.keys() and None not in weights.values())


def _cells(
    names: tuple[str, ...],
    levels: Sequence[Sequence[str]],
    rows: Sequence[tuple[list[int], int, int, float, float]],
    *,
    labelled: bool,
    frequencies: bool,
) -> Cells:
    import numpy as np

    code, label, decision, count, weight = zip(*rows, strict=True)

    def whole(values: Sequence[float]) -> NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    return Cells(
        attributes=names,
        levels=tuple(tuple(level) for level in levels),
        code=np.array(code, dtype=np.int64).reshape(len(rows), len(names)),
        label=whole(label) if labelled else None,
        decision=whole(decision),
        n=whole(count),
        weight=np.array(weight, dtype=np.float64),
        weight2=np.array(weight, dtype=np.float64),
        frequencies=frequencies,
    )
