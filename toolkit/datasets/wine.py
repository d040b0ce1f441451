"""Wine: 178 wines from three growers, 13 chemical measurements, from scikit-learn's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.SKLEARN, "wine_data.csv")
FEATURES = (
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280/od315_of_diluted_wines",
    "proline",
)


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return the measurements and the grower."""
    columns, grower = _installed.counted(_installed.installed(*FILE), FEATURES)
    return _installed.dataset(
        "wine",
        columns,
        grower,
        task="multiclass",
        target="grower",
        classes=["class_0", "class_1", "class_2"],
        sha256=fingerprint(),
    )
