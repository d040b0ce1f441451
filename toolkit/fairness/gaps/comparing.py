"""Who is compared with whom for one metric, and the gaps that come of it; called by `gaps.gaps`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.fairness.gaps import named
from toolkit.fairness.gaps.rulings import (
    NOT_APPLICABLE,
    REST,
    SHOWN,
    SMALL,
    Gap,
    GapSettings,
    family,
    ratio_refused,
    ruled,
    seed_of,
)
from toolkit.fairness.gaps.settle import rows_needed
from toolkit.fairness.gaps.widest import Z95, Widest, widest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.fairness.cells import Partition
    from toolkit.fairness.estimates import Estimates

FEW = "fewer than two groups are large enough to compare"
UNDEFINED = "the ratio is undefined: the value divided by is 0"


class Comparison:
    """One metric of one partition under some settings.

    Parameters
    ----------
    estimates, partition, settings, compare, members, sizes
        As in `gaps.gaps`.
    """

    def __init__(
        self,
        estimates: Estimates,
        partition: Partition,
        settings: GapSettings,
        *,
        compare: str,
        members: int,
        sizes: NDArray[np.int64] | None,
    ) -> None:
        import numpy as np

        self.estimates, self.partition, self.settings = estimates, partition, settings
        self.compare, self.members = compare, members
        self.names = partition.names
        missing = np.array(partition.missing, bool)
        apart = missing & ((compare != "rest") & (not settings.compare_missing))
        large = (estimates.n >= max(settings.min_group, 1)) & np.isfinite(estimates.value) & estimates.shown
        self.out = ~apart & ~large
        # By name, so that the same draws meet the same groups in whatever order they are listed.
        self.kept = sorted(np.flatnonzero(large & ~apart).tolist(), key=self.names.__getitem__)
        self.missing_left_out = bool((apart & (estimates.n > 0)).any())
        self.sizes = estimates.n if sizes is None else sizes
        self.has_sizes = sizes is not None

    def blank(self, kind: str, **known: Any) -> Gap:
        """Return a gap without figures, with what all gaps of this comparison share."""
        total = int(self.sizes.sum())
        return Gap(
            attribute=" & ".join(self.partition.attributes),
            attributes=self.partition.attributes,
            metric=self.estimates.metric,
            kind=kind,
            compare=self.compare,
            family=family(self.compare, kind, self.partition.attributes),
            margin=self.settings.margin if kind == "difference" else self.settings.ratio_margin,
            left_out=tuple(name for name, out in zip(self.names, self.out, strict=True) if out),
            left_out_share=float(self.sizes[self.out].sum() / total) if total else 0.0,
            missing_left_out=self.missing_left_out,
            groups_compared=len(self.kept),
            **known,
        )

    def refused(self, kind: str, reason: str, **known: Any) -> Gap:
        """Return a gap that gets no ruling, with the reason."""
        return replace(self.blank(kind), ruling=NOT_APPLICABLE, reason=reason, **known)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds asked for that mean something for this metric."""
        return tuple(kind for kind in self.settings.kinds if kind == "difference" or self.estimates.ratio)

    def widest(self) -> list[Gap]:
        """Return the widest gap of the groups that are large enough, per kind."""
        if len(self.kept) < 2:
            return [self.refused(kind, self._few()) for kind in self.kinds]
        import numpy as np

        used = self.estimates.only(np.array(self.kept))
        if self.settings.census:
            return [self._fact(kind) for kind in self.kinds]
        found = widest(
            used,
            margin=self.settings.margin,
            ratio_margin=self.settings.ratio_margin,
            seed=seed_of(self.settings, used, self.partition.attributes),
            members=self.members,
            kinds=self.kinds,
        )
        return [self._of_widest(kind, wide) for kind, wide in found.items()]

    def _few(self) -> str:
        """Say that there is nobody to compare, and what is missing where it is not rows."""
        enough = self.estimates.n >= max(self.settings.min_group, 1)
        notes = [
            f"{name}: {note}"
            for name, note, out, many in zip(self.names, self.estimates.notes, self.out, enough, strict=True)
            if out and many and note
        ]
        return FEW + (f" ({'; '.join(notes)})" if notes else "")

    def _of_widest(self, kind: str, wide: Widest | None) -> Gap:
        if wide is None:
            return self.refused(kind, UNDEFINED)
        top, bottom = self.kept[wide.highest], self.kept[wide.lowest]
        figures = {
            name: getattr(wide, name)
            for name in ("value", "corrected", "low", "high", "low90", "high90", "p_value", "p_margin")
        }
        gap = replace(
            self.blank(kind),
            highest=self.names[top],
            lowest=self.names[bottom],
            smallest_p=wide.smallest_p,
            p_method=wide.method,
            small=wide.small,
            **figures,
        )
        beyond = wide.corrected > gap.margin if kind == "difference" else wide.corrected < gap.margin
        first, second = (wide.highest, wide.lowest) if beyond else wide.deciding
        return self._judged(gap, (self.kept[first], self.kept[second]), wide.corrected, q=wide.q)

    def reference(self) -> list[Gap]:
        """Return every group against the named one; nothing where none is named for these attributes."""
        wanted = [self.settings.reference.get(name) for name in self.partition.attributes]
        if not wanted or None in wanted:
            return []
        levels = [tuple(group.values()) for group in self.partition.groups]
        if tuple(wanted) not in levels:
            raise ValueError(
                f"the reference {' & '.join(map(str, wanted))!r} is no group of "
                f"{' & '.join(self.partition.attributes)}; there are {', '.join(self.names)}"
            )
        place = levels.index(tuple(wanted))  # type: ignore[arg-type]  # no None among them any more
        if place not in self.kept:
            reason = f"the reference {self.names[place]} is too small to compare"
            return [self.refused(kind, reason, lowest=self.names[place]) for kind in self.kinds]
        others = [g for g in self.kept if g != place]
        return [
            self._named(kind, named.Two.of(self.estimates, g, place), (g, place), self.names[place])
            for g in others
            for kind in self.kinds
        ]

    def rest(self, complement: Estimates) -> list[Gap]:
        """Return every group against everybody not in it."""
        import numpy as np

        found = []
        for g in self.kept:
            if complement.n[g] < max(self.settings.min_group, 1) or not complement.shown[g]:
                reason = "nobody or too few people are outside the group"
                known = {"highest": self.names[g], "lowest": REST}
                found += [self.refused(kind, reason, **known) for kind in self.kinds]
                continue
            place = np.array([g])
            shared = 0.0 if complement.beside is None else float(complement.beside[g])
            two = named.Two(self.estimates.only(place), complement.only(place), shared)
            found += [self._named(kind, two, (g, None), REST) for kind in self.kinds]
        return found

    def _named(self, kind: str, two: named.Two, places: tuple[int, int | None], other: str) -> Gap:
        known: dict[str, Any] = {"highest": self.names[places[0]], "lowest": other, "groups_compared": 2}
        if self.settings.census:
            return self._named_fact(kind, two, known)
        if kind == "difference":
            found = named.difference(two, self.settings.margin)
        else:
            ratio = named.ratio(two, self.settings.ratio_margin)
            if ratio is None:
                return self.refused(kind, UNDEFINED, **known)
            found = ratio
        gap = replace(
            self.blank(kind), corrected=found.value, p_method=found.method, **known, **_figures(found)
        )
        signed = (
            found.value if kind == "difference" else math.log(found.value) if found.value > 0 else -math.inf
        )
        return self._judged(gap, places, signed, two=two)

    def _judged(
        self,
        gap: Gap,
        places: tuple[int, int | None],
        corrected: float,
        *,
        q: float | None = None,
        two: named.Two | None = None,
    ) -> Gap:
        """Refuse a ratio of rare events; otherwise rule as if alone, and say what would settle it."""
        import numpy as np

        if two is None:
            pair = self.estimates.only(np.array(places))
            values, rows, variances = pair.value.tolist(), pair.n.tolist(), pair.variance.tolist()
        else:
            sides = (two.first, two.second)
            values, rows, variances = (
                [getattr(side, name)[0].item() for side in sides] for name in ("value", "n", "variance")
            )
        if gap.kind == "ratio":
            counted = (values, rows)
            if two is None:
                counted = self.estimates.value[self.kept].tolist(), self.estimates.n[self.kept].tolist()
            reason = ratio_refused(self.estimates.metric, *counted)
            if reason:
                return replace(gap, ruling=NOT_APPLICABLE, reason=reason, p_value=None, p_margin=None)
        gap = replace(gap, p_adjusted=gap.p_value, p_margin_adjusted=gap.p_margin)
        shares = None
        if self.has_sizes and places[1] is not None:
            # A row of frequency 3 is three people of a denominator, and more of them than rows are no share.
            shares = tuple(
                min(1.0, self.estimates.n[g] / self.sizes[g]) if self.sizes[g] else 1.0 for g in places
            )
        return ruled(
            replace(
                gap,
                rows_needed=_settled(
                    gap,
                    corrected,
                    q=q,
                    values=values,
                    rows=rows,
                    variances=variances,
                    shares=shares,
                    names=(self.names[places[0]], REST if places[1] is None else self.names[places[1]]),
                ),
            )
        )

    def _fact(self, kind: str) -> Gap:
        """Return the widest gap of a population: its limits are the gap itself."""
        values = self.estimates.value[self.kept]
        top, bottom = self.kept[int(values.argmax())], self.kept[-1 - int(values[::-1].argmin())]
        known = {"highest": self.names[top], "lowest": self.names[bottom]}
        high, low = float(values.max()), float(values.min())
        if kind == "difference":
            return self._exact(kind, high - low, high - low > self.settings.margin, known)
        if high <= 0 or low < 0:
            return self.refused(kind, UNDEFINED)
        return self._exact(kind, low / high, low / high < self.settings.ratio_margin, known)

    def _named_fact(self, kind: str, two: named.Two, known: dict[str, Any]) -> Gap:
        first, second = float(two.first.value[0]), float(two.second.value[0])
        if kind == "difference":
            return self._exact(kind, first - second, abs(first - second) > self.settings.margin, known)
        if second <= 0 or first < 0:
            return self.refused(kind, UNDEFINED, **known)
        margin = self.settings.ratio_margin
        return self._exact(kind, first / second, not margin <= first / second <= 1 / margin, known)

    def _exact(self, kind: str, value: float, beyond: bool, known: dict[str, Any]) -> Gap:
        limits: dict[str, Any] = dict.fromkeys(
            ("value", "corrected", "low", "high", "low90", "high90"), value
        )
        reason = "the table is the population (--census): the gap is a fact"
        return replace(
            self.blank(kind),
            ruling=SHOWN if beyond else SMALL,
            reason=reason,
            small=not beyond,
            **known,
            **limits,
        )


