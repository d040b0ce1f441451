"""How right a watch is where the truth is known: years of nights simulated, many at once.

The wealth is that of `toolkit.fairness.watching`, by the same functions, over all simulated years together.
Beside it stand an ordinary 95 % interval looked at every night, and bets on random pairs of people.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.calibrate.audit.tally import generator
from toolkit.calibrate.counting import quantile
from toolkit.fairness.watching import ALPHA, BETS, log_factors
from toolkit.fairness.watching.evidence import grown, log_total, remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUMMARY = Path(__file__).parents[1] / "watch_calibration.json"
MARGIN, NIGHTS, DRIFT = 0.05, 365, 90
SWING = 0.2
CONFIDENCE = 1 - 0.01 / 50  # of about 50 worlds one false complaint in a hundred runs of the command
Z = 1.959963984540054
Rates = tuple[float, ...]


@dataclass(frozen=True)
class World:
    """One simulated year, as often as wanted.

    Attributes
    ----------
    rates, then : tuple of float
        Of each group, before and from night `DRIFT` on; `then` is empty where nothing changes.
    shares : tuple of float
        Of each group among the people of a night.
    size : int
        People a night.
    course : str
        What goes on beside the gap, which stays: "season", the rates of all swing by `SWING` and the group of
        seven in ten changes with them; or "feedback", three in four of a night are of the group whose people
        had less luck the night before.
    """

    rates: Rates
    shares: Rates
    size: int
    then: Rates = ()
    course: str = ""

    @property
    def name(self) -> str:
        """The world in a few words."""

        def told(values: Rates) -> str:
            return ", ".join(f"{v:g}" for v in values)

        sizes = ":".join(f"{share / min(self.shares):g}" for share in self.shares)
        drift = f" then {told(self.then)}" if self.then else ""
        course = f"; {self.course}" if self.course else ""
        return f"rates {told(self.rates)}{drift}; {self.size} a night, {sizes}{course}"


def boundary() -> Iterator[World]:
    """Yield worlds in which no gap exceeds the margin; in most one equals it."""
    rates: Rates
    shares: Rates
    for rates in ((0.5, 0.45), (0.1, 0.05), (0.95, 0.9)):
        for shares in ((0.5, 0.5), (10 / 11, 1 / 11), (1 / 11, 10 / 11)):
            yield from (World(rates, shares, size) for size in (5, 50, 500))
    for rates in ((0.5, 0.45, 0.45, 0.45), (0.1, 0.05, 0.1, 0.05)):
        for shares, size in (((0.25,) * 4, 20), ((10 / 13, 1 / 13, 1 / 13, 1 / 13), 200)):
            yield World(rates, shares, size)
    yield from (World((0.5, 0.5), (0.5, 0.5), size) for size in (5, 50, 500))
    yield World((0.3,) * 4, (0.25,) * 4, 100)
    for course in ("season", "feedback"):
        yield from (World((0.5, 0.45), (0.5, 0.5), size, course=course) for size in (2, 10, 100))


def drifts() -> Iterator[World]:
    """Yield worlds in which a gap opens at night `DRIFT`."""
    for size in (20, 100, 500):
        for size_of_gap in (0.1, 0.15, 0.25):
            yield World((0.5, 0.5), (0.5, 0.5), size, (0.5, 0.5 - size_of_gap))
    yield World((0.5, 0.5), (10 / 11, 1 / 11), 100, (0.5, 0.35))
    yield World((0.1, 0.1), (0.5, 0.5), 100, (0.25, 0.1))
    yield World((0.5,) * 4, (0.25,) * 4, 100, (0.5, 0.5, 0.5, 0.35))


def watching(years: int = 2_000, seed: int = 0, *, quick: bool = False) -> Iterator[dict[str, Any]]:
    """Measure false alarms over a year of nightly looks, and the delay after a drift.

    Parameters
    ----------
    years : int
        Simulated years per world, at least 50; a tenth of them, at least 50, for delays.
    seed : int
    quick : bool
        Only a few of the worlds.

    Yields
    ------
    dict
        ``part``, ``world``, ``years``; ``false_alarms`` and ``peeking``, shares of the years (None where one
        look at all nights together is wrong already); or ``found``,
        ``nights`` and ``rows`` (medians from the drift to the alarm; None where half the years had none) and
        the same of ``pairs_``; ``early``, the share of years with an alarm before the drift; ``failed``.
    """
    if years < 50:
        raise ValueError(f"years must be at least 50, not {years}: fewer cannot tell 5 % from 10 %")
    quiet, moving = list(boundary()), list(drifts())
    for world in quiet[1::7] if quick else quiet:
        found = alarms(world, years, seed)
        rates: dict[str, Any] = {"false_alarms": float((found.watch < NIGHTS).mean())}
        # Where seasons confound all nights taken together, their interval is wrong at a single look already.
        rates["peeking"] = None if world.course == "season" else float(found.peeked.mean())
        told = {"part": "false alarms", "world": world.name, "years": years, **rates}
        yield told | {"failed": failures(told)}
    few = max(50, years // 10)
    for world in moving[1::4] if quick else moving:
        found = alarms(world, few, seed, pairs=True)
        told = {"part": "delay", "world": world.name, "years": few}
        told |= {"early": float((found.watch < DRIFT).mean())}
        told |= _delay(found.watch, world.size, "") | _delay(found.pairs, world.size, "pairs_")
        yield told | {"failed": failures({"years": few, "false_alarms": told["early"]})}


def failures(told: dict[str, Any]) -> list[str]:
    """Return what is missed by more than Monte Carlo error allows: 5 % of years with a false alarm."""
    bound = quantile(told["years"], ALPHA, CONFIDENCE)
    return ["false_alarms"] if round(told["false_alarms"] * told["years"]) > bound else []


def beyond(worlds: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the worlds that miss the requirement."""
    return [world for world in worlds if world["failed"]]


