"""Breast cancer (Wisconsin, diagnostic): 569 tumours, 30 measurements, from scikit-learn's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.SKLEARN, "breast_cancer.csv")
MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
FEATURES = (
    *(f"mean {measure}" for measure in MEASURES),
    *(f"{measure} error" for measure in MEASURES),
    *(f"worst {measure}" for measure in MEASURES),
)


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return the measurements and the diagnosis (1 is benign)."""
    columns, benign = _installed.counted(_installed.installed(*FILE), FEATURES)
    return _installed.dataset(
        "breast_cancer",
        columns,
        benign,
        task="binary",
        target="benign",
        classes=["malignant", "benign"],
        sha256=fingerprint(),
    )
