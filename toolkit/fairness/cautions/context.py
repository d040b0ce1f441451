"""What the warnings look at: a frozen record of an audit's counts and findings; how a warning is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rule = Callable[["NDArray[np.int64]", "NDArray[np.int64]"], str]


@dataclass(frozen=True, eq=False)
class Column:
    """What the scan of one other column of the table found; a column of few levels or a column of numbers.

    Attributes
    ----------
    name : str
    levels : tuple of str
        Names of its levels (20 at most); empty for a column of numbers.
    counts : ndarray of int, shape (groups, levels, 2, 2), or None
        Rows by group of the first sensitive attribute (in the order of its partition), level, label and
        decision. Without labels everything stands under label 0, as in `Partition.confusion`; without
        decisions (a model's are not in the table) labels stand in the place of decisions.
    n : int
        Rows where the column has a number (columns of numbers only).
    auc, low, high : float or None
        Area under the curve of the column's numbers against the label, with its 95 % interval (None: the
        interval is worked out from `n` and the base rate).
    """

    name: str
    levels: tuple[str, ...] = ()
    counts: NDArray[np.int64] | None = None
    n: int = 0
    auc: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class Context:
    """Everything the warnings need; what is absent makes the warnings that need it silent.

    Attributes
    ----------
    cells : Cells
    attributes : tuple of str
        The sensitive attributes, one partition each, in the order asked for.
    gaps : sequence of mapping
        The run document's `gaps`.
    settings : mapping
        The run document's `settings`.
    decisions : mapping
        The run document's `decisions`.
    dropped : sequence of mapping
        The run document's `data.dropped`; the `n` of `by_group` counts a group's rows before any was dropped.
    columns : sequence of Column
        The scan of the table's other columns.
    features : sequence of str or None
        The columns the model was given, where that is known; a column outside cannot leak.
    rule : callable (x, n) -> ruling, or None
        The ruling of the widest difference of k proportions from counts, shapes (k,), without any
        adjustment for the other gaps of its family.
    trained_on : bool or None
        Whether the predictions were made on rows the model was fitted to; None where nobody said.
    label_missing : mapping of decision (0, 1) to (rows without a label, rows), or None
    cuts : mapping of attribute to sequence of float
        Cut points that the program, not the user, chose.
    silence : sequence of str
        Codes of warnings that the user does not want.
    """

    cells: Cells
    attributes: tuple[str, ...]
    gaps: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, Any] = field(default_factory=dict)
    dropped: Sequence[Mapping[str, Any]] = ()
    columns: Sequence[Column] = ()
    features: Sequence[str] | None = None
    rule: Rule | None = None
    trained_on: bool | None = None
    label_missing: Mapping[int, tuple[int, int]] | None = None
    cuts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    silence: Sequence[str] = ()

    @property
    def margin(self) -> float:
        """The smallest difference of interest."""
        return float(self.settings.get("margin", 0.05))

    @property
    def min_group(self) -> int:
        """The smallest denominator that is compared."""
        return int(self.settings.get("min_group", 10))

    @property
    def labelled(self) -> bool:
        """Whether there are labels and decisions to compare."""
        return self.cells.label is not None and self.cells.decision is not None

    @cached_property
    def _partitions(self) -> dict[tuple[str, ...], Partition]:
        return {}

    @cached_property
    def _counts(self) -> dict[tuple[str, ...], NDArray[np.int64]]:
        return {}

    @property
    def outcome(self) -> NDArray[np.int64] | None:
        """The recorded outcome of each cell, also where it is audited in the place of decisions."""
        recorded = self.decisions.get("source") == "labels"
        return self.cells.decision if recorded and self.cells.label is None else self.cells.label

    def by_label(self, column: Column) -> NDArray[np.int64] | None:
        """Return a column's rows, shape (levels, 2), by label: in whichever place the labels stand."""
        import numpy as np

        if column.counts is None or self.outcome is None:
            return None
        labels_beside = self.cells.label is not None and self.decides(column)
        rows: NDArray[np.int64] = np.asarray(column.counts).sum(axis=(0, 3 if labels_beside else 2))
        return rows

    def decides(self, column: Column) -> bool:
        """Whether a column's counts tell decisions, not labels in their place."""
        import numpy as np

        return self.cells.label is None or bool(np.asarray(column.counts)[:, :, 1].any())

    def partition(self, *attributes: str) -> Partition:
        """Return the groups of an attribute, or of several."""
        if attributes not in self._partitions:
            self._partitions[attributes] = self.cells.partition(attributes)
        return self._partitions[attributes]

    def groups_of(self, gap: Mapping[str, Any]) -> Partition:
        """Return the groups between which a gap was measured."""
        return self.partition(*gap["attributes"])

    def confusion(self, partition: Partition) -> NDArray[np.int64]:
        """Return rows by group, label and decision; frequency weights count as rows, other weights do not."""
        import numpy as np

        if partition.attributes not in self._counts:
            whole = self.cells.frequencies
            values = np.rint(self.cells.weight).astype(np.int64) if whole else self.cells.n
            self._counts[partition.attributes] = partition.confusion(self.cells, values)
        return self._counts[partition.attributes]

    @property
    def everybody(self) -> NDArray[np.int64]:
        """Rows by label and decision, shape (2, 2)."""
        counts: NDArray[np.int64] = self.confusion(self.partition(self.cells.attributes[0])).sum(axis=0)
        return counts

    def widest(self, metric: str | None = None) -> list[Mapping[str, Any]]:
        """Return the widest differences, of one metric or of all, single attributes first."""
        return [
            gap
            for gap in self.gaps
            if gap.get("kind", "difference") == "difference"
            and gap.get("compare", "widest") == "widest"
            and gap.get("value") is not None
            and (metric is None or gap["metric"] == metric)
        ]


