"""Digits: 1,797 handwritten digits, 8x8 pixels of 0 to 16, from scikit-learn's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.SKLEARN, "digits.csv.gz")


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return the pixels and the digit."""
    import numpy as np

    table = np.array(
        [
            [float(cell) for cell in line.split(",")]
            for line in _installed.text(_installed.installed(*FILE)).split()
        ]
    )
    pixels = {f"pixel_{i // 8}_{i % 8}": table[:, i] for i in range(64)}
    return _installed.dataset(
        "digits",
        pixels,
        table[:, 64],
        task="multiclass",
        target="digit",
        classes=[str(digit) for digit in range(10)],
        sha256=fingerprint(),
    )
