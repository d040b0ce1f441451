"""A gap and its ruling: what is said of it, in which family, adjusted how; measures nothing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from toolkit.fairness.counts import PROPORTIONS

if TYPE_CHECKING:
    from toolkit.fairness.estimates import Estimates

Compare = Literal["widest", "reference", "rest"]
ALPHA = 0.05
REST = "the rest"
SHOWN, SMALL, OPEN, NOT_APPLICABLE = "shown", "small", "not_enough_evidence", "not_applicable"


@dataclass(frozen=True)
class GapSettings:
    """How gaps are measured and ruled.

    Attributes
    ----------
    margin : float
        Smallest difference of interest, at least 0.
    ratio_margin : float
        Largest ratio of interest, in (0, 1].
    min_group : int
        Groups with fewer rows in a metric's denominator are not compared.
    reference : mapping of attribute to group name
    compare_missing : bool
        Whether people whose group is not known take part in the widest pair and beside a reference.
    census : bool
        The table is the population: gaps are facts, without interval or p-value.
    seed : int
    kinds : tuple of {"difference", "ratio"}
    """

    margin: float = 0.05
    ratio_margin: float = 0.8
    min_group: int = 10
    reference: Mapping[str, str] = field(default_factory=dict)
    compare_missing: bool = False
    census: bool = False
    seed: int = 0
    kinds: tuple[str, ...] = ("difference", "ratio")


@dataclass(frozen=True)
class Gap:
    """One gap of one metric; the keys of the run document, and `small`, which the ruling needs.

    Figures are None where they do not exist; `p_adjusted`, `p_margin_adjusted` and `ruling` are provisional
    until `adjust` has seen the whole family. See `gaps.gaps` for the meaning of each.
    """

    attribute: str
    attributes: tuple[str, ...]
    metric: str
    kind: str
    compare: str
    family: str
    margin: float
    highest: str | None = None
    lowest: str | None = None
    value: float | None = None
    corrected: float | None = None
    low: float | None = None
    high: float | None = None
    low90: float | None = None
    high90: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    p_margin: float | None = None
    p_margin_adjusted: float | None = None
    smallest_p: float | None = None
    p_method: str = ""
    ruling: str = OPEN
    reason: str = ""
    left_out: tuple[str, ...] = ()
    left_out_share: float = 0.0
    missing_left_out: bool = False
    groups_compared: int = 0
    rows_needed: Mapping[str, Any] | None = None
    small: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the run document: plain values, floats finite or None."""
        entry = {f.name: _jsonable(getattr(self, f.name)) for f in fields(self) if f.name != "small"}
        if self.ruling != OPEN:
            entry["rows_needed"] = None
        return entry


def _jsonable(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def family(compare: str, kind: str, attributes: Sequence[str]) -> str:
    """Return the family that a gap's p-values are adjusted in; intersections are apart, and so are ratios."""
    name = "intersections" if len(attributes) > 1 else compare
    return name if kind == "difference" else f"{name} ratios"


def seed_of(settings: GapSettings, estimates: Estimates, attributes: Iterable[str]) -> int:
    """Return a seed of this gap's own, the same whatever else is audited."""
    return zlib.crc32("\0".join((str(settings.seed), estimates.metric, *attributes)).encode())


def adjust(found: Sequence[Gap]) -> list[Gap]:
    """Adjust both p-values within each family and rule (Holm 1979).

    "shown" if the adjusted p_margin is at most .05; "small" if every upper 90 % limit is inside the margin,
    which needs no adjustment (intersection-union); "not_enough_evidence" otherwise. Facts of a
    census and gaps that are not applicable keep their ruling.
    """
    done = list(found)
    for key in dict.fromkeys(gap.family for gap in found):
        places = [i for i, gap in enumerate(done) if gap.family == key and gap.p_value is not None]
        equal = holm([_known(done[i].p_value) for i in places])
        beyond = holm([_known(done[i].p_margin) for i in places])
        for i, p, q in zip(places, equal, beyond, strict=True):
            done[i] = ruled(replace(done[i], p_adjusted=p, p_margin_adjusted=q))
    return done


def ruled(gap: Gap) -> Gap:
    """Return the gap with the ruling that its adjusted p-value and limits call for."""
    if gap.ruling == NOT_APPLICABLE or gap.p_margin_adjusted is None:
        return gap
    if gap.p_margin_adjusted <= ALPHA:
        return replace(gap, ruling=SHOWN)
    return replace(gap, ruling=SMALL if gap.small else OPEN)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjusted p-values, in the order given (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = running
    return adjusted


def _known(p: float | None) -> float:
    return 1.0 if p is None else p


def ratio_refused(metric: str, values: Sequence[float], rows: Sequence[int]) -> str:
    """Say why a ratio of these groups gets no ruling; empty if it does.

    A ratio of rare events is noise: no ruling where the larger rate is under .05 or a count is under 5.
    """
    if metric not in PROPORTIONS:
        return ""
    if max(values) < 0.05:
        return "the larger rate is under 5 %: a ratio of rare events is mostly noise"
    if min(v * n for v, n in zip(values, rows, strict=True)) < 5 - 1e-9:
        return "a count is under 5: a ratio of so few is mostly noise"
    return ""
