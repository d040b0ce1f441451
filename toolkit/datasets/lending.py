"""Lending: a world of known fairness, one variant for each way a record can go wrong, alone and together."""

from __future__ import annotations

from toolkit.records import Dataset
from toolkit.worlds import lending

VARIANTS = tuple(lending.WORLDS)


def load(variant: str) -> Dataset:
    """Return one variant; its `draw` gives fresh people as the record has them."""
    return lending.load(variant)