def warning(
    code: str, title: str, sentences: Sequence[str], evidence: Mapping[str, Any], *, level: str = "warning"
) -> dict[str, Any]:
    """Return one warning in the run document's shape; `level` is "warning" or "note"."""
    return {
        "code": code,
        "title": title,
        "text": " ".join(sentence.strip() for sentence in sentences if sentence),
        "evidence": plain(evidence),
        "silence": f"--silence {code}",
        "level": level,
    }


def plain(value: Any) -> Any:
    """Return plain JSON values: numpy numbers as Python's, tuples as lists, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def percent(share: float | None) -> str:
    """Write a share of 1 in per cent, with a decimal where it is needed.

    >>> percent(0.5), percent(0.123), percent(0.9996), percent(-0.02), percent(None)
    ('50 %', '12.3 %', '99.96 %', '−2 %', '–')
    """
    if share is None or not math.isfinite(share):
        return "–"
    places = 1 if 0.001 <= abs(share) <= 0.999 or share in (0, 1) else 2
    text = f"{abs(share) * 100:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("−" if share < 0 and float(text) else "") + text + " %"


def points(difference: float) -> str:
    """Write a difference of shares in percentage points.

    >>> points(0.141), points(-0.05)
    ('14.1 points', '−5 points')
    """
    return percent(difference).replace(" %", " points")


def listed(names: Sequence[object], *, most: int = 6) -> str:
    """Join names as a sentence does.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed("abcdefgh")
    ('a', 'a, b and c', 'a, b, c, d, e, f and 2 more')
    """
    shown = [str(name) for name in names]
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def group(attribute: str, name: object) -> str:
    """Return a group's name fit for a sentence: a bare code takes its attribute along.

    >>> group("race", "Black"), group("black", "1"), group("race & sex", "2 & female")
    ('Black', 'black = 1', '2 & female')
    """
    text = str(name)
    return text if any(char.isalpha() for char in text) else f"{attribute} = {text}"


def p_text(p: float) -> str:
    """Write a p-value.

    >>> p_text(0.034), p_text(0.00001)
    ('p = 0.034', 'p < 0.001')
    """
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
