"""How right the audit's inference is where the truth is known: `toolkit calibrate audit`.

Everything goes through the code that audits a user's table; nothing is computed a second, faster way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SUMMARY = Path(__file__).parents[1].with_name("audit_calibration.json")
LEAST_RUNS = 50

__all__ = ["SUMMARY", "audit", "beyond", "summary"]


def audit(runs: int = 500, seed: int = 0, quick: bool = False) -> Iterator[dict[str, Any]]:
    """Measure coverage, false alarms, false rulings, power, width and bias in worlds of known truth.

    Parameters
    ----------
    runs : int
        Simulated audits per world, at least 50; exact parts need none.
    seed : int
    quick : bool
        Only some of the grid.

    Yields
    ------
    dict
        ``part``, ``world``, shares of the runs (`tally.tally`), and ``failed``, the requirements missed.

    Raises
    ------
    ValueError
        If there are too few runs to tell 5 % from 10 %.
    """
    from toolkit.calibrate.audit import exact, families, grid, people, studentised

    if runs < LEAST_RUNS:
        raise ValueError(f"runs must be at least {LEAST_RUNS}, not {runs}: fewer cannot tell 5 % from 10 %")
    yield from exact.one_proportion()
    yield from exact.named_pair()
    yield from grid.grid(runs, seed, quick)
    yield from grid.ratios(runs, seed, quick)
    yield from people.people(runs, seed)
    yield from families.families(runs, seed)
    yield from studentised.studentised(runs, seed)


def beyond(worlds: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the worlds that miss a requirement by more than Monte Carlo error allows."""
    return [world for world in worlds if world["failed"]]


def summary() -> list[dict[str, Any]]:
    """Return the committed result, which the report's appendix shows; empty if there is none."""
    if not SUMMARY.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(SUMMARY.read_text(encoding="utf-8"))
    return found
