"""Logistic: rows whose truth is a linear model; one variant for each thing that is planted in their use."""

from __future__ import annotations

from typing import Any

from toolkit.records import Dataset
from toolkit.worlds import logistic

PLANS: dict[str, dict[str, Any]] = {
    "convex": {"depth": 0, "parts": ("after",)},
    "sealed": {"deploy": "sealed", "parts": ("mechanics",)},
    "adapting": {"deploy": "adapting", "parts": ("mechanics",)},
}
VARIANTS = tuple(PLANS)


def load(variant: str) -> Dataset:
    """Return one variant; its `draw` gives fresh rows."""
    return logistic.dataset(f"logistic:{variant}", PLANS[variant])
