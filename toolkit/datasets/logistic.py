"""Logistic: rows whose truth is a linear model, learned by a linear model, so that training is convex."""

from __future__ import annotations

from toolkit.records import Dataset
from toolkit.worlds import logistic


def load() -> Dataset:
    """Return the world; its `draw` gives fresh rows."""
    return logistic.dataset("logistic", {"depth": 0, "parts": ("after",)})