def summary() -> list[dict[str, Any]]:
    """Return the committed result; empty if there is none."""
    if not SUMMARY.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(SUMMARY.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, eq=False)
class Alarms:
    """The night of the first alarm of each simulated year, `NIGHTS` where there was none.

    Attributes
    ----------
    watch, pairs : ndarray of int, shape (years,)
        Of the watch, and of bets on random pairs.
    peeked : ndarray of bool, shape (years,)
        Whether an ordinary interval lay beyond the margin on any night.
    """

    watch: NDArray[np.int64]
    pairs: NDArray[np.int64]
    peeked: NDArray[np.bool_]


def alarms(world: World, years: int, seed: int, *, pairs: bool = False) -> Alarms:
    """Simulate years of a world night by night."""
    import numpy as np

    rng = generator(seed, world.name)
    groups = len(world.rates)
    places = np.array(list(permutations(range(groups), 2)))
    watch, paired = _Wealth(years, groups, places), _Pairs(years, groups, places, rng)
    total_n, total_k = np.zeros((years, groups)), np.zeros((years, groups))
    first, first_paired = np.full(years, NIGHTS), np.full(years, NIGHTS)
    peeked = np.zeros(years, dtype=bool)
    luck = np.zeros((years, groups))
    for night in range(NIGHTS):
        rates = np.array(world.then if world.then and night >= DRIFT else world.rates)
        rates = rates + (_swing(night) if world.course == "season" else 0.0)
        n = rng.multinomial(world.size, _shares(world, night, luck))
        k = rng.binomial(n, rates)
        luck = k - n * rates
        total_n, total_k = total_n + n, total_k + k
        peeked |= _interval_beyond(total_n, total_k, places)
        first = np.where((first == NIGHTS) & watch.over(n, k), night, first)
        if pairs:
            first_paired = np.where((first_paired == NIGHTS) & paired.over(n, k), night, first_paired)
    return Alarms(first, first_paired, peeked)


def _swing(night: int) -> float:
    return SWING * math.sin(2 * math.pi * night / 60)


