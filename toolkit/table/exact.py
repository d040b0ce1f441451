"""Sums that do not depend on the order of rows or threads, and bins for a column of very many numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.table.sources import Source

BITS = 92  # of a 127-bit integer: the other 35 are room for 30 billion rows
SAMPLE = 50_000
SEGMENTS, PER_SEGMENT = 100, 100


@dataclass(frozen=True)
class ExactSum:
    """A sum of doubles as one of whole numbers, which every order of addition gives alike.

    Each term is multiplied by a power of two, which is exact, and cut to a whole number below 2^92: a cut
    of at most 2^-92 of the largest term.
    """

    name: str
    term: str
    scale: int

    @classmethod
    def of(cls, name: str, term: str, bound: float) -> ExactSum:
        """Fit the scale to the largest size a term can have."""
        return cls(name, term, min(1000, BITS - math.frexp(bound)[1]) if bound > 0 else 0)

    @property
    def sql(self) -> str:
        """The aggregate, under its name."""
        whole = f"CAST(({self.term}) * {2.0**self.scale!r}::DOUBLE AS HUGEINT)"
        return f'sum(CASE WHEN isfinite({self.term}) THEN {whole} END) AS "{self.name}"'

    def read(self, summed: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sums as doubles."""
        import numpy as np

        filled = np.ma.filled(np.ma.asarray(summed, dtype=np.float64), 0.0)
        return np.ldexp(filled, -self.scale)


@dataclass(frozen=True)
class Bins:
    """At most 10,000 intervals of a column: 100 of about equally many values, each cut in 100 of equal width.

    The same for the same values in any order: knots are quantiles of the distinct values whose hash falls in
    a class, about 50,000 of them.
    """

    knots: tuple[float, ...]

    @classmethod
    def of(cls, source: Source, number: str) -> Bins | None:
        """Find the bins of a column of numbers; None where it has no finite value."""
        import numpy as np

        seen = source.ask(
            "approx_count_distinct(x) AS levels, min(x) AS low, max(x) AS high",
            f"{number} AS x",
            "WHERE isfinite(x)",
        )
        levels, low, high = (seen[name][0] for name in ("levels", "low", "high"))
        if not levels:
            return None
        classes = max(1, int(levels) // SAMPLE)
        drawn = source.ask(
            "DISTINCT x AS x", f"{number} AS x", f"WHERE isfinite(x) AND hash(x) % {classes} = 0"
        )
        inner = np.quantile(drawn["x"], np.linspace(0, 1, SEGMENTS + 1)[1:-1]) if len(drawn["x"]) else []
        knots = np.unique([low, *inner, high]).tolist()
        return cls(tuple(knots) if len(knots) > 1 else (knots[0], knots[0] + 1.0))

    def sql(self, number: str) -> str:
        """Return the expression for the bin of a number, in the order of the numbers."""

        def tree(first: int, last: int) -> str:
            if last - first == 1:
                low, width = self.knots[first], self.knots[last] - self.knots[first]
                step = f"floor(({number} - ({low!r}::DOUBLE)) / ({width!r}::DOUBLE) * {PER_SEGMENT})"
                return f"{first * PER_SEGMENT} + CAST(least({PER_SEGMENT - 1}, {step}) AS INTEGER)"
            middle = (first + last) // 2
            return (
                f"CASE WHEN {number} < ({self.knots[middle]!r}::DOUBLE) THEN {tree(first, middle)} "
                f"ELSE {tree(middle, last)} END"
            )

        return f"CASE WHEN isfinite({number}) THEN {tree(0, len(self.knots) - 1)} END"
