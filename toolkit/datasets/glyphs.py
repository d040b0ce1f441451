"""Glyphs: drawn images of the ten digits, one variant for each thing that is planted in them."""

from __future__ import annotations

from toolkit.records import Dataset
from toolkit.worlds import glyphs

STREAM, TRANSFER = ("stream",), ("mechanics", "transfer")
STARTS = ("zero", "constant", "small", "unit", "lecun", "glorot", "he", "orthogonal", "trained")
WORLDS = {
    "plain": glyphs.Glyphs(),
    "steady": glyphs.Glyphs(speck=0.05, plan={"shift": "none", "parts": ("transfer", "stream")}),
    "misleading": glyphs.Glyphs(plan={"shift": "none", "target": "noise", "parts": TRANSFER}),
    "meaningless": glyphs.Glyphs(plan={"source": "noise", "parts": TRANSFER}),
    "drifting": glyphs.Glyphs(speck=0.05, plan={"parts": STREAM}),
    "noisy": glyphs.Glyphs(label_noise=0.15, plan={"parts": ("after",)}),
    "one-start": glyphs.Glyphs(plan={"starts": dict.fromkeys(STARTS, "orthogonal")}),
    "spoiled": glyphs.Glyphs(speck=0.05, plan={"starts": {"he": "zero"}}),
}
VARIANTS = tuple(WORLDS)


def load(variant: str) -> Dataset:
    """Return one variant; its `draw` gives fresh images."""
    return glyphs.dataset(f"glyphs:{variant}", WORLDS[variant])