def _shares(world: World, night: int, luck: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each group's share of a night's people, shape (years, groups)."""
    import numpy as np

    if world.course == "season":
        shares = np.array((0.7, 0.3) if _swing(night) > 0 else (0.3, 0.7))
    elif world.course == "feedback":
        unlucky = luck[:, 0] < luck[:, 1]
        shares = np.where(unlucky[:, None], (0.75, 0.25), (0.25, 0.75))
    else:
        shares = np.array(world.shares)
    return np.broadcast_to(shares, luck.shape)


class _Wealth:
    """The watch's own wealth, of many years at once."""

    def __init__(self, years: int, groups: int, places: NDArray[np.int64]) -> None:
        import numpy as np

        self.places, self.block = places, 0
        self.log_v = np.full((years, len(places), len(BETS)), -np.inf)
        self.past = (np.zeros((years, groups)), np.zeros((years, groups)))

    def over(self, n: NDArray[Any], k: NDArray[Any]) -> NDArray[np.bool_]:
        """Add a night; return in which years the e-value is at the threshold or above."""
        import numpy as np

        self.block += 1
        factors = self.factors(n, k)
        self.log_v = grown(self.log_v, factors, self.block, len(self.places))
        self.past = remembered(*self.past, n, k)
        return np.asarray(log_total(self.log_v, self.block) >= math.log(1 / ALPHA))

    def factors(self, n: NDArray[Any], k: NDArray[Any]) -> NDArray[np.float64]:
        """Return the log factors of a block."""
        return log_factors((n, k), self.past, self.places, MARGIN)


class _Pairs(_Wealth):
    """The same mixture of bets, but on differences within random pairs of people, others left out.

    This is the betting test of Chugg and others (2023): each pair multiplies by 1 + L (y_a - y_b - margin).
    """

    def __init__(self, years: int, groups: int, places: NDArray[np.int64], rng: np.random.Generator) -> None:
        super().__init__(years, groups, places)
        self.rng = rng

    def factors(self, n: NDArray[Any], k: NDArray[Any]) -> NDArray[np.float64]:
        import numpy as np

        (na, nb), (ka, kb) = ((v[:, self.places[:, 0]], v[:, self.places[:, 1]]) for v in (n, k))
        na, nb, ka, kb = (v.astype(np.int64) for v in (na, nb, ka, kb))
        many = np.minimum(na, nb)
        ones_a = self.rng.hypergeometric(ka, na - ka, many)
        ones_b = self.rng.hypergeometric(kb, nb - kb, many)
        both = self.rng.hypergeometric(ones_b, many - ones_b, ones_a)  # ones of b met by ones of a
        up, down = ones_a - both, ones_b - both
        level = (self.past[1].sum(axis=1) + 0.5) / (self.past[0].sum(axis=1) + 1.0)
        spread = np.maximum(2 * level * (1 - level), 0.02)[:, None]
        stake = np.minimum(np.multiply.outer(1 / spread, np.array(BETS)), 0.9 / (1 + MARGIN))
        up, down, even = (v[..., None] for v in (up, down, many - up - down))
        found = up * np.log1p(stake * (1 - MARGIN)) + down * np.log1p(-stake * (1 + MARGIN))
        return np.asarray(found + even * np.log1p(-stake * MARGIN))


def _interval_beyond(
    n: NDArray[np.float64], k: NDArray[np.float64], places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a one-sided 95 % limit of the widest gap, all pairs allowed for, lies beyond the margin.

    Agresti and Caffo's interval (The American Statistician 54, 2000) of each pair, Bonferroni over pairs.
    """
    import numpy as np
    from scipy.special import ndtri

    rate, size = (k + 1) / (n + 2), n + 2
    variance = rate * (1 - rate) / size
    a, b = places[:, 0], places[:, 1]
    z = float(ndtri(1 - ALPHA / len(places)))
    low = rate[:, a] - rate[:, b] - z * np.sqrt(variance[:, a] + variance[:, b])
    return np.asarray(((low > MARGIN) & (n[:, a] > 0) & (n[:, b] > 0)).any(axis=1))


def _delay(first: NDArray[np.int64], size: int, prefix: str) -> dict[str, Any]:
    """Return the median nights and rows from the drift to the alarm, of years without an alarm before it."""
    import numpy as np

    after: Sequence[int] = first[first >= DRIFT].tolist()
    nights = [night - DRIFT + 1 if night < NIGHTS else math.inf for night in after]
    middle = float(np.median(nights)) if nights else math.inf
    found = sum(map(math.isfinite, nights)) / len(nights) if nights else 0.0
    known = math.isfinite(middle)
    return {
        f"{prefix}found": found,
        f"{prefix}nights": middle if known else None,
        f"{prefix}rows": middle * size if known else None,
    }
