"""Diabetes: 442 patients, 10 measurements, disease progression after a year (a regression)."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILES = ((*_installed.SKLEARN, "diabetes_data_raw.csv.gz"), (*_installed.SKLEARN, "diabetes_target.csv.gz"))
FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def fingerprint() -> str:
    """Return the SHA-256 of the two installed files."""
    return _installed.sha256(*(_installed.installed(*file) for file in FILES))


def load() -> Dataset:
    """Return the measurements (unscaled; sex is 1 or 2, its meaning unrecorded) and the progression."""
    import numpy as np

    lines, target = (_installed.text(_installed.installed(*file)).splitlines() for file in FILES)
    table = np.array([[float(cell) for cell in line.split()] for line in lines])
    return _installed.dataset(
        "diabetes",
        {feature: table[:, i] for i, feature in enumerate(FEATURES)},
        np.array([float(value) for value in target]),
        task="regression",
        target="progression",
        sha256=fingerprint(),
    )