def _figures(found: named.Named) -> dict[str, Any]:
    wanted = ("value", "low", "high", "low90", "high90", "p_value", "p_margin", "smallest_p", "small")
    return {name: getattr(found, name) for name in wanted}


def _settled(
    gap: Gap,
    corrected: float,
    *,
    q: float | None,
    values: list[float],
    rows: list[int],
    variances: list[float],
    shares: Any,
    names: tuple[str, str],
) -> dict[str, Any] | None:
    """Ask what would settle a gap, on the log scale for a ratio."""
    margin, signed = gap.margin, corrected
    if gap.kind == "ratio":
        if gap.compare == "widest":
            signed = -math.log(corrected)
        margin = -math.log(gap.margin)
        variances = [v / p**2 if p > 0 else math.inf for v, p in zip(variances, values, strict=True)]
    if gap.compare == "widest":
        signed = max(signed, 0.0)
    if not math.isfinite(signed) or not all(math.isfinite(v) for v in variances):
        return None
    return rows_needed(
        abs(signed),
        margin,
        names=names,
        others=gap.compare == "widest" and gap.groups_compared > 2,
        rows=(rows[0], rows[1]),
        variances=(variances[0], variances[1]),
        denominator_shares=shares,
        q=Z95 if q is None else q,
    )
