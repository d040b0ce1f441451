"""Lenses: what a rule of law or of thumb asks, answered from counts as a test and not as a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.fairness.cells import Cells
from toolkit.fairness.lenses.eu_ai_act import eu_ai_act
from toolkit.fairness.lenses.four_fifths import four_fifths
from toolkit.fairness.lenses.local_law_144 import local_law_144

__all__ = ["eu_ai_act", "evidenced", "four_fifths", "lenses", "local_law_144"]


def lenses(
    cells: Cells,
    *,
    partitions_of: Sequence[Sequence[str]],
    gaps: Sequence[Mapping[str, Any]] = (),
    settings: Mapping[str, Any] | None = None,
    document: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Look at an audit through every lens.

    Parameters
    ----------
    cells : Cells
    partitions_of : sequence of attribute names
        Which attributes form the groups looked at: single ones, and intersections where they were audited.
    gaps : sequence of mapping
        The run document's `gaps`; the ratio of selection rates, kind "ratio", gives the smallest ratio its
        interval and ruling (INFERENCE.md section 5).
    settings : mapping, optional
        The run document's `settings`.
    document : mapping, optional
        The run document so far, for the evidence map; what it lacks is listed as not evidenced.
    seed : int
        For the simulation of how often the bare rule fires by chance.

    Returns
    -------
    list of dict
        In the run document's shape, `lenses`.
    """
    settings = settings or {}
    of = [tuple(attributes) for attributes in partitions_of]
    return [
        four_fifths(cells, partitions_of=of, gaps=gaps, settings=settings, seed=seed),
        local_law_144(cells, partitions_of=of, settings=settings),
        eu_ai_act({"gaps": list(gaps), "settings": dict(settings)} | dict(document or {})),
    ]


def evidenced(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a finished document's lenses with the evidence map drawn from all of its sections.

    The map can only be drawn last: groups, warnings and what was read are evidence too.
    """
    return [
        eu_ai_act(document) if one["id"] == "eu-ai-act" else dict(one) for one in document.get("lenses") or ()
    ]
